"""The program that runs on a host over ssh: it receives the one file, starts it once, and tells how it is getting on."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from packages import REPOSITORY
from shells import kill

from nimdoctor.remote import at_host

PROGRAM = (REPOSITORY / "nimdoctor" / "remote" / "at_host.py").read_text("ascii")
RUN, OTHER = "20260301T120005Z-1f2e", "20260301T120005Z-0001"
PS = "#!/bin/sh\necho 1 0 1 init\ncat {processes}\n"


def named(content):
    return f"nimdoctor-{hashlib.sha256(content).hexdigest()}.pyz"


ECHO = b'import sys\nprint(\'{"asked": "%s"}\' % sys.stdin.read())\n'
WAITS = b"import sys, time\nprint('begun', flush=True)\nwhile sys.argv: time.sleep(0.05)\n"


def target(link):
    """Where it leads; None where it is gone: a program that starts opens and closes others meanwhile."""
    with contextlib.suppress(OSError):
        return os.readlink(link)
    return None


class Host:
    """A state directory, and the program started for it as it is over ssh."""

    def __init__(self, place):
        self.state = str(place / "state")
        self.processes = place / "processes"
        self.processes.write_text("")
        (place / "bin").mkdir()
        (place / "bin" / "ps").write_text(PS.format(processes=self.processes))
        (place / "bin" / "ps").chmod(0o755)
        self.environment = {"PATH": f"{place}/bin:/usr/bin:/bin"}

    def ended(self, *words, stdin=b""):
        argv = [sys.executable, "-I", "-c", PROGRAM, self.state, *words]
        return subprocess.run(argv, input=stdin, capture_output=True, timeout=60, check=False, env=self.environment)

    def ask(self, *words, stdin=b""):
        ended = self.ended(*words, stdin=stdin)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def refused(self, *words, stdin=b""):
        ended = self.ended(*words, stdin=stdin)
        assert ended.returncode == 1 and ended.stdout == b"" and ended.stderr.count(b"\n") == 1, ended
        return ended.stderr.decode()

    def send(self, content):
        self.ask("receive", named(content), stdin=content)
        return named(content)

    def start(self, place, name, request=b"{}", other=b""):
        return self.ask("start", place, name, str(len(request)), str(len(other)), stdin=request + other)["how"]

    def path(self, *parts):
        return os.path.join(self.state, *parts)

    def told(self, place, how="over"):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            told = self.ask("tell", place, "0")
            if told["how"] == how:
                return told
        raise AssertionError(told)

    def holders(self, place):
        """Processes that have that place's lock."""
        found, lock = [], self.path("sent", place, "lock")
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if any(lock == target(f"/proc/{pid}/fd/{one}") for one in os.listdir(f"/proc/{pid}/fd")):
                    found.append(int(pid))
        return found


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    yield made
    for place in os.listdir(made.path("sent")) if os.path.isdir(made.path("sent")) else ():
        for pid in made.holders(place):
            kill(pid)


def test_a_file_is_received_once_and_only_as_its_name_says(host):
    name = named(ECHO)
    assert "did not arrive whole" in host.refused("receive", name, stdin=ECHO[:-1])
    assert os.listdir(host.path("agent")) == []
    assert host.ask("receive", name, stdin=ECHO) == {}
    before = os.stat(host.path("agent", name))
    assert host.ask("receive", name, stdin=b"another") == {}
    assert os.stat(host.path("agent", name)) == before and before.st_mode & 0o777 == 0o600
    assert [os.stat(host.path(one)).st_mode & 0o777 for one in ("", "agent")] == [0o700] * 2
    assert host.ask("overview")["files"] == {name: True}


def test_one_that_was_tampered_with_is_neither_run_nor_replaced(host):
    name = host.send(ECHO)
    with open(host.path("agent", name), "ab") as stream:
        stream.write(b"more")
    for words in (("receive", name), ("start", RUN, name, "0", "0"), ("question", name)):
        assert "was tampered with" in host.refused(*words, stdin=ECHO), words
    assert host.ask("overview")["files"] == {name: False} and host.ask("overview")["places"] == []


