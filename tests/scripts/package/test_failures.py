"""A step that fails, hangs or does nothing, a script that is killed, and two that want the same host."""

import os
from typing import Callable, Tuple

import pytest
from effort import EVERYTHING, FEWER, one_in
from shells import shell_named

from nimdoctor.applying.lock import Locked, lock
from nimdoctor.lab import Lab

from ..conftest import Again, both
from .conftest import Make, Package
from .test_same_as_apply import comparable

COPIES = ("/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8")
APPLY = "client/apply.ksh"


def nimsh(lab: Lab) -> bytes:
    """What lssrc says of it."""
    return lab.run("client", "lssrc", "-s", "nimsh").stdout


def impatient(made: Package) -> None:
    """Deadlines of seconds, and one look in the place of four."""
    for name, text in made.texts.items():
        made.texts[name] = (
            text.replace("run 300 ", "run 2 ").replace("run 600 ", "run 2 ").replace('"$TRIES" -lt 4', '"$TRIES" -lt 1')
        )


@pytest.mark.parametrize("word", ["fail", "hang", "silent", "half"])
def test_a_fetch_that_fails_after_the_libraries_were_removed_brings_them_back(
    word: str, lab_of: Callable[[str], Lab], package: Make, shell: str
) -> None:
    lab = lab_of("both-known-issues")
    before = lab.snapshot("client")
    made = package(lab, shell)
    impatient(made)
    lab.fault("client", "nimclient.-c", word)

    failed = made.apply(APPLY)

    assert failed.status == 1 and "FAILED: " in failed.err, failed
    assert {path: entry for path, entry in lab.snapshot("client").items() if path in COPIES} == {
        path: before[path] for path in COPIES
    }
    assert b" active" in nimsh(lab)
    assert "crypto is off" in failed.err
    assert made.marks("client") == ()

    lab.fault("client", "nimclient.-c", None)
    assert made.apply(APPLY).status == 0
    assert made.marks("client") == ("complete",)


@pytest.mark.parametrize("fault", ["nimclient.-C", "startsrc"])
def test_the_first_step_that_fails_leaves_what_was_there(
    fault: str, lab_of: Callable[[str], Lab], package: Make, dash: str
) -> None:
    lab = lab_of("both-known-issues" if "nimclient" in fault else "nimsh-inactive")
    before = both(lab)
    made = package(lab, dash)
    impatient(made)
    lab.fault("client", fault, "fail")

    done = made.apply(APPLY)

    assert done.status == 1, done
    assert both(lab) == before
    assert made.marks("client") == ()


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("nimconfig.-C", "fail"),
        ("nimconfig.-C", "half"),
        ("mv", "fail"),
        ("nimconfig.-c", "fail"),
        ("nimconfig.-c", "half"),
        ("nimconfig.-c", "hang"),
    ],
)
def test_the_leg_goes_only_forward(
    fault: str, word: str, lab_of: Callable[[str], Lab], package: Make, dash: str
) -> None:
    lab = lab_of("create-bio-hang-master")
    made = package(lab, dash)
    impatient(made)
    text = made.texts["master/apply.ksh"]
    if fault == "mv":
        made.patch("master/apply.ksh", 'renamable "$1" "$2" && mv ', 'renamable "$1" "$2" && false mv ')
    else:
        lab.fault("master", fault, word)

    stopped = made.apply("master/apply.ksh")

    assert stopped.status == 1 and "Forward is the only way" in stopped.out, stopped
    assert made.marks("master") == ("begun",)
    refused = made.run("master/rollback.ksh")
    assert refused.status == 1 and "apply.ksh first" in refused.err

    made.texts["master/apply.ksh"] = text
    if fault != "mv":
        lab.fault("master", fault, None)
    done = made.apply_all()

    assert [one.status for one in done] == [0, 0], done
    assert made.marks("master") == ("complete",)
    halves = [path for path in lab.snapshot("master") if path.startswith("/ssl_nimsh_half") and path.count("/") == 1]
    assert len(halves) == (word == "half" and fault == "nimconfig.-c")


