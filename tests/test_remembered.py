"""What commands of a lab print, and how its rehearsal ends, is remembered by all that they read."""

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, List, Tuple

import pytest
import remembered
from remembered import COMMANDS, Reads, reads_of

from nimdoctor.evidence import live
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.rehearsal import child, rehearse
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import scan

Asked = List[Tuple[str, List[str]]]


@pytest.fixture
def asked(lab_of: Callable[[str], Lab], monkeypatch: pytest.MonkeyPatch) -> Tuple[Lab, Asked]:
    """A lab, and every command that a scan of it runs, by end and words."""
    lab, calls = lab_of("both-known-issues"), []
    execute = LiveHost.execute

    def noted(host: LiveHost, argv: List[str], *more: Any) -> Any:
        calls.append(("client" if host.root == lab.client else "master", argv))
        return execute(host, argv, *more)

    monkeypatch.setattr(LiveHost, "execute", noted)
    scan(LiveHost(lab.client), LiveHost(lab.master), registry=Registry())
    return lab, calls


NOT_ALWAYS_THERE = ("/.lab/auditing", "/.lab/clock", "/.lab/held")
"""What of a lab's state says something by being there."""


def spoil(lab: Lab, tree: str, reads: Reads) -> int:
    """Gives other content to every file that this command of the tree is not said to read; how many there were."""
    spoilt = 0
    for root in Path(lab.place).iterdir():
        there = [f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
        for path in {*there, *NOT_ALWAYS_THERE}:
            is_read = (root.name == tree or reads.everywhere) and reads.includes(path)
            if not path.startswith(("/usr/bin/", "/usr/sbin/")) and not is_read:
                Path(f"{root}{path}").write_text("spoilt 1 - spoilt\n")
                spoilt += 1
    return spoilt


def in_one_second(*runs: Callable[[], Any]) -> List[Any]:
    """What they give within the same second."""
    while True:
        second = int(time.time())
        given = [run() for run in runs]
        if int(time.time()) == second:
            return given


@pytest.mark.parametrize("reads", COMMANDS, ids=lambda reads: reads.command)
def test_a_command_reads_nothing_but_what_its_answer_is_known_by(reads: Reads, asked: Tuple[Lab, Asked]) -> None:
    lab, calls = asked
    own = [(end, words) for end, words in calls if reads_of(words) is reads]
    assert own
    for end in ("client", "master"):
        with lab.copy() as twin:
            assert spoil(twin, os.path.basename(lab.tree(end)), reads) > 10
            for words in [words for one, words in own if one == end]:
                first, second = in_one_second(lambda: lab.run(end, *words), lambda: twin.run(end, *words))  # noqa: B023
                assert first == second, words


@pytest.mark.parametrize("line", ["nimclient -c", "nimclient -C", "nim -o lslpp lpar7", "startsrc -s nimsh", "ps -p 1"])
def test_what_changes_something_or_is_not_about_the_lab_is_not_remembered(line: str) -> None:
    assert reads_of(line.split()) is None


def test_what_tells_the_time_is_known_for_the_second_in_which_it_was_asked(
    lab_of: Callable[[str], Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, ran, run, clock = lab_of("healthy"), [], live.run, [100.0]
    monkeypatch.setattr(live, "run", lambda *words, **more: ran.append(words) or run(*words, **more))
    monkeypatch.setattr(remembered, "time", SimpleNamespace(time=lambda: clock.pop(0) if clock[1:] else clock[0]))

    def asked() -> int:
        LiveHost(lab.client).execute(["date", "+%s"], 30.0)
        return len(ran)

    assert [asked(), asked()] == [1, 1]
    clock[:] = [101.0, 102.0]
    assert [asked(), asked()] == [2, 3], "what it printed may be of either second"
    Path(lab.client, ".lab/clock").write_text("3600\n")
    assert [asked(), asked()] == [4, 4], "the host's own clock was put forward"


def test_a_fault_is_met_and_a_program_of_ones_own_is_run(lab_of: Callable[[str], Lab]) -> None:
    lab = lab_of("healthy")

    def status() -> Any:
        result, _ = LiveHost(lab.client).execute(["df", "-k"], 30.0)
        return result and result.status

    assert [status(), status()] == [0, 0]
    lab.fault("client", "df", "fail once")
    assert [status(), status()] == [1, 0]
    program = Path(lab.client, "usr/bin/df")
    program.unlink()
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    assert [status(), status()] == [7, 7]


def test_a_change_of_what_is_read_is_seen(lab_of: Callable[[str], Lab]) -> None:
    lab = lab_of("healthy")

    def levels() -> str:
        report = scan(LiveHost(lab.client), LiveHost(lab.master), registry=Registry())
        assert report.host is not None
        return str(report.host.oslevel)

    first = levels()
    path = os.path.join(lab.client, ".lab/oslevel")
    mode = os.stat(path)
    Path(path).write_text(Path(path).read_text().replace("7", "6", 1))
    os.utime(path, ns=(mode.st_atime_ns, mode.st_mtime_ns))
    assert levels() == first.replace("7", "6", 1) != first


def test_a_rehearsal_of_the_same_files_is_held_once_and_of_others_anew(
    lab_of: Callable[[str], Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, verdict = [], child.verdict
    monkeypatch.setattr(child, "verdict", lambda root: held.append(root) or verdict(root))
    lab, twin = lab_of("healthy"), lab_of("healthy")
    certificate = Path(lab.master, "ssl_nimsh/certs/server.pem")
    certificate.write_bytes(certificate.read_bytes() + b"changed\n")
    for one in (lab, lab, twin, twin):
        scan(LiveHost(one.client), LiveHost(one.master), registry=Registry())
    assert held.count(lab.master) == 1 and held.count(twin.master) <= 1


def nothing(lab: Lab) -> None:
    pass


def without_keys(lab: Lab) -> None:
    for key in Path(lab.master, "ssl_nimsh/keys").iterdir():
        key.unlink()


def with_a_key_that_is_none(lab: Lab) -> None:
    Path(lab.master, "ssl_nimsh/keys/clientkey.pem").write_text("no key\n")


@pytest.mark.parametrize("scenario", ["healthy", "ssl-tree-damaged", "certificates-run-out"])
@pytest.mark.parametrize("change", [nothing, without_keys, with_a_key_that_is_none])
def test_a_rehearsal_in_this_process_comes_to_what_one_in_its_own_comes_to(
    scenario: str, change: Callable[[Lab], None], lab_of: Callable[[str], Lab]
) -> None:
    lab = lab_of(scenario)
    change(lab)
    assert live.rehearse(lab.master, 30.0) == rehearse(lab.master, 30.0)  # type: ignore[attr-defined]
