"""refresh-ssl-libs: only copies that nobody owns and that come back; the fetch is proved first."""

import os
import shutil

import pytest

from tests.fixes.conftest import UNPROVED, failing, read, trees, write

SSL, CRYPTO = "/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8"
ONLY = ("--only", "refresh-ssl-libs")
ON = "client-nimclient-c"


def test_both_known_issues_run_nimclient_c_once_after_the_copies_are_gone(lab_of, cure):
    lab = lab_of("both-known-issues")
    cured = cure(lab)
    assert cured.status == 0
    assert [step["title"] for step in cured.document["steps"]] == [
        "switch crypto off at the client",
        f"remove {SSL}",
        f"remove {CRYPTO}",
        "fetch the certificate and switch crypto on at the client",
    ]
    assert lab.calls("client") == ["nimclient -C", "nimclient -c"]
    assert cured.step(ON)["fixes"] == ["refresh-client-certificate", "refresh-ssl-libs"]
    assert cured.step(ON)["checks"] == ["certificate-mismatch", "create-bio-hang", "stale-ssl-libs"]
    assert len(read(lab, "client", SSL)) == 4876, "the member of the installed OpenSSL"


def test_only_the_stale_one_of_two_copies_goes(lab_of, cure):
    lab = lab_of("stale-ssl-libs")
    shutil.copyfile(lab.client + "/.lab/members/libssl.so.0.9.8", lab.client + SSL)
    before = lab.snapshot()
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["client-remove", ON])
    after = lab.snapshot()
    assert (before[SSL], before[CRYPTO]) == (after[SSL], before[CRYPTO]) and after[CRYPTO] != before[CRYPTO]


def test_copies_removed_by_hand_come_back_when_asked_for(lab_of, cure):
    lab = lab_of("stale-ssl-libs")
    os.unlink(lab.client + SSL)
    os.unlink(lab.client + CRYPTO)
    cured = cure(lab, *ONLY)
    assert (cured.status, cured.steps) == (0, [ON])
    assert os.path.exists(lab.client + SSL) and os.path.exists(lab.client + CRYPTO)


def test_one_copy_removed_by_hand_comes_back_with_the_other(lab_of, cure, scanned):
    lab = lab_of("stale-ssl-libs")
    os.unlink(lab.client + CRYPTO)
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["client-remove", ON])
    assert len(read(lab, "client", CRYPTO)) == 7713
    assert "stale-ssl-libs" not in failing(scanned(lab))


def test_without_crypto_and_without_copies_there_is_nothing_to_bring_back(lab_of, fix):
    planned = fix(lab_of("client-not-secure"), *ONLY)
    assert (planned.status, planned.steps) == (0, [])


@pytest.mark.parametrize("words", [(), ONLY])
def test_a_copy_whose_member_is_gone_stays_and_is_said(words, lab_of, fix):
    lab = lab_of("stale-ssl-libs")
    archive = read(lab, "client", "/usr/lib/libssl.a")
    write(lab, "client", "/usr/lib/libssl.a", b"\n".join(row for row in archive.split(b"\n") if b".0.9.8" not in row))
    planned = fix(lab, *words)
    assert (planned.status, planned.steps) == (1, []), "half a cure is none"
    (advice,) = planned.document["advice"]
    assert advice["text"] == (
        f"Replace stale copies of the SSL libraries: not planned, stale-ssl-libs rules out the removal of {SSL} on the "
        f"client: libssl.a has no member libssl.so.0.9.8 any more, so nimclient -c would not bring {SSL} back"
    )
    assert advice["objects"] == [SSL, CRYPTO]


@pytest.mark.parametrize("words", [(), ONLY])
def test_in_a_workload_partition_nothing_of_usr_is_removed(words, lab_of, cure):
    lab = lab_of("stale-ssl-libs")
    text = read(lab, "client", "/usr/bin/uname").replace(b"-W) echo 0", b"-W) echo 3")
    write(lab, "client", "/usr/bin/uname", text)
    before = trees(lab)
    advised = cure(lab, *words)
    assert (advised.status, advised.steps) == (1, [])
    (advice,) = advised.advice
    assert (
        "rules out the removal of" in advice and "uname -W says 3: /usr of a workload partition may be shared" in advice
    )
    assert trees(lab) == before


