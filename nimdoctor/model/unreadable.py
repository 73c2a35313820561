"""What keeps a thing from being read, in words: never a fault of the host, and mostly not one that root has."""

import errno
import re

AS_ROOT = "run as root"
_MAY_NOT = (errno.EACCES, errno.EPERM)
_DENIED = re.compile(
    r"permissions? |permission denied|not permitted|not owner|not authorized|privilege|\b(?:must|only)\b.{0,40}\broot\b",
    re.IGNORECASE,
)
_DAMAGED = re.compile(r"(?:input/output|input or output|\bi/o) error", re.IGNORECASE)
_LINES, _WIDTH = 200, 400


def refused(error: OSError) -> str:
    """Why the system would not, in its own words, and who may where that is the matter.

    >>> refused(PermissionError(13, "Permission denied")), refused(OSError(5, "Input/output error"))
    ('Permission denied: run as root', 'Input/output error')
    """
    why = error.strerror or str(error)
    return f"{why}: {AS_ROOT}" if error.errno in _MAY_NOT else why


def denial(stderr: str, program: str = "") -> str:
    """The first line by which a command says that it may not or cannot read something, and what to do; else empty.

    `stderr` is what it wrote to standard error. Of a text in which that stands among the output, `program` is
    the command, and only lines that begin with its name count, as `ls: ` or `ksh: ls: `.

    >>> denial("ls: 0653-345 /ssl_nimsh/keys: Permission denied.")
    "'ls: 0653-345 /ssl_nimsh/keys: Permission denied.': run as root"
    >>> denial("Jun 1 ftpd: permission denied", "ps"), denial("ps: Not owner", "ps")
    ('', "'ps: Not owner': run as root")
    """
    if program and f"{program}: " not in stderr:
        return ""
    begins = re.compile(rf"\s*(?:[a-z]{{0,6}}sh[0-9]{{0,2}}(?:\[[0-9]+\])?: )?(?:/\S+/)?{re.escape(program)}: ")
    for line in stderr[: _LINES * _WIDTH].splitlines()[:_LINES]:
        line = line[:_WIDTH].strip()
        if program and not begins.match(line):
            continue
        if _DENIED.search(line):
            return f"{line!a}: {AS_ROOT}"
        if _DAMAGED.search(line):
            return ascii(line)
    return ""
