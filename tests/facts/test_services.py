"""/etc/services."""

import pytest

from nimdoctor.facts.services import Services
from nimdoctor.text import BadEvidence, Text


def services(content):
    return Services.parse(Text.of(content, "/etc/services"))


def test_only_active_rows_count():
    found = services("nimsh\t\t3901/tcp\t# NIM Service Handler\n#nimaux 3902/tcp\nnimreg 1059/TCP\n")
    assert found.port("nimsh") == 3901
    assert found.port("nimaux") is None
    assert found.port("nimreg") == 1059
    assert found.named("nimsh")[0].quote().line == 1


def test_the_protocol_and_the_first_row_decide():
    found = services("tftp 69/udp\nnim 1058/tcp nimesis\nnim 2058/tcp\n")
    assert found.port("tftp") is None and found.port("tftp", "udp") == 69
    assert found.port("nim") == found.port("nimesis") == 1058


@pytest.mark.parametrize(
    "junk", ["", "ksh: cat:  not found.\n", "nimsh 3901\n", "nimsh 99999/tcp\n", "nim\0sh 3901/tcp\n"]
)
def test_a_text_without_a_row_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        services(junk)


def test_comments_alone_are_evidence_of_no_row():
    assert services("# all off\n").rows == ()
