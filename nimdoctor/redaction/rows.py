"""Which lines of /etc/hosts, `ps` and `netstat` leave: those about NIM, tftp, inetd, the two ends and their ports.

Left out lines become empty ones, the first of each run a remark, so that the others keep their numbers.
"""

import re
from typing import Callable, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Set

from nimdoctor.facts import Hosts, Interfaces, Processes, Sockets
from nimdoctor.facts.netstat import SocketRow
from nimdoctor.model.text import BadEvidence, Text

PORTS = frozenset({1058, 1059, 3901, 3902, 4901, 69, 67, 68})
"""nim, nimreg, nimsh, nimaux, nimhttp, tftp, bootp."""
_SERVICES = ("nim", "nimreg", "nimsh", "nimaux", "tftp", "bootps", "bootpc")
_PROGRAMS = re.compile(
    r"(?i)\bc?nim[a-z]*\b|lsnim|nimesis|tftp|\binetd\b|srcmstr|bootpd|bos\.sysmgt|installp|mksysb|alt_disk|geninstall|"
    r"restbyname|\binutoc\b|savevg|\bc_[a-z]+\b|\bm_[a-z]+\b|\bnimsh\b"
)
_UNIX = "Active UNIX domain"


class NimEnds(NamedTuple):
    """The two ends of a NIM pair: their names in small letters, their addresses as printed, and the ports in use."""

    names: FrozenSet[str]
    addresses: FrozenSet[str]
    ports: FrozenSet[int]


def hosts_of_ends(text: str, ends: NimEnds) -> str:
    """Of /etc/hosts the rows of the ends, without what somebody wrote behind them."""
    try:
        rows = Hosts.parse(Text.of(text, "/etc/hosts")).rows
    except BadEvidence:
        rows = ()
    names = ends.names | {name.split(".")[0] for name in ends.names}
    addresses = set(ends.addresses) | {row.address for row in rows if _names(row.names) & names}
    lines = {
        row.at.line
        for row in rows
        if (row.address in addresses and not _is_loopback(row.address)) or _names(row.names) & names
    }
    return _only(text, lambda number, line: number in lines, "# {} left out", change=lambda line: line.split("#", 1)[0])


def _names(names: Iterable[str]) -> Set[str]:
    found = {name.lower() for name in names}
    return found | {name.split(".")[0] for name in found}


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")


def processes_of_ends(text: str, ends: NimEnds, name: str) -> str:
    """Of `ps` the heading and the processes of NIM, tftp and inetd, their children, and those that name an end."""
    try:
        rows = Processes.parse(Text.of(text, name, command=True)).rows
    except BadEvidence:
        rows = ()
    lines: Set[Optional[int]] = set()
    named = ends.names | ends.addresses
    daemons = {row.pid for row in rows if row.program in ("nimsh", "nimesis")}
    for row in rows:
        words = set(re.split(r"[\s:@=,]+", row.args.lower()))
        about = _PROGRAMS.search(row.args) or row.ppid in daemons or words & named
        if about or row.pid == 1:
            lines.add(row.at.line)
    heading = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            heading = number if "PID" in line.upper().split() else 0
            break
    return _only(text, lambda number, line: number in lines or number == heading, "({} left out)")


def sockets_of_ends(text: str, ends: NimEnds) -> str:
    """Of `netstat` the headings, the sockets of NIM's ports, and those between the ends."""
    try:
        rows: Sequence[SocketRow] = Sockets.parse(Text.of(text, "netstat", command=True)).rows
    except BadEvidence:
        rows = ()
    of_ends = ends.addresses | ends.names
    about: Dict[Optional[int], SocketRow] = {row.at.line: row for row in rows}

    def keep(number: int, line: str) -> bool:
        row = about.get(number)
        if row is None:
            heading = "Active Internet" in line or "Local Address" in line
            return heading and _UNIX not in line
        printed = line.split()
        named = any(word.lower().endswith(tuple("." + service for service in _SERVICES)) for word in printed)
        ports = {row.local_port, row.remote_port}
        between = {row.local_address, row.remote_address} <= of_ends
        return bool(named or ports & ends.ports or between)

    # a listing without its heading must still be seen to be one when nothing of it leaves
    headed = not rows or any(heading in text for heading in ("Active Internet", "Local Address"))
    return _only(text, keep, "({} left out)" if headed else "({} left out below Local Address)")


def interfaces_of_ends(text: str, ends: NimEnds) -> str:
    """Of `netstat -in` the heading and the addresses of the ends, without the network that stands beside."""
    try:
        rows = Interfaces.parse(Text.of(text, "netstat -in", command=True)).rows
    except BadEvidence:
        rows = ()
    lines = {row.at.line for row in rows if row.address in ends.addresses}

    def blanked(line: str) -> str:
        found = re.match(r"(\s*\S+\s+\d+\s+)(\S+)(\s.*)", line, re.DOTALL)
        return f"{found.group(1)}{'*':<{len(found.group(2))}}{found.group(3)}" if found else line

    def keep(number: int, line: str) -> bool:
        return number in lines or line.split()[:2] == ["Name", "Mtu"]

    return _only(text, keep, "({} left out)", change=blanked)


def _only(
    text: str, keep: Callable[[int, str], bool], remark: str, change: Callable[[str], str] = lambda line: line
) -> str:
    found: List[str] = []
    run = 0
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if keep(number, line):
            _remark(found, run, remark)
            found.append(change(line).rstrip() if line.rstrip() != line or change(line) != line else line)
            run = 0
        elif line.strip():
            run += 1
            found.append("")
        else:
            # an empty line tells nothing; within a run it is part of it
            run += bool(run)
            found.append("")
    _remark(found, run, remark)
    return "\n".join(found)


def _remark(found: List[str], run: int, remark: str) -> None:
    if run:
        found[len(found) - run] = remark.format("1 line" if run == 1 else f"{run} lines")
