"""One text of nimsh.log: its newest part is read at once, what stands before that only when somebody asks."""

from datetime import datetime
from functools import cached_property
from typing import BinaryIO, Callable, List, Optional, TypeVar

from nimdoctor.facts.nimsh_lines import PartLines, first_time
from nimdoctor.facts.nimsh_session import SessionTable
from nimdoctor.facts.nimsh_stream import LARGEST, OlderPart, first_since, lines_before, newest_part, older_part
from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import BadEvidence, Text, Unreadable
from nimdoctor.model.unreadable import refused

_HEAD = 4096

Found = TypeVar("Found")


class LogPart:
    """The sessions of one text. Raises BadEvidence for one that is empty or cannot be read, or has no line that is known.

    Where the text asks for what came since some time, sessions before it are left out, by the last time in each: what was
    written after one that counts does so too, whatever its stamp. In a text without times nothing is left out.
    """

    def __init__(self, text: Text) -> None:
        try:
            with text.open() as stream:
                newest = newest_part(stream)
        except (OSError, EOFError) as error:
            reason = refused(error) if isinstance(error, OSError) else error
            raise Unreadable(f"{text.source} cannot be read: {reason}") from error
        content = without_private_keys(newest.content)
        if not content.strip() and not newest.begins:
            raise BadEvidence(f"{text.source} is empty")
        self.text = text
        self.lines = PartLines(content, text, lambda: self.before)
        self._begins = newest.begins
        self._start = newest.content[:_HEAD]
        table = SessionTable(self.lines)
        times = [self.lines.last_of(row.lines) for row in table.rows] if text.since else []
        self.dated = any(times)
        """Whether, where it was asked for what came since some time, that could be told."""
        self.rows = table.rows[_first(times, text.since) :]
        """The sessions of the newest part, oldest first."""
        self._has_older = newest.begins > 0 and len(self.rows) == len(table.rows)
        if not table.any_known and not (self.older and self.older.counts):
            raise BadEvidence(f"{text.source}: no line of it is one nimsh is known to write")

    @cached_property
    def before(self) -> Optional[int]:
        """Lines before the newest part; None where they are too many to be read, or the log has changed since."""
        return self._read(lambda stream: lines_before(stream, self._begins)) if self._begins else 0

    @cached_property
    def older(self) -> Optional[OlderPart]:
        """What of the time asked for stands before the newest part; None as in `before`."""
        return self._read(self._count) if self._has_older else OlderPart()

    @cached_property
    def first_time(self) -> Optional[datetime]:
        """The first time in the text."""
        head = self._read(lambda stream: stream.read(_HEAD)) if self._begins else b""
        return first_time(head or b"") or self.lines.first_time()

    def _count(self, stream: BinaryIO) -> OlderPart:
        since = self.text.since if self.dated else None
        start = first_since(stream, since, self._begins) if since else 0
        return older_part(stream, start, self._begins, self._start)

    def _read(self, work: Callable[[BinaryIO], Found]) -> Optional[Found]:
        """What is made of the text as it was when its newest part was read."""
        if self._begins > LARGEST:
            return None
        try:
            with self.text.open() as stream:
                found = work(stream)
                stream.seek(self._begins)
                return found if stream.read(len(self._start)) == self._start else None
        except (OSError, EOFError):
            return None


def _first(times: List[Optional[datetime]], since: Optional[datetime]) -> int:
    """The place of the first session of that time or later; 0 where no session has a time."""
    if since is None or not any(times):
        return 0
    return next((place for place, when in enumerate(times) if when and when >= since), len(times))
