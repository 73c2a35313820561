"""Levels: version, release, modification, fix. The one place where any two of them are compared."""

import re
from functools import lru_cache, total_ordering
from typing import Optional, Tuple

_DOTTED = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}", re.ASCII)
_SERVICE_PACK = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})(?:-[0-9]{4})?)?", re.ASCII)
_RANGE = re.compile(r"([0-9.]{1,60}?)(?:-([0-9.]{1,60}))?", re.ASCII)


@total_ordering
class Level:
    """A level as its fields, compared one by one as integers; fields left out at the end count as zero.

    `fields` are as given, without leading zeros; `str` gives them back with dots between.

    >>> Level.read("7.2.5.203") > Level.read("7.2.5.31"), Level.read("7.2.4") == Level.read("7.2.4.0")
    (True, True)
    >>> str(Level.read(" 01.0.2.1800 ")), Level.read("7.2.5.0-203"), Level.read("n/a")
    ('1.0.2.1800', None, None)
    """

    __slots__ = ("fields",)

    def __init__(self, fields: Tuple[int, ...]) -> None:
        self.fields = fields

    @classmethod
    @lru_cache(maxsize=4096)
    def read(cls, text: str) -> Optional["Level"]:
        """From one to six numbers with dots between, blanks around them; None for what is no level."""
        text = text.strip()
        return cls(tuple(map(int, text.split(".")))) if _DOTTED.fullmatch(text) else None

    @classmethod
    def of_service_pack(cls, text: str) -> Optional["Level"]:
        """From what `oslevel -r` or `-s` prints; the build week is left out.

        >>> Level.of_service_pack("7200-05-10-2520") >= Level.of_service_pack("7200-05-09")
        True
        """
        found = _SERVICE_PACK.fullmatch(text.strip())
        return cls(tuple(int(part) for part in found.groups() if part is not None)) if found else None

    @property
    def _padded(self) -> Tuple[int, ...]:
        fields = self.fields
        while fields and not fields[-1]:
            fields = fields[:-1]
        return fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Level) and self._padded == other._padded

    def __lt__(self, other: "Level") -> bool:
        return self._padded < other._padded

    def __hash__(self) -> int:
        return hash(self._padded)

    def __str__(self) -> str:
        return ".".join(map(str, self.fields))

    def __repr__(self) -> str:
        return f"Level({str(self)!r})"

    def openssl(self) -> "Level":
        """A level of openssl.base on OpenSSL's own line.

        The FIPS builds have numbers of their own: 20.13.102 and 20.16.102 are the 1.0.2 line, 20.11.101
        the 1.0.1 line, 12.9.8 the 0.9.8 line. Compared as they stand they would be newer than all.
        That 20.13 is the 1.0.2 line where the third field does not tell is one source's word (B).

        >>> Level.read("20.13.102.1000").openssl(), Level.read("20.13.102.1000") > Level.read("3.0.16.1000")
        (Level('1.0.2.1000'), True)
        >>> Level.read("12.9.8.1100").openssl(), Level.read("1.1.2.2200").openssl()
        (Level('0.9.8.1100'), Level('1.1.2.2200'))
        """
        first, second, third = (*self.fields, 0, 0, 0)[:3]
        if first == 20:
            line = tuple(map(int, str(third))) if 100 <= third <= 999 else (1, 0, 2) if second in (13, 16) else None
            return Level((*line, *self.fields[3:])) if line else self
        if (first, second, third) == (12, 9, 8):
            return Level((0, 9, 8, *self.fields[3:]))
        return self

    @property
    def is_fips(self) -> bool:
        """Whether openssl.base at this level is a FIPS build."""
        return self.openssl() is not self

    def on_line(self, line: "Level") -> bool:
        """Whether this begins with the fields of the other.

        >>> Level.read("1.0.2.1800").on_line(Level.read("1.0.2")), Level.read("1.0.20.1").on_line(Level.read("1.0.2"))
        (True, False)
        """
        return self.fields[: len(line.fields)] == line.fields


class LevelRange:
    """The levels from `low` to `high`, both included, as IBM's bulletins write them.

    >>> affected = LevelRange.read("7.2.5.0-203")
    >>> str(affected), Level.read("7.2.5.203") in affected, Level.read("7.2.5.204") in affected
    ('7.2.5.0-7.2.5.203', True, False)
    >>> Level.read("3.0.16.1001") in LevelRange.read("3.0.0.0-3.0.16.1000"), LevelRange.read("7.2-x")
    (False, None)
    """

    __slots__ = ("high", "low")

    def __init__(self, low: Level, high: Level) -> None:
        self.low = low
        self.high = high

    @classmethod
    def read(cls, text: str) -> Optional["LevelRange"]:
        """`7.2.5.0-203`, where the end may leave out the fields it shares, or one level; None for what is neither."""
        found = _RANGE.fullmatch(text.strip())
        low = Level.read(found.group(1)) if found else None
        if low is None or found is None:
            return None
        end = Level.read(found.group(2)) if found.group(2) else low
        if end is None or len(end.fields) > len(low.fields):
            return None
        high = Level((*low.fields[: len(low.fields) - len(end.fields)], *end.fields))
        return cls(low, high) if low <= high else None

    def __contains__(self, level: Level) -> bool:
        return self.low <= level <= self.high

    def __str__(self) -> str:
        return f"{self.low}-{self.high}" if self.low != self.high else str(self.low)
