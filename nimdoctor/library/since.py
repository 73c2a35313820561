"""The time from which on sessions are looked at, as somebody types it."""

from datetime import datetime
from typing import Union

from nimdoctor.library.errors import UsageError

_FORMS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def local_time(words: Union[str, datetime]) -> datetime:
    """A date, or a date and a time, in the local time of the host, which its log is written in. Raises UsageError.

    >>> local_time("2025-03-14"), local_time("2025-03-14 10:05")
    (datetime.datetime(2025, 3, 14, 0, 0), datetime.datetime(2025, 3, 14, 10, 5))
    """
    if isinstance(words, datetime):
        if words.tzinfo:
            raise UsageError("--since is the host's own local time, as its nimsh.log is: a time without a zone")
        return words
    for form in _FORMS:
        try:
            return datetime.strptime(words.strip().replace(" ", "T"), form)
        except ValueError:
            continue
    raise UsageError(
        f"--since {words!r} is no time: give 2026-11-30 or 2026-11-30T10:05, in the host's own local time, as its nimsh.log is"
    )
