"""What a run of the suite takes over from whoever started it, and what it leaves when it ends: no process."""

import contextlib
import ctypes
import os
import signal
from types import FrameType
from typing import Container, Optional

import psutil

_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of Linux' prctl(2)."""


def answer_signals() -> None:
    """What this process starts does not ignore the signals that nohup or a shell's `&` has this one ignore.

    What a process ignores stays ignored across exec, what it handles does not.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _pass_over)


def _pass_over(number: int, frame: Optional[FrameType]) -> None:
    pass


def adopt() -> None:
    """Has all that descends from this process stay its descendant, whoever in between ends; on Linux alone."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def bury(own: Container[int]) -> None:
    """Forgets adopted processes that have ended, which tests take for living ones; those of `own` somebody waits for."""
    with contextlib.suppress(ChildProcessError):
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_pid in own:
                return
            os.waitpid(ended.si_pid, 0)


def end_descendants() -> None:
    """Kills all that descends from this process, in whatever session it is."""
    while True:
        found = psutil.Process().children(recursive=True)
        if not found:
            return
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        # each that goes may leave children of its own here
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
