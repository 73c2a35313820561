"""allow-tftp: one line of /etc/tftpaccess.ctl for one file, before anybody fetches it, and never past a deny."""

import os

import pytest

from nimdoctor.cli import main
from nimdoctor.facts import Certificates, Paths, TftpAccess, TftpRules
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role, Text
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.planning.fix import Advice, FixContext, Options
from tests.fixes.conftest import read, trees, write
from tests.hosts import certificate

ACCESS = "/etc/tftpaccess.ctl"
PEM = "/ssl_nimsh/certs/server.pem"
ONLY = ("--only", "allow-tftp")
ADDED = f"allow:{PEM}".encode()


def said(content, pems=(PEM,), mode=0o644):
    fix = next(one for one in Registry().fixes() if one.id == "allow-tftp")
    paths = Paths.of_record(PathRecord({ACCESS: PathState("file", mode, "root")}))
    parts = [Certificates.parse(Text.of(certificate(1), path)) for path in pems]
    rules = TftpRules.derive(
        TftpAccess.parse(Text.of(content, ACCESS)), paths, Certificates.combine(parts) if parts else None
    )
    return list(fix(FixContext((), Options(), ends=(Role.CLIENT, Role.MASTER)), rules))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"allow:/tftpboot\n", b"allow:/tftpboot\n" + ADDED + b"\n"),
        (b"allow:/tftpboot", ADDED + b"\nallow:/tftpboot"),
        (b"# caf\xe9\nallow:/tftpboot\ndeny:/a", b"# caf\xe9\nallow:/tftpboot\n" + ADDED + b"\ndeny:/a"),
        (b"allow:/tftpboot\r\n# end\r\n", b"allow:/tftpboot\r\n# end\r\n" + ADDED + b"\n"),
        (b"# none yet\n\n", b"# none yet\n\n" + ADDED + b"\n"),
    ],
    ids=["plain", "one line, no newline", "no last newline", "CR LF", "no rule"],
)
def test_one_line_is_added_and_every_other_byte_stays(before, after):
    (step,) = said(before)
    assert step.do.apply_to(before) == after
    assert TftpAccess.parse(Text.of(after, ACCESS)).permits(PEM)
    assert said(after) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"allow:/\ndeny:/ssl_nimsh\n", "line 2 of /etc/tftpaccess.ctl (deny:/ssl_nimsh) keeps tftpd from serving"),
        (f"deny:{PEM}\n".encode(), "a person wrote that"),
    ],
)
def test_a_deny_is_a_persons_matter(content, words):
    (advice,) = said(content)
    assert isinstance(advice, Advice) and words in advice.text and advice.run == f"vi {ACCESS}"


def test_the_only_certificate_takes_the_place_of_the_known_name_and_of_several_none_is_chosen():
    (step,) = said(b"allow:/tftpboot\n", ("/ssl_nimsh/certs/nim.pem",))
    assert step.do.changes[0].new == "allow:/ssl_nimsh/certs/nim.pem"
    (advice,) = said(b"allow:/tftpboot\n", ("/ssl_nimsh/certs/a.pem", "/ssl_nimsh/certs/b.pem"))
    assert isinstance(advice, Advice) and "which file a client fetches is not known" in advice.text


@pytest.mark.parametrize("name", ["a b.pem", "a\nallow:/", "a;b"])
def test_a_name_that_is_none_reaches_no_line(name):
    (advice,) = said(b"allow:/tftpboot\n", (f"/ssl_nimsh/certs/{name}",))
    assert isinstance(advice, Advice)


def test_rules_that_nobody_cannot_read_need_none():
    assert said(b"deny:/\n", mode=0o600) == []


# -- on the lab


def test_it_comes_before_the_fetch_and_the_fetch_works(lab_of, cure):
    lab = lab_of("create-bio-hang+tftp-denied")
    mode = os.stat(lab.master + ACCESS).st_mode
    cured = cure(lab)
    assert cured.status == 0, cured.said
    assert cured.steps == ["master-edit", "client-nimclient-C", "client-nimclient-c"]
    assert cured.outcomes["tftp-denied"] == "fixed"
    assert read(lab, "master", ACCESS) == b"# network boots\nallow:/tftpboot\n" + ADDED + b"\ndeny:/tftpboot/old"
    assert os.stat(lab.master + ACCESS).st_mode == mode
    assert lab.calls("master") == [], "nothing was restarted"


