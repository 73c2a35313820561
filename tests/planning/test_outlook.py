"""The first lines, Do and Fix are made from the plan's own conditions: one of each kind."""

import re

import scenarios
from hosts import LOG, MemoryTree, members, registry, scan_hosts
from test_architecture import HOSTS, loaded

from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import Report, scan
from nimdoctor.model import Outcome, Role
from nimdoctor.report import html, json_report, junit_report, markdown_report, summary, text_report


def recorded(name: str, *ends: str) -> Report:
    trees = scenarios.scenario(name)
    return scan_hosts(*(RecordedEvidence(f"case/{end}", trees[end]) for end in ends or scenarios.ENDS))


def changed(name: str, end: str, **commands: str) -> RecordedEvidence:
    """An end of a scenario with other output of some commands, by the words of its file."""
    files = dict(scenarios.scenario(name)[end].files)
    for file, text in commands.items():
        files[file] = text.encode()
    return RecordedEvidence(f"case/{end}", MemoryTree(files))


def every_format(report: Report) -> str:
    return "\n".join(
        (
            text_report.render(report),
            markdown_report.render([report]),
            junit_report.render([report]),
            html.render([report]),
            json_report.render(report),
        )
    )


# -- where the plan has no step


def test_a_copy_whose_member_is_gone_is_advice_and_nothing_removes_it():
    gone = {
        f"commands/ar_-X32_64_-tv_usr_lib_{archive}": members(archive, 1, version="1.0.2")
        for archive in ("libssl.a", "libcrypto.a")
    }
    report = scan_hosts(changed("stale-ssl-libs", "client", **gone), only=["stale-ssl-libs"])
    head = summary.head(report)
    assert "libssl.a has no member libssl.so.0.9.8 any more" in head.next and not head.plan
    assert summary.next_command(report).command is None
    assert not re.search(r"rm /usr|remove /usr", every_format(report))
    assert summary.fix(report, report.first) is None


def test_in_a_workload_partition_the_reason_is_told_and_nothing_is_removed():
    report = scan_hosts(changed("stale-ssl-libs", "client", **{"commands/uname_-W": "3\n"}))
    head = summary.head(report)
    assert "uname -W says 3" in head.next and "workload partition" in head.next and not head.plan
    assert summary.next_command(report) == (None, None)
    assert not re.search(r"rm /usr|remove /usr", every_format(report))
    assert summary.fix(report, report.first) is None


def test_what_another_cause_must_be_cured_for_first_is_no_command():
    report = recorded("port-taken", "client")
    found = next(one for one in report.story.findings if one.check == "nimsh-inactive")
    assert summary.command(report, found) is None and summary.fix(report, found) is None
    assert "its cause comes first, port-taken" in summary.cure_of(report, found)


def test_from_generation_g2_on_what_it_would_have_been_before_is_not_what_comes_next():
    trees = scenarios.scenario("create-bio-hang-fresh-certificate")
    files = dict(trees["client"].files)
    files["commands/oslevel_-s"] = b"7200-05-13-2620\n"
    report = scan_hosts(RecordedEvidence("case/client", MemoryTree(files)))
    found = next(one for one in report.story.findings if one.check == "create-bio-hang")
    said = summary.by_hand(report, found)
    assert said.startswith("on the master: oslevel -s; instfix -ik ") and "nimclient" not in said


# -- where a condition of the plan is open


def test_a_client_alone_is_told_to_probe_and_where():
    report = recorded("certificate-expired", "client")
    head = summary.head(report)
    assert head.next.startswith("on lpar7 (client): nimdoctor fix --probe (first the proof")
    assert summary.next_command(report) == ("nimdoctor fix --probe", Role.CLIENT)
    (found,) = report.story.findings[:1]
    assert summary.cure(report, found).startswith("first the proof that the certificate can be fetched")
    assert (
        "commands" in json_report.as_dict(report)["results"][0]
        and not json_report.as_dict(report)["results"][0]["commands"]
    )


def test_of_a_live_client_the_command_is_the_one_that_can_be_typed_here(originals):
    lab = originals("create-bio-hang")
    report = scan(LiveHost(root=lab.client), registry=registry())
    command = f"nimdoctor fix {lab.client_target} --probe"
    assert summary.next_command(report) == (command, None)
    assert summary.head(report).next.startswith(f"{command} (first the proof")


def test_a_push_that_is_proved_to_hang_must_be_accepted_first():
    report = recorded("hung-push")
    command = "nimdoctor fix case/client --master case/master --accept-hung lpar7"
    assert summary.next_command(report) == (command, None)
    assert summary.next_command(recorded("hung-push", "client")) == (
        "nimdoctor fix --accept-hung lpar7 --probe",
        Role.CLIENT,
    )


def test_what_recorded_evidence_does_not_tell_is_looked_at_on_the_host():
    files = dict(scenarios.scenario("create-bio-hang-fresh-certificate")["client"].files)
    files = {name: raw for name, raw in files.items() if not name.startswith("commands/ps_")}
    report = scan_hosts(
        RecordedEvidence("case/client", MemoryTree(files)),
        RecordedEvidence("case/master", scenarios.scenario("create-bio-hang-fresh-certificate")["master"]),
    )
    assert report.first.check == "create-bio-hang"
    assert summary.next_command(report) == ("nimdoctor fix", Role.CLIENT)
    assert "a look at what this evidence does not tell" in summary.head(report).next


# -- where the plan has steps


