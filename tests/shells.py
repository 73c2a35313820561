"""The shells that scripts are tried under, and the processes that they leave or do not leave behind."""

import os
import re
import signal
import time
from typing import List

from programs import program as shell_named

__all__ = ["LACKING", "SHELLS", "gone", "processes_of", "shell_named"]

LACKING = re.compile(
    r"\[\[|\+=|=~|\$'|<<<|\b(local|typeset|declare|mktemp|readlink|timeout|stat|seq|perl|head|setsid)\s|sed -i|grep -[a-zA-Z]*[oAP]\b"
    r"|-maxdepth|-mmin|date -d|tar z"
)
"""What ksh88 or AIX's commands do not have."""
SHELLS = ("ksh93", "mksh", "dash")


def processes_of(word: str) -> List[int]:
    """Living processes with that word among their arguments or in their environment."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as arguments, open(f"/proc/{name}/environ", "rb") as environment:
                text = arguments.read() + environment.read()
            with open(f"/proc/{name}/stat", "rb") as state:
                zombie = b") Z" in state.read()
        except OSError:
            continue
        if word.encode() in text and not zombie:
            found.append(int(name))
    return found


def gone(word: str, patience: float = 10.0) -> bool:
    """Whether no such process is left, after a moment for what was just killed to go."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not processes_of(word):
            return True
        time.sleep(0.02)
    for pid in processes_of(word):
        os.kill(pid, signal.SIGKILL)
    return False
