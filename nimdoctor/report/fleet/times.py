"""Weeks and months: when bundles were collected, and when certificates run out."""

from datetime import date, datetime, timedelta
from typing import List, NamedTuple, Optional

from nimdoctor.report.fleet.hosts import Record, moment

WEEKS = 26
"""Weeks ahead that certificates are looked at one by one."""
_MONTHS = 36
"""Up to so many, time is parted by months."""
UNDATED = "not known"
OUT, LATER = "run out already", f"after {WEEKS} weeks"
_DAY = timedelta(days=1)


class Periods(NamedTuple):
    """How the time of collecting is parted: by weeks where that gives no more than half a year of them, else by months, else by years."""

    unit: str
    names: List[str]

    @classmethod
    def over(cls, first: Optional[datetime], last: Optional[datetime]) -> "Periods":
        """Every period from the first to the last, also those in which nothing was collected."""
        if first is None or last is None:
            return cls("week", [])
        days = (last.date() - first.date()).days
        if days > _MONTHS * 30:
            return cls("year", [f"{year:04}" for year in range(max(first.year, last.year - 99), last.year + 1)])
        unit = "week" if days < 7 * WEEKS else "month"
        each = (_period(unit, first.date() + number * _DAY) for number in range(days + 1))
        return cls(unit, list(dict.fromkeys(each)))

    def of(self, collected: Optional[str]) -> str:
        """The one that a time falls into."""
        when = moment(collected)
        return _period(self.unit, when.date()) if when else UNDATED


def _period(unit: str, day: date) -> str:
    """A week by its Monday."""
    if unit == "week":
        return _monday(day).isoformat()
    return day.isoformat()[: 7 if unit == "month" else 4]


def weeks(now: datetime) -> List[str]:
    """The weeks ahead by their Mondays, this one first, between what is out and what holds longer."""
    monday = _monday(now.date())
    return [OUT, *((monday + 7 * number * _DAY).isoformat() for number in range(WEEKS)), LATER]


def week_of(record: Record, now: datetime) -> Optional[str]:
    """The one in which a host's soonest certificate runs out; None where it is not known that it has one."""
    ends = ends_at(record)
    if ends is None:
        return None
    if ends <= now:
        return OUT
    monday = _monday(ends.date())
    return monday.isoformat() if (monday - _monday(now.date())).days < 7 * WEEKS else LATER


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


def ends_at(record: Record) -> Optional[datetime]:
    """The end of a host's soonest certificate."""
    after = moment(record["certificate_not_after"])
    days, collected = record["certificate_days"], moment(record["collected"])
    if after or days is None or collected is None:
        return after
    try:
        return collected + timedelta(days=days)
    except OverflowError:
        return None
