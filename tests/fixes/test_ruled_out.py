"""A plan obeys its own scan: what a finding says cannot work, or cannot be taken back, is a step of no plan."""

import json
import os

import pytest

from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Options, Repair, RepairTarget
from nimdoctor.model import Outcome
from nimdoctor.planning.planner import Planner
from nimdoctor.planning.ruled_out import rulings
from tests.fixes.conftest import failing, read, trees, write

OFF, ON = "client-nimclient-C", "client-nimclient-c"
ARCHIVES = ("libssl", "libcrypto")


def old_extractor(lab, *, members):
    """The client's nim.client is older than the cure of its extractor; `members` says whether those of 0.9.8 are there."""
    text = read(lab, "client", "/.lab/filesets").replace(
        b"bos.sysmgt.nim.client:7.1.4.35", b"bos.sysmgt.nim.client:7.1.4.34"
    )
    assert b"nim.client:7.1.4.34" in text
    write(lab, "client", "/.lab/filesets", text)
    write(lab, "client", "/.lab/apars", "IV58877\n")
    if members is None:
        os.unlink(lab.client + "/usr/bin/ar")
    elif not members:
        for name in ARCHIVES:
            rows = read(lab, "client", f"/usr/lib/{name}.a").split(b"\n")
            write(lab, "client", f"/usr/lib/{name}.a", b"\n".join(row for row in rows if b".0.9.8" not in row))


@pytest.mark.parametrize("words", [(), ("--only", "refresh-client-certificate"), ("--only", "disable-client-ssl")])
def test_what_could_not_be_switched_on_again_is_not_switched_off(words, lab_of, cure):
    lab = lab_of("create-bio-hang")
    old_extractor(lab, members=False)
    before = trees(lab)
    advised = cure(lab, *words)
    assert (advised.status, advised.steps) == (1, [])
    (said,) = (text for text in advised.advice if "not planned, " in text)
    assert (
        "nimclient-extracts-old-libs rules out nimclient -C on the client: bos.sysmgt.nim.client is 7.1.4.34, below"
        in said
    )
    assert "libssl.a of openssl.base" in said and "has no member libssl.so.0.9.8" in said
    assert "crypto likely cannot be enabled again once it is off" in said
    assert trees(lab) == before and lab.calls("client") == []


FETCHING = {
    "refresh-ssl-libs": "stale-ssl-libs",
    "refresh-client-certificate": "create-bio-hang",
    "recycle-certificates": "create-bio-hang-master",
    "enable-client-ssl": "client-not-secure",
    "align-ssl-mode": "ssl-one-sided",
    "switch-to-nimsh": "client-uses-rsh",
}


@pytest.mark.parametrize("fix_id", FETCHING)
def test_no_fix_that_fetches_is_planned_in_part(fix_id, lab_of, fix):
    lab = lab_of(FETCHING[fix_id])
    old_extractor(lab, members=False)
    for words in ((), ("--only", fix_id)):
        planned = fix(lab, *words)
        assert planned.steps == [], words
        assert not any("plans it all the same" in text for text in planned.advice)
    assert any("nimclient-extracts-old-libs rules out" in text for text in planned.advice), planned.advice


def test_an_ignored_finding_rules_out_no_less(lab_of, fix):
    lab = lab_of("create-bio-hang")
    old_extractor(lab, members=False)
    text = read(lab, "client", "/etc/nimdoctor.ignore")
    write(lab, "client", "/etc/nimdoctor.ignore", text + b"nimclient-extracts-old-libs we know\n")
    planned = fix(lab)
    assert planned.steps == []
    assert any("nimclient-extracts-old-libs rules out nimclient -C" in one for one in planned.advice)


def test_an_old_extractor_whose_members_are_there_fetches(lab_of, cure):
    lab = lab_of("create-bio-hang")
    old_extractor(lab, members=True)
    cured = cure(lab)
    assert (cured.status, cured.steps) == (0, [OFF, ON]), cured.said


