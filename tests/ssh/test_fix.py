"""`nimdoctor fix ssh:HOST`: the one file is sent, carries the plan out there on its own, and is followed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib import resources
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

import jsonschema
import pytest
from loopback import Loopback
from shells import kill, processes_of

import nimdoctor.report
from nimdoctor.cli import main
from nimdoctor.evidence import connection
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.remote.one_file import OneFile, agent

STATE = "var/adm/nimdoctor"
EXECUTOR = "/agent/nimdoctor-"
"""What stands among the arguments of a process that carries a plan out."""
CHECKS = ("stale-ssl-libs", "tftp-disabled", "create-bio-hang", "certificate-mismatch", "client-not-secure")
Hosts = Callable[..., Any]


class Said(NamedTuple):
    """How a command line ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def doctor(over: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Runs a command line in this process, with the checks that the scenarios are about."""
    real = Registry.checks
    monkeypatch.setattr(Registry, "checks", lambda self: [one for one in real(self) if one.id in CHECKS])

    def run(*words: str) -> Said:
        capsys.readouterr()
        status = main(list(words))
        return Said(status, *capsys.readouterr())

    return run


@pytest.fixture
def started(over: Loopback, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Runs a command line in a process of its own, to be interrupted or killed."""
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    running: List[subprocess.Popen[str]] = []

    def start(*words: str) -> "subprocess.Popen[str]":
        argv = [sys.executable, "-m", "nimdoctor", *words]
        pipe = subprocess.PIPE
        # whatever the suite itself ignores, as one in the background does SIGINT
        running.append(
            subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, preexec_fn=_heed)
        )
        return running[-1]

    yield start
    for process in running:
        # it says good-bye to the host, and follows no longer
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def _heed() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(seen: Callable[[], Any], patience: float = 120.0) -> Any:
    """What is seen at last."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = seen()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it was never seen")


def state(lab: Lab, *parts: str, end: str = "client") -> Path:
    return Path(lab.tree(end), STATE, *parts)


def sent(lab: Lab, end: str = "client") -> List[str]:
    """What was sent to that host and not read to its end."""
    place = state(lab, "sent", end=end)
    return sorted(os.listdir(place)) if place.is_dir() else []


def events(lab: Lab, end: str = "client") -> List[str]:
    """What the journals of that host say, such as `begin 1-client-remove`."""
    found = []
    for path in sorted(state(lab, "runs", end=end).glob("*/journal.jsonl")):
        for line in path.read_text("ascii").splitlines(keepends=True):
            if line.endswith("\n"):
                record = json.loads(line)
                found.append(f"{record['event']} {record['step'] or record.get('state') or ''}".strip())
    return found


def saw(lab: Lab, event: str, end: str = "client") -> bool:
    return any(one.startswith(event) for one in events(lab, end))


def files(lab: Lab, end: str = "client") -> List[str]:
    place = state(lab, "agent", end=end)
    return sorted(os.listdir(place)) if place.is_dir() else []


def end_executors(over: Loopback) -> None:
    """Kills what carries a plan out on a host, with all that it has started."""
    for pid in over.running(EXECUTOR):
        for one in (pid, *_below(pid)):
            kill(one)


def _below(pid: int) -> List[int]:
    parents: Dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(name)] = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        below = [child for child, above in parents.items() if above == parent]
        found += below
        waiting += below
    return found


@pytest.fixture(autouse=True)
def nothing_runs_on(over: Loopback) -> Iterator[None]:
    """What a test has left running on a host is ended with it."""
    yield
    end_executors(over)


@pytest.fixture(scope="session")
def cured(originals: Callable[[str], Lab]) -> Iterator[Callable[[str], Tuple[List[Any], List[str]]]]:
    """The trees of a scenario after the same plan was applied without ssh, and what was called on the client."""
    known: Dict[str, Tuple[List[Any], List[str]]] = {}

    def get(scenario: str) -> Tuple[List[Any], List[str]]:
        if scenario not in known:
            with originals(scenario).copy() as lab:
                assert main(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]) == 0
                known[scenario] = ends(lab), lab.calls("client")
        return known[scenario]

    yield get


def ends(lab: Any) -> List[Any]:
    return [lab.whole(end) if hasattr(lab, "whole") else lab.snapshot(end) for end in ("client", "master")]


def valid(schema: str, text: str) -> Any:
    """The document, once it fits its published schema."""
    document = json.loads(text)
    published = resources.files(nimdoctor.report).joinpath(f"{schema}.schema.json").read_text("utf-8")
    jsonschema.Draft7Validator(json.loads(published)).validate(document)
    return document


def answers(there: Any, command: str, script: str) -> None:
    """Lays a command on the client."""
    place = Path(there.lab.client, "usr/bin", command)
    place.write_text(f"#!/bin/sh\n{script}\n", "ascii")
    place.chmod(0o755)


def applying(there: Any) -> Tuple[str, ...]:
    return ("fix", there.client, "--master", there.master, "--apply", "--yes")


# -- from the plan to the proof


def test_the_plan_is_shown_and_nothing_is_touched(hosts: Hosts, doctor: Callable[..., Said], tmp_path: Path) -> None:
    there = hosts("stale-ssl-libs")
    before = ends(there)
    said = doctor("fix", there.client, "--master", there.master, "--script", str(tmp_path / "package"))
    assert said.status == 1 and "PLAN " in said.out and "remove /usr/lib/libssl.so.0.9.8" in said.out
    assert f"nimdoctor fix {there.client} --master {there.master} --apply" in said.out
    assert "Refused as things are" not in said.out
    assert ends(there) == before and not state(there.lab).exists() and there.lab.calls("client") == []
    assert {"README", "plan.json"} < set(os.listdir(tmp_path / "package"))
    # whoever approved it may apply it from anywhere: --expect holds however the hosts are reached
    without_ssh = doctor("fix", there.lab.client_target, "--master", there.lab.master_target, "--format", "json")
    saved = json.loads((tmp_path / "package" / "plan.json").read_text("ascii"))
    assert json.loads(without_ssh.out)["id"] == saved["id"]


def test_a_client_ends_as_it_does_when_it_is_cured_on_the_host(
    hosts: Hosts, cured: Callable[[str], Any], doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("stale-ssl-libs", python="3.9", place="/opt/freeware/bin/python3")
    # where the Toolbox is, rpm is asked
    answers(there, "rpm", 'echo "file $2 is not owned by any package"\nexit 1')
    key = Path(there.lab.master, "ssl_nimsh/keys/serverkey.pem").read_text("ascii").splitlines()[1]
    crossed: List[bytes] = []
    real = connection.run

    def watched(argv: Any, **more: Any) -> Any:
        result = real(argv, **more)
        crossed.extend([os.fsencode(argv[-1]), more.get("stdin", b""), result.stdout, result.stderr])
        return result

    monkeypatch.setattr(connection, "run", watched)
    said = doctor(*applying(there))
    assert said.status == 0, said
    assert said.out.startswith("COMPLETE: run ") and "fixed              stale-ssl-libs on the client" in said.out
    assert f"sent {agent().name} to {there.client}" in said.err
    assert "client: remove /usr/lib/libssl.so.0.9.8 ..." in said.err
    assert (ends(there), there.lab.calls("client")) == cured("stale-ssl-libs")
    # neither a key nor what was read to its end is anywhere but where it was
    assert not any(key.encode() in one for one in crossed)
    assert files(there.lab) == [agent().name] and sent(there.lab) == [] and not state(there.lab, end="master").exists()
    for path in (state(there.lab), state(there.lab, "agent"), state(there.lab, "sent")):
        assert path.stat().st_mode & 0o777 == 0o700
    again = doctor(*applying(there))
    assert again.status == 0 and "sent " not in again.err and len(os.listdir(state(there.lab, "runs"))) == 1

    (run,) = valid("runs-1", doctor("runs", "--target", there.client, "--format", "json").out)["runs"]
    assert run["state"] == "complete" and {step["state"] for step in run["steps"]} == {"done"}
    assert (run["run"] in said.out, run["resume"], run["executor"]) == (True, None, agent().name)


def test_a_master_alone_is_cured_and_taken_back(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("tftp-disabled")
    before = there.whole("master")
    assert doctor("runs", "--target", there.master).status == 0 and not state(there.lab, end="master").exists()
    said = doctor("fix", there.master, "--apply", "--yes", "--change", "CHG7", "--format", "json")
    assert said.status == 0, said
    result = valid("plan-1", said.out)["result"]
    assert [one["outcome"] for one in result["findings"]] == ["fixed"] and there.whole("master") != before
    (run,) = valid("runs-1", doctor("runs", "--target", there.master, "--format", "json").out)["runs"]
    assert (run["run"], run["state"], run["change"]) == (result["run"], "complete", "CHG7")
    back = doctor("rollback", result["run"], "--target", there.master, "--only", "enable-tftp", "--yes")
    assert back.status == 0 and there.whole("master") == before, back
    assert "rolled-back" in doctor("runs", "--target", there.master).out
    assert "no run in /var/adm/nimdoctor waits for" in doctor("runs", "--target", there.master, "--followed", "x").err
    pruned = doctor("runs", "--target", there.master, "--prune", "0")
    assert pruned.status == 0 and os.listdir(state(there.lab, "runs", end="master")) == [], pruned


# -- two hosts


def test_a_plan_for_two_hosts_is_run_on_each_the_master_first_and_each_is_taken_back(
    hosts: Hosts, cured: Callable[[str], Any], doctor: Callable[..., Said]
) -> None:
    there = hosts("tftp-disabled")
    before = ends(there)
    said = doctor(*applying(there))
    assert said.status == 0 and said.out.startswith("APPLIED-UNVERIFIED: run "), said
    assert said.err.index("master: switch tftp on ...") < said.err.index("client: fetch the certificate")
    assert ends(there) == cured("tftp-disabled")[0]
    ((run,), (same,)) = (os.listdir(state(there.lab, "runs", end=end)) for end in ("client", "master"))
    assert run == same and run in said.out

    back = doctor("rollback", "--target", there.client, "--yes")
    assert back.status == 0 and "2-client-nimclient-c" in back.out, back
    assert there.whole("client") == before[0] and there.whole("master") != before[1]
    assert f"stands: nimdoctor rollback {run} --target {there.master}" in back.err
    assert doctor("rollback", run, "--target", there.master, "--yes").status == 0
    assert ends(there) == before


def test_a_driver_that_is_lost_between_two_hosts_is_told_by_the_next(
    hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said], cured: Callable[[str], Any], over: Loopback
) -> None:
    there = hosts("tftp-disabled")
    process = started(*applying(there))
    until(lambda: saw(there.lab, "begin", "master"))
    process.kill()
    process.wait()
    end_ssh()
    until(lambda: saw(there.lab, "complete", "master"))
    (run,) = os.listdir(state(there.lab, "runs", end="master"))
    assert not state(there.lab, "runs").exists() and files(there.lab) == files(there.lab, "master")
    # its end was not read by anybody
    assert sent(there.lab, "master") == [run]
    told = doctor("fix", there.master, "--resume", run)
    assert told.status == 0 and told.out.startswith(f"COMPLETE: run {run}") and sent(there.lab, "master") == [], told
    said = doctor("fix", there.client, "--master", there.master)
    left = (
        f"run {run} did the master's part on {there.master}; the client's was not begun: this plan holds what is left"
    )
    assert said.status == 1 and left in " ".join(said.out.split()), said
    said = doctor(*applying(there))
    assert said.status == 0 and ends(there) == cured("tftp-disabled")[0], said
    assert "did the master's part" not in doctor("fix", there.client, "--master", there.master).out
    for path in Path(tempfile.gettempdir()).iterdir():
        shutil.rmtree(path)


def test_what_the_master_did_stands_when_its_client_fails(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("tftp-disabled")
    client = there.whole("client")
    there.lab.fault("client", "nimclient.-c", "fail once")
    said = doctor(*applying(there), "--format", "json")
    result = valid("plan-1", said.out)["result"]
    assert said.status == 1 and result["state"] == "stopped", said
    assert [step["outcome"] for step in result["steps"]] == ["done", "failed"]
    assert "switch tftp on: done" in result["stands"] and "nimclient -c ended with status 1" in result["why"]
    assert result["rollback"][-1] == there.master and there.whole("client") == client
    left = doctor("fix", there.client, "--master", there.master)
    assert left.status == 1 and left.out.startswith("PLAN "), left
    assert doctor(*applying(there)).status == 0


# -- what is sent


def cut_receive(monkeypatch: Any) -> None:
    """From now on the file does not arrive whole."""
    real = connection.run

    def cut(argv: Any, *, stdin: bytes = b"", **more: Any) -> Any:
        return real(argv, stdin=stdin[:-1] if stdin.startswith(b"PK") else stdin, **more)

    monkeypatch.setattr(connection, "run", cut)


def test_a_file_that_arrives_cut_off_or_was_changed_there_is_not_run(
    hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("stale-ssl-libs")
    before = ends(there)
    with monkeypatch.context() as elsewhere:
        cut_receive(elsewhere)
        said = doctor(*applying(there))
    assert said.status == 1 and "did not arrive whole: nothing was started" in said.err and files(there.lab) == []
    state(there.lab, "agent", agent().name).write_bytes(agent().content + b"x")
    said = doctor(*applying(there))
    assert said.status == 1 and "was tampered with" in said.err, said
    assert ends(there) == before and sent(there.lab) == [] and not state(there.lab, "runs").exists()
    # nor is it replaced
    assert state(there.lab, "agent", agent().name).read_bytes()[-1:] == b"x"


def other_file() -> OneFile:
    """Another content, so another name, of what does the same: a zip may have more after its end."""
    return OneFile(_with_comment(agent().content))


def _with_comment(content: bytes) -> bytes:
    # the last two bytes of the end record are the length of a comment
    assert content[-2:] == b"\0\0"
    return content[:-2] + b"\x05\0newer"


def test_an_older_file_stays_while_its_run_is_not_at_an_end_and_goes_on_with_it(
    hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("create-bio-hang")
    there.lab.fault("client", "nimclient.-c", "fail once")
    said = doctor(*applying(there))
    assert said.status == 1 and said.out.startswith("STOPPED: run ") and "nimclient -c ended with status 1" in said.out
    assert f"nimdoctor fix {there.client} --resume" in said.out and f"--target {there.client}" in said.out
    older, newer = agent().name, other_file()
    from nimdoctor.library import repair_over_ssh, runs_over_ssh

    for module in (repair_over_ssh, runs_over_ssh):
        monkeypatch.setattr(module, "agent", lambda: newer)
    refused = doctor(*applying(there))
    assert refused.status == 1 and re.search(r"refused: run \S+ on \S+ is stopped: nimdoctor fix ", refused.err), (
        refused
    )
    assert "nobody can be asked" in doctor("fix", there.client, "--resume", "last").err
    assert files(there.lab) == sorted([older, newer.name])
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 0 and said.out.startswith("APPLIED-UNVERIFIED"), said
    # what only a push can prove is said, and seen later
    assert "only this push proves it, on the master: nim -o lslpp lpar7" in re.sub(r"\n +", " ", said.out)
    assert f"then, here: nimdoctor runs --target {there.client}" in said.out
    assert b"mp64" in there.lab.push().stdout and there.lab.connect() == "nimsh (secure)"
    assert " complete " in doctor("runs", "--target", there.client).out
    assert "there is nothing to go on with" in doctor("fix", there.client, "--resume", "last").err
    journal = next(state(there.lab, "runs").glob("*/journal.jsonl")).read_text("ascii")
    assert older in journal and newer.name not in journal and files(there.lab) == sorted([older, newer.name])
    # the next that is begun needs the older no more
    libraries = Path(there.lab.client, "usr/lib/libssl.so.0.9.8")
    libraries.write_bytes(b"stale")
    said = doctor("fix", there.client, "--master", there.master, "--only", "refresh-ssl-libs", "--apply", "--yes")
    assert said.status == 0, said
    assert files(there.lab) == [newer.name]


# -- what is lost and killed


def drop(over: Loopback) -> None:
    over.drop_connections()


def end_ssh(over: Any = None) -> None:
    """Kills the ssh on this side, the process that holds the connection too."""
    for pid in processes_of(f"{tempfile.gettempdir()}/nimdoctor-ssh-"):
        kill(pid)


@pytest.mark.parametrize(
    ("moments", "lose"),
    [(("sending", "begin 1"), drop), (("starting", "done 3"), end_ssh), (("throughout",), drop)],
)
def test_a_connection_that_is_lost_changes_nothing(
    moments: Tuple[str, ...],
    lose: Callable[[Loopback], None],
    over: Loopback,
    hosts: Hosts,
    cured: Callable[[str], Any],
    doctor: Callable[..., Said],
) -> None:
    there = hosts("stale-ssl-libs")
    wanted = cured("stale-ssl-libs")
    seen: Dict[str, Callable[[], Any]] = {
        "sending": lambda: files(there.lab),
        "starting": lambda: sent(there.lab),
        "throughout": lambda: saw(there.lab, "start"),
    }

    def losing() -> None:
        for moment in moments:
            until(seen.get(moment, lambda moment=moment: saw(there.lab, moment)))
            lose(over)
        while moments == ("throughout",) and not saw(there.lab, "complete"):
            time.sleep(0.3)
            lose(over)

    thread = threading.Thread(target=losing)
    thread.start()
    said = doctor(*applying(there))
    thread.join()
    assert said.status == 0 and said.out.startswith("COMPLETE"), said
    assert (ends(there), there.lab.calls("client")) == wanted
    assert files(there.lab) == [agent().name] and sent(there.lab) == []


def test_a_host_that_stays_away_is_given_up_and_found_again(
    over: Loopback, hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    from nimdoctor.remote import follow

    there = hosts("stale-ssl-libs")
    monkeypatch.setattr(follow, "RECONNECTING", (0.01, 0.01))
    real = connection.run

    def gone(argv: Any, **more: Any) -> Any:
        # from the first step on nobody answers
        if " tell " in argv[-1].replace("'", "") and saw(there.lab, "begin 1"):
            return connection.CommandResult(255, b"", b"ssh: connect to host: Network is unreachable\n")
        return real(argv, **more)

    monkeypatch.setattr(connection, "run", gone)
    said = doctor(*applying(there), "--format", "json")
    assert said.status == 1 and "Network is unreachable" in said.err, said
    result = valid("plan-1", said.out)["result"]
    assert result["state"] == "running" and "goes on, on " in result["why"]
    monkeypatch.setattr(connection, "run", real)
    until(lambda: saw(there.lab, "complete"))
    until(lambda: not over.running(EXECUTOR))
    said = doctor("fix", there.client, "--resume", "last")
    assert said.status == 0 and said.out.startswith("COMPLETE"), said


def test_a_driver_that_is_killed_changes_nothing_and_the_run_is_followed_again(
    hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said]
) -> None:
    there = hosts("stale-ssl-libs")
    process = started(*applying(there))
    until(lambda: saw(there.lab, "begin 1"))
    process.kill()
    process.wait()
    end_ssh()
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 0 and said.out.startswith("COMPLETE"), said
    assert there.lab.calls("client") == ["nimclient -c"] and sent(there.lab) == []
    assert [one for one in events(there.lab) if one.startswith(("start", "resume"))] == ["start"]
    for left in Path(tempfile.gettempdir()).iterdir():
        shutil.rmtree(left)


def test_while_one_is_under_way_ctrl_c_ends_only_that_it_is_followed_and_a_second_is_refused(
    over: Loopback, hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("stale-ssl-libs")
    there.lab.fault("client", "nimclient.-c", "late")
    process = started(*applying(there))
    calls = until(lambda: there.lab.calls("client"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "goes on there" in err and out.startswith("RUNNING: run ") and "--resume" in out

    said = doctor("fix", there.client, "--master", there.master)
    assert said.status == 1 and " is under way on " in said.out.splitlines()[0] and "follows it" in said.out, said
    said = doctor(*applying(there))
    assert said.status == 1 and "refused: run " in said.err and " is under way on " in said.err
    said = doctor("rollback", "--target", there.client, "--yes")
    assert said.status == 1 and "is under way: nimdoctor fix" in said.err, said
    assert len(sent(there.lab)) == 1 and len(over.running(EXECUTOR)) == 1

    # one that looked a moment too early is refused by the lock itself
    from nimdoctor.library.repair_over_ssh import RemoteRepair

    monkeypatch.setattr(RemoteRepair, "unfinished", lambda self: [])
    Path(there.lab.client, "usr/lib/libssl.so.0.9.8").write_bytes(b"stale")
    said = doctor("fix", there.client, "--master", there.master, "--only", "refresh-ssl-libs", "--apply", "--yes")
    assert said.status == 1 and re.search(r"refused: .*(process \d+ .*holds|is running)", said.err), said
    assert there.lab.calls("client") == calls


def test_one_that_is_killed_on_the_host_is_told_and_gone_on_with(
    over: Loopback, hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said], cured: Callable[[str], Any]
) -> None:
    there = hosts("stale-ssl-libs")
    there.lab.fault("client", "nimclient.-c", "hang once")
    process = started(*applying(there))
    until(lambda: there.lab.calls("client"))
    end_executors(over)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out.startswith("RUNNING: run ") and "was killed there" in out, err
    assert "the run did not end, and waits on" in " ".join(out.split())
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 0 and said.out.startswith("COMPLETE"), said
    assert ends(there) == cured("stale-ssl-libs")[0]


def test_a_step_that_fails_is_undone_there_and_told(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    before = there.whole("client")
    there.lab.fault("client", "nimclient.-c", "fail once")
    said = doctor(*applying(there))
    assert said.status == 1 and said.out.startswith("RESTORED: run "), said
    assert "failed     3-client-nimclient-c" in said.out and "undone     1-client-remove" in said.out
    assert there.whole("client") == before
    assert "is restored: there is nothing to go on with" in doctor("fix", there.client, "--resume", "last").err


def test_a_run_of_a_nimdoctor_that_is_installed_there_is_left_to_it(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("create-bio-hang")
    there.lab.fault("client", "nimclient.-c", "fail once")
    assert main(["fix", there.lab.client_target, "--master", there.lab.master_target, "--apply", "--yes"]) == 1
    said = doctor(*applying(there))
    assert said.status == 1 and re.search(
        r"refused: run \S+ of nimdoctor on \S+ is stopped: log in there; ", said.err
    ), said
    before = events(there.lab)
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 1 and "was begun by a nimdoctor that is installed on" in said.err, said
    assert events(there.lab) == before


# -- what is refused


@pytest.mark.parametrize(
    ("python", "said"), [("", "there is none, neither /usr/bin/python3 nor "), ("3.6", "/usr/bin/python3 is 3.6")]
)
def test_without_a_python_that_is_new_enough_the_package_is_offered(
    python: str, said: str, hosts: Hosts, doctor: Callable[..., Said]
) -> None:
    there = hosts("stale-ssl-libs", python=python)
    shown = doctor("fix", there.client, "--master", there.master)
    assert shown.status == 1 and "Refused as things are" in shown.out and said in " ".join(shown.out.split()), shown
    assert f"nimdoctor fix {there.client} --master {there.master} --script DIR" in shown.out
    refused = doctor(*applying(there))
    assert refused.status == 1 and said in refused.err and "--script DIR" in refused.err and "PLAN " in refused.out
    assert not state(there.lab).exists()
    for words in (("runs",), ("rollback", "--yes")):
        assert said in doctor(*words, "--target", there.client).err


def test_what_does_not_hold_when_it_begins_is_refused_by_the_host(
    hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("stale-ssl-libs")
    before = there.whole("client")
    from nimdoctor.library.repair_over_ssh import RemoteRepair

    real = RemoteRepair.apply

    def late(self: Any, *words: Any) -> Any:
        there.lab.run("master", "stopsrc", "-s", "inetd")
        return real(self, *words)

    monkeypatch.setattr(RemoteRepair, "apply", late)
    said = doctor(*applying(there))
    assert said.status == 1 and "refused: " in said.err and "inetd on the master serves tftp" in said.err, said
    assert there.whole("client") == before and sent(there.lab) == [] and events(there.lab) == []


def test_who_is_not_let_in_is_told_and_nothing_is_done(
    hosts: Hosts, over: Loopback, doctor: Callable[..., Said]
) -> None:
    number = os.urandom(3).hex()
    over.add(f"stranger{number}", "", "", command="true", known_hosts="none_known")
    said = doctor("fix", f"ssh:stranger{number}", "--apply", "--yes")
    assert said.status == 2 and "Host key verification failed" in said.err and said.out == ""
    said = doctor("fix", "ssh:no-such-host.invalid", "--apply", "--yes")
    assert said.status == 2 and "Could not resolve" in said.err
    for words in (["runs"], ["rollback", "--yes"]):
        said = doctor(*words, "--target", "ssh:no-such-host.invalid")
        assert said.status == 2 and "Could not resolve" in said.err
    said = doctor("fix", "ssh:no-such-host.invalid", "--resume", "last")
    assert said.status == 2 and "Could not resolve" in said.err


def test_a_host_here_and_one_over_ssh_are_not_changed_by_one_plan(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("tftp-disabled")
    before = ends(there)
    said = doctor("fix", there.client, "--master", there.lab.master_target, "--apply", "--yes")
    assert said.status == 1 and f"run nimdoctor fix {there.lab.master_target} for it first" in said.err, said
    said = doctor("fix", there.lab.client_target, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and f"nimdoctor fix {there.master} changes it alone" in said.err, said
    # tftp that is on only for the fetch is the master's turn twice
    said = doctor(*applying(there), "--transient-tftp")
    assert said.status == 1 and "the master is done with before the client begins" in said.err, said
    assert ends(there) == before and sent(there.lab) == sent(there.lab, "master") == []


def test_a_client_here_is_cured_with_its_master_over_ssh(hosts: Hosts, cured: Any, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    wanted = cured("stale-ssl-libs")
    said = doctor("fix", there.lab.client_target, "--master", there.master, "--apply", "--yes")
    assert said.status == 0 and ends(there) == wanted[0], said


def test_recorded_evidence_of_the_master_counts_as_long_as_it_does_on_the_host(
    hosts: Hosts, doctor: Callable[..., Said], tmp_path: Path, cured: Any
) -> None:
    there = hosts("stale-ssl-libs")
    recorded = tmp_path / "nim1"
    recorded.mkdir()
    packed = str(tmp_path / "nim1.tar.gz")
    assert doctor("collect", there.lab.master_target, "--no-redact", "--output", packed).status == 0
    subprocess.run(["tar", "xzf", packed, "-C", str(recorded)], check=True)
    said = json.loads((recorded / "manifest.json").read_text("ascii"))
    now = said["collected"]
    before = ends(there)
    (recorded / "manifest.json").write_text(json.dumps({**said, "collected": "2026-01-01T00:00:00Z"}), "ascii")
    refused = doctor("fix", there.client, "--master", str(recorded), "--apply", "--yes")
    assert refused.status == 1 and "was collected just before" in refused.err, refused
    assert ends(there) == before
    (recorded / "manifest.json").write_text(json.dumps({**said, "collected": now}), "ascii")
    done = doctor("fix", there.client, "--master", str(recorded), "--apply", "--yes")
    assert done.status == 0 and ends(there) == cured("stale-ssl-libs")[0], done


def test_another_user_than_root_is_refused(hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any) -> None:
    there = hosts("stale-ssl-libs")
    answers(there, "id", "echo 204")
    said = doctor(*applying(there))
    assert said.status == 1 and "ssh logs in as root" in said.err and "ssh:root@HOST" in said.err, said
    assert sent(there.lab) == []


def test_a_place_that_others_may_write_in_is_refused(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    os.mkdir(state(there.lab))
    os.chmod(state(there.lab), 0o777)
    said = doctor(*applying(there))
    assert said.status == 1 and "may be written by others" in said.err, said
    assert os.listdir(state(there.lab)) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--probe",), "--probe asks the network from the host"),
        (("--state-dir", "/tmp/x"), "it is /var/adm/nimdoctor"),
    ],
)
def test_what_makes_no_sense_over_ssh_is_refused(
    words: Tuple[str, ...], why: str, doctor: Callable[..., Said], over: Loopback
) -> None:
    said = doctor("fix", "ssh:lpar7", *words)
    assert said.status == 2 and why in said.err and said.out == ""
