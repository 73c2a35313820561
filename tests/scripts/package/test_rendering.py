"""A change package as text: short, plain ksh88, and nothing of what others wrote is ever read as shell."""

import os
import re
import subprocess
from pathlib import Path
from typing import Callable, Dict

import pytest
from programs import program
from shells import ALIASES, LACKING, SHELLS, shell_named

from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.planning.conditions import NotHardened
from nimdoctor.planning.document import Plan, Refusal, Treated
from nimdoctor.planning.fix import Options
from nimdoctor.planning.steps import RunCommand
from nimdoctor.scripts import ScriptEnd
from nimdoctor.scripts.package import change_package
from nimdoctor.scripts.package.library import functions

from ..conftest import both, plan_of, script_ends
from .conftest import Make, Package

HOSTS = {
    "client": ScriptEnd(None, "/var/adm/nimdoctor"),
    "master": ScriptEnd(None, "/var/adm/nimdoctor"),
}
LONGEST = {"rhosts-left-over": 255, "create-bio-hang": 385, "both-known-issues": 440, "create-bio-hang-master": 465}
"""Lines of the longest script of a plan."""


_COMMAND = r"(?:(?:^|&&|[|;({!)]|\b(?:then|do|else|elif|until|while|if)\b|\b(?:guard|see) '(?:[^'\n]|'\\'')*')[ \t]*)"
"""What stands before a command, and before a condition that guard and see are given."""


@pytest.fixture(scope="module")
def rendered(originals: Callable[[str], Lab]) -> Callable[[str], Dict[str, str]]:
    """The package for a lab, as it would be for real hosts."""

    def get(situation: str) -> Dict[str, str]:
        options = Options(only=("remove-rhosts",)) if situation == "rhosts-left-over" else Options()
        files = change_package(plan_of(originals(situation), options), HOSTS)
        return {name: content.decode("ascii") for name, content in files.items()}

    return get


