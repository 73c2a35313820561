"""Several explorations at a time."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import Any, Dict, List, Optional, Sequence


class Workers:
    """Runs explorations, so many at a time, in an interpreter of their own; gives the result of one by its name.

    An exploration forks thousands of times, which costs by what a process has in memory: one that runs tests has much.
    """

    def __init__(self, names: Sequence[str], at_once: int) -> None:
        self._names = list(names)
        self._at_once = at_once
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._done: Dict[str, Any] = {}

    def result(self, name: str) -> Any:
        """Waits for that exploration, while others go on. Raises AssertionError when it broke."""
        if name not in self._done and (self._process is None or name not in self._names):
            # those that somebody else may be asked for are begun when they are asked for
            self._process = self._start(self._names if name in self._names else [name])
        while name not in self._done:
            assert self._process and self._process.stdout
            line = self._process.stdout.readline()
            assert line, f"{name} was not explored to its end"
            ended, found = json.loads(line)
            self._done[ended] = found
        found = self._done[name]
        assert isinstance(found, list), f"{name} broke: {found and found['broken']}"
        return found

    def _start(self, names: List[str]) -> "subprocess.Popen[bytes]":
        self.close()
        return subprocess.Popen(
            [sys.executable, "-m", "killing.explorations", str(self._at_once), *names],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def close(self) -> None:
        if self._process and self._process.stdout:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()
            self._process.stdout.close()
