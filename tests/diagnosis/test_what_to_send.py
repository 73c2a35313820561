"""What would say more is one list of data: each file, command and push once, with the line to type on its host."""

from datetime import datetime

import pytest
import scenarios
from hosts import LOG, evidence, loose, niminfo, registry, scan_hosts, service_start

from nimdoctor.diagnosis.host import Host
from nimdoctor.diagnosis.settlement import what_to_send
from nimdoctor.evidence import open_target
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome, Push, Role, Topic


def alone(**parts):
    return scan_hosts(evidence(host="lpar7", role="client", **parts))


def lines(report):
    return [one.command for one in report.to_send]


def test_each_thing_is_wanted_once_with_all_the_checks_that_it_serves():
    report = alone(files={"/etc/niminfo": niminfo()})
    assert len({one.settlement for one in report.to_send}) == len(report.to_send)
    (listing,) = [one for one in report.to_send if one.command == "lslpp -lc"]
    assert {"openssl-missing", "fileset-broken", "nim-vulnerable"} <= set(listing.checks)
    assert (listing.where, listing.host) == (Role.CLIENT, "lpar7")


def test_all_that_an_unknown_check_misses_is_wanted():
    report = alone(files={"/etc/niminfo": niminfo()})
    wanted = {check for one in report.to_send for check in one.checks}
    lacking = {one.check for one in report.results if one.outcome is Outcome.UNKNOWN and one.missing}
    assert lacking and lacking <= wanted


def test_no_line_shows_a_private_key():
    report = alone(files={"/etc/niminfo": niminfo()})
    of_certificates = [line for line in lines(report) if "/ssl_nimsh/certs/*" in line]
    assert of_certificates == ["sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' /ssl_nimsh/certs/*"]
    assert not [line for line in lines(report) if line.startswith("cat") and "/ssl_nimsh" in line]


def test_what_only_the_other_end_has_is_wanted_there():
    report = scan_hosts(loose({"niminfo": niminfo()}), evidence(host="nim1", role="master", files={}))
    ends = {one.command: (one.where, one.host) for one in report.to_send}
    assert ends["lsnim -l"] == (Role.MASTER, "nim1")


@pytest.mark.parametrize("name", ["healthy", "tftp-disabled"])
def test_where_all_is_certain_nothing_is_wanted(name):
    trees = scenarios.scenario(name)
    report = scan_hosts(*(RecordedEvidence(f"case/{end}", trees[end]) for end in scenarios.ENDS))
    wanted = {check for one in report.to_send for check in one.checks}
    assert wanted <= {one.check for one in report.results if one.missing or one.settled_by}
    assert not {one.check for one in report.undecided(Topic.OPERATION)} - wanted


def test_a_push_that_only_can_tell_is_among_them_and_is_nothing_to_send():
    report = alone(files={"/etc/niminfo": niminfo(), LOG: service_start(datetime(2025, 3, 14, 12))})
    (push,) = [one for one in report.to_send if one.is_push]
    assert push.settlement == Push("lpar7") and push.command == "nim -o lslpp lpar7"
    assert push.where is Role.MASTER


def test_a_name_out_of_evidence_is_no_shell_text():
    report = alone(files={"/etc/niminfo": niminfo(NIM_NAME="a;reboot"), LOG: service_start(datetime(2025, 3, 14, 12))})
    (push,) = [one for one in report.to_send if one.is_push]
    assert push.command == "nim -o lslpp 'a;reboot'"


def test_it_stands_in_the_json_report_as_data():
    report = alone(files={"/etc/niminfo": niminfo()})
    told = report.to_dict()["to_send"]
    assert [one["command"] for one in told] == lines(report)
    assert set(told[0]) == {"where", "host", "kind", "argv", "path", "command", "checks"}


def test_a_host_that_is_asked_now_is_not_asked_again(tmp_path):
    live = open_target(f"root:{tmp_path}", timeout=1.0, catalog=registry().catalog)
    host = Host(live, registry().catalog, ("client",))
    report = scan_hosts(live, role="client")
    assert report.undecided(Topic.OPERATION)
    assert [one for one in what_to_send(report.results, host, None) if not one.is_push] == []
