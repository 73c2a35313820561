"""The shell that goes before python on a host: it finds the first one that is new enough, under every shell."""

import os
import subprocess
from pathlib import Path
from typing import Any, List, NamedTuple

import pytest
from programs import program
from shells import LACKING, SHELLS, shell_named

from nimdoctor.evidence.connection import RemoteAnswer
from nimdoctor.evidence.shell import NO_ALIASES, part
from nimdoctor.remote import host
from nimdoctor.remote.host import Lost, NoPython, RemoteHost
from nimdoctor.system.command import CommandResult
from nimdoctor.system.refused import Refused


class Here(NamedTuple):
    """A connection to this machine, by that shell."""

    shell: str
    target: str = "ssh:lpar7"

    def ask(self, parts: List[str], text: str, words: Any, timeout: float, stdin: bytes = b"") -> RemoteAnswer:
        script = NO_ALIASES + "MARK=mark\n" + "".join(map(part, parts)) + text
        ended = subprocess.run(
            [self.shell, "-c", script, "nimdoctor", *words], input=stdin, capture_output=True, timeout=60, check=False
        )
        said, _, last = ended.stderr.rpartition(b"\nmark ")
        result = CommandResult(ended.returncode)
        return RemoteAnswer(ended.stdout, said, last.decode().split() if last else None, result)


def python(path: Path, says: str) -> str:
    path.write_text(f"#!/bin/sh\n{says}\n", "ascii")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_first_python_that_is_new_enough_is_taken(shell: str, tmp_path: Path, monkeypatch: Any) -> None:
    way: Any = Here(shell_named(shell))
    old, broken = python(tmp_path / "old", "echo 3.6"), python(tmp_path / "broken", "exit 1")
    fit, later = python(tmp_path / "fit", "echo 3.9"), python(tmp_path / "later", "echo 3.13")
    monkeypatch.setattr(host, "PYTHONS", (str(tmp_path / "none"), old, broken, fit, later))
    assert RemoteHost(way).python() == fit
    monkeypatch.setattr(host, "PYTHONS", (old, broken))
    with pytest.raises(
        NoPython,
        match=rf"ssh:lpar7 has no python3, 3.9 or newer: {old} is 3.6, {broken} is no python that tells its version",
    ):
        RemoteHost(way).python()
    monkeypatch.setattr(host, "PYTHONS", (str(tmp_path / "none"), "/nowhere"))
    with pytest.raises(NoPython, match=r"there is none, neither .*none nor /nowhere"):
        RemoteHost(way).python()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_python_says_and_how_it_ended_comes_through(shell: str, tmp_path: Path, monkeypatch: Any) -> None:
    way: Any = Here(shell_named(shell))
    asked = RemoteHost(way)
    words = "'; echo no; '"
    asked._python = python(
        tmp_path / "python", f'echo "{{\\"input\\": \\"$(cat)\\", \\"words\\": $#}}"; [ "$6" != "{words}" ]'
    )
    assert asked._answer("verb", "word", stdin=b"sent") == {"input": "sent", "words": 6}
    asked._python = python(tmp_path / "python", "echo that is why >&2; exit 1")
    with pytest.raises(Refused, match="ssh:lpar7: that is why"):
        asked._answer("verb")
    asked._python = python(tmp_path / "python", "kill -KILL $PPID")
    with pytest.raises(Lost, match="the connection to ssh:lpar7 was lost"):
        asked._answer("verb")


def test_the_shell_is_plain() -> None:
    text = "#!/bin/ksh\nanswered() { :; }\n" + host._LOOK + host._CALL
    ended = subprocess.run(
        [program("shellcheck"), "-s", "sh", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    assert not LACKING.search(text)
    assert os.path.basename(host.PYTHONS[0]) == "python3"
