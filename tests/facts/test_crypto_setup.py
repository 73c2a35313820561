"""`nimclient -c` as somebody recorded it."""

import pytest

from nimdoctor.facts.crypto_setup import CryptoSetup
from nimdoctor.model.text import BadEvidence, Text

RUN = """x - /usr/lib/libssl.so.0.9.8
x - /usr/lib/libcrypto.so.0.9.8
Received 2788 Bytes in 0.0 Seconds
0513-044 The nimsh Subsystem was requested to stop.
0513-077 Subsystem has been changed.
0513-059 The nimsh Subsystem has been started. Subsystem PID is 4653142.
"""


def setup(content):
    return CryptoSetup.parse(Text.of(content, "nimclient -c", command=True))


def test_a_whole_run_has_every_step():
    found = setup(RUN)
    assert [
        quote.line for quote in (*found.extracted, found.received, found.stopped, found.changed, found.started)
    ] == [1, 2, 3, 4, 5, 6]
    assert found.errors == () and not found.fetch_failed


def test_a_run_without_its_received_line_failed_to_fetch():
    found = setup("".join(RUN.splitlines(True)[:2]) + "tftp: 0827-100 x\nError code 2: Access violation\n")
    assert found.fetch_failed
    assert [quote.line for quote in found.errors] == [3, 4]
    assert found.libraries == ("/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8")


def test_a_run_that_extracted_nothing_but_fetched_did_not_fail_to_fetch():
    assert not setup("".join(RUN.splitlines(True)[2:])).fetch_failed


def test_a_nim_error_alone_is_a_failed_run():
    assert setup("0042-001 nimclient: processing error\n").fetch_failed


def test_nimsh_that_was_not_running_is_no_error():
    found = setup("0513-004 The Subsystem or Group, nimsh, is currently inoperative.\n" + RUN)
    assert found.errors == ()
    assert setup("0513-085 The nimsh Subsystem is not on file.\n").errors


@pytest.mark.parametrize(
    "junk", ["", "ksh: nimclient:  not found.\n", "x - libssl.so\n", "Received mail\n", "see tftp(1)\n"]
)
def test_anything_else_is_no_run(junk):
    with pytest.raises(BadEvidence):
        setup(junk)
