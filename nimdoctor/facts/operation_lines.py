"""The lines by which an operation of NIM says that it failed: its numbers, the method that spoke, the reason."""

import enum
import re
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.message_numbers import WRAPPER, numbered
from nimdoctor.model.text import Quote

LINE = 2000
"""Characters of one line that are looked at."""
SAID = 200
"""Characters of it that a sentence quotes."""
GOES_ON = 2
"""Lines below a number that may belong to its message."""

TLS_ERROR = re.compile(
    r"error connecting to ssl object|error setting up ssl connection \((?:bio|ssl) object\)|error with peer certificate",
    re.IGNORECASE,
)
"""What is printed where the TLS connection fails. Of the first only a title of IBM's tells; the others stand beside it in
another program, so that NIM may print them too (C)."""
_NUMBER = re.compile(r"(?<![\d-])((?:0042|0503|1831)-\d{3})(?!\d)(?:[ \t]+([A-Za-z_]\w{0,40}):)?", re.ASCII)
_LOADER = re.compile(r"(?<![\d-])0509-\d{3}(?!\d)", re.ASCII)
_WARNING = re.compile(r"\bwarning:[ \t]*$", re.IGNORECASE)
_TIMED_OUT = re.compile(r"""['"]([A-Za-z0-9][\w.-]{0,80})['"][ \t]*[:=][ \t]*u?['"]timed ?out['"]""", re.IGNORECASE)
_INTERRUPTED = re.compile(r"[ \t]*\^C[ \t]*")
_COMMAND = re.compile(r"\"(/[^\"]{1,200})\" command")
_DELEGATED = re.compile(r"\[([A-Za-z0-9][\w.-]{0,80})[ \t]+->[ \t]+[\w.-]{1,80}(?:\([^)]{0,80}\))?\]: ")


class Failure(str, enum.Enum):
    """In which way an operation failed, by number and reason."""

    REFUSED = "nothing took the connection"
    NO_ANSWER = "no answer came"
    SECOND_CHANNEL = "the second channel did not come up"
    NO_CONNECTION = "no connection came about"
    DENIED = "the other end refused"
    TLS = "the TLS connection failed"
    TIMED_OUT = "no answer within Ansible's time"
    INTERRUPTED = "it was ended by a signal"
    OTHER = "it failed for a reason of its own"


REACHED_NOBODY = (Failure.REFUSED, Failure.NO_ANSWER, Failure.SECOND_CHANNEL, Failure.NO_CONNECTION)
"""Those where the two ends did not come to talk."""
_REASONS = (
    # what the second channel prints begins with the reason of any failure without an errno
    (Failure.SECOND_CHANNEL, re.compile(r"poll: setup failure", re.IGNORECASE)),
    (Failure.REFUSED, re.compile(r"\brefused\b", re.IGNORECASE)),
    (
        Failure.NO_ANSWER,
        re.compile(r"timed out|timeout|no route|route to .{0,40}not available|unreachable|host is down", re.IGNORECASE),
    ),
)


class OperationError(NamedTuple):
    """How one operation ended: `number` is the one that tells, empty where none was printed, `method` who printed it.

    `lines` are those of the whole error, `at` is the one that tells. `program` is the command that failed on the other
    end, `client` the one that the lines themselves name.
    """

    failure: Failure
    number: str
    method: str
    at: Quote
    lines: Tuple[Quote, ...]
    program: Optional[str] = None
    client: Optional[str] = None

    @property
    def words(self) -> str:
        """The telling line from its number on, and what it goes on with, blanks made single; at most 200 characters."""
        after = self.lines[self.lines.index(self.at) :]
        words = _as_one(after)
        start = words.find(self.number)
        # an automation prints it as a string within a line of its own
        said = words[start:].rstrip("'\"}, ") if start > 0 else words
        return said if len(said) <= SAID else f"{said[:SAID]}..."

    @property
    def by_nimsh(self) -> bool:
        """Whether the lines show that the way to the client was nimsh, whatever the method is called."""
        return any("exec_nimsh_cmd" in line.text for line in self.lines)


