"""refresh-ssl-libs: only copies that nobody owns and that come back; the fetch is proved first."""

import json
import os
import shutil

import pytest

from tests.fixes.conftest import failing, read, trees, write

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


def test_a_copy_whose_member_is_gone_stays_and_is_said(lab_of, fix):
    lab = lab_of("stale-ssl-libs")
    archive = read(lab, "client", "/usr/lib/libssl.a")
    write(lab, "client", "/usr/lib/libssl.a", b"\n".join(row for row in archive.split(b"\n") if b".0.9.8" not in row))
    planned = fix(lab)
    assert planned.steps == ["client-remove", ON]
    assert [step["do"]["path"] for step in planned.document["steps"] if step["kind"] == "remove"] == [CRYPTO]
    assert planned.advice == [
        f"{SSL} stays: libssl.a has no member libssl.so.0.9.8 any more, so nimclient -c could not bring it back"
    ]
    assert planned.document["advice"][0]["objects"] == [SSL]


REFUSED = {
    "a fileset owns it": ("fileset openssl.base owns /usr/lib/libssl.so.0.9.8",),
    "an rpm package owns it": ("rpm package openssl-1.0.1 owns /usr/lib/libssl.so.0.9.8",),
    "a workload partition": ("uname -W says 3",),
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
    elif name == "a workload partition":
        text = read(lab, "client", "/usr/bin/uname").replace(b"-W) echo 0", b"-W) echo 3")
        write(lab, "client", "/usr/bin/uname", text)
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


UNPROVED = {
    "tftp denied": ("/etc/tftpaccess.ctl denies /ssl_nimsh/certs/server.pem", "stale-ssl-libs"),
    "nobody may read it": ("/ssl_nimsh/certs/server.pem cannot be read by nobody, as whom tftpd serves it", "stale-ssl-libs"),
    "auditing on": ("audit query says auditing on", "stale-ssl-libs"),
    "no certificate": ("no certificate is known below /ssl_nimsh/certs of the master", "stale-ssl-libs"),
    "SSL off": ("ssl_support is not there", "stale-ssl-libs+ssl-not-configured"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNPROVED)
def test_nothing_is_removed_while_the_fetch_is_not_proved(name, lab_of, cure):
    seen, scenario = UNPROVED[name]
    lab = lab_of(scenario)
    if name == "tftp denied":
        write(lab, "master", "/etc/tftpaccess.ctl", "allow:/ssl_nimsh/certs\ndeny:/ssl_nimsh\n")
    elif name == "nobody may read it":
        os.chmod(lab.master + "/ssl_nimsh/certs/server.pem", 0o640)
    elif name == "auditing on":
        write(lab, "master", "/.lab/auditing", "")
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
        ["nothing proves that the certificate can be fetched: give --master or --probe"],
    )
    assert trees(lab) == before


@pytest.mark.parametrize("answers", [True, False])
def test_without_a_master_a_tftp_that_answers_is_proof(answers, lab_of, cure, monkeypatch):
    from nimdoctor.probe import Answer

    monkeypatch.setattr("nimdoctor.probe.tftp_address", lambda host: ("10.1.1.10", 69))
    monkeypatch.setattr("nimdoctor.probe.tftp_answer", lambda master, port: Answer(answers, "no such file"))
    cured = cure(lab_of("stale-ssl-libs"), "--probe", master=None)
    assert cured.status == (0 if answers else 1)
    assert ("give --master or --probe" in "".join(cured.refused)) is not answers


def test_recorded_evidence_of_the_master_is_proof_enough(lab_of, cure, tmp_path):
    """What FACTS asks the master for: tftp active, not denied, no auditing, a certificate; and that SSL is on."""
    lab = lab_of("stale-ssl-libs")
    place = tmp_path / "nim1"
    for command in ("lssrc -t tftp", "audit query", "lsnim -l", "oslevel -s", "hostname"):
        name = place / "commands" / command.replace(" ", "_")
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(lab.run("master", *command.split()).stdout)
    for path in ("/etc/inetd.conf", "/etc/niminfo"):
        file = place / "files" / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(read(lab, "master", path))
    certificates = place / "files" / "ssl_nimsh" / "certs"
    certificates.mkdir(parents=True)
    (certificates / "server.pem").write_bytes(read(lab, "master", "/ssl_nimsh/certs/server.pem"))
    refused = cure(lab, master=str(place))
    assert refused.refused == [
        "/etc/tftpaccess.ctl of the master was not collected",
        "whether nobody can read /ssl_nimsh/certs/server.pem, as whom tftpd serves it, is not known",
    ]
    paths = {"/etc/tftpaccess.ctl": None, "/ssl_nimsh/certs/server.pem": {"mode": "0644"}}
    manifest = {"schema": "nimdoctor.evidence/1", "host": "nim1", "role": "master", "paths": paths}
    (place / "manifest.json").write_text(json.dumps(manifest))
    assert cure(lab, master=str(place)).status == 0


def test_certificates_of_the_master_are_compared_only_where_they_are_known(lab_of, cure, tmp_path, monkeypatch):
    from nimdoctor.probe import Answer

    monkeypatch.setattr("nimdoctor.probe.tftp_address", lambda host: ("10.1.1.10", 69))
    monkeypatch.setattr("nimdoctor.probe.tftp_answer", lambda master, port: Answer(True, "no such file"))
    lab = lab_of("stale-ssl-libs")
    master = tmp_path / "nim1"
    (master / "commands").mkdir(parents=True)
    (master / "commands/lsnim_-l").write_bytes(lab.run("master", "lsnim", "-l").stdout)
    refused = cure(lab, "--probe", master=str(master))
    assert "the master's level is not known (oslevel -s)" in refused.refused
    (master / "commands/oslevel_-s").write_bytes(lab.run("master", "oslevel", "-s").stdout)
    cured = cure(lab, "--probe", master=str(master))
    assert (cured.status, cured.steps[-1]) == (0, ON), cured.said
    assert "shares-certificate" not in [one["kind"] for one in cured.step(ON)["verify"]]


def test_a_failed_fetch_puts_the_copies_back(lab_of, cure):
    lab = lab_of("stale-ssl-libs")
    lab.fault("client", "nimclient.-c", "fail")
    before = trees(lab)
    failed = cure(lab)
    assert (failed.status, failed.state, failed.outcomes) == (1, "restored", {"stale-ssl-libs": "restored"})
    assert trees(lab) == before
