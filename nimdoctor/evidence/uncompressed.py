"""Files of AIX `compress` (.Z), unpacked by a program of this host: Python's library does not know LZW."""

import errno
import shutil
import tempfile
from typing import IO, List, Tuple

from nimdoctor.evidence.files import open_regular
from nimdoctor.system.command import PROGRAM_PATH, run

DEADLINE = 300.0
"""Seconds for all of it; a GiB takes some ten."""
_PROGRAMS: Tuple[Tuple[str, ...], ...] = (("uncompress", "-c"), ("gzip", "-dc"))
"""What AIX has, and what also reads such files."""


class NotUncompressed(Exception):
    """Why there is no content; the message says what to do."""


class TooMuch(Exception):
    """It holds more than the limit."""


def uncompressed(path: str, limit: int) -> IO[bytes]:
    """The content, at its beginning, in a temporary file without a name that goes when it is closed.

    The program reads the opened file as its standard input: the path is never one of its arguments.
    Raises NotUncompressed, TooMuch, and OSError for the file itself.
    """
    argv = next(
        ([found, *words[1:]] for words in _PROGRAMS for found in [shutil.which(words[0], path=PROGRAM_PATH)] if found),
        None,
    )
    if argv is None:
        raise NotUncompressed("neither uncompress nor gzip is on this host: unpack it elsewhere, give the directory")
    with open_regular(path) as packed:
        content = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller
        try:
            _fill(content, argv, packed, limit)
        except BaseException:
            content.close()
            raise
    content.seek(0)
    return content


def _fill(content: IO[bytes], argv: List[str], packed: IO[bytes], limit: int) -> None:
    try:
        ended = run(argv, timeout=DEADLINE, stdin_file=packed, stdout_file=content, limit=limit)
        content.flush()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        place = tempfile.gettempdir()
        raise NotUncompressed(f"no room in {place} for what it holds: set TMPDIR to a directory with room") from None
    if ended.flooded:
        raise TooMuch
    if ended.timed_out:
        raise NotUncompressed(f"{argv[0]} did not end within {DEADLINE:g} s: unpack it and give the directory")
    if ended.error or ended.status != 0:
        words = ascii((ended.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1])[1:-1][:200]
        reason = ended.error or words or f"exit status {ended.status}"
        raise NotUncompressed(f"is damaged, or no file of compress: {argv[0]}: {reason}: unpack it, give the directory")
