"""Steps as data: edits keep every other byte, and what is written is read back the same."""

import hashlib
import json
import subprocess

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nimdoctor.model import Role
from nimdoctor.planning.checksum import cksum
from nimdoctor.planning.conditions import FileAbsent, SubsystemIs
from nimdoctor.planning.steps import (
    RUN,
    Change,
    Edit,
    Move,
    Phase,
    Remove,
    RunCommand,
    Step,
    Subsystem,
    Transient,
    Undo,
    action_from_dict,
    edited,
    kind_of,
    make_edit,
    reversed_changes,
    step_as_dict,
    step_from_dict,
    text_diff,
    unified_diff,
    with_run,
)

LINE = st.binary(max_size=6).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b""))
TEXT = LINE.map(lambda raw: "x" + raw.decode("iso8859-1"))
END = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def files(draw):
    """Content of a file: any bytes, either end of line, the last one perhaps without."""
    lines = draw(st.lists(st.tuples(LINE, END), min_size=1, max_size=8))
    content = b"".join(line + end for line, end in lines)
    return content[: -len(lines[-1][1])] if draw(st.booleans()) and lines[-1][0] else content


@st.composite
def edits(draw):
    """A file and changes of it: at most one of each line, and at most one line added after each."""
    content = draw(files())
    lines = content.split(b"\n")
    lines = lines[:-1] if lines[-1] == b"" and len(lines) > 1 else lines
    changes = []
    for number in draw(st.sets(st.integers(1, len(lines)), max_size=4)):
        old = lines[number - 1]
        old = old[:-1] if old.endswith(b"\r") else old
        new = draw(st.one_of(st.none(), TEXT))
        changes.append(Change(number, old.decode("iso8859-1"), new))
    changes += [Change(number, None, draw(TEXT)) for number in draw(st.sets(st.integers(0, len(lines)), max_size=2))]
    return content, draw(st.permutations(changes))


def expected(content, changes):
    """The same edit, done the slow way: line by line from the beginning."""
    lines = content.split(b"\n")
    ended = lines[-1] == b"" and len(lines) > 1
    lines = lines[:-1] if ended else lines
    of = {change.line: change for change in changes if change.old is not None}
    added = {change.line: change.new for change in changes if change.old is None}
    out = [added[0].encode("iso8859-1")] if 0 in added else []
    for number, line in enumerate(lines, 1):
        end = b"\r" if line.endswith(b"\r") else b""
        if number not in of:
            out.append(line)
        elif of[number].new is not None:
            out.append(of[number].new.encode("iso8859-1") + end)
        if number in added:
            out.append(added[number].encode("iso8859-1"))
    # where the last line goes, the one before it keeps its newline
    gone = len(lines) in of and of[len(lines)].new is None and len(lines) not in added
    return b"\n".join(out) + (b"\n" if out and (ended or gone) else b"")


@given(edits())
def test_an_edit_changes_its_lines_and_no_other_byte(case):
    content, changes = case
    assert edited(content, changes) == expected(content, changes)


@given(edits())
def test_an_edit_taken_back_gives_the_old_lines_but_for_a_last_newline(case):
    content, changes = case
    edit = make_edit("/etc/inetd.conf", content, changes)
    new = edited(content, changes)
    assume(new and b"\r" not in content)  # a line that is added has no CR of its own
    assert edited(new, reversed_changes(edit)).rstrip(b"\n") == content.rstrip(b"\n")


@given(edits())
def test_an_edit_knows_the_bytes_before_and_after(case):
    content, changes = case
    edit = make_edit("/.rhosts", content, changes)
    assert edit.old_sha256 == hashlib.sha256(content).hexdigest()
    assert edit.new_sha256 == hashlib.sha256(edit.apply_to(content)).hexdigest()
    assert action_from_dict("edit", json.loads(json.dumps(step_as_dict(step(edit))["do"]))) == edit


@pytest.mark.parametrize(
    ("content", "change"),
    [
        (b"a\n", Change(1, "b", "c")),
        (b"a\n", Change(2, "a", "c")),
        (b"a\n", Change(0, "a", "c")),
        (b"a\n", Change(2, None, "c")),
        (b"", Change(1, "a", None)),
        (b"a\r\n", Change(1, "a\r", "c")),
    ],
)
def test_a_line_that_is_not_as_expected_is_not_changed(content, change):
    with pytest.raises(ValueError):
        edited(content, [change])