def operation_errors(quotes: Iterable[Quote]) -> Tuple[OperationError, ...]:
    """Every error in a text, in order; a warning is none, nor is what the loader says.

    >>> from nimdoctor.model.text import Text
    >>> said = operation_errors(Text.of('''0042-001 nim: processing error encountered on "master":
    ...    0042-006 m_cust: (exec_nimsh_cmd) exec_cmd Error 0
    ...    poll: setup failure
    ... ''', "nim -o cust lpar7").quotes())
    >>> [(one.failure.name, one.number, one.method, one.at.line) for one in said]
    [('SECOND_CHANNEL', '0042-006', 'm_cust', 2)]
    """
    return tuple(_made(group) for group in _groups(quotes))


class _Line(NamedTuple):
    at: Quote
    number: str = ""
    method: str = ""
    tells: bool = True


def _groups(quotes: Iterable[Quote]) -> Iterator[List[_Line]]:
    """The lines of one error after another: its numbers, outermost first, and what they go on with."""
    group: List[_Line] = []
    below = 0
    for quote in quotes:
        line = _read(quote)
        if line is None:
            below += 1
            goes_on = group and quote.text.strip() and below <= GOES_ON and not _LOADER.search(quote.text[:LINE])
            if goes_on:
                group.append(_Line(quote, tells=False))
            elif group:
                yield group
                group = []
            continue
        inner = group and below <= GOES_ON and not (line.number == WRAPPER and _innermost(group).number != WRAPPER)
        # a number of the same kind twice is the next operation's, as in a listing of what an automation met
        if group and (
            not inner or (line.number and line.number != WRAPPER and line.number == _innermost(group).number)
        ):
            yield group
            group = []
        group.append(line)
        below = 0
    if group:
        yield group


def _read(quote: Quote) -> Optional[_Line]:
    text = quote.text[:LINE]
    for match in _NUMBER.finditer(text):
        if not _WARNING.search(text[: match.start()][-20:]):
            return _Line(quote, match.group(1), match.group(2) or "")
        return None
    if TLS_ERROR.search(text) or _TIMED_OUT.search(text) or _INTERRUPTED.fullmatch(text):
        return _Line(quote)
    return None


def _innermost(group: List[_Line]) -> _Line:
    """The line that tells: what mount or installp said, where that number is known, else the last number of NIM that is
    no wrapper, else the last line.
    """
    telling = [line for line in group if line.tells]
    foreign = [line for line in telling if not line.number.startswith("0042") and numbered(line.number)]
    own = [line for line in telling if line.number.startswith("0042") and line.number != WRAPPER]
    return (foreign[:1] or own[-1:] or telling[-1:])[0]


def _made(group: List[_Line]) -> OperationError:
    line = _innermost(group)
    lines = tuple(one.at for one in group)
    whole = _as_one(lines)
    waited = _TIMED_OUT.search(whole)
    program = _COMMAND.search(whole)
    delegated = _DELEGATED.search(whole)
    named = waited if waited and not line.number else delegated
    return OperationError(
        _failure(line, whole, bool(waited)),
        line.number,
        line.method,
        line.at,
        lines,
        program.group(1) if program else None,
        named.group(1) if named else None,
    )


def _as_one(lines: Sequence[Quote]) -> str:
    """A message that was wrapped, in one line."""
    return " ".join(" ".join(line.text[:LINE].split()) for line in lines)


def _failure(line: _Line, whole: str, waited: bool) -> Failure:
    if TLS_ERROR.search(whole):
        return Failure.TLS
    if line.number == "0042-006":
        return next((failure for failure, reason in _REASONS if reason.search(whole)), Failure.NO_CONNECTION)
    if line.number == "0042-008":
        return Failure.DENIED
    if line.number == "0042-002" or _INTERRUPTED.fullmatch(line.at.text[:LINE]):
        return Failure.INTERRUPTED
    return Failure.TIMED_OUT if waited and not line.number else Failure.OTHER
