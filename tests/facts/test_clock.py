"""The host's time and zone."""

from datetime import datetime

import pytest

from nimdoctor.facts.clock import HostClock, LocalDate, UtcDate
from nimdoctor.model.text import BadEvidence, Text


def utc(line):
    return UtcDate.parse(Text.of(line, "date -u", command=True))


def local(line):
    return LocalDate.parse(Text.of(line, "date", command=True))


@pytest.mark.parametrize("zone", ["UTC", "GMT", "CUT"])
def test_the_plain_form_is_read_with_any_word_for_utc(zone):
    assert utc(f"Fri Mar 14 10:05:04 {zone} 2025\n").epoch == utc("2025-03-14T10:05:04Z\r\n").epoch == 1741946704


@pytest.mark.parametrize(
    "line",
    [
        "",
        "2025-03-14T10:05:04\n",
        "Fri Mar 14 10:05:04 CET 2025\n",
        "2025-13-14T10:05:04Z",
        "0000-01-01T00:00:00Z",
        "date: 0551",
    ],
)
def test_what_is_not_certainly_utc_is_no_utc_date(line):
    with pytest.raises(BadEvidence):
        utc(line)


@pytest.mark.parametrize("line", ["", "2025-03-14T10:05:04Z\n", "Fri Mar 14 10:05:04 CET 2025", "2025-02-30T00:00:00"])
def test_what_has_a_zone_or_is_no_date_is_no_local_date(line):
    with pytest.raises(BadEvidence):
        local(line)


@pytest.mark.parametrize(
    "shown, offset",
    [
        ("2025-03-14T10:05:06", 0),
        ("2025-03-14T11:05:03", 3600),
        ("2025-03-14T15:50:04", 20700),
        ("2025-03-14T05:05:04", -18000),
        ("2025-03-14T10:10:04", None),
        ("2025-03-16T10:05:04", None),
        ("2025-03-13T19:05:04", None),
    ],
)
def test_the_offset_is_the_difference_to_the_quarter_hour_or_unknown(shown, offset):
    assert HostClock.derive(utc("2025-03-14T10:05:04Z"), local(shown)).offset == offset


def test_without_a_local_date_nothing_can_be_converted():
    clock = HostClock.derive(utc("2025-03-14T10:05:04Z"), None)
    assert clock.utc == 1741946704
    assert clock.to_utc(datetime(2025, 3, 14)) is None


def test_local_time_is_converted():
    assert HostClock(0, -18000, "date -u").to_utc(datetime(1970, 1, 1)) == 18000
