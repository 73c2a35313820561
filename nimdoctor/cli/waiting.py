"""A line on stderr that names the command being waited for, once a live scan takes longer than two seconds."""

import sys
import threading
import time
from typing import Callable, Optional

PATIENCE = 2.0
"""Seconds of silence at the beginning of a scan."""


class Waiting:
    """Told by the live source when a command starts and ends; prints from a timer thread."""

    def __init__(
        self, say: Optional[Callable[[str], None]] = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say or (lambda line: print(line, file=sys.stderr, flush=True))
        self._clock = clock
        self._began = clock()
        self._timer: Optional[threading.Timer] = None

    def start(self, label: str) -> None:
        """A command begins."""
        self.end()
        left = max(0.3, PATIENCE - (self._clock() - self._began))
        self._timer = threading.Timer(left, self._say, [f"nimdoctor: waiting for {label} ..."])
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The command ended."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """The scan ended."""
        self.end()
