"""What commands of a lab print, and how its rehearsal ends, is remembered by all that they read."""

import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
from remembered import Answers

from nimdoctor.evidence import rehearsal
from nimdoctor.evidence.live import LiveHost
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import scan
from nimdoctor.system.command import CommandResult

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


def printed(lab: Lab, asked: Asked, names: Tuple[str, ...]) -> Dict[str, CommandResult]:
    """What the commands of these names print now."""
    return {f"{end} {words}": lab.run(end, *words) for end, words in asked if words[0] in names}


def spoil(lab: Lab, spoilt: Callable[[str], bool]) -> int:
    """Gives other content to every file of which that is true by its path on its host; how many there were."""
    files = [path for path in Path(lab.place).rglob("*") if path.is_file() and not path.is_symlink()]
    chosen = [path for path in files if spoilt("/" + path.relative_to(lab.place).as_posix().split("/", 1)[1])]
    for path in chosen:
        path.write_text("spoilt 1 - spoilt\n")
    return len(chosen)


def is_program(path: str) -> bool:
    return path.startswith(("/usr/bin/", "/usr/sbin/"))


def test_steady_commands_read_nothing_but_what_their_answers_are_known_by(asked: Tuple[Lab, Asked]) -> None:
    lab, calls = asked
    before = printed(lab, calls, Answers.STEADY)
    assert {words[0] for _, words in calls} >= set(Answers.STEADY)
    assert spoil(lab, lambda path: not is_program(path) and not Answers.STEADILY_READ.match(path)) > 50
    assert printed(lab, calls, Answers.STEADY) == before


def test_other_commands_read_nothing_but_what_their_answers_are_known_by(asked: Tuple[Lab, Asked]) -> None:
    lab, calls = asked
    before = printed(lab, calls, Answers.MOVED)
    assert {words[0] for _, words in calls} >= set(Answers.MOVED)
    read = tuple(f"/{part}/" for part in Answers.READ)

    def is_passed_over(path: str) -> bool:
        return path.endswith(Answers.PASSED_OVER) or not path.startswith(read)

    assert spoil(lab, lambda path: not is_program(path) and is_passed_over(path)) > 10
    assert printed(lab, calls, Answers.MOVED) == before


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
    held = []
    command = rehearsal.child_command

    def started(root: str, timeout: float) -> List[str]:
        held.append(root)
        return command(root, timeout)

    monkeypatch.setattr(rehearsal, "child_command", started)
    lab, twin = lab_of("healthy"), lab_of("healthy")
    certificate = Path(lab.master, "ssl_nimsh/certs/server.pem")
    certificate.write_bytes(certificate.read_bytes() + b"changed\n")
    for one in (lab, lab, twin, twin):
        scan(LiveHost(one.client), LiveHost(one.master), registry=Registry())
    assert held.count(lab.master) == 1 and held.count(twin.master) <= 1
