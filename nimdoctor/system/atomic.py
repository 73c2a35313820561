"""Writing a file so that it appears whole or not at all, and follows no link."""

import contextlib
import errno
import os
from typing import BinaryIO, Callable, Iterator, Tuple


def write_whole(path: str, content: bytes, mode: int = 0o600) -> None:
    """Writes beside the target and renames; a link in its place is replaced, not followed.

    Raises OSError; then nothing is left behind.
    """
    with whole(path, mode) as stream:
        stream.write(content)


@contextlib.contextmanager
def whole(path: str, mode: int = 0o600) -> Iterator[BinaryIO]:
    """As `write_whole`, for what is written piece by piece: the file appears when the block ends without an error."""
    with begun(path, mode) as (stream, appear):
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
        appear()


@contextlib.contextmanager
def begun(path: str, mode: int = 0o600) -> Iterator[Tuple[BinaryIO, Callable[[], None]]]:
    """A file beside the target, and what puts it in the target's place; as long as that was not called it is not kept."""
    directory, name = os.path.split(os.path.abspath(path))
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "it is a directory", path)
    if _of_devices(os.path.realpath(directory)) or (os.path.exists(path) and not os.path.isfile(path)):
        # renaming onto /dev/null or /dev/stdout would replace it, and root may
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    _refuse_planted(directory)
    partial = os.path.join(directory, f".{name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream, lambda: os.replace(partial, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def append_whole(descriptor: int, end: int, content: bytes) -> int:
    """Writes it where the file ends, or nothing of it; gives where it ends now. Raises OSError."""
    written = 0
    try:
        while written < len(content):
            written += os.pwrite(descriptor, content[written:], end + written)
    except BaseException:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, end)
        raise
    return end + written


def _of_devices(directory: str) -> bool:
    """Whether it is /dev or below it; /dev/shm of Linux holds files like any other file system."""
    return f"{directory}/".startswith("/dev/") and not f"{directory}/".startswith("/dev/shm/")


def _refuse_planted(directory: str) -> None:
    """Raises OSError where the way there leads over a link that another user put where all may write, as into /tmp.

    Linux does not follow such links for root by itself, AIX does.
    """
    here, links = os.sep, 0
    waiting = directory.split(os.sep)[::-1]
    while waiting:
        part = waiting.pop()
        place = os.path.normpath(os.path.join(here, part))
        if not os.path.islink(place):
            here = place
            continue
        links += 1
        if os.stat(here).st_mode & 0o002 and os.lstat(place).st_uid not in (0, os.geteuid()):
            raise OSError(errno.ELOOP, f"{place} is a link of another user in a directory that all may write to")
        if links > 40:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), directory)
        target = os.readlink(place)
        here = os.sep if os.path.isabs(target) else here
        waiting += target.split(os.sep)[::-1]
