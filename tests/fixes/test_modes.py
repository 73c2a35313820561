"""start-nimsh, configure-ssl, enable-client-ssl, align-ssl-mode and disable-client-ssl."""

import os
import shutil

import pytest

from nimdoctor.facts import IosLevel, Subsystems
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role, Text
from nimdoctor.planning.fix import FixContext, Options
from tests.fixes.conftest import failing, read, trees, write

OFF, ON = "client-nimclient-C", "client-nimclient-c"


def objects(lab, name, change):
    """Changes the stanza of one of the master's objects."""
    path = next(file for file in os.listdir(lab.master + "/.lab/objects") if file.endswith("." + name))
    write(lab, "master", f"/.lab/objects/{path}", change(read(lab, "master", f"/.lab/objects/{path}")))


# -- start-nimsh


def test_a_vios_without_a_nimsh_is_advised_its_own_command():
    case = FixContext((), Options(), ends=(Role.CLIENT,), client="lpar7")
    lssrc = Subsystems.parse(Text.of("Subsystem Group PID Status\n inetd tcpip 3867068 active\n", "lssrc -a"))
    start = next(one for one in Registry().fixes() if one.id == "start-nimsh")
    level = IosLevel.parse(Text.of("4.1.0.10\n", "ioscli ioslevel"))
    (advice,) = start(case, lssrc, None, None, None, None, None, level)
    assert advice.run == "remote_management [-interface INTERFACE] MASTER"
    (advice,) = start(case, lssrc, None, None, None, None, None)
    assert advice.run == "smitty niminit"


def test_a_nimsh_that_is_down_is_started_on_either_end(lab_of, cure):
    lab = lab_of("nimsh-inactive")
    lab.run("master", "stopsrc", "-s", "nimsh")
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["master-subsystem", "client-subsystem"])
    assert (lab.calls("master")[1:], lab.calls("client")) == (["startsrc -s nimsh"], ["startsrc -s nimsh"])


def deaf(lab):
    """nimsh runs and listens nowhere."""
    netstat = read(lab, "client", "/usr/sbin/netstat")
    write(lab, "client", "/usr/sbin/netstat", netstat.replace(b"    listens 3901\n", b"    :\n"))


def test_a_nimsh_that_does_not_listen_is_stopped_and_started(lab_of, cure):
    lab = lab_of("healthy")
    deaf(lab)
    cured = cure(lab)
    assert cured.steps == ["client-subsystem"]
    assert lab.calls("client") == ["stopsrc -s nimsh", "startsrc -s nimsh"]
    assert cured.step("client-subsystem")["no_undo"] == "its former state was that of a nimsh nobody could reach"
    assert (cured.status, cured.outcomes) == (1, {"nimsh-inactive": "failed"}), "a netstat that lies shows it again"


def test_a_port_that_another_program_has_is_a_persons_matter(lab_of, fix):
    lab = lab_of("nimsh-inactive")
    netstat = read(lab, "client", "/usr/sbin/netstat")
    write(lab, "client", "/usr/sbin/netstat", netstat.replace(b"if active nimsh; then", b"if true; then"))
    planned = fix(lab, "--only", "start-nimsh")
    assert (planned.status, planned.steps) == (1, [])
    assert "port 3901 is taken" in planned.advice[0]


def test_a_nimsh_that_src_does_not_know_is_a_persons_matter(lab_of, fix):
    lab = lab_of("nimsh-inactive")
    os.unlink(lab.client + "/.lab/src/nimsh")
    os.unlink(lab.client + "/.lab/nimsh_args")
    planned = fix(lab, "--only", "start-nimsh")
    assert planned.advice == ["SRC knows no nimsh here: configuring the NIM client defines it"]


def test_a_start_before_nimclient_c_is_superfluous_and_its_finding_counts(lab_of, cure):
    lab = lab_of("client-not-secure+nimsh-inactive")
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, [ON])
    assert cured.step(ON)["checks"] == ["client-not-secure", "nimsh-inactive"]
    assert cured.outcomes == {"client-not-secure": "applied-unverified", "nimsh-inactive": "fixed"}
    assert lab.calls("client") == ["nimclient -c"]


# -- configure-ssl


def test_over_a_tree_that_is_there_the_keys_may_be_kept_or_not_and_that_is_said(originals, fix):
    (said,) = fix(originals("ssl-not-configured")).document["cautions"]
    assert said.startswith("/ssl_nimsh exists already; whether nimconfig -c keeps its keys is not known.")
    assert said.endswith("nimclient -C; nimclient -c: lpar7, lpar8")


