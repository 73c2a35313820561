"""Raw text of a host and how a line of it is quoted.

Everything that reads or judges evidence shares these three things, so they import nothing of the
project but what keeps private keys out and the words for what cannot be read: `Text` (one file or one
command's output), `Quote` (one line of it, or the whole), and `BadEvidence`, the only error a parser raises.
"""

import enum
import functools
import io
import json
import re
from datetime import datetime
from typing import Any, BinaryIO, Callable, Iterable, Iterator, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.unreadable import refused

LINE_LIMIT = 64 * 1024
"""Bytes of one line that are kept; the rest of a longer line is dropped."""

KEPT = 1024 * 1024
"""Bytes of a text that are kept once it was read: the facts that are made of it read it one after another."""

TEXT_LIMIT = 16 * 1024 * 1024
"""Bytes of one text that are read whole; only nimsh.log is streamed beyond it."""


class BadEvidence(ValueError):
    """This text is no evidence for the fact asked of it; the message says why, in one line.

    Raised where a fact is made of others, `missing` names what would serve, in the catalog's terms.
    """

    def __init__(self, message: str, *missing: str) -> None:
        super().__init__(message)
        self.missing = missing


class Unreadable(BadEvidence):
    """The text is there and cannot be read, or not to its end; the message says why."""


class OnlyAPart(BadEvidence):
    """The text is not the whole of its source, and a part of that says nothing sure; the message says so."""


class Extent(enum.IntEnum):
    """How much of a file or of a command's output a text is; the less, the smaller.

    Nothing is absent by a text that is not whole: of an excerpt what stands before and after it is not known, of a
    filtered one neither what stood between its lines. A tail is an excerpt that goes to the end of its source, so that
    nothing newer stands behind it.
    """

    FILTERED = 0
    EXCERPT = 1
    TAIL = 2
    WHOLE = 3


