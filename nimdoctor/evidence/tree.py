"""A collection of recorded files: a directory on disk, or (see archive) the members of an archive."""

import errno
import os
import stat
from typing import BinaryIO, Dict, List, Optional, Protocol, Sequence, Tuple

from nimdoctor.evidence.files import open_plain
from nimdoctor.model.unreadable import refused

NAMES = 20_000
"""Files of one collection that are looked at."""
SKIPPED = 20
"""Links and other special files that are named; the others are counted."""


class Tree(Protocol):
    """Files by relative name, `/` between the parts. Names are listed when first asked for."""

    remarks: List[str]
    """What was skipped, as far as it has been looked at."""

    def names(self) -> Sequence[str]:
        """All regular files."""

    def directories(self) -> Sequence[str]:
        """All directories, empty ones included."""

    def open(self, name: str) -> BinaryIO:
        """A fresh stream of that file. Raises OSError, also when it proves damaged while read."""

    def size(self, name: str) -> int:
        """Its size in bytes. Raises OSError."""

    def close(self) -> None:
        """Lets go of what is held."""


class DirectoryTree:
    """The files below a directory; links in it are not followed.

    `unlisted` are directories that cannot be listed, and why, as far as it has been looked at.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.remarks: List[str] = []
        self.unlisted: Dict[str, str] = {}
        self._found: Optional[Tuple[List[str], List[str]]] = None

    def names(self) -> Sequence[str]:
        """All regular files, sorted, at most 20,000."""
        return self._walk()[0]

    def directories(self) -> Sequence[str]:
        """All directories below the path."""
        return self._walk()[1]

    def open(self, name: str) -> BinaryIO:
        """Raises OSError, also for a name with a link on its way and for FIFOs and devices."""
        self._plain(name)
        return open_plain(os.path.join(self.path, name))

    def size(self, name: str) -> int:
        """Its size in bytes. Raises OSError."""
        return self._plain(name).st_size

    def close(self) -> None:
        """Nothing is held."""

    def _plain(self, name: str) -> os.stat_result:
        place = self.path
        found: Optional[os.stat_result] = None
        for part in name.split("/"):
            if part in ("", ".", ".."):
                raise OSError(errno.EINVAL, "not a plain name", name)
            place = os.path.join(place, part)
            found = os.lstat(place)
            if stat.S_ISLNK(found.st_mode):
                raise OSError(errno.ELOOP, "a symbolic link, which is not followed", name)
        assert found is not None
        return found

    def _walk(self) -> Tuple[List[str], List[str]]:
        if self._found is None:
            self._found = ([], [])
            skipped: List[str] = []
            self._below(skipped)
            self.remarks += skipped[:SKIPPED]
            if len(skipped) > SKIPPED:
                self.remarks.append(f"{len(skipped) - SKIPPED:,} more are no regular files and were skipped")
            self._found[0].sort()
            self._found[1].sort()
        return self._found

    def _below(self, skipped: List[str]) -> None:
        assert self._found is not None
        files, directories = self._found
        todo = [("", self.path)]
        while todo:
            above, place = todo.pop()
            try:
                with os.scandir(place) as entries:
                    for entry in entries:
                        name = above + entry.name
                        if len(files) + len(directories) >= NAMES:
                            self.remarks.append(f"more than {NAMES:,} files; the rest was not looked at")
                            return
                        if entry.is_symlink():
                            skipped.append(f"{ascii(name)[1:-1]} is a symbolic link and was skipped")
                        elif entry.is_dir(follow_symlinks=False):
                            directories.append(name)
                            todo.append((name + "/", entry.path))
                        elif entry.is_file(follow_symlinks=False):
                            files.append(name)
                        else:
                            skipped.append(f"{ascii(name)[1:-1]} is not a regular file and was skipped")
            except OSError as error:
                self.unlisted[above.rstrip("/")] = f"cannot be listed: {refused(error)}"
                self.remarks.append(f"{ascii(above or '.')[1:-1]} cannot be listed: {refused(error)}")


def unlisted(tree: Tree) -> Dict[str, str]:
    """The directories of a tree that cannot be listed, by name; in an archive all can."""
    return getattr(tree, "unlisted", {})


class Subtree:
    """A tree seen from one of its folders."""

    def __init__(self, tree: Tree, folder: str) -> None:
        self._tree = tree
        self._start = folder.rstrip("/") + "/"
        self.remarks = tree.remarks

    def names(self) -> Sequence[str]:
        """The files below the folder."""
        return self._cut(self._tree.names())

    def directories(self) -> Sequence[str]:
        """The directories below the folder."""
        return self._cut(self._tree.directories())

    @property
    def unlisted(self) -> Dict[str, str]:
        """Those below the folder."""
        below = unlisted(self._tree).items()
        return {name[len(self._start) :]: why for name, why in below if name.startswith(self._start)}

    def open(self, name: str) -> BinaryIO:
        """Raises OSError."""
        return self._tree.open(self._start + name)

    def size(self, name: str) -> int:
        """Raises OSError."""
        return self._tree.size(self._start + name)

    def close(self) -> None:
        """Closes the whole tree."""
        self._tree.close()

    def _cut(self, names: Sequence[str]) -> List[str]:
        return [name[len(self._start) :] for name in names if name.startswith(self._start)]
