"""Edits in awk leave the same bytes as edits in Python."""

import os
import subprocess
from typing import List, Sequence, Tuple

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shells import SHELLS, shell_named

from nimdoctor.model import Role
from nimdoctor.planning.checksum import cksum
from nimdoctor.planning.document import Plan, PlanHost
from nimdoctor.planning.steps import Change, Phase, Step, Transient, edited, make_edit, unchanged, written
from nimdoctor.scripts import ScriptEnd
from nimdoctor.scripts.library import functions
from nimdoctor.scripts.steps import numbered

from .conftest import Scripts

CONF = "/etc/inetd.conf"
LINES = st.one_of(
    st.sampled_from(
        ["ftp\tstream\ttcp6\tnowait\troot\t/usr/sbin/ftpd\tftpd", "#tftp  dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n"]
    ),
    st.sampled_from(["", " ", "#", "'", '"', "\\", "\\n", "$x `id` $(id)", "%s%d", "1.0", "01", "1", "a\rb", "&", "\t"]),
    st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\n"), max_size=12),
)  # fmt: skip


def plan_of_steps(*steps: Step) -> Plan:
    host = PlanHost("nim1", "root:/somewhere", "00F6", None)
    return Plan(hosts={Role.MASTER: host}, checks=(), steps=steps)


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


def by_awk(shell: str, step: Step, name: str, path: str) -> "subprocess.CompletedProcess[bytes]":
    """What the shell function of that name makes of a file."""
    one = numbered(plan_of_steps(step).as_dict())[0]
    text = functions("host.sh")["say"] + functions("hands.sh")["ends_with_newline"] + "".join(one.forward())
    script = f'{text}\nLC_ALL=C\nexport LC_ALL\n{name} "$1"\n'
    return subprocess.run([shell_named(shell), "-c", script, shell, path], capture_output=True, timeout=20)


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
    path = str(tmp_path_factory.getbasetemp() / "edited")
    with open(path, "wb") as stream:
        stream.write(content)
    try:
        expected = edited(content, changes)
    except ValueError:
        return

    done = by_awk(name, edit_step(content, changes), "step_1_lines", path)

    assert done.stdout == expected
    assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (b"", [Change(1, "", "a")]),
        (b"", [Change(0, None, "a")]),
        (b"a\nb", [Change(2, "b", None)]),
        (b"a", [Change(1, "a", None)]),
        (b"a\n", [Change(1, "a", None)]),
        (b"a\nb", [Change(2, None, "c")]),
        (b"a\r\nb\r\n", [Change(1, "a", "A"), Change(2, "b", None)]),
        (b"a\nb\n", [Change(1, None, "x"), Change(1, None, "y")]),
        (b"a\nb", [Change(2, "b", None), Change(2, None, "c")]),
        (b"a\nb", [Change(1, "a", None), Change(2, "b", None)]),
    ],
)
def test_files_at_the_edge(
    shell: str, tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: List[Change]
) -> None:
    path = tmp_path_factory.getbasetemp() / "edge"
    path.write_bytes(content)

    assert by_awk(shell, edit_step(content, changes), "step_1_lines", str(path)).stdout == edited(content, changes)


def test_a_line_that_is_not_what_it_was_is_no_edit(shell: str, tmp_path: "os.PathLike[str]") -> None:
    path = os.path.join(tmp_path, "conf")
    with open(path, "wb") as stream:
        stream.write(b"01\n")

    # 1 and 01 are one number, and two texts
    done = by_awk(shell, edit_step(b"1\n", [Change(1, "1", "2")]), "step_1_lines", path)

    assert done.returncode == 1


@pytest.mark.parametrize("old", ["#tftp dgram", None])
def test_only_its_own_row_is_closed_in_a_file_that_changed_meanwhile(
    shell: str, tmp_path: "os.PathLike[str]", old: str
) -> None:
    change = Change(2, old, "tftp dgram") if old else Change(2, None, "tftp dgram")
    content = b"ftp stream\n#tftp dgram\nend" if old else b"ftp stream\nend"
    opening = edit_step(content, [change])
    opening = opening._replace(do=Transient(edit=opening.do))  # type: ignore[arg-type]
    path = os.path.join(tmp_path, "conf")
    with open(path, "wb") as stream:
        stream.write(b"new first line\r\nftp stream\ntftp dgram\nend")

    done = by_awk(shell, opening, "step_1_rows_back", path)

    back = b"#tftp dgram\n" if old else b""
    assert done.stdout == b"new first line\r\nftp stream\n" + back + b"end"

    with open(path, "ab") as stream:
        stream.write(b"\ntftp dgram\n")
    assert by_awk(shell, opening, "step_1_rows_back", path).returncode == 1


@pytest.mark.parametrize("content", [b"a\n#b\nc", b"a\r\n#b\r\n", b"\xe4\x81\xff\n#b\n'\\\"$(id)\n"])
def test_the_script_edits_in_place_and_takes_it_back(shell: str, tmp_path: "os.PathLike[str]", content: bytes) -> None:
    root = os.path.join(tmp_path, "root")
    os.makedirs(root + "/etc")
    path = root + CONF
    with open(path, "wb") as stream:
        stream.write(content)
    os.chmod(path, 0o640)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    inode = os.stat(path).st_ino
    step = edit_step(content, [Change(2, "#b", "b\xe4 'x'")])
    ends = {"master": ScriptEnd(root, root + "/var/adm/nimdoctor", True)}
    made = Scripts(plan_of_steps(step).as_dict(), ends, str(tmp_path), shell)

    done = made.apply()

    assert done.status == 0, done
    with open(path, "rb") as stream:
        left = stream.read()
    assert left == edited(content, [Change(2, "#b", "b\xe4 'x'")])
    assert cksum(left) == step.do.new_cksum  # type: ignore[union-attr]
    assert os.stat(path).st_ino == inode and os.stat(path).st_mode & 0o7777 == 0o640

    assert made.roll_back().status == 0

    with open(path, "rb") as stream:
        assert stream.read() == content
    assert os.stat(path).st_mtime == 1_700_000_000
