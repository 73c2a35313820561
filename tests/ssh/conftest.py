"""A lab whose hosts are reached over ssh, and that nothing is left of a connection."""

import itertools
import tempfile
from pathlib import Path
from typing import Callable, Dict, Iterator, NamedTuple

import pytest
from loopback import OWN, Loopback, why_not
from shells import gone

from nimdoctor.lab import Entry, Lab

Tree = Dict[str, Entry]
_NUMBERS = itertools.count(100)


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
    """With its `ssh` named; whatever the test does, nothing of a connection may be left."""
    monkeypatch.setenv("NIMDOCTOR_SSH", sshd.ssh)
    place = Path(tempfile.mkdtemp(prefix="nd"))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield sshd
    assert list(place.iterdir()) == []
    assert gone(f"{place}/nimdoctor-ssh-")
    place.rmdir()


class Hosts(NamedTuple):
    """A lab of its own that is reached over ssh: its ends as targets."""

    lab: Lab
    client: str
    master: str

    def whole(self, end: str) -> Tree:
        """What the tree of that end holds, but for what makes it a root that can be logged in to."""
        found = self.lab.snapshot(end)
        return {path: entry for path, entry in found.items() if not Loopback.made_for_it(path)}


@pytest.fixture
def hosts(
    over: Loopback, lab_of: Callable[[str], Lab], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Hosts]]:
    """A lab of a scenario, which the test may change; `more` is of both its ends as `Loopback.add` takes it, a python as
    the tests' own if nothing else is said."""
    names = []

    def get(scenario: str, **more: str) -> Hosts:
        with monkeypatch.context() as elsewhere:
            # the lab it is copied from stays for other tests
            elsewhere.setattr(tempfile, "tempdir", "/tmp")
            lab = lab_of(scenario)
        own = [f"{end}{next(_NUMBERS)}" for end in ("lpar", "nim")]
        for name, tree in zip(own, (lab.client, lab.master)):
            over.add(name, tree, lab.place, **{"python": OWN, **more})
            names.append(name)
        return Hosts(lab, *(f"ssh:{name}" for name in own))

    yield get
    for name in names:
        over.leave(name)


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