def test_an_old_extractor_of_whose_members_nothing_is_known_is_refused(lab_of, cure):
    lab = lab_of("create-bio-hang")
    old_extractor(lab, members=None)
    before = trees(lab)
    refused = cure(lab)
    assert (refused.status, refused.state) == (1, "refused")
    assert refused.refused == [
        "bos.sysmgt.nim.client is 7.1.4.34, below 7.1.4.35 (APAR IJ13756), and the members of libssl.a are not known"
    ]
    assert trees(lab) == before


def test_a_cured_extractor_needs_no_member_of_0_9_8(lab_of, fix):
    lab = lab_of("create-bio-hang")
    os.unlink(lab.client + "/usr/bin/ar")
    planned = fix(lab)
    assert (planned.steps, planned.refused) == ([OFF, ON], [])
    assert (
        "nimclient -c can extract its libraries: bos.sysmgt.nim.client 7.1.4.35 takes the members of the installed OpenSSL"
        in [one["says"] for one in planned.step(OFF)["before"]]
    )


def test_members_that_are_gone_by_now_stop_a_plan_that_was_made_before(lab_of, fix, cure, tmp_path):
    """The archive is read anew: an update of OpenSSL may have come between plan and apply."""
    lab = lab_of("create-bio-hang")
    fix(lab, "--plan", tmp_path / "plan.json")
    old_extractor(lab, members=False)
    before = trees(lab)
    refused = cure(lab, "--plan", tmp_path / "plan.json")
    assert (refused.status, refused.state) == (1, "refused")
    assert trees(lab) == before


PAIRS = [
    "create-bio-hang+openssl-missing",
    "nimsh-inactive+openssl-missing",
    "tftp-blocked-by-audit+create-bio-hang",
    "port-taken+client-not-secure",
    "filesystem-full+create-bio-hang",
    "create-bio-hang-master+tftp-blocked-by-audit",
]


@pytest.mark.parametrize("scenario", PAIRS)
def test_no_plan_holds_a_step_that_a_finding_of_its_scan_rules_out(scenario, lab_of):
    lab, registry = lab_of(scenario), Registry()
    every = tuple(one.id for one in registry.fixes())
    repair = Repair(RepairTarget(lab.client_target, lab.master_target), registry, Options())
    results, story = repair.report.results, repair.report.story
    assert any(found.rules_out for found in results if found.outcome is Outcome.FAIL)
    for only in ((), *((name,) for name in every), every):
        planner = Planner(repair.engine, repair.ends, registry.fixes(), Options(only=only))
        steps = planner.plan(results, story).steps
        against = [(step.id, ruling.result.check) for step in steps for ruling in rulings(step, results)]
        assert against == [], only


def test_a_push_that_cannot_arrive_installs_nothing(lab_of, fix):
    lab = lab_of("openssl-missing")
    assert "master-nim-o" in fix(lab).steps
    lab.run("client", "nimclient", "-P")
    planned = fix(lab)
    assert "master-nim-o" not in planned.steps
    assert any("push-disabled rules out nim -o cust" in text for text in planned.advice)


def test_the_report_says_as_data_what_a_finding_rules_out(lab_of, capsys, scanned):
    from nimdoctor.cli import main

    lab = lab_of("create-bio-hang")
    old_extractor(lab, members=False)
    assert "nimclient-extracts-old-libs" in failing(scanned(lab))
    capsys.readouterr()
    main(["scan", lab.client_target, "--master", lab.master_target, "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    (found,) = (one for one in report["results"] if one["check"] == "nimclient-extracts-old-libs")
    ruled_out = {(one["where"], " ".join(one["argv"]) or one["path"]) for one in found["rules_out"]}
    assert ruled_out == {
        ("client", "nimclient -C"),
        ("client", "nimclient -c"),
        ("client", "/usr/lib/libssl.so*"),
        ("client", "/usr/lib/libcrypto.so*"),
    }
    assert all("crypto likely cannot be enabled again once it is off" in one["why"] for one in found["rules_out"])
    (passed,) = (one for one in report["results"] if one["check"] == "push-disabled")
    assert passed["rules_out"] == []
