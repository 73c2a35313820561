"""A step that fails, hangs or does nothing, a script that is killed, and two that want the same host."""

import os
import re
import subprocess
import time
from typing import Callable, List, Tuple

import pytest
from effort import EVERYTHING, FEWER
from shells import SHELLS, gone, kill, processes_of, shell_named

from nimdoctor.applying.execute import Executor
from nimdoctor.applying.lock import Locked, lock
from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.planning.fix import Options

from ..conftest import Again, both, ends_of
from .conftest import Make, Package, ticking
from .test_same_as_apply import comparable

COPIES = ("/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8")
APPLY = "client/apply.ksh"


def nimsh(lab: Lab) -> bytes:
    """What lssrc says of it."""
    return lab.run("client", "lssrc", "-s", "nimsh").stdout


def impatient(made: Package) -> None:
    """Deadlines of seconds, and one look in the place of four."""
    for name, text in made.texts.items():
        made.texts[name] = re.sub(r"\brun \d+ ", "run 2 ", text).replace("TRIES=4", "TRIES=1")


@pytest.mark.parametrize(("word", "shell_name"), list(zip(["fail", "hang", "silent", "half"], [*SHELLS, "dash"])))
def test_a_fetch_that_fails_after_the_libraries_were_removed_brings_them_back(
    word: str, shell_name: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("both-known-issues")
    before = lab.snapshot("client")
    made = package(lab, shell_named(shell_name))
    impatient(made)
    lab.fault("client", "nimclient.-c", word)

    failed = made.apply(APPLY)

    assert failed.status == 1 and "FAILED: " in failed.err, failed
    assert {path: entry for path, entry in lab.snapshot("client").items() if path in COPIES} == {
        path: before[path] for path in COPIES
    }
    assert b" active" in nimsh(lab)
    assert "crypto is off" in failed.out
    assert made.marks("client") == ()

    lab.fault("client", "nimclient.-c", None)
    assert made.apply(APPLY).status == 0
    assert made.marks("client") == ("complete",)


@pytest.mark.parametrize("word", ["fail", "hang", "silent", "late"])
@pytest.mark.parametrize(
    ("situation", "where", "fault"),
    [
        ("both-known-issues", "client", "nimclient.-C"),
        ("nimsh-inactive", "client", "startsrc"),
        ("tftp-disabled", "master", "refresh"),
        ("nimsh-not-at-boot", "client", "mkitab"),
    ],
)
def test_a_step_that_fails_hangs_or_does_nothing_leaves_what_was_there(
    situation: str, where: str, fault: str, word: str, lab_of: Callable[[str], Lab], package: Make, dash: str
) -> None:
    options = Options(only=("start-at-boot",)) if fault == "mkitab" else Options()
    lab = lab_of(situation)
    before = both(lab)
    made = package(lab, dash, options)
    impatient(made)
    lab.fault(where, fault, f"{word} once")

    done = made.run(f"{where}/apply.ksh", *made.confirmed())

    if word == "late":  # what is seen decides of one that did its work and was ended at its deadline
        assert done.status == 0 and "was ended after" in done.out, done
        return
    assert done.status == 1 and "FAILED: " in done.err, done
    assert both(lab) == before
    assert made.marks(where) == ()


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


@pytest.mark.parametrize(
    ("situation", "script"),
    [
        ("both-known-issues", APPLY),
        ("create-bio-hang-master", "master/apply.ksh"),
        ("tftp-disabled", "master/apply.ksh"),
    ],
)
def test_killed_between_any_two_commands_and_run_again_it_ends_in_the_full_result(
    situation: str, script: str, lab_of: Callable[[str], Lab], package: Make, tmp_path: "os.PathLike[str]"
) -> None:
    lab = lab_of(situation)
    again = Again(lab, os.path.join(tmp_path, "kept"))
    made = package(lab, shell_named("dash"))
    text, deadly = made.texts[script], ticking(made.texts[script])
    assert made.apply(script).status == 0
    fresh = situation.endswith("master")
    whole = [comparable(tree, fresh) for tree in both(lab)]
    killed = 0

    for number in range(1, 200, 1 if EVERYTHING else 9 if FEWER else 4):
        again.put_back()
        made.shell, made.texts[script] = shell_named(SHELLS[killed % len(SHELLS)]), deadly
        first = made.run(script, *made.confirmed(), TICK=str(number))
        made.texts[script] = text
        if first.status == 0:
            break
        assert first.status == -9, (number, first)
        killed += 1

        for _ in range(2):  # one that was cut off is put back first; of the leg the only way is forward
            done = made.run(script, *made.confirmed())
            if done.status == 0:
                break
        assert done.status == 0, (number, first, done)
        assert [comparable(tree, fresh) for tree in both(lab)] == whole, number
        assert not os.path.exists(made.ends[script.partition("/")[0]].state + "/lock.d")
    assert killed


def test_while_the_command_of_a_killed_start_still_runs_nothing_is_put_back(
    lab_of: Callable[[str], Lab], package: Make, shell: str
) -> None:
    lab = lab_of("both-known-issues")
    made = package(lab, shell)
    lab.fault("client", "nimclient.-c", "hang")
    with subprocess.Popen(made.command(APPLY, *made.confirmed()), stdout=subprocess.PIPE) as started:
        assert started.stdout
        while b"step 4" not in started.stdout.readline():
            pass
        while len(held := numbers_of(made)) < 5:  # the script, and a command with its group for step 1 and 4
            time.sleep(0.02)
        started.kill()
    lab.fault("client", "nimclient.-c", None)
    before = both(lab)

    refused = made.run(APPLY, *made.confirmed())
    assert refused.status == 1 and f"process {held[-1]} holds" in refused.err, refused
    assert both(lab) == before

    for pid in processes_of(lab.client):
        kill(pid)
    assert gone(lab.client)
    while os.path.exists(f"/proc/{held[-1]}"):  # whoever inherited it may be slow to wait for it
        time.sleep(0.1)
    back = made.run(APPLY, *made.confirmed())
    assert back.status == 1 and "an earlier start was cut off" in back.err and made.marks("client") == (), back
    assert made.run(APPLY, *made.confirmed()).status == 0


def numbers_of(made: Package) -> List[int]:
    """The processes that hold the client's lock: the script, and the command that it runs."""
    with open(made.ends["client"].state + "/lock.d/pid", encoding="ascii") as stream:
        return [abs(int(word)) for word in stream.read().split()]


def test_two_packages_at_once_and_a_package_beside_nimdoctor(
    lab_of: Callable[[str], Lab], package: Make, dash: str
) -> None:
    lab = lab_of("nimsh-inactive")
    made = package(lab, dash)
    before = both(lab)
    state = made.ends["client"].state
    os.makedirs(state, 0o700, exist_ok=True)
    with lock(state):
        refused = made.apply(APPLY)
        assert refused.status == 1 and f"process {os.getpid()} holds" in refused.err, refused
    assert made.run(APPLY, "--check").status == 0

    with subprocess.Popen(made.command(APPLY), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asking:
        assert asking.stdin and asking.stdout and asking.stdout.read(4)  # it asks whether check.ksh said OK
        second = made.run(APPLY, "--yes")
        assert second.status == 1 and f"process {asking.pid} holds" in second.err, second
        with pytest.raises(Locked):
            Executor(made.plan, ends_of(lab), Role.CLIENT, rescan=list).apply([])
        assert both(lab) == before
        asking.communicate(b"no\n")
    assert asking.returncode == 1 and both(lab) == before

    # a lock of a process that is gone is taken over
    os.mkdir(state + "/lock.d")
    with open(state + "/lock.d/pid", "w", encoding="ascii") as stream:
        stream.write(f"{asking.pid}\n")
    assert made.apply(APPLY).status == 0
    assert not os.path.exists(state + "/lock.d")


def changed(lab: Lab) -> None:
    with open(lab.client + COPIES[0], "ab") as stream:
        stream.write(b"x")


def without_an_answer(lab: Lab) -> None:
    lab.fault("client", "lslpp", "fail")


@pytest.mark.parametrize(
    ("happened", "seen"),
    [
        (changed, f"needs: {COPIES[0]} is a regular file of"),
        (without_an_answer, "needs: openssl.base installed on the client. Seen: no answer of lslpp"),
    ],
)
def test_a_guard_that_does_not_hold_or_cannot_be_told_changes_nothing(
    happened: Callable[[Lab], None], seen: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("both-known-issues")
    made = package(lab, shell_named("mksh"))
    happened(lab)
    before: Tuple[object, ...] = both(lab)
    calls = [line for line in lab.calls("client") if "nimclient" in line]

    refused = made.apply(APPLY)

    assert refused.status == 1 and seen in refused.err, refused
    assert both(lab) == before
    assert [line for line in lab.calls("client") if "nimclient" in line] == calls
    assert made.marks("client") == ()


def test_a_start_that_was_cut_off_is_not_touched_by_a_check_nor_without_its_mark(
    lab_of: Callable[[str], Lab], package: Make, dash: str
) -> None:
    lab = lab_of("both-known-issues")
    made = package(lab, dash)
    text = made.texts[APPLY]
    made.texts[APPLY] = ticking(text)
    assert made.run(APPLY, *made.confirmed(), TICK="12").status == -9
    made.texts[APPLY] = text
    before = both(lab)

    checked = made.run(APPLY, "--check")
    assert checked.status == 1 and "an earlier start was cut off" in checked.err
    with open(made.directory("client") + "/at", "w", encoding="ascii"):
        pass
    refused = made.run(APPLY, "--yes")
    assert refused.status == 1 and "had reached is not known" in refused.err, refused
    assert both(lab) == before and made.marks("client") == ("begun",)