REFUSED = {
    "a fileset owns it": ("fileset openssl.base owns /usr/lib/libssl.so.0.9.8",),
    "an rpm package owns it": ("rpm package openssl-1.0.1 owns /usr/lib/libssl.so.0.9.8",),
    "a second name": ("/usr/lib/libssl.so.0.9.8 is a file with 2 links",),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, lab_of, cure):
    lab = lab_of("stale-ssl-libs")
    place = lab.client + SSL
    if name == "a fileset owns it":
        write(lab, "client", "/.lab/owned", f"/usr/sbin/installp bos.rte.install\n{SSL} openssl.base\n")
    elif name == "an rpm package owns it":
        rpm = f'[ "$2" != {SSL} ] || {{ echo openssl-1.0.1; exit 0; }}\necho "file $2 is not owned by any package"; exit 1\n'
        write(lab, "client", "/usr/bin/rpm", "#!/bin/sh\n" + rpm)
        os.chmod(lab.client + "/usr/bin/rpm", 0o755)
    else:
        os.link(place, lab.client + "/tmp/second")
    before = trees(lab)
    refused = cure(lab)
    assert (refused.status, refused.state, tuple(refused.refused)) == (1, "refused", REFUSED[name])
    assert trees(lab) == before


def test_a_link_is_no_copy_and_stays(lab_of, fix):
    lab = lab_of("stale-ssl-libs")
    os.rename(lab.client + SSL, lab.client + "/tmp/first")
    os.symlink("../../tmp/first", lab.client + SSL)
    planned = fix(lab)
    assert [step["do"]["path"] for step in planned.document["steps"] if step["kind"] == "remove"] == [CRYPTO]


HINDERED = {
    "nobody may read it": ("/ssl_nimsh/certs/server.pem cannot be read by nobody, as whom tftpd serves it", "stale-ssl-libs"),
    "no certificate": ("no certificate is known below /ssl_nimsh/certs of the master", "stale-ssl-libs"),
    "SSL off": ("ssl_support is not there", "stale-ssl-libs+ssl-not-configured"),
}  # fmt: skip


@pytest.mark.parametrize("name", HINDERED)
def test_nothing_is_removed_while_the_fetch_is_not_proved(name, lab_of, cure):
    seen, scenario = HINDERED[name]
    lab = lab_of(scenario)
    if name == "nobody may read it":
        os.chmod(lab.master + "/ssl_nimsh/certs/server.pem", 0o640)
    elif name == "no certificate":
        for pem in os.listdir(lab.master + "/ssl_nimsh/certs"):
            os.unlink(f"{lab.master}/ssl_nimsh/certs/{pem}")
    before = trees(lab)
    refused = cure(lab, *ONLY)
    assert (refused.status, refused.state, seen in refused.refused) == (1, "refused", True), refused.refused
    assert trees(lab) == before


@pytest.mark.parametrize(("words", "first"), [((), "master-edit"), (("--transient-tftp",), "master-transient")])
def test_tftp_that_is_off_comes_along(words, first, lab_of, cure):
    cured = cure(lab_of("stale-ssl-libs+tftp-disabled"), *ONLY, *words)
    assert (cured.status, cured.steps[:4]) == (0, [first, "client-remove", "client-remove", ON])


def test_a_tftpaccess_that_nobody_can_read_denies_nothing(lab_of, fix):
    lab = lab_of("stale-ssl-libs")
    write(lab, "master", "/etc/tftpaccess.ctl", "deny:/\n")
    os.chmod(lab.master + "/etc/tftpaccess.ctl", 0o600)
    assert fix(lab).refused == []


def test_without_a_master_the_plan_is_shown_and_not_applied(lab_of, fix, cure):
    lab = lab_of("stale-ssl-libs")
    before = trees(lab)
    planned = fix(lab, master=None)
    assert (planned.status, planned.steps) == (1, ["client-remove", "client-remove", ON])
    refused = cure(lab, master=None)
    assert (refused.status, refused.refused) == (
        1,
        [UNPROVED],
    )
    assert trees(lab) == before


RULED_OUT = {
    "tftp denied": (
        "/etc/tftpaccess.ctl",
        "allow:/ssl_nimsh/certs\ndeny:/ssl_nimsh\n",
        "tftp-denied rules out the removal of",
    ),
    "auditing on": ("/.lab/auditing", "", "tftp-blocked-by-audit rules out the removal of"),
}


@pytest.mark.parametrize("name", RULED_OUT)
def test_nothing_is_removed_where_a_finding_says_that_nothing_can_be_fetched(name, lab_of, cure):
    path, content, said = RULED_OUT[name]
    lab = lab_of("stale-ssl-libs")
    write(lab, "master", path, content)
    before = trees(lab)
    advised = cure(lab, *ONLY)
    assert (advised.status, advised.steps) == (1, [])
    assert any(said in text for text in advised.advice), advised.advice
    assert trees(lab) == before


def test_a_failed_fetch_puts_the_copies_back(lab_of, cure):
    lab = lab_of("stale-ssl-libs")
    lab.fault("client", "nimclient.-c", "fail")
    before = trees(lab)
    failed = cure(lab)
    assert (failed.status, failed.state, failed.outcomes) == (1, "restored", {"stale-ssl-libs": "restored"})
    assert trees(lab) == before
