"""What a package took back, or cannot: after a step that failed, by its rollback, and when either was cut off."""

import os
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from effort import EVERYTHING

from nimdoctor.applying.script_runs import unfinished_packages
from nimdoctor.lab import Lab
from nimdoctor.planning.fix import Options

from ..conftest import Again, both
from .conftest import Make, Package, ticking
from .test_failures import APPLY, impatient

MASTER, ROLLBACK = "master/apply.ksh", "client/rollback.ksh"
KEY = "/ssl_nimsh/keys/serverkey.pem"
WRITES = 'cat "$STATE/backup$1.new" > "$R$1"'


# -- a step that failed


@pytest.mark.parametrize("word", ["fail", "silent", "half", "lie"])
@pytest.mark.parametrize(
    ("scenario", "fix", "command"),
    [("push-disabled", "allow-push", "nimclient.-p"), ("nimsh-not-at-boot", "start-at-boot", "mkitab")],
)
def test_what_a_command_did_although_it_failed_is_taken_back_and_nothing_else(
    scenario: str, fix: str, command: str, word: str, dash: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of(scenario)
    made = package(lab, dash, Options(only=(fix,)))
    impatient(made)
    before = both(lab), lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout
    lab.fault("client", command, word)

    done = made.apply(APPLY)

    assert done.status == 1 and "NOT PUT BACK" not in done.err, done
    assert (both(lab), lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout) == before
    assert lab.run("client", "lssrc", "-s", "nimsh").stdout.split()[-1] == b"active"
    assert made.marks("client") == ()


def test_a_command_that_is_ended_at_its_deadline_and_did_its_work_is_done(
    dash: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("stale-ssl-libs")
    made = package(lab, dash)
    impatient(made)
    lab.fault("client", "nimclient", "late once")

    done = made.apply(APPLY)

    assert done.status == 0 and "nimclient was ended after 2 s" in done.out, done


def test_a_bad_status_is_no_success_whatever_is_seen(dash: str, lab_of: Callable[[str], Lab], package: Make) -> None:
    lab = lab_of("stale-ssl-libs")
    made = package(lab, dash)
    lab.fault("client", "nimclient", "lie")

    done = made.apply(APPLY)

    assert done.status == 1 and "nimclient ended with status 1" in done.err, done


def test_a_refresh_that_fails_puts_the_file_back(dash: str, lab_of: Callable[[str], Lab], package: Make) -> None:
    lab = lab_of("tftp-disabled")
    made = package(lab, dash)
    before = both(lab)
    lab.fault("master", "refresh", "fail once")

    done = made.apply(MASTER)

    assert done.status == 1 and "refresh ended with status 1" in done.err, done
    assert both(lab) == before


# -- what is opened for a time


class Opened:
    """A package that opens tftp for a time, and waits for the other end."""

    def __init__(self, lab: Lab, made: Package) -> None:
        self.lab, self.made = lab, made
        self.before = both(lab)[1]
        self.script = subprocess.Popen(
            made.command(MASTER, "--yes"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said = b""
        while not said.endswith(b"press return: "):
            assert self.script.stdout
            said += self.script.stdout.read(1) or pytest.fail(said.decode())

    def closed(self) -> bytes:
        """What it says when it goes on."""
        return self.script.communicate(b"\n", timeout=60)[0]

    @property
    def served(self) -> bool:
        return b" tftp " in self.lab.run("master", "lssrc", "-ls", "inetd").stdout


@pytest.fixture
def opened(lab_of: Callable[[str], Lab], package: Make, dash: str) -> Opened:
    lab = lab_of("tftp-disabled")
    assert package(lab, dash, Options(transient_tftp=True)).run("client/check.ksh").status == 0
    return Opened(lab, package(lab, dash, Options(transient_tftp=True)))


def test_it_is_closed_whatever_becomes_of_the_other_end(opened: Opened) -> None:
    assert opened.served
    opened.lab.fault("client", "nimclient", "fail once")
    impatient(opened.made)
    assert opened.made.run("client/apply.ksh", "--yes").status == 1

    opened.closed()

    assert both(opened.lab)[1] == opened.before and not opened.served


def test_it_stays_open_while_somebody_fetches_and_says_so(opened: Opened) -> None:
    Path(opened.lab.master, ".lab/proc/997").write_text("1 1 - /usr/sbin/tftpd -n\n")

    said = opened.closed()

    assert b"NOT PUT BACK" in said and b"/etc/inetd.conf" in said and b"refresh -s inetd" in said, said
    assert opened.served


def test_a_file_that_somebody_else_changed_meanwhile_is_left_to_a_person(opened: Opened) -> None:
    with open(opened.lab.master + "/etc/inetd.conf", "ab") as stream:
        stream.write(b"# mine\n")
    changed = both(opened.lab)[1]

    said = opened.closed()

    assert b"NOT PUT BACK" in said and b"/etc/inetd.conf" in said, said
    assert both(opened.lab)[1] == changed


def test_killed_while_it_is_open_it_is_closed_by_the_next_start(opened: Opened) -> None:
    opened.script.kill()
    opened.script.communicate()
    assert opened.served

    opened.made.run(MASTER, "--yes")

    assert both(opened.lab)[1] == opened.before and not opened.served


# -- a rollback


def test_a_rollback_refuses_a_file_that_somebody_changed(
    dash: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("rhosts-left-over")
    made = package(lab, dash, Options(only=("remove-rhosts",)))
    assert made.apply(APPLY).status == 0
    with open(lab.client + "/.rhosts", "a", encoding="ascii") as stream:
        stream.write("backup9 oper\n")
    before = both(lab)

    done = made.run("client/rollback.ksh")

    assert done.status == 1 and "/.rhosts" in done.err and "backup9 oper" in done.out + done.err, done
    assert both(lab) == before


def test_a_rollback_refuses_a_mode_that_somebody_changed(
    dash: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("key-exposed")
    made = package(lab, dash)
    assert made.apply(MASTER).status == 0
    os.chmod(lab.master + KEY, 0o400)
    before = lab.snapshot("master")

    done = made.run("master/rollback.ksh")

    assert done.status == 1 and KEY in done.err, done
    assert lab.snapshot("master") == before


def test_a_rollback_that_was_killed_is_run_again(
    dash: str, lab_of: Callable[[str], Lab], package: Make, tmp_path: Path
) -> None:
    lab = lab_of("nimsh-inactive")
    Path(lab.client, ".rhosts").write_text("nim1 root\nbackup1 oper\n")
    before = both(lab)
    made = package(lab, dash, Options(only=("remove-rhosts", "start-nimsh")), changed=True)
    assert len(made.plan.steps) == 2 and made.apply(APPLY).status == 0
    again = Again(lab, str(tmp_path / "kept"))
    text = made.texts[ROLLBACK]
    # from where it begins to change something it may be killed before each of its lines
    start = "\n    trap '' HUP"
    assert start in text
    deadly = ticking(text.replace(start, "\n    begin" + start, 1)).replace("\n    begin\n", "\n", 1)
    cut = 0
    for number in range(1, 60):
        again.put_back()
        made.texts[ROLLBACK] = deadly
        first = made.run(ROLLBACK, TICK=str(number))
        made.texts[ROLLBACK] = text
        if first.status == 0:
            assert number > 8
            break

        state = f"{lab.client}/var/adm/nimdoctor"
        begun = [run for run in unfinished_packages(state) if run.back]
        if begun:  # nothing else is begun on that host, and apply.ksh names what goes on with it
            refused = made.run(APPLY)
            assert refused.status == 1 and "start that again first" in refused.err
        cut += len(begun)

        done = made.run(ROLLBACK)

        assert (first.status, done.status) == (-9, 0), (number, first, done)
        assert both(lab) == before and made.marks("client") == ("rolled-back",)
        assert b"inoperative" in lab.run("client", "lssrc", "-s", "nimsh").stdout
    assert cut > 4


# -- cut off


@pytest.mark.parametrize("size", [0, 1, 300])
def test_a_write_that_was_cut_off_is_put_back_from_the_backup(
    size: int, dash: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("tftp-disabled")
    made = package(lab, dash)
    before = both(lab)
    path = lab.master + "/etc/inetd.conf"
    text = made.texts[MASTER]
    made.patch(MASTER, WRITES, f'dd if="$STATE/backup$1.new" bs=1 count={size} of="$R$1" 2> /dev/null && kill -KILL $$')
    assert made.apply(MASTER).status == -9
    assert os.path.getsize(path) == size
    made.texts[MASTER] = text

    back = made.apply(MASTER)

    assert back.status == 1 and both(lab) == before, back
    assert made.apply(MASTER).status == 0 and both(lab) != before


def test_a_file_of_somebody_else_is_not_taken_for_a_write_that_was_cut_off(
    dash: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("tftp-disabled")
    made = package(lab, dash)
    text = made.texts[MASTER]
    made.patch(MASTER, WRITES, "kill -KILL $$")
    assert made.apply(MASTER).status == -9
    made.texts[MASTER] = text
    path = Path(lab.master, "etc/inetd.conf")
    path.write_bytes(b"ftp is all we want\n")

    done = made.apply(MASTER)

    assert done.status == 1 and "NOT PUT BACK" in done.err and "/etc/inetd.conf" in done.err, done
    assert path.read_bytes() == b"ftp is all we want\n"


def test_killed_at_any_point_while_it_takes_back_a_failure(
    dash: str, lab_of: Callable[[str], Lab], package: Make, tmp_path: Path
) -> None:
    lab = lab_of("stale-ssl-libs")
    before = both(lab)
    again = Again(lab, str(tmp_path / "kept"))
    made = package(lab, dash)
    impatient(made)
    text = made.texts[APPLY]
    # counted from where it begins to take back
    deadly = ticking(text).replace("\nput_back() {\n", "\nput_back() {\n    TICKS=0 TICK=$BACK\n")
    for number in range(1, 60, 1 if EVERYTHING else 3):
        again.put_back()
        lab.fault("client", "nimclient", "half once")
        made.texts[APPLY] = deadly
        first = made.run(APPLY, *made.confirmed(), BACK=str(number))
        made.texts[APPLY] = text
        if first.status == 1:
            assert number > 8
            break
        assert first.status == -9, (number, first)

        back = made.run(APPLY, *made.confirmed())

        # killed behind its last mark, nothing was left to put back
        assert (back.status == 1 and both(lab) == before) or back.status == 0, (number, back)
        assert b"inoperative" not in lab.run("client", "lssrc", "-s", "nimsh").stdout
        assert back.status == 0 or made.run(APPLY, *made.confirmed()).status == 0
        assert made.marks("client") == ("complete",)
