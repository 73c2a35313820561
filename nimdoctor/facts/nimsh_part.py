"""One text of nimsh.log: its newest part is read at once, what stands before that only when somebody asks."""

from datetime import datetime
from functools import cached_property
from typing import BinaryIO, Callable, Iterator, Optional, Tuple, TypeVar

from nimdoctor.facts.nimsh_lines import PartLines, first_time
from nimdoctor.facts.nimsh_session import SessionRow, SessionTable
from nimdoctor.facts.nimsh_stream import LIMITS, Limits, OlderPart, first_since, lines_before, newest_part, older_part
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import BadEvidence, Text, Unreadable
from nimdoctor.model.unreadable import refused

_TIMES = 6
"""By how much more is looked at where what was looked at first does not do."""
_HEAD = 4096

Found = TypeVar("Found")


class LogPart:
    """The sessions of one text. Raises BadEvidence for one that is empty or cannot be read, or has no line that is known.

    Where the text asks for what came since some time, sessions before it are left out, by the last time in each: what was
    written after one that counts does so too, whatever its stamp. In a text without times nothing is left out.
    """

    def __init__(self, text: Text, limits: Limits = LIMITS) -> None:
        try:
            with text.open() as stream:
                newest = newest_part(stream, limits.window)
        except (OSError, EOFError) as error:
            reason = refused(error) if isinstance(error, OSError) else error
            raise Unreadable(f"{text.source} cannot be read: {reason}") from error
        self.text = text
        self._limits = limits
        self.dated = False
        """Whether, where it was asked for what came since some time, that could be told."""
        self._content = without_private_keys(newest.content)
        if not self._content.strip() and not newest.begins:
            raise BadEvidence(f"{text.source} is empty")
        self._begins = newest.begins
        self._start = newest.content[:_HEAD]
        self._has_older = newest.begins > 0
        self._size = limits.first
        self._all = PartLines(self._content, text, lambda: self.before)
        known = self._take()
        while not known and self._more():
            known = self._take()
        if not known and not (self.older and self.older.counts):
            raise BadEvidence(f"{text.source}: no line of it is one nimsh is known to write")

    def newest_first(self) -> Iterator[Tuple[PartLines, SessionRow]]:
        """The sessions of the newest part with the lines that they stand in, as many as somebody looks at."""
        given = 0
        while True:
            while given < len(self._rows):
                given += 1
                yield self._lines, self._rows[-given]
            if not self._more():
                return
            self._take()

    def _more(self) -> bool:
        """Whether there is more to take; then the next time more is taken."""
        if self._size >= len(self._content):
            return False
        self._size *= _TIMES
        return True

    def _take(self) -> bool:
        """Makes the table of the end of the newest part; whether any line of it is known."""
        # what came since some time begins with the oldest session of that time
        size = len(self._content) if self.text.since else self._size
        cut = self._content.find(b"\n", len(self._content) - size) + 1 if size < len(self._content) else 0
        if not cut:
            self._size, self._lines = len(self._content), self._all
            table = SessionTable(self._all)
        else:
            self._lines = PartLines(self._content[cut:], self.text, lambda: self._lines_before(cut))
            table = SessionTable(self._lines, continued=True)
        self._rows = [] if table.sure is None else table.rows[table.sure :]
        if self.text.since:
            self._leave_out(self.text.since)
        return table.any_known

    def _leave_out(self, since: datetime) -> None:
        times = [self._lines.last_of(row.lines) for row in self._rows]
        self.dated = any(times)
        if self.dated:
            first = next((place for place, when in enumerate(times) if when and when >= since), len(times))
            self._rows = self._rows[first:]
            self._has_older = self._has_older and not first

    def _lines_before(self, cut: int) -> Optional[int]:
        return None if self.before is None else self.before + self._content.count(b"\n", 0, cut)

    @property
    def lines(self) -> Optional[int]:
        """How many there are; None as in `before`."""
        return None if self.before is None else self.before + self._all.count()

    @cached_property
    def last_time(self) -> Optional[datetime]:
        """The last time in the text."""
        return self._all.last_time()

    def may_hold(self, words: bytes) -> bool:
        """Whether the newest part has words, given in small letters."""
        return words in self._content.lower()

    @cached_property
    def before(self) -> Optional[int]:
        """Lines before the newest part; None where they are too many to be read, or the log has changed since."""
        return self._read(lambda stream: lines_before(stream, self._begins, self._limits.chunk)) if self._begins else 0

    @cached_property
    def older(self) -> Optional[OlderPart]:
        """What of the time asked for stands before the newest part; None as in `before`."""
        return self._read(self._count) if self._has_older else OlderPart()

    @cached_property
    def first_time(self) -> Optional[datetime]:
        """The first time in the text."""
        head = self._read(lambda stream: stream.read(_HEAD)) if self._begins else b""
        return first_time(head or b"") or self._all.first_time()

    def _count(self, stream: BinaryIO) -> OlderPart:
        since = self.text.since if self.dated else None
        start = first_since(stream, since, self._begins) if since else 0
        return older_part(stream, start, self._begins, self._start, self._limits.chunk)

    def _read(self, work: Callable[[BinaryIO], Found]) -> Optional[Found]:
        """What is made of the text as it was when its newest part was read."""
        if self._begins > self._limits.largest:
            return None
        try:
            with self.text.open() as stream:
                found = work(stream)
                stream.seek(self._begins)
                return found if stream.read(len(self._start)) == self._start else None
        except (OSError, EOFError):
            return None
