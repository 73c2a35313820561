"""The filesets that NIMSH over SSL rests on must be installed whole."""

from typing import Iterator, List, Optional

from nimdoctor.facts import Filesets, Processes
from nimdoctor.facts.lslpp import CLIENT_FILESET, MASTER_FILESET, FilesetRow
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import no_command

_NIM = (CLIENT_FILESET, MASTER_FILESET)
_RESTS_ON = (
    *_NIM,
    "bos.net.tcp.client",
    "bos.net.tcp.client_core",
    "bos.net.tcp.server",
    "bos.net.tcp.server_core",
    "bos.rte.SRC",
)
_BESIDE = ("bos.sysmgt.nim.", "bos.sysmgt.sysbr", "bos.net.tcp.", "bos.rte.install")
_LISTING, _PS = "lslpp -lc", "ps -eo pid,ppid,etime,args"


@check(
    "fileset-broken",
    title="A fileset of NIM or TCP/IP is broken or half installed",
    role=Role.BOTH,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    source="IBM docs, lslpp: a broken fileset is to be reinstalled before it is used",
    cause=Inferred(
        "an installation, an update or a removal was likely broken off: no space, a killed installp, a crash"
    ),
    impact="programs, methods or subsystem entries of it may be missing or of two levels: what NIM does next may fail",
    cure="installp -C cleans up what was broken off; then install the fileset again at its level (installp -acXYF -d "
    "DIRECTORY FILESET; -F excludes -g, so that requisites must be there), on a client from media or a mounted "
    "lpp_source, since a push may not work; lppchk -v until it prints nothing",
    rules_out=no_command("nimclient", "nimconfig", "niminit", "nim"),
    marks="C A",
)
def fileset_broken(filesets: Filesets, processes: Optional[Processes]) -> Iterator[Verdict]:
    """A broken fileset is to be reinstalled before use: daemons and methods of NIM may be of two levels.

    OpenSSL's filesets are left to openssl-missing, so that one thing is told once.
    """
    if all(filesets.installed(name) is False for name in _NIM):
        yield NotApplicable("no fileset of NIM is installed")
        return
    rows = [row for row in filesets.rows if not row.is_rpm and _concerns(row.name)]
    if not any(row.name in _NIM for row in rows):
        raise Missing(_LISTING, message="whether a fileset of NIM is broken cannot be told from this listing")
    bad = [row for row in rows if row.broken]
    running = processes.named("installp") if processes else ()
    if running and bad and all(row.half_done for row in bad):
        yield Unknown(
            f"{_listed(bad)} while installp runs: scan again when it has ended",
            [_LISTING],
            [*(row.at for row in bad), running[0].at],
        )
        return
    if bad and all(row.half_done for row in bad) and processes and not processes.shows("installp"):
        raise Missing(_PS, message=f"{_listed(bad)}; whether installp runs is not in the part of ps that was given")
    for core in (True, False):
        found = [row for row in bad if (row.name in _RESTS_ON) is core]
        if found:
            yield _broken(found, core, processes is not None or not all(row.half_done for row in found))
    yield _rest(filesets, rows)


def _broken(rows: List[FilesetRow], core: bool, certain: bool) -> Finding:
    """`core`: NIMSH rests on them. Not `certain` is what an installp that nobody saw may be doing just now."""
    return Finding(
        _listed(rows),
        evidence=[row.at for row in rows],
        objects=list(dict.fromkeys(row.name for row in rows)),
        severity=Severity.MEDIUM if core else Severity.LOW,
        confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        impact=None if core else "as a rule none for a push; installations and backups through NIM may fail",
        run="lppchk -v",
        rules_out=None if core else (),
        missing=() if certain else (_PS,),
    )


def _rest(filesets: Filesets, rows: List[FilesetRow]) -> Verdict:
    """What is said of the filesets that are not known to be broken."""
    unread = [row for row in rows if not row.state_known]
    if unread:
        words = ", ".join(dict.fromkeys(row.state for row in unread))
        return Unknown(
            f"the state is told by words that are not known ({words}): run lslpp with LC_ALL=C",
            [_LISTING],
            [row.at for row in unread],
            Severity.LOW,
        )
    if not filesets.complete:
        names = ", ".join(dict.fromkeys(row.name for row in rows))
        return Unknown(
            f"sound: {names}; this listing shows no others", [_LISTING], [row.at for row in rows], Severity.LOW
        )
    sound = [row for row in rows if row.name in _RESTS_ON]
    return Passed("sound: " + ", ".join(dict.fromkeys(row.name for row in sound)), [row.at for row in sound])


def _concerns(name: str) -> bool:
    return name in _RESTS_ON or name.startswith(_BESIDE)


def _listed(rows: List[FilesetRow]) -> str:
    """Each part with its state as lslpp prints it."""
    parts = [f"{row.name} is {row.state}{' in its root part' if row.root == '/etc/objrepos' else ''}" for row in rows]
    return ", ".join(dict.fromkeys(parts))
