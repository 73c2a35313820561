"""What the tests of the fixes share: labs that a test may change, and `nimdoctor fix` over them."""

import contextlib
import json
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import pytest
from aix_commands import broken, form_of, lines_in, table

from nimdoctor.evidence.live import LiveHost
from nimdoctor.lab import Lab
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import Report, scan
from nimdoctor.model import Outcome

UNPROVED = "the master was not given, and no probe of its tftp was answered"
"""What is seen where nothing proves that a certificate can be fetched."""


class Fixed(NamedTuple):
    """How one `nimdoctor fix --format json` ended; `document` is what it wrote, `said` its stderr."""

    status: int
    document: Dict[str, Any]
    said: str

    @property
    def steps(self) -> List[str]:
        """Each step in a word: where and what, without its number."""
        return [step["id"].split("-", 1)[1] for step in self.document["steps"]]

    def step(self, name: str) -> Dict[str, Any]:
        """The only step of that name."""
        (found,) = (step for step in self.document["steps"] if step["id"].split("-", 1)[1] == name)
        return found

    @property
    def refused(self) -> List[str]:
        """What was seen of each precondition that does not hold."""
        return [one["seen"] for one in self.document["refusals"]]

    @property
    def helps(self) -> List[Optional[str]]:
        """The command that helps with each of these."""
        return [one["run"] for one in self.document["refusals"]]

    @property
    def advice(self) -> List[str]:
        return [one["text"] for one in self.document["advice"]]

    @property
    def state(self) -> Optional[str]:
        """The run's state: complete, refused, …; None where there was none."""
        return self.document.get("result", {}).get("state")

    @property
    def why(self) -> str:
        return self.document["result"]["why"] or ""

    @property
    def outcomes(self) -> Dict[str, str]:
        """What became of each finding, by check."""
        return {found["check"]: found["outcome"] for found in self.document["result"]["findings"]}

    @property
    def unproved(self) -> List[str]:
        """The pushes that alone prove what was done."""
        return [found["push"] for found in self.document["result"]["findings"] if found["push"]]


@pytest.fixture
def fix(capsys: pytest.CaptureFixture) -> Callable[..., Fixed]:
    """`nimdoctor fix CLIENT --master MASTER WORDS --format json`; `client`, `master` are other targets, None for none."""
    from nimdoctor.cli import main

    def run(lab: Lab, *words: object, client: Optional[str] = "", master: Optional[str] = "") -> Fixed:
        target = lab.client_target if client == "" else client
        other = lab.master_target if master == "" else master
        arguments = ["fix", *([target] if target else []), *(["--master", other] if other else [])]
        capsys.readouterr()
        status = main([*arguments, *map(str, words), "--format", "json"])
        said = capsys.readouterr()
        assert status in (0, 1, 2, 3), said.err
        document = json.loads(said.out) if status != 2 else {}
        _commands_are_known(document)
        return Fixed(status, document, said.err)

    return run


def _commands_are_known(document: Dict[str, Any]) -> None:
    """Whatever a plan runs or advises has a row among the command lines, and breaks no rule of its page."""
    lines = [step["do"]["argv"] for step in document.get("steps", ()) if step["kind"] == "run"]
    lines += [words for one in document.get("advice", ()) for words in lines_in(one["run"] or "", code=True)]
    for words in lines:
        assert form_of(words) in table() and not broken(words), (words, broken(words))


@pytest.fixture
def cure(fix: Callable[..., Fixed]) -> Callable[..., Fixed]:
    """The same with --apply --yes."""

    def run(lab: Lab, *words: object, **more: Any) -> Fixed:
        return fix(lab, *words, "--apply", "--yes", **more)

    return run


@pytest.fixture(scope="session")
def scanned() -> Callable[..., Report]:
    """The report on a lab's first client and its master, each read anew."""
    registry = Registry()

    def run(lab: Lab) -> Report:
        return scan(LiveHost(root=lab.client), LiveHost(root=lab.master), registry=registry)

    return run


def failing(report: Report) -> "set[str]":
    """Ids of the checks that fail, at any severity."""
    return {found.check for found in report.with_outcome(Outcome.FAIL)}


def trees(lab: Lab) -> Dict[str, Any]:
    """Every path of both ends, bytes, modes and owners, the runs' own directory apart."""
    return {end: lab.snapshot(end) for end in ("client", "master", "lpar8")}


def write(lab: Lab, end: str, path: str, content: object) -> None:
    """Gives a file of an end other content; its mode stays."""
    import os

    place = lab.tree(end) + path
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as stream:
        stream.write(content if isinstance(content, bytes) else str(content).encode())


@contextlib.contextmanager
def changed(lab: Lab, end: str, path: str, content: object) -> Iterator[None]:
    """A file of an end that has other content, or is there at all, for as long as a plan is made; then as before."""
    import os

    place = lab.tree(end) + path
    before = os.stat(place) if os.path.exists(place) else None
    kept = read(lab, end, path) if before else b""
    write(lab, end, path, content)
    try:
        yield
    finally:
        if before is None:
            os.unlink(place)
        else:
            write(lab, end, path, kept)
            os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))


def read(lab: Lab, end: str, path: str) -> bytes:
    """The bytes of a file of an end."""
    with open(lab.tree(end) + path, "rb") as stream:
        return stream.read()
