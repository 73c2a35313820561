"""/etc/hosts."""

import pytest

from nimdoctor.facts.hosts import Hosts
from nimdoctor.model.text import BadEvidence, Text

HOSTS = """127.0.0.1  loopback localhost
10.1.1.7   lpar7.example.com LPAR7  # client
10.1.1.7   nimclient7
#10.1.1.8  lpar8
::1        localhost6
fe80::1%en0  link
"""


def hosts(content):
    return Hosts.parse(Text.of(content, "/etc/hosts"))


def test_names_of_one_address_are_aliases_whatever_their_case_or_row():
    assert hosts(HOSTS).aliases("lpar7") == {"lpar7.example.com", "lpar7", "nimclient7"}
    assert hosts(HOSTS).addresses("Lpar7") == ("10.1.1.7",)


def test_a_name_in_a_comment_has_none():
    assert hosts(HOSTS).aliases("lpar8") == set() == hosts(HOSTS).aliases("client")


def test_rows_keep_their_line_and_other_address_families():
    assert [row.at.line for row in hosts(HOSTS).rows] == [1, 2, 3, 5, 6]


@pytest.mark.parametrize(
    "junk", ["", "lpar7 10.1.1.7\n", "10.1.1 lpar7\n", "10.1.1.7\n", "cat: 0652-050 Cannot open /etc/hosts.\n"]
)
def test_a_text_without_a_row_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        hosts(junk)