def test_what_stands_in_one_plan_is_one_line_for_each_host_with_what_the_others_must_do():
    report = recorded("create-bio-hang")
    head = summary.head(report)
    assert head.plan == "nimdoctor fix case/client --master case/master"
    master, client, others = head.next.split("; then ")
    day = report.generated.strftime("%Y%m%d")
    assert master == (
        f"on the master nim1: test ! -e /ssl_nimsh_old.{day} && nimconfig -C && "
        f"mv /ssl_nimsh /ssl_nimsh_old.{day} && nimconfig -c"
    )
    assert client == "on the client lpar7: nimclient -C; nimclient -c"
    assert others == "on lpar8, lpar9: nimclient -C; nimclient -c"
    # what is done on two hosts is no one command, so the program is told the one that shows the plan
    assert summary.next_command(report) == (head.plan, None)
    (entry,) = (one for one in json_report.as_dict(report)["results"] if one["check"] == "create-bio-hang")
    assert [one["where"] for one in entry["commands"]] == ["master", "client"]


def test_what_a_finding_needs_done_before_comes_with_it_and_nothing_else():
    report = recorded("tftp-denied")
    found = next(one for one in report.story.findings if one.check == "client-not-secure" and one.where is Role.CLIENT)
    assert summary.command(report, found) == (
        "on the master nim1: vi /etc/tftpaccess.ctl; then on the client lpar7: nimclient -c"
    )
    denied = next(one for one in report.story.findings if one.check == "tftp-denied")
    assert summary.command(report, denied) == "on nim1 (master): vi /etc/tftpaccess.ctl"


def test_a_cure_is_never_larger_than_the_plan():
    report = recorded("ssl-one-sided")
    found = next(one for one in report.story.findings if one.check == "ssl-one-sided")
    assert summary.command(report, found) == "on lpar7 (client): nimclient -c"
    assert "nimclient -C" not in summary.cure_of(report, found)
    assert "nimclient -C" not in summary.head(report).next


def test_three_filesets_are_one_command_as_in_the_guide(originals):
    lab = originals("openssl-missing")
    report = scan(LiveHost(root=lab.client), LiveHost(root=lab.master), registry=registry())
    found = [one for one in report.story.findings if one.check == "openssl-missing" and one.where is Role.CLIENT]
    assert len(found) == 2
    assert report.first.check == "openssl-missing"
    assert re.search(
        r"on nim1 \(master\): nim -o cust [^;]*openssl.base openssl.license openssl.man.en_US",
        summary.head(report).next,
    )
    assert summary.head(report).next.count("nim -o cust") == 1
    for one in found:
        assert summary.command(report, one).count("nim -o cust") == 1


def test_a_low_finding_names_the_command_that_plans_it_where_that_has_steps():
    report = recorded("rhosts-left-over")
    assert summary.fix(report, report.first) == "nimdoctor fix --only remove-rhosts shows the plan"
    assert summary.next_command(report).command.endswith("--only remove-rhosts")


def test_findings_about_other_clients_are_for_those():
    report = recorded("client-not-secure", "master")
    assert summary.next_command(report) == ("nimdoctor fix --probe", Role.CLIENT)
    assert summary.head(report).next == "on lpar7: nimdoctor fix --probe"


def test_loose_pieces_of_a_client_beside_its_masters_list_are_no_work_for_the_master():
    from hosts import MASTER_STANZA, loose, machine

    log = scenarios.scenario("create-bio-hang-fresh-certificate")["client"].files[f"files{LOG}"]
    report = scan_hosts(loose({"nimsh.log": log, "lsnim.txt": f"# lsnim -l\n{MASTER_STANZA}{machine()}"}))
    assert report.first.check == "create-bio-hang"
    following = summary.next_command(report)
    assert following.where is Role.CLIENT and following.command.startswith("nimdoctor fix")
    assert not re.search(r"nim1[^\n]*nimclient", summary.head(report).next)


def test_an_unfinished_run_is_ended_before_anything_is_fixed(tmp_path):
    from nimdoctor.library.scanning import _first
    from nimdoctor.model import EVERY_FIX

    checks = {one.id: one for one in registry().checks()}
    hang, run = recorded("create-bio-hang").story.findings[0], recorded("nimsh-inactive").story.findings[0]
    run = run._replace(check="run-unfinished", fix=None)
    assert checks["run-unfinished"].precedes == (EVERY_FIX,)
    assert _first([hang, run], list(checks.values())) is run
    assert _first([hang._replace(fix=None), run], list(checks.values())).check == hang.check


# -- what it costs


def test_a_scan_that_finds_nothing_to_fix_loads_no_planner_and_one_that_does_loads_it():
    healthy = loaded("scan", HOSTS / "healthy/client", "--master", HOSTS / "healthy/master", "--format", "json")
    assert not {
        name
        for name in healthy
        if name in ("nimdoctor.planning.outlook", "nimdoctor.planning.planner", "nimdoctor.fixes")
    }
    failing = loaded("scan", scenarios.ON_DISK / "nimsh-inactive/client", "--format", "json")
    assert "nimdoctor.planning.planner" in failing


def test_what_a_plug_in_breaks_in_the_plan_takes_nothing_from_the_findings(monkeypatch):
    monkeypatch.setattr("nimdoctor.planning.planner.Planner.plan", lambda *arguments: 1 / 0)
    report = recorded("nimsh-inactive", "client")
    assert "what a plan holds is not known: ZeroDivisionError: division by zero" in report.remarks
    assert report.first.check == "nimsh-inactive" and report.with_outcome(Outcome.FAIL)
    assert summary.head(report).next == "startsrc -s nimsh"
