"""What the one file begins with: it runs out of its unpacked and compiled copy, where that is there and whole.

Out of the zip most of a scan's time is spent on compiling. The copy of nimdoctor-SHA.pyz is nimdoctor-SHA.d beside it:
every member as it is, the code of each compiled by the Python that unpacked it, and a list of what was compiled. Before
each run all of it is compared with the zip's directory and that list; what differs is said and left alone, and the zip
runs as it is. This is a member of the zip of its own, since nothing of nimdoctor may be imported before it is done.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import py_compile
import shutil
import stat
import sys
import zipfile
import zlib
from typing import Dict, Iterator, List, Sequence, Tuple

UNPACK = "unpack"
"""The one word that the file is started with where it is to unpack itself; any other is only for who looks at processes."""
COMPILED = "compiled"
"""The list in the copy: the sha256 of the rest, then [size, CRC] of each compiled file by its name, as JSON."""
ROOM = 64 << 20
"""Bytes that must be free where it lies: the copy has some seven millions, and what a repair keeps comes first."""

Sums = Dict[str, Tuple[int, int]]
"""Size and CRC by the name of a file."""


class Differs(Exception):
    """The copy is not what was unpacked; the message names the first thing that is not."""


def begin(archive: str, words: Sequence[str]) -> None:
    """Has the rest imported from the copy, or ends the process where the file is to unpack itself."""
    if list(words) == [UNPACK]:
        sys.exit(unpack(archive))
    tree = copy_of(archive)
    if not os.path.lexists(tree):
        return
    try:
        compare(archive, tree)
    except (Differs, OSError) as error:
        says = f"{tree} is not used, since it is not what was unpacked there: {error}; find out why, then remove it"
        sys.stdout.write(json.dumps({"schema": "nimdoctor.progress/1", "says": says}) + "\n")
        sys.stdout.flush()
        return
    sys.dont_write_bytecode = True
    sys.path[0] = tree


def copy_of(archive: str) -> str:
    """Where the copy of that file lies."""
    return os.path.splitext(archive)[0] + ".d"


def unpack(archive: str) -> int:
    """Makes the copy, whole or not at all; gives the exit status. One that is there is left as it is."""
    tree = copy_of(archive)
    above = os.path.dirname(tree)
    room = os.statvfs(above)
    if os.path.lexists(tree) or room.f_bavail * room.f_frsize < ROOM:
        return 0
    os.umask(0o077)
    new = f"{above}/.new-tree-{os.getpid()}"
    shutil.rmtree(new, ignore_errors=True)
    try:
        os.mkdir(new)
        _fill(new, archive, tree)
        os.sync()
        with contextlib.suppress(FileExistsError):  # where somebody else was faster with the same
            os.rename(new, tree)
    except OSError as error:
        if not os.path.lexists(tree):
            sys.stderr.write(f"{tree} cannot be made: {error.strerror or error}\n")
            return 1
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return 0


def _fill(new: str, archive: str, tree: str) -> None:
    compiled: Dict[str, Tuple[int, int]] = {}
    with zipfile.ZipFile(archive) as carried:
        for name in carried.namelist():
            path = f"{new}/{name}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as stream:
                stream.write(carried.read(name))
            if name.endswith(".py"):
                code = importlib.util.cache_from_source(path)
                unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
                py_compile.compile(path, code, f"{tree}/{name}", doraise=True, invalidation_mode=unchecked)
                compiled[os.path.relpath(code, new)] = sums_of(code)
    rest = json.dumps(compiled, sort_keys=True).encode("ascii")
    with open(f"{new}/{COMPILED}", "xb") as stream:
        stream.write(hashlib.sha256(rest).hexdigest().encode("ascii") + b"\n" + rest)


def compare(archive: str, tree: str) -> None:
    """Raises Differs, OSError."""
    with zipfile.ZipFile(archive) as carried:
        expected: Sums = {one.filename: (one.file_size, one.CRC) for one in carried.infolist()}
    expected.update(_compiled(f"{tree}/{COMPILED}"))
    for name in _files(tree, ""):
        if name != COMPILED and expected.pop(name, None) != sums_of(f"{tree}/{name}"):
            raise Differs(f"{name} is not as it was")
    for name in expected:
        raise Differs(f"{name} is gone")


def _compiled(path: str) -> Sums:
    with open(path, "rb") as stream:
        digest, _, rest = stream.read().partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode("ascii") != digest:
        raise Differs(f"{COMPILED} is not as it was")
    return {name: (size, crc) for name, (size, crc) in json.loads(rest).items()}


def _files(directory: str, above: str) -> Iterator[str]:
    """Names of all files below a directory, none of which others may write. Raises Differs, OSError."""
    _must_be_own(os.lstat(directory), above or ".", stat.S_IFDIR)
    inside: List[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            name = above + entry.name
            if entry.is_dir(follow_symlinks=False):
                inside.append(entry.name)
            else:
                _must_be_own(entry.stat(follow_symlinks=False), name, stat.S_IFREG)
                yield name
    for name in inside:
        yield from _files(f"{directory}/{name}", f"{above}{name}/")


def _must_be_own(found: os.stat_result, name: str, kind: int) -> None:
    if stat.S_IFMT(found.st_mode) != kind or (kind == stat.S_IFREG and found.st_nlink != 1):
        raise Differs(f"{name} is no {'regular file of one name' if kind == stat.S_IFREG else 'directory'}")
    if found.st_uid not in (0, os.geteuid()) or stat.S_IMODE(found.st_mode) & 0o077:
        raise Differs(f"{name} is not root's alone")


def sums_of(path: str) -> Tuple[int, int]:
    """Size and CRC of a file. Raises OSError."""
    with open(path, "rb") as stream:
        content = stream.read()
    return len(content), zlib.crc32(content)
