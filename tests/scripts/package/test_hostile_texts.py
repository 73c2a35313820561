"""What others wrote reaches a command as it is, a person as a line of ASCII, and a shell or a directory not at all."""

import os
import re
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from programs import program

from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.planning import conditions as c
from nimdoctor.planning.document import Affected, Plan, PlanHost, Treated
from nimdoctor.planning.steps import RUN, Change, Move, Phase, Remove, RunCommand, Step, Subsystem, Transient, Undo
from nimdoctor.scripts import ScriptEnd
from nimdoctor.scripts.package import change_package

from ..conftest import Again
from ..host_states import asked
from .conftest import Package
from .test_edits import edit_step

HOSTILE = "'; touch /tmp/nimdoctor-was-here; `id` $(id) ${HOME} \\ \" \n# x\ntouch /tmp/nimdoctor-was-here\r\nrm -rf \x1b[31m \u2028 ä *"
C, M = Role.CLIENT, Role.MASTER


def hostile_plan() -> Plan:
    """A plan in which every text is hostile."""
    run = Step(
        where=C,
        phase=Phase.CRYPTO_ON,
        title=HOSTILE,
        do=RunCommand(("record", HOSTILE, "-n", "", "a b"), 30, (Undo(argv=("record", HOSTILE)),)),
        why=HOSTILE,
        effect=HOSTILE,
        before=(c.FileAbsent(C, f"/etc/{HOSTILE}"),),
        verify=(c.FileAbsent(C, "/etc/nothing"),),
        undo=HOSTILE,
        impact=HOSTILE,
        risk=HOSTILE,
        fixes=(HOSTILE,),
        checks=("check",),
        id=f"1-{HOSTILE}",
    )
    treated = Treated("check", C, HOSTILE, HOSTILE, HOSTILE, "fix", ((HOSTILE, 3, HOSTILE), (HOSTILE, None, "")))
    return Plan(
        hosts={C: PlanHost(HOSTILE, "root:/x", "00F6", None)},
        checks=("check",),
        steps=(run,),
        findings=(treated,),
        affects=Affected((HOSTILE, "../../etc/x", "lpar9"), HOSTILE, ((HOSTILE, "-c"),)),
        cautions=(HOSTILE,),
        pushes=(HOSTILE,),
    )


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A host below a directory of a hostile name."""
    place = tmp_path / 'it\'s a "root" $(id)'
    for directory in ("etc", "usr/bin", "usr/sbin", "var/adm"):
        (place / directory).mkdir(parents=True)
    for name, body in (
        ("record", 'printf "[%s]" "$@" >> "$NIMDOCTOR_ROOT/recorded"'),
        ("uname", "case $1 in -m) echo 00F6 ;; *) echo AIX ;; esac"),
    ):
        (place / "usr/bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (place / "usr/bin" / name).chmod(0o755)
    return str(place)


def test_hostile_texts_reach_a_command_as_they_are_and_nothing_else(root: str, shell: str, tmp_path: Path) -> None:
    made = Package(hostile_plan(), {"client": ScriptEnd(root, root + "/var/adm/nimdoctor")}, str(tmp_path / "p"), shell)

    done = made.run("apply.ksh", "--yes", "--affects", "3")

    assert done.status == 0, done
    with open(root + "/recorded", encoding="utf-8", newline="") as stream:
        assert stream.read() == f"[{HOSTILE}][-n][][a b]"
    assert "\x1b" not in done.out
    assert made.run("rollback.ksh").status == 0
    assert not os.path.exists("/tmp/nimdoctor-was-here")


def test_files_of_hostile_names_stay_inside() -> None:
    files = change_package(hostile_plan(), {})

    for name in files:
        assert re.fullmatch(r"(clients/)?[A-Za-z0-9_][A-Za-z0-9_.@+-]*", name), name
    assert "clients/lpar9.ksh" in files


def test_what_people_read_is_lines_of_ascii(root: str) -> None:
    files = change_package(hostile_plan(), {"client": ScriptEnd(root, root + "/state")})

    for line in files["README"].decode("utf-8").split("\n"):
        assert re.fullmatch(r"[ -~]*", line), line
    for name in ("apply.ksh", "rollback.ksh"):
        for line in files[name].decode("utf-8").split("\n"):
            if line.lstrip().startswith("#"):
                assert re.fullmatch(r"[\t -~]{1,210}", line), line


def everything(lab: Lab) -> Plan:
    """A plan with every kind of step and of condition."""
    edit = edit_step(b"a\n", [Change(1, "a", "b'\\\"%s"), Change(0, None, "\xe4"), Change(1, None, "c")], "inetd")
    host = PlanHost("nim1", "", None, "7100-04-08-1914")
    undo = (Undo(argv=("nimclient", "-C")), Undo(new=("/ssl_nimsh/certs/*",)), Undo(start="nimsh"))
    conditions = (
        *(one for one in asked(lab) if one.shell()),
        c.TftpAnswers(M, "nim1", 69),
        c.CertificateNew(C),
        c.CertificateNew(M),
    )
    moved = Move("/ssl_nimsh", f"/ssl_nimsh_old.{RUN}")
    half = f"/ssl_nimsh_half.{RUN}"
    steps = (
        edit._replace(do=Transient(edit=edit.do), id="open", before=conditions),  # type: ignore[arg-type]
        edit,
        edit._replace(do=Move("/etc/niminfo", f"/etc/niminfo.old.{RUN}"), id="move"),
        edit._replace(do=Remove("/usr/lib/libssl.so.0.9.8"), id="remove"),
        edit._replace(do=RunCommand(("nimclient", "-c"), 300, undo, undo), id="run"),
        edit._replace(do=RunCommand(("nimconfig", "-C"), 600), undo="", no_undo="no", id="off", leg="leg"),
        edit._replace(do=moved, undo="", no_undo="no", id="aside", leg="leg", verify=(c.FileAbsent(M, "/ssl_nimsh"),)),
        edit._replace(
            do=RunCommand(("nimconfig", "-c"), 600, half_made=half), undo="", no_undo="no", id="on", leg="leg"
        ),
        edit._replace(do=Subsystem("nimsh", "start"), id="start"),
        edit._replace(do=Subsystem("nimsh", "restart"), undo="", no_undo="no", id="restart"),
        edit._replace(
            where=C, do=Subsystem("nimsh", "start"), before=conditions, verify=(c.CertificateNew(C),), id="other"
        ),
        edit._replace(do=Transient(of="open"), id="close", then=(c.NobodyFetches(M),)),
    )
    affects = Affected(("lpar8",), "why", (("nimclient", "-C"),))
    return Plan({C: host, M: host._replace(name="lpar7")}, (), steps, affects=affects)


def test_scripts_are_clean_for_shellcheck_whatever_they_hold(labs: Callable[[str], Again], tmp_path: Path) -> None:
    again = labs("stale-ssl-libs")
    again.put_back()
    paths = []
    for number, plan in enumerate((hostile_plan(), everything(again.lab))):
        for name, content in change_package(plan, {}).items():
            if name.endswith(".ksh"):
                paths.append(tmp_path / f"{number}.{name.replace('/', '.')}")
                paths[-1].write_bytes(content)
    assert len(paths) > 8

    done = subprocess.run([program("shellcheck"), "-s", "ksh", *map(str, paths)], capture_output=True, text=True)

    assert not done.stdout, done.stdout[:4000]
