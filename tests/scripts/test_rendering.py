"""What is rendered: clean for shellcheck, safe from hostile evidence, readable for change management."""

import os
import re
import subprocess
from typing import Callable, Dict, Tuple

import pytest
from programs import program
from shells import LACKING

from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.planning import conditions as c
from nimdoctor.planning.document import Affected, Plan, PlanHost, Treated
from nimdoctor.planning.fix import Options
from nimdoctor.planning.steps import RUN, Change, Move, Phase, Remove, RunCommand, Step, Subsystem, Transient, Undo
from nimdoctor.scripts import ScriptEnd, render
from nimdoctor.scripts.library import functions

from .conftest import Again, Make, Scripts, script_ends
from .test_conditions import asked
from .test_edits import edit_step

HOSTILE = "'; touch /tmp/nimdoctor-was-here; `id` $(id) ${HOME} \\ \" \n# x\ntouch /tmp/nimdoctor-was-here\r\nrm -rf \x1b[31m \u2028 ä *"
NAMED = "x" + HOSTILE.split("\n")[0].rstrip()
C, M = Role.CLIENT, Role.MASTER


def hostile_plan(root: str) -> Plan:
    """A plan in which every text is hostile."""
    run = Step(
        where=C,
        phase=Phase.CRYPTO_ON,
        title=HOSTILE,
        do=RunCommand(("record", HOSTILE, "-n", "", "a b"), 30, (Undo(argv=("record", HOSTILE)),), half_made=HOSTILE),
        why=HOSTILE,
        effect=HOSTILE,
        before=(c.NimInfoSays(C, "NIM_NAME", NAMED), c.FileAbsent(C, f"/etc/{HOSTILE}")),
        verify=(c.FileAbsent(C, "/etc/nothing"),),
        undo=HOSTILE,
        impact=HOSTILE,
        risk=HOSTILE,
        leg="",
        fixes=(HOSTILE,),
        checks=("check",),
        id=f"1-{HOSTILE}",
    )
    treated = Treated("check", C, HOSTILE, HOSTILE, HOSTILE, "fix", ((HOSTILE, 3, HOSTILE), (HOSTILE, None, "")))
    hosts = {C: PlanHost(HOSTILE, f"root:{root}", HOSTILE, None)}
    return Plan(
        hosts=hosts,
        checks=("check",),
        steps=(run,),
        findings=(treated,),
        affects=Affected((HOSTILE, "../../etc/x", "lpar9"), HOSTILE, ((HOSTILE, "-c"),)),
        cautions=(HOSTILE,),
        pushes=(HOSTILE,),
    )


@pytest.fixture
def hostile(tmp_path: "os.PathLike[str]") -> Tuple[str, Plan]:
    root = os.path.join(tmp_path, 'it\'s a "root" $(id)')
    for directory in ("/etc", "/usr/bin", "/usr/sbin"):
        os.makedirs(root + directory)
    with open(root + "/etc/niminfo", "w", encoding="utf-8") as stream:
        stream.write(f"NIM_NAME={NAMED}\n")
    with open(root + "/usr/bin/record", "w", encoding="ascii") as stream:
        stream.write('#!/bin/sh\nprintf "[%s]" "$@" >> "$NIMDOCTOR_ROOT/recorded"\n')
    os.chmod(root + "/usr/bin/record", 0o755)
    return root, hostile_plan(root)


def test_hostile_texts_reach_a_command_as_they_are_and_nothing_else(
    hostile: Tuple[str, Plan], shell: str, tmp_path: "os.PathLike[str]"
) -> None:
    root, plan = hostile
    ends = {"client": ScriptEnd(root, root + "/var/adm/nimdoctor", True)}
    made = Scripts(plan.as_dict(), ends, os.path.join(tmp_path, "scripts"), shell)

    done = made.apply()

    assert done.status == 0, done
    with open(root + "/recorded", encoding="utf-8", newline="") as stream:
        assert stream.read() == f"[{HOSTILE}][-n][][a b]"
    assert not os.path.exists("/tmp/nimdoctor-was-here")
    assert "\x1b" not in done.out
    assert made.roll_back().status == 0
    assert not os.path.exists("/tmp/nimdoctor-was-here")


