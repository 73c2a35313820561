"""What somebody attached to a case: files, and what stands in the archives and compressed files among them."""

import contextlib
import gzip
import io
import shutil
import struct
import tempfile
from typing import BinaryIO, Callable, Dict, List, Sequence, Set

from nimdoctor.evidence.archive import archive_kind, open_archive
from nimdoctor.evidence.archive_limits import MEMBER_SIZE, MEMBERS, TOTAL_SIZE, shown
from nimdoctor.evidence.archive_tree import MemberStream
from nimdoctor.evidence.source import TargetError
from nimdoctor.evidence.tree import Tree, unlisted

NESTED = 2
"""How deep archives in archives are looked into."""
_PACKED = (b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"\x1f\x9d", b"070701", b"070702", b"070707")
_MAGIC_TAR = b"ustar"


class Attachments:
    """A tree in which an archive is a folder, and a file that gzip made is the file in it.

    What an archive holds counts for all the archives of the tree together; one that is damaged, or beyond a limit, stays
    closed and is named in `remarks`.
    """

    def __init__(self, tree: Tree) -> None:
        self.remarks: List[str] = []
        self._tree = tree
        self._held: List[Tree] = [tree]
        self._openers: Dict[str, Callable[[], BinaryIO]] = {}
        self._sizes: Dict[str, int] = {}
        self._directories: Set[str] = set(tree.directories())
        self._members = self._bytes = 0
        try:
            self._add(tree, "", NESTED)
        except BaseException:
            self.close()
            raise

    def names(self) -> Sequence[str]:
        """All files."""
        return list(self._openers)

    def directories(self) -> Sequence[str]:
        """All directories, archives included."""
        return sorted(self._directories)

    @property
    def unlisted(self) -> Dict[str, str]:
        """Directories that cannot be listed, and why."""
        return dict(unlisted(self._tree))

    def open(self, name: str) -> BinaryIO:
        """Raises OSError."""
        if name not in self._openers:
            return self._tree.open(name)
        return self._openers[name]()

    def size(self, name: str) -> int:
        """Raises OSError."""
        return self._sizes[name] if name in self._sizes else self._tree.size(name)

    def close(self) -> None:
        """Closes the tree and the archives in it."""
        for tree in reversed(self._held):
            tree.close()

    def _add(self, tree: Tree, folder: str, depth: int) -> None:
        for name in tree.names():
            if not depth or not self._unpacked(tree, name, folder + name, depth):
                self._openers[folder + name] = lambda name=name: tree.open(name)  # type: ignore[misc]
                with contextlib.suppress(OSError):
                    self._sizes[folder + name] = tree.size(name)
        self.remarks += [folder + remark if folder else remark for remark in tree.remarks]

    def _unpacked(self, tree: Tree, name: str, path: str, depth: int) -> bool:
        """Whether what that file holds was taken in, or is known to be out of reach."""
        try:
            with tree.open(name) as stream:
                if not _may_be_packed(stream.read(512)):
                    return False
            with tempfile.NamedTemporaryFile(prefix="nimdoctor-", suffix=_ending(name)) as packed:
                self._bytes += tree.size(name)
                if tree.size(name) > MEMBER_SIZE or self._bytes > TOTAL_SIZE:
                    raise TargetError(f"{path}: refused, more than 256 MiB, or than 1 GiB of archives in all")
                with tree.open(name) as stream:
                    shutil.copyfileobj(stream, packed)
                packed.flush()
                kind = archive_kind(packed.name)
                if kind is None:
                    return self._inflated(tree, name, path)
                inside = open_archive(packed.name, kind, shown(path))
            self._held.append(inside)
            self._members += len(inside.names())
            self._bytes += sum(inside.size(member) for member in inside.names())
            if self._members > MEMBERS or self._bytes > TOTAL_SIZE:
                raise TargetError(f"{path}: refused, more than {MEMBERS:,} files or 1 GiB in the archives together")
        except TargetError as error:
            self.remarks.append(f"given but not read: {error}")
            return False
        except OSError:
            return False  # whoever reads it says so
        self._directories |= {path, *(f"{path}/{directory}" for directory in inside.directories())}
        self._add(inside, path + "/", depth - 1)
        return True

    def _inflated(self, tree: Tree, name: str, path: str) -> bool:
        """Takes in a single file that gzip made, as the log rotation of many sites does."""
        with tree.open(name) as stream:
            if stream.read(2) != b"\x1f\x8b":
                return False
            stream.seek(max(0, tree.size(name) - 4))
            declared = stream.read(4)
        size = struct.unpack("<I", declared)[0] if len(declared) == 4 else 0
        if size > MEMBER_SIZE:
            raise TargetError(f"{path}: refused, more than 256 MiB as decompressed")
        plain = path[:-3] if path.lower().endswith(".gz") else path
        self._openers[plain] = lambda: io.BufferedReader(
            MemberStream(gzip.GzipFile(fileobj=tree.open(name)), 0, size, owned=True), 65536
        )
        self._sizes[plain] = size
        return True


def _may_be_packed(start: bytes) -> bool:
    return start.startswith(_PACKED) or start[257:262] == _MAGIC_TAR


def _ending(name: str) -> str:
    """The end of a name by which a kind of archive is known, and nothing else of it."""
    words = name.lower().rsplit("/", 1)[-1].split(".")[1:][-2:]
    return "".join(f".{word}" for word in words if word in ("tar", "pax", "cpio", "tgz", "gz", "z", "zip"))
