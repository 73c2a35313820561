"""What the tests of the command line share: running it as a user does, and building hosts on disk."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import pytest
from scenarios import ON_DISK, OnDisk

REPOSITORY = Path(__file__).resolve().parents[2]
LOGS = REPOSITORY / "fixtures" / "logs"
CHECKS = len(list((REPOSITORY / "checks").glob("[!_]*.py")))
"""How many checks there are."""


class Outcome(NamedTuple):
    """How one command line ended."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> Dict[str, Any]:
        return json.loads(self.out)

    @property
    def said(self) -> List[str]:
        """The lines on stderr."""
        return self.err.splitlines()

    def results(self, check: str) -> List[Dict[str, Any]]:
        return [found for found in self.report["results"] if found["check"] == check]

    def result(self, check: str) -> Dict[str, Any]:
        (found,) = self.results(check)
        return found

    def outcomes(self) -> Dict[str, str]:
        return {found["check"]: found["outcome"] for found in self.report["results"]}


@pytest.fixture
def hosts() -> OnDisk:
    """The scenario fixtures: `hosts / NAME / END`."""
    return ON_DISK


@pytest.fixture
def logs() -> Path:
    """The nimsh.log samples."""
    return LOGS


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture) -> Callable[..., Outcome]:
    """`nimdoctor ARGUMENTS` inside this process; `json=True` adds the format. Never 4, never a traceback."""
    from nimdoctor.cli import main

    def run(*arguments: object, json: bool = False, may_fail: bool = False) -> Outcome:
        words = [str(word) for word in arguments] + (["--format", "json"] if json else [])
        capsys.readouterr()
        status = main(words)
        said = capsys.readouterr()
        if not may_fail:
            assert status != 4, said.err
        assert "Traceback" not in said.out + said.err
        return Outcome(status, said.out, said.err)

    return run


@pytest.fixture
def installed() -> Callable[..., Outcome]:
    """`nimdoctor ARGUMENTS` as a process of its own; `env` is added to the environment."""

    def run(
        *arguments: object,
        env: Optional[Dict[str, str]] = None,
        cwd: Optional[Path] = None,
        python: Sequence[str] = (),
        timeout: float = 60,
    ) -> Outcome:
        ended = subprocess.run(
            [sys.executable, *python, "-m", "nimdoctor", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**environment(), **(env or {})},
            cwd=cwd or REPOSITORY,
            timeout=timeout,
        )
        out, err = ended.stdout.decode("utf-8", "surrogateescape"), ended.stderr.decode("utf-8", "surrogateescape")
        assert "Traceback" not in out + err
        return Outcome(ended.returncode, out, err)

    return run


def environment() -> Dict[str, str]:
    """This process's environment without what would change how nimdoctor writes."""
    left = ("NO_COLOR", "COLUMNS", "PYTHONIOENCODING", "NIMDOCTOR_DEBUG", "PYTHONUTF8")
    return {name: value for name, value in os.environ.items() if name not in left}


@pytest.fixture
def evidence(tmp_path: Path) -> Callable[..., Path]:
    """Makes an evidence directory from {path of a file or command line: content}."""
    from nimdoctor.evidence.catalog import file_name

    def make(content: Dict[str, Any], *, name: str = "evidence", manifest: Any = None) -> Path:
        place = tmp_path / name
        (place / "commands").mkdir(parents=True)
        (place / "files").mkdir()
        for source, text in content.items():
            target = place / "files" / source[1:] if source.startswith("/") else place / "commands" / file_name(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
        if manifest is not None:
            raw = manifest if isinstance(manifest, (str, bytes)) else json.dumps(manifest)
            (place / "manifest.json").write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        return place

    return make


@pytest.fixture
def root(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file system below a directory: {path: content}; commands are shell scripts by name."""

    def make(files: Optional[Dict[str, Any]] = None, commands: Optional[Dict[str, str]] = None) -> Path:
        place = tmp_path / "root"
        (place / "usr" / "sbin").mkdir(parents=True, exist_ok=True)
        (place / "usr" / "bin").mkdir(exist_ok=True)
        (place / "etc").mkdir(exist_ok=True)
        for path, text in (files or {}).items():
            target = place / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
        for name, script in (commands or {}).items():
            program = place / "usr" / "bin" / name
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
        return place

    return make


NIMINFO = """export NIM_NAME="lpar7"
export NIM_HOSTNAME="lpar7"
export NIM_CONFIGURATION=standalone
export NIM_MASTER_HOSTNAME="nim1"
export NIM_MASTER_PORT=1058
export NIM_REGISTRATION_PORT=1059
export NIM_SHELL="nimsh"
export NIM_MASTERID=00F6A1B14C00
"""


@pytest.fixture
def niminfo() -> str:
    """A client's /etc/niminfo."""
    return NIMINFO


@pytest.fixture
def gone() -> Callable[[Path], bool]:
    """Whether every process whose id a script wrote into the file has ended."""

    def ended(pids: Path) -> bool:
        import time

        import psutil

        for _ in range(500):
            alive = []
            for number in map(int, pids.read_text().split()):
                try:
                    if psutil.Process(number).status() != psutil.STATUS_ZOMBIE:
                        alive.append(number)
                except psutil.NoSuchProcess:
                    continue
            if not alive:
                return True
            time.sleep(0.02)
        return False

    return ended
