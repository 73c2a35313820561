"""What is found in redacted evidence is what is found in the original, but for names."""

import json
import re
from typing import Any, Dict, List, Mapping, Tuple

import pytest
from hosts import PS, MemoryTree, scan_hosts
from scenarios import ENDS, names, scenario

from nimdoctor.diagnosis.engine import Result
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import Report
from nimdoctor.redaction import Redactor

KEY = bytes(range(32))
WAYS = ("pair", "client", "master")
# port-taken hints at a SAP process by its row of ps, which names a system of the site and so does not leave


def held(redactor: Redactor, tree: MemoryTree) -> MemoryTree:
    """A tree redacted, passed through the gate, and held in memory."""
    redacted = redactor.redacted(tree)
    redactor.check(redacted)
    found = MemoryTree({name: redacted.open(name).read() for name in redacted.names()})
    redacted.close()
    return found


def apart(trees: Mapping[str, MemoryTree]) -> Tuple[Dict[str, MemoryTree], Dict[str, str]]:
    """Each end redacted by itself with one key; and both maps together, from pseudonym to original."""
    found, back = {}, {}
    for end, tree in trees.items():
        redactor = Redactor(KEY)
        redactor.learn(MemoryTree(tree.files))
        found[end] = held(redactor, MemoryTree(tree.files))
        back.update({pseudonym.lower(): original for original, pseudonym in redactor.map().items()})
    return found, back


def mapped_back(text: Any, back: Mapping[str, str]) -> Any:
    if not isinstance(text, str):
        return text
    if not back:
        return text
    words = "|".join(re.escape(word) for word in sorted(back, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE)
    return pattern.sub(lambda found: back[found.group().lower()], text)


def same_words(text: Any) -> Any:
    """Without what the order of names changes, and in small letters."""
    return sorted(re.findall(r"[\w.-]+", text.lower())) if isinstance(text, str) else text


def said(result: Result, back: Mapping[str, str]) -> Dict[str, Any]:
    texts = {
        field: same_words(mapped_back(getattr(result, field), back))
        for field in ("host", "message", "cause", "impact", "cure", "run")
    }
    return {
        **texts,
        "check": result.check,
        "where": result.where,
        "outcome": result.outcome,
        "severity": result.severity,
        "confidence": result.confidence,
        "fix": result.fix,
        "objects": sorted(mapped_back(one, back).lower() for one in result.objects),
        "missing": sorted(mapped_back(one, back).lower() for one in result.missing),
        "lines": sorted(
            {
                (mapped_back(quote.source, back), quote.line or 0)
                for quote in result.evidence
                if not (result.check == "port-taken" and quote.source == PS)
            }
        ),
        "against": sorted({(mapped_back(quote.source, back), quote.line or 0) for quote in result.against}),
    }


def entries(report: Report, back: Mapping[str, str]) -> List[Dict[str, Any]]:
    found = [said(result, back) for result in report.results]
    return sorted(found, key=lambda entry: json.dumps(entry, default=str))


def report_on(trees: Mapping[str, MemoryTree], way: str) -> Report:
    hosts = {end: RecordedEvidence(end, MemoryTree(trees[end].files)) for end in ENDS}
    return scan_hosts(hosts["client"], hosts["master"]) if way == "pair" else scan_hosts(hosts[way])


@pytest.mark.parametrize("name", names())
def test_ends_that_were_redacted_apart_give_the_same_findings(name: str) -> None:
    trees = scenario(name)
    redacted, back = apart(trees)
    for way in WAYS:
        before, after = report_on(trees, way), report_on(redacted, way)
        assert entries(after, back) == entries(before, {}), way
        assert (after.verdict, after.exit_status) == (before.verdict, before.exit_status)


def renamed(trees: Mapping[str, MemoryTree], client: str, master: str) -> Dict[str, MemoryTree]:
    """The same ends under other names."""
    names = {b"lpar7": client.encode(), b"nim1": master.encode()}
    words = re.compile(rb"(?<![A-Za-z0-9])(?:" + b"|".join(names) + rb")(?![A-Za-z0-9])")

    def other(raw: bytes) -> bytes:
        return words.sub(lambda found: names[found.group()], raw)

    return {
        end: MemoryTree({other(name.encode()).decode(): other(raw) for name, raw in tree.files.items()})
        for end, tree in trees.items()
    }


def by_hand(trees: Mapping[str, MemoryTree]) -> Dict[str, MemoryTree]:
    """The same ends without a manifest: commands show by the names of their files, and keys stand where they stood."""
    found = {}
    for end, tree in trees.items():
        files = dict(tree.files)
        paths = json.loads(files.pop("manifest.json"))["paths"]
        files.update({f"files{path}": b"x" for path, state in paths.items() if state and "/keys/" in path})
        found[end] = MemoryTree(files)
    return found


HAND_MADE = ("healthy", "certificate-mismatch", "key-exposed", "name-resolution", "niminfo-wrong-master", "rsh-many")


@pytest.mark.parametrize("name", [name for name in names() if name in HAND_MADE])
@pytest.mark.parametrize(
    ("client", "master"), [("lpar7", "nim1"), ("prod", "master"), ("4711", "4712"), ("test", "server")]
)
@pytest.mark.parametrize("manifest", [True, False], ids=["with manifest", "without manifest"])
def test_ends_that_were_put_together_by_hand_give_the_same_findings(
    name: str, client: str, master: str, manifest: bool
) -> None:
    trees = renamed(scenario(name), client, master)
    if not manifest:
        trees = by_hand(trees)
    redacted, back = apart(trees)
    for way in WAYS:
        before, after = report_on(trees, way), report_on(redacted, way)
        assert entries(after, back) == entries(before, {}), way
        assert (after.verdict, after.exit_status) == (before.verdict, before.exit_status)


def test_of_a_key_that_no_manifest_names_the_state_leaves_and_the_content_does_not() -> None:
    tree = by_hand(scenario("healthy"))["master"]
    redactor = Redactor(KEY)
    redactor.learn(tree)
    found = held(redactor, tree)
    keys = [name for name in tree.names() if "/keys/" in name]
    paths = json.loads(found.files["manifest.json"])["paths"]
    assert keys and not [name for name in found.names() if "/keys/" in name]
    assert {name[5:]: {"kind": "file", "size": 1} for name in keys}.items() <= paths.items()
    assert paths["/ssl_nimsh/keys"] == {"kind": "dir"}


@pytest.mark.parametrize(
    "path", ["/ssl_nimsh/keys/serverkey.pem", "/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8"]
)
@pytest.mark.parametrize("name", ["healthy", "client-certificate-missing", "stale-ssl-libs"])
def test_a_copy_that_does_not_leave_is_known_to_be_there(name: str, path: str) -> None:
    trees = {end: MemoryTree(tree.files) for end, tree in scenario(name).items()}
    for tree in trees.values():
        said = json.loads(tree.files["manifest.json"])
        said["paths"].pop(path, None)
        tree.files["manifest.json"] = json.dumps(said).encode()
        tree.files["files" + path] = b"\x01\xdf not for anybody else's eyes"
    redacted, back = apart(trees)
    assert not any(b"anybody" in raw for tree in redacted.values() for raw in tree.files.values())
    for way in WAYS:
        assert entries(report_on(redacted, way), back) == entries(report_on(trees, way), {}), way