@pytest.mark.parametrize(("spoilt", "mode"), [("", 0o777), ("agent", 0o720), ("sent", 0o702)])
def test_where_others_may_write_nothing_is_believed(host, spoilt, mode):
    name = host.send(ECHO)
    os.makedirs(host.path("sent"), exist_ok=True)
    os.chmod(host.path(spoilt), mode)
    assert f"may be written by others (mode {mode:04o})" in host.refused("start", RUN, name, "2", "0", stdin=b"{}")
    assert "may be written by others" in host.refused("overview")


def test_a_link_in_a_directory_s_place_is_not_followed(host, tmp_path):
    name = host.send(ECHO)
    os.rename(host.path("agent"), tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", host.path("agent"))
    assert "is no directory" in host.refused("question", name)
    os.unlink(host.path("agent"))
    os.mkdir(host.path("agent"), 0o700)
    os.symlink(tmp_path / "elsewhere" / name, host.path("agent", name))
    assert "cannot be opened" in host.refused("question", name)


def test_a_request_is_answered_at_once(host):
    name = host.send(ECHO)
    assert host.ask("question", name, stdin=b"runs") == {"asked": "runs"}
    assert "is no name of what is kept here" in host.refused("question", "../evil", stdin=b"")


def test_what_is_started_gets_its_request_and_evidence_and_is_started_once(host):
    name = host.send(ECHO)
    assert host.start(RUN, name, b"once", b"\x1f\x8b evidence") in ("runs", "over")
    told = host.told(RUN)
    assert told == {"how": "over", "output": '{"asked": "once"}\n', "errors": ""}
    assert host.start(RUN, name, b"again") == "over" and host.told(RUN) == told
    assert host.ask("tell", RUN, "10")["output"] == '"once"}\n'
    with open(host.path("sent", RUN, "other.tar.gz"), "rb") as stream:
        assert stream.read() == b"\x1f\x8b evidence"
    assert host.ask("overview")["places"] == [{"place": RUN, "file": name, "how": "over"}]
    assert host.ask("forget", RUN) == host.ask("forget", RUN) == {} and os.listdir(host.path("sent")) == []
    assert "somebody else has read how it ended" in host.refused("tell", RUN, "0")


@pytest.mark.parametrize("cut", [b"", b"12", b"1234", b"1234ev"])
def test_what_arrives_cut_off_is_not_started(host, cut):
    name = host.send(ECHO)
    assert "did not arrive whole" in host.refused("start", RUN, name, "4", "8", stdin=cut)
    assert os.listdir(host.path("sent")) == []


def test_it_runs_in_a_session_of_its_own_deaf_to_hangups_and_is_not_forgotten_meanwhile(host):
    name = host.send(WAITS)
    host.start(RUN, name)
    (pid,) = host.holders(RUN)
    assert os.getsid(pid) == pid
    os.kill(pid, signal.SIGHUP)
    assert host.start(RUN, name) == "runs" and host.holders(RUN) == [pid]
    assert "is under way" in host.refused("forget", RUN)
    until = time.monotonic() + 10
    while not host.ask("tell", RUN, "0")["output"] and time.monotonic() < until:
        pass
    assert host.ask("tell", RUN, "0") == {"how": "runs", "output": "begun\n", "errors": ""}
    kill(pid)
    assert host.told(RUN)["output"] == "begun\n"
    assert host.start(RUN, name) == "over" and host.holders(RUN) == []


def test_two_that_start_the_same_at_once_start_it_once(host):
    name = host.send(WAITS)
    argv = [sys.executable, "-I", "-c", PROGRAM, host.state, "start", RUN, name, "0", "0"]
    both = [subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for _ in range(4)]
    assert {json.loads(one.communicate(timeout=60)[0])["how"] for one in both} == {"runs"}
    assert len(host.holders(RUN)) == 1 and os.listdir(host.path("sent")) == [RUN]


def journal(host, run, *records):
    os.makedirs(host.path("runs", run), exist_ok=True)
    with open(host.path("runs", run, "journal.jsonl"), "w", encoding="ascii") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)


