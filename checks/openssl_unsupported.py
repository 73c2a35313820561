"""OpenSSL should be of a supported line, without a vulnerability that has a fix."""

import time
from typing import Iterator, List, Optional, Sequence

from nimdoctor.facts import Filesets, InterimFixes, JudgingTime, LevelTables
from nimdoctor.facts.emgr import InterimFix
from nimdoctor.facts.level import Level
from nimdoctor.facts.level_table import LevelRow
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Note,
    Passed,
    Quote,
    Role,
    Severity,
    Topic,
    Unknown,
    Verdict,
    Vulnerability,
    check,
)

_BASE = "openssl.base"
_SURE = {"A": Confidence.CERTAIN, "B": Confidence.LIKELY, "C": Confidence.LIKELY, "M": Confidence.POSSIBLE}


@check(
    "openssl-unsupported",
    title="OpenSSL is out of support, or vulnerable without its interim fix",
    role=Role.BOTH,
    severity=Severity.LOW,
    topic=Topic.EXPOSURE,
    source="nimdoctor's table openssl_support: IBM openssl_advisory47; the end of support of 1.0.2",
    impact="no push today; what is found in OpenSSL stays open",
    marks="B B",
)
def openssl_unsupported(
    filesets: Filesets, fixes: Optional[InterimFixes], tables: LevelTables, now: JudgingTime
) -> Iterator[Verdict]:
    """A line without support gets no security fixes any more; a vulnerable level needs its interim fix."""
    if filesets.installed(_BASE) is False:
        yield NotApplicable(f"{_BASE} is not installed: that is openssl-missing")
        return
    level = filesets.vrmf(_BASE)
    if level is None:
        raise Missing("lslpp -lc", message=f"the level of {_BASE} cannot be told from this listing")
    at = [filesets.quote(_BASE)]
    rows = tables.rows("openssl_support")
    old = _out_of_support(level, rows)
    ended = _ended_elsewhere(level, rows, now)
    if old:
        line = ".".join(map(str, level.openssl().fields[:3]))
        built = f" (a FIPS build of {line})" if level.is_fips else ""
        than = "" if line == old.text("line") else f", older than {old.text('line')},"
        yield Finding(
            f"{_BASE} {level}{built}: OpenSSL {line}{than} has no support since {old.text('since')}",
            evidence=[*at, *_site(old)],
            confidence=_SURE[old.sure],
            cause=Inferred("OpenSSL was likely not updated since its line went out of support"),
            cure="install a supported openssl.base, the master first (nimdoctor explain openssl-unsupported: an old "
            "nim.client would lose its crypto by it)",
            references=[old.source],
        )
    undecided: List[LevelRow] = []
    for row in rows:
        affected = row.range("affected")
        if affected is None or level not in affected:
            continue
        label = row.text("interim_fix")
        fix = fixes.get(label) if fixes and label else None
        if fix and fix.stable:
            at.append(fix.at)
        elif label and not (fix and fix.letters) and (fixes is None or not fixes.complete):
            undecided.append(row)
        else:
            yield _vulnerable(row, level, fix, fixes, at)
    if undecided:
        labels = ", ".join(row.text("interim_fix") for row in undecided)
        yield Unknown(f"{_BASE} is {level}: whether interim fix {labels} is installed is not known", ["emgr -lv3"], at)
    elif ended:
        yield Note(
            f"{_BASE} is {level}: {ended.text('by')} ended its support of that line in {ended.text('since')}; whether the "
            f"vendor still cures the fileset is not told ({ended.source})",
            at,
        )
    elif any(level.on_line(line) for line in _lines_of(rows)):
        yield Passed(f"{_BASE} is {level}: nothing is known against it", at)
    else:
        yield Note(f"{_BASE} is {level}: the tables of levels say nothing of its line, for or against it", at)


def _out_of_support(level: Level, rows: Sequence[LevelRow]) -> Optional[LevelRow]:
    """The row of its line; of a line older than every one that is told, the row of the oldest of those."""
    lines = [(line, row) for row in rows for line in [row.level("line")] if line and not row.get("by")]
    of_openssl = level.openssl()
    oldest = min(lines, key=lambda pair: pair[0], default=None)
    if oldest and of_openssl < oldest[0]:
        return oldest[1]
    return next((row for line, row in lines if of_openssl.on_line(line)), None)


def _ended_elsewhere(level: Level, rows: Sequence[LevelRow], now: JudgingTime) -> Optional[LevelRow]:
    """The row of its line whose support ended by the host's own time, though not that of the fileset's vendor."""
    month = time.strftime("%Y-%m", time.gmtime(now.utc))
    for row in rows:
        line = row.level("line")
        if line and row.get("by") and level.openssl().on_line(line) and row.text("since") < month:
            return row
    return None


def _vulnerable(
    row: LevelRow, level: Level, fix: Optional[InterimFix], fixes: Optional[InterimFixes], at: Sequence[Quote]
) -> Finding:
    label, advisory = row.text("interim_fix"), row.text("advisory")
    without = f" without interim fix {label}" if label else ""
    pending = f", which is there in state {fix.state}" if fix else ""
    # IBM's fixes for OpenSSL are cumulative: a later one would hold this one's cure under another label
    later = [one.at for one in fixes.fixes if one.stable and _of_openssl(one)] if fixes and not fix else []
    sure = Confidence.LIKELY if later else _SURE[row.sure]
    return Finding(
        f"{_BASE} is {level}, of the levels {row.range('affected')} that are vulnerable{without}{pending}",
        evidence=[*at, *([fix.at] if fix else [fixes.whole()] if fixes and label else []), *_site(row)],
        confidence=sure,
        cause=_why(row, fix, bool(later)),
        cure=f"reboot the host, which interim fix {label} waits for; then emgr -l must show S"
        if fix and fix.waits_for_reboot
        else f"read {advisory or row.source}; install {f'interim fix {label}, or ' if label else ''}a later {_BASE}, the "
        "master first, then restart what uses OpenSSL",
        against=later,
        references=[row.source],
        run=None if fix and fix.waits_for_reboot else f"emgr -c -L {label}" if fix else "emgr -l",
        vulnerabilities=[Vulnerability(advisory or label or f"{_BASE} {row.range('affected')}", row.number("score"))],
    )


def _why(row: LevelRow, fix: Optional[InterimFix], later: bool) -> str:
    if fix:
        return f"interim fix {fix.label} was installed, and is not stable"
    if later:
        return Inferred(f"the fix of {row.text('since')} is likely not there, unless another interim fix holds it")
    return f"the fix of {row.text('since')} is not installed"


def _of_openssl(fix: InterimFix) -> bool:
    return (
        any(name.startswith("openssl.") for name in fix.packages) or "openssl" in f"{fix.label} {fix.abstract}".lower()
    )


def _lines_of(rows: Sequence[LevelRow]) -> List[Level]:
    """The lines (two fields) of which a range of vulnerable levels speaks."""
    ranges = [row.range("affected") for row in rows]
    return [Level(one.low.fields[:2]) for one in ranges if one]


def _site(row: LevelRow) -> List[Quote]:
    """The line of the site's own table that says so; none for nimdoctor's."""
    return [row.at] if row.at else []
