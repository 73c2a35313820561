"""A bundle: all that a support engineer wants of one or two hosts, as one tree of files.

Evidence, the report on it (HTML, text, JSON), the plan where there is one, a ledger of what was replaced, and a
manifest with the SHA-256 of each. Made twice from the same evidence it is the same: its time is the evidence's own.
"""

import hashlib
import io
import json
import re
from datetime import datetime, timezone
from typing import Any, BinaryIO, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence

from nimdoctor import __version__
from nimdoctor.evidence.bundles import MASTER, SCHEMA, order_of
from nimdoctor.evidence.manifest import MANIFEST
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence
from nimdoctor.evidence.tree import Tree
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Repair, RepairTarget
from nimdoctor.library.scanning import with_pictures
from nimdoctor.manual.checks_document import described
from nimdoctor.manual.pages import page
from nimdoctor.planning.document import Plan
from nimdoctor.planning.fix import Options
from nimdoctor.redaction import Ledger
from nimdoctor.report.scan_report import Report

_CASE = re.compile(r"TS[0-9]{9}", re.ASCII)
_PMR = re.compile(r"([0-9]{5}),([0-9A-Za-z]{3}),([0-9]{3})", re.ASCII)
_CHUNK = 1 << 20


class BadNumber(ValueError):
    """This is no number of a case; the message says what one looks like."""


class Bundled(NamedTuple):
    """What a bundle is made of, but for its manifest: `tree` the files, `report` what was found, `collected` the time of
    the evidence in seconds since 1970.
    """

    tree: "BundleTree"
    report: Report
    plan: Optional[Plan]
    collected: int


def label_of(case: Optional[str], pmr: Optional[str]) -> str:
    """How IBM support expects the name of an archive to begin. Raises BadNumber.

    >>> label_of("TS001234567", None), label_of(None, "12345,67R,000")
    ('TS001234567', '12345.67R.000')
    """
    if (case is None) == (pmr is None):
        raise BadNumber("give either --case TS001234567 or --pmr 12345,67R,000")
    if case is not None:
        if not _CASE.fullmatch(case):
            raise BadNumber("--case is TS and nine digits, such as TS001234567")
        return case
    found = _PMR.fullmatch(pmr or "")
    if not found:
        raise BadNumber("--pmr is number, branch and country with commas between, such as 12345,67R,000")
    return ".".join(found.groups())


class BundleTree:
    """A `Tree` of evidence directories, each in its folder, and of documents beside them."""

    def __init__(self, ends: Mapping[str, Tree], documents: Mapping[str, bytes]) -> None:
        self.ends = dict(ends)
        self.documents = dict(documents)
        self.remarks: List[str] = []

    def names(self) -> Sequence[str]:
        """All files, sorted."""
        inside = [f"{folder}/{name}" for folder, tree in self.ends.items() for name in tree.names()]
        return sorted([*inside, *self.documents])

    def directories(self) -> Sequence[str]:
        """The folders of the ends and what they hold."""
        inside = [f"{folder}/{name}" for folder, tree in self.ends.items() for name in tree.directories()]
        return sorted([*inside, *self.ends])

    def open(self, name: str) -> BinaryIO:
        """Raises OSError."""
        if name in self.documents:
            return io.BytesIO(self.documents[name])
        folder, _, rest = name.partition("/")
        return self.ends[folder].open(rest)

    def size(self, name: str) -> int:
        """Raises OSError."""
        if name in self.documents:
            return len(self.documents[name])
        folder, _, rest = name.partition("/")
        return self.ends[folder].size(rest)

    def close(self) -> None:
        """Nothing of its own is held."""


def scanned(evidence: Mapping[str, Evidence], registry: Registry) -> Repair:
    """One scan of these ends (by folder: client or host, master), which serves report and plan."""
    target, master = [*order_of(dict.fromkeys(evidence, "")), None][:2]
    return Repair(RepairTarget(str(target), master), registry, Options(), opened=evidence.__getitem__)


