"""Following the one file on another host: what it says comes by offset, and a connection that was lost is opened anew."""

import json
import time
from typing import Any, Callable, Dict, NamedTuple, Optional, TypeVar

from nimdoctor.model.wording import visible
from nimdoctor.remote.host import Lost, Progress, RemoteHost
from nimdoctor.system.refused import Refused

PROGRESS = "nimdoctor.progress/1"
"""The schema of a line that a person should see while something goes on; what is of another is how it ended."""
PAUSES = (0.1, 0.2, 0.4, 0.7, 1.0, 2.0)
"""Seconds between two questions, growing while nothing new is said."""
RECONNECTING = (0.2, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0)
"""Seconds before each try to reach a host again; an answer begins the count anew."""
UNSEEN = 20
"""Questions after which a request that does not run counts as one that never will."""

Answered = TypeVar("Answered")


class Ended(NamedTuple):
    """How a request ended: its document, or None where it was killed, and what it complained of."""

    document: Optional[Dict[str, Any]]
    errors: str = ""


class Unfollowed(Exception):
    """It is no longer followed, and goes on there; the message says why, in one line."""


class Follower:
    """Follows one request until it ends.

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

    def follow(self, place: str) -> Ended:
        """Reports what it says as it says it. Raises Unfollowed, Refused."""
        until = self.clock() + self.limit
        offset, open_line = 0, b""
        document: Optional[Dict[str, Any]] = None
        quiet = unseen = 0
        while True:
            progress = self._progress(place, offset)
            offset += len(progress.output)
            *whole, open_line = (open_line + progress.output).split(b"\n")
            for line in whole:
                document = self._reported(line) or document
            if progress.how == "over" and not progress.output:
                return Ended(document, progress.errors)
            unseen = unseen + 1 if progress.how == "new" else 0
            if unseen == UNSEEN:
                raise Refused(f"{self.host.target}: what was sent does not begin to run")
            quiet = 0 if progress.output else quiet + 1
            if self.clock() > until:
                raise Unfollowed(f"it has run longer than {self.limit:.0f} s")
            if progress.how != "over":
                self.sleep(PAUSES[min(quiet, len(PAUSES) - 1)])

    def _progress(self, place: str, offset: int) -> Progress:
        def question() -> Progress:
            if self.interrupted():
                raise Unfollowed("interrupted by somebody")
            return self.host.tell(place, offset)

        try:
            return surely(question, self.say, self.sleep)
        except Lost as error:
            raise Unfollowed(str(error)) from error

    def _reported(self, line: bytes) -> Optional[Dict[str, Any]]:
        """Says what a person should see; gives what is a result."""
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            return None  # cut off by a kill
        if not isinstance(found, dict) or found.get("schema") != PROGRESS:
            return found if isinstance(found, dict) else None
        self.say(visible(str(found.get("says"))))
        return None


def surely(
    question: Callable[[], Answered], say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
) -> Answered:
    """The answer to a question that may be asked twice, asked again where it was lost. Raises Lost, and what it raises."""
    for number, pause in enumerate(RECONNECTING):
        try:
            return question()
        except Lost as error:
            if not number:
                say(f"{error}; what was begun there goes on; connecting again")
            sleep(pause)
    return question()