def test_files_of_hostile_names_stay_inside(hostile: Tuple[str, Plan]) -> None:
    root, plan = hostile

    files = render(plan.as_dict(), {"client": ScriptEnd(root, root + "/state", True)}).files

    for name in files:
        assert re.fullmatch(r"(clients/)?[A-Za-z0-9_][A-Za-z0-9_.@+-]*", name), name
    assert "clients/lpar9.ksh" in files


def test_evidence_stays_in_comments(hostile: Tuple[str, Plan]) -> None:
    root, plan = hostile
    files = render(plan.as_dict(), {"client": ScriptEnd(root, root + "/state", True)}).files

    for line in files["rollback.ksh"].decode("utf-8").split("\n"):
        if line.startswith("#   | "):
            assert re.fullmatch(r"[ -~]{1,210}", line), line
    for line in files["README"].decode("utf-8").split("\n"):
        assert re.fullmatch(r"[ -~]*", line), line


def texts_of(plan: Plan) -> Dict[str, str]:
    ends = {name: ScriptEnd(None, "/var/adm/nimdoctor", True) for name in ("client", "master")}
    return {name: text.decode("utf-8") for name, text in render(plan.as_dict(), ends).files.items()}


def everything(lab: Lab) -> Plan:
    """A plan with every kind of step and of condition."""
    edit = edit_step(b"a\n", [Change(1, "a", "b'\\\"%s"), Change(0, None, "\xe4"), Change(1, None, "c")], "inetd")
    host = PlanHost("nim1", "", None, "7100-04-08-1914")
    undo = (Undo(argv=("nimclient", "-C")), Undo(new=("/ssl_nimsh/certs/*",)), Undo(start="nimsh"))
    conditions = (*asked(lab), c.TftpAnswers(M, "nim1", 69), c.CertificateNew(C))
    steps = (
        edit._replace(do=Transient(edit=edit.do), id="open", before=conditions),  # type: ignore[arg-type]
        edit,
        edit._replace(do=Move("/etc/niminfo", f"/etc/niminfo.old.{RUN}"), id="move"),
        edit._replace(do=Remove("/usr/lib/libssl.so.0.9.8"), id="remove"),
        edit._replace(
            do=RunCommand(("nimclient", "-c"), 300, undo, undo, f"/ssl_nimsh_half.{RUN}"), id="run", leg="leg"
        ),
        edit._replace(do=Subsystem("nimsh", "start"), id="start"),
        edit._replace(do=Subsystem("nimsh", "restart"), undo="", no_undo="no", id="restart"),
        edit._replace(do=Transient(of="open"), id="close", then=(c.NobodyFetches(M),)),
    )
    return Plan({C: host, M: host}, (), steps, affects=Affected(("lpar8",), "why", (("nimclient", "-C"),)))


def test_scripts_are_clean_for_shellcheck(
    labs: Callable[[str], Again], hostile: Tuple[str, Plan], tmp_path: "os.PathLike[str]"
) -> None:
    shellcheck = program("shellcheck")
    labs("stale-ssl-libs").put_back()
    paths = []
    for number, plan in enumerate((hostile[1], everything(labs("stale-ssl-libs").lab))):
        for name, text in texts_of(plan).items():
            if name in ("apply.ksh", "rollback.ksh", "clients/lpar8.ksh"):
                paths.append(os.path.join(tmp_path, f"{number}-{os.path.basename(name)}"))
                with open(paths[-1], "w", encoding="utf-8", newline="") as stream:
                    stream.write(text)

    for dialect, some in (("sh", paths), ("ksh", [path for path in paths if path.endswith("1-apply.ksh")])):
        done = subprocess.run([shellcheck, "-s", dialect, *some], capture_output=True, text=True)
        assert not done.stdout, done.stdout[:4000]


