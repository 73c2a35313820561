"""Reading a tree of evidence that somebody else holds open."""

from typing import BinaryIO, List, Sequence

from nimdoctor.evidence.tree import Tree


class BorrowedTree:
    """A tree that somebody else closes, and whose remarks stay there."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.remarks: List[str] = []

    def names(self) -> Sequence[str]:
        """All regular files."""
        return self._tree.names()

    def directories(self) -> Sequence[str]:
        """All directories."""
        return self._tree.directories()

    def open(self, name: str) -> BinaryIO:
        """Raises OSError."""
        return self._tree.open(name)

    def size(self, name: str) -> int:
        """Raises OSError."""
        return self._tree.size(name)

    def close(self) -> None:
        """Nothing is held."""
