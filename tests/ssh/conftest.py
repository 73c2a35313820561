"""A lab whose hosts are reached over ssh, and that nothing is left of a connection."""

import os
import tempfile
from pathlib import Path
from typing import Callable, Iterator

import pytest
from loopback import Loopback, why_not
from shells import gone

from nimdoctor.lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.build("create-bio-hang", str(tmp_path_factory.mktemp("lab") / "lab")) as built:
        yield built


@pytest.fixture(scope="session")
def sshd(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    reason = why_not()
    if reason:
        pytest.skip(f"no sshd on loopback: {reason}")
    daemon = Loopback(str(tmp_path_factory.mktemp("sshd")))
    try:
        daemon.add("lpar7", lab.client, lab.place)
        daemon.add("nim1", lab.master, lab.place)
        yield daemon
    finally:
        daemon.close()


@pytest.fixture
def over(sshd: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Loopback]:
    """With `ssh` in PATH; whatever the test does, nothing of a connection may be left."""
    monkeypatch.setenv("PATH", f"{sshd.path}:{os.environ['PATH']}")
    place = Path(tempfile.mkdtemp(prefix="nd"))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield sshd
    assert list(place.iterdir()) == []
    assert gone(f"{place}/nimdoctor-ssh-")
    place.rmdir()


@pytest.fixture
def hang() -> Iterator[Callable[[str, str], None]]:
    """Makes a command of a lab's host hang until the test is over."""
    faults = []

    def lay(tree: str, command: str) -> None:
        fault = Path(tree) / ".lab/fault" / command
        fault.parent.mkdir(exist_ok=True)
        fault.write_text("hang\n")
        faults.append(fault)

    yield lay
    for fault in faults:
        fault.unlink()
