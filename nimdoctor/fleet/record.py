"""What becomes of a bundle, as one flat JSON object: schema nimdoctor.fleet/1."""

import json
import re
from typing import Any, Dict, Optional

from nimdoctor import __version__
from nimdoctor.diagnosis.engine import Result
from nimdoctor.fleet.bundles import written
from nimdoctor.fleet.standing import Standing
from nimdoctor.model import Outcome, Severity
from nimdoctor.model.wording import as_utc, visible
from nimdoctor.report.scan_report import FAILED, UNREADABLE, Failure, Report

SCHEMA = "nimdoctor.fleet/1"
CRASHED, USAGE = "crashed", "usage"
"""Kinds of failures beside those of a scan: it killed its worker twice; it was asked for in a way that cannot be."""
OBJECTS = 20
"""Objects of a finding that stand in a record; `object_count` is how many it has."""
_KINDS = {UNREADABLE: "unreadable", FAILED: "failed", CRASHED: "crashed", USAGE: "usage"}
_STATUS = {"unreadable": 2, "failed": 4, "crashed": 4, "usage": 2}
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def of_report(
    target: str, report: Report, standing: Standing, master: Optional[str], pairing: Optional[str]
) -> Dict[str, Any]:
    """The record of a bundle that was judged, with the bundle `master` where that is given; `pairing` says how that was
    found, or why there is none.
    """
    failed = report.with_outcome(Outcome.FAIL)
    undecided = [one for one in report.results if one.outcome in (Outcome.UNKNOWN, Outcome.ERROR)]
    document = {
        **_empty(target),
        "host": report.host.name,
        "role": report.host.role,
        "level": report.host.oslevel,
        "generation": standing.generation,
        "collected": _time(standing.collected),
        "master": standing.master,
        "master_target": None if master is None else written(master),
        "pairing": pairing,
        "verdict": report.verdict,
        "exit_status": report.exit_status,
        "exposure": {"open": report.exposure.open, "worst": report.exposure.worst},
        "findings": [_finding(one) for one in failed],
        "undecided": [
            {"check": one.check, "severity": one.severity.value, "message": one.message}
            for one in undecided
            if one.severity.rank >= Severity.MEDIUM.rank
        ],
        "certificate_days": standing.days,
        "certificate_not_after": _time(standing.not_after),
        "followed": standing.followed,
        "missing": sorted({name for one in undecided for name in one.missing}),
    }
    return _as_utf_8(document)


def of_failure(failure: Failure) -> Dict[str, Any]:
    """The record of a bundle of which there is no report. Its `kind` is one of a scan's, CRASHED or USAGE."""
    kind = _KINDS[failure.kind]
    told = {"kind": kind, "message": visible(failure.message)}
    return _as_utf_8({**_empty(failure.target), "exit_status": _STATUS[kind], "failure": told})


def _empty(target: str) -> Dict[str, Any]:
    """Every field, in the schema's order, as it stands where there is no report."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "target": written(target),
        "host": None,
        "role": None,
        "level": None,
        "generation": None,
        "collected": None,
        "master": None,
        "master_target": None,
        "pairing": None,
        "verdict": None,
        "exit_status": None,
        "exposure": None,
        "findings": [],
        "undecided": [],
        "certificate_days": None,
        "certificate_not_after": None,
        "followed": None,
        "missing": [],
        "failure": None,
    }


def _time(utc: Optional[int]) -> Optional[str]:
    return None if utc is None else as_utc(utc)


def _as_utf_8(document: Dict[str, Any]) -> Dict[str, Any]:
    """The document, in which whatever is no text of UTF-8 (half a pair of surrogates) stands as an escape."""
    text = json.dumps(document, ensure_ascii=False)
    if not _HALF_A_PAIR.search(text):
        return document
    shown = _HALF_A_PAIR.sub(lambda found: f"\\\\u{ord(found.group()):04x}", text)
    return json.loads(shown)  # type: ignore[no-any-return]


def _finding(result: Result) -> Dict[str, Any]:
    return {
        "check": result.check,
        "severity": result.severity.value,
        "confidence": result.confidence.value if result.confidence else None,
        "topic": result.topic.value,
        "where": result.where.value,
        "host": result.host,
        "message": result.message,
        "fix": result.fix,
        "objects": list(result.objects[:OBJECTS]),
        "object_count": len(result.objects),
    }
