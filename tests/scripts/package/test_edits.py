"""The edits of a package, which awk does, leave the same bytes as edits in Python."""

import os
import subprocess
from pathlib import Path
from typing import List, Sequence, Tuple

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shells import SHELLS, shell_named

from nimdoctor.model import Role
from nimdoctor.planning.document import Plan, PlanHost
from nimdoctor.planning.steps import Change, Phase, Step, edited, make_edit, unchanged, written
from nimdoctor.scripts import ScriptEnd
from nimdoctor.scripts.package.library import called_by
from nimdoctor.scripts.package.lines import forward
from nimdoctor.scripts.package.part import parts_of

from .conftest import Package

CONF = "/etc/inetd.conf"
LINES = st.one_of(
    st.sampled_from(
        ["ftp\tstream\ttcp6\tnowait\troot\t/usr/sbin/ftpd\tftpd", "#tftp  dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n"]
    ),
    st.sampled_from(["", " ", "#", "'", '"', "\\", "\\n", "$x `id` $(id)", "%s%d", "1.0", "01", "1", "a\rb", "&", "\t"]),
    st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\n"), max_size=12),
)  # fmt: skip


def edit_step(content: bytes, changes: Sequence[Change], rereads: str = "") -> Step:
    edit = make_edit(CONF, content, changes, rereads)
    return Step(
        where=Role.MASTER,
        phase=Phase.TFTP,
        title="change some lines",
        do=edit,
        why="a test",
        effect="changed",
        before=(unchanged(Role.MASTER, edit),),
        verify=(written(Role.MASTER, edit),),
        undo="the former bytes",
        id="1-master-edit",
    )


def plan_of_steps(*steps: Step) -> Plan:
    return Plan(hosts={Role.MASTER: PlanHost("nim1", "root:/somewhere", "", None)}, checks=(), steps=steps)


def by_awk(shell: str, step: Step, root: Path) -> "subprocess.CompletedProcess[bytes]":
    """What the edit as a package writes it makes of the file."""
    (part,) = parts_of(plan_of_steps(step), {})
    line = next(line for line in forward(1, step, part) if line.startswith("edit "))
    own = f"put_back() {{ exit 1; }}\n{line}\n"
    script = f"R={root} STATE={root}/state WORK={root}/state\nLC_ALL=C\nexport LC_ALL\n{''.join(called_by(own))}{own}"
    return subprocess.run([shell_named(shell), "-c", script, shell], capture_output=True, timeout=20)


def root_of(place: Path, content: bytes) -> Path:
    """A host below a directory, with that file."""
    for directory in ("etc", "state/backup/etc"):
        (place / directory).mkdir(parents=True, exist_ok=True)
    (place / "etc/inetd.conf").write_bytes(content)
    return place


@st.composite
def a_file_and_changes(draw: st.DrawFn) -> Tuple[bytes, List[Change]]:
    lines = draw(st.lists(LINES, min_size=1, max_size=8))
    content = "\n".join(lines).encode("iso8859-1") + draw(st.sampled_from([b"", b"\n", b"\r\n"]))
    there = content.decode("iso8859-1").split("\n")
    if len(there) > 1 and there[-1] == "":
        there.pop()
    numbers = draw(st.lists(st.integers(1, len(there)), unique=True, max_size=3))
    changes: List[Change] = []
    for number in numbers:
        old = there[number - 1]
        old = old[:-1] if old.endswith("\r") else old
        changes.append(Change(number, old, draw(st.one_of(st.none(), LINES))))
    for number in draw(st.lists(st.integers(0, len(there)), max_size=3)):
        changes.append(Change(number, None, draw(LINES)))
    return content, changes


@pytest.mark.parametrize("name", SHELLS)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=a_file_and_changes())
def test_awk_and_python_leave_the_same_bytes(
    name: str, tmp_path_factory: pytest.TempPathFactory, case: Tuple[bytes, List[Change]]
) -> None:
    content, changes = case
    root = root_of(tmp_path_factory.getbasetemp() / "edited", content)
    try:
        expected = edited(content, changes)
    except ValueError:
        return
    if expected == content:
        return

    done = by_awk(name, edit_step(content, changes), root)

    assert (root / "etc/inetd.conf").read_bytes() == expected
    assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (b"a\nb", [Change(2, "b", None)]),
        (b"a", [Change(1, "a", None)]),
        (b"a\n", [Change(1, "a", None)]),
        (b"a\nb", [Change(2, None, "c")]),
        (b"a\r\nb\r\n", [Change(1, "a", "A"), Change(2, "b", None)]),
        (b"a\nb\n", [Change(1, None, "x"), Change(1, None, "y")]),
        (b"a\nb", [Change(2, "b", None), Change(2, None, "c")]),
        (b"a\nb", [Change(1, "a", None), Change(2, "b", None)]),
        (b"a\nb\n", [Change(0, None, "x")]),
        (b"", [Change(0, None, "a")]),
        (b"", [Change(1, "", "a")]),
    ],
)
def test_files_at_the_edge(
    shell: str, tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: List[Change]
) -> None:
    root = root_of(tmp_path_factory.getbasetemp() / "edge", content)

    assert by_awk(shell, edit_step(content, changes), root).returncode == 0
    assert (root / "etc/inetd.conf").read_bytes() == edited(content, changes)


@pytest.mark.parametrize("content", [b"", b"a\n#b\nc", b"a\r\n#b\r\n", b"\xe4\x81\xff\n#b\n'\\\"$(id)\n"])
def test_a_package_edits_in_place_and_gives_back_bytes_mode_owner_and_time(
    shell: str, tmp_path: "os.PathLike[str]", content: bytes
) -> None:
    root = os.path.join(tmp_path, "root")
    for directory in ("/etc", "/var/adm", "/usr/bin"):
        os.makedirs(root + directory)
    for name, said in (("uname", "AIX"), ("hostname", "nim1")):
        with open(f"{root}/usr/bin/{name}", "w", encoding="ascii") as stream:
            stream.write(f"#!/bin/sh\necho {said}\n")
        os.chmod(f"{root}/usr/bin/{name}", 0o755)
    path = root + CONF
    with open(path, "wb") as stream:
        stream.write(content)
    os.chown(path, 3, 4)
    os.chmod(path, 0o640)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    before = os.stat(path)
    change = Change(2, "#b", "b\xe4 'x'") if content else Change(0, None, "x")
    step = edit_step(content, [change])
    ends = {"master": ScriptEnd(root, root + "/var/adm/nimdoctor")}
    made = Package(plan_of_steps(step), ends, os.path.join(tmp_path, "p"), shell)

    done = made.run("apply.ksh", "--yes")

    assert done.status == 0, done
    with open(path, "rb") as stream:
        assert stream.read() == edited(content, [change])
    after = os.stat(path)
    assert (after.st_ino, after.st_mode, after.st_uid, after.st_gid) == (before.st_ino, before.st_mode, 3, 4)

    assert made.run("rollback.ksh").status == 0

    with open(path, "rb") as stream:
        assert stream.read() == content
    after = os.stat(path)
    assert (after.st_ino, after.st_mode, after.st_uid, after.st_gid, after.st_mtime) == (
        *(before.st_ino, before.st_mode, 3, 4),
        1_700_000_000,
    )
