"""What was replaced where and which names stay, by kind and count; no original is in it."""

from collections import Counter
from typing import Dict, List, Mapping, Tuple

CANNOT_KNOW = (
    "a name that stands in nothing but free text, with nothing that shows it to be one, is not recognised; nor is a password "
    "without a word for it before it, or one that is a word of the sentence: read what leaves before you send it"
)
"""What nobody who counts what was replaced may take it for."""


class Ledger:
    """Counts by file and kind; `left_out` are files that did not leave, by the reason why; `stays` are names of hosts
    and objects that stay where they stand alone, by the reason why.
    """

    def __init__(self) -> None:
        self._files: Dict[str, Counter[str]] = {}
        self._left_out: Counter[str] = Counter()
        self._staying: Dict[str, str] = {}

    def note(self, file: str, counts: Mapping[str, int]) -> None:
        """What was replaced in a file (by its redacted name); said again, it stands for the former."""
        found = Counter({kind: number for kind, number in counts.items() if number})
        if found:
            self._files[file] = found
        else:
            self._files.pop(file, None)

    def leave_out(self, why: str) -> None:
        """Counts a file that does not leave."""
        self._left_out[why] += 1

    def let_stay(self, name: str, why: str) -> None:
        """Counts a name once, however often it is met."""
        self._staying[name.lower()] = why

    def stays(self) -> Dict[str, int]:
        """How many names stay, by the reason."""
        return dict(sorted(Counter(self._staying.values()).items()))

    def by_kind(self) -> Dict[str, int]:
        """How often each kind was replaced in all files together."""
        total: Counter[str] = Counter()
        for counts in self._files.values():
            total.update(counts)
        return dict(sorted(total.items()))

    def by_file(self) -> Dict[str, Dict[str, int]]:
        """The counts of each file."""
        return {file: dict(sorted(counts.items())) for file, counts in sorted(self._files.items())}

    def left_out(self) -> Dict[str, int]:
        """How many files did not leave, by the reason."""
        return dict(sorted(self._left_out.items()))

    def record(self) -> Dict[str, object]:
        """All of it, for JSON."""
        return {
            "kinds": self.by_kind(),
            "files": self.by_file(),
            "left_out": self.left_out(),
            "stays": self.stays(),
            "cannot_know": CANNOT_KNOW,
        }

    def lines(self) -> List[str]:
        """The same for people, one line a file.

        >>> ledger = Ledger()
        >>> ledger.note("files/etc/hosts", {"host": 2, "address": 1})
        >>> ledger.lines()
        ['files/etc/hosts: 1 address, 2 host']
        """
        rows: List[Tuple[str, Dict[str, int]]] = list(self.by_file().items())
        return [f"{file}: " + ", ".join(f"{number} {kind}" for kind, number in counts.items()) for file, counts in rows]
