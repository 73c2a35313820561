"""The report for programs: schema nimdoctor.report/1."""

import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from nimdoctor import __version__
from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Quote
from nimdoctor.report import advice_only, certificates_table, summary
from nimdoctor.report.scan_report import Report, ScannedHost

if TYPE_CHECKING:
    from nimdoctor.report.scan_report import Failure

SCHEMA = "nimdoctor.report/1"
TEXT_LIMIT = 2000
"""Characters of one quoted line; a longer one is cut and ends in ` ...`."""


def render(report: Report, *, indent: Optional[int] = 2) -> str:
    """The report as JSON in ASCII, so that it passes through any terminal's encoding."""
    return _ascii(as_dict(report), indent)


def render_failure(failure: "Failure") -> str:
    """One line of JSON for a target of which there is no report: schema nimdoctor.failure/1."""
    return _ascii(failure.to_dict(), None)


def _ascii(document: Dict[str, Any], indent: Optional[int]) -> str:
    # DEL is ASCII, and the one control character that json leaves as it is
    return json.dumps(document, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f")


def as_dict(report: Report) -> Dict[str, Any]:
    """The report as plain values, in the schema's order."""
    root = report.root()
    following = summary.next_command(report)
    document: Dict[str, Any] = {
        "schema": SCHEMA,
        "version": __version__,
        "generated": report.generated.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "redacted": report.redacted,
        "host": _host(report.host),
        "verdict": report.verdict,
        "asked": {**report.asked._asdict(), "not_as": list(report.asked.not_as)},
        "exposure": {**report.exposure._asdict(), "checks": list(report.exposure.checks)},
        "summary": {
            "cause": (root.cause or root.message) if root else None,
            "next": following.command,
            "where": following.where.value if following.where else None,
            "touches": root.touches if root else 0,
            "changed": report.changed,
            "changes": [one.as_dict() for one in (report.turn.changes if report.turn else ())],
            "chain": [{**_named(result), "depth": depth} for result, depth in report.story.chain()],
        },
        "results": [_result(report, result) for result in report.results],
        "ignored": [
            {
                "check": item.result.check,
                "where": item.result.where.value,
                "host": item.result.host,
                "message": item.result.message,
                "objects": list(item.objects),
                "reason": item.reason,
                "source": item.source,
                "line": item.line,
            }
            for item in report.ignored
        ],
        "certificates": certificates_table.as_list(report.certificates),
        "to_send": [one.as_dict() for one in report.to_send],
        "guidance": advice_only.as_dict(report.guidance),
        "remarks": list(report.remarks),
        "unread": [{"host": host, "source": name, "reason": reason} for host, name, reason in report.problems],
        "probes": [found._asdict() for found in report.probes],
    }
    if report.compared:
        document["compared"] = report.compared.to_dict()
    if report.master:
        document["master"] = _host(report.master)
    return document


def _host(host: ScannedHost) -> Dict[str, Any]:
    return host._asdict()


def _named(result: Result) -> Dict[str, Any]:
    return {"check": result.check, "where": result.where.value, "host": result.host}


def _links(others: Sequence[Tuple[Result, bool]]) -> List[Dict[str, Any]]:
    return [{**_named(result), "sure": sure} for result, sure in others]


def _result(report: Report, result: Result) -> Dict[str, Any]:
    story, way = report.story, report.way(result)
    return {
        "check": result.check,
        "title": result.title,
        "topic": result.topic.value,
        "outcome": result.outcome.value,
        "severity": result.severity.value,
        "confidence": result.confidence.value if result.confidence else None,
        "where": result.where.value,
        "host": result.host,
        "message": result.message,
        "cause": result.cause,
        "impact": result.impact,
        "cure": summary.cure_of(report, result),
        "fix": result.fix,
        "commands": [{"where": where.value, "command": line} for where, line in (way.steps if way else ())],
        "objects": list(result.objects),
        "vulnerabilities": [one._asdict() for one in result.vulnerabilities],
        "evidence": _quotes(result.evidence),
        "against": _quotes(result.against),
        "missing": list(result.missing),
        "explained_by": _links(story.causes(result)),
        "explains": _links(story.effects(result)),
        "references": list(result.references),
        "rules_out": [
            {
                "where": one.where.value if one.where else None,
                "argv": list(one.argv),
                "path": one.path or None,
                "why": one.why,
            }
            for one in result.rules_out
        ],
        "settled_by": result.settled_by.as_dict() if result.settled_by else None,
    }


def _quotes(quotes: Sequence[Quote]) -> List[Dict[str, Any]]:
    return [{"source": quote.source, "line": quote.line, "text": cut(quote.text)} for quote in quotes]


def cut(text: str) -> str:
    """The line, or its beginning where it is longer than `TEXT_LIMIT`."""
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + " ..."
