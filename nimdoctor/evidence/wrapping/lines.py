"""Lines of a text, each with the number of the line of the file that it came from."""

from typing import Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from nimdoctor.model.text import split_lines


class Line(NamedTuple):
    """One line. `number` is where it stands in the file, from 1; `ends` says that what stood before it ends there."""

    number: int
    text: str
    ends: bool = False


def numbered(text: str) -> List[Line]:
    """The lines of a text, ended by LF, CR LF, or in one that has no LF by CR.

    >>> [tuple(line) for line in numbered("one\\r\\ntwo")] == [tuple(line) for line in numbered("one\\rtwo")]
    True
    """
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    return [Line(number, line) for number, line in enumerate(split_lines(text), 1)]


def joined(lines: Iterable[Line]) -> str:
    """The lines as one string."""
    return "\n".join(line.text for line in lines)


def numbers_of(lines: Sequence[Line]) -> Tuple[int, ...]:
    """The number of each; empty where they follow each other, so that the first tells all."""
    numbers = [line.number for line in lines]
    follow = all(number == numbers[0] + index for index, number in enumerate(numbers))
    return () if follow else tuple(numbers)


def runs(inside: Iterable[bool]) -> Iterator[Tuple[int, int]]:
    """Beginning and end, as of a slice, of each run of True.

    >>> list(runs([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    start = -1
    for index, within in enumerate([*inside, False]):
        if within and start < 0:
            start = index
        elif not within and start >= 0:
            yield start, index
            start = -1
