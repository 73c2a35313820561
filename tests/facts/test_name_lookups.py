"""`host NAME`."""

import pytest

from nimdoctor.facts.name_lookups import NameLookups
from nimdoctor.model.text import BadEvidence, Text


def lookups(content, command="host lpar7"):
    return NameLookups.parse(Text.of(content, command, command=True))


def test_an_answer_gives_official_name_address_and_aliases():
    row = lookups("lpar7.example.com is 10.1.1.7,  Aliases:   lpar7, nimclient7\n").rows[0]
    assert (row.query, row.name, row.address, row.aliases) == (
        "lpar7",
        "lpar7.example.com",
        "10.1.1.7",
        ("lpar7", "nimclient7"),
    )


def test_an_answer_without_aliases_is_read():
    assert lookups("mercutio is 192.0.2.1\n", "host 192.0.2.1").rows[0].name == "mercutio"


@pytest.mark.parametrize(
    "line",
    [
        "host: 0827-803 Cannot find address for host lpar7.",
        "host: 0827-801 Host name lpar7 does not exist.",
        "host: 0827-803 Adresse introuvable.",
        "Host lpar7 not found: 3(NXDOMAIN)",
    ],
)
def test_a_failure_is_an_answer_without_address(line):
    row = lookups(line + "\n").rows[0]
    assert row.name == "lpar7" and row.address is None and row.concerns("LPAR7")
    assert row.quote().text == line


@pytest.mark.parametrize("junk", ["", "ksh: host:  not found.\n", "this is nonsense\n", "lpar7\n"])
def test_anything_else_is_no_answer(junk):
    with pytest.raises(BadEvidence):
        lookups(junk)


def test_combined_the_answers_stay_apart():
    both = NameLookups.combine([lookups("a.x is 10.0.0.1\n", "host a"), lookups("b.x is 10.0.0.2\n", "host b")])
    assert [row.address for row in both.rows if row.concerns("b")] == ["10.0.0.2"]
    assert not any(row.concerns("") for row in both.rows)
