"""What somebody must know who approves a change: in the README, and above each step of a script."""

import re
from typing import Callable, Dict

import pytest

from nimdoctor.lab import Lab
from nimdoctor.planning.document import Plan
from nimdoctor.planning.fix import Options
from nimdoctor.scripts.package import change_package
from nimdoctor.scripts.quoting import printable, quoted

from ..conftest import plan_of


@pytest.fixture(scope="module")
def recycle(originals: Callable[[str], Lab]) -> Plan:
    return plan_of(originals("create-bio-hang-master"))


def texts(plan: Plan) -> Dict[str, str]:
    return {name: content.decode() for name, content in change_package(plan, {}).items()}


def test_each_step_is_explained(recycle: Plan) -> None:
    scripts = {name: text for name, text in texts(recycle).items() if name.endswith("apply.ksh")}
    assert len(scripts) == 2
    for name, text in scripts.items():
        headings = [one.split("\n    step ", 1) for one in re.split(r"(?m)^ *# ---- \d+ of \d+", text)[1:]]
        mine = [step for step in recycle.steps if name.startswith(step.where.value)]
        assert len(headings) == len(mine) > 0
        for step, (heading, rest) in zip(mine, headings):
            assert quoted(printable(step.title)) in rest.split("\n", 1)[0]
            assert f"# why: {step.why}"[:80] in heading and "# undo: " in heading and f"risk: {step.risk}" in heading


def test_the_readme_says_what_somebody_must_know_to_approve_it(recycle: Plan) -> None:
    text = texts(recycle)["README"]

    assert "NOT YET RUN ON AIX" in text and recycle.id in text
    assert "| /var/adm/ras/nimsh.log line" in text
    assert text.index("POINT OF NO RETURN") < text.index("1. master: switch SSL off on the master")
    assert "lpar8: clients/lpar8.ksh" in text
    assert "ksh master/apply.ksh --affects 1" in text and "rollback.ksh" in text
    for step in recycle.steps:
        assert step.title in text
    for word in ("needs", "shown by", "effect", "undo", "risk", "WHY", "IMPACT", "ORDER", "TEST", "BACK-OUT", "LACKS"):
        assert word in text


def test_the_readme_shows_diffs_and_the_order_of_hosts(originals: Callable[[str], Lab]) -> None:
    text = texts(plan_of(originals("tftp-disabled"), Options(transient_tftp=True)))["README"]

    assert re.search(r"^ +-#tftp.*\n +\+tftp", text, re.MULTILINE)
    commands = re.findall(r"^    on (\S+): ksh (\S+)", text, re.MULTILINE)
    assert commands == [
        ("lpar7", "client/check.ksh"),
        ("nim1", "master/apply.ksh"),
        ("nim1", "master/check.ksh"),
        ("lpar7", "client/apply.ksh"),
    ]
