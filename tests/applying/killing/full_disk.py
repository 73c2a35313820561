"""A disk that is full from some write on."""

import errno
import os
import stat
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

from effort import EVERYTHING, FEWER

from nimdoctor.library.repair import Repair

from .children import Ended, nimdoctor
from .clones import Point, branches_of
from .exploring import Exploration
from .judging import Crashed
from .staging import FIRST, WITHOUT_SCANS_AFTER

GOOD = ("complete", "applied-unverified")
UNWRITTEN = ("running", "rolling-back")
"""States of a run whose end could not be written down."""


class FullDisk(Exploration):
    """The same for a disk that is full from some write on; removing files makes room again."""

    ONE_IN = 1

    def _seeds(self, points: Sequence[Point]) -> Iterator[Crashed]:
        told, tells = os.pipe()
        self.camera.restore(self.first)
        nimdoctor(self._apply(), lambda: small_disk(1 << 40, lambda size: os.write(tells, b"%d\n" % size)))
        os.close(tells)
        with os.fdopen(told) as stream:
            sizes = [int(line) for line in stream]
        self.camera.restore(self.first)
        apply = Repair.apply

        def ways(*args: Any) -> Iterator[Any]:
            used = 0
            for number, size in enumerate(sizes):
                used += size
                if FEWER and number % 4:
                    continue
                for greedy in (False, True) if EVERYTHING or number % 2 == 0 else (True,):

                    def act(room: int = used - 1, greedy: bool = greedy) -> Any:
                        small_disk(room, greedy=greedy)
                        return apply(*args)

                    yield (number, greedy), act

        # a scan and a plan write nothing
        for (number, greedy), ended in branches_of(self._apply(), self.camera, Repair, "apply", ways):
            taken = ", and somebody else takes what is freed" if greedy else ""
            yield self._judged(ended, greedy, (f"the disk full at write {number + 1} of {len(sizes)}{taken}",))

    def _judged(self, ended: Ended, greedy: bool, history: Tuple[str, ...]) -> Crashed:
        scene = self.scene()
        self.counts["failed"] += 1
        told = scene.told("client", FIRST) if FIRST in scene.runs("client") else None
        if told is None:
            first = self.scene(self.first)
            for end in ("client", "master"):
                self._same(history, scene.view(end), first.view(end), f"the {end} after a refusal")
            if ended.status != 1 or "No space left on device" not in ended.err:
                self.blame(history, f"ended with {ended.status}: {ended.out}{ended.err}")
        elif not told.started or told.state not in UNWRITTEN * greedy + ("restored", "stopped", *GOOD):
            self.blame(history, f"ended with {ended.status} as {told}: {ended.out}{ended.err}")
        elif told.state not in UNWRITTEN:
            self._judge_failed(self.scene(), ended, history)
        return Crashed(scene.image, history, 1, undone=True)


def small_disk(room: int, tell: Callable[[int], Any] = lambda size: None, greedy: bool = False) -> None:
    """Leaves so many bytes for nimdoctor's files; what is removed makes room for as much, unless others are greedy."""
    from nimdoctor.applying import state

    write, unlink, whole = os.write, os.unlink, state.write_whole
    left = [room]

    def take(size: int, path: str = "") -> None:
        tell(size)
        if size > left[0]:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        left[0] -= size

    def writing(descriptor: int, content: Any) -> int:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            take(len(content))
        return write(descriptor, content)

    def unlinking(path: Any, *, dir_fd: Optional[int] = None) -> None:
        size = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_size
        unlink(path, dir_fd=dir_fd)
        left[0] += 0 if greedy else size

    def writing_whole(path: str, content: bytes, *more: Any) -> None:
        take(len(content), path)
        whole(path, content, *more)

    WITHOUT_SCANS_AFTER.start()
    os.write, os.unlink, state.write_whole = writing, unlinking, writing_whole  # type: ignore[assignment]
