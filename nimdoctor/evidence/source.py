"""What every source of evidence offers: the texts of a catalog row, and the state of paths.

Evidence is either collected, by somebody at some time, or live: of a host that can be asked now. `live` tells which."""

from typing import TYPE_CHECKING, Dict, List, Literal, Mapping, Optional, Protocol, Sequence, Tuple, Union

from nimdoctor.evidence.catalog import Row
from nimdoctor.model.path_state import PathRecord
from nimdoctor.model.text import Text

if TYPE_CHECKING:
    from nimdoctor.evidence.redacted_certificates import RedactedFile
    from nimdoctor.system.command import CommandResult


COMMANDS = 2_000
"""Recorded commands of one host, or recognised pieces of loose files."""
TEXT = 256 * 1024 * 1024
"""Bytes of distinct text of one host that are read whole; nimsh.log, which is streamed, does not count."""

NO_SUCH_COMMAND = "no such command on this host"
"""Why there is no answer of a command that the host does not have."""

AIX = "AIX"
"""The system that NIM is for, as `uname -s` names it."""


def not_aix(host: str, system: str) -> str:
    """What is the matter with a host of another system.

    >>> not_aix("lpar7", "Linux")
    'lpar7 runs Linux, not AIX: neither NIM nor its commands are there'
    """
    return f"{host} runs {named_system(system)}, not {AIX}: neither NIM nor its commands are there"


def named_system(system: str) -> str:
    """What `uname -s` has said, fit to be shown.

    >>> named_system("Linux"), named_system("")
    ('Linux', 'something of which uname -s does not tell')
    """
    return ascii(system)[1:-1] or "something of which uname -s does not tell"


class Progress(Protocol):
    """Told what is being waited for; a screen may name the slow ones."""

    def start(self, label: str) -> None:
        """Just before a command runs."""

    def end(self) -> None:
        """When it has ended."""


class TargetError(Exception):
    """The target cannot be read at all; the message is one line: what, where, what to do next."""


class NothingRecognised(TargetError):
    """There are files, and none of them is evidence."""


class Source(Protocol):
    """A host's evidence, whichever it is. Reading is lazy: nothing runs or opens until a row is asked for."""

    target: str
    """As the user typed it."""
    host: Optional[str]
    """The host's name where the source itself says it (manifest, live)."""
    roles: Tuple[str, ...]
    """Roles the source itself states (a manifest); empty where it does not."""
    system: Optional[str]
    """The operating system that the host says it runs (`uname -s`); None where nothing tells."""
    loose: bool
    """Whether this is bare files, of which neither host nor role is stated."""
    collected: Optional[int]
    """When it was taken, in seconds since 1970, where its manifest says so; None also where it is read now."""
    redacted: bool
    """Whether names in it are pseudonyms."""
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


class CollectedEvidence(Source, Protocol):
    """What somebody collected of a host: nothing more can be asked."""

    @property
    def live(self) -> Literal[False]:
        """No command runs."""

    @property
    def paired(self) -> "Optional[CollectedEvidence]":
        """The master's evidence where both ends came in one bundle."""

    @property
    def redacted_certificates(self) -> "Sequence[RedactedFile]":
        """Certificates of which, in redacted evidence, only what they say is left."""


class LiveEvidence(Source, Protocol):
    """A host that can be asked now, by its commands."""

    remote: bool
    """Whether it is reached over ssh; else the clock of this process is the host's."""
    root: Optional[str]
    """The directory that holds its file system; None for a running host."""
    network: bool
    """Whether a question from here into the network is one that the host could ask: not below another root."""
    timeout: float
    """Seconds that one of its commands may take."""
    progress: "Progress"
    """Told what is being waited for."""

    @property
    def live(self) -> Literal[True]:
        """Commands run now."""

    def run(
        self, argv: Sequence[str], timeout: Optional[float] = None, stdin: bytes = b""
    ) -> "Tuple[Optional[CommandResult], str]":
        """Runs a command of the host that is no row of the catalog: its result, or None and why it could not run.

        Without a deadline of its own, in seconds, it is one of the scan's commands, bound by their time and their rules.
        """

    def again(self, row: Row) -> Tuple[Optional[Text], str]:
        """A row's command run now, whether or not it has run before: its output, or None and why there is none."""

    def command_result(self, row: Row, names: Mapping[str, str]) -> "Tuple[str, Optional[CommandResult]]":
        """The row's command as typed, and how it ended; None where it was not run. Run at most once.

        Raises nothing: why something is missing goes to `problems`.
        """

    def has_program(self, name: str) -> Optional[bool]:
        """Whether a program of that name can be run there; None where only running it would tell."""


Evidence = Union[CollectedEvidence, LiveEvidence]
