"""Over random small trees the rendered scripts end as the Python executor does: applied, applied again, taken back."""

import contextlib
import io
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shells import SHELLS, shell_named

from nimdoctor.applying.execute import Executor
from nimdoctor.applying.rollback import Rollback
from nimdoctor.applying.runs import every
from nimdoctor.cli import main
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.live import LiveHost
from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.model.private_keys import holds_private_key
from nimdoctor.planning.conditions import FileAbsent, FileIs, LibraryCopyIs, Renamable
from nimdoctor.planning.document import Plan, PlanHost
from nimdoctor.planning.ends import End, Ends
from nimdoctor.planning.steps import RUN, Change, Move, Phase, Remove, Step, make_edit, unchanged, written
from nimdoctor.planning.steps import edited as edited_bytes
from nimdoctor.scripts import ScriptEnd, render
from nimdoctor.system.host_files import HostFiles


def quiet(*words):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(list(words))


def script(shell, path, *words):
    return subprocess.run(
        [shell_named(shell), path, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_written_by_the_command_line_run_as_they_are_and_roll_back(shell):
    with Lab.build("tftp-disabled") as lab:
        original = [lab.snapshot(end) for end in ("client", "master")]
        scripts = os.path.join(lab.place, "scripts")
        assert quiet("fix", lab.client_target, "--master", lab.master_target, "--script", scripts) == 1
        assert sorted(os.listdir(scripts)) == ["README", "client", "master", "plan.json"]
        for name in ("client/check.ksh", "master/apply.ksh", "master/check.ksh", "client/apply.ksh"):
            ran = script(shell, f"{scripts}/{name}", "--yes")
            assert ran.returncode == 0, ran.stdout + ran.stderr
        assert quiet("scan", lab.client_target, "--master", lab.master_target, "--check", "tftp-disabled") == 0
        for name in ("client/rollback.ksh", "master/rollback.ksh"):
            ran = script(shell, f"{scripts}/{name}")
            assert ran.returncode == 0, ran.stdout + ran.stderr
        assert [lab.snapshot(end) for end in ("client", "master")] == original


# -- random small trees

LINES = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\n\r"), max_size=12).map(
    lambda line: line.encode("iso8859-1")
)
CONTENTS = (
    st.lists(LINES, min_size=1, max_size=6)
    .flatmap(
        lambda lines: st.sampled_from([b"\n".join(lines), b"\n".join(lines) + b"\n", b"\r\n".join(lines) + b"\r\n"])
    )
    .filter(lambda raw: not holds_private_key(raw))
)
# what holds a key is refused before anything is rendered
LIBRARIES = st.binary(max_size=40).filter(lambda raw: not holds_private_key(raw))
MODES = st.sampled_from([0o644, 0o600, 0o444, 0o755, 0o640, 0o4755])


@st.composite
def trees(draw):
    """Files of a tree with their modes, and a plan that edits, removes and renames some of them."""
    files = {
        "/etc/inetd.conf": (draw(CONTENTS), draw(MODES)),
        "/.rhosts": (draw(CONTENTS), draw(MODES)),
        "/etc/niminfo": (draw(CONTENTS), draw(MODES)),
        "/usr/lib/libssl.so.0.9.8": (draw(LIBRARIES), draw(MODES)),
        "/usr/lib/libcrypto.so.0.9.8": (draw(LIBRARIES), draw(MODES)),
    }
    steps = []
    for path in ("/etc/inetd.conf", "/.rhosts"):
        changes = draw(edits(files[path][0]))
        if changes and edited_bytes(files[path][0], changes) != files[path][0]:
            edit = make_edit(path, files[path][0], changes)
            steps.append(
                step(Phase.TFTP, edit, (unchanged(Role.CLIENT, edit),), (written(Role.CLIENT, edit),), "bytes back")
            )
    for path in draw(st.sets(st.sampled_from(["/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8"]))):
        before = (LibraryCopyIs(Role.CLIENT, path, len(files[path][0])),)
        steps.append(step(Phase.LIBRARIES, Remove(path), before, (FileAbsent(Role.CLIENT, path),), "copy back"))
    if draw(st.booleans()):
        move = Move("/etc/niminfo", f"/etc/niminfo.old.{RUN}")
        before = (Renamable(Role.CLIENT, move.path, move.to),)
        steps.append(step(Phase.IDENTITY, move, before, (FileAbsent(Role.CLIENT, move.path),), "renamed back"))
    return files, [one._replace(id=f"{number}-client") for number, one in enumerate(steps, 1)]


@st.composite
def edits(draw, content):
    lines = content.decode("iso8859-1").split("\n")
    if lines[-1] == "" and len(lines) > 1:
        lines.pop()
    changes = []
    for number, line in enumerate(lines, 1):
        what = draw(st.sampled_from(["keep", "keep", "change", "drop", "add"]))
        new = draw(LINES).decode("iso8859-1")
        old = line[:-1] if line.endswith("\r") else line
        if what == "change":
            changes.append(Change(number, old, new))
        elif what == "drop" and len(lines) > 1:
            changes.append(Change(number, old, None))
        elif what == "add":
            changes.append(Change(number, None, new))
    return changes


def step(phase, do, before, verify, undo):
    return Step(
        Role.CLIENT, phase, "a step", do, "it's a 'test'; $(x) `y`", "as said", before, (), verify, undo,
        fixes=("remove-rhosts",),
    )  # fmt: skip


def grow(place, files):
    for directory in ("etc", "usr/lib", "usr/bin", "usr/sbin", "var/adm"):
        Path(place, directory).mkdir(parents=True)
    for path, (content, mode) in files.items():
        target = Path(place + path)
        target.write_bytes(content)
        target.chmod(mode)


def shown(place):
    found = {}
    for path in sorted(Path(place).rglob("*")):
        name = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{4}", "RUN", str(path)[len(place) :])
        if path.is_file() and not name.startswith("/var/adm/nimdoctor"):
            found[name] = (path.read_bytes(), path.stat().st_mode & 0o7777, path.stat().st_uid)
    return found


def plan_for(place, steps):
    target = f"root:{place}"
    ends = Ends(
        {
            Role.CLIENT: End(
                Role.CLIENT,
                target,
                lambda: LiveHost(place),
                ("client",),
                HostFiles(place),
                f"{place}/var/adm/nimdoctor",
            )
        },
        Catalog(),
    )
    return Plan({Role.CLIENT: PlanHost("lpar7", target, None, None)}, (), tuple(steps)), ends


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees().filter(lambda made: made[1]))
def test_over_random_trees_script_and_executor_end_alike_and_both_go_back(shell, made):
    files, steps = made
    with tempfile.TemporaryDirectory() as place:
        place = os.path.realpath(place)
        ours, theirs = f"{place}/ours", f"{place}/theirs"
        for tree in (ours, theirs):
            grow(tree, files)
        original = shown(ours)
        plan, ends = plan_for(ours, steps)
        result = Executor(plan, ends, Role.CLIENT, rescan=list).apply([])
        assert result.state == "complete", result

        plan, _ = plan_for(theirs, steps)
        rendered = render(plan.as_dict(), {"client": ScriptEnd(theirs, f"{theirs}/var/adm/nimdoctor", True)})
        for name in ("apply.ksh", "rollback.ksh"):
            Path(place, name).write_bytes(rendered.files[name])
        for _ in range(2):
            ran = script(shell, f"{place}/apply.ksh")
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert shown(theirs) == shown(ours)

        (run,) = every(ends.ends[Role.CLIENT].state)
        assert Rollback(run, ends, Role.CLIENT).roll_back().good
        assert shown(ours) == original
        ran = script(shell, f"{place}/rollback.ksh")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert shown(theirs) == original


def test_an_edit_that_is_planned_says_what_the_file_must_hold():
    edit = make_edit("/etc/inetd.conf", b"#tftp\n", [Change(1, "#tftp", "tftp")])
    assert isinstance(unchanged(Role.CLIENT, edit), FileIs) and edit.apply_to(b"#tftp\n") == b"tftp\n"
