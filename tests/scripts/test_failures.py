"""A step that fails, hangs or does nothing: what can be is undone, and the script says exactly where things stand."""

import os
import signal
import subprocess
import time
from typing import Callable

import pytest
from shells import gone, processes_of, shell_named

from nimdoctor.lab import Lab
from nimdoctor.planning.fix import Options

from .conftest import Make, Scripts, both, script_ends


def quick(scripts: Scripts) -> Scripts:
    """A script that waits neither for daemons nor for long commands."""
    scripts.patch("apply.ksh", "SETTLING=4", "SETTLING=1")
    for seconds in (300, 600):
        scripts.texts["apply.ksh"] = (
            scripts.texts["apply.ksh"]
            .replace(f"run_command client {seconds} ", "run_command client 2 ")
            .replace(f"run_command master {seconds} ", "run_command master 2 ")
        )
    return scripts


@pytest.mark.parametrize(("fault", "name"), [("half", "ksh93"), ("fail", "mksh"), ("silent", "dash"), ("hang", "dash")])
def test_a_fetch_that_fails_gives_the_libraries_back_and_starts_nimsh(
    fault: str, name: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    shell = shell_named(name)
    lab = lab_of("stale-ssl-libs")
    made = quick(scripts(lab, shell))
    before = both(lab)
    lab.fault("client", "nimclient", fault)

    done = made.apply()

    assert done.status == 1, done
    assert "restored: nothing of this plan is left on the host" in done.err
    if fault == "hang":
        assert "nimclient -c did not end within 2 s and was ended" in done.err
        assert gone(lab.client)
    assert both(lab) == before
    assert made.marks("client") == ()
    assert made.state("client") == "restored"
    assert b"active" in lab.run("client", "lssrc", "-s", "nimsh").stdout

    lab.fault("client", "nimclient", None)
    again = made.apply()
    assert again.status == 0, again
    assert "/usr/lib/libssl.so.0.9.8" in lab.snapshot("client")


def test_a_command_that_is_ended_at_its_deadline_and_did_its_work_is_done(
    shell: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("stale-ssl-libs")
    made = quick(scripts(lab, shell))
    lab.fault("client", "nimclient", "late once")

    done = made.apply()

    assert done.status == 0, done
    assert "did not end within 2 s and was ended; all its effects are seen" in done.out
    assert gone(lab.client)


def test_a_bad_status_is_no_success_whatever_is_seen(dash: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("stale-ssl-libs")
    made = quick(scripts(lab, dash))
    lab.fault("client", "nimclient", "lie")

    done = made.apply()

    assert done.status == 1 and "nimclient -c ended with status 1" in done.err


def test_behind_a_step_that_cannot_be_undone_it_stops_and_goes_on_later(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("both-known-issues")
    made = quick(scripts(lab, dash))
    libraries = {path: entry for path, entry in lab.snapshot("client").items() if path.startswith("/usr/lib/")}
    lab.fault("client", "nimclient.-c", "fail")

    done = made.apply()

    assert done.status == 1
    assert made.state("client") == "stopped"
    assert "step 1 (client) switch crypto off at the client: done" in done.err
    after = lab.snapshot("client")
    assert {path: after.get(path) for path in libraries} == libraries, "the copies went back"
    assert made.roll_back().status == 1

    lab.fault("client", "nimclient.-c", None)
    again = made.apply()
    assert again.status == 0, again
    assert lab.calls("client").count("nimclient -C") == 1


@pytest.mark.parametrize(("fault", "name"), [("half", "ksh93"), ("hang", "mksh"), ("fail", "dash")])
def test_within_the_recycle_the_only_way_is_forward(
    fault: str, name: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    shell = shell_named(name)
    lab = lab_of("create-bio-hang-master")
    made = quick(scripts(lab, shell))
    old = {path: entry for path, entry in lab.snapshot("master").items() if path.startswith("/ssl_nimsh/")}
    lab.fault("master", "nimconfig.-c", fault)

    done = made.apply()

    assert done.status == 1 and "the only way is forward: apply.ksh again" in done.err
    assert made.state("master") == "stopped"
    back = made.roll_back()
    assert back.status == 1 and "apply.ksh goes on with them" in back.err
    tree = lab.snapshot("master")
    kept = next(path for path in tree if path.startswith("/ssl_nimsh_old."))
    assert {path: tree[kept + path[len("/ssl_nimsh") :]] for path in old} == old, "nothing of the old tree is touched"

    lab.fault("master", "nimconfig.-c", None)
    again = made.apply()

    assert again.status == 0, again
    assert lab.calls("master").count("nimconfig -C") == 1
    halves = [path for path in lab.snapshot("master") if path.startswith("/ssl_nimsh_half.") and path.count("/") == 1]
    assert len(halves) == (1 if fault == "half" else 0)


FORWARD = "the only way is forward"
STEPS = (
    ("master", "refresh", "switch tftp on"),
    ("master", "nimconfig.-C", "switch SSL off on the master"),
    ("master", "", "rename the old certificates' tree"),
    ("master", "nimconfig.-c", "make new certificates on the master"),
    ("client", "nimclient.-C", "switch crypto off at the client"),
    ("client", "nimclient.-c", "fetch the certificate and switch crypto on at the client"),
)
"""The end, the command whose failure is that of the step, and the step's title."""


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("begun", [False, True], ids=["refused just before", "failed without effect"])
def test_only_from_the_first_step_of_the_leg_on_is_the_way_forward(
    number: int, begun: bool, dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("create-bio-hang-master+tftp-disabled")
    made = quick(scripts(lab, dash))
    before = both(lab)
    end, command, _ = STEPS[number - 1]
    text = made.texts["apply.ksh"]
    if begun and command:
        lab.fault(end, command, "fail once")
    else:
        # of the rename only the mark is written
        mark = 'at "$END"; write_mark "" "$DIR/begun.$1"; ' if begun else ""
        broken = f'    [ "$1" != {number} ] || {{ step "$1"; {mark}WHY=\'broken here\'; return 1; }}\n'
        made.patch("apply.ksh", "do_step() {\n", "do_step() {\n" + broken)

    done = made.apply()

    within = number in (2, 3, 4) and (begun or number > 2)
    assert (done.status, FORWARD in done.err) == (1, within), done
    if number == 1 or (number == 2 and not begun):
        # nothing of the leg was begun: all is put back
        assert (made.state("client"), made.state("master")) == ("restored", "restored")
        assert both(lab) == before
        assert "nimconfig -c" not in lab.calls("master") and made.marks("master") == made.marks("client") == ()
        return
    assert (made.state("client"), made.state("master")) == ("stopped", "stopped")
    told = [line for line in done.err.splitlines() if ": done" in line]
    assert [line.partition(") ")[2] for line in told] == [f"{one[2]}: done" for one in STEPS[: number - 1]], done.err
    assert both(lab)[0] == before[0]
    assert any(path.startswith("/ssl_nimsh_old.") for path in both(lab)[1]) is (number > 3)
    back = made.roll_back()
    assert (back.status, "apply.ksh goes on with them" in back.err) == (1, within), back

    made.texts["apply.ksh"] = text
    again = made.apply()
    assert again.status == 0, again
    assert lab.calls("master").count("nimconfig -c") == 1 + (begun and number == 4)
    assert lab.push().status == 0 and lab.connect() == "nimsh (secure)"


def test_what_was_opened_for_a_time_is_closed_whatever_fails(
    shell: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("tftp-disabled")
    made = quick(scripts(lab, shell, Options(transient_tftp=True)))
    before = lab.snapshot("master")
    lab.fault("client", "nimclient", "fail once")

    done = made.apply()

    assert done.status == 1, done
    assert lab.snapshot("master") == before
    assert b" tftp " not in lab.run("master", "lssrc", "-ls", "inetd").stdout
    again = made.apply()
    assert again.status == 0, again
    assert lab.snapshot("master") == before


def test_it_stays_open_while_somebody_fetches(dash: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, dash, Options(transient_tftp=True))
    made.patch(
        "apply.ksh",
        "close_step() {\n",
        f"close_step() {{\n    echo '1 1 - /usr/sbin/tftpd -n' > {lab.master}/.lab/proc/997\n",
    )

    done = made.apply()

    assert done.status == 0
    assert "left open, tftpd serves somebody right now" in done.out
    assert b" tftp " in lab.run("master", "lssrc", "-ls", "inetd").stdout


def test_a_refresh_that_fails_puts_the_file_back(shell: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("tftp-disabled")
    made = quick(scripts(lab, shell))
    before = both(lab)
    lab.fault("master", "refresh", "fail once")

    done = made.apply()

    assert done.status == 1 and "refresh -s inetd ended with status 1" in done.err
    assert both(lab) == before
    assert made.state("master") == "restored"


def test_too_little_room_is_seen_before_anything_is_written(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, dash)
    made.patch("apply.ksh", "room_kb=10240", "room_kb=999999999999")
    before = both(lab)

    done = made.apply()

    assert done.status == 1 and "KB free" in done.err
    assert both(lab) == before


def test_a_rollback_refuses_a_file_that_somebody_changed(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("rhosts-left-over")
    made = scripts(lab, dash, Options(only=("remove-rhosts",)))
    assert made.apply().status == 0
    with open(lab.client + "/.rhosts", "a", encoding="ascii") as stream:
        stream.write("backup9 oper\n")
    before = both(lab)

    done = made.roll_back()

    assert done.status == 1
    assert "/.rhosts is no longer as this run left it" in done.err
    assert "backup9 oper" in done.err
    assert both(lab) == before


def test_a_rollback_gives_back_bytes_mode_owner_and_time(
    shell: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("rhosts-left-over")
    path = lab.client + "/.rhosts"
    os.chown(path, 3, 4)
    os.chmod(path, 0o640)
    before, inode = os.stat(path), os.stat(path).st_ino
    made = scripts(lab, shell, Options(only=("remove-rhosts",)))

    assert made.apply().status == made.roll_back().status == 0

    after = os.stat(path)
    assert (after.st_mode, after.st_uid, after.st_gid, int(after.st_mtime)) == (
        before.st_mode,
        3,
        4,
        int(before.st_mtime),
    )
    assert after.st_ino == inode


@pytest.mark.parametrize(
    ("name", "shell"),
    [(signal.SIGTERM, "ksh93"), (signal.SIGINT, "mksh"), (signal.SIGTERM, "mksh"), (signal.SIGINT, "dash")],
)
def test_an_interrupted_script_ends_its_command_and_can_be_started_again(
    name: signal.Signals, shell: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("stale-ssl-libs")
    made = scripts(lab, shell_named(shell))
    lab.fault("client", "nimclient", "hang")
    started = subprocess.Popen(
        made.command("apply.ksh", "--yes"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    for _ in range(500):
        if "nimclient -c" in lab.calls("client"):
            break
        time.sleep(0.02)
    # sent to the shell alone, a signal may come just before it waits and be taken at the next one; a terminal's goes to all
    for _ in range(10):
        started.send_signal(name)
        try:
            started.wait(6)
            break
        except subprocess.TimeoutExpired:
            continue

    assert started.wait(1) == 128 + name
    assert gone(lab.client)
    assert not os.path.exists(made.ends["client"].state + "/lock.d")

    lab.fault("client", "nimclient", None)
    assert made.apply().status == 0


def test_a_command_of_a_killed_script_is_waited_for(dash: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("stale-ssl-libs")
    made = scripts(lab, dash)
    lab.fault("client", "nimclient", "hang")
    started = subprocess.Popen(
        made.command("apply.ksh", "--yes"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    child = made.directory("client") + "/child"
    for _ in range(500):
        if "nimclient -c" in lab.calls("client") and os.path.exists(child):
            break
        time.sleep(0.02)
    started.kill()
    started.wait()

    done = made.apply()

    assert done.status == 1 and "a command of an earlier start still runs" in done.err
    for pid in processes_of(lab.client):
        os.kill(pid, signal.SIGKILL)
    lab.fault("client", "nimclient", None)
    assert made.apply().status == 0
    # what watched over the command sees within some seconds that it is over
    assert gone(made.place + "/apply.ksh", 10.0)


def test_what_the_other_clients_run(shell: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("create-bio-hang-master")
    made = scripts(lab, shell)
    root = lab.clients["lpar8"]
    made.texts["clients/lpar8.ksh"] = made.texts["clients/lpar8.ksh"].replace("SETTLING=4", "SETTLING=1")
    assert made.apply().status == 0
    before = lab.snapshot("lpar8")["/ssl_nimsh/certs/server.pem"]

    wrong = made.run("clients/lpar8.ksh", "--root", lab.client)
    done = made.run("clients/lpar8.ksh", "--root", root)
    again = made.run("clients/lpar8.ksh", "--root", root)

    assert wrong.status == 1 and "the script is for lpar8" in wrong.err
    assert done.status == 0 and done.out.endswith("followed\n"), done
    assert lab.snapshot("lpar8")["/ssl_nimsh/certs/server.pem"] != before
    assert again.status == 0 and again.out.startswith("followed already")
    assert lab.calls("lpar8") == ["nimclient -C", "nimclient -c"]

    on_aix = made.run("clients/lpar8.ksh")
    assert on_aix.status == 1 and "not AIX" in on_aix.err


def test_a_client_that_cannot_follow_says_so(dash: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("create-bio-hang-master")
    made = scripts(lab, dash, Options(), script_ends(lab))
    lab.fault("lpar8", "nimclient.-c", "fail")

    done = made.run("clients/lpar8.ksh", "--root", lab.clients["lpar8"])

    assert done.status == 1 and "nimsh has crypto off" in done.err
    assert "followed" not in done.out


def test_what_was_undone_as_far_as_it_can_be_is_not_undone_again(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("stale-ssl-libs")
    made = quick(scripts(lab, dash))
    before = {path: entry for path, entry in lab.snapshot("client").items() if path.startswith("/usr/lib/")}
    # a fetch that brings another certificate, and then ends badly
    made.patch(
        "apply.ksh", "run_command() {\n", f"run_command() {{\n    rm -f {lab.client}/ssl_nimsh/certs/server.pem\n"
    )
    lab.fault("client", "nimclient", "fail once")

    done = made.apply()

    assert done.status == 1 and made.state("client") == "stopped"
    assert "begun, some of its effects are there" in done.out
    for _ in range(2):
        back = made.roll_back()
        assert back.status == 1 and "begun, some of its effects are there" in back.out
    after = {path: entry for path, entry in lab.snapshot("client").items() if path.startswith("/usr/lib/")}
    assert after == before, "the copies that went back stay"


def test_what_stayed_open_is_closed_by_the_next_start_or_a_rollback(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    for script in ("apply.ksh", "rollback.ksh"):
        lab = lab_of("tftp-disabled")
        before = lab.snapshot("master")
        made = scripts(lab, dash, Options(transient_tftp=True))
        text = made.texts["apply.ksh"]
        busy = f"{lab.master}/.lab/proc/997"
        made.patch("apply.ksh", "close_step() {\n", f"close_step() {{\n    echo '1 1 - /usr/sbin/tftpd -n' > {busy}\n")
        assert made.apply().status == 0
        assert lab.snapshot("master") != before
        made.texts["apply.ksh"] = text
        os.unlink(busy)

        made.run(script)

        assert lab.snapshot("master") == before
        assert b" tftp " not in lab.run("master", "lssrc", "-ls", "inetd").stdout


def test_a_push_that_hangs_is_waived_and_a_later_one_is_not(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("create-bio-hang")
    lab.hang(age=23 * 3600)
    plan = scripts(lab, dash, Options(accept_hung="lpar7"), changed=True)
    with open(lab.client + "/.lab/proc/999", "w", encoding="ascii") as stream:
        stream.write(f"7799162 {int(time.time()) - 60} - /usr/sbin/nimsh -s -c\n")

    refused = plan.apply()
    os.unlink(lab.client + "/.lab/proc/999")
    done = plan.apply()

    assert refused.status == 1 and "which began after the one that is proved to hang (process 999)" in refused.err
    assert done.status == 0, done


@pytest.mark.parametrize("fault", ["fail", "silent", "half", "lie"])
@pytest.mark.parametrize(
    ("scenario", "fix", "command"),
    [("push-disabled", "allow-push", "nimclient.-p"), ("nimsh-not-at-boot", "start-at-boot", "mkitab")],
)
def test_what_a_command_did_although_it_failed_is_taken_back_and_nothing_else(
    scenario: str, fix: str, command: str, fault: str, shell: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of(scenario)
    made = quick(scripts(lab, shell, Options(only=(fix,))))
    before = both(lab), lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout
    lab.fault("client", command, fault)

    done = made.apply()

    assert done.status == 1 and "restored: nothing of this plan is left on the host" in done.err, done
    assert (both(lab), lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout) == before
    assert lab.run("client", "lssrc", "-s", "nimsh").stdout.split()[-1] == b"active"


KEY = "/ssl_nimsh/keys/serverkey.pem"


def test_a_mode_that_somebody_else_changed_is_not_taken_back(
    shell: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("key-exposed")
    made = scripts(lab, shell)
    assert made.apply().status == 0
    os.chmod(lab.master + KEY, 0o400)
    before = lab.snapshot("master")

    refused = made.roll_back()

    assert refused.status == 1
    assert f"{KEY} is no longer as this run left it (mode -rw-------, now mode -r--------)" in refused.err
    assert lab.snapshot("master") == before

    os.chmod(lab.master + KEY, 0o644)

    assert made.roll_back().status == 0, "the mode that undoing gives is no hindrance"


def test_a_mode_is_not_changed_through_a_link_that_came_since(
    dash: str, lab_of: Callable[[str], Lab], scripts: Make
) -> None:
    lab = lab_of("key-exposed")
    made = scripts(lab, dash)
    os.rename(lab.master + KEY, lab.master + "/etc/other")
    os.symlink(lab.master + "/etc/other", lab.master + KEY)

    refused = made.apply()

    assert refused.status == 1 and f"{KEY} is a link" in refused.err
    assert os.stat(lab.master + "/etc/other").st_mode & 0o777 == 0o644
    assert lab.calls("master") == []


def test_a_chmod_without_effect_is_not_called_done(dash: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("key-exposed")
    before = lab.snapshot("master")
    made = scripts(lab, dash)
    made.patch("apply.ksh", "SETTLING=4", "SETTLING=1")
    lab.fault("master", "chmod", "silent")

    done = made.apply()

    assert done.status == 1 and f"{KEY.replace('server', 'client')} has mode -rw-r--r--" in done.out + done.err
    assert lab.snapshot("master") == before


def test_rules_of_tftp_are_not_changed_while_tftpd_runs(dash: str, lab_of: Callable[[str], Lab], scripts: Make) -> None:
    lab = lab_of("tftp-denied")
    made = scripts(lab, dash)
    with open(lab.master + "/.lab/proc/997", "w", encoding="ascii") as stream:
        stream.write("1 1 - /usr/sbin/tftpd -n\n")

    refused = made.apply()

    assert refused.status == 1 and "tftpd serves somebody right now" in refused.err
    assert lab.calls("client") == []