def test_a_file_goes_when_a_newer_is_started_and_nothing_needs_it(host):
    old, newer = host.send(WAITS), None
    os.utime(host.path("agent", old), (1, 1))
    start = {"event": "start", "executor": old, "parts": {"whole": "x"}}
    ended = {"event": "complete", "state": "complete"}
    newer = host.send(ECHO)
    copies = [f"{name[:-4]}.d" for name in (old, newer)]
    for copy in copies:
        os.mkdir(host.path("agent", copy), 0o700)

    def there_after(place):
        host.start(place, newer)
        host.told(place)
        host.ask("forget", place)
        there = os.listdir(host.path("agent"))
        assert (old in there) == (copies[0] in there) and copies[1] in there, "what was unpacked of it goes with it"
        return old in there

    host.start(OTHER, old)
    assert there_after(RUN), "it runs"
    (pid,) = host.holders(OTHER)
    kill(pid)
    host.told(OTHER)
    journal(host, OTHER, start, {"event": "begin", "step": "1"})
    assert there_after(RUN), "its run is not at an end"
    assert host.ask("overview")["runs"] == [{"run": OTHER, "executor": old, "ended": False, "parts": {"whole": "x"}}]
    os.chmod(host.path("runs", OTHER, "journal.jsonl"), 0o666)
    assert there_after(RUN), "whose run that is cannot be told"
    os.chmod(host.path("runs", OTHER, "journal.jsonl"), 0o600)
    journal(host, OTHER, start, ended, {"event": "followed"})
    host.processes.write_text(f"7 1 2 /usr/bin/python3 -I {host.path('agent', old)}\n")
    assert there_after(RUN), "a process names it"
    (host.processes.parent / "bin" / "ps").write_text("#!/bin/sh\nexit 1\n")
    assert there_after(RUN), "which processes there are cannot be told"
    (host.processes.parent / "bin" / "ps").write_text("#!/bin/sh\necho 1 0 1 init\n")
    assert not there_after(RUN) and newer in os.listdir(host.path("agent"))


def test_the_file_that_goes_on_with_an_older_run_leaves_a_newer_one_alone(host):
    old, newer = host.send(ECHO), host.send(WAITS)
    os.utime(host.path("agent", old), (1, 1))
    host.start(RUN, old)
    assert set(os.listdir(host.path("agent"))) == {old, newer}


def test_what_nobody_reads_goes_after_its_time(host):
    name = host.send(ECHO)
    for place in (RUN, OTHER):
        host.start(place, name)
        host.told(place)
    long_ago = time.time() - at_host.UNREAD - 60
    os.utime(host.path("sent", OTHER), (long_ago, long_ago))
    os.mkdir(host.path("sent", ".new-half"))
    os.utime(host.path("sent", ".new-half"), (long_ago, long_ago))
    host.start(RUN, name)
    assert os.listdir(host.path("sent")) == [RUN]


def test_the_plan_of_a_run_is_told_before_it_has_a_journal_too(host):
    name = host.send(ECHO)
    assert f"there is no run {RUN}" in host.refused("plan", RUN)
    host.start(RUN, name, b'{"plan": {"id": "x"}}')
    assert json.loads(host.ask("plan", RUN)["plan"]) == {"id": "x"}
    journal(host, RUN, {"event": "start"})
    with open(host.path("runs", RUN, "plan.json"), "w", encoding="ascii") as stream:
        stream.write("the plan")
    assert host.ask("plan", RUN) == {"plan": "the plan"}


def test_a_host_where_nothing_ever_was_has_nothing_and_gets_nothing(host):
    found = host.ask("overview")
    assert found.pop("clock").endswith("Z") and found == {"files": {}, "places": [], "runs": []}
    assert not os.path.exists(host.state)


def test_a_journal_that_is_damaged_or_empty_is_a_run_that_nobody_can_name(host):
    os.makedirs(host.path("runs", OTHER))
    os.chmod(host.state, 0o700)
    journal(host, RUN, ["no", "record"], {"event": "start", "executor": None}, {"event": "proved"})
    assert host.ask("overview")["runs"] == [
        {"run": OTHER, "executor": None, "ended": False, "parts": None},
        {"run": RUN, "executor": None, "ended": True, "parts": None},
    ]
