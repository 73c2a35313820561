"""Which bundles paths name: archives, evidence directories, directories that hold many of them, lists of paths.

Nothing is opened here but directories: what is damaged, or no evidence at all, shows when it is read. A link that is named
itself is followed, as `nimdoctor scan` does; one that is met on the way is not. Where what it leads to is visited
anyway it is passed over, else it is a failure, so that no bundle is lost without a word.
"""

import contextlib
import os
import stat
from typing import BinaryIO, Iterable, Iterator, List, NamedTuple, Optional, Set, Union

from nimdoctor.evidence import ARCHIVE_NAMES, UNREAD_ARCHIVES
from nimdoctor.evidence.bundles import CLIENT, HOST, MASTER
from nimdoctor.evidence.manifest import MANIFEST
from nimdoctor.evidence.recognition.naming import hinted_name
from nimdoctor.evidence.tree import NAMES
from nimdoctor.library.errors import UsageError
from nimdoctor.model.unreadable import refused
from nimdoctor.report.scan_report import UNREADABLE, Failure

_ARCHIVES = (*ARCHIVE_NAMES, *UNREAD_ARCHIVES)
"""Ends of names by which a file in a directory is a bundle; those that are not read are told as failures."""
_OF_NIM = ("/etc/niminfo", "/var/adm/ras/nimsh.log", "lsnim -l")
"""Texts by whose names loose files in a directory are known as evidence."""
_TEXTS = ("files", "commands")
"""Directories of an evidence directory, by what is in them: others have such names too."""
_TOPS = ("etc", "usr", "var", "ssl_nimsh")
_CHUNK = 1 << 16
_LONGEST = 1 << 14
"""Bytes of one path in a list: four times what systems take."""


class Bundle(NamedTuple):
    """One bundle: its path as given, or below the directory given; of a directory, `size` is the bytes of all files in it
    and `mtime_ns` the time of the newest change below it.
    """

    path: str
    size: int
    mtime_ns: int


Found = Union[Bundle, Failure]


def bundles(paths: Iterable[str]) -> Iterator[Found]:
    """Every bundle that the paths name, each path once, or why there is none; sorted within a directory, found as asked for.

    A file that is named itself is a bundle, whatever its name. In a directory these are: archives by their names, evidence
    directories, and loose files named for NIM's own texts (niminfo, nimsh.log, lsnim -l), which are one host where
    nothing else is beside them. All other files are passed over.
    """
    seen: Set[str] = set()
    for path in paths:
        for found in _named(path):
            key = _key(found.path if isinstance(found, Bundle) else found.target)
            if key not in seen:
                seen.add(key)
                yield found


def listed(stream: BinaryIO) -> Iterator[str]:
    """The paths of a list, as they are read: one a line, or parted by NULs where a NUL comes before the first is complete.

    Blank lines are none. Raises UsageError for a path of more than 16 KiB, OSError.

    >>> import io
    >>> list(listed(io.BytesIO(b"a.tgz\\n\\nb c.tgz"))), list(listed(io.BytesIO(b"a\\nb.tgz\\0c.tgz\\0")))
    (['a.tgz', 'b c.tgz'], ['a\\nb.tgz', 'c.tgz'])
    """
    rest, mark = b"", b""
    while True:
        chunk = stream.read1(_CHUNK) if hasattr(stream, "read1") else stream.read(_CHUNK)
        rest += chunk
        mark = mark or (b"\0" if b"\0" in rest else b"\n" if b"\n" in rest else b"")
        *whole, rest = rest.split(mark) if mark and chunk else [*rest.split(mark or b"\n"), b""]
        for path in (*whole, rest):
            if len(path) > _LONGEST:
                raise UsageError(f"this is no list of paths: one of more than {_LONGEST:,} bytes is in it")
        yield from (os.fsdecode(path) for path in whole if path.strip())
        if not chunk:
            return


def written(path: str) -> str:
    """A path as records hold it, which are UTF-8: a byte that is none stands as `\\xNN`, and a backslash twice.

    >>> written(os.fsdecode(b"caf\\xe9.tgz")), written("lpar7.tgz")
    ('caf\\\\xe9.tgz', 'lpar7.tgz')
    """
    doubled = path.replace("\\", "\\\\")
    try:
        raw = doubled.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no bytes of a name are read so: no system has such a path
        raw = doubled.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def path_of(text: str) -> str:
    """The path that was `written` so.

    >>> path_of("caf\\\\xe9.tgz") == os.fsdecode(b"caf\\xe9.tgz"), path_of(written("a\\\\xe9")) == "a\\\\xe9"
    (True, True)
    """
    parts = text.split("\\")
    raw = [parts[0].encode("utf-8")]
    at = 1
    while at < len(parts):
        if not parts[at] and at + 1 < len(parts):
            raw.append(b"\\" + parts[at + 1].encode("utf-8"))
            at += 2
        else:
            raw.append(bytes([int(parts[at][1:3], 16)]) + parts[at][3:].encode("utf-8"))
            at += 1
    return b"".join(raw).decode("utf-8", "surrogateescape")


