"""The state directory: one directory a run, with its plan, journal and backups.

STATE/lock, lock.d          see nimdoctor.applying.lock
STATE/runs/RUN/             RUN is YYYYMMDDTHHMMSSZ-xxxx
    journal.jsonl, reserve
    backups/NAME, NAME.json
"""

import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
import stat
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from nimdoctor.applying.custody import Custody, Suspicious, doubt
from nimdoctor.applying.journal import RESERVED, Journal, Record, read_journal
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.model.private_keys import holds_private_key
from nimdoctor.system.atomic import write_whole
from nimdoctor.system.refused import Refused
from nimdoctor.system.stat_result import Stat

_RUN = re.compile(r"([0-9]{8}T[0-9]{6}Z)-([0-9a-f]{4})")
_REMOVED = ".removed-"
"""Begins the name of the directory of a run that is being removed."""
STAMP = "%Y%m%dT%H%M%SZ"
"""The time with which the name of a run begins, UTC."""
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._+=@-]{1,200}")


class BackupRecord(NamedTuple):
    """What a backup knows of the file it was made from; `sha256` is that of its bytes, in hex."""

    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    sha256: str

    def as_json(self) -> Dict[str, object]:
        """As JSON values; the mode is an octal string."""
        return {**self._asdict(), "mode": f"{self.mode:04o}"}


def random_below(limit: int) -> int:
    """A random number from 0 to `limit` - 1, of at most 65536."""
    return int.from_bytes(os.urandom(4), "big") % limit


