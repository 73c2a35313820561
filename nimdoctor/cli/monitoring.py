"""`scan --format nagios` that went wrong: monitoring is given one line all the same, and a state it knows.

It takes exit status 2 for CRITICAL, which a wrong option or an unreadable target is not.
"""

from typing import Sequence

from nimdoctor.cli.output import CannotWrite, write


def asks(words: Sequence[str]) -> bool:
    """Whether a command line is a scan for monitoring, right or wrong in the rest.

    >>> asks(["scan", "--format", "nagios", "--no-such"]), asks(["scan", "--format", "json"]), asks(["nagios"])
    (True, False, False)
    """
    pairs = zip(words, [*words[1:], ""])
    named = any(word == "--format=nagios" or (word, value) == ("--format", "nagios") for word, value in pairs)
    return named and words[0] == "scan"


def unknown(wrong: str) -> int:
    """Says what went wrong as monitoring is told it; gives the exit status for it, UNKNOWN."""
    from nimdoctor.report import nagios_report

    try:
        write(nagios_report.line(nagios_report.UNKNOWN, wrong) + "\n", None)
    except CannotWrite:
        pass  # standard output is gone: the exit status still says it
    return nagios_report.UNKNOWN
