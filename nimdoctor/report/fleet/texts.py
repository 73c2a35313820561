"""Texts that stand in a page once, however many hosts say them."""

from typing import Dict, Iterable, Iterator, List

from nimdoctor.report.text_report import printable


class Texts:
    """Each text has a number, its place among them; 0 is the empty one. Given out they are inert: escapes for what does not print.

    >>> texts = Texts()
    >>> texts.numbers(["nim1", "", "nim1", "\\x1b"]), list(texts)
    ([1, 0, 1, 2], ['', 'nim1', '\\\\x1b'])
    """

    def __init__(self) -> None:
        self._numbers: Dict[str, int] = {"": 0}

    def __iter__(self) -> Iterator[str]:
        return map(printable, self._numbers)

    def numbers(self, texts: Iterable[str]) -> List[int]:
        """Their numbers, of a new one the next."""
        return [self._numbers.setdefault(one, len(self._numbers)) for one in texts]
