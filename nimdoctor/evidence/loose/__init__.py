"""Loose files: whatever a customer attached, each piece recognised by content; one host, or a client and its master."""

from typing import TYPE_CHECKING, Dict, Iterable, List, Literal, Mapping, Optional, Sequence, Set, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.loose.copies import latest, log_order, older_copies
from nimdoctor.evidence.loose.identity import refuse_two_hosts
from nimdoctor.evidence.loose.owners import Owner, owners
from nimdoctor.evidence.loose.pieces import Opener, Piece
from nimdoctor.evidence.loose.sorting import Sorting
from nimdoctor.evidence.recognition import NIMSH_LOG
from nimdoctor.evidence.redacted_certificates import RedactedFile
from nimdoctor.evidence.source import COMMANDS, TEXT, CollectedEvidence, NothingRecognised, TargetError
from nimdoctor.model.path_state import PathRecord
from nimdoctor.model.text import TEXT_LIMIT, Extent, Text
from nimdoctor.model.unreadable import refused

if TYPE_CHECKING:
    from nimdoctor.evidence.tree import Tree

REMARK_LIMIT = 20


class LooseEvidence:
    """Recognised pieces as one host's evidence; its master's, where pieces of both were given, is `paired`.

    A text's `source` is the loose file's name and its line numbers are those of that file; its `name`
    is the path or the command, with the pipe when only some of the lines were shown. `host` and `roles` are said only
    where two hosts were parted.
    """

    loose = True
    live: Literal[False] = False
    thorough = False
    collected: Optional[int] = None
    redacted = False
    paired: Optional[CollectedEvidence] = None
    redacted_certificates: Sequence[RedactedFile] = ()
    system: Optional[str] = None
    held: "Optional[Tree]" = None
    """What the pieces are read from, closed with the evidence."""

    def __init__(self, target: str, owner: Owner, catalog: Catalog) -> None:
        self.target = target
        self.host: Optional[str] = owner.name or None
        self.roles: Tuple[str, ...] = (owner.role,) if owner.role else ()
        self.problems: Dict[str, str] = {}
        self.remarks: List[str] = []
        self._catalog = catalog
        refuse_two_hosts(owner.pieces)
        self._pieces = [piece.measured() for piece in latest(owner.pieces)]

    def labels(self) -> Set[str]:
        """The labels of the rows of which there is a piece."""
        return {piece.row.label for piece in self._pieces}

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        """Whole texts before others; the logs in order of time, oldest first."""
        known = row in self._catalog
        chosen = [piece for piece in self._pieces if (row == piece.row if known else self._serves(row, piece))]
        if row.name == NIMSH_LOG:
            return [piece.text() for piece in sorted(chosen, key=log_order(chosen))]
        if row.kind is Kind.FILE and any(piece.extent is Extent.WHOLE for piece in chosen):
            chosen = [piece for piece in chosen if piece.extent is Extent.WHOLE]
        return [piece.text() for piece in sorted(chosen, key=lambda piece: -piece.extent)]

    def paths(self, rows: List[Row]) -> PathRecord:
        """Nothing: an mtime on the disk of whoever got the files says nothing of the host."""
        return PathRecord()

    def file_absent(self, path: str) -> Optional[bool]:
        """Never known: a file nobody attached was not collected."""
        return None

    def close(self) -> None:
        """Closes what the pieces are read from."""
        if self.held:
            self.held.close()

    def _serves(self, row: Row, piece: Piece) -> bool:
        """Whether a row that somebody added after this evidence was opened takes it."""
        if row.kind is Kind.FILE:
            return row.name == piece.name
        return row.kind is Kind.COMMAND and row.serves(piece.command or piece.name)


def read_loose(
    target: str, files: Iterable[Tuple[str, Opener, int]], catalog: Optional[Catalog] = None
) -> LooseEvidence:
    """The evidence in bare files, which are (name, opener, size in bytes): of one host, or of a client with its master.

    Raises `NothingRecognised`, `TargetError` when they are of several hosts and nothing tells which is whose, or for more
    pieces or text than a host has.
    """
    catalog = catalog or Catalog()
    sorting = Sorting(catalog)
    found: List[Piece] = []
    text = 0
    # by name, so that the order in which they were given changes nothing
    for name, opener, size in sorted(files, key=lambda file: file[0]):
        try:
            recognised = sorting.pieces(name, opener, size)
            found += recognised
            text += min(size, TEXT_LIMIT) if any(not piece.row.streamed for piece in recognised) else 0
            _refuse_too_much(target, len(found), text)
        except OSError as error:
            sorting.useless(name, f"cannot be read: {refused(error)}", "given but")
    older = older_copies(found)
    aside = [f"{found[index].file}: left aside, an older copy of {other}" for index, other in older.items()]
    parted = owners([piece for index, piece in enumerate(found) if index not in older])
    evidence = LooseEvidence(target, parted.target, catalog)
    master = LooseEvidence(target, parted.master, catalog) if parted.master else None
    used = evidence.labels() | (master.labels() if master else set())
    evidence.paired = master
    evidence.problems.update((name, why) for name, why in sorting.problems.items() if name not in used)
    evidence.remarks += [*parted.remarks, *sorting.remarks, *aside, *_summed_up(sorting.unrecognised)]
    if not used:
        raise NothingRecognised(_nothing(target, evidence.remarks))
    return evidence


def _refuse_too_much(target: str, pieces: int, text: int) -> None:
    if pieces > COMMANDS:
        raise TargetError(f"{target}: refused, more than {COMMANDS:,} recognised pieces of one host")
    if text > TEXT:
        raise TargetError(f"{target}: refused, more than 256 MiB of text of one host, without nimsh.log")


def _summed_up(unrecognised: List[str]) -> List[str]:
    more = len(unrecognised) - REMARK_LIMIT
    return unrecognised[:REMARK_LIMIT] + ([f"{more} more were not recognised"] if more > 0 else [])


def _nothing(target: str, remarks: List[str]) -> str:
    why = f" ({remarks[0]})" if len(remarks) == 1 else ""
    return (
        f"nothing in {target} was recognised as evidence of NIM{why}; recognised are nimsh.log, lsnim -l output, "
        "/etc/niminfo, /etc/inetd.conf, lssrc, lslpp, emgr, instfix, ps, netstat and df output, certificates, and "
        "transcripts with their prompt lines"
    )
