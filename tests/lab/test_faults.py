"""Faults that can be laid for a command."""

import os

import pytest

from .test_stand_ins import COPIES, PEM, arguments, ran, read


def test_a_command_that_hangs_does_nothing(healthy):
    healthy.fault("client", "nimclient", "hang")
    before = healthy.snapshot(log=True)
    assert healthy.run("client", "nimclient", "-C", timeout=0.3).timed_out
    assert healthy.snapshot(log=True) == before
    assert healthy.calls() == ["nimclient -C"]


def test_a_command_that_fails_does_nothing(healthy):
    healthy.fault("master", "nimconfig", "fail")
    result = healthy.run("master", "nimconfig", "-C")
    assert result.status == 1 and b"0042-175" in result.stderr
    assert "ssl_support" in ran(healthy, "master", "lsnim", "-l", "master")


def test_a_silent_command_succeeds_without_effect(healthy):
    healthy.fault("client", "nimclient", "silent")
    assert ran(healthy, "client", "nimclient", "-C") == ""
    assert arguments(healthy) == "-s -c"


def test_a_fault_is_met_once_when_asked_so(healthy):
    healthy.fault("client", "nimclient", "fail once")
    assert healthy.run("client", "nimclient", "-C").status == 1
    ran(healthy, "client", "nimclient", "-C")
    assert arguments(healthy) == "-s"


def test_a_fault_may_be_for_one_argument(healthy):
    healthy.fault("client", "nimclient.-c", "fail")
    healthy.fault("client", "startsrc.nimsh", "fail")
    healthy.fault("master", "nim.cust", "fail")
    ran(healthy, "client", "nimclient", "-C")
    assert healthy.run("client", "nimclient", "-c").status == 1
    assert b"0513-029" not in healthy.run("client", "startsrc", "-s", "nimsh").stderr
    assert b"0513-029" in healthy.run("client", "startsrc", "-s", "inetd").stderr
    assert healthy.push().status == 0


def test_a_fault_may_be_for_a_command_that_only_asks(healthy):
    healthy.fault("client", "lssrc", "hang once")
    assert healthy.run("client", "lssrc", "-a", timeout=0.3).timed_out
    ran(healthy, "client", "lssrc", "-a")


def test_a_fault_is_taken_away(healthy):
    healthy.fault("client", "nimclient", "fail")
    healthy.fault("client", "nimclient", None)
    ran(healthy, "client", "nimclient", "-C")


def test_an_unknown_fault_is_told(healthy):
    with pytest.raises(ValueError, match="there are hang, fail"):
        healthy.fault("client", "nimclient", "explode")


def test_half_a_nimconfig_leaves_a_tree_that_is_not_complete(healthy):
    os.rename(healthy.master + "/ssl_nimsh", healthy.master + "/ssl_nimsh_old.1")
    ran(healthy, "master", "nimconfig", "-C")
    healthy.fault("master", "nimconfig", "half once")
    assert healthy.run("master", "nimconfig", "-c").status == 1
    assert os.listdir(healthy.master + "/ssl_nimsh/certs") == ["root.pem"]
    assert "ssl_support" not in ran(healthy, "master", "lsnim", "-l", "master")
    assert healthy.run("master", "nimconfig", "-c").status == 1
    os.rename(healthy.master + "/ssl_nimsh", healthy.master + "/ssl_nimsh_half.1")
    ran(healthy, "master", "nimconfig", "-c")


def test_half_a_nimclient_c_brings_the_libraries_and_no_certificate(lab_of):
    lab = lab_of("client-not-secure")
    lab.fault("client", "nimclient.-c", "half")
    assert lab.run("client", "nimclient", "-c").status == 1
    assert all(os.path.exists(lab.client + path) for path in COPIES)
    assert not os.path.exists(lab.client + PEM)
    assert arguments(lab) == "-s"


def test_half_a_nimclient_C_leaves_nimsh_stopped(healthy):
    healthy.fault("client", "nimclient", "half")
    assert healthy.run("client", "nimclient", "-C").status == 1
    assert arguments(healthy) == "-s"
    assert ran(healthy, "client", "lssrc", "-s", "nimsh").split()[-1] == "inoperative"


def test_half_a_niminit_leaves_nimsh_as_it_was(lab_of):
    lab = lab_of("client-uses-rsh")
    os.rename(lab.client + "/etc/niminfo", lab.client + "/etc/niminfo.old")
    lab.fault("client", "niminit", "half")
    assert lab.run("client", "niminit", "-a", "name=lpar7", "-a", "master=nim1", "-a", "connect=nimsh").status == 1
    assert b"NIM_SHELL" in read(lab.client, "/etc/niminfo")


def test_half_a_cust_installs_the_first_fileset(lab_of):
    lab = lab_of("openssl-missing")
    lab.fault("master", "nim.cust", "half")
    words = ("-a", "lpp_source=lpp_7104", "-a", "accept_licenses=yes", "-a", "filesets=openssl.base openssl.license")
    assert lab.run("master", "nim", "-o", "cust", *words, "lpar7").status == 1
    listed = ran(lab, "client", "lslpp", "-lc")
    assert "openssl.base" in listed and "openssl.license" not in listed


def test_a_command_may_do_its_work_and_then_hang(healthy):
    healthy.fault("client", "nimclient", "late")
    assert healthy.run("client", "nimclient", "-C", timeout=0.5).timed_out
    assert arguments(healthy) == "-s"


def test_a_command_may_do_its_work_and_report_failure(healthy):
    healthy.fault("client", "nimclient", "lie")
    assert healthy.run("client", "nimclient", "-C").status == 1
    assert arguments(healthy) == "-s"
