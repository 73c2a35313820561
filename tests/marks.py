"""What each check's causes and cures rest on, after the marks of what is known of NIMSH over SSL, and how they may be worded.

The marks stand on the checks. A is an IBM page or two independent sources, B one good source, C is inferred, M remembered (docs/not-yet-on-aix.md).
A finding's lines show what is wrong; why it came so hardly any source tells, so that a cause is C unless one does.
"""

import re
from typing import Optional

from nimdoctor.diagnosis.engine import Result
from nimdoctor.library.registry import Registry
from nimdoctor.model import Inferred

LIKELY = re.compile(r"\b(likely|probably|may|might|perhaps|possibly|should|as after)\b")


CHECKS = {check.id: check for check in Registry().checks()}
TOLD = {"ssl-object-error": ("remove the stale copies",)}
"""Beginnings of cures that a source tells though the check's mark is lower: isg3T1024615, Known Issues 2."""


def misworded(check: str, part: str, text: Optional[str]) -> str:
    """What is wrong with a cause or a cure of that check, in words; empty when nothing is.

    >>> misworded("clock-skew", "cause", "ntp is off")
    "clock-skew: the cause 'ntp is off' rests on C and is no Inferred"
    >>> misworded("clock-skew", "cause", Inferred("ntp is off"))
    "clock-skew: the cause 'ntp is off' is inferred and not worded as likely"
    >>> misworded("clock-skew", "cause", Inferred("ntp is likely off")), misworded("port-taken", "cause", "SAP has it")
    ('', '')
    """
    if text is None or check not in CHECKS:
        return ""
    cause, cure = CHECKS[check].marks.split()
    mark = cause if part == "cause" else cure
    told = text.startswith(TOLD.get(check, ()))
    if mark in ("C", "M") and not told and not isinstance(text, Inferred):
        return f"{check}: the {part} {str(text)!r} rests on {mark} and is no Inferred"
    if isinstance(text, Inferred) and not LIKELY.search(text):
        return f"{check}: the {part} {str(text)!r} is inferred and not worded as likely"
    return ""


def of_result(result: Result) -> str:
    """The same of both parts of what a scan came to."""
    wrong = [misworded(result.check, part, getattr(result, part)) for part in ("cause", "cure")]
    return "; ".join(filter(None, wrong))
