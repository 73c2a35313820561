"""The journals of one run: that of the target's state directory, written first and believed, and the other end's."""

import contextlib
from typing import Any, Callable, Dict, List, Optional, Sequence

from nimdoctor.applying.journal import Journal
from nimdoctor.applying.runs import Run, catch_up
from nimdoctor.applying.state import RunDirectory

Say = Callable[[str], None]


class RunJournals:
    """Opened for appending; a context that closes them and gives their reserves up.

    `directories` are the run's, the leading one first. Raises Refused, OSError.
    """

    def __init__(self, directories: Sequence[RunDirectory], say: Say = lambda line: None) -> None:
        self.directories = tuple(directories)
        self.say = say
        self._journals: List[Journal] = []
        try:
            for directory in self.directories:
                self._journals.append(directory.journal())
        except BaseException:
            self.close()
            raise

    def begin(self, **start: Any) -> None:
        """The first record of a run, with room set aside for its last one. Raises OSError."""
        for journal in self._journals:
            journal.reserve()
        for number, journal in enumerate(self._journals):
            journal.append("start", None, **start, led_by=self.directories[0].path if number else None)

    def take_up(self) -> None:
        """Before a run goes on: the other journal gets what a crash kept from it, and room is set aside if there is any.

        Raises Refused, OSError.
        """
        leading = self._journals[0]
        run = Run(self.directories[0].name, self.directories[0], leading.records)
        for number, directory in enumerate(self.directories[1:], 1):
            self._journals[number].close()
            catch_up(directory, run)
            self._journals[number] = directory.journal()
        for journal in self._journals:
            with contextlib.suppress(OSError):
                journal.reserve()

    def append(self, event: str, step: Optional[str] = None, **more: Any) -> None:
        """A record without which nothing may be done. Raises OSError."""
        for journal in self._journals:
            journal.append(event, step, **more)

    def conclude(self, event: str, step: Optional[str] = None, **more: Any) -> None:
        """The last record: the leading journal must take it, the others get it later. Raises OSError."""
        leading, *others = self._journals
        leading.append(event, step, **more)
        self._note(others, event, step, more)

    def note(self, event: str, step: Optional[str] = None, **more: Any) -> bool:
        """A record of putting back: a journal that takes no more must not keep a host from that. Whether all took it."""
        return self._note(self._journals, event, step, more)

    def _note(self, journals: Sequence[Journal], event: str, step: Optional[str], more: Dict[str, Any]) -> bool:
        taken = True
        for journal in journals:
            try:
                journal.append(event, step, **more)
            except OSError as error:
                taken = False
                self.say(f"the journal {journal.path} cannot be written: {error}")
        return taken

    def close(self) -> None:
        """Never raises."""
        for journal in self._journals:
            with contextlib.suppress(OSError):
                journal.release()
            with contextlib.suppress(OSError):
                journal.close()

    def __enter__(self) -> "RunJournals":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
