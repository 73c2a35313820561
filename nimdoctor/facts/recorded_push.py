"""A push from the master, as somebody recorded it: `nim -o lslpp lpar7` and what it printed."""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.loader import LoaderComplaint, complaints
from nimdoctor.facts.operation_lines import TLS_ERROR
from nimdoctor.facts.operations import LSLPP_ROW, NO_PUSH, may_be, typed_command
from nimdoctor.model.rows import ONLY_MASTER, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_HUNG = re.compile(r"\bcreate BIO\b|^\s*\^C\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\d-])(0042-\d{3}|0513-\d{3}|0509-\d{3})(?!\d)", re.ASCII)
_SECURE = re.compile(r"\s*connect\s*=\s*nimsh \(secure\)\s*")


@fact(
    Row(
        "nim -o lslpp",
        Kind.COMMAND,
        roles=ONLY_MASTER,
        live=False,
        variants=("nim -o", "nim -Fo", "nim"),
        bears_refusal=True,
    ),
    reads_parts=True,
)
class RecordedPush(NamedTuple):
    """What the output says. `succeeded` means that the client's list of filesets came back.

    `hung` are the lines at which it stood: `create BIO`, or the operator's ^C. `messages` pairs a
    number of NIM (0042), SRC (0513) or the loader (0509) with its line; numbers survive translation.
    `object_error` are the lines of a TLS connection that failed, `client` is the last word of the command line, `secure`
    a `connect = nimsh (secure)` printed after it. `cut` says that not all of the output was given, so that a message which
    is not in it may have been printed.

    >>> push = RecordedPush.parse(Text.of('''0042-001 nim: processing error encountered on "master":
    ...    0042-006 m_lslpp: (From_Master) connect Error connecting to SSL object
    ... ''', "nim -o lslpp lpar7"))
    >>> push.client, [number for number, _ in push.messages], push.object_error[0].line, push.succeeded
    ('lpar7', ['0042-001', '0042-006'], 2, False)
    """

    source: str
    object_error: Tuple[Quote, ...]
    hung: Tuple[Quote, ...]
    messages: Tuple[Tuple[str, Quote], ...]
    client: Optional[str]
    secure: Optional[Quote] = None
    succeeded: bool = False
    others: Tuple["RecordedPush", ...] = ()
    loader: Tuple[LoaderComplaint, ...] = ()
    cut: bool = False

    @classmethod
    def parse(cls, text: Text) -> "RecordedPush":
        """Raises BadEvidence when nothing in it is a message of a push or a list of filesets."""
        typed = typed_command(text.name)
        if typed.operation in NO_PUSH:
            raise BadEvidence(f"{text.source} is `nim -o {typed.operation}`, which reaches no client")
        object_error: List[Quote] = []
        hung: List[Quote] = []
        messages: List[Tuple[str, Quote]] = []
        secure: Optional[Quote] = None
        any_text = listed = False
        for quote in text.quotes():
            line = quote.text
            any_text = any_text or bool(line.strip())
            if TLS_ERROR.search(line):
                object_error.append(quote)
            if _HUNG.search(line):
                hung.append(quote)
            messages += [(number, quote) for number in _NUMBER.findall(line)]
            if _SECURE.fullmatch(line):
                secure = quote
            listed = listed or bool(LSLPP_ROW.fullmatch(line))
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if not (object_error or hung or messages or secure or listed):
            raise BadEvidence(f"{text.source} is not the output of a push")
        failed = object_error or any(number.startswith(("0042", "0509")) for number, _ in messages)
        return cls(
            text.source,
            tuple(object_error),
            tuple(hung),
            tuple(messages),
            typed.client,
            secure,
            listed and not failed and text.is_whole,
            loader=complaints(text.quotes()),
            cut=not text.is_whole,
        )

    @classmethod
    def combine(cls, parts: Sequence["RecordedPush"]) -> "RecordedPush":
        """The first, with the rest beside it: each may have gone to another client."""
        return parts[0]._replace(others=tuple(parts[1:]))

    def every(self) -> Tuple["RecordedPush", ...]:
        """All recorded pushes, those that show the SSL object error first."""
        return tuple(sorted((self, *self.others), key=lambda push: not push.object_error))

    def may_be_to(self, names: Sequence[Optional[str]]) -> bool:
        """Whether it went to the client of these names; where it does not tell, or no name is known, it may have."""
        return may_be(self.client, names)

    def quotes(self, number: str) -> Tuple[Quote, ...]:
        """The lines that carry a message number, such as 0042-006."""
        return tuple(quote for found, quote in self.messages if found == number)

    def whole(self) -> Quote:
        """A quote that means the whole output."""
        return Quote(self.source, None, "")