def test_without_a_tree_the_client_follows_and_the_others_are_named(lab_of, cure, scanned):
    lab = lab_of("ssl-not-configured")
    shutil.rmtree(lab.master + "/ssl_nimsh")
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["master-nimconfig-c", OFF, ON]), cured.said
    assert cured.document["cautions"] == ["new certificates are made: nimclient -C; nimclient -c is due on lpar8"]
    assert "ssl-not-configured" not in failing(scanned(lab))
    assert read(lab, "client", "/ssl_nimsh/certs/server.pem") == read(lab, "master", "/ssl_nimsh/certs/server.pem")


def test_over_a_damaged_tree_a_recycle_is_advised(lab_of, fix):
    lab = lab_of("ssl-not-configured")
    shutil.rmtree(lab.master + "/ssl_nimsh/keys")
    planned = fix(lab)
    assert planned.steps == []
    assert planned.advice == [
        "/ssl_nimsh is there, and /ssl_nimsh/keys in it is missing or empty: make the certificates anew"
    ]


def test_without_openssl_on_the_master_that_comes_first(lab_of, fix):
    lab = lab_of("ssl-not-configured")
    rows = [row for row in read(lab, "master", "/.lab/filesets").splitlines(True) if b"openssl" not in row]
    write(lab, "master", "/.lab/filesets", b"".join(rows))
    planned = fix(lab)
    assert planned.steps == []
    assert any("openssl.base is missing on the master: install it first" in text for text in planned.advice)


def test_ssl_off_and_a_client_without_crypto_that_the_master_takes_for_secured(lab_of, cure, scanned):
    lab = lab_of("ssl-not-configured+ssl-one-sided")
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, ["master-nimconfig-c", ON])
    needs = cured.step(ON)
    assert "lsnim -l master shows ssl_support = yes" in [one["says"] for one in needs["then"]]
    assert "lsnim -l master shows ssl_support = yes" not in [one["says"] for one in needs["before"]]
    assert failing(scanned(lab)) == set()


# -- crypto of the client


def test_a_client_that_fetched_and_waits_for_a_push_is_not_secured_again(lab_of, cure, fix):
    lab = lab_of("client-not-secure")
    cure(lab)
    assert fix(lab, "--only", "enable-client-ssl").steps == []


def test_towards_secure_when_a_push_has_left_a_client_with_crypto_as_plain(lab_of, cure, scanned):
    lab = lab_of("healthy")
    objects(lab, "lpar7", lambda text: text.replace(b"nimsh (secure)", b"nimsh"))
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, [OFF, ON])
    assert lab.push().status == 0 and lab.connect() == "nimsh (secure)"
    assert failing(scanned(lab)) == set()


def test_whether_both_agree_is_not_known_without_the_master(lab_of, fix):
    lab = lab_of("healthy")
    lab.run("master", "stopsrc", "-s", "nimesis")
    planned = fix(lab, "--only", "align-ssl-mode", master=None)
    assert (planned.status, planned.steps) == (1, [])
    assert planned.advice[0].startswith("whether master and client agree is not known")


def test_crypto_goes_off_only_by_name_and_what_follows_is_said(lab_of, cure, fix):
    lab = lab_of("healthy")
    cured = cure(lab, "--only", "disable-client-ssl")
    assert (cured.state, cured.steps) == ("complete", [OFF])
    assert cured.document["cautions"] == [
        "until the next push (nim -o lslpp lpar7) the master goes on showing connect = nimsh (secure): see ssl-one-sided"
    ]
    assert cured.document["result"]["caused"] == ["ssl-one-sided"] and cured.status == 1
    assert lab.push().status == 0 and lab.connect() == "nimsh"
    assert fix(lab, "--only", "disable-client-ssl").status == 0
    assert fix(lab).steps == [ON], "found again as a client that is not secure"


@pytest.mark.parametrize("word", ["silent", "half", "fail"])
def test_a_command_that_does_not_what_it_should_is_no_cure(word, lab_of, cure):
    lab = lab_of("client-not-secure")
    lab.fault("client", "nimclient.-c", word)
    before = trees(lab)
    failed = cure(lab)
    assert (failed.status, failed.state, failed.outcomes["client-not-secure"]) == (1, "restored", "restored")
    assert trees(lab) == before
