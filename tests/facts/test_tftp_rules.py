"""What /etc/tftpaccess.ctl means for the certificate that goes to clients."""

import pytest

from nimdoctor.facts import Certificates, Paths, TftpAccess, TftpRules
from nimdoctor.facts.tftp_rules import ACCESS, SERVED
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.text import Text
from tests.hosts import certificate

PLAIN = PathState("file", 0o644, "root")
CLIENT = "/ssl_nimsh/certs/client.pem"


def rules(text="allow:/tftpboot\n", state=PLAIN, pems=(SERVED,)):
    access = TftpAccess.parse(Text.of(text, ACCESS)) if text is not None else TftpAccess.absent(ACCESS)
    paths = Paths.of_record(PathRecord({ACCESS: state if text is not None else None}))
    parts = [Certificates.parse(Text.of(certificate(1), path)) for path in pems]
    return TftpRules.derive(access, paths, Certificates.combine(parts) if parts else None)


def test_rules_bind_as_far_as_nobody_can_read_them():
    assert rules().binding is True and rules().denied() == (SERVED,)
    assert rules(state=PathState("file", 0o640, "root")).binding is False
    assert rules(state=PathState("file", 0o600, "nobody")).binding is True
    assert rules(state=PathState("file")).binding is None
    assert rules(None).binding is False and rules(None).denied() == ()
    assert rules(state=PathState("file", 0o600, "root")).denied() == ()


@pytest.mark.parametrize(
    ("pems", "wanted", "seen"),
    [
        ((), (SERVED,), False),
        ((SERVED, CLIENT), (SERVED,), True),
        ((CLIENT,), (CLIENT,), True),
        (("/ssl_nimsh/certs/b", CLIENT), ("/ssl_nimsh/certs/b", CLIENT), True),
    ],
)
def test_the_file_of_the_known_name_counts_and_without_it_all(pems, wanted, seen):
    assert (rules(pems=pems).wanted, rules(pems=pems).seen) == (wanted, seen)


def test_of_several_files_each_that_is_not_allowed_is_denied():
    found = rules(f"allow:{CLIENT}\n", pems=(CLIENT, "/ssl_nimsh/certs/a.pem"))
    assert found.denied() == ("/ssl_nimsh/certs/a.pem",)


@pytest.mark.parametrize(
    ("line", "plain"), [("allow:/a", True), ("deny:/a ", True), ("allow: /a", False), (" allow:/a", False)]
)
def test_a_line_with_blanks_is_not_as_the_page_shows_it(line, plain):
    access = TftpAccess.parse(Text.of(line + "\n", ACCESS))
    assert (access.allow + access.deny)[0].plain is plain
