"""A host on which the one file carries plans out: what is asked of it over its connection, and its answers."""

import contextlib
import json
import pkgutil
from functools import cache
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.connection import Connection, RemoteAnswer, last_line
from nimdoctor.evidence.source import TargetError
from nimdoctor.model.text import decode
from nimdoctor.model.wording import named
from nimdoctor.planning.document import BadPlan, Plan, parse
from nimdoctor.remote.one_file import OneFile
from nimdoctor.system.refused import Refused

PYTHONS = ("/usr/bin/python3", *(f"/opt/freeware/bin/python3{version}" for version in ("", ".12", ".11", ".9")))
"""Where python is looked for on a host, in this order."""
OLDEST = (3, 9)

_LOOK = """
for python in "$@"; do
    [ -x "$python" ] || continue
    version=$("$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' < /dev/null 2> /dev/null) || version=
    printf '%s %s\\n' "$python" "$version"
done
answered seen
"""
_CALL = """
"$@"
answered status "$?"
"""
_ASKED, _SENDING = 60.0, 900.0
"""Seconds for an answer, and where megabytes are sent before it."""


class Lost(TargetError):
    """No answer came: one line of what was asked, and what ssh said."""


class NoPython(Refused):
    """The host has no python that the one file runs with; `seen` is what there is."""

    def __init__(self, target: str, seen: str) -> None:
        super().__init__(f"{target} has no python3, 3.9 or newer: {seen}")
        self.seen = seen


class Progress(NamedTuple):
    """What a place has said after so many bytes. `how` is new, runs or over; `errors` is what it complained of."""

    how: str
    output: bytes
    errors: str = ""


class Place(NamedTuple):
    """A request that was sent to a host: its name, the one file that answers it, and new, runs or over."""

    name: str
    file: str
    how: str

    @property
    def run(self) -> str:
        """The run that it begins, goes on with or takes back."""
        return "-".join(self.name.split("-")[:2])

    @property
    def back(self) -> bool:
        """Whether it takes the run back."""
        return "-rollback-" in self.name


class RunSeen(NamedTuple):
    """A run of the host by its journal: whether it is at an end, and the one file that began it; None where that was a
    nimdoctor installed there. `parts` is what it says of the whole of which it did a part.
    """

    name: str
    ended: bool
    executor: Optional[str] = None
    parts: Mapping[str, Any] = {}


class Overview(NamedTuple):
    """What there is on a host: its clock as a run's name begins, its one files and whether each is what its name says,
    what was sent there, and its runs, oldest first.
    """

    clock: str = ""
    files: Mapping[str, bool] = {}
    places: Tuple[Place, ...] = ()
    runs: Tuple[RunSeen, ...] = ()

    def run(self, name: str) -> Optional[RunSeen]:
        """The run of that name."""
        return next((run for run in self.runs if run.name == name), None)

    def under_way(self, run: str) -> Optional[Place]:
        """What works on that run just now."""
        return next((place for place in self.places if place.run == run and place.how == "runs"), None)


class RemoteHost:
    """One host, asked over its connection. Every method raises Lost, and Refused where the host will not."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.target = connection.target
        self._python = ""

    def python(self) -> str:
        """The path of the first python there that is new enough. Raises NoPython."""
        if not self._python:
            answer = self._ask(_LOOK, PYTHONS)
            there = [line.partition(" ") for line in decode(answer.stdout).splitlines()]
            fit = [path for path, _, version in there if _version(version) >= OLDEST]
            if not fit:
                old = [f"{path} is {version or 'no python that tells its version'}" for path, _, version in there]
                seen = named(old, len(old)) if old else f"there is none, neither {' nor '.join(PYTHONS)}"
                raise NoPython(self.target, seen)
            self._python = fit[0]
        return self._python

    def overview(self) -> Overview:
        """What is there."""
        found = self._answer("overview")
        with understood(self.target):
            return Overview(
                found["clock"],
                found["files"],
                tuple(Place(one["place"], one["file"], one["how"]) for one in found["places"]),
                tuple(RunSeen(one["run"], one["ended"], one["executor"], one["parts"] or {}) for one in found["runs"]),
            )

    def send(self, file: OneFile) -> None:
        """Sends the one file; where it is there already nothing is changed."""
        self._answer("receive", file.name, stdin=file.content, timeout=_SENDING)

    def start(self, place: str, file: str, request: Mapping[str, Any], other: bytes = b"") -> None:
        """Starts that file with a request, and leaves it; what was started under that name is not started again."""
        document = json.dumps(request).encode("ascii")
        sizes = (str(len(document)), str(len(other)))
        self._answer("start", place, file, *sizes, stdin=document + other, timeout=_SENDING)

    def tell(self, place: str, offset: int) -> Progress:
        """What a request has said after that many bytes, and how it stands."""
        found = self._answer("tell", place, str(offset))
        with understood(self.target):
            return Progress(found["how"], found["output"].encode("latin-1"), found["errors"])

    def forget(self, place: str) -> None:
        """Removes what was sent there, and its end, which was read."""
        self._answer("forget", place)

    def plan(self, run: str) -> Plan:
        """The plan of a run."""
        try:
            return parse(self._answer("plan", run)["plan"].encode("utf-8"))
        except BadPlan as error:
            raise Refused(f"the plan of run {run} on {self.target} cannot be used: {error}") from error

    def question(self, file: str, request: Mapping[str, Any]) -> List[Dict[str, Any]]:
        """The objects that the one file answers to a short request at once."""
        document = json.dumps(request).encode("ascii")
        answer = self._called("question", (file,), document, _SENDING)
        found = [_object(line) for line in answer.stdout.splitlines()]
        if not found:
            raise Refused(f"{self.target}: {last_line(answer.stderr) or 'nothing was answered'}")
        return found

    def evidence_of(self, place: str) -> str:
        """Where evidence of the other end is that came with a request."""
        return f"{STATE_DIRECTORY}/sent/{place}/other.tar.gz"

    def _answer(self, verb: str, *words: str, stdin: bytes = b"", timeout: float = _ASKED) -> Dict[str, Any]:
        answer = self._called(verb, words, stdin, timeout)
        if answer.ending != ["status", "0"]:
            raise Refused(f"{self.target}: {last_line(answer.stderr) or 'it did not say why not'}")
        return _object(answer.stdout)

    def _called(self, verb: str, words: Sequence[str], stdin: bytes, timeout: float) -> RemoteAnswer:
        argv = (self.python(), "-I", "-c", _program(), STATE_DIRECTORY, verb, *words)
        return self._ask(_CALL, argv, timeout, stdin)

    def _ask(self, program: str, words: Sequence[str], timeout: float = _ASKED, stdin: bytes = b"") -> RemoteAnswer:
        answer = self.connection.ask(["answer.sh"], program, words, timeout, stdin)
        if answer.ending is None:
            why = "no answer came in time" if answer.result.timed_out else last_line(answer.stderr) or "it said nothing"
            raise Lost(f"the connection to {self.target} was lost: {why}")
        return answer


@contextlib.contextmanager
def understood(target: str) -> Iterator[None]:
    """Raises Refused where what a host answers has not the shape that it should have."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(f"{target}: an answer was not understood: {type(error).__name__}: {error}") from error


@cache
def _program() -> str:
    raw = pkgutil.get_data("nimdoctor.remote", "at_host.py")
    if raw is None:
        raise FileNotFoundError("nimdoctor was installed without remote/at_host.py")
    return raw.decode("ascii")


def _version(text: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _object(line: bytes) -> Dict[str, Any]:
    """A line of an answer. Raises Refused."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused(f"an answer was not understood: {last_line(line)}")
    return found
