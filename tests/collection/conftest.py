"""What the tests of collecting share: archives of a lab's hosts by both ways, and what a scan says of them."""

import json
import os
import re
import subprocess
import tarfile
import tempfile
import zlib
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest
from shells import SHELLS, shell_named, with_system_v

from nimdoctor.collection import collect
from nimdoctor.collection.archive import write_archive
from nimdoctor.diagnosis.engine import Result
from nimdoctor.evidence import open_target
from nimdoctor.evidence.live import LiveHost
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import scan
from nimdoctor.scripts.collector import collector

REGISTRY = Registry()
PLAY = ("date", "ps_-eo")
"""Outputs that tell the time at which they were made, by the beginning of their names."""

Findings = Dict[Tuple[str, str], List[str]]


class Archive(NamedTuple):
    """An archive on disk, by its path; `said` is what was said while it was made."""

    path: str
    said: str = ""

    @property
    def members(self) -> Dict[str, bytes]:
        """Its files."""
        with tarfile.open(self.path) as archive:
            return {one.name: archive.extractfile(one).read() for one in archive if one.isfile()}  # type: ignore[union-attr]

    @property
    def manifest(self) -> Dict[str, Any]:
        return json.loads(self.members["manifest.json"])  # type: ignore[no-any-return]

    def findings(self) -> Findings:
        return findings(self.path)

    def remarks(self) -> List[str]:
        return open_target(self.path).remarks


def findings(target: str) -> Findings:
    """All that a scan says of a target, but for times and what only a live host can be asked."""
    found: Findings = {}
    for result in scan(open_target(target), registry=REGISTRY).results:
        if result.check != "handshake-fails":
            found.setdefault((result.check, result.where.value), []).append(_timeless(result))
    return found


def _timeless(result: Result) -> str:
    return re.sub(r"\d\d:\d\d(:\d\d)?Z?", "TIME", repr(result))


def collected(target: str, place: "str | os.PathLike[str]", timeout: float = 30.0) -> Archive:
    """By nimdoctor itself."""
    path = os.path.join(place, "collected.tar.gz")
    tree = collect(LiveHost(target[5:], timeout), REGISTRY.catalog, tempfile.mkdtemp(dir=place))
    write_archive(tree, path, tree.collected)
    tree.close()
    return Archive(path)


class Collector:
    """The script for a root, run under one shell; `patch` stages what cannot be waited for."""

    def __init__(self, shell: str, place: "str | os.PathLike[str]") -> None:
        self.shell = shell
        self.place = str(place)
        self.patches: List[Tuple[str, str]] = []

    def patch(self, old: str, new: str) -> None:
        self.patches.append((old, new))

    def write(self, target: str, timeout: int = 30) -> str:
        text = collector(REGISTRY.catalog, target[5:], timeout)
        for old, new in self.patches:
            assert old in text, old
            text = text.replace(old, new)
        path = os.path.join(self.place, "collect.ksh")
        with open(path, "w", encoding="ascii") as stream:
            stream.write(with_system_v(text))
        return path

    def run(self, target: str, *words: str, timeout: int = 30, before: str = "") -> "subprocess.CompletedProcess[str]":
        """Runs it in its own directory; `before` is shell code that goes first."""
        command = [self.shell, self.write(target, timeout), *words]
        if before:
            command = ["/bin/sh", "-c", f'{before}; exec "$@"', "sh", *command]
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.place,
            env={"PATH": "/usr/bin:/bin"},
            timeout=90,
        )

    def archive(self, target: str, timeout: int = 30) -> Archive:
        ended = self.run(target, timeout=timeout)
        assert ended.returncode == 0, ended.stderr
        return Archive(ended.stdout.strip(), ended.stderr)


@pytest.fixture
def script(tmp_path: Any) -> Callable[[str], Collector]:
    """The script under a shell, by the shell's name."""

    def get(shell: str) -> Collector:
        place = tmp_path / shell
        place.mkdir()
        return Collector(shell_named(shell), place)

    return get


@pytest.fixture(params=SHELLS)
def each(request: pytest.FixtureRequest, script: Callable[[str], Collector]) -> Collector:
    """Under every shell: what is a matter of the shell itself."""
    return script(str(request.param))


@pytest.fixture
def one(request: pytest.FixtureRequest, script: Callable[[str], Collector]) -> Collector:
    """Under one shell, another from test to test: they share the script's lines, which all run under every shell."""
    return script(SHELLS[zlib.crc32(request.node.name.encode()) % len(SHELLS)])


@pytest.fixture
def here(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A directory of the test's own, which is the current one; nothing is left in the one for temporary files."""
    place = tmp_path / "here"
    (tmp_path / "temporary").mkdir()
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    yield str(place)
    assert os.listdir(tmp_path / "temporary") == []


def same_but_for_times(one: Archive, other: Archive) -> Optional[str]:
    """None, or what differs in two archives of one host."""
    first, second = one.members, other.members
    if sorted(first) != sorted(second):
        return f"members: {sorted(set(first) ^ set(second))}"
    for name in sorted(first):
        timed = name.startswith(tuple(f"commands/{start}" for start in PLAY))
        if name != "manifest.json" and not timed and first[name] != second[name]:
            return f"{name}: {first[name][:300]!r} {second[name][:300]!r}"
    left, right = one.manifest, other.manifest
    for key in sorted(set(left) | set(right)):
        if key not in ("collected", "collector") and left.get(key) != right.get(key):
            return f"{key}: {left.get(key)} {right.get(key)}"
    return None
