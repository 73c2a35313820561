"""Where the scripts refuse nothing is done, and they say why."""

import json
import os
import subprocess
from typing import Any, Callable, Dict, Tuple

import pytest

from nimdoctor.lab import Lab
from nimdoctor.planning.fix import Options

from .conftest import STATE, Make, Ran, Scripts, both, script_ends


def refused(scripts: Scripts, lab: Lab, *words: str, **environment: str) -> Ran:
    """Runs apply.ksh, which must not change a thing."""
    before, calls = both(lab), (lab.calls("client"), lab.calls("master"))
    done = scripts.apply(*words, **environment)
    assert done.status == 1, done
    assert both(lab) == before
    assert (lab.calls("client"), lab.calls("master")) == calls
    for end in ("client", "master"):
        assert not os.path.exists(lab.tree(end) + STATE + "/lock.d")
    return done


@pytest.fixture
def tftp(lab_of: Callable[[str], Lab], scripts: Make, dash: str) -> Tuple[Lab, Scripts]:
    lab = lab_of("tftp-disabled")
    return lab, scripts(lab, dash)


def replaced_by_a_link(path: str) -> None:
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)


def replaced_by_a_directory(path: str) -> None:
    os.unlink(path)
    os.mkdir(path)


def replaced_by_a_fifo(path: str) -> None:
    os.unlink(path)
    os.mkfifo(path)


def given_a_second_name(path: str) -> None:
    os.link(path, path + ".second")


def changed_by_a_byte(path: str) -> None:
    with open(path, "ab") as stream:
        stream.write(b"\n")


def removed(path: str) -> None:
    os.unlink(path)


@pytest.mark.parametrize(
    "happened",
    [
        replaced_by_a_link,
        replaced_by_a_directory,
        replaced_by_a_fifo,
        given_a_second_name,
        changed_by_a_byte,
        removed,
    ],
)
def test_a_file_that_is_no_longer_what_the_plan_saw(happened: Callable[[str], None], tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    happened(lab.master + "/etc/inetd.conf")

    done = refused(made, lab)

    assert "step 1, switch tftp on: needs" in done.err
    assert "/etc/inetd.conf" in done.err


def test_a_link_on_the_way_is_not_followed(tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    replaced_by_a_link(lab.master + "/etc")

    assert "is a link: nothing is done through it" in refused(made, lab).err


def on_the_client(lab: Lab, path: str, content: str) -> None:
    os.makedirs(os.path.dirname(lab.client + path), exist_ok=True)
    with open(lab.client + path, "w", encoding="ascii") as stream:
        stream.write(content)


def a_push_runs(lab: Lab) -> None:
    on_the_client(lab, "/.lab/proc/999", "7799162 1 - /usr/sbin/nimsh -s\n")


def an_installation_runs(lab: Lab) -> None:
    on_the_client(lab, "/.lab/proc/999", "1 1 - /usr/sbin/installp -a x\n")


def auditing_is_on(lab: Lab) -> None:
    with open(lab.master + "/.lab/auditing", "w", encoding="ascii"):
        pass


def the_level_is_another(lab: Lab) -> None:
    on_the_client(lab, "/.lab/oslevel", "7200-05-11-2546\n")


def a_fix_of_g2_came(lab: Lab) -> None:
    on_the_client(lab, "/.lab/apars", "IJ55968\n")


def inetd_was_not_refreshed(lab: Lab) -> None:
    with open(lab.master + "/.lab/inetd", "a", encoding="ascii") as stream:
        stream.write("exec\t/usr/sbin/rexecd\trexecd\n")


def tftp_is_denied(lab: Lab) -> None:
    with open(lab.master + "/etc/tftpaccess.ctl", "w", encoding="ascii") as stream:
        stream.write("allow:/\ndeny:/ssl_nimsh\n")


def the_certificate_is_gone(lab: Lab) -> None:
    for name in os.listdir(lab.master + "/ssl_nimsh/certs"):
        os.unlink(f"{lab.master}/ssl_nimsh/certs/{name}")


def ps_hangs(lab: Lab) -> None:
    lab.fault("client", "ps", "hang")


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (a_push_runs, "nimsh has a child: a push is under way (process 999)"),
        (an_installation_runs, "installp runs"),
        (auditing_is_on, "audit query says auditing on"),
        (the_level_is_another, "oslevel -s says 7200-05-11-2546"),
        (a_fix_of_g2_came, "a fix of generation G2 or later is installed"),
        (inetd_was_not_refreshed, "refresh -s inetd would stop exec"),
        (tftp_is_denied, "/etc/tftpaccess.ctl denies /ssl_nimsh/certs/server.pem"),
        (the_certificate_is_gone, "no certificate is below /ssl_nimsh/certs"),
    ],
)
def test_a_precondition_that_does_not_hold(
    happened: Callable[[Lab], None], said: str, tftp: Tuple[Lab, Scripts]
) -> None:
    lab, made = tftp
    happened(lab)

    assert said in refused(made, lab).err


