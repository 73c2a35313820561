"""A step of the rehearsal that failed."""

from typing import Dict

STEPS = ("certificate", "private key", "key matches certificate", "chain", "context", "handshake")
"""What a step may be called, in the order in which they come."""


class RehearsalFailure(Exception):
    """Which step it was, OpenSSL's reason and code, the file it was about, and the side: nimsh or master."""

    def __init__(self, step: str, reason: str, code: str = "", path: str = "", side: str = "") -> None:
        super().__init__(step)
        self.step = step
        self.reason = reason
        self.code = code
        self.path = path
        self.side = side

    def as_dict(self) -> Dict[str, object]:
        """As it stands in the verdict."""
        return {
            "step": self.step,
            "reason": self.reason,
            "code": self.code,
            "path": self.path,
            "side": self.side,
        }
