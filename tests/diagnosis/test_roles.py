"""Which end of NIM a host is where no file states it."""

import pytest
from hosts import evidence, registry, scan_hosts

from nimdoctor.diagnosis.host import Host

LISTING = "".join(
    f"/usr/lib/objrepos:{fileset}:7.2.5.{level}::COMMITTED:F:text:\n"
    for fileset, level in (("bos.rte", 200), ("bos.sysmgt.nim.client", 205), ("openssl.base", 1))
)
NIMSH = (
    "Subsystem         Group            PID          Status\n nimsh            nimclient        8847720      active\n"
)
OFF = "#tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd  tftpd -n\n"
WITH_MASTER = LISTING + "/usr/lib/objrepos:bos.sysmgt.nim.master:7.2.5.205::COMMITTED:F:text:\n"


def roles(**commands):
    found = Host(
        evidence(commands={name: text for name, text in commands.items() if text}, role=None), registry().catalog
    )
    return found.roles, found.role_stated


def test_a_host_with_nim_client_and_nimsh_and_without_nim_master_is_a_client():
    assert roles(**{"lslpp -lc": LISTING, "lssrc -a": NIMSH}) == (("client",), True)


def test_a_host_whose_src_knows_no_nimsh_was_never_a_client():
    assert roles(**{"lslpp -lc": LISTING, "lssrc -a": NIMSH.replace("nimsh ", "other ")}) == ((), False)


@pytest.mark.parametrize("listing", [WITH_MASTER, LISTING.replace("nim.client", "nim.other")])
def test_a_host_with_both_or_neither_is_not_known(listing):
    assert roles(**{"lslpp -lc": listing, "lssrc -a": NIMSH}) == ((), False)


def test_a_listing_of_some_filesets_makes_nobody_a_client():
    assert roles(**{"lslpp -l bos.sysmgt.nim.client": LISTING, "lssrc -a": NIMSH}) == ((), False)


@pytest.mark.parametrize("listing", [LISTING, WITH_MASTER])
def test_beside_its_master_a_client_that_lost_its_niminfo_is_asked_nothing_of_a_master(listing):
    client = evidence(files={"/etc/inetd.conf": OFF}, commands={"lslpp -lc": listing}, host="lpar7", role=None)
    master = evidence(files={"/etc/inetd.conf": OFF[1:]}, host="nim1", role="master")
    report = scan_hosts(client, master)
    assert {one.host for one in report.results if one.check in ("tftp-disabled", "nimesis-inactive")} == {"nim1"}
    assert not [
        one
        for one in report.results
        if one.outcome.value == "fail" and one.where.value == "master" and one.host == "lpar7"
    ]
