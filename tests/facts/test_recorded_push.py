"""A push on the master as somebody recorded it."""

import pytest

from nimdoctor.facts.recorded_push import RecordedPush
from nimdoctor.model.text import BadEvidence, Text

LISTING = """  Fileset                      Level  State  Type  Description (Uninstaller)
  ----------------------------------------------------------------------------
  bos.mp64                   7.2.5.200    C     F    Base Operating System 64-bit
"""


def push(content, command="nim -o lslpp lpar7"):
    return RecordedPush.parse(Text.of(content, command, command=True))


def test_a_list_of_filesets_is_success():
    assert push(LISTING).succeeded
    assert push("  bos.mp64 7.2.5.200 C F Base\n", "nim -o lslpp lpar7 | grep mp64").succeeded
    assert push("/usr/lib/objrepos:bos.mp64:7.2.5.200::COMMITTED:I:Base:\n").succeeded


def test_an_ssl_error_is_quoted_whatever_its_case():
    found = push("connecting\nERROR connecting to SSL Object\n")
    assert [quote.line for quote in found.object_error] == [2]
    assert not found.succeeded


def test_messages_are_found_by_number_in_any_language():
    found = push("0042-001 nim: erreur\n0042-006 m_lslpp: connexion\n        0509-136 Symbol table\n0513-036 x\n")
    assert [number for number, _ in found.messages] == ["0042-001", "0042-006", "0509-136", "0513-036"]
    assert found.quotes("0042-006")[0].line == 2


def test_a_list_with_an_error_in_it_is_no_success():
    assert not push(LISTING + "0042-175 c_lslpp: An unexpected result was returned.\n").succeeded


def test_where_it_stood_is_quoted():
    assert [quote.line for quote in push("Loading certificates..\ncreate BIO\n^C\n").hung] == [2, 3]


def test_the_secure_connect_printed_after_it_is_quoted():
    assert push("   connect        = nimsh (secure)\n").secure.line == 1
    with pytest.raises(BadEvidence):
        push("   connect        = nimsh\n")


@pytest.mark.parametrize(
    "command, client",
    [
        ("nim -o lslpp lpar7 | grep mp64", "lpar7"),
        ('/usr/sbin/nim -Fo cust -a lpp_source=L -a filesets="openssl.base openssl.license" lpar7 2>&1', "lpar7"),
        ("nim -o lslpp -a lslpp_flags=-La lpar7", "lpar7"),
        ("nim -o lslpp", None),
        ("nim -o lslpp 'unbalanced", "'unbalanced"),
        ("push.txt", None),
    ],
)
def test_the_client_is_the_last_word_that_is_no_option(command, client):
    assert push(LISTING, command).client == client


@pytest.mark.parametrize(
    "junk", ["", "ksh: nim:  not found.\n", "Permission denied\n", "tel. 10042-0011\n", "bos.mp64 7.2\n"]
)
def test_anything_else_is_no_push(junk):
    with pytest.raises(BadEvidence):
        push(junk)


def test_a_list_of_an_lpp_source_reached_no_client():
    with pytest.raises(BadEvidence, match="reaches no client"):
        push(LISTING, "nim -o showres lpp_7200")
