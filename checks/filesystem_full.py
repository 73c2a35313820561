"""What NIMSH over SSL and its repair write needs room in /, /usr, /var and /tmp."""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts import FileSystems, LibraryArchives
from nimdoctor.facts.df import FileSystemRow
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Passed,
    Role,
    RuledOut,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_WAY_BACK

DF = "df -k"
_LIBRARIES = (("libssl.a", "libssl.so.0.9.8"), ("libcrypto.a", "libcrypto.so.0.9.8"))
_COPIES = 8 * 1024
"""KiB of the two library copies where the archives do not tell; those of a real 1.0.2 take less than 5 MiB."""
_OWN_FILE_SYSTEMS = ("usr", "var", "tmp")
"""Directories that have a file system of their own on AIX, unless the host is a workload partition."""


class _Need(NamedTuple):
    """What writes below a path, and how many KiB it needs there; `breaks` says that a push or its set-up fails without."""

    path: str
    kib: int
    who: str
    breaks: bool = True


class _Short(NamedTuple):
    row: FileSystemRow
    needs: Tuple[_Need, ...]

    @property
    def kib(self) -> int:
        return sum(need.kib for need in self.needs)

    @property
    def lacking(self) -> bool:
        """Whether what a push or its set-up writes finds too little room, or no number says how little there is."""
        free = self.row.free_kib
        wanted = sum(need.kib for need in self.needs if need.breaks)
        return any(need.breaks for need in self.needs) and (free is None or free < wanted)

    @property
    def words(self) -> str:
        room = "nothing is known to be free" if self.row.free_kib is None else f"{max(self.row.free_kib, 0)} KB free"
        share = "" if self.row.used_percent is None else f" ({self.row.used_percent} % used)"
        wanted = (
            f", {self.kib} KB wanted by {' and '.join(need.who for need in self.needs if need.kib)}" if self.kib else ""
        )
        return f"{self.row.mount}: {room}{share}{wanted}"


_RULED_OUT = {
    Role.CLIENT: NO_WAY_BACK,
    Role.MASTER: (RuledOut(Role.MASTER, ("nimconfig",)),),
}


@check(
    "filesystem-full",
    title="A file system that NIMSH over SSL or its repair writes to is full",
    role=Role.BOTH,
    severity=Severity.LOW,
    source="inferred from what nimclient -c, nimconfig -c and NIM's methods write; isg3T1024615",
    cause=Inferred("likely logs, dumps, or what somebody left there"),
    precedes=(
        "refresh-client-certificate",
        "refresh-ssl-libs",
        "recycle-certificates",
        "enable-client-ssl",
        "configure-ssl",
        "switch-to-nimsh",
    ),
)
def filesystem_full(subject: Subject, systems: FileSystems, archives: Optional[LibraryArchives]) -> Iterator[Verdict]:
    """A certificate, a library copy or a log line that finds no room is written in half or not at all.

    90 % of /usr is normal: what counts are the KB that are free against what a step needs.
    """
    held: Dict[FileSystemRow, List[_Need]] = {}
    unseen: List[str] = []
    for need in _needs(subject.where, archives):
        row = _holder(systems, need.path)
        if row is None:
            unseen.append(need.path)
        else:
            held.setdefault(row, []).append(need)
    short = [
        one
        for one in (_Short(row, tuple(needs)) for row, needs in held.items())
        if one.row.used_percent == 100 or (one.row.free_kib is not None and one.row.free_kib < one.kib)
    ]
    lacking = [one for one in short if one.lacking]
    rest = [one for one in short if not one.lacking]
    if lacking:
        yield _finding(
            lacking,
            Severity.MEDIUM,
            f"the next nimclient -c, nimconfig -c or push of {subject.name} may stop half-way, and a half-done "
            "nimclient -c leaves a client without any push",
        )._replace(rules_out=_RULED_OUT[subject.where])
    if rest:
        yield _finding(rest, Severity.LOW, "pushes go on; what is installed, logged or backed up there stops half-way")
    if short:
        return
    if unseen:
        yield Unknown(f"how much is free for {', '.join(unseen)} is not known", [DF], [row.at for row in held])
        return
    rows_in_words = ", ".join(f"{row.mount} {row.free_kib} KB" for row in held)
    yield Passed(f"enough is free: {rows_in_words}", [row.at for row in held])


def _needs(where: Role, archives: Optional[LibraryArchives]) -> Sequence[_Need]:
    common = (
        _Need("/etc", 256, "niminfo and its like"),
        _Need("/var/adm/ras", 1024, "nimsh.log and installations"),
        _Need("/tmp", 1024, "NIM's methods"),
        _Need("/var/adm/nimdoctor", 10 * 1024, "nimdoctor fix", breaks=False),
    )
    if where is Role.MASTER:
        return (_Need("/ssl_nimsh/certs", 1024, "nimconfig -c"), _Need("/usr", 0, "nothing", breaks=False), *common)
    copies = _Need("/usr/lib", _copies(archives), "nimclient -c")
    return (_Need("/ssl_nimsh/certs", 256, "the certificate"), copies, *common)


def _copies(archives: Optional[LibraryArchives]) -> int:
    """KiB of the two copies that `nimclient -c` extracts."""
    sizes = [
        max((member.size or 0 for member in archives.members_named(archive, name)), default=0) if archives else 0
        for archive, name in _LIBRARIES
    ]
    return sum(-(-size // 1024) for size in sizes) if all(sizes) else _COPIES


def _holder(systems: FileSystems, path: str) -> Optional[FileSystemRow]:
    """The file system of a path, where the listing tells it and how full it is."""
    row = systems.for_path(path)
    if row is None or (row.mount == "/" and not systems.complete and path.split("/")[1] in _OWN_FILE_SYSTEMS):
        return None
    return row if row.free_kib is not None or row.used_percent == 100 else None


def _finding(short: Sequence[_Short], severity: Severity, impact: str) -> Finding:
    mounts = [one.row.mount for one in short]
    first = mounts[0] if re.fullmatch(r"/[A-Za-z0-9._/-]*", mounts[0]) else "MOUNT"
    below = "/*" if first == "/" else f"{first}/*"
    remote = [one.row for one in short if ":" in one.row.device]
    grow = f"grow it: lsvg rootvg shows FREE PPs, then chfs -a size=+64M {first}"
    if remote:
        grow = f"{remote[0].mount} is on {remote[0].device.split(':')[0]}: it is grown there"
    return Finding(
        "; ".join(one.words for one in short),
        evidence=[one.row.at for one in short],
        objects=mounts,
        severity=severity,
        confidence=Confidence.LIKELY,
        impact=impact,
        cure=Inferred(
            f"see what fills it: du -kxs {below} | sort -rn | head; it should help to remove what nobody needs, or {grow}. "
            "Not done by itself: what may go, and what a volume group has left, a person knows"
        ),
        run=f"du -kxs {below} | sort -rn | head",
    )
