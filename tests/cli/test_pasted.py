"""What people paste, as fixtures/pasted tells it: the texts, and what must come of them.

A file is a line for whoever reads it, then cases: `== TITLE: WANTS`, and below it the texts. A text is `--- NAME`, a loose
file, or in an evidence directory `--- file PATH`, `--- command LINE`. Wants, parted by `;`:

    CHECK OUTCOME|OUTCOME    each entry of that check has one of them; `not-fail` is every one but fail and error
    level LEVEL, role ROLE, hosts N
    says EXPRESSION, first EXPRESSION, silent EXPRESSION    in the text report, in its first lines, nowhere in it
    recognised nothing, recognised refused    exit status 2
"""

import re
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

import pytest
from hosts import FIXTURES, registry

from nimdoctor.evidence import TargetError, open_target
from nimdoctor.evidence.catalog import file_name
from nimdoctor.library.scanning import scan
from nimdoctor.report import text_report
from nimdoctor.report.scan_report import Report

PASTED = FIXTURES.parent / "pasted"
FIRST = 1500
"""Characters of a report's first lines."""
NOT_FAIL = "unknown|not-applicable|pass"


class Case(NamedTuple):
    title: str
    wants: Tuple[Tuple[str, str], ...]
    texts: Tuple[Tuple[str, str], ...]


def cases() -> Iterator["pytest.param"]:
    for path in sorted(PASTED.glob("*.txt")):
        _, *parts = re.split(r"(?m)^== ", path.read_text("utf-8"))
        assert parts, path
        for part in parts:
            head, *texts = re.split(r"(?m)^--- ", part)
            title, _, wants = head.strip().partition(": ")
            said = [tuple(want.strip().split(" ", 1)) for want in wants.split(";")]
            named = [tuple(text.split("\n", 1)) for text in texts]
            assert named and all(len(want) == 2 for want in said), title
            yield pytest.param(Case(title, tuple(said), tuple(named)), id=f"{path.stem}: {title}")


def written(case: Case, place: Path) -> Path:
    for name, text in case.texts:
        kind, _, rest = name.partition(" ")
        inside = {"file": f"files{rest}", "command": f"commands/{file_name(rest)}"}.get(kind, name) if rest else name
        path = place / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("\\ufeff", "\ufeff").encode("utf-8"))
    return place


def wrong(want: str, value: str, report: Report, text: str) -> str:
    """Why a want is not met; empty where it is."""
    if want in ("says", "first", "silent"):
        found = re.search(value, text[: FIRST if want == "first" else len(text)], re.IGNORECASE | re.DOTALL)
        return "" if bool(found) is (want != "silent") else f"{want} {value}"
    got = {"level": str(report.host.oslevel), "role": str(report.host.role), "hosts": "2" if report.master else "1"}
    if want in got:
        return "" if got[want] == value else f"{want} is {got[want]}, not {value}"
    outcomes: List[str] = [one.outcome.value for one in report.results if one.check == want]
    wanted = (NOT_FAIL if value == "not-fail" else value).split("|")
    return "" if outcomes and set(outcomes) <= set(wanted) else f"{want} is {outcomes}, not {value}"


@pytest.mark.parametrize("case", cases())
def test_what_is_pasted_says_no_more_and_no_less_than_it_shows(case: Case, tmp_path: Path) -> None:
    target = str(written(case, tmp_path / "case"))
    wants: Dict[str, str] = dict(case.wants)
    if "recognised" in wants:
        with pytest.raises(TargetError, match="two hosts" if wants["recognised"] == "refused" else "nothing in"):
            open_target(target)
        return
    evidence = open_target(target)
    report = scan(evidence, registry=registry())
    text = text_report.render(report)
    found = [wrong(want, value, report, text) for want, value in case.wants]
    evidence.close()
    assert [one for one in found if one] == [], text
