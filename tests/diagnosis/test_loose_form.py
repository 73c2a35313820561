"""One host, collected or pasted: what somebody attached of it says the same as its evidence directory, or less."""

import json
from typing import Any, Dict, List, Tuple

import pytest
from hosts import loose, registry
from scenarios import ENDS, names, scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence
from nimdoctor.library.scanning import scan

LESS = {"unknown", "not-applicable"}
HOST = {"client": "lpar7", "master": "nim1"}


def attached(name: str, end: str) -> Dict[str, bytes]:
    """A host's files, and all that its commands said in one transcript."""
    tree = scenario(name)[end]
    told = json.loads(tree.files["manifest.json"])["commands"]
    session = b"".join(
        f"root@{HOST[end]}:/ # {line}\n".encode() + tree.files[entry["file"]].rstrip(b"\n") + b"\n"
        for line, entry in told.items()
        if entry.get("file") in tree.files
    )
    files = {path.rsplit("/", 1)[-1]: raw for path, raw in tree.files.items() if path.startswith("files/etc/")}
    logs = {"nimsh.log": raw for path, raw in tree.files.items() if path.endswith("/nimsh.log")}
    return {**files, **logs, "session.txt": session}


def said(evidence: Evidence, end: str) -> Dict[Tuple[str, str], List[str]]:
    found: Dict[Tuple[str, str], List[str]] = {}
    for one in scan(evidence, registry=registry(), role=end).results:
        found.setdefault((one.check, one.where.value), []).append(one.outcome.value)
    return found


def different() -> List[Tuple[str, str]]:
    """A scenario and an end, one of all that are the same."""
    found: Dict[Any, Tuple[str, str]] = {}
    for name in names():
        for end in ENDS:
            found.setdefault((end, *sorted(scenario(name)[end].files.items())), (name, end))
    return sorted(found.values())


@pytest.mark.parametrize(("name", "end"), different())
def test_what_is_pasted_of_a_host_says_what_its_evidence_says_or_less(name: str, end: str) -> None:
    whole = said(RecordedEvidence("case", scenario(name)[end]), end)
    pasted = said(loose(attached(name, end)), end)
    other = {
        key: (outcomes, sorted(whole.get(key, [])))
        for key, outcomes in pasted.items()
        if not set(outcomes) <= LESS | set(whole.get(key, []))
    }
    assert other == {}
    assert sum(not set(outcomes) <= LESS for outcomes in pasted.values()) > 8
