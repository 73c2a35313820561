# Copyright (c) the nimdoctor authors
# Licensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0
"""The ledger of a repair: every client that a NIM master knows, and how far each one is.

JSON lines, mode 0600. The first line names schema and master, each further line is what became of one client or which
controller holds the ledger; of one client the last line counts. A line is appended and fsynced as each client is done,
so that a controller may be killed at any time; the last line may then be torn, and is cut. Opening the ledger writes it
anew by rename, one line a client. Every access takes the lock of PATH.lock for as long as it lasts; that one controller
is at work for hours is what the claim says.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import time
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

SCHEMA = "nimdoctor.ledger/1"
DONE, NOT_YET, UNREACHABLE, FAILED = "done", "not yet", "unreachable", "failed"
STATES = (DONE, NOT_YET, UNREACHABLE, FAILED)
SHOWN = 20
"""Names in one line for a person."""
LIMIT = 64 << 20
"""Bytes of a ledger; one of 100,000 clients has some twenty million."""


class LedgerError(Exception):
    """Why the ledger cannot be used: one line."""


class Claim(NamedTuple):
    """The controller that holds a ledger: its machine, its process and when that was started."""

    machine: str
    process: int
    started: str

    @classmethod
    def of(cls, process: int) -> Claim:
        return cls(socket.gethostname(), process, _started(process))

    def alive(self) -> bool:
        """Whether it may still be at work; of another machine nobody here can tell."""
        if self.machine != socket.gethostname():
            return True
        started = _started(self.process)
        return bool(started) and started == self.started

    def __str__(self) -> str:
        return f"process {self.process} of {self.machine}"


class Entry(NamedTuple):
    """How far one client is. `host` is its name in the inventory, None where it has none; `known` whether the master
    knows it; `message` why it is not done."""

    client: str
    state: str = NOT_YET
    time: str = ""
    host: Optional[str] = None
    known: bool = True
    connect: Optional[str] = None
    plan_id: Optional[str] = None
    run: Optional[str] = None
    message: str = ""


class Ledger(NamedTuple):
    """What a ledger says. `since` is when the claim was made."""

    master: str
    entries: Dict[str, Entry]
    claim: Optional[Claim] = None
    since: str = ""

    def in_state(self, state: str) -> List[str]:
        """Clients of the master in that state, as far as the inventory has them."""
        return sorted(one.client for one in self.entries.values() if one.known and one.host and one.state == state)

    def not_in_inventory(self) -> List[str]:
        return sorted(one.client for one in self.entries.values() if one.known and not one.host)

    def not_known(self) -> List[str]:
        """Hosts of the inventory that the master does not know, by their names there."""
        return sorted(one.host for one in self.entries.values() if one.host and not one.known)

    def complete(self) -> bool:
        """Whether every client that the master knows is done."""
        return all(one.state == DONE for one in self.entries.values() if one.known)

    def words(self) -> List[str]:
        """What a person should know, a line each.

        >>> Ledger("nim1", {"lpar1": Entry("lpar1", DONE, host="lpar1"), "lpar2": Entry("lpar2")}).words()
        ['2 clients of nim1: 1 done, 1 left', 'not in the inventory: lpar2']
        """
        known = [one for one in self.entries.values() if one.known]
        done = sum(one.state == DONE for one in known)
        lines = [f"{len(known)} clients of {self.master}: {done} done, {len(known) - done} left"]
        for state in (FAILED, UNREACHABLE, NOT_YET):
            found = [self.entries[name] for name in self.in_state(state)]
            if found:
                lines.append(f"{state}: {_some([_with_why(one) for one in found])}")
        for title, names in (
            ("not in the inventory", self.not_in_inventory()),
            (f"in the inventory, and not known to {self.master}", self.not_known()),
        ):
            if names:
                lines.append(f"{title}: {_some(names)}")
        return lines


class LedgerFile:
    """The file at a path. `claim` is who asks. Every method raises LedgerError."""

    def __init__(self, path: str, claim: Claim) -> None:
        self.path = path
        self.claim = claim

    def read(self) -> Optional[Ledger]:
        """What it says; None where there is none."""
        with self._locked():
            return self._read()

    def open(
        self,
        master: str,
        known: Mapping[str, Optional[str]],
        hosts: Mapping[str, str],
        *,
        take_over: bool = False,
        renew: str = "",
    ) -> Ledger:
        """Claims it for this controller. `known` are the clients that the master knows, with their `connect`; `hosts`
        the names of the inventory, each with the name of its NIM machine. With `renew`, a reason, nobody is done."""
        with self._locked():
            found = self._read() or Ledger(master, {})
            if found.master != master:
                raise LedgerError(f"{self.path} is the ledger of {found.master}: {master} needs another")
            if found.claim and found.claim != self.claim and found.claim.alive() and not take_over:
                raise LedgerError(
                    f"{self.path} is held by {found.claim} since {found.since}: two controllers would repair the same "
                    "hosts; if that one is gone, say repair_take_over=true"
                )
            opened = Ledger(master, _merged(found.entries, known, hosts, renew), self.claim, _now())
            self._replace(opened)
            return opened

    def record(self, entries: Sequence[Entry]) -> Ledger:
        """Writes down what became of clients; what the ledger knows of them beside stays."""
        with self._locked():
            found = self._own()
            now: Dict[str, Entry] = {}
            for entry in entries:
                before = found.entries.get(entry.client, Entry(entry.client, known=False))
                now[entry.client] = entry._replace(
                    time=_now(), host=entry.host or before.host, known=before.known, connect=before.connect
                )
            self._append([one._asdict() for one in now.values()])
            return found._replace(entries={**found.entries, **now})

    def close(self) -> Ledger:
        """Gives it free."""
        with self._locked():
            found = self._own()
            self._append([{"claim": None, "time": _now()}])
            return found._replace(claim=None)

    def _own(self) -> Ledger:
        found = self._read()
        if found is None:
            raise LedgerError(f"there is no ledger at {self.path}: open it first")
        if found.claim != self.claim:
            raise LedgerError(f"{self.path} is not held by this controller any more, but by {found.claim or 'nobody'}")
        return found

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerError(f"{self.path}.lock cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise LedgerError(f"{self.path} cannot be kept: {error.strerror or error}") from None
        finally:
            os.close(descriptor)

    def _read(self) -> Optional[Ledger]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as stream:
            raw = stream.read(LIMIT + 1)
        if len(raw) > LIMIT:
            raise LedgerError(f"{self.path} is larger than {LIMIT >> 20} MiB, which no ledger is")
        lines = raw[: raw.rfind(b"\n") + 1].splitlines()
        if not lines:
            return None
        master = self._object(lines[0], 1)
        if master.get("schema") != SCHEMA or not isinstance(master.get("master"), str):
            raise LedgerError(f"{self.path} is no ledger of schema {SCHEMA}")
        entries: Dict[str, Entry] = {}
        claim, since = None, ""
        for number, line in enumerate(lines[1:], 2):
            one = self._object(line, number)
            try:
                if "claim" in one:
                    claim, since = Claim(**one["claim"]) if one["claim"] else None, one["time"]
                else:
                    entry = Entry(**one)
                    entries[entry.client] = entry
            except (TypeError, KeyError):
                raise LedgerError(f"{self.path}, line {number}: is no record of a ledger") from None
        return Ledger(master["master"], entries, claim, since)

    def _object(self, line: bytes, number: int) -> Dict[str, Any]:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise LedgerError(f"{self.path}, line {number}: is damaged; put it right, or begin a ledger anew")
        return found

    def _append(self, records: Sequence[Mapping[str, Any]]) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "r+b", buffering=0) as stream:
            raw = stream.read()
            # a line that a killed controller left torn would swallow the next
            stream.truncate(raw.rfind(b"\n") + 1)
            stream.seek(0, os.SEEK_END)
            stream.write(b"".join(_line(one) for one in records))
            os.fsync(descriptor)

    def _replace(self, ledger: Ledger) -> None:
        new = f"{self.path}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(_line({"schema": SCHEMA, "master": ledger.master}))
            stream.write(_line({"claim": ledger.claim._asdict() if ledger.claim else None, "time": ledger.since}))
            stream.writelines(_line(one._asdict()) for _name, one in sorted(ledger.entries.items()))
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(new, self.path)


def _merged(
    before: Mapping[str, Entry], known: Mapping[str, Optional[str]], hosts: Mapping[str, str], renew: str
) -> Dict[str, Entry]:
    """Every client that the master knows or the inventory has, as far as it was; whom neither names goes."""
    by_client = {client: host for host, client in hosts.items()}
    merged = {}
    for client in sorted({*known, *by_client}):
        entry = before.get(client, Entry(client, time=_now()))
        if renew and entry.state == DONE:
            entry = entry._replace(state=NOT_YET, time=_now(), message=renew)
        merged[client] = entry._replace(host=by_client.get(client), known=client in known, connect=known.get(client))
    return merged


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=True).encode("ascii") + b"\n"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _with_why(entry: Entry) -> str:
    return f"{entry.client} ({entry.message})" if entry.message else entry.client


def _some(names: List[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _started(process: int) -> str:
    """When that process was started, in whatever form; empty where it is gone."""
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            # the name of a program may hold blanks and brackets
            return stream.read().rpartition(b")")[2].split()[19].decode("ascii")
    except (OSError, IndexError):
        pass
    try:
        asked = ["ps", "-o", "lstart=", "-p", str(process)]
        shown = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return shown.stdout.decode("ascii", "replace").strip()
