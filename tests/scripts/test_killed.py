"""Killed between any two marks and started again, a script ends in the full result."""

import os
from typing import Callable

import pytest
from effort import FEWER
from shells import shell_named

from nimdoctor.lab import Lab
from nimdoctor.planning.fix import Options

from .conftest import Again, Make, both, killed_at
from .test_same_as_apply import comparable


@pytest.mark.parametrize("situation", ["both-known-issues", "create-bio-hang-master"])
def test_apply_killed_at_every_mark(
    situation: str, dash: str, lab_of: Callable[[str], Lab], scripts: Make, tmp_path: "os.PathLike[str]"
) -> None:
    lab = lab_of(situation)
    again = Again(lab, os.path.join(tmp_path, "kept"))
    made = scripts(lab, dash)
    text = made.texts["apply.ksh"]
    assert made.apply().status == 0
    fresh = situation.endswith("master")
    whole = [comparable(tree, fresh) for tree in both(lab)]
    calls = sorted(lab.calls("client")), sorted(lab.calls("master"))
    killed = 0

    # every second mark of the longer plan: begun of one step, done of the next
    apart = (2 if fresh else 1) * (3 if FEWER else 1)
    for number in range(1, 40, apart):
        again.put_back()
        killed_at(made, "apply.ksh", number)
        first = made.apply()
        made.texts["apply.ksh"] = text
        if first.status == 0:
            break
        killed += 1
        assert first.status == -9, (number, first)

        second = made.apply()

        assert second.status == 0, (number, second)
        assert [comparable(tree, fresh) for tree in both(lab)] == whole, number
        assert (sorted(lab.calls("client")), sorted(lab.calls("master"))) == calls, number
        assert not os.path.exists(made.ends["client"].state + "/lock.d")
    assert killed * apart > 2 * len(made.document["steps"])


def test_rollback_killed_at_every_mark(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make, tmp_path: "os.PathLike[str]"
) -> None:
    lab = lab_of("nimsh-inactive")
    with open(lab.client + "/.rhosts", "w", encoding="ascii") as stream:
        stream.write("nim1 root\nbackup1 oper\n")
    before = both(lab)
    made = scripts(lab, dash, Options(only=("remove-rhosts", "start-nimsh")), changed=True)
    assert len(made.document["steps"]) == 2
    assert made.apply().status == 0
    again = Again(lab, os.path.join(tmp_path, "kept"))
    text = made.texts["rollback.ksh"]

    for place in ("write_mark", "put", "run_command", "forget"):
        for number in (1, 2):
            again.put_back()
            killed_at(made, "rollback.ksh", number, place)
            first = made.roll_back()
            made.texts["rollback.ksh"] = text
            # of the two steps one is undone by a command, and the other by a file
            once = number == 2 and place in ("put", "run_command")
            assert first.status == (0 if once else -9), (place, number, first)

            done = made.roll_back()

            assert done.status == 0, done
            assert both(lab) == before
            assert b"inoperative" in lab.run("client", "lssrc", "-s", "nimsh").stdout


@pytest.mark.parametrize(("size", "shell"), [(0, "ksh93"), (1, "mksh"), (300, "dash")])
def test_a_write_that_was_cut_off_is_repaired_from_the_backup(
    size: int, shell: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, shell_named(shell))
    path = lab.master + "/etc/inetd.conf"
    text = made.texts["apply.ksh"]
    made.patch(
        "apply.ksh",
        '    cat "$2" > "$1"\n',
        f'    dd if="$2" bs=1 count={size} of="$1" 2> /dev/null\n    kill -KILL $$\n',
    )
    assert made.apply().status == -9
    assert os.path.getsize(path) == size
    made.texts["apply.ksh"] = text

    assert made.apply().status == 0

    with open(path, "rb") as stream:
        assert b"\ntftp " in stream.read().replace(b"\ntftp\t", b"\ntftp ")


def test_a_file_that_was_cut_off_is_taken_back_by_a_rollback(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, dash)
    before = both(lab)
    made.patch(
        "apply.ksh", '    cat "$2" > "$1"\n', '    dd if="$2" bs=1 count=200 of="$1" 2> /dev/null\n    kill -KILL $$\n'
    )
    assert made.apply().status == -9

    assert made.roll_back().status == 0

    assert both(lab) == before


def test_a_file_of_somebody_else_is_not_taken_for_a_write_that_was_cut_off(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, dash)
    text = made.texts["apply.ksh"]
    made.patch("apply.ksh", '    cat "$2" > "$1"\n', "    kill -KILL $$\n")
    made.apply()
    made.texts["apply.ksh"] = text
    path = lab.master + "/etc/inetd.conf"
    with open(path, "wb") as stream:
        stream.write(b"ftp is all we want\n")

    done = made.apply()

    assert done.status == 1 and "/etc/inetd.conf is no longer as this run left it" in done.out
    assert made.state("master") == "stopped"
    with open(path, "rb") as stream:
        assert stream.read() == b"ftp is all we want\n"


@pytest.mark.parametrize("then", ["apply", "roll back"])
def test_killed_at_any_point_while_it_undoes_a_failure(
    then: str, dash: str, lab_of: Callable[[str], Lab], scripts: Make, tmp_path: "os.PathLike[str]"
) -> None:
    lab = lab_of("stale-ssl-libs")
    before = both(lab)
    again = Again(lab, os.path.join(tmp_path, "kept"))
    made = scripts(lab, dash)
    made.patch("apply.ksh", "SETTLING=4", "SETTLING=1")
    text = made.texts["apply.ksh"]
    killed = 0

    for place, numbers in {
        "take_back": (1, 2, 3),
        "undo_remove": (1, 2),
        "forget": (1, 2, 3),
        "bring_back": (2,),
    }.items():
        for number in numbers:
            again.put_back()
            lab.fault("client", "nimclient", "half once")
            killed_at(made, "apply.ksh", number, place)
            first = made.apply()
            made.texts["apply.ksh"] = text
            assert first.status == -9, (place, number, first)
            killed += 1

            done = made.apply() if then == "apply" else made.roll_back()

            assert done.status == 0, (place, number, done)
            assert b"inoperative" not in lab.run("client", "lssrc", "-s", "nimsh").stdout, (place, number)
            if then == "apply":
                assert made.state("client") == "complete"
                assert not [name for name in os.listdir(made.directory("client")) if name.startswith("undoing")]
            else:
                assert both(lab) == before, (place, number)
    assert killed == 9