def killed_at(made: Package, script: str, number: int, place: str) -> None:
    """Has the script kill itself, as kill -9 does, when it is about to call that function for that time."""
    made.patch(
        script,
        f"\n{place}() {{\n",
        f'\n{place}() {{\n    KILLED_AT=$((${{KILLED_AT:-0}} + 1))\n    [ "$KILLED_AT" != {number} ] || kill -KILL $$\n',
    )


@pytest.mark.parametrize(
    ("situation", "script"),
    [
        ("both-known-issues", APPLY),
        ("create-bio-hang-master", "master/apply.ksh"),
        ("tftp-disabled", "master/apply.ksh"),
    ],
)
@pytest.mark.parametrize("place", one_in(2, ["begin", "step", "run", "see", "finish"]))
def test_killed_anywhere_and_run_again_it_ends_in_the_full_result(
    situation: str,
    script: str,
    place: str,
    dash: str,
    lab_of: Callable[[str], Lab],
    package: Make,
    tmp_path: "os.PathLike[str]",
) -> None:
    lab = lab_of(situation)
    again = Again(lab, os.path.join(tmp_path, "kept"))
    made = package(lab, dash)
    text = made.texts[script]
    if f"\n{place}() {{" not in text:
        return
    assert made.apply(script).status == 0
    fresh = situation.endswith("master")
    whole = [comparable(tree, fresh) for tree in both(lab)]

    for number in range(1, 40, 1 if EVERYTHING else 9 if FEWER else 3):
        again.put_back()
        killed_at(made, script, number, place)
        first = made.apply(script)
        made.texts[script] = text
        if first.status == 0:
            break
        assert first.status == -9, (number, first)

        for _ in range(2):  # one that was cut off is put back first; of the leg the only way is forward
            done = made.apply(script)
            if done.status == 0:
                break
        assert done.status == 0, (number, first, done)
        assert [comparable(tree, fresh) for tree in both(lab)] == whole, number
        assert not os.path.exists(made.ends[script.partition("/")[0]].state + "/lock.d")


def test_two_at_once(lab_of: Callable[[str], Lab], package: Make, dash: str) -> None:
    lab = lab_of("nimsh-inactive")
    made = package(lab, dash)
    before = both(lab)
    state = made.ends["client"].state
    os.makedirs(state, 0o700, exist_ok=True)
    with lock(state):
        refused = made.apply(APPLY)
        assert refused.status == 1 and f"process {os.getpid()} holds" in refused.err, refused
        assert both(lab) == before

    os.mkdir(state + "/lock.d")
    with open(state + "/lock.d/pid", "w", encoding="ascii") as stream:
        stream.write(f"{os.getppid()}\n")
    assert made.apply(APPLY).status == 1
    with pytest.raises(Locked), lock(state):
        pass


@pytest.mark.parametrize("shell_name", ["mksh"])
def test_a_guard_that_does_not_hold_changes_nothing(
    shell_name: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("both-known-issues")
    made = package(lab, shell_named(shell_name))
    with open(lab.client + COPIES[0], "ab") as stream:
        stream.write(b"x")
    before: Tuple[object, ...] = both(lab)
    calls = [line for line in lab.calls("client") if "nimclient" in line]

    refused = made.apply(APPLY)

    assert refused.status == 1 and f"needs: {COPIES[0]} is a regular file of" in refused.err, refused
    assert both(lab) == before
    assert [line for line in lab.calls("client") if "nimclient" in line] == calls
    assert made.marks("client") == ()


def test_a_start_that_was_cut_off_is_not_touched_by_a_check_nor_without_its_mark(
    lab_of: Callable[[str], Lab], package: Make, dash: str
) -> None:
    lab = lab_of("both-known-issues")
    made = package(lab, dash)
    text = made.texts[APPLY]
    killed_at(made, APPLY, 3, "step")
    assert made.apply(APPLY).status == -9
    made.texts[APPLY] = text
    before = both(lab)

    checked = made.run(APPLY, "--check")
    assert checked.status == 1 and "an earlier start was cut off" in checked.err
    with open(made.directory("client") + "/at", "w", encoding="ascii"):
        pass
    refused = made.run(APPLY, "--yes")
    assert refused.status == 1 and "had reached is not known" in refused.err, refused
    assert both(lab) == before and made.marks("client") == ("begun",)
