"""Interim fixes of NIM and OpenSSL must be in effect, and none of them half installed."""

import re
import shlex
from typing import FrozenSet, Iterator, List, NamedTuple, Optional, Sequence

from nimdoctor.facts import InterimFixes, LevelTables, Processes
from nimdoctor.facts.emgr import STATES, InterimFix
from nimdoctor.model import Confidence, Finding, Inferred, Note, Passed, Quote, Role, Severity, Unknown, Verdict, check

_LISTING, _PS = "emgr -lv3", "ps -eo pid,ppid,etime,args"
_PACKAGES = ("bos.sysmgt.nim.", "openssl.")
_FILES = r"/usr/(?:s?bin/(?:nim|m_|openssl)|lpp/bos\.sysmgt/nim/|lib/lib(?:ssl|crypto)\b)"
_WORDS = (
    r"(?i)(?<![a-z])(?:nim(?:sh|esis|client|master|config|init|query|adm|http)?|openssl|lib(?:ssl|crypto))(?![a-z])"
)
_SOUND = ("S", "SP")
_HALF_DONE = ("I", "R")
_REBOOT = ("Q", "RQ", "QP", "QN")


class _Kind(NamedTuple):
    """States that have one cause, one consequence and one cure."""

    states: Sequence[str]
    severity: Severity
    cause: str
    impact: str
    cure: str


_KINDS = (
    _Kind(
        ("B", "I", "R"),
        Severity.MEDIUM,
        Inferred("its installation or removal likely failed, or was broken off"),
        "its files may be of two makes: what NIM or OpenSSL does next may fail",
        "remove it (emgr -r -L LABEL; /var/adm/ras/emgr.log says what went wrong), install it again from its package "
        "(emgr -e PACKAGE), then emgr -c -L LABEL",
    ),
    _Kind(
        _REBOOT,
        Severity.LOW,
        "its installation or removal waits for a reboot",
        "it is not in effect before the next reboot: what it cures is open until then",
        "reboot the host when its users can do without it; then emgr -l must show S",
    ),
    _Kind(
        ("M",),
        Severity.LOW,
        "it was only mounted (emgr -m)",
        "it is mounted over the files it replaces: a reboot takes it away",
        "install it for good (emgr -r -L LABEL, then emgr -e PACKAGE), or mount it again after each reboot: emgr -M -L LABEL",
    ),
    _Kind(
        ("U",),
        Severity.LOW,
        Inferred("it was only mounted (emgr -m), and a reboot likely took the mounts away"),
        "it is not in effect: its files are no longer mounted over those it replaces",
        "emgr -M -L LABEL mounts it again; emgr -r -L LABEL takes it off the list",
    ),
    _Kind(
        ("SN", "N", "P", "T"),
        Severity.LOW,
        Inferred("a part of its installation likely failed, or is still to come"),
        "it is not wholly in effect",
        "emgr -c -L LABEL says what is the matter with it",
    ),
)


class _Known(NamedTuple):
    """APARs and labels of interim fixes that the tables of levels name: all of them of NIM or OpenSSL."""

    apars: FrozenSet[str]
    labels: FrozenSet[str]

    def concerns(self, fix: InterimFix) -> Optional[bool]:
        """Whether it is of NIM or OpenSSL; None where neither its words nor what it replaces tell."""
        if any(package.startswith(_PACKAGES) for package in fix.packages) or any(
            re.match(_FILES, path) for path in fix.files
        ):
            return True
        if self.apars.intersection(fix.apars) or fix.label in self.labels:
            return True
        if re.search(_WORDS, fix.label) or re.search(_WORDS, fix.abstract):
            return True
        return False if fix.packages or fix.files else None


@check(
    "interim-fix-unstable",
    title="An interim fix of NIM or OpenSSL is not stable",
    role=Role.BOTH,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    source="IBM docs, Understanding interim fix states; the legend that emgr -l prints",
    cause=Inferred("its installation or removal likely waits for a reboot, was broken off, or it was only mounted"),
    marks="A A",
)
def interim_fix_unstable(fixes: InterimFixes, processes: Optional[Processes], tables: LevelTables) -> Iterator[Verdict]:
    """Only a stable interim fix is in effect for certain; a broken one leaves files of two makes behind.

    Of an unstable fix of something else there is a note.
    """
    if fixes.none and fixes.complete:
        yield Passed("no interim fix is installed", [fixes.whole()])
        return
    known = _Known(
        frozenset(tables.apars()), frozenset(row.text("interim_fix") for row in tables.rows("openssl_support"))
    )
    unstable = [fix for fix in fixes.fixes if fix.letters not in _SOUND]
    ours = [fix for fix in unstable if known.concerns(fix)]
    for kind in _KINDS:
        found = [fix for fix in ours if fix.letters in kind.states]
        if found:
            yield _judged(kind, found, processes)
    untold = [fix for fix in ours if not fix.letters]
    if untold:
        labels = ", ".join(fix.label for fix in untold)
        yield Unknown(f"the state of {labels} is not told, or is not one that is known", [_LISTING], _lines(untold))
    unclear = [fix for fix in unstable if known.concerns(fix) is None]
    if unclear:
        yield Unknown(f"{_listed(unclear)}: what it replaces is not told", [_LISTING], _lines(unclear))
    if not fixes.complete:
        yield Unknown(f"{fixes.source} does not list every interim fix", [_LISTING], _lines(fixes.fixes))
    others = [fix for fix in unstable if known.concerns(fix) is False]
    if others:
        yield Note(f"{_listed(others)}: nothing of NIM or OpenSSL", _lines(others))
    else:
        yield Passed(f"stable: {', '.join(fix.label for fix in fixes.fixes)}", _lines(fixes.fixes))


def _judged(kind: _Kind, fixes: List[InterimFix], processes: Optional[Processes]) -> Verdict:
    """Fixes of one kind: a fault, unless an emgr that runs now may be what they wait for."""
    half_done = all(fix.letters in _HALF_DONE for fix in fixes)
    running = [row for row in processes.rows if row.runs == "emgr"] if processes else []
    if half_done and running:
        return Unknown(
            f"{_listed(fixes)}, while emgr runs: scan again when it has ended",
            [_LISTING],
            [*(fix.at for fix in fixes), running[0].at],
            kind.severity,
        )
    if half_done and processes and not processes.shows("emgr"):
        words = f"{_listed(fixes)}; whether emgr runs is not in the part of ps that was given"
        return Unknown(words, [_PS], [fix.at for fix in fixes], kind.severity)
    sure = processes is not None or not half_done
    return Finding(
        _listed(fixes),
        evidence=[fix.at for fix in fixes],
        objects=[fix.label for fix in fixes],
        severity=kind.severity,
        confidence=Confidence.CERTAIN if sure else Confidence.LIKELY,
        cause=kind.cause,
        impact=kind.impact,
        cure=kind.cure,
        # a check of what only waits for a reboot tells nothing new
        run=None if fixes[0].letters in _REBOOT else f"emgr -c -L {shlex.quote(fixes[0].label)}",
        missing=() if sure else (_PS,),
    )


def _listed(fixes: List[InterimFix]) -> str:
    return ", ".join(f"{fix.label} is {STATES.get(fix.letters, 'in no known state')}" for fix in fixes)


def _lines(fixes: Sequence[InterimFix]) -> List[Quote]:
    return [fix.at for fix in fixes]