def test_what_cannot_be_told_does_not_hold(tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    made.patch("apply.ksh", "limited 30 ", "limited 1 ")
    ps_hangs(lab)

    assert "client.ps: the command did not end within 30 s" in refused(made, lab).err


def test_another_process_holds_the_lock(tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    lock = lab.master + STATE + "/lock.d"
    os.makedirs(lock)
    os.chmod(os.path.dirname(lock), 0o700)
    with open(lock + "/pid", "w", encoding="ascii") as stream:
        stream.write(f"{os.getpid()}\n")
    before = both(lab)

    done = made.apply()

    assert done.status == 1 and f"process {os.getpid()}" in done.err
    assert both(lab) == before
    assert os.path.exists(lock), "a lock of somebody else stays"
    assert not os.path.exists(lab.client + STATE + "/lock.d")


def test_the_lock_of_a_dead_process_is_taken_over(tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    dead = subprocess.Popen(["true"])
    dead.wait()
    lock = lab.client + STATE + "/lock.d"
    os.makedirs(lock)
    os.chmod(os.path.dirname(lock), 0o700)
    with open(lock + "/pid", "w", encoding="ascii") as stream:
        stream.write(f"{dead.pid}\n")

    assert made.apply().status == 0
    assert os.listdir(lab.client + STATE) == ["scripts"]


@pytest.mark.parametrize(
    ("last", "fine"),
    [
        ({"event": "done", "step": "1-client-edit"}, False),
        ({"event": "stopped", "step": None}, False),
        ({"event": "rollback", "step": None}, False),
        ({"event": "complete", "step": None, "at": "x", "state": "rolled-back"}, True),
        ({"event": "complete", "step": None, "state": "applied-unverified"}, True),
    ],
)
def test_an_unfinished_run_of_nimdoctor(last: Dict[str, Any], fine: bool, tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    run = lab.client + STATE + "/runs/20261124T100000Z-1a2b"
    os.makedirs(run)
    os.chmod(lab.client + STATE, 0o700)
    with open(run + "/journal.jsonl", "w", encoding="ascii") as stream:
        for record in ({"event": "start", "step": None}, {"event": "begin", "step": "1"}, last):
            stream.write(json.dumps(record, separators=(",", ":")) + "\n")
        stream.write('{"event":"comp')

    if fine:
        assert made.apply().status == 0
    else:
        assert "run 20261124T100000Z-1a2b of nimdoctor is" in refused(made, lab).err


def test_at_a_terminal_somebody_is_asked(tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    before = both(lab)
    ours, theirs = os.openpty()
    os.write(ours, b"no\n")

    done = subprocess.run(made.command("apply.ksh"), stdin=theirs, capture_output=True, timeout=60, text=True)

    os.close(ours)
    os.close(theirs)
    assert done.returncode == 1 and "nothing was done" in done.stderr
    assert "1. master: switch tftp on" in done.stdout
    assert both(lab) == before


@pytest.mark.parametrize("words", [["--no"], ["client", "master"], ["--affects"], ["hello"]])
def test_wrong_usage(tftp: Tuple[Lab, Scripts], words: "list[str]") -> None:
    _, made = tftp

    done = made.run("apply.ksh", *words, yes=False)

    assert done.status == 2 and done.err.startswith("usage: apply.ksh")


def test_the_number_of_other_clients_must_be_repeated(lab_of: Callable[[str], Lab], scripts: Make, dash: str) -> None:
    lab = lab_of("create-bio-hang-master")
    made = scripts(lab, dash)
    before = both(lab)
    for words in ((), ("--affects", "2")):
        done = made.run("apply.ksh", *words)
        assert done.status == 1 and "--affects 1" in done.err and "lpar8" in done.out
    assert both(lab) == before

    made.document["affects"]["clients"].append("lpar9")
    confirmed = {**made.document, "options": {**made.document["options"], "affects": 2}}
    again = Scripts(confirmed, made.ends, made.place, dash)

    assert again.run("apply.ksh").status == 0


def test_the_number_may_come_from_the_environment(lab_of: Callable[[str], Lab], scripts: Make, dash: str) -> None:
    made = scripts(lab_of("create-bio-hang-master"), dash)

    assert made.run("apply.ksh", NIMDOCTOR_AFFECTS="1").status == 0


def test_the_host_itself_must_run_aix(lab_of: Callable[[str], Lab], scripts: Make, dash: str) -> None:
    lab = lab_of("nimsh-inactive")
    ends = script_ends(lab)
    made = scripts(lab, dash, Options(), {**ends, "client": ends["client"]._replace(root=None)})

    assert "this host runs Linux, not AIX" in refused(made, lab).err


def test_the_state_directory_must_be_nobody_elses(tftp: Tuple[Lab, Scripts]) -> None:
    lab, made = tftp
    os.makedirs(lab.client + STATE)
    os.chmod(lab.client + STATE, 0o777)

    assert "may be written by others" in refused(made, lab).err


def test_a_rename_onto_something_that_is_there(lab_of: Callable[[str], Lab], scripts: Make, dash: str) -> None:
    lab = lab_of("create-bio-hang-master")
    made = scripts(lab, dash)
    run = "20261124T100000Z-1a2b"
    os.makedirs(made.directory("client"))
    os.chmod(lab.client + STATE, 0o700)
    with open(made.directory("client") + "/run", "w", encoding="ascii") as stream:
        stream.write(run + "\n")
    os.mkdir(f"{lab.master}/ssl_nimsh_old.{run}")

    assert f"/ssl_nimsh_old.{run} exists already" in refused(made, lab).err


# -- ends that are not here


def test_steps_of_an_end_that_is_not_here_come_first(lab_of: Callable[[str], Lab], scripts: Make, dash: str) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, dash, Options(), script_ends(lab, here=("client",)))

    done = refused(made, lab)

    assert "run apply.ksh master on that host, then apply.ksh client here" in done.err


def test_each_end_in_turn_and_what_is_elsewhere_is_a_note(
    lab_of: Callable[[str], Lab], scripts: Make, dash: str
) -> None:
    lab = lab_of("tftp-disabled")
    made = scripts(lab, dash, Options(), script_ends(lab, here=()))
    before = lab.snapshot("master")

    assert "name the end this is" in refused(made, lab).err
    on_master = made.apply("master")
    on_client = made.apply("client")

    assert on_master.status == 0 and "step 1 (master) switch tftp on: done" in on_master.out
    assert "note: not looked at from here, the client is elsewhere" in on_master.out
    assert on_client.status == 0 and "note: not looked at from here, the master is elsewhere" in on_client.out
    assert lab.run("client", "lssrc", "-S", "-s", "nimsh").stdout.count(b"-c") == 1
    assert made.apply("client").out.startswith("nothing to do")

    stands = [step for step in made.document["steps"] if step["no_undo"]]
    assert made.roll_back("client").status == bool(stands)
    assert made.roll_back("master").status == 0
    assert lab.snapshot("master") == before


def test_what_was_opened_for_a_time_is_closed_only_when_the_other_end_is_through(
    lab_of: Callable[[str], Lab], scripts: Make, dash: str
) -> None:
    lab = lab_of("tftp-disabled")
    before = lab.snapshot("master")
    made = scripts(lab, dash, Options(transient_tftp=True), script_ends(lab, here=()))
    assert [step["where"] for step in made.document["steps"]] == ["master", "client", "master"]

    first = made.apply("master")
    again = made.apply("master")

    assert first.status == again.status == 0
    assert "apply.ksh client there, then apply.ksh master --next here" in first.out
    assert lab.snapshot("master") != before, "tftp is open"
    assert made.apply("client").status == 0
    last = made.apply("master", "--next")
    assert last.status == 0 and "step 3 (master) switch tftp off again: done" in last.out
    assert lab.snapshot("master") == before
