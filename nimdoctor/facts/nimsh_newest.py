"""The newest thousand sessions of nimsh.log, each made when it is asked for, once."""

from functools import cached_property
from itertools import islice
from typing import Callable, Dict, Iterator, Optional, Sequence, Tuple

from nimdoctor.facts.nimsh_lines import PartLines
from nimdoctor.facts.nimsh_part import LogPart
from nimdoctor.facts.nimsh_session import Session, SessionRow
from nimdoctor.facts.nimsh_stream import SESSIONS


class NewestSessions:
    """Those of the texts of one log, the oldest text first."""

    def __init__(self, parts: Sequence[LogPart]) -> None:
        self._parts = parts
        self._made: Dict[int, Session] = {}

    def first_to_last(self, before: Optional[Session] = None) -> Iterator[Session]:
        """From the newest on, or from the one before that session on."""
        for place, (lines, row) in enumerate(self._thousand()):
            if before is None or place > before.place:
                yield self._session(place, lines, row)

    def find(self, wanted: Callable[[SessionRow], bool]) -> Optional[Session]:
        """The newest of that kind."""
        rows = enumerate(self._thousand())
        return next((self._session(place, lines, row) for place, (lines, row) in rows if wanted(row)), None)

    def rows(self) -> Iterator[SessionRow]:
        """All of them as rows, the newest first."""
        return (row for _, row in self._thousand())

    def dropped(self) -> Iterator[SessionRow]:
        """Those that the newest parts hold besides."""
        return (row for _, row in islice(self._all(), SESSIONS, None))

    @cached_property
    def may_show_starts(self) -> bool:
        """Whether any start of nimsh may be among them: most logs show none, and all would be gone through for that."""
        return any(part.may_hold(b"service handler started") for part in self._parts)

    def _all(self) -> Iterator[Tuple[PartLines, SessionRow]]:
        return (pair for part in reversed(self._parts) for pair in part.newest_first())

    def _thousand(self) -> Iterator[Tuple[PartLines, SessionRow]]:
        return islice(self._all(), SESSIONS)

    def _session(self, place: int, lines: PartLines, row: SessionRow) -> Session:
        if place not in self._made:
            self._made[place] = Session(row, lines, place)
        return self._made[place]
