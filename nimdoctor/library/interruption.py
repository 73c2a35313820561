"""What Ctrl-C, a kill and a lost terminal mean: to what only reads, and while a host is being changed."""

import contextlib
import signal
import threading
from types import TracebackType
from typing import Any, Callable, Dict, Optional, Type

HERE = "the step under way is finished first, then what can be undone is; once more ends it at once"
THERE = "what was begun on the host goes on there, and is no longer followed"


class Interruption:
    """While it is entered, a first Ctrl-C or kill is only noted, so that the step under way is finished; a second
    one ends it at once. A lost terminal (SIGHUP) stops nothing: what was begun goes on to its end.

    Call it to learn whether somebody interrupted. `say` is told of the first one, with `words` of what it brings about.
    """

    def __init__(self, say: Callable[[str], None], words: str = HERE) -> None:
        self.say = say
        self.words = words
        self.noted = False
        self._former: Dict[int, Any] = {}

    def __call__(self) -> bool:
        return self.noted

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._note)
            self._former[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: object) -> None:
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True
        with contextlib.suppress(RuntimeError):  # it may have come in the midst of writing
            self.say(f"interrupted: {self.words}")


def nothing() -> None:
    """Nothing to restore."""


def end_like_ctrl_c() -> Callable[[], None]:
    """Makes a hangup or a plain kill end the running command too; gives what undoes this."""
    if threading.current_thread() is not threading.main_thread():
        return nothing

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    # what was told to be ignored (nohup) stays ignored
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, interrupt)

    def restore() -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    return restore
