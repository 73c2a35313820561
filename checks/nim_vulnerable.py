"""Known vulnerabilities of NIM that a host is still open to."""

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from nimdoctor.facts import Certificates, NimExposure
from nimdoctor.facts.generation_standing import CARRIED, LACKING, NIM_MASTER, NOT_KNOWN, FilesetStanding, Standing
from nimdoctor.facts.level_table import LevelRow
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    Note,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Topic,
    Unknown,
    Verdict,
    Vulnerability,
    check,
)
from nimdoctor.model.wording import count, named

KEYS_TRAVEL = "CVE-2025-36096"
SPECIAL_STEPS = "G3 changes the protocol between master and client: read IBM node/7283157 for both ends first"
_CONFIDENCE = {"A": Confidence.CERTAIN, "M": Confidence.POSSIBLE}


@check(
    "nim-vulnerable",
    title="NIM is open to known vulnerabilities",
    role=Role.BOTH,
    severity=Severity.LOW,
    topic=Topic.EXPOSURE,
    source="IBM node/7186621, node/7251173 and node/7283858",
    cause="the security fixes of NIM's filesets are not there, or none was made for this technology level",
    impact="no push stops by it: it is an open door, and the scores say how wide",
    marks="B B",
)
def nim_vulnerable(subject: Subject, exposure: NimExposure, certificates: Optional[Certificates]) -> Iterator[Verdict]:
    """IBM cured NIM in three security generations, and each one's vulnerabilities stay open until it is there."""
    if not exposure.filesets and not exposure.unlisted:
        yield NotApplicable("neither bos.sysmgt.nim.client nor bos.sysmgt.nim.master is installed")
        return
    keys = [file.at for file in certificates.files if file.holds_private_key] if certificates else []
    unlisted = exposure.unlisted if NIM_MASTER in exposure.unlisted and subject.where is Role.MASTER else ()
    unknown = _standings(exposure, NOT_KNOWN)
    missing = [*(["lslpp -lc"] if unlisted else []), *(name for found in unknown for name in found.missing)]
    if _whose(exposure, LACKING):
        yield _open(exposure, keys, unknown, missing)
    elif unknown or unlisted:
        yield _undecided(exposure, unknown, unlisted, missing)
    else:
        yield _closed(exposure, keys)


def _open(exposure: NimExposure, keys: Sequence[Quote], unknown: Sequence[Standing], missing: Sequence[str]) -> Finding:
    """What is open for sure, with what is not known beside it; keys only where it is open that they travel."""
    whose, lacking = _whose(exposure, LACKING), _standings(exposure, LACKING)
    open_keys = keys if any(row.text("cve") == KEYS_TRAVEL for row in whose) else []
    quotes = [found for one in exposure.filesets for found in (one.at, *_quotes(one, LACKING))]
    return Finding(
        f"{_filesets(exposure.filesets)}: open to {count(len(whose), 'CVE')}: {_cves(exposure, whose)}"
        + _in_words(unknown)
        + (f"; {_key_words(open_keys)}, by design before G2: that is {KEYS_TRAVEL}" if open_keys else ""),
        evidence=list(dict.fromkeys([*quotes, *open_keys])),
        objects=[row.text("cve") for row in whose],
        confidence=min((_CONFIDENCE.get(found.sure, Confidence.LIKELY) for found in lacking), key=_rank),
        cause=_cause(lacking),
        cure=_cure(exposure, lacking),
        references=list(dict.fromkeys(row.source for row in whose)),
        against=[quote for found in lacking for quote in found.against],
        missing=missing,
        vulnerabilities=[Vulnerability(row.text("cve"), row.number("score")) for row in whose],
    )


def _undecided(
    exposure: NimExposure, unknown: Sequence[Standing], unlisted: Sequence[str], missing: Sequence[str]
) -> Unknown:
    """Nothing is open for sure, and not all is known."""
    likely = sorted(row.text("cve") for row in _whose(exposure, NOT_KNOWN))
    return Unknown(
        f"{_filesets(exposure.filesets)}{_in_words(unknown)}"
        + (f"; not told: {', '.join(unlisted)}" if unlisted else "")
        + (f"; to be settled: {', '.join(likely)}" if likely else ""),
        missing,
        list(dict.fromkeys(quote for one in exposure.filesets for quote in (one.at, *_quotes(one, NOT_KNOWN)))),
    )


