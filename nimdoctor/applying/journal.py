"""The journal of a run: one JSON object a line, on the disk before `append` returns.

What a crash leaves half-written is cut off before the first append: else the next record would
continue the torn line, and both would be lost.
"""

import contextlib
import datetime
import errno
import json
import os
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.applying.custody import Custody
from nimdoctor.system.directory_entry import CALM
from nimdoctor.system.refused import NoSuchFile, Refused

LIMIT = 16 * 1024 * 1024
"""Bytes of a journal; a run has some dozens of records of some hundred bytes."""

RESERVE = 64 * 1024
"""Bytes that are set aside when a run begins, so that a full disk cannot keep its end from being written."""

RESERVED = "reserve"
"""The name of what is set aside, beside the journal."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Record = Dict[str, Any]
Opener = Callable[[int], int]
"""Gives a descriptor for the flags of `os.open`, of a file that nobody else could have written."""


class JournalFull(OSError):
    """There is no room for another record, not even after the reserve was given up."""


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class Journal:
    """A journal opened for appending, with the records it holds."""

    def __init__(self, path: str, descriptor: int, scanned: "_Scan", now: Callable[[], datetime.datetime]) -> None:
        self.path = path
        self._descriptor = descriptor
        self._records = scanned.records
        self._size = scanned.sound
        self._now = now

    @classmethod
    def open(
        cls, path: str, now: Callable[[], datetime.datetime] = utc_now, opener: Optional[Opener] = None
    ) -> "Journal":
        """Opens or makes the journal, mode 0600, and cuts off what a crash left at its end.

        Raises Suspicious for a link, several hard links, what is no regular file or could have been written by
        somebody else; Refused for more than 16 MiB; OSError.
        """
        descriptor = (opener or _opener(path))(os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            os.fchmod(descriptor, 0o600)
            content = _read(descriptor, path)
            scanned = _scan(content)
            if scanned.sound < len(content):
                os.ftruncate(descriptor, scanned.sound)
                os.fsync(descriptor)
            with contextlib.suppress(OSError):  # AIX cannot fsync a directory
                above = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
                try:
                    os.fsync(above)
                finally:
                    os.close(above)
            return cls(path, descriptor, scanned, now)
        except BaseException:
            os.close(descriptor)
            raise

    @property
    def records(self) -> Tuple[Record, ...]:
        """Every record, oldest first, as a reader of the file sees it."""
        return tuple(self._records)

    def append(self, event: str, step: Optional[str] = None, **more: Any) -> Record:
        """Writes one record and returns it once it is on the disk.

        Raises JournalFull or another OSError; then the journal is as it was before. Raises
        TypeError or ValueError for what JSON cannot hold.
        """
        if "at" in more:
            raise ValueError("`at` is the journal's own key")
        at = self._now().astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = json.dumps({"event": event, "step": step, "at": at, **more}, separators=(",", ":"), allow_nan=False)
        line = text.encode("ascii") + b"\n"
        if self._size + len(line) > LIMIT:
            raise JournalFull(errno.EFBIG, f"a journal holds {LIMIT} bytes", self.path)
        try:
            self._write(line)
        except OSError as problem:
            if problem.errno not in _FULL:
                raise
            self.release()
            try:
                self._write(line)
            except OSError as again:
                raise JournalFull(again.errno, f"{again.strerror}: make room, then --resume", self.path) from again
        record: Record = json.loads(text)
        self._size += len(line)
        self._records.append(record)
        return record

    def reserve(self) -> None:
        """Sets room aside beside the journal, with real bytes: a hole takes no room. Raises OSError."""
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(self._reserved, os.O_WRONLY | os.O_CREAT | os.O_EXCL | CALM, 0o600)
            try:
                rest = memoryview(os.urandom(RESERVE))  # what a file system cannot compress
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            except BaseException:
                self.release()
                raise
            finally:
                os.close(descriptor)

    def release(self) -> None:
        """Gives the reserve up. Raises OSError, not for absence."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._reserved)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _reserved(self) -> str:
        return os.path.join(os.path.dirname(self.path), RESERVED)

    def _write(self, line: bytes) -> None:
        """The whole line or nothing of it."""
        self._cut()  # an earlier line that could be neither finished nor cut
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                self._cut()
            raise

    def _cut(self) -> None:
        """Back to the last newline that was written on purpose."""
        size = os.fstat(self._descriptor).st_size
        if size < self._size:
            raise OSError(errno.EIO, "somebody shortened the journal while it was open", self.path)
        if size > self._size:
            os.ftruncate(self._descriptor, self._size)


def read_journal(path: str, opener: Optional[Opener] = None) -> Tuple[List[Record], bool]:
    """The records of a journal, oldest first, and whether something in it is damaged.

    Damaged lines are left out, whatever they hold. An absent journal has no records: that is how a
    run looks that was killed when it had just been made. Raises Refused as `Journal.open`; OSError.

    >>> _scan(b'{"event":"begin","step":"a"}\\n{"event":"do').records
    [{'event': 'begin', 'step': 'a'}]
    """
    try:
        descriptor = (opener or _opener(path))(os.O_RDONLY)
    except (FileNotFoundError, NoSuchFile):
        return [], False
    try:
        scanned = _scan(_read(descriptor, path))
    finally:
        os.close(descriptor)
    return scanned.records, scanned.torn


class _Scan(NamedTuple):
    records: List[Record]
    sound: int
    """bytes up to the end of the last record"""
    torn: bool


def _scan(content: bytes) -> _Scan:
    records: List[Record] = []
    sound = start = 0
    torn = False
    while start < len(content):
        end = content.find(b"\n", start) + 1
        record = _record(content[start:end]) if end else None
        if record is None:
            torn = True
        else:
            records.append(record)
            sound = end
        start = end or len(content)
    return _Scan(records, sound, torn)


def _record(line: bytes) -> Optional[Record]:
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("event"), str) else None


def _opener(path: str) -> Opener:
    directory, name = os.path.split(path)
    return lambda flags: Custody(directory or ".").open(f"/{name}", flags)


def _read(descriptor: int, path: str) -> bytes:
    content = b""
    os.lseek(descriptor, 0, os.SEEK_SET)
    while len(content) <= LIMIT:
        block = os.read(descriptor, LIMIT + 1 - len(content))
        if not block:
            return content
        content += block
    raise Refused(f"{path} is larger than {LIMIT} bytes: that is no journal of a run, look at it")
