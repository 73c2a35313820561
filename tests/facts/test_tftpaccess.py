"""/etc/tftpaccess.ctl."""

import pytest

from nimdoctor.facts.tftpaccess import TftpAccess
from nimdoctor.model.text import BadEvidence, Text

PEM = "/ssl_nimsh/certs/server.pem"


def access(content):
    return TftpAccess.parse(Text.of(content, "/etc/tftpaccess.ctl"))


def test_deny_wins_over_allow():
    found = access("deny:/ssl_nimsh/certs\nallow:/ssl_nimsh/certs/server.pem\n")
    assert not found.permits(PEM)
    assert found.rule(PEM).at.line == 1


def test_allow_covers_what_is_below_its_path_only():
    found = access("allow: /ssl_nimsh/ \nallow:/tftpboot\n")
    assert found.permits(PEM) and found.rule(PEM).at.line == 1
    assert not found.permits("/ssl_nimsh_old/certs/server.pem")
    assert not found.permits("/tftpboot/../etc/passwd")
    assert access("allow:/\n").permits(PEM)


def test_without_an_allow_nothing_is_served():
    assert not access("# nothing yet\n").permits(PEM)
    assert access("# nothing yet\n").rule(PEM) is None


def test_without_the_file_everything_is_served():
    assert TftpAccess.absent("/etc/tftpaccess.ctl").permits(PEM)
    assert not TftpAccess.absent("/etc/tftpaccess.ctl").exists and access("allow:/\n").exists


@pytest.mark.parametrize("junk", ["", "\n", "cat: 0652-050 Cannot open\n", "allow:tftpboot\n", "allow:/a\0\n"])
def test_a_text_without_rule_or_comment_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        access(junk)
