"""`nimdoctor fix ssh:HOST`: its scripts are sent, run there on their own, and followed."""

import hashlib
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
from programs import program
from shells import SHELLS, kill, processes_of

import nimdoctor.report
from nimdoctor.cli import main
from nimdoctor.evidence import connection
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry

STATE = "var/adm/nimdoctor"
CHECKS = ("stale-ssl-libs", "tftp-disabled", "create-bio-hang", "certificate-mismatch", "client-not-secure")
Hosts = Callable[..., Any]


class Said(NamedTuple):
    """How a command line ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def every_check() -> None:
    """Asks for a scan by every check."""


@pytest.fixture
def doctor(
    over: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[..., Said]:
    """Runs a command line in this process, with the checks that the scenarios are about."""
    if not {"every_check"} & set(request.fixturenames):
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
        running.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True))
        return running[-1]

    yield start
    for process in running:
        # it says good-bye to the host, and follows no longer
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def until(seen: Callable[[], Any], patience: float = 120.0) -> Any:
    """What is seen at last."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = seen()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it was never seen")


def marks(lab: Lab, end: str = "client") -> List[str]:
    return sorted(path.name for path in Path(lab.tree(end), STATE, "scripts").glob("*/*"))


def state(lab: Lab, end: str = "client") -> str:
    found = list(Path(lab.tree(end), STATE, "scripts").glob("*/state"))
    return found[0].read_text("ascii").strip() if found else ""


def sent(lab: Lab, end: str = "client") -> List[Path]:
    return sorted(Path(lab.tree(end), STATE, "sent").glob("*"))


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


# -- from the plan to the proof


