"""What is asked of a host on which a plan's scripts run, and its answers."""

import os
from functools import cache
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.connection import Connection, last_line
from nimdoctor.evidence.source import TargetError
from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.model.text import decode
from nimdoctor.planning.checksum import cksum
from nimdoctor.planning.document import BadPlan, Plan, parse
from nimdoctor.scripts.library import functions, with_library
from nimdoctor.system.refused import Refused

SENT = f"{STATE_DIRECTORY}/sent"
"""Where scripts that were sent stand: a directory each time."""

_ASKED = 30.0


class Lost(TargetError):
    """No answer came: one line of what was asked, and what ssh said."""


class StartStatus(NamedTuple):
    """What a start has said since, and whether it is over: `how` is new, runs, ended or gone (it was killed)."""

    said: bytes
    how: str
    status: Optional[int] = None
    process: str = ""


class Sent(NamedTuple):
    """Scripts that were sent: `place` is their directory's name, `start` the number of the newest start or 0.

    `state` and `run` are those of the plan's marks; empty where no step was ever about to begin.
    """

    place: str
    plan: str
    run: str
    state: str
    start: int
    words: Tuple[str, ...]
    under_way: bool

    @property
    def unfinished(self) -> bool:
        """Whether it runs, or was begun and neither ended nor taken back."""
        return self.under_way or self.state in UNFINISHED

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.run or self.place


class Overview(NamedTuple):
    """A host's runs by script: those that were sent, oldest first, the states of plans by their first digits, and the
    process that holds the lock, if any."""

    sent: Tuple[Sent, ...]
    plans: Mapping[str, Tuple[str, str]]
    lock: str


class RemoteHost:
    """One host, asked over its connection. Every method raises Lost, and Refused where the host will not."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.target = connection.target

    def send(self, plan: str, files: Mapping[str, bytes]) -> str:
        """Sends the files into a new directory, whose name is given back. Raises Refused where one arrives other."""
        place = self._ask("new_place", plan[:16], os.urandom(4).hex())[0].strip()
        sums = []
        for name, content in files.items():
            arrived = self._ask("receive", place, name, stdin=content)[0].strip()
            sent = cksum(content)
            if arrived != sent:
                raise Refused(
                    f"{name} did not arrive whole at {self.target}:{SENT}/{place}: {sent} was sent (sum and size by cksum), "
                    f"{arrived or 'nothing'} is there; nothing was started"
                )
            sums.append(f"{sent} {name}")
        self._ask("seal", place, "\n".join(sums))
        return place

    def start(self, place: str, *words: str) -> int:
        """Starts a script of that place with these words, and leaves it; the number of the start."""
        return int(self._ask("start", place, *words)[0])

    def tell(self, place: str, start: int, offset: int) -> StartStatus:
        """What a start has said after that many bytes, and how it stands."""
        said, words = self._said("tell", place, str(start), str(offset))
        if words[0] == "ended":
            return StartStatus(said, "ended", int(words[1]))
        return StartStatus(said, words[0], None, words[1] if words[1:] else "")

    def overview(self) -> Overview:
        """What runs there, or ran."""
        plans: Dict[str, Tuple[str, str]] = {}
        sent: List[Sent] = []
        lock = ""
        for line in self._ask("overview"):
            kind, _, rest = line.partition(" ")
            if kind == "lock":
                lock = rest
            elif kind == "plan":
                plan, run, state = rest.split(" ", 2)
                plans[plan] = (run, state.strip())
            elif kind == "sent":
                about, _, typed = rest.partition(": ")
                place, start, how, *_ = about.split(" ")
                plan = place.split("-")[1]
                run, state = plans.get(plan, ("", ""))
                sent.append(Sent(place, plan, run, state, int(start), tuple(typed.split()), how == "runs"))
        return Overview(tuple(sent), plans, lock)

    def marks(self, plan: str) -> Mapping[str, str]:
        """The marks of a plan, such as `done.1`, with what is noted in them."""
        lines = [line.partition(" ") for line in self._ask("marks", plan[:16])]
        return {name: said for name, _, said in lines if name}

    def plan(self, place: str) -> Plan:
        """The plan that was sent to that place."""
        said, _ = self._said("plan_of", place)
        try:
            return parse(said)
        except BadPlan as error:
            raise Refused(f"{self.target}:{SENT}/{place}/plan.json cannot be used: {error}") from error

    def _ask(self, verb: str, *words: str, stdin: bytes = b"") -> List[str]:
        """The lines of the answer; at least one."""
        return decode(self._said(verb, *words, stdin=stdin)[0]).splitlines() or [""]

    def _said(self, verb: str, *words: str, stdin: bytes = b"") -> Tuple[bytes, List[str]]:
        program = f'{_program()}\nSTATE={STATE_DIRECTORY}\nasked {verb} "$@"'
        answer = self.connection.ask(["answer.sh"], program, words, _ASKED, stdin)
        if answer.ending is None:
            why = "no answer came in time" if answer.result.timed_out else last_line(answer.stderr) or "it said nothing"
            raise Lost(f"the connection to {self.target} was lost: {why}")
        if answer.ending == ["refused"]:
            raise Refused(f"{self.target}: {last_line(answer.stderr)}")
        return answer.stdout, answer.ending


@cache
def _program() -> str:
    own = "\n".join(functions("remote.sh", "nimdoctor.remote").values())
    return "\n".join([*with_library(own), own])
