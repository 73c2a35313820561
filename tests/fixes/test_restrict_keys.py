"""restrict-keys: chmod 600 of what others get at below /ssl_nimsh/keys, of nothing else, and never through a link."""

import os

import pytest

from nimdoctor.cli import main
from nimdoctor.lab import Lab
from tests.fixes.conftest import trees, write

KEYS = "/ssl_nimsh/keys"
KEY = f"{KEYS}/serverkey.pem"
PEM = "/ssl_nimsh/certs/server.pem"
ONLY = ("--only", "restrict-keys")


def mode(lab: Lab, path: str) -> int:
    return os.stat(lab.master + path).st_mode & 0o7777


def back(lab: Lab) -> int:
    return main(["rollback", "last", "--yes", "--state-dir", lab.client + "/var/adm/nimdoctor"])


def test_modes_alone_change_and_come_back(lab_of, cure, fix):
    lab = lab_of("key-exposed")
    before = trees(lab)
    os.chmod(lab.master + KEY, 0o4664)
    os.chmod(lab.master + f"{KEYS}/rootkey.pem", 0o400)
    changed = trees(lab)
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["master-chmod"] * 2), cured.said
    assert [mode(lab, f"{KEYS}/{name}key.pem") for name in ("client", "root", "server")] == [0o600, 0o400, 0o600]
    assert mode(lab, PEM) == 0o644, "tftpd must read it"
    contents = {path: entry.content for path, entry in trees(lab)["master"].items()}
    assert contents == {path: entry.content for path, entry in before["master"].items()}
    assert (fix(lab).status, fix(lab, *ONLY).steps) == (0, [])
    assert back(lab) == 0
    assert trees(lab) == changed


def test_the_journal_holds_no_checksum_of_a_key(lab_of, cure):
    import hashlib

    lab = lab_of("key-exposed")
    cure(lab)
    with open(lab.master + KEY, "rb") as stream:
        digest = hashlib.sha256(stream.read()).hexdigest()
    for end in (lab.client, lab.master):
        for directory, _, names in os.walk(end + "/var/adm/nimdoctor"):
            for name in names:
                with open(os.path.join(directory, name), "rb") as stream:
                    content = stream.read()
                assert digest.encode() not in content and b"PRIVATE KEY" not in content


def test_a_mode_that_somebody_else_changed_after_the_run_is_left_alone(lab_of, cure, capsys):
    lab = lab_of("key-exposed")
    cure(lab)
    os.chmod(lab.master + KEY, 0o400)
    before = trees(lab)
    capsys.readouterr()
    assert back(lab) == 1
    assert f"{KEY} is no longer as this run left it" in capsys.readouterr().err
    assert trees(lab) == before


def test_what_was_put_in_the_place_of_a_key_is_not_opened_to_others(lab_of, cure):
    lab = lab_of("key-exposed")
    cure(lab)
    os.rename(lab.master + KEY, lab.master + KEY + ".old")
    os.symlink("/etc/security/passwd", lab.master + KEY)
    assert back(lab) == 1
    assert mode(lab, KEY + ".old") == 0o600


def test_a_mode_that_is_back_already_is_undone(lab_of, cure):
    lab = lab_of("key-exposed")
    before = trees(lab)
    cure(lab)
    os.chmod(lab.master + KEY, 0o644)
    assert back(lab) == 0
    assert trees(lab) == before


def test_a_key_that_changed_after_the_plan_is_refused(lab_of, fix, cure, tmp_path):
    lab = lab_of("key-exposed")
    fix(lab, "--plan", tmp_path / "plan.json")
    os.chmod(lab.master + KEY, 0o640)
    refused = cure(lab, "--plan", tmp_path / "plan.json")
    assert (refused.status, refused.state) == (1, "refused")
    assert refused.why.startswith("stale plan")
    assert lab.calls("master") == []


