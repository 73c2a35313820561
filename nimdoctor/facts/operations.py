"""Operations of NIM as somebody recorded them: which of them failed, in which way, and which came through."""

import re
import shlex
from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.operation_lines import OperationError, operation_errors
from nimdoctor.facts.rhosts import same_host
from nimdoctor.model.rows import ONLY_MASTER, Kind, Row, fact, strip_directory
from nimdoctor.model.text import BadEvidence, Quote, Text

LSLPP_ROW = re.compile(
    r"\s*[A-Za-z][\w+-]*(?:\.[\w+-]+)+\s+\d{1,9}(?:\.\d{1,9}){3}\s+[A-Z?]+(?:\s.*)?"
    r"|[^:\s]*:[A-Za-z][\w+.-]*:\d{1,9}(?:\.\d{1,9}){3}:.*",
    re.ASCII,
)
"""A row of a list of filesets, which only a client that was reached gives."""
NO_PUSH = ("showres", "showlog", "define", "remove", "lppmgr", "change", "reset", "allocate", "deallocate", "check")
"""Operations that reach no client."""
_LOGS = ("showlog",)
"""Operations that show what failed some day, and do not fail themselves."""
_PULLS = ("nimclient", "niminit")
_REMOTE = ("c_rsh", "dsh", "rsh")


class TypedCommand(NamedTuple):
    """A command line that was recorded: the program, the operation of `nim -o` (empty for others), and the client, the
    last word that is no option; each empty or None where it is not told.
    """

    program: str
    operation: str
    client: Optional[str]


def typed_command(line: str) -> TypedCommand:
    """Reads a command line as typed.

    >>> typed_command("/usr/sbin/nim -Fo cust -a lpp_source=L lpar7 | tail")
    TypedCommand(program='nim', operation='cust', client='lpar7')
    >>> typed_command("c_rsh lpar7 /usr/bin/oslevel -s").client, typed_command("mail.txt").client
    ('lpar7', None)
    """
    own = re.split(r"[|;<>&]|\s\d>", line)[0]
    try:
        words = shlex.split(own)
    except ValueError:
        words = own.split()
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if program in _REMOTE:
        rest = [word for word in words[1:] if word != "-n"]
        return TypedCommand(program, "", rest[0] if rest and not rest[0].startswith("-") else None)
    if program != "nim":
        return TypedCommand(program, "", None)
    operation, names, left = "", [], iter(words[1:])
    for word in left:
        if re.fullmatch(r"-[A-Za-z]*[oat]", word):
            value = next(left, "")
            operation = value if word.endswith("o") else operation
        elif not word.startswith("-"):
            names.append(word)
    return TypedCommand(program, operation, names[-1] if names else None)


class Operation(NamedTuple):
    """One recorded command with what it printed: the errors, and `came_back`, a line that only a client gives.

    `command` is as typed, empty where only the output is there.
    """

    source: str
    command: str
    typed: TypedCommand
    errors: Tuple[OperationError, ...]
    came_back: Optional[Quote] = None

    @property
    def pulled(self) -> bool:
        """Whether the client asked its master, and not the master its client."""
        spoke = {error.method for error in self.errors}
        return self.typed.program in _PULLS or (not self.typed.program and bool(spoke) and spoke <= set(_PULLS))

    @property
    def label(self) -> str:
        """How it is named in a sentence."""
        return self.command or "a recorded operation"

    def client_of(self, error: OperationError) -> Optional[str]:
        """The client that an error is about, as far as command or lines tell."""
        return error.client or (self.typed.client if self.typed.operation not in NO_PUSH else None)

    def succeeded_after(self, error: OperationError, client: Optional[str], source: str) -> bool:
        """Whether it shows, further down in the text of that error, that a push to this client came through."""
        back = self.came_back
        later = back and back.source == source and back.line and error.at.line and back.line > error.at.line
        return bool(later) and not self.errors and _same(self.typed.client, client)


@fact(
    "nim -o lslpp",
    "nim -o showres {LPP_SOURCE}",
    Row("c_rsh", Kind.COMMAND, roles=ONLY_MASTER, live=False, variants=("c_rsh", "dsh"), bears_refusal=True),
    "nimclient",
    "nimclient -l -l {NIM_NAME}",
    "nimclient -l -l master",
    "nimclient -c",
    "lsnim -l",
    reads_parts=True,
)
class RecordedOperations(NamedTuple):
    """Every recorded operation, those that came through and those that did not.

    >>> said = RecordedOperations.parse(Text.of('''0042-001 nim: processing error encountered on "master":
    ...    0042-006 m_lslpp: (From_Master) connect Connection refused
    ... ''', "nim -o lslpp lpar7", command=True))
    >>> said.all[0].typed.client, said.all[0].errors[0].failure.name, said.all[0].pulled
    ('lpar7', 'REFUSED', False)
    """

    source: str
    all: Tuple[Operation, ...]

    @classmethod
    def parse(cls, text: Text) -> "RecordedOperations":
        """Raises BadEvidence only for a text that cannot be read: to tell of none is an answer too."""
        line = strip_directory(text.name) if text.command else ""
        typed = typed_command(line)
        # what is recognised without its command line is called by the form of it alone
        command = line if typed.client or typed.program != "nim" or typed.operation != "lslpp" else ""
        if typed.operation in _LOGS:
            return cls(text.source, ())
        quotes: List[Quote] = list(text.quotes())
        if typed.program == "lsnim" or "-l" in line.split():
            # rows of a stanza may quote the error of an earlier operation: err_info
            quotes = [quote for quote in quotes if not re.match(r"\s", quote.text) and " = " not in quote.text]
        errors = operation_errors(quotes)
        # of a part nobody knows that no error stood beside it
        answers = quotes if text.is_whole else []
        back = next((quote for quote in answers if LSLPP_ROW.fullmatch(quote.text)), None)
        if back is None and typed.program in _REMOTE and typed.client and not errors:
            back = next((quote for quote in answers if quote.text.strip()), None)
        if not any(quote.text.strip() for quote in text.quotes()):
            raise BadEvidence(f"{text.source} is empty")
        if not errors and back is None:
            return cls(text.source, ())
        return cls(text.source, (Operation(text.source, command, typed, errors, back),))

    @classmethod
    def combine(cls, parts: Sequence["RecordedOperations"]) -> "RecordedOperations":
        """All of them, in the order of the evidence; what two rows read is there once."""
        every = dict.fromkeys(operation for part in parts for operation in part.all)
        return cls(parts[0].source, tuple(every))


def _same(one: Optional[str], other: Optional[str]) -> bool:
    return bool(one and other and same_host(one, other))


def may_be(client: Optional[str], names: Sequence[Optional[str]]) -> bool:
    """Whether a client is the one of these names; where it is not told, or no name is known, it may be.

    >>> may_be("lpar7", ["lpar7.example.com", None]), may_be(None, ["lpar7"]), may_be("lpar8", ["lpar7"])
    (True, True, False)
    """
    return client is None or not any(names) or any(name and same_host(client, name) for name in names)
