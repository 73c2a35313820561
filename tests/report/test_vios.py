"""A Virtual I/O Server is named with its level, and as whom its commands are typed is said."""

import pytest
from hosts import evidence, scan_hosts

from nimdoctor.report import json_report, summary

LSLPP = "/usr/lib/objrepos:bos.sysmgt.nim.client:7.2.5.205::COMMITTED:F:text:\n"
IOS = "/usr/lib/objrepos:ios.cli.rte:7.2.5.100::COMMITTED:F:text:\n"
DOWN = "Subsystem         Group            PID          Status\n nimsh            nimclient                     inoperative\n"
GONE = (
    "Subsystem         Group            PID          Status\n inetd            tcpip            4128994      active\n"
)


def vios(lssrc, lslpp=LSLPP + IOS, **commands):
    there = {"lslpp -lc": lslpp, "lssrc -a": lssrc, "oslevel -s": "7200-05-05-2320\n", **commands}
    return scan_hosts(evidence(commands=there, host="vios1", role="client"), only=["nimsh-inactive", "nim-vulnerable"])


def test_its_level_stands_beside_that_of_aix():
    report = vios(DOWN, **{"ioscli ioslevel": "4.1.1.10\n"})
    assert summary.hosts(report) == "vios1 (client, VIOS 4.1.1.10, AIX 7200-05-05-2320)"
    host = json_report.as_dict(report)["host"]
    assert (host["vios"], host["ioslevel"]) == (True, "4.1.1.10")


def test_the_fileset_of_its_command_line_shows_what_it_is():
    report = vios(DOWN)
    assert summary.hosts(report) == "vios1 (client, VIOS of unknown level, AIX 7200-05-05-2320)"
    assert json_report.as_dict(report)["host"]["vios"] is True


def test_an_aix_is_none():
    report = vios(DOWN, LSLPP)
    assert summary.hosts(report) == "vios1 (client, AIX 7200-05-05-2320)"
    assert json_report.as_dict(report)["host"]["vios"] is False and "padmin" not in summary.head(report).next


@pytest.mark.parametrize(
    ("lssrc", "said"),
    [
        (DOWN, "on vios1 (client), as root (padmin: oem_setup_env): nimdoctor fix"),
        (GONE, "on vios1 (client), as padmin: remote_management"),
    ],
)
def test_as_whom_a_command_is_typed_is_said(lssrc, said):
    assert summary.head(vios(lssrc)).next.startswith(said)