class RunDirectory:
    """The directory of one run. Names have no slash and do not begin with a dot.

    Raises Refused where something is not as it must be; OSError.
    """

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name

    def write(self, name: str, content: bytes) -> None:
        """A file of mode 0600, whole or not at all, on the disk; an earlier one is replaced."""
        write_whole(os.path.join(self.path, _checked(name)), content)
        _settle(self.path)

    def read(self, name: str) -> bytes:
        """The bytes of a file of the run. Raises Absent, Suspicious."""
        return self.custody.read(self._inner(_checked(name)))

    def has(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self.path, _checked(name)))

    def journal(self) -> Journal:
        """The run's journal, opened for appending. Raises Suspicious."""
        return Journal.open(self.journal_path, opener=self._open_journal)

    def records(self) -> List[Record]:
        """What its journal holds; nothing where there is none. Raises Suspicious."""
        return read_journal(self.journal_path, self._open_journal)[0]

    def _open_journal(self, flags: int) -> int:
        return self.custody.open(self._inner(os.path.basename(self.journal_path)), flags)

    @property
    def state(self) -> str:
        """The state directory that holds it."""
        return os.path.dirname(os.path.dirname(self.path))

    @property
    def custody(self) -> Custody:
        """The state directory, for reading what is to be believed."""
        return Custody(self.state)

    def _inner(self, name: str) -> str:
        """A file of the run as the custody names it."""
        return f"/runs/{self.name}/{name}"

    def discard(self) -> None:
        """Removes the directory with all that is in it, following no link. Raises OSError.

        It is no run from the first moment on: half of one could be taken for one that never began.
        """
        above, name = os.path.split(self.path)
        away = os.path.join(above, f"{_REMOVED}{name}")
        os.rename(self.path, away)
        _settle(above)
        shutil.rmtree(away)
        _settle(above)

    def drop_reserve(self) -> None:
        """Gives up what a run that has ended may have set aside. Raises OSError, not for absence."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.path, RESERVED))

    @property
    def journal_path(self) -> str:
        return os.path.join(self.path, "journal.jsonl")

    def backup_path(self, backup_name: str) -> str:
        """Where a backup's bytes are; beside them stands NAME.json."""
        return os.path.join(self.path, "backups", _checked(backup_name))

    def save_backup(self, backup_name: str, content: bytes, before: Stat) -> BackupRecord:
        """Stores a backup: its bytes, then what goes with them. The same once more changes nothing.

        Refuses to replace a backup by another one, so that a repeated step does not take what it
        has itself written for the original, and to store a private key.
        """
        if backup_name.endswith(".json"):
            raise Refused(f"{backup_name!r} cannot name a backup: .json is what goes with one")
        if holds_private_key(content):
            raise Refused(f"{backup_name} holds a private key: it is kept by renaming it where it is, never copied")
        path = self.backup_path(backup_name)
        record = BackupRecord(
            before.mode, before.uid, before.gid, before.mtime_ns, len(content), hashlib.sha256(content).hexdigest()
        )
        if os.path.lexists(path + ".json"):
            if self.backup(backup_name)[1] != record:
                raise Refused(f"{path} is the backup of something else: it is not replaced")
            return record
        _make(os.path.dirname(path), 0o700)
        write_whole(path, content)
        write_whole(path + ".json", json.dumps(record.as_json()).encode("ascii") + b"\n")
        _settle(os.path.dirname(path))
        _settle(self.path)
        return record

    def has_backup(self, backup_name: str) -> bool:
        """Whether a backup of that name was completed."""
        return os.path.lexists(self.backup_path(backup_name) + ".json")

    def backup(self, backup_name: str) -> Tuple[bytes, BackupRecord]:
        """A backup and what goes with it; Refused when it is absent, incomplete or damaged."""
        path = self.backup_path(backup_name)
        meta = self.described(backup_name)
        content = self.custody.read(self._inner(f"backups/{backup_name}"), limit=meta.size)
        if hashlib.sha256(content).hexdigest() != meta.sha256:
            raise Refused(f"{path} is damaged: its sha256 is not the one of what was backed up")
        return content, meta

    def described(self, backup_name: str) -> BackupRecord:
        """What goes with a backup; Refused when it is absent or damaged."""
        path = self.backup_path(backup_name)
        try:
            found = json.loads(self.custody.read(self._inner(f"backups/{backup_name}.json")).decode("ascii"))
            numbers = [found[key] for key in ("uid", "gid", "mtime_ns", "size")]
            if not all(type(number) is int for number in numbers) or not re.fullmatch("[0-9a-f]{64}", found["sha256"]):
                raise ValueError("a value of the wrong kind")
            uid, gid, mtime_ns, size = numbers
            return BackupRecord(int(found["mode"], 8), uid, gid, mtime_ns, size, found["sha256"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Refused(f"{path}.json is damaged: the backup cannot be put back with its mode and owner") from None

    def refuse_another(self, backup_name: str, written_down: Mapping[str, object]) -> None:
        """Raises Suspicious for a backup which is not the one of that description, Absent where there is none."""
        path = self.backup_path(backup_name)
        described = self.described(backup_name)
        if described.as_json() != written_down:
            raise Suspicious(f"{path}.json is not what the journal says of that backup")
        if self.custody.fingerprint(self._inner(f"backups/{backup_name}")) != described.sha256:
            raise Suspicious(f"{path} is damaged: its sha256 is not the one of what was backed up")


class StateDirectory:
    """STATE, where runs are kept; `path` is one of this host, so with its root where it has one."""

    def __init__(self, path: str = STATE_DIRECTORY) -> None:
        self.path = path

    def prepare(self) -> None:
        """Makes it for its owner alone, or refuses one that others could have tampered with."""
        above = os.path.dirname(os.path.abspath(self.path))
        missing = []
        while not os.path.lexists(above):
            missing.append(above)
            above = os.path.dirname(above)
        for directory in reversed(missing):
            _make(directory, 0o755)
        _make(self.path, 0o700)
        _must_be_ours(self.path)
        _make(self._runs, 0o700)
        _must_be_ours(self._runs)

    def runs(self) -> List[str]:
        """The names of the runs, oldest first; none where there is no state directory."""
        try:
            with os.scandir(self._runs) as entries:
                return sorted(
                    entry.name
                    for entry in entries
                    if _RUN.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
                )
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove_leftovers(self) -> None:
        """Removes what is left of runs whose removal was cut short. Raises OSError."""
        with os.scandir(self._runs) as entries:
            for entry in entries:
                if entry.name.startswith(_REMOVED) and entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)

    def path_of(self, run: str) -> str:
        """Where a run is or would be. Refused for what is no name of a run."""
        if not _RUN.fullmatch(run):
            raise Refused(f"{run!r} is no run: runs are named like 20260301T120005Z-1f2e, see `nimdoctor runs`")
        return os.path.join(self._runs, run)

    def exists(self, run: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self.path_of(run)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def last(self) -> Optional[str]:
        """The newest run."""
        runs = self.runs()
        return runs[-1] if runs else None

    def open_run(self, run: str) -> RunDirectory:
        if not self.exists(run):
            raise Refused(f"there is no run {run} in {self.path}: see `nimdoctor runs`")
        return RunDirectory(self.path_of(run), run)

    def new_run(self, now: datetime.datetime, random: Callable[[int], int] = random_below) -> RunDirectory:
        """Makes the directory of a new run; its name sorts after that of every other run.

        `random(limit)` gives a number from 0 to `limit` - 1. Of two runs in one second, or with the
        clock set back, the later one must still be the newest: it alone may be rolled back.
        """
        for _ in range(100):
            name = self._next(now, random)
            with contextlib.suppress(FileExistsError):
                return self._made(name)
        raise Refused(f"{self._runs} takes no new run: look at what is in it")

    def named_run(self, run: str) -> RunDirectory:
        """Makes the directory of a new run of that name. Refused where it is there, or older than the newest run: the
        newest alone may be rolled back.
        """
        last = self.last()
        if last is not None and last >= run:
            raise Refused(f"run {run} is not begun: {'it' if last == run else f'run {last}, which is newer,'} is there")
        return self._made(run)

    def same_run(self, run: str) -> RunDirectory:
        """The directory of a run that another end's state directory leads; made where it is not there yet."""
        path = self.path_of(run)
        _make(path, 0o700)
        _must_be_ours(path)
        _settle(self._runs)
        return RunDirectory(path, run)

    def _made(self, run: str) -> RunDirectory:
        path = self.path_of(run)
        os.mkdir(path, 0o700)
        os.chmod(path, 0o700)
        _settle(self._runs)
        return RunDirectory(path, run)

    @property
    def _runs(self) -> str:
        return os.path.join(self.path, "runs")

    def _next(self, now: datetime.datetime, random: Callable[[int], int]) -> str:
        stamp = now.astimezone(datetime.timezone.utc).strftime(STAMP)
        last = _RUN.fullmatch(self.last() or "")
        if last is None or last.group(1) < stamp:
            return f"{stamp}-{random(0x10000):04x}"
        number = int(last.group(2), 16) + 1 + random(16)
        if number <= 0xFFFF:
            return f"{last.group(1)}-{number:04x}"
        later = datetime.datetime.strptime(last.group(1), STAMP) + datetime.timedelta(seconds=1)
        return f"{later.strftime(STAMP)}-{random(0x10000):04x}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refused(f"{name!r} cannot name a file of a run")
    return name


def _make(path: str, mode: int) -> None:
    """A directory of this mode, whatever the umask; one that is there stays as it is."""
    try:
        os.mkdir(path, 0o700)
        os.chmod(path, mode)
    except FileExistsError:
        pass
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(f"{path} cannot be made: what is above it is no directory, or a link to nowhere") from None


def _must_be_ours(path: str) -> None:
    found = os.lstat(path)
    reason = doubt(found) or ("" if stat.S_ISDIR(found.st_mode) else "is no directory")
    if reason:
        raise Suspicious(f"{path} {reason}: no state is kept there, look at it or give another --state-dir")


def _settle(directory: str) -> None:
    # AIX cannot fsync a directory
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
