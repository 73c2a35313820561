"""What a probe came to, and what every probe over the network shares: addresses, deadlines, words."""

import errno
import math
import socket
import threading
import time
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

from nimdoctor.model.wording import visible

ANSWER_LIMIT = 100
"""Characters of what the other end said that are shown."""

_UNREACHABLE = {
    getattr(errno, name)
    for name in ("ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "ETIMEDOUT")
    if hasattr(errno, name)
}


class ProbeAnswer(NamedTuple):
    """Whether the other end answered; None where it could not be asked. `says` is one line of ASCII."""

    answered: Optional[bool]
    says: str


class Address(NamedTuple):
    """One address of a host, as `socket.socket` and `connect` want it."""

    family: int
    place: Tuple[Any, ...]

    @property
    def number(self) -> str:
        """The address without a zone."""
        return str(self.place[0]).split("%", 1)[0]


class Deadline:
    """A moment, `timeout` seconds from now by the monotonic clock; no number at all means at once."""

    def __init__(self, timeout: float) -> None:
        self.seconds = timeout if math.isfinite(timeout) and timeout > 0 else 0.0
        self._end = time.monotonic() + self.seconds

    def left(self) -> float:
        """Seconds until then, 0 when it has passed."""
        return max(0.0, self._end - time.monotonic())

    def words(self) -> str:
        """`5 s`."""
        return f"{self.seconds:.3g} s"


def addresses(host: str, port: int, kind: int, deadline: Deadline) -> Union[List[Address], str]:
    """Every address of the host, or why there is none.

    The resolver knows no deadline and cannot be interrupted, so it is asked in a thread that is left
    behind when it takes too long.
    """
    if not host.strip():
        return "no host is named"
    if not 0 < port < 65536:
        return f"{port} is no port"
    found = _look_up(host, port, kind, socket.AI_NUMERICHOST)
    if not isinstance(found, str):
        return found
    answers: List[Union[List[Address], str]] = []
    thread = threading.Thread(target=lambda: answers.append(_look_up(host, port, kind, 0)), daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not answers:
        return f"{shown(host)} was not resolved within {deadline.words()}"
    return answers[0]


def _look_up(host: str, port: int, kind: int, flags: int) -> Union[List[Address], str]:
    try:
        rows = socket.getaddrinfo(host, port, 0, kind, 0, flags)
    except (OSError, ValueError) as error:  # ValueError: no name in any encoding
        return f"{shown(host)} cannot be resolved: {reason(error)}"
    found = [Address(family, place) for family, _, _, _, place in rows if family in _families()]
    return list(dict.fromkeys(found)) or f"{shown(host)} has no address"


def _families() -> Sequence[int]:
    return (socket.AF_INET, socket.AF_INET6) if socket.has_ipv6 else (socket.AF_INET,)


def unreachable(error: OSError) -> bool:
    """Whether the error is the network's answer, not a trouble of this host."""
    return error.errno in _UNREACHABLE


def reason(error: Exception) -> str:
    """An error in words."""
    return shown((error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__)


def shown(text: str, limit: int = ANSWER_LIMIT) -> str:
    """The text in printable ASCII on one line, cut at `limit` characters.

    >>> shown("File not found\\n"), shown("caf\\xe9 \\x1b[2J")
    ('File not found', 'caf\\\\xe9 \\\\x1b[2J')
    """
    words = visible(text.strip()).encode("ascii", "backslashreplace").decode("ascii")
    return words if len(words) <= limit else words[: limit - 4] + " ..."