def test_switched_on_and_allowed_in_one_plan(lab_of, cure):
    cured = cure(lab_of("tftp-disabled+tftp-denied"))
    assert (cured.status, cured.steps) == (0, ["master-edit", "master-edit", "client-nimclient-c"]), cured.said
    assert cured.outcomes == {
        "tftp-denied": "fixed",
        "tftp-disabled": "fixed",
        "client-not-secure": "applied-unverified",
    }


def test_named_alone_the_cure_brings_it_along(lab_of, fix):
    planned = fix(lab_of("tftp-denied"), "--only", "enable-client-ssl")
    assert (planned.steps, planned.refused) == (["master-edit", "client-nimclient-c"], [])


def test_where_nobody_fetches_it_is_low_and_planned_only_by_name(lab_of, fix):
    lab = lab_of("healthy")
    write(lab, "master", ACCESS, b"allow:/tftpboot\n")
    planned = fix(lab)
    assert (planned.status, planned.steps) == (0, [])
    (below,) = planned.document["below"]
    assert below["about"] == "tftp-denied" and below["text"].endswith("(--only allow-tftp plans it)")
    assert fix(lab, *ONLY).steps == ["master-edit"]


def test_a_deny_keeps_the_whole_cure_from_being_planned(lab_of, cure):
    lab = lab_of("create-bio-hang")
    write(lab, "master", ACCESS, b"allow:/\ndeny:/ssl_nimsh\n")
    before = trees(lab)
    advised = cure(lab)
    assert (advised.status, advised.steps) == (1, [])
    ruled_out = f"tftp-denied rules out nimclient -c on the client: line 2 of {ACCESS} denies {PEM}"
    assert any(ruled_out in text for text in advised.advice)
    # the check says what to do
    assert any("line 2 of /etc/tftpaccess.ctl" in text and "a person wrote it" in text for text in advised.advice)
    assert trees(lab) == before


def test_while_tftpd_runs_it_is_refused(lab_of, cure):
    lab = lab_of("tftp-denied")
    write(lab, "master", "/.lab/proc/9437574", "1 0 - /usr/sbin/tftpd -n\n")
    before = trees(lab)
    refused = cure(lab)
    assert (refused.status, refused.state) == (1, "refused")
    assert any(seen.startswith("tftpd serves somebody right now") for seen in refused.refused)
    assert trees(lab) == before


def test_auditing_keeps_the_cure_from_being_planned(lab_of, cure):
    lab = lab_of("tftp-blocked-by-audit")
    before = trees(lab)
    advised = cure(lab)
    assert (advised.status, advised.steps) == (1, [])
    assert any("tftp-blocked-by-audit rules out nimclient -c on the client" in text for text in advised.advice)
    assert any("audit off" in text for text in advised.advice)
    assert trees(lab) == before


@pytest.mark.parametrize("kind", ["symlink", "hard link"])
def test_a_file_that_is_also_something_else_is_refused(kind, lab_of, cure):
    lab = lab_of("tftp-denied")
    place = lab.master + ACCESS
    os.rename(place, place + ".site")
    (os.symlink if kind == "symlink" else os.link)(
        "tftpaccess.ctl.site" if kind == "symlink" else place + ".site", place
    )
    before = trees(lab)
    assert cure(lab).status == 1
    assert trees(lab) == before


def test_rolled_back_the_bytes_are_as_before(lab_of, cure):
    lab = lab_of("tftp-denied")
    before = trees(lab)
    cure(lab, *ONLY)
    assert trees(lab) != before
    assert main(["rollback", "last", "--yes", "--state-dir", lab.client + "/var/adm/nimdoctor"]) == 0
    assert trees(lab) == before


def test_on_a_master_alone_it_is_planned_too(lab_of, fix):
    lab = lab_of("tftp-denied")
    assert fix(lab, client=lab.master_target, master=None).steps == ["master-edit"]