@pytest.mark.parametrize("kind", ["link", "hard link"])
def test_what_is_also_something_else_is_not_touched(kind, lab_of, cure):
    lab = lab_of("key-exposed")
    outside = lab.master + "/etc/other"
    os.rename(lab.master + KEY, outside)
    (os.symlink if kind == "link" else os.link)(outside, lab.master + KEY)
    before = trees(lab)
    done = cure(lab)
    planned = [step for step in done.document["steps"] if KEY in step["do"]["argv"]]
    assert (done.status, done.state, len(planned)) == (
        (0, "applied-unverified", 0) if kind == "link" else (1, "refused", 1)
    )
    assert mode(lab, "/etc/other") == 0o644
    if kind == "hard link":
        assert f"{KEY} has 2 hard links" in done.refused and trees(lab) == before


def test_a_directory_that_is_a_link_is_not_gone_through(lab_of, cure):
    lab = lab_of("key-exposed")
    os.rename(lab.master + KEYS, lab.master + "/etc/keys")
    os.symlink("/etc/keys", lab.master + KEYS)
    before = trees(lab)
    cure(lab, *ONLY)
    assert trees(lab) == before


def test_where_others_may_write_in_the_directory_it_is_a_persons_matter(lab_of, cure):
    lab = lab_of("key-exposed")
    os.chmod(lab.master + KEYS, 0o777)
    before = trees(lab)
    advised = cure(lab)
    # what stands open to others is no matter of operation: it is told, and nothing waits
    assert (advised.status, advised.steps, advised.advice) == (0, [], [])
    assert any(one["text"].startswith(f"others may write in {KEYS}") for one in advised.document["exposures"])
    assert cure(lab, *ONLY).status == 1, "what is asked for by name is advice that waits"
    assert trees(lab) == before


def test_a_name_that_is_none_reaches_no_command(lab_of, cure):
    lab = lab_of("healthy")
    for name in ("-R", "a b", "a\nb"):
        write(lab, "master", f"{KEYS}/{name}", b"x")
        os.chmod(f"{lab.master}{KEYS}/{name}", 0o644)
    advised = cure(lab)
    assert (advised.steps, lab.calls("master")) == ([], [])
    assert any("is named like no key" in one["text"] for one in advised.document["exposures"])


def test_behind_a_closed_directory_it_is_planned_only_by_name(lab_of, fix):
    lab = lab_of("key-exposed")
    os.chmod(lab.master + KEYS, 0o700)
    planned = fix(lab)
    assert (planned.status, planned.steps) == (0, [])
    assert len(fix(lab, *ONLY).steps) == 3


def test_it_comes_before_a_recycle_which_renames_the_tree(lab_of, cure):
    lab = lab_of("create-bio-hang-master+key-exposed")
    cured = cure(lab, "--affects", "1")
    assert cured.status == 0, cured.said
    assert cured.steps[:4] == ["master-chmod"] * 3 + ["master-nimconfig-C"]
    (old,) = (
        path for path in trees(lab)["master"] if path.startswith("/ssl_nimsh_old.") and path.endswith("serverkey.pem")
    )
    assert mode(lab, old) == mode(lab, KEY) == 0o600


def test_a_command_that_does_nothing_is_not_called_done(lab_of, cure):
    lab = lab_of("key-exposed")
    before = trees(lab)
    lab.fault("master", "chmod", "silent")
    failed = cure(lab)
    assert (failed.status, failed.state) == (1, "restored")
    assert trees(lab) == before


def test_keys_that_tftp_serves_are_served_no_more(lab_of, cure, scanned):
    lab = lab_of("tftp-exposes-keys")
    cured = cure(lab)
    assert (cured.status, cured.state) == (0, "complete")
    assert cured.outcomes == {"key-exposed": "fixed"}
    (found,) = (one for one in scanned(lab).results if one.check == "tftp-exposes-keys")
    assert found.outcome.value == "pass"


def test_from_g2_on_it_is_advice(lab_of, cure):
    lab = lab_of("key-exposed")
    write(lab, "master", "/.lab/oslevel", "7200-05-03-2148\n")
    write(lab, "master", "/.lab/apars", "IJ55968\n")
    advised = cure(lab, *ONLY)
    assert (advised.status, advised.steps) == (1, [])
    assert "node/7283157" in advised.advice[0]
