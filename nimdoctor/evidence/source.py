"""What every source of evidence offers: the texts of a catalog row, and the state of paths."""

from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Protocol, Tuple

from nimdoctor.evidence.catalog import Row
from nimdoctor.model.path_state import PathRecord
from nimdoctor.model.text import Text

if TYPE_CHECKING:
    from nimdoctor.system.command import CommandResult


COMMANDS = 2_000
"""Recorded commands of one host, or recognised pieces of loose files."""
TEXT = 256 * 1024 * 1024
"""Bytes of distinct text of one host that are read whole; nimsh.log, which is streamed, does not count."""


class TargetError(Exception):
    """The target cannot be read at all; the message is one line: what, where, what to do next."""


class Evidence(Protocol):
    """A host's evidence. Reading is lazy: nothing runs or opens until a row is asked for."""

    target: str
    """As the user typed it."""
    host: Optional[str]
    """The host's name where the source itself says it (manifest, live)."""
    roles: Tuple[str, ...]
    """Roles the source itself states (a manifest); empty where it does not."""
    loose: bool
    """Whether this is bare files, of which neither host nor role is stated."""
    live: bool
    """Whether commands run now; then the clock of this process is the host's."""
    problems: Dict[str, str]
    """Catalog name to why it could not be had: hung, refused, unreadable. Grows while reading."""
    remarks: List[str]
    """What a reader of the report should know: a damaged manifest, unrecognised pieces."""

    @property
    def thorough(self) -> bool:
        """Whether this is a whole collection of a host rather than some pieces of one. In a whole one
        what is missing is a gap that may hide something; in pieces nothing else was to be expected.
        """

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        """Every piece of evidence for the row, best first; empty when there is none.

        `names` fills the row's placeholders. Raises nothing: what failed goes to `problems`.
        """

    def paths(self, rows: List[Row]) -> PathRecord:
        """States of the paths that these PATHS rows cover."""

    def file_absent(self, path: str) -> Optional[bool]:
        """Whether that file is known not to exist; None where the source cannot tell."""

    def close(self) -> None:
        """Ends whatever the source holds open."""


class LiveEvidence(Evidence, Protocol):
    """Evidence of a host that is asked now, with what `collect` wants to know of each command besides its text."""

    def command_result(self, row: Row, names: Mapping[str, str]) -> "Tuple[str, Optional[CommandResult]]":
        """The row's command as typed, and how it ended; None where it was not run. Run at most once.

        Raises nothing: why something is missing goes to `problems`.
        """