@pytest.mark.parametrize("situation", LONGEST)
def test_scripts_are_plain_ksh88_and_no_longer_than_they_were(
    situation: str, rendered: Callable[[str], Dict[str, str]], tmp_path: "os.PathLike[str]"
) -> None:
    aliases = set(re.findall(r"(\w+)=", ALIASES))
    scripts = {name: text for name, text in rendered(situation).items() if name.endswith(".ksh")}
    assert max(text.count("\n") for text in scripts.values()) <= LONGEST[situation]
    for number, text in enumerate(scripts.values()):
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        assert code.startswith("unalias -a\n")
        assert not LACKING.search(re.sub(r"'[^']*'", "''", code))
        assert aliases.isdisjoint(re.findall(r"^(\w+)\(\)", code, re.M))
        with open(os.path.join(tmp_path, f"{number}.ksh"), "w", encoding="ascii") as stream:
            stream.write(text)
    # the longest has most of the library; the others have it in part
    longest = os.path.join(tmp_path, f"{max(enumerate(scripts.values()), key=lambda one: len(one[1]))[0]}.ksh")
    paths = [longest] if situation != "create-bio-hang-master" else sorted(map(str, Path(tmp_path).iterdir()))
    checked = subprocess.run([program("shellcheck"), "-s", "ksh", *paths], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout.decode()


@pytest.mark.parametrize("situation", LONGEST)
def test_a_script_has_the_functions_that_it_calls_and_no_other(
    situation: str, rendered: Callable[[str], Dict[str, str]]
) -> None:
    for name, text in rendered(situation).items():
        defined = set(re.findall(r"^([a-z_0-9]+)\(\)", text, re.M))
        code = re.sub(r"^\s*#.*|(?<=[{}]) # .*|^[a-z_0-9]+\(\)", "", text, flags=re.M)
        calls = set(re.findall(rf"{_COMMAND}(?=([a-z_0-9]+)(?:[ \t;)]|$))", code, re.M))
        assert defined <= {*calls, "main"}, (name, defined - calls)
        assert calls & set(functions()) <= defined, (name, calls & set(functions()) - defined)


def hostile(plan: Plan, evil: str) -> Plan:
    """The plan with that text wherever a text of others may stand."""
    steps = tuple(
        step._replace(
            title=evil, why=evil, effect=evil, undo=step.undo and evil, impact=evil, no_undo=step.no_undo and evil
        )
        for step in plan.steps
    )
    hosts = {where: host._replace(name=evil) for where, host in plan.hosts.items()}
    found = Treated("x", Role.CLIENT, evil, evil, evil, evil, ((evil, 1, evil),))
    return plan._replace(
        steps=steps,
        hosts=hosts,
        findings=(found,),
        pushes=(evil,),
        cautions=(evil,),
        options=plan.options._replace(change=evil),
    )


EVIL = (
    "'; touch {0}; '",
    "$(touch {0})`touch {0}`",
    "\ntouch {0}\n",
    '" ; touch {0} #',
    "\\'; touch {0}\r\ntouch {0}",
)


@pytest.mark.parametrize(("evil", "shell_name"), list(zip(EVIL, [*SHELLS, *SHELLS])))
def test_nothing_that_others_wrote_is_read_as_shell(
    evil: str, shell_name: str, lab_of: Callable[[str], Lab], tmp_path: "os.PathLike[str]"
) -> None:
    shell = shell_named(shell_name)
    lab = lab_of("nimsh-inactive")
    mark = os.path.join(tmp_path, "touched")
    made = Package(hostile(plan_of(lab), evil.format(mark)), script_ends(lab), os.path.join(tmp_path, "p"), shell)

    done = made.apply_all()

    assert [one.status for one in done] == [0], done
    assert made.run("client/rollback.ksh").status == 0
    assert not os.path.exists(mark)


def test_words_of_a_command_stay_words(lab_of: Callable[[str], Lab], dash: str, tmp_path: "os.PathLike[str]") -> None:
    lab = lab_of("nimsh-inactive")
    plan = plan_of(lab)
    mark = os.path.join(tmp_path, "touched")
    words = ("startsrc", "-s", f"nimsh; touch {mark}", "$(touch " + mark + ")")
    step = plan.steps[0]._replace(do=RunCommand(words, 10), verify=(), no_undo="nothing")
    made = Package(plan._replace(steps=(step,)), script_ends(lab), os.path.join(tmp_path, "p"), dash)

    assert made.apply_all()[0].status == 1
    assert not os.path.exists(mark)


def test_a_host_that_the_plan_found_hardened_is_refused(
    lab_of: Callable[[str], Lab], dash: str, tmp_path: "os.PathLike[str]"
) -> None:
    lab = lab_of("both-known-issues")
    plan = plan_of(lab)
    plan = plan._replace(refusals=(Refusal("", NotHardened(Role.CLIENT).words(), "it is of generation G2"),))
    made = Package(plan, script_ends(lab), os.path.join(tmp_path, "p"), dash)
    before = both(lab)

    refused = made.apply("client/apply.ksh")

    assert refused.status == 1 and "Seen: it is of generation G2" in refused.err, refused
    assert both(lab) == before


def test_what_is_opened_for_a_time_is_closed_when_the_other_end_has_done_its_part(
    lab_of: Callable[[str], Lab], package: Make, dash: str
) -> None:
    lab = lab_of("tftp-disabled")
    before = both(lab)[1]
    made = package(lab, dash, Options(transient_tftp=True))
    with subprocess.Popen(
        made.command("master/apply.ksh", "--yes"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as opened:
        assert opened.stdin and opened.stdout
        said = b""
        while not said.endswith(b"press return: "):
            said += opened.stdout.read(1) or pytest.fail(said.decode())
        assert made.apply("client/apply.ksh").status == 0
        out, _ = opened.communicate(b"\n", timeout=60)
    assert opened.returncode == 0 and b"switch tftp off again" in out
    assert both(lab)[1] == before
    assert b"inoperative" in lab.run("master", "lssrc", "-t", "tftp").stdout
