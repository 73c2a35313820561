"""What a stat result says of a file: its kind, whether it is the same one, whether it has more than a mode."""

import os
import stat
import sys
from typing import NamedTuple, Tuple

_EXTENDED_ACL = 0x02000000
"""S_IXACL in AIX's <sys/mode.h>: the file has an access control list, which its copy would lack."""


class Stat(NamedTuple):
    """What stands at a path, a link itself and not what it names. `mode` holds the permission bits
    with setuid, setgid and sticky; `size` is in bytes, `mtime_ns` in nanoseconds since 1970 UTC.
    """

    kind: str
    """file, dir, link or other"""
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    ino: int
    dev: int
    nlink: int
    access_list: bool = False


def has_access_list(found: os.stat_result) -> bool:
    """Whether AIX keeps an access control list beside the mode."""
    return sys.platform.startswith("aix") and bool(found.st_mode & _EXTENDED_ACL)


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether both are one file, under whatever names."""
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def identity(found: os.stat_result) -> Tuple[int, ...]:
    """What changes when anybody changes the file, or puts another in its place."""
    return (
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


def kind_of(found: os.stat_result) -> str:
    """file, dir, link or other."""
    for test, word in ((stat.S_ISREG, "file"), (stat.S_ISDIR, "dir"), (stat.S_ISLNK, "link")):
        if test(found.st_mode):
            return word
    return "other"


def in_words(found: os.stat_result) -> str:
    """What it is, as messages say it."""
    for test, words in (
        (stat.S_ISREG, "a regular file"),
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(found.st_mode):
            return words
    return "a device"
