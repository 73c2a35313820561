"""What fits a screen, over every scenario and each of its ends: nothing wider than the terminal, few lines for one problem,
and the verdict, the cause and the next command on the last screen.
"""

import re
from functools import cache
from typing import List, Tuple

import pytest
import scenarios
from hosts import FIXTURES, evidence, registry, scan_hosts

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library import scanning
from nimdoctor.model import Outcome, Severity, Topic
from nimdoctor.report import summary, text_report
from nimdoctor.report.scan_report import HEALTHY, Report

WAYS = {"pair": ("client", "master"), "client": ("client",), "master": ("master",)}
SCREENS = ((80, 24), (120, 40))
NAMES = scenarios.names()
NIMINFO = (FIXTURES / "healthy/client/files/etc/niminfo").read_text()


@cache
def ends_of(name: str) -> Tuple[Tuple[str, Report], ...]:
    trees = scenarios.scenario(name)
    given = {way: [RecordedEvidence(f"/tmp/{name}/{end}", trees[end]) for end in ends] for way, ends in WAYS.items()}
    return tuple((f"{name} {way}", scanning.scan(*given[way], registry=registry())) for way in WAYS)


def screen(report: Report, width: int = 80, height: int = 24, **more: bool) -> List[str]:
    return text_report.render(report, width=width, height=height, **more).splitlines()


def failing(report: Report):
    return report.with_outcome(Outcome.FAIL, Topic.OPERATION)


def of_niminfo(**files: str) -> Report:
    return scan_hosts(evidence(host="lpar7", role="client", files={"/etc/niminfo": NIMINFO, **files}))


@pytest.mark.parametrize("name", NAMES)
def test_every_screen_of_a_scenario_fits(name):
    for label, report in ends_of(name):
        for width, height in SCREENS:
            for every in (False, True):
                lines = screen(report, width, height, every=every)
                assert max(map(len, lines)) <= width, label
                for start in (report.verdict.upper(), "Cause:", "Next:"):
                    assert [line for line in lines[1 - height :] if line.startswith(start)], (label, start)
        problems = sum(summary.seen_before(report, one) is None for one in failing(report))
        lines = screen(report)
        assert len(lines) <= 40 or problems != 1, (label, len(lines))
        assert len(lines) <= 10 or report.verdict != HEALTHY or problems, (label, len(lines))


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_whole_on_every_screen(name):
    for label, report in ends_of(name):
        shown = "\n".join(screen(report, every=True))
        for check in {one.check for one in report.results}:
            assert check in shown, (label, check)


@pytest.mark.parametrize("name", NAMES)
def test_a_move_of_a_level_is_never_next_for_what_stops_no_push(name):
    for label, report in ends_of(name):
        if not [one for one in failing(report) if one.severity.rank >= Severity.MEDIUM.rank]:
            following = summary.head(report).next
            assert not re.search(r"move to|no fix of G", following), (label, following)


def test_what_is_told_of_one_object_from_both_ends_is_one_problem():
    pair = ends_of("client-uses-rsh")[0][1]
    assert len(failing(pair)) == 2
    assert summary.headline(pair).startswith("PROBLEMS, AND EXPOSED: 1 medium problem;")
    assert "   Same:     as 1, seen from here" in screen(pair)


def test_what_hangs_on_one_missing_thing_is_asked_for_in_one_line():
    report = of_niminfo()
    lines = screen(report)
    asked = [line.split("#")[0].strip() for line in lines[lines.index("What to send") :] if line.startswith("      ")]
    assert len(asked) == len(set(asked)) == len([one for one in report.to_send if not one.is_push])
    assert {"lssrc -a", "lslpp -lc", "cat /etc/services"} <= set(asked)
    assert not [line for line in lines if "was not collected" in line and line.startswith("   - ")]


def test_what_was_sent_and_is_well_is_said_to_be_and_the_rest_is_asked_for():
    head = summary.head(of_niminfo())
    assert head.cause == "none in what was sent: it is healthy (niminfo)"
    assert re.fullmatch(r'to say more: \d+ commands under "What to send", on lpar7 \(client\)', head.next)


def test_what_was_given_and_is_damaged_is_not_called_healthy():
    report = of_niminfo(**{"/etc/services": "\x00\x01"})
    assert report.problems and "healthy" not in summary.head(report).cause
    assert "given but not understood" in " ".join("\n".join(screen(report)).split())


def test_where_fixes_are_advice_the_first_page_says_so():
    for label, report in ends_of("nim-hardened"):
        assert [line for line in screen(report) if line.startswith("Fixes:    advice only")], label
    for label, report in ends_of("healthy"):
        assert not [line for line in screen(report) if line.startswith("Fixes:")], label


def test_a_command_that_is_wider_than_the_screen_copies_as_it_runs():
    lines = screen(ends_of("create-bio-hang")[0][1], 60)
    start = next(number for number, line in enumerate(lines) if line.startswith("Next:"))
    typed = ""
    for line in lines[start:]:
        typed += line[10:].rstrip("\\")
        if not line.endswith("\\"):
            break
    assert typed.split() == [
        "nimdoctor",
        "fix",
        "/tmp/create-bio-hang/client",
        "--master",
        "/tmp/create-bio-hang/master",
    ]
