"""What `nimdoctor report` does: one host or both ends are scanned as they are and as they leave, and packed."""

import os
from functools import cache
from typing import Dict, List, NamedTuple, Optional, Sequence

from nimdoctor.cli.collecting import as_collection, leaving, redacted, tell_not_collected, tell_redacted
from nimdoctor.cli.output import UsageError, say, write
from nimdoctor.cli.waiting import Waiting
from nimdoctor.collection import Collection
from nimdoctor.collection.archive import archive_name, write_archive
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import open_target
from nimdoctor.evidence.bundles import CLIENT, HOST, MASTER
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence, TargetError
from nimdoctor.evidence.tree import Tree
from nimdoctor.library.bundle import BadNumber, bundled, finish, label_of, own_words, scanned
from nimdoctor.library.interruption import end_like_ctrl_c
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import alike
from nimdoctor.model.wording import visible
from nimdoctor.redaction import THINNED, RedactedTree
from nimdoctor.redaction.session import Leak, RedactionSession
from nimdoctor.redaction.without_keys import KeylessTree
from nimdoctor.report.agreement import differences, thinned_lines
from nimdoctor.report.scan_report import Report

SHOWN = 5
"""Checks that are named where an archive would not say what its evidence says."""
WHERE_TO = (
    "nimdoctor sends nothing. Attach it to the case at https://www.ibm.com/mysupport, or put it there by "
    "https://www.secure.ecurep.ibm.com"
)


def archive_for_case(
    target: str,
    master: Optional[str],
    case: Optional[str],
    pmr: Optional[str],
    output: str,
    redact: bool,
    redact_key: Optional[str],
    timeout: float,
) -> int:
    """Writes the archive into the directory `output`, and its name; gives the exit status. Raises UsageError."""
    try:
        label = label_of(case, pmr)
    except BadNumber as error:
        raise UsageError(str(error)) from error
    registry = Registry()
    redaction = leaving(redact_key, registry.catalog) if redact else None
    opened = _Opened(timeout, registry)
    restore = end_like_ctrl_c()
    try:
        ends = opened.ends(target, master)
        path = _made(ends, opened, label, output, redaction)
    finally:
        opened.close()
        restore()
    for collection in opened.collections:
        tell_not_collected(collection)
    tell_redacted(redaction, path)
    say(WHERE_TO)
    write(f"{path}\n", None)
    return 0


class _End(NamedTuple):
    """One end: its evidence as a scan takes it, and the same as an evidence directory. Of a live host both are what was
    collected of it.
    """

    evidence: Evidence
    tree: Tree


class _Opened:
    """The ends of a report: what was collected already as it is, of all else what is collected now."""

    def __init__(self, timeout: float, registry: Registry) -> None:
        self.timeout = timeout
        self.registry = registry
        self.collections: List[Collection] = []
        self.collected: Optional[int] = None
        self.waiting = Waiting()
        self._evidence: List[Evidence] = []

    def ends(self, target: str, master: Optional[str]) -> Dict[str, _End]:
        """Each end by its folder in the bundle."""
        first = self._opened(target)
        paired = None if first.live else first.paired
        second = self._opened(master) if master is not None else paired
        roles = self._roles(first)
        try:
            alike(first, second)
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
        if second is not None:
            return {CLIENT: self._end(first), MASTER: self._end(second)}
        folder = CLIENT if roles == ("client",) else MASTER if "master" in roles else HOST
        return {folder: self._end(first)}

    def close(self) -> None:
        self.waiting.close()
        for evidence in self._evidence:
            evidence.close()
        for collection in self.collections:
            collection.close()

    def _opened(self, target: str) -> Evidence:
        try:
            found = open_target(target, timeout=self.timeout, progress=self.waiting, catalog=self.registry.catalog)
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
        self._evidence.append(found)
        return found

    def _roles(self, evidence: Evidence) -> "tuple[str, ...]":
        return Host(evidence, self.registry.catalog).roles

    def _end(self, evidence: Evidence) -> _End:
        if isinstance(evidence, RecordedEvidence):
            return _End(evidence, evidence.tree)
        collection = as_collection(evidence, self.registry.catalog)
        self.collections.append(collection)
        self.collected = collection.collected
        recorded = RecordedEvidence(evidence.target, collection, self.registry.catalog)
        return _End(recorded if evidence.live else evidence, collection)


def _made(
    ends: Dict[str, _End], opened: _Opened, label: str, output: str, redaction: Optional[RedactionSession]
) -> str:
    """Where the archive is, after it was written."""
    registry = opened.registry
    trees = [end.tree for end in ends.values()]
    try:
        original = scanned({folder: end.evidence for folder, end in ends.items()}, registry).report
        trees = redacted(redaction, trees) if redaction else [KeylessTree(tree) for tree in trees]
        made = bundled(dict(zip(ends, trees)), registry, opened.collected)
        _refuse_other_findings(original, made.report, ends, trees, registry)
        finish(made, label, registry, redaction.redactor.ledger if redaction else None)
        if redaction:
            redaction.check_documents(made.tree.documents, cache(lambda: own_words(registry)))
        name = f"{label}.{archive_name(made.report.host.name, made.collected)}"
        path = os.path.join(output, name)
        write_archive(made.tree, path, made.collected, folder=name[: -len(".tar.gz")])
    except Leak as error:
        raise UsageError(visible(f"refused, since not all could be redacted: {error}")) from error
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except OSError as error:
        raise UsageError(f"the archive cannot be written in {visible(output)}: {error.strerror or error}") from error
    return path


def _refuse_other_findings(
    original: Report, made: Report, ends: Dict[str, _End], trees: Sequence[Tree], registry: Registry
) -> None:
    """Raises UsageError where a scan of these trees, which are to leave, says something else than one of the evidence."""
    tree = trees[0]
    is_redacted = isinstance(tree, RedactedTree)
    renamed = tree.renamed if isinstance(tree, RedactedTree) else lambda text: frozenset([text])
    evidence = [end.evidence for end in ends.values()]
    thinned = lambda: thinned_lines(evidence, registry.catalog, THINNED if is_redacted else frozenset())  # noqa: E731
    found = differences(original, made, renamed, thinned)
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        advice = "try --no-redact, or send the evidence itself" if is_redacted else "send the evidence itself"
        raise UsageError(
            visible(
                f"refused, since a scan of the archive would not find what is found in the evidence: "
                f"{'; '.join(found[:SHOWN])}{more}. Nothing was written; {advice}, once you have read it"
            )
        )
