"""Where tests write: into memory where that can be, since a lab is hundreds of small files."""

import os
import tempfile
from typing import Optional

SCRATCH = "NIMDOCTOR_TESTS_SCRATCH"
"""The variable that says that the place was chosen, by whoever removes it in the end."""
ROOM = 2 << 30
"""Bytes free in memory from which on tests write there."""


def memory() -> Optional[str]:
    """A new directory in memory, or None where there is no room, or nothing there may be executed."""
    try:
        found = os.statvfs("/dev/shm")
        if found.f_bavail * found.f_frsize < ROOM or found.f_flag & os.ST_NOEXEC:
            return None
        return tempfile.mkdtemp(prefix="nd-", dir="/dev/shm")
    except OSError:
        return None