def test_the_plan_is_shown_and_nothing_is_touched(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    before = ends(there)
    said = doctor("fix", there.client, "--master", there.master)
    assert said.status == 1 and "PLAN " in said.out and "remove /usr/lib/libssl.so.0.9.8" in said.out
    assert "over ssh the plan is carried out by apply.ksh" in " ".join(said.out.split())
    assert f"nimdoctor fix {there.client} --master {there.master} --apply" in said.out
    assert "Refused as things are" not in said.out
    assert ends(there) == before and not Path(there.lab.client, STATE).exists() and there.lab.calls("client") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_client_ends_as_it_does_when_it_is_cured_on_the_host(
    shell: str, hosts: Hosts, cured: Callable[[str], Any], doctor: Callable[..., Said]
) -> None:
    there = hosts("stale-ssl-libs", shell)
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 0, said
    assert said.out.startswith("COMPLETE: run ") and "fixed              stale-ssl-libs on the client" in said.out
    assert "client: remove /usr/lib/libssl.so.0.9.8 ..." in said.err
    assert (ends(there), there.lab.calls("client")) == cured("stale-ssl-libs")
    again = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert again.status == 0 and len(sent(there.lab)) == 1


def test_what_only_a_push_can_prove_is_said(hosts: Hosts, every_check: None, doctor: Callable[..., Said]) -> None:
    there = hosts("create-bio-hang", "ksh93")
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 0, said
    assert said.out.startswith("APPLIED-UNVERIFIED: run ")
    assert "only this push proves it, on the master: nim -o lslpp lpar7" in said.out
    assert there.lab.calls("client") == ["nimclient -C", "nimclient -c"]
    assert b"mp64" in there.lab.push().stdout and there.lab.connect() == "nimsh (secure)"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_plan_for_two_hosts_is_run_on_each_the_master_first(
    shell: str, hosts: Hosts, cured: Callable[[str], Any], doctor: Callable[..., Said]
) -> None:
    there = hosts("tftp-disabled", shell)
    before = ends(there)
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 0, said
    assert said.err.index("master: switch tftp on ...") < said.err.index("client: fetch the certificate")
    assert ends(there) == cured("tftp-disabled")[0]
    assert state(there.lab, "client") == state(there.lab, "master") == "complete"

    back = doctor("rollback", "--target", there.client, "--yes")
    assert back.status == 0 and back.out.startswith("ROLLED-BACK: run "), back
    assert back.out.index("2-client-nimclient-c") < back.out.index("1-master-edit")
    assert ends(there) == before


def test_a_master_alone_is_cured_and_taken_back(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("tftp-disabled")
    before = there.whole("master")
    said = doctor("fix", there.master, "--apply", "--yes", "--format", "json")
    assert said.status == 0, said
    valid("plan-1", said.out)
    assert '"outcome": "fixed"' in said.out and there.whole("master") != before
    (run,) = valid("runs-1", doctor("runs", "--target", there.master, "--format", "json").out)["runs"]
    assert run["state"] == "complete" and [step["state"] for step in run["steps"]] == ["done"]
    listed = doctor("runs", "--target", there.master)
    name = re.search(r"^(\S+Z-\w{4})  complete .* enable-tftp$", listed.out, re.MULTILINE)
    assert name, listed
    assert doctor("rollback", name.group(1), "--target", there.master, "--yes").status == 0
    assert there.whole("master") == before
    assert "rolled-back" in doctor("runs", "--target", there.master).out


# -- what is sent


def test_what_is_sent_is_what_the_scripts_for_an_auditor_are_and_no_more(
    hosts: Hosts, doctor: Callable[..., Said], tmp_path: Path
) -> None:
    there = hosts("stale-ssl-libs")
    pair = (there.client, "--master", there.master)
    assert doctor("fix", *pair, "--script", str(tmp_path / "read")).status == 1
    said = doctor("fix", there.client, "--apply", "--yes", "--plan", str(tmp_path / "read/plan.json"))
    assert said.status == 0, said
    (place,) = sent(there.lab)
    read = {path.name: path.read_bytes() for path in (tmp_path / "read").iterdir()}
    assert sorted(read) == ["README", "apply.ksh", "plan.json", "rollback.ksh"]
    for name, content in read.items():
        assert (place / name).read_bytes() == content
        assert re.search(f"sent {name} to {there.client}:.*, sha256 {hashlib.sha256(content).hexdigest()}", said.err)
    # what the host itself wrote beside them
    assert {path.name for path in place.iterdir()} - set(read) == {"clients", "sums", "start.1"}
    for path in (place, place.parent, place.parent.parent, place / "start.1"):
        assert path.stat().st_mode & 0o777 == 0o700
    assert all((place / name).stat().st_mode & 0o077 == 0 for name in read)


def test_no_key_is_sent_and_none_comes(hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any) -> None:
    there = hosts("create-bio-hang")
    key = Path(there.lab.master, "ssl_nimsh/keys/serverkey.pem").read_text("ascii").splitlines()[1]
    crossed: List[bytes] = []
    real = connection.run

    def watched(argv: Any, **more: Any) -> Any:
        result = real(argv, **more)
        crossed.extend([os.fsencode(argv[-1]), more.get("stdin", b""), result.stdout, result.stderr])
        return result

    monkeypatch.setattr(connection, "run", watched)
    assert doctor("fix", there.client, "--master", there.master, "--apply", "--yes").status == 0
    assert not any(key.encode() in one for one in crossed)


def test_a_file_that_arrives_cut_off_is_noticed_before_anything_runs(
    hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("stale-ssl-libs")
    before = ends(there)
    real = connection.run

    def cut(argv: Any, *, stdin: bytes = b"", **more: Any) -> Any:
        return real(argv, stdin=stdin[:-1] if stdin.startswith(b"#!/bin/ksh\n# rollback.ksh") else stdin, **more)

    monkeypatch.setattr(connection, "run", cut)
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and "rollback.ksh did not arrive whole" in said.err and "nothing was started" in said.err
    assert ends(there) == before and marks(there.lab) == []
    # nor can what is there be started later
    assert "there is no run" in doctor("fix", there.client, "--resume", "last", "--yes").err


def test_scripts_that_were_changed_there_are_not_started_again(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    there.lab.fault("client", "nimclient.-c", "half once")
    assert doctor("fix", there.client, "--master", there.master, "--apply", "--yes").status == 1
    (place,) = sent(there.lab)
    with open(place / "apply.ksh", "a", encoding="ascii") as stream:
        stream.write("echo more\n")
    (Path(there.lab.client, STATE, "scripts", place.name.split("-")[1], "state")).write_text("stopped\n", "ascii")
    calls = there.lab.calls("client")
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 1 and "apply.ksh is not what was sent" in said.err
    assert there.lab.calls("client") == calls


# -- what is lost and killed


def drop(over: Loopback) -> None:
    over.drop_connections()


def end_ssh(over: Loopback) -> None:
    """Kills the ssh on this side, the process that holds the connection too."""
    for pid in processes_of(f"{tempfile.gettempdir()}/nimdoctor-ssh-"):
        kill(pid)


@pytest.mark.parametrize(
    ("mark", "lose"),
    [("begun.1", drop), ("done.1", end_ssh), ("begun.3", end_ssh), ("done.3", drop), ("sums", drop), ("sums", end_ssh)],
)
def test_a_connection_that_is_lost_changes_nothing(
    mark: str,
    lose: Callable[[Loopback], None],
    over: Loopback,
    hosts: Hosts,
    cured: Callable[[str], Any],
    doctor: Callable[..., Said],
) -> None:
    there = hosts("stale-ssl-libs")
    wanted = cured("stale-ssl-libs")

    def losing() -> None:
        if mark == "sums":
            # again and again, as long as the script runs
            until(lambda: [path for place in sent(there.lab) for path in place.glob("start.1/pid")])
            while state(there.lab) != "complete":
                lose(over)
                time.sleep(0.3)
        else:
            until(lambda: mark in marks(there.lab))
            lose(over)

    thread = threading.Thread(target=losing)
    thread.start()
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    thread.join()
    assert said.status == 0 and said.out.startswith("COMPLETE"), said
    assert (ends(there), there.lab.calls("client")) == wanted


def test_a_host_that_stays_away_is_given_up_and_found_again(
    over: Loopback, hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    from nimdoctor.remote import follow

    there = hosts("stale-ssl-libs")
    monkeypatch.setattr(follow, "RECONNECTING", (0.01, 0.01))
    real = connection.run

    def gone(argv: Any, **more: Any) -> Any:
        # from the first mark on nobody answers
        if "asked tell " in argv[-1] and "begun.1" in marks(there.lab):
            return connection.CommandResult(255, b"", b"ssh: connect to host: Network is unreachable\n")
        return real(argv, **more)

    monkeypatch.setattr(connection, "run", gone)
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes", "--format", "json")
    assert said.status == 1 and "Network is unreachable" in said.err, said
    result = valid("plan-1", said.out)["result"]
    assert result["state"] == "running" and "goes on, on " in result["why"]
    monkeypatch.setattr(connection, "run", real)
    until(lambda: state(there.lab) == "complete")
    said = doctor("fix", there.client, "--resume", "last")
    assert said.status == 0 and said.out.startswith("COMPLETE"), said


def test_a_nimdoctor_that_is_killed_leaves_the_run_to_its_end(
    hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said], over: Loopback
) -> None:
    there = hosts("stale-ssl-libs", "mksh")
    process = started("fix", there.client, "--master", there.master, "--apply", "--yes")
    until(lambda: "begun.1" in marks(there.lab))
    process.kill()
    process.wait()
    end_ssh(over)
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 0 and said.out.startswith("COMPLETE"), said
    assert there.lab.calls("client") == ["nimclient -c"] and len(list(sent(there.lab)[0].glob("start.*"))) == 1
    for left in Path(tempfile.gettempdir()).iterdir():
        shutil.rmtree(left)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_only_that_it_is_followed(
    number: signal.Signals, hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said]
) -> None:
    there = hosts("stale-ssl-libs")
    there.lab.fault("client", "nimclient.-c", "late")
    process = started("fix", there.client, "--master", there.master, "--apply", "--yes")
    until(lambda: "begun.3" in marks(there.lab))
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "goes on there" in err and out.startswith("RUNNING: run ") and "--resume" in out
    assert state(there.lab) == "running" and "lock.d" in os.listdir(Path(there.lab.client, STATE))
    _end(there.lab)


def _end(lab: Lab) -> None:
    """Ends what still runs there."""
    for path in Path(lab.client, STATE, "sent").glob("*/start.*/pid"):
        pid = int(path.read_text("ascii"))
        for one in (pid, *map(int, _below(pid))):
            kill(one)


def _below(pid: int) -> List[str]:
    listing = subprocess.run([program("ps"), "-eo", "pid,ppid"], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listing.splitlines()[1:]]
    found, waiting = [], [str(pid)]
    while waiting:
        parent = waiting.pop()
        children = [child for child, above in rows if above == parent]
        found += children
        waiting += children
    return found


def test_a_second_run_is_refused_while_one_is_under_way(
    hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("stale-ssl-libs")
    there.lab.fault("client", "nimclient.-c", "late")
    words = ("fix", there.client, "--master", there.master, "--apply", "--yes")
    started(*words)
    calls = until(lambda: there.lab.calls("client"))
    said = doctor(*words[:4])
    assert said.status == 1 and " is under way on " in said.out.splitlines()[0] and "follows it" in said.out
    said = doctor(*words)
    assert said.status == 1 and "refused: run " in said.err and " is under way on " in said.err
    assert len(sent(there.lab)) == 1

    # one that looked a moment too early is refused by the lock itself
    from nimdoctor.library import repair_over_ssh
    from nimdoctor.remote import run

    for module in (repair_over_ssh, run):
        monkeypatch.setattr(module, "unfinished", lambda host: [])
    libraries = Path(there.lab.client, "usr/lib/libssl.so.0.9.8")
    libraries.write_bytes(b"stale")
    said = doctor("fix", there.client, "--master", there.master, "--only", "refresh-ssl-libs", "--apply", "--yes")
    assert said.status == 1 and re.search(r"refused: process \d+ .*holds /var/adm/nimdoctor/lock.d", said.err), said
    assert there.lab.calls("client") == calls
    _end(there.lab)


def test_a_script_that_is_killed_there_is_told_and_gone_on_with(
    hosts: Hosts, started: Callable[..., Any], doctor: Callable[..., Said], cured: Callable[[str], Any]
) -> None:
    there = hosts("stale-ssl-libs")
    there.lab.fault("client", "nimclient.-c", "hang once")
    process = started("fix", there.client, "--master", there.master, "--apply", "--yes")
    until(lambda: "begun.3" in marks(there.lab))
    until(lambda: there.lab.calls("client"))
    _end(there.lab)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1 and out.startswith("RUNNING: run ") and "was killed there" in out, err
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 0 and said.out.startswith("COMPLETE"), said
    assert ends(there) == cured("stale-ssl-libs")[0]


# -- what fails


def test_a_step_that_fails_is_undone_there_and_told(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    before = there.whole("client")
    there.lab.fault("client", "nimclient.-c", "fail once")
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and said.out.startswith("RESTORED: run "), said
    assert "failed     3-client-nimclient-c" in said.out and "undone     1-client-remove" in said.out
    assert there.whole("client") == before
    assert "is restored: there is nothing to go on with" in doctor("fix", there.client, "--resume", "last").err


def test_a_run_that_stopped_is_gone_on_with(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("create-bio-hang")
    there.lab.fault("client", "nimclient.-c", "fail once")
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and said.out.startswith("STOPPED: run ") and "nimclient -c ended with status 1" in said.out
    assert f"nimdoctor fix {there.client} --resume" in said.out and f"--target {there.client}" in said.out
    refused = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert refused.status == 1 and "is stopped" in refused.err
    assert "nobody can be asked" in doctor("fix", there.client, "--resume", "last").err
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 0 and said.out.startswith("APPLIED-UNVERIFIED"), said


def test_what_the_master_did_stands_when_its_client_fails_and_is_gone_on_with(
    hosts: Hosts, cured: Callable[[str], Any], doctor: Callable[..., Said]
) -> None:
    there = hosts("tftp-disabled")
    there.lab.fault("client", "nimclient.-c", "fail once")
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and said.out.startswith("STOPPED: run "), said
    assert "done       1-master-edit" in said.out and "failed     2-client-nimclient-c" in said.out
    assert "   - switch tftp on: done" in said.out
    said = doctor("fix", there.client, "--resume", "last", "--yes")
    assert said.status == 0 and ends(there) == cured("tftp-disabled")[0], said


def test_what_does_not_hold_at_the_other_end_is_refused_before_anything_is_sent(
    hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any
) -> None:
    there = hosts("stale-ssl-libs")
    from nimdoctor.library.repair_over_ssh import RemoteRepair

    real = RemoteRepair.apply

    def late(self: Any, *words: Any) -> Any:
        there.lab.run("master", "stopsrc", "-s", "inetd")
        return real(self, *words)

    monkeypatch.setattr(RemoteRepair, "apply", late)
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and "refused: " in said.err and "inetd on the master serves tftp" in said.err, said
    assert sent(there.lab) == []


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
    assert ends(there) == before and sent(there.lab) == sent(there.lab, "master") == []


def test_a_client_here_is_cured_with_its_master_over_ssh(hosts: Hosts, cured: Any, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    wanted = cured("stale-ssl-libs")
    said = doctor("fix", there.lab.client_target, "--master", there.master, "--apply", "--yes")
    assert said.status == 0 and ends(there) == wanted[0], said


def test_what_no_script_can_look_at_is_refused_before_anything_is_sent(
    hosts: Hosts, doctor: Callable[..., Said], tmp_path: Path
) -> None:
    there = hosts("stale-ssl-libs")
    recorded = str(tmp_path / "nim1.tar.gz")
    assert doctor("collect", there.lab.master_target, "--no-redact", "--output", recorded).status == 0
    before = ends(there)
    said = doctor("fix", there.client, "--master", recorded, "--apply", "--yes")
    assert said.status == 1 and "a script cannot look at that: use --apply on the host itself" in said.err, said
    assert "was collected just before" in said.err
    assert ends(there) == before and sent(there.lab) == []


def test_another_user_than_root_is_refused(hosts: Hosts, doctor: Callable[..., Said], monkeypatch: Any) -> None:
    there = hosts("stale-ssl-libs")
    identity = Path(there.lab.client, "usr/bin/id")
    identity.write_text("#!/bin/sh\necho 204\n", "ascii")
    identity.chmod(0o755)
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and "ssh logs in as root" in said.err and "ssh:root@HOST" in said.err, said
    assert sent(there.lab) == []


def test_a_place_that_others_may_write_in_is_refused(hosts: Hosts, doctor: Callable[..., Said]) -> None:
    there = hosts("stale-ssl-libs")
    os.mkdir(f"{there.lab.client}/{STATE}")
    os.chmod(f"{there.lab.client}/{STATE}", 0o777)
    said = doctor("fix", there.client, "--master", there.master, "--apply", "--yes")
    assert said.status == 1 and "may be written by others" in said.err, said
    assert sent(there.lab) == []


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
