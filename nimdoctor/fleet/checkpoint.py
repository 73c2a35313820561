"""What of a fleet is done, in a file of JSON lines that only grows, so that a run that was ended is gone on with.

A line is written as soon as something is done, and the system is made to keep what was written each second: a process
that is killed loses nothing, a machine that loses power a second. A last line that is torn is cut off before the first
append. Failures are not kept: what could not be read, or ended its process, is tried again.
"""

import errno
import fcntl
import hashlib
import json
import os
import stat
import time
from typing import Any, BinaryIO, Dict, Optional, Tuple

from nimdoctor import __version__
from nimdoctor.library.errors import UsageError
from nimdoctor.system.atomic import append_whole

SCHEMA = "nimdoctor.checkpoint/1"
SYNC_SECONDS = 1.0
"""Between two rounds of fsync: one costs up to 10 ms, more than judging a bundle."""

_LONGEST_HEAD = 4096

IDENTITY, RECORD = "identity", "record"


class Checkpoint:
    """What was kept under a key, by kind, `IDENTITY` or `RECORD`; a key is JSON values, a later value replaces an earlier.

    Values stay in the file: memory holds where each begins. Raises UsageError for a file that is no checkpoint, or which
    another run has open, OSError where it cannot be opened, read or written. `renewed` says that it was of another
    version of nimdoctor, and was begun anew.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._places: Dict[bytes, Tuple[int, int]] = {}
        self._synced = time.monotonic()
        self._descriptor = _opened(path)
        self.renewed = False
        try:
            self._lock()
            self._end = self._read()
            if not self._end:
                self._append({"schema": SCHEMA, "version": __version__})
        except BaseException:
            os.close(self._descriptor)
            raise

    def find(self, kind: str, key: Any) -> Optional[Dict[str, Any]]:
        """What was kept last under that key, None for nothing."""
        place = self._places.get(_digest(kind, key))
        if place is None:
            return None
        value: Dict[str, Any] = json.loads(os.pread(self._descriptor, place[1], place[0]))["value"]
        return value

    def keep(self, kind: str, key: Any, value: Dict[str, Any]) -> None:
        """Adds it, so that it outlives this process from here on."""
        self._append({"kind": kind, "key": key, "value": value})
        if time.monotonic() - self._synced >= SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Makes all that was kept outlive the machine."""
        os.fsync(self._descriptor)
        self._synced = time.monotonic()

    def close(self) -> None:
        """Ends it; what was kept is synced."""
        try:
            self.sync()
        finally:
            os.close(self._descriptor)

    def _append(self, line: Dict[str, Any]) -> None:
        raw = json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            end = append_whole(self._descriptor, self._end, raw)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._path) from error
        if "kind" in line:
            self._places[_digest(line["kind"], line["key"])] = (self._end, len(raw))
        self._end = end

    def _lock(self) -> None:
        # of this process, so that no other descriptor of the file may be closed before the end
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            raise UsageError(f"{self._path} is the checkpoint of a run that goes on") from error

    def _read(self) -> int:
        """Finds where each value lies; gives where the last whole line ends. A file of another version is emptied."""
        end = 0
        with open(self._descriptor, "rb", closefd=False) as stream:
            head = stream.readline(_LONGEST_HEAD)
            known = _parsed(head) if head.endswith(b"\n") else {}
            if known.get("schema") != SCHEMA and not _is_torn_head(head):
                raise UsageError(f"{self._path} is no checkpoint of nimdoctor fleet: give another file")
            self.renewed = "version" in known and known["version"] != __version__
            if known and not self.renewed:
                end = self._read_values(stream, len(head))
        os.ftruncate(self._descriptor, end)
        return end

    def _read_values(self, stream: BinaryIO, end: int) -> int:
        for raw in stream:
            if not raw.endswith(b"\n"):
                break
            line = _parsed(raw)
            if isinstance(line.get("value"), dict):  # else it was damaged, and is done again
                self._places[_digest(line.get("kind"), line.get("key"))] = (end, len(raw))
            end += len(raw)
        return end


def _opened(path: str) -> int:
    """A descriptor to read and write by; the file is this user's alone where it is made."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    return descriptor


def _parsed(line: bytes) -> Dict[str, Any]:
    """A line's object; nothing of what is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_torn_head(line: bytes) -> bool:
    """Whether it is the beginning of a first line, of which the rest was not written; so is an empty file."""
    head = f'{{"schema":"{SCHEMA}","version":"'.encode("ascii")
    return not line.endswith(b"\n") and (head.startswith(line) or line.startswith(head)) and len(line) < 2 * len(head)


def _digest(kind: Any, key: Any) -> bytes:
    text = json.dumps([kind, key], separators=(",", ":"))
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).digest()