def _key(path: str) -> str:
    """By what two paths are one; `..` stays, since it may lead behind a link."""
    return path if ".." in path.split("/") else os.path.abspath(path)


def _named(path: str) -> Iterator[Found]:
    try:
        state = os.stat(path)
    except FileNotFoundError:
        yield Failure(path, UNREADABLE, f"{path}: no such file or directory")
    except OSError as error:
        yield Failure(path, UNREADABLE, f"{path}: {refused(error)}")
    except ValueError:
        yield Failure(path, UNREADABLE, f"{path}: no path has a NUL in it")
    else:
        if stat.S_ISDIR(state.st_mode):
            yield from _within(path)
        elif stat.S_ISREG(state.st_mode):
            yield Bundle(path, state.st_size, state.st_mtime_ns)
        else:
            yield Failure(path, UNREADABLE, f"{path}: neither a directory nor a regular file")


def _within(top: str) -> Iterator[Found]:
    """The bundles in a directory that was named; where nothing in it is one, it is itself, and is told so when it is read."""
    found = False
    for one in _below(top):
        found = True
        yield one
    if not found:
        with contextlib.suppress(OSError):
            yield _whole(top)


def _below(top: str) -> Iterator[Found]:
    """The bundles in a directory, and in those below it, in the order of their names."""
    real = os.path.realpath(top)
    todo: List[Union[str, Found]] = [top]
    while todo:
        place = todo.pop()
        if not isinstance(place, str):
            yield place
            continue
        try:
            with os.scandir(place) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            if _is_host(entries):
                yield _whole(place)
                # no archive that lies beside the texts is read with them
                entries = [entry for entry in entries if _is_archive(entry.name)]
        except OSError as error:
            yield Failure(place, UNREADABLE, f"{place}: cannot be listed: {refused(error)}")
            continue
        todo += [found for found in (_in_directory(entry, real) for entry in reversed(entries)) if found is not None]


def _is_host(entries: List["os.DirEntry[str]"]) -> bool:
    """Whether a directory is the evidence of one host, or loose files that are. Raises OSError."""
    folders = {entry.name: entry.path for entry in entries if entry.is_dir(follow_symlinks=False)}
    if any(_holds_texts(name, folders[name]) for name in _TEXTS if name in folders):
        return True
    if any(_is_archive(entry.name) for entry in entries):
        return False
    if any(entry.name == MANIFEST for entry in entries) and set(folders) <= {*_TEXTS, CLIENT, HOST, MASTER}:
        return True
    return not folders and any(_is_loose(entry.name) for entry in entries)


def _holds_texts(name: str, place: str) -> bool:
    """Whether a directory of such a name is that of an evidence directory. Raises OSError."""
    inside = os.listdir(place)
    return any(one in _TOPS for one in inside) if name == "files" else any(map(hinted_name, inside))


def _is_archive(name: str) -> bool:
    return name.lower().endswith(_ARCHIVES)


def _is_loose(name: str) -> bool:
    return hinted_name(name) in _OF_NIM


def _in_directory(entry: "os.DirEntry[str]", top: str) -> Union[str, Found, None]:
    """A directory to go into, a bundle, a failure; None for what is none of these."""
    path = entry.path
    bundle = _is_archive(entry.name) or _is_loose(entry.name)
    try:
        if entry.is_symlink():
            return _link(path, bundle, top)
        if entry.is_dir(follow_symlinks=False):
            return path
        if not bundle:
            return None
        if not entry.is_file(follow_symlinks=False):
            return Failure(path, UNREADABLE, f"{path}: neither a directory nor a regular file")
        state = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Failure(path, UNREADABLE, f"{path}: {refused(error)}") if bundle else None
    return Bundle(path, state.st_size, state.st_mtime_ns)


def _link(path: str, bundle: bool, top: str) -> Optional[Failure]:
    real = os.path.realpath(path)
    if os.path.join(real, "").startswith(os.path.join(top, "")) and os.path.exists(real):
        return None
    if not bundle and not os.path.isdir(real):
        return None
    return Failure(
        path, UNREADABLE, f"{path}: a symbolic link, which is not followed in a directory: give {real} itself"
    )


def _whole(place: str) -> Bundle:
    """An evidence directory, as far as it can be listed, and at most as many files as are read. Raises OSError."""
    size, newest, count = 0, os.stat(place).st_mtime_ns, 0
    todo = [place]
    while todo and count < NAMES:
        with contextlib.suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                state = entry.stat(follow_symlinks=False)
                count += 1
                newest = max(newest, state.st_mtime_ns)
                if stat.S_ISDIR(state.st_mode):
                    todo.append(entry.path)
                else:
                    size += state.st_size
    return Bundle(place, size, newest)
