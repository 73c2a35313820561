"""`nimdoctor report`: evidence and report of one host or both ends as one archive for a case at IBM."""

import os
from functools import cache
from typing import TYPE_CHECKING, Dict, List, Optional

import typer

from nimdoctor.cli.collect import kept, leaving, redacted, tell_not_collected, tell_redacted
from nimdoctor.cli.output import UsageError, say, write
from nimdoctor.cli.scan import end_like_ctrl_c
from nimdoctor.wording import visible

if TYPE_CHECKING:
    from nimdoctor.collection import Collection
    from nimdoctor.evidence.source import Evidence
    from nimdoctor.evidence.tree import Tree
    from nimdoctor.leaving import Leaving
    from nimdoctor.registry import Registry

WHERE_TO = (
    "nimdoctor sends nothing. Attach it to the case at https://www.ibm.com/mysupport, or put it there by "
    "https://www.secure.ecurep.ibm.com"
)


def report(
    target: str = typer.Argument("", metavar="[TARGET]", help="Nothing for this host; root:DIR; evidence."),
    master: Optional[str] = typer.Option(None, "--master", metavar="TARGET", help="The NIM master."),
    case: Optional[str] = typer.Option(None, "--case", metavar="TS...", help="The case, such as TS001234567."),
    pmr: Optional[str] = typer.Option(None, "--pmr", metavar="P,B,C", help="The PMR, such as 12345,67R,000."),
    output: str = typer.Option(".", "--output", metavar="DIR", help="The directory of the archive."),
    no_redact: bool = typer.Option(False, "--no-redact", help="Leave names and addresses as they are."),
    redact_key: Optional[str] = typer.Option(
        None, "--redact-key", metavar="FILE", help="The key of the pseudonyms; made on first use."
    ),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
) -> int:
    """Make one archive for a case: report, redacted evidence of both ends, plan."""
    from nimdoctor.bundle import BadNumber, label_of
    from nimdoctor.registry import Registry

    if timeout != timeout:  # NaN is neither below the one bound nor above the other
        raise UsageError("--timeout is no number of seconds")
    try:
        label = label_of(case, pmr)
    except BadNumber as error:
        raise UsageError(str(error)) from error
    if not os.path.isdir(output):
        raise UsageError(f"--output {visible(output)}: is no directory")
    if no_redact and redact_key is not None:
        raise UsageError("--redact-key and --no-redact exclude each other")
    registry = Registry()
    redaction = None if no_redact else leaving(redact_key, registry.catalog)
    opened = _Opened(timeout, registry)
    restore = end_like_ctrl_c()
    try:
        ends = opened.ends(target, master)
        path = _made(ends, opened, label, output, redaction, registry)
    finally:
        opened.close()
        restore()
    for collection in opened.collections:
        tell_not_collected(collection)
    tell_redacted(redaction, path)
    say(WHERE_TO)
    write(f"{path}\n", None)
    return 0


class _Opened:
    """The trees of the targets: of what was collected already its own, of all else one that is made now."""

    def __init__(self, timeout: float, registry: "Registry") -> None:
        from nimdoctor.waiting import Waiting

        self.timeout = timeout
        self.registry = registry
        self.collections: List[Collection] = []
        self.moment: Optional[int] = None
        self.waiting = Waiting()
        self._evidence: List[Evidence] = []

    def ends(self, target: str, master: Optional[str]) -> "Dict[str, Tree]":
        """The tree of each end by its folder in the bundle."""
        from nimdoctor.evidence.bundles import CLIENT, HOST, MASTER
        from nimdoctor.evidence.source import TargetError
        from nimdoctor.scan import alike

        first = self._opened(target)
        paired = getattr(first, "paired", None)
        second = self._opened(master) if master is not None else paired
        roles = self._roles(first)
        try:
            alike(first, second)
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
        if second is not None:
            return {CLIENT: self._tree(first), MASTER: self._tree(second)}
        folder = CLIENT if roles == ("client",) else MASTER if "master" in roles else HOST
        return {folder: self._tree(first)}

    def close(self) -> None:
        self.waiting.close()
        for evidence in self._evidence:
            evidence.close()
        for collection in self.collections:
            collection.close()

    def _opened(self, target: str) -> "Evidence":
        from nimdoctor.evidence import open_target
        from nimdoctor.evidence.source import TargetError

        try:
            found = open_target(target, timeout=self.timeout, progress=self.waiting, catalog=self.registry.catalog)
        except TargetError as error:
            raise UsageError(visible(str(error))) from error
        self._evidence.append(found)
        return found

    def _roles(self, evidence: "Evidence") -> "tuple[str, ...]":
        from nimdoctor.host import Host

        return Host(evidence, self.registry.catalog).roles

    def _tree(self, evidence: "Evidence") -> "Tree":
        from nimdoctor.evidence.recorded import RecordedEvidence

        if isinstance(evidence, RecordedEvidence):
            return evidence.tree
        # loose files are sorted into the places that they have on a host
        collection = kept(evidence, self.registry.catalog)
        self.collections.append(collection)
        self.moment = collection.moment
        return collection


def _made(
    ends: "Dict[str, Tree]",
    opened: _Opened,
    label: str,
    output: str,
    redaction: "Optional[Leaving]",
    registry: "Registry",
) -> str:
    """Where the archive is, after it was written."""
    from nimdoctor.bundle import bundled, finish, own_words
    from nimdoctor.collection.archive import archive_name, write_archive
    from nimdoctor.evidence.source import TargetError
    from nimdoctor.leaving import Leak

    if redaction:
        ends = dict(zip(ends, redacted(redaction, list(ends.values()))))
    try:
        made = bundled(ends, registry, opened.moment)
        finish(made, label, registry, redaction.redactor.ledger if redaction else None)
        if redaction:
            redaction.check_documents(made.tree.documents, cache(lambda: own_words(registry)))
        name = f"{label}.{archive_name(made.report.host.name, made.moment)}"
        path = os.path.join(output, name)
        write_archive(made.tree, path, made.moment, folder=name[: -len(".tar.gz")])
    except Leak as error:
        raise UsageError(visible(f"refused, since not all could be redacted: {error}")) from error
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except OSError as error:
        raise UsageError(f"the archive cannot be written in {visible(output)}: {error.strerror or error}") from error
    return path
