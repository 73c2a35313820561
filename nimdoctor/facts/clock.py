"""The host's clock: `date -u`, `date`, and the zone that follows from the two."""

import calendar
import re
from datetime import datetime
from typing import NamedTuple, Optional

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_ISO = re.compile(r"\s*(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(Z?)\s*", re.ASCII)
_CTIME = re.compile(
    r"\s*[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (?:UTC|GMT|CUT) (\d{4})\s*", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUARTER = 15 * 60
_DRIFT = 120
"""Seconds that may pass between the two dates, or that a zone may be off the quarter hour."""
_EASTMOST, _WESTMOST = 16 * 3600, -14 * 3600


@fact(Row("date -u +%Y-%m-%dT%H:%M:%SZ", Kind.COMMAND, variants=("date -u",)))
class UtcDate(NamedTuple):
    """When the evidence was taken; `epoch` is seconds since 1970 UTC by the host's own clock.

    >>> UtcDate.parse(Text.of("2025-03-14T10:05:04Z\\n", "date -u +%Y-%m-%dT%H:%M:%SZ")).epoch
    1741946704
    >>> UtcDate.parse(Text.of("Fri Mar 14 10:05:04 UTC 2025\\n", "date -u")).epoch
    1741946704
    """

    source: str
    epoch: int
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "UtcDate":
        """From the first line that is a date; CUT is the older AIX word for UTC. Raises BadEvidence."""
        any_text = False
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            time = _utc(quote.text)
            if time:
                return cls(text.source, _seconds(time), quote)
        raise BadEvidence(f"{text.source} {'holds no UTC date' if any_text else 'is empty'}")

    def whole(self) -> Quote:
        """The date's line."""
        return self.at


@fact(Row("date +%Y-%m-%dT%H:%M:%S", Kind.COMMAND))
class LocalDate(NamedTuple):
    """The same moment in the host's own zone, as a datetime without one.

    >>> LocalDate.parse(Text.of("2025-03-14T11:05:04\\n", "date +%Y-%m-%dT%H:%M:%S")).naive.hour
    11
    """

    source: str
    naive: datetime
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "LocalDate":
        """From the first line that is a date without a zone. Raises BadEvidence."""
        any_text = False
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            found = _ISO.fullmatch(quote.text)
            time = _time(*found.groups()[:6]) if found and not found.group(7) else None
            if time:
                return cls(text.source, time, quote)
        raise BadEvidence(f"{text.source} {'holds no local date' if any_text else 'is empty'}")

    def whole(self) -> Quote:
        """The date's line."""
        return self.at


@fact()
class HostClock(NamedTuple):
    """The host's time and zone: `utc` seconds since 1970, `offset` seconds east of UTC or None.

    >>> utc = UtcDate.parse(Text.of("2025-03-14T10:05:04Z", "date -u"))
    >>> clock = HostClock.derive(utc, LocalDate.parse(Text.of("2025-03-14T11:05:05", "date")))
    >>> clock.offset
    3600
    >>> clock.to_utc(datetime(1970, 1, 1, 1, 0, 10))
    10
    """

    utc: int
    offset: Optional[int]
    source: str

    @classmethod
    def derive(cls, utc: UtcDate, local: Optional[LocalDate]) -> "HostClock":
        """The offset is local time less UTC, to the quarter hour; None when the two do not fit together."""
        if local is None:
            return cls(utc.epoch, None, utc.source)
        difference = _seconds(local.naive) - utc.epoch
        offset = (difference + _QUARTER // 2) // _QUARTER * _QUARTER
        fits = abs(difference - offset) <= _DRIFT and _WESTMOST <= offset <= _EASTMOST
        return cls(utc.epoch, offset if fits else None, utc.source)

    def to_utc(self, naive: datetime) -> Optional[int]:
        """Seconds since 1970 of a local time; an hour off when daylight saving changed in between."""
        return None if self.offset is None else _seconds(naive) - self.offset

    def whole(self) -> Quote:
        """A quote that means the command the time comes from."""
        return Quote(self.source, None, "")


def _utc(line: str) -> Optional[datetime]:
    found = _ISO.fullmatch(line)
    if found:
        return _time(*found.groups()[:6]) if found.group(7) else None
    found = _CTIME.fullmatch(line)
    if not found or found.group(1) not in _MONTHS:
        return None
    month, day, hour, minute, second, year = found.groups()
    return _time(year, str(_MONTHS.index(month) + 1), day, hour, minute, second)


def _time(*numbers: str) -> Optional[datetime]:
    year, month, day, hour, minute, second = (int(number) for number in numbers)
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _seconds(time: datetime) -> int:
    return calendar.timegm(time.timetuple())
