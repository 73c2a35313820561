"""A tree of files as one archive, the same bytes each time it is made of the same tree."""

import contextlib
import errno
import gzip
import io
import os
import tarfile
from datetime import datetime, timezone
from typing import Any, BinaryIO, Iterator, Optional

from nimdoctor.evidence.manifest import MANIFEST, Manifest, parse_manifest
from nimdoctor.evidence.tree import Tree
from nimdoctor.model.text import TEXT_LIMIT
from nimdoctor.model.wording import as_file_name
from nimdoctor.system.atomic import whole

ENDINGS = (".tar", ".tar.gz", ".tgz")
"""How the name of an archive may end; the last two are compressed."""


def write_archive(tree: Tree, path: str, collected: int, folder: str = "") -> None:
    """Writes the tree's files and directories, below `folder` where one is given, with mode 0600.

    It appears whole or not at all; a link or a directory in its place is refused. `collected`, in seconds since 1970,
    is the time of every member: that of the evidence, so that the archive is the same whenever it is made.
    Raises OSError, also when something of the tree cannot be read, and ValueError for an unknown ending.
    """
    if not path.endswith(ENDINGS):
        raise ValueError(f"{path} ends in none of {', '.join(ENDINGS)}")
    if os.path.islink(path):
        raise OSError(errno.ELOOP, "it is a symbolic link", path)
    with whole(path) as stream, _packed(stream, path) as packed:
        archive = tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT)
        above = folder.strip("/") + "/" if folder else ""
        directories = {above + name for name in tree.directories()} | ({above[:-1]} if above else set())
        for name in sorted(directories | {above + name for name in tree.names()}):
            member = tarfile.TarInfo(name)
            member.mtime = max(0, collected)
            if name in directories:
                member.type, member.mode = tarfile.DIRTYPE, 0o700
                archive.addfile(member)
                continue
            member.mode = 0o600
            _add(archive, member, tree, name[len(above) :])
        archive.close()


def _add(archive: tarfile.TarFile, member: tarfile.TarInfo, tree: Tree, name: str) -> None:
    member.size = tree.size(name)
    with tree.open(name) as content:
        archive.addfile(member, _Exactly(content, member.size))
        if content.read(1):
            raise OSError(errno.EIO, "it grew while it was read", name)


class _Exactly(io.RawIOBase):
    """A stream that must hold so many bytes: an archive whose member is shorter than it says cannot be read."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        super().__init__()
        self._stream, self._left = stream, size

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(content)
        if not content and self._left:
            raise OSError(errno.EIO, "it became shorter while it was read")
        return content


@contextlib.contextmanager
def _packed(stream: BinaryIO, path: str) -> Iterator[Any]:
    if path.endswith(".tar"):
        yield stream
        return
    # neither a time nor a name in the header
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as packed:
        yield packed


def manifest_of(tree: Tree) -> Manifest:
    """What the tree's manifest says; an empty one where it has none. Raises OSError, TargetError."""
    try:
        with tree.open(MANIFEST) as stream:
            return parse_manifest(stream.read(TEXT_LIMIT), "this collection")
    except FileNotFoundError:
        return Manifest()


def archive_name(host: Optional[str], collected: int, ending: str = ".tar.gz", kind: str = "nimdoctor") -> str:
    """The name an archive has unless another is wanted.

    >>> archive_name("lpar7", 1741946704)
    'lpar7.nimdoctor.20250314T100504Z.tar.gz'
    >>> archive_name("../etc/x", 1741946704)
    '_.._etc_x.nimdoctor.20250314T100504Z.tar.gz'
    """
    return f"{as_file_name(host or 'host')[:80]}.{kind}.{datetime.fromtimestamp(collected, timezone.utc):%Y%m%dT%H%M%SZ}{ending}"