class Coverage(NamedTuple):
    """What of its source a text shows: its extent, and, of a filtered one, the words each of which was asked for by
    itself (`grep WORD`), so that every line with one of them is there.

    >>> Coverage(Extent.FILTERED, ("nimsh",)).of("nimsh"), Coverage(Extent.FILTERED, ("nimsh",)).of("nimesis")
    (True, False)
    """

    extent: Extent = Extent.WHOLE
    words: Tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether what does not stand there did not stand in the source either."""
        return self.extent is Extent.WHOLE

    def of(self, word: str) -> bool:
        """Whether every line of the source that holds this word is there, so that none is missing."""
        return self.is_whole or any(asked in word for asked in self.words)

    def joined(self, other: "Coverage") -> "Coverage":
        """What both show for sure: the smaller extent, and the words that both were asked for."""
        least = min(self.extent, other.extent)
        words = [one.words for one in (self, other) if not one.is_whole]
        return Coverage(least, tuple(word for word in words[0] if word in words[-1]) if words else ())


def joined(coverages: Iterable[Coverage]) -> Coverage:
    """What several texts of one source show together, none of which is known to hold what another lacks."""
    return functools.reduce(Coverage.joined, coverages)


class Quote(NamedTuple):
    """One quoted line: where it stands and what it says.

    `source` is an absolute path, a command as typed, or a loose file's name; `line` counts from 1
    in that source and is None when the whole is meant; `text` is the line without its end.
    """

    source: str
    line: Optional[int]
    text: str


class Text:
    """One file's content or one command's output, read lazily and bounded.

    `source` is what a quote of it names; `name` is its name in the catalog's terms (the path, or
    the command as typed) and differs from `source` for loose files. `first_line` is the number of
    its first line in that source, greater than 1 for a section of a longer transcript; `numbers` has that of each line
    where they do not follow each other, as those of several lines out of one string.
    `command` is True when it is a command's output, `status` its exit status and `stderr` its standard error where
    known. `coverage` says how much of the source it is: lines may be missing or blank here because they were not collected,
    not shown or could not be read; `left_out` is how many bytes before the first line were not.
    """

    def __init__(
        self,
        source: str,
        opener: Callable[[], BinaryIO],
        *,
        name: str = "",
        first_line: int = 1,
        command: bool = False,
        status: Optional[int] = None,
        extent: Extent = Extent.WHOLE,
        words: Tuple[str, ...] = (),
        left_out: int = 0,
        stderr: str = "",
        numbers: Sequence[int] = (),
    ) -> None:
        self.source = source
        self.name = name or source
        self.first_line = numbers[0] if numbers else first_line
        self.numbers = numbers
        self.command = command
        self.status = status
        self.coverage = Coverage(extent, words)
        self.left_out = left_out
        self.stderr = stderr
        self.since: Optional[datetime] = None
        """The local time of its host from which on it is asked for; only of nimsh.log."""
        self._opener = opener
        self._raw: Optional[bytes] = None

    @classmethod
    def of(
        cls,
        content: object,
        source: str = "text",
        *,
        name: str = "",
        first_line: int = 1,
        command: bool = False,
        status: Optional[int] = None,
        extent: Extent = Extent.WHOLE,
        words: Tuple[str, ...] = (),
        stderr: str = "",
    ) -> "Text":
        """A text from a string or bytes at hand; what tests and recorded output use.

        >>> Text.of("one\\ntwo\\n", "uname -m").quote(2)
        Quote(source='uname -m', line=2, text='two')
        """
        raw = content if isinstance(content, bytes) else str(content).encode("utf-8", "surrogateescape")
        return cls(
            source,
            lambda: io.BytesIO(raw),
            name=name,
            first_line=first_line,
            command=command,
            status=status,
            extent=extent,
            words=words,
            stderr=stderr,
        )

    def number(self, index: int) -> int:
        """The number in `source` of its line with that index, from 0.

        >>> Text("case.json", lambda: io.BytesIO(b"one\\ntwo\\n"), numbers=(7, 7)).number(1)
        7
        """
        return self.numbers[index] if index < len(self.numbers) else self.first_line + index

    @property
    def extent(self) -> Extent:
        """How much of the source it is."""
        return self.coverage.extent

    @property
    def is_whole(self) -> bool:
        """Whether what does not stand here did not stand in the source either."""
        return self.coverage.is_whole

    def shortened(self, extent: Extent) -> None:
        """Says that it is no more than that of its source, whatever was thought of it."""
        if extent < self.extent:
            self.coverage = Coverage(extent)

    def open(self) -> BinaryIO:
        """A fresh binary stream of the whole, of which nothing may be quoted before `without_private_keys` has seen it.

        The caller closes it. Raises OSError.
        """
        return self._opener()

    def read(self) -> str:
        """The text decoded, at most `TEXT_LIMIT` bytes of it. Raises Unreadable."""
        return decode(self.raw())

    def raw(self) -> bytes:
        """The bytes but for private keys, at most `TEXT_LIMIT`. Raises Unreadable."""
        if self._raw is not None:
            return self._raw
        try:
            with self.open() as stream:
                raw = without_private_keys(stream.read(TEXT_LIMIT))
        except OSError as error:
            raise Unreadable(f"{self.source} cannot be read: {refused(error)}") from error
        if len(raw) <= KEPT:
            self._raw = raw
        return raw

    def lines(self) -> Iterator[Tuple[int, str]]:
        """Pairs of line number (counted in `source`) and line without its end."""
        for index, line in enumerate(split_lines(self.read())):
            yield self.number(index), line[:LINE_LIMIT]

    def quotes(self) -> Iterator[Quote]:
        """Every line as a quote."""
        source = self.source
        for index, line in enumerate(split_lines(self.read())):
            yield Quote(source, self.number(index) if self.numbers else self.first_line + index, line[:LINE_LIMIT])

    def quote(self, number: int) -> Quote:
        """The line with that number; an empty quote when there is none."""
        for found, line in self.lines():
            if found == number:
                return Quote(self.source, number, line)
        return Quote(self.source, number, "")

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def may_be_a_key(line: str) -> bool:
    """Whether a line may be a part of a key, also of one that has lost the lines that would tell."""
    return "PRIVATE KEY" in line.upper() or bool(re.search(r"[A-Za-z0-9+/=]{40}", line))


def first_words(line: str) -> str:
    """The beginning of a line for an error message, in ASCII and quotes; never what may be key material.

    >>> first_words("  ksh: lssrc:  not found."), first_words("MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ")
    ("'ksh: lssrc:  not found.'", '(not shown, it may be a key)')
    """
    if may_be_a_key(line):
        return "(not shown, it may be a key)"
    return ascii(line.strip()[:60])


def decode(raw: bytes) -> str:
    """UTF-8 where the bytes are, else ISO8859-1, the locale AIX ships with; never an error.

    >>> decode(b'verrouill\\xe9') == decode(b'verrouill\\xc3\\xa9')
    True
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("iso8859-1")


_ESCAPE = (
    r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}"  # two that are one letter
    r"|(?P<alone>u[Dd](?:[89ABDEFabdef][0-9A-Fa-f]|[Cc][0-7])[0-9A-Fa-f])|.)"
)


def from_json(raw: bytes) -> Any:
    r"""What a JSON document of a host says. Raises ValueError, RecursionError.

    Half a letter (`\ud800` alone), which no file and no stream takes, becomes U+FFFD; U+DC80 to U+DCFF stay, since they
    stand for a byte of a path that is no text.

    >>> [ascii(found) for found in from_json(b'["\\ud800", "\\ud83d\\ude00", "\\udce4", "\\\\ud800"]')]
    ["'\\ufffd'", "'\\U0001f600'", "'\\udce4'", "'\\\\ud800'"]
    """
    text = decode(raw).lstrip("\ufeff")
    if "\\ud" in text or "\\uD" in text:
        # compiled where there is one, which few documents have
        text = re.sub(_ESCAPE, lambda found: "\\ufffd" if found["alone"] else found.group(), text, flags=re.DOTALL)
    return json.loads(text)


def split_lines(text: str) -> Iterator[str]:
    """The lines of a text, ended by LF or CR LF only (form feeds and NEL stay inside a line)."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        if end < 0:
            end = len(text)
        line = text[start:end]
        yield line[:-1] if line.endswith("\r") else line
        start = end + 1
