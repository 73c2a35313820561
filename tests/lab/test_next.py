"""What a report says to do next, done in the lab: by hand as it is printed, or by the plan that it names."""

import itertools
import json
import os
import re
import shlex
from typing import Callable

import pytest
from effort import EVERYTHING, one_in

from nimdoctor.cli import main
from nimdoctor.lab import SCENARIOS, Lab
from nimdoctor.library.scanning import Report
from nimdoctor.model import Outcome, Role
from nimdoctor.report import summary

from .test_scenarios import JOINED

ALONE = one_in(3, SCENARIOS)
PAIRS = ["+".join(pair) for pair in itertools.combinations([name for name in SCENARIOS if name != "healthy"], 2)]
TOGETHER = one_in(4, [*JOINED, *(PAIRS if EVERYTHING else PAIRS[7::40])])


def typed(lab: Lab, where: Role, line: str) -> None:
    """Types a line on that end as root would: the rest of it only where what comes before `&&` worked."""
    for part in re.split(r"; ", line):
        for words in map(shlex.split, part.split(" && ")):
            if not _does(lab, where, words):
                break


def _does(lab: Lab, where: Role, words: "list[str]") -> bool:
    root = lab.tree(where.value)
    if words[:3] == ["test", "!", "-e"]:
        return not os.path.lexists(root + words[3])
    if words[0] == "mv":
        os.rename(root + words[1], root + words[2])
    elif words[0] == "rm":
        for path in words[1:]:
            os.unlink(root + path)
    elif words[0] == "chmod":
        os.chmod(root + words[2], int(words[1], 8))
    else:
        return lab.run(where.value, *words).status == 0
    return True


def follow(lab: Lab, scan: Callable[[Lab], Report], capsys: pytest.CaptureFixture) -> None:
    """Does what comes next, and asserts that it has the effect that the report says."""
    report = scan(lab)
    first, following = report.first, summary.next_command(report)
    if following.command is None or first is None:
        assert summary.head(report).next, "a person is told what to decide, or that nothing is to be done"
        return
    way = report.way(first)
    if way is None or not way.steps:
        # what only looks, or what must be settled before
        assert not re.search(r"nimclient -[cC]|nimconfig -[cC]|\brm\b|\bmv\b", following.command), following
        return
    words = shlex.split(summary.head(report).plan)[1:]
    capsys.readouterr()
    assert main([*words, "--format", "json"]) == 1
    plan = json.loads(capsys.readouterr().out)
    assert any(first.check in step["checks"] for step in plan["steps"]), "the plan that is named treats it"
    if not way.typed:
        # an editor is no stand-in of the lab; what the plan does is what other tests apply
        assert following.where is None
        return
    for where, line in way.steps:
        typed(lab, where, line)
    after = scan(lab)
    again = [one for one in after.results if one.check == first.check and one.where is first.where]
    assert Outcome.FAIL not in [one.outcome for one in again], (way.steps, [one.message for one in again])
    open_ = [one for one in again if one.outcome is Outcome.UNKNOWN]
    for one in open_:
        assert one.settled_by is not None and one.settled_by.argv is not None
        assert lab.run("master", *one.settled_by.argv).status == 0 and lab.connect() == "nimsh (secure)"


@pytest.mark.parametrize("scenario", ALONE)
def test_what_comes_next_does_what_it_says(scenario, lab_of, scan, capsys):
    follow(lab_of(scenario), scan, capsys)


@pytest.mark.parametrize("scenario", TOGETHER)
def test_what_comes_next_does_what_it_says_where_two_things_are_the_matter(scenario, scan, capsys):
    with Lab.build(scenario) as lab:
        follow(lab, scan, capsys)
