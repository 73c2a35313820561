"""Following a script on another host: what it says comes by offset, and a connection that was lost is opened anew."""

import re
import time
from typing import Callable, List, NamedTuple, Optional

from nimdoctor.model.text import decode
from nimdoctor.model.wording import visible
from nimdoctor.remote.host import Lost, RemoteHost, StartStatus
from nimdoctor.system.refused import Refused

PAUSES = (0.1, 0.2, 0.4, 0.7, 1.0, 2.0)
"""Seconds between two questions, growing while nothing new is said."""
RECONNECTING = (0.2, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0)
"""Seconds before each try to reach a host again; an answer begins the count anew."""
UNSEEN = 20
"""Questions after which a start that shows no process counts as one that never ran."""
GONE = 4
"""Questions after which one whose process is gone counts as killed: its status is noted a moment later."""

_DOING = re.compile(r"step \d+ \((client|master)\) (.*) \.\.\.\Z")
_KNOWN = re.compile(r"step \d+ \((client|master)\) .*: done\Z|complete: |nothing to do: |now clients/|what only a push")


class Ended(NamedTuple):
    """How a start ended: `status` None where it was killed; `said` is all it said."""

    status: Optional[int]
    said: str


class Unfollowed(Exception):
    """It is no longer followed, and goes on there; the message says why, in one line."""


class Follower:
    """Follows one start of a script until it ends.

    `limit` seconds are waited at most; `interrupted` is asked before each question.
    """

    def __init__(
        self,
        host: RemoteHost,
        say: Callable[[str], None],
        interrupted: Callable[[], bool],
        limit: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self.say = say
        self.interrupted = interrupted
        self.limit = limit
        self.clock = clock
        self.sleep = sleep

    def follow(self, place: str, start: int) -> Ended:
        """Reports what it says as it says it. Raises Unfollowed, Refused."""
        until = self.clock() + self.limit
        said, open_line = b"", b""
        quiet = unseen = gone = 0
        while True:
            told = self._asked(place, start, len(said))
            said += told.said
            *whole, open_line = (open_line + told.said).split(b"\n")
            for line in whole:
                self._report(decode(line))
            gone = gone + 1 if told.how == "gone" and not told.said else 0
            if (told.how == "ended" and not told.said) or gone == GONE:
                return Ended(told.status, decode(said))
            unseen = unseen + 1 if told.how == "new" else 0
            if unseen == UNSEEN:
                raise Refused(f"{self.host.target}: the script did not begin to run: start it by hand")
            quiet = 0 if told.said else quiet + 1
            if self.clock() > until:
                raise Unfollowed(f"it has run longer than {self.limit:.0f} s")
            if told.how != "ended":
                self.sleep(PAUSES[min(quiet, len(PAUSES) - 1)])

    def _asked(self, place: str, start: int, offset: int) -> StartStatus:
        tries = 0
        while True:
            if self.interrupted():
                raise Unfollowed("interrupted by somebody")
            try:
                return self.host.tell(place, start, offset)
            except Lost as error:
                if tries == len(RECONNECTING):
                    raise Unfollowed(str(error)) from error
                if not tries:
                    self.say(f"{error}; the script goes on there; connecting again")
                self.sleep(RECONNECTING[tries])
                tries += 1

    def _report(self, line: str) -> None:
        """A line of the script, as `nimdoctor fix --apply` says the same."""
        doing = _DOING.match(line)
        if doing:
            self.say(visible(f"{doing.group(1)}: {doing.group(2)} ..."))
        elif line.strip() and not _KNOWN.match(line):
            self.say(visible(f"{self.host.connection.destination}: {line}"))


def refusal_in(said: str) -> List[str]:
    """The lines by which a script refused to do anything; empty where it did not refuse.

    >>> refusal_in("note: x\\nrefused, nothing was done.\\nstep 1: needs\\n"), refusal_in("step 1 ... done\\n")
    (['refused, nothing was done.', 'step 1: needs'], [])
    """
    lines = said.rstrip("\n").split("\n")
    for number, line in enumerate(lines):
        if line.startswith("refused") or "nothing was done" in line:
            return lines[number:]
    return []


def failure_in(said: str) -> "tuple[int, str]":
    """The number of the step that failed and why; 0 and an empty text where none did.

    >>> failure_in("step 2 (client) fetch: failed: it ended with status 1\\nwhere things stand:\\n  step 1 (client) x: done\\n")
    (2, 'it ended with status 1')
    """
    found = re.search(r"^step (\d+) \(\w+\) .*?: failed: (.*(?:\n .*)*)", said, re.MULTILINE)
    return (int(found.group(1)), " ".join(found.group(2).split())) if found else (0, "")


def undone_in(said: str) -> List[int]:
    """The numbers of the steps that a script took back.

    >>> undone_in("step 2 (client) fetch: undone\\nstep 1: undone\\nstep 3: not undone: x\\n")
    [2, 1]
    """
    return [int(number) for number in re.findall(r"^step (\d+)(?: \(\w+\) .*)?: undone$", said, re.MULTILINE)]