@given(files())
def test_the_checksum_is_what_cksum_prints(content):
    done = subprocess.run(["cksum"], input=content, stdout=subprocess.PIPE, check=True)
    assert cksum(content) == " ".join(done.stdout.decode().split()[:2])


def test_the_diff_of_several_changes_counts_lines_as_patch_does():
    content = b"one\ntwo\nthree\nfour\n"
    changes = [Change(2, "two", None), Change(3, "three", "3"), Change(4, None, "five")]
    assert unified_diff(make_edit("/.rhosts", content, changes)) == [
        "--- /.rhosts", "+++ /.rhosts",
        "@@ -2,1 +1,0 @@", "-two",
        "@@ -3,1 +2,1 @@", "-three", "+3",
        "@@ -4,0 +4,1 @@", "+five",
    ]  # fmt: skip


def test_text_of_any_bytes_can_be_compared_for_people():
    assert text_diff("/x", b"a\n", b"caf\xe9\n") == [
        "--- /x (before)",
        "+++ /x (after)",
        "@@ -1 +1 @@",
        "-a",
        "+caf\xe9",
    ]


# -- steps


def step(do, **more):
    given_ = {
        "where": Role.MASTER, "phase": Phase.TFTP, "title": "title", "why": "why", "effect": "effect",
        "before": (SubsystemIs(Role.MASTER, "inetd", True),), "then": (FileAbsent(Role.CLIENT, f"/x.{RUN}"),),
        "fixes": ("a-fix",), "checks": ("a-check",), "id": "1-master-edit",
    }  # fmt: skip
    return Step(do=do, **{**given_, **more})


ACTIONS = [
    make_edit("/etc/inetd.conf", b"#a\n", [Change(1, "#a", "a")], "inetd"),
    Move("/ssl_nimsh", f"/ssl_nimsh_old.{RUN}"),
    Remove("/usr/lib/libssl.so.0.9.8"),
    RunCommand(("nimclient", "-c"), 300, (Undo(("nimclient", "-C")), Undo(new=("/x/*",))), (Undo(start="nimsh"),), f"/half.{RUN}"),
    Subsystem("nimsh", "start"),
    Transient(edit=make_edit("/etc/inetd.conf", b"#a", [Change(1, "#a", "a")])),
    Transient(of="1-master-edit"),
]  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS, ids=[kind_of(one) for one in ACTIONS])
def test_a_step_of_any_kind_is_read_back_the_same(action):
    one = step(action, undo="u", no_undo="", leg="leg", again=False, impact="i", risk="high: x")
    assert step_from_dict(json.loads(json.dumps(step_as_dict(one)))) == one
    assert kind_of(action) == step_as_dict(one)["kind"]


@pytest.mark.parametrize("action", ACTIONS, ids=[kind_of(one) for one in ACTIONS])
def test_the_runs_name_takes_the_place_of_its_mark_everywhere(action):
    named = with_run(step(action, title=f"to {RUN}"), "20261124T100000Z-1a2b")
    assert RUN not in json.dumps(step_as_dict(named))
    assert named.then == (FileAbsent(Role.CLIENT, "/x.20261124T100000Z-1a2b"),)


@pytest.mark.parametrize(
    ("kind", "document"),
    [("shell", {"line": "reboot"}), ("move", {"path": "/a"}), ("run", {"argv": ["x"], "deadline": 1, "cwd": "/"})],
)
def test_a_step_of_another_kind_or_shape_is_refused(kind, document):
    with pytest.raises(ValueError):
        action_from_dict(kind, document)


def test_commands_of_the_same_words_are_one_step_whatever_undoes_them():
    assert (
        step(RunCommand(("nimclient", "-c"), 300)).key
        == step(RunCommand(("nimclient", "-c"), 600, (Undo(start="nimsh"),))).key
    )
    assert (
        step(RunCommand(("nimclient", "-c"), 300)).key
        != step(RunCommand(("nimclient", "-c"), 300), where=Role.CLIENT).key
    )
    assert step(Remove("/x")).key != step(Move("/x", "/y")).key


def test_only_the_end_of_a_transient_restores():
    assert [step(one).restores for one in ACTIONS] == [False] * 6 + [True]
    assert isinstance(ACTIONS[5].edit, Edit)