def _closed(exposure: NimExposure, keys: Sequence[Quote]) -> Verdict:
    """Nothing is open; by a site's own row, or with a key left over, that is worth a note."""
    evidence = list(dict.fromkeys(quote for one in exposure.filesets for quote in _quotes(one, CARRIED)))
    closed = f"{_filesets(exposure.filesets)}: no known vulnerability is open"
    site = next((found for one in exposure.filesets for found in one.generations if found.site), None)
    if site:
        return Note(f"{closed}, as far as the site's own row is right: {site.why}", evidence)
    if keys:
        return Note(f"{closed}; {_key_words(keys)}, from before G2", [*evidence, *keys])
    return Passed(closed, evidence)


def _standings(exposure: NimExposure, state: str) -> List[Standing]:
    """Where a generation is in that state, of all filesets."""
    return [found for one in exposure.filesets for found in one.generations if found.state == state]


def _whose(exposure: NimExposure, state: str) -> Dict[LevelRow, List[str]]:
    """Each CVE of a generation in that state, the highest score first, with the filesets it concerns here."""
    found: Dict[LevelRow, List[str]] = {}
    for one in exposure.filesets:
        for row in exposure.open_to(one, state):
            found.setdefault(row, []).append(one.fileset)
    return dict(sorted(found.items(), key=lambda pair: (-float(pair[0].get("score") or 0), pair[0].text("cve"))))


def _cves(exposure: NimExposure, whose: Dict[LevelRow, List[str]]) -> str:
    """`CVE-2024-56346 (10.0, nim.master), …`; the fileset is left out where it is every one that is installed."""
    parts = []
    for row, filesets in whose.items():
        every = len(filesets) == len(exposure.filesets)
        where = [] if every else [name.replace("bos.sysmgt.", "") for name in filesets]
        parts.append(f"{row.text('cve')} ({', '.join([row.get('score') or 'no score', *where])})")
    return ", ".join(parts)


def _filesets(filesets: Sequence[FilesetStanding]) -> str:
    parts = (f"{one.fileset} {one.level}" + (f" ({one.proved})" if one.proved else "") for one in filesets)
    return " and ".join(parts)


def _in_words(unknown: Sequence[Standing]) -> str:
    why = list(dict.fromkeys(found.why for found in unknown))
    return f"; not known: {'; '.join(why)}" if why else ""


def _quotes(one: FilesetStanding, state: str) -> Tuple[Quote, ...]:
    return tuple(quote for found in one.generations if found.state == state for quote in found.evidence)


def _key_words(keys: Sequence[Quote]) -> str:
    return f"a private key stands in {', '.join(quote.source for quote in keys)}"


def _rank(confidence: Confidence) -> int:
    return list(Confidence).index(confidence)


def _cause(lacking: Sequence[Standing]) -> str:
    words = "; ".join(dict.fromkeys(found.why for found in lacking))
    return Inferred(words) if any(found.sure in ("C", "M") for found in lacking) else words


def _cure(exposure: NimExposure, standings: Sequence[Standing]) -> str:
    """First a reboot that a fix waits for, then the way to the highest generation, which closes all, and what can be
    done before.
    """
    waiting = {label: None for found in standings for label in found.waiting}
    reboot = f"reboot this host first, which interim fix {named(list(waiting))} waits for" if waiting else ""
    lacking = {found.generation for found in standings if not found.waiting}
    if not lacking:
        return reboot
    highest = max(lacking)
    steps = [*([reboot] if reboot else []), exposure.way_to(highest)]
    between = [row for row in exposure.cures if row.text("generation") == "G2" and row.get("apar")]
    if "G2" in lacking and highest > "G2" and between:
        apars = ", ".join(row.text("apar") for row in between)
        steps.append(f"until then the interim fixes of G2 ({apars}, IBM node/7251173): clients first, then the master")
    if highest >= "G3":
        steps.append(SPECIAL_STEPS)
    return "; ".join(steps)
