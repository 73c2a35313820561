"""The checks as a document: what each looks for, at which end, how grave it is, what cures it, what it rests on.

`docs/checks.md` is this of the checks that nimdoctor brings; `nimdoctor checks --format markdown` that of all
that are installed.
"""

from typing import Any, Dict, Iterator, List, Sequence

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.manual.pages import ascii_only, facts_of
from nimdoctor.model import Check, Inferred, Topic
from nimdoctor.planning.fix import Fix

_ENDS = {"client": "client", "master": "master", "both": "both ends"}
_HEAD = """# Checks

Made from the checks themselves by `nimdoctor checks --format markdown`. The
page of each, with what to look for by hand and what the cure does, is what
`nimdoctor explain ID` prints.

| check | end | severity | fix | finds |
|---|---|---|---|---|
"""


def described(check: Check, catalog: Catalog, fixes: Sequence[Fix]) -> Dict[str, Any]:
    """One check as a record: strings, and lists of them; `fix` is None where no fix is written for it."""
    fix = next((one for one in fixes if one.id == check.fix), None)
    facts = set(facts_of(check))
    return {
        "id": check.id,
        "title": check.title,
        "role": check.role.value,
        "severity": check.severity.value,
        "topic": check.topic.value,
        "confidence": check.confidence.value,
        "summary": check.summary,
        "cause": check.cause,
        "impact": check.impact,
        "cure": check.cure,
        "inferred": [name for name in ("cause", "cure") if isinstance(getattr(check, name), Inferred)],
        "fix": check.fix,
        "fix_only_named": bool(fix and fix.named_only),
        "explains": list(check.explains),
        "reads": [row.label for row in catalog if facts & set(row.facts)],
        "source": check.source,
    }


def markdown(checks: Sequence[Check], catalog: Catalog, fixes: Sequence[Fix]) -> str:
    """The document, ASCII."""
    records = [described(check, catalog, fixes) for check in checks]
    rows = [
        f"| [{one['id']}](#{one['id']}) | {_ENDS[one['role']]} | {one['severity']} | {_fix_cell(one)} | {_cell(one['title'])} |"
        for one in records
    ]
    sections = ["\n".join(_section(one)) for one in records]
    return ascii_only(_HEAD + "\n".join(rows) + "\n\n" + "\n\n".join(sections) + "\n")


def _fix_cell(one: Dict[str, Any]) -> str:
    if not one["fix"]:
        return "advice"
    return f"{one['fix']} (only when named)" if one["fix_only_named"] else str(one["fix"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _section(one: Dict[str, Any]) -> Iterator[str]:
    yield f"## {one['id']}"
    yield f"{one['title']}. {one['summary']}"
    yield ""
    rows: List[str] = [
        f"end: {_ENDS[one['role']]}; severity: {one['severity']}; findings are {one['confidence']} unless they say otherwise"
    ]
    rows += [
        f"{name}{' (inferred)' if name in one['inferred'] else ''}: {one[name]}"
        for name in ("cause", "impact", "cure")
        if one[name]
    ]
    if one["topic"] == Topic.EXPOSURE.value:
        rows.append(
            "topic: exposure, which no verdict rests on; as grave as the worst score that is open, where there is one"
        )
    rows.append(f"fix: {_fix_cell(one)}")
    if one["explains"]:
        rows.append(f"explains: {', '.join(one['explains'])}")
    rows.append(
        "reads: " + ", ".join(f"`{label}`" for label in one["reads"])
        if one["reads"]
        else "reads: what the other checks found"
    )
    rows.append(f"source: {one['source'] or 'none named'}")
    yield from (f"- {row}" for row in rows)