def bundled(ends: Mapping[str, Tree], registry: Registry, collected: Optional[int] = None) -> Bundled:
    """The report on these ends (by folder), and their plan, beside the evidence.

    `collected` is the time of the evidence where its manifest does not tell it.
    """
    evidence = {folder: RecordedEvidence(folder, tree, registry.catalog) for folder, tree in ends.items()}
    repair = scanned(evidence, registry)
    times = [evidence[folder].collected for folder in order_of(dict.fromkeys(evidence, ""))]
    time = next((one for one in times if one is not None), collected or 0)
    report = with_pictures(repair.report._replace(generated=datetime.fromtimestamp(time, timezone.utc)), repair.engine)
    plan = repair.plan if repair.plan.steps or repair.plan.advice else None
    return Bundled(BundleTree(ends, _rendered(report, plan)), report, plan, time)


def _rendered(report: Report, plan: Optional[Plan]) -> Dict[str, bytes]:
    from nimdoctor.report import html, json_report, text_report
    from nimdoctor.report.plan_json import render_plan as plan_as_json
    from nimdoctor.report.plan_text import render_plan as plan_as_text

    documents = {
        "report.html": html.render([report]),
        "report.txt": text_report.render(report),
        "report.json": json_report.render(report) + "\n",
    }
    if plan:
        documents["plan.txt"] = plan_as_text(plan)
        documents["plan.json"] = plan_as_json(plan)
    return {name: text.encode("utf-8", "replace") for name, text in documents.items()}


def finish(made: Bundled, label: str, registry: Registry, ledger: Optional[Ledger]) -> None:
    """Adds the page that says what is there, the ledger where something was replaced, and the manifest.

    Reads every file once. Raises OSError.
    """
    tree = made.tree
    if ledger is not None:
        tree.documents["ledger.json"] = _json({"schema": "nimdoctor.ledger/1", **ledger.record()})
    tree.documents["README.txt"] = _read_me(made, label, ledger is not None).encode("ascii")
    tree.documents[MANIFEST] = _json(
        {
            "schema": SCHEMA,
            "case": label,
            "made": f"{datetime.fromtimestamp(made.collected, timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "redacted": ledger is not None,
            "ends": {folder: folder for folder in tree.ends},
            "hosts": {folder: _host(made.report, folder) for folder in tree.ends},
            "verdict": made.report.verdict,
            "versions": {"nimdoctor": __version__, "rules": rules(registry)},
            "members": {name: {"sha256": _sha256(tree, name), "size": tree.size(name)} for name in tree.names()},
        }
    )


def own_words(registry: Registry) -> FrozenSet[str]:
    """Words of nimdoctor's own sentences, in small letters."""
    checks, fixes = registry.checks(), registry.fixes()
    pages = [page(check, registry.catalog, fixes) for check in checks]
    return frozenset(re.findall(r"[a-z]+", (_said(registry) + "".join(pages)).lower()))


def rules(registry: Registry) -> Dict[str, Any]:
    """Which rules judged: how many, and a digest of what they say of themselves."""
    digest = hashlib.sha256(_said(registry).encode("ascii")).hexdigest()
    return {"checks": len(registry.checks()), "fixes": len(registry.fixes()), "sha256": digest}


def _said(registry: Registry) -> str:
    """What all checks say of themselves, as JSON."""
    fixes = registry.fixes()
    return json.dumps([described(check, registry.catalog, fixes) for check in registry.checks()], sort_keys=True)


def _host(report: Report, folder: str) -> Optional[str]:
    found = report.master if folder == MASTER and report.master else report.host
    return found.name if found else None


def _sha256(tree: Tree, name: str) -> str:
    digest = hashlib.sha256()
    with tree.open(name) as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _read_me(made: Bundled, label: str, redacted: bool) -> str:
    ends = " and ".join(f"{folder}/" for folder in made.tree.ends)
    names = (
        "Names, addresses and serial numbers are pseudonyms: the same thing has the same one in every file.\n"
        "ledger.json says how many were replaced where; the way back stayed with who made this."
        if redacted
        else "NOT REDACTED: names, addresses and serial numbers of the site are in it as they are."
    )
    plan = "plan.txt, plan.json  what nimdoctor would do; nothing was done\n" if made.plan else ""
    return (
        f"{label}: NIMSH over SSL, {made.report.verdict}\n\n"
        "report.html   the report with pictures; report.txt and report.json say the same\n"
        f"{plan}"
        f"{ends}   the evidence that the report quotes\n"
        "manifest.json   the SHA-256 of each file, and by which version it was made\n\n"
        f"{names}\nNo private key and no password is in it.\n\n"
        "nimdoctor scan THIS-ARCHIVE comes to the same findings.\n"
    )
