"""Several explorations at a time."""

import json
import os
import subprocess
import sys
import time
from typing import Any, Dict, Iterable, Tuple

from .children import all_of, scratch


class Workers:
    """Runs explorations in interpreters of their own, so many at a time; gives the result of one by its name.

    An exploration forks thousands of times, which costs by what a process has in memory: one that runs tests has much.
    """

    def __init__(self, names: Iterable[str], at_once: int) -> None:
        self._waiting = list(names)
        self._at_once = at_once
        self._running: Dict[str, Tuple[subprocess.Popen[bytes], int]] = {}
        self._done: Dict[str, Any] = {}

    def result(self, name: str) -> Any:
        """Waits for that exploration, starting others as there is room. Raises AssertionError when it broke."""
        if name in self._waiting:
            self._waiting.remove(name)
            self._waiting.insert(0, name)
        while name not in self._done:
            self._fill()
            for running, (process, descriptor) in list(self._running.items()):
                if process.poll() is not None:
                    del self._running[running]
                    self._done[running] = json.loads(all_of(descriptor) or "null")
            time.sleep(0.005)
        found = self._done[name]
        assert isinstance(found, list), f"{name} broke: {found and found['broken']}"
        return found

    def _fill(self) -> None:
        # one at a time: only the one that is asked for, since somebody else may be asked for the others
        while self._waiting and len(self._running) < self._at_once:
            name, descriptor = self._waiting.pop(0), scratch()
            process = subprocess.Popen(
                [sys.executable, "-m", "killing.explorations", name],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                start_new_session=True,
            )
            self._running[name] = process, descriptor

    def close(self) -> None:
        for process, _ in self._running.values():
            process.terminate()
        for process, _ in self._running.values():
            process.wait()