def test_scripts_hold_nothing_that_ksh88_lacks(labs: Callable[[str], Again]) -> None:
    labs("stale-ssl-libs").put_back()

    for name, text in texts_of(everything(labs("stale-ssl-libs").lab)).items():
        code = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
        if name.endswith(".ksh"):
            assert not [line for line in code if LACKING.search(line)]


def test_every_shell_function_can_be_called_by_some_script() -> None:
    """A part's functions begin and end at the margin, so that they are found, and have names of their own."""
    names = [name for part in ("host.sh", "facts.sh", "hands.sh") for name in functions(part)]

    assert len(names) == len(set(names)) > 60
    for part in ("apply.sh", "rollback.sh"):
        assert "main" in functions(part)
        assert not set(functions(part)) & set(names)


def test_each_step_is_explained_by_its_finding(lab_of: Callable[[str], Lab], scripts: Make) -> None:
    made = scripts(lab_of("create-bio-hang-master"), "/bin/sh")

    for name in ("apply.ksh", "rollback.ksh"):
        text = made.texts[name]
        for number in range(1, 6):
            heading = text.split(f"# --- step {number} of 5", 1)[1].split("\n\n", 1)[0]
            assert "# why: " in heading and "# undo: " in heading
            assert "#   | /var/adm/ras/nimsh.log line " in heading and "create BIO" in heading


def test_the_readme_says_what_somebody_must_know_to_approve_it(lab_of: Callable[[str], Lab], scripts: Make) -> None:
    made = scripts(lab_of("create-bio-hang-master"), "/bin/sh")
    text = made.texts["README"]

    assert "NOT YET RUN ON AIX" in text
    assert made.document["id"] in text
    assert "| /var/adm/ras/nimsh.log line" in text
    assert text.index("POINT OF NO RETURN") < text.index("1. master: switch SSL off on the master")
    assert "lpar8: clients/lpar8.ksh" in text
    assert "ksh ./apply.ksh --affects 1" in text
    assert "ksh ./rollback.ksh" in text
    for step in made.document["steps"]:
        assert step["title"] in text
    for word in ("needs", "proved by", "effect", "undo", "risk", "WHAT IT REFUSES", "HOW TO ROLL BACK"):
        assert word in text


def test_the_readme_shows_diffs_and_the_order_of_hosts(lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, "/bin/sh", Options(transient_tftp=True), script_ends(lab, here=()))
    text = made.texts["README"]

    assert re.search(r"^ +-#tftp.*\n +\+tftp", text, re.MULTILINE)
    commands = re.findall(r"^ +(ksh \./apply\.ksh .*?) +\(on the", text, re.MULTILINE)
    assert commands == ["ksh ./apply.ksh master", "ksh ./apply.ksh client", "ksh ./apply.ksh master --next"]


def test_a_step_or_condition_that_no_script_knows_is_not_rendered() -> None:
    plan = Plan(
        hosts={M: PlanHost("nim1", "", None, None)}, checks=(), steps=(edit_step(b"a\n", [Change(1, "a", "b")]),)
    )
    document = plan.as_dict()
    document["steps"][0]["before"].append({"kind": "moon-is-full", "says": "the moon is full", "where": "master"})

    with pytest.raises(ValueError, match="a script cannot answer that the moon is full"):
        render(document, {"master": ScriptEnd(None, "/var/adm/nimdoctor", True)})


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/../etc/passwd", "/usr/lib/libc.a", "etc/inetd.conf"])
def test_no_other_path_is_rendered(path: str) -> None:
    step = edit_step(b"a\n", [Change(1, "a", "b")])._replace(do=Remove(path))
    plan = Plan(hosts={M: PlanHost("nim1", "", None, None)}, checks=(), steps=(step,))

    with pytest.raises(ValueError, match="none of the paths"):
        texts_of(plan)
