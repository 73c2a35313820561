"""What each check's causes and cures rest on, after the marks of what is known of NIMSH over SSL, and how they may be worded.

A is an IBM page or two independent sources, B one good source, C is inferred, M remembered (docs/not-yet-on-aix.md).
A finding's lines show what is wrong; why it came so hardly any source tells, so that a cause is C unless one does.
"""

import re
from typing import Dict, NamedTuple, Optional

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Inferred

LIKELY = re.compile(r"\b(likely|probably|may|might|perhaps|possibly|should|as after)\b")


class Ground(NamedTuple):
    """The best mark of a check's causes and of its cures; `told` are beginnings of cures that a source tells all the same."""

    cause: str
    cure: str
    told: Dict[str, str] = {}


_GUIDES_CURE = "C A"
_BY_ITS_SOURCE = "A A"
_ALL_INFERRED = "C C"

GROUNDS: Dict[str, Ground] = {
    id: Ground(*marks.split())
    for marks, ids in {
        # the guide's own cures (isg3T1024615), or an IBM page's; nothing tells why it came so
        _GUIDES_CURE: """create-bio-hang stale-ssl-libs tftp-disabled openssl-missing nimsh-inactive ssl-not-configured
            client-uses-rsh client-not-secure rhosts-left-over lpp-source-lacks-openssl name-resolution nimesis-inactive
            cstate-stuck level-order fileset-broken nimsh-not-at-boot clock-skew tftp-denied""",
        # as above, from one source
        "C B": "cpuid-changed niminfo-broken niminfo-wrong-master services-missing",
        # what the finding rests on tells the cause too: IBM's table of levels, the states of emgr, -P, 39NN, tftpd's
        # page, nimdoctor's own journal
        _BY_ITS_SOURCE: """nimclient-extracts-old-libs interim-fix-unstable port-taken push-disabled tftp-blocked-by-audit
            tftp-exposes-keys run-unfinished""",
        "B B": "nim-vulnerable hardening-skew hardening-order openssl-unsupported",
        _ALL_INFERRED: """ssl-tree-damaged ssl-one-sided client-certificate-missing certificate-expired
            certificate-not-yet-valid certificate-expiring certificate-weak certificate-mismatch handshake-fails
            key-exposed master-id-changed hung-push filesystem-full""",
    }.items()
    for id in ids.split()
}
GROUNDS["ssl-object-error"] = Ground("C", "C", {"remove the stale copies": "isg3T1024615, Known Issues 2"})


def misworded(check: str, part: str, text: Optional[str]) -> str:
    """What is wrong with a cause or a cure of that check, in words; empty when nothing is.

    >>> misworded("clock-skew", "cause", "ntp is off")
    "clock-skew: the cause 'ntp is off' rests on C and is no Inferred"
    >>> misworded("clock-skew", "cause", Inferred("ntp is off"))
    "clock-skew: the cause 'ntp is off' is inferred and not worded as likely"
    >>> misworded("clock-skew", "cause", Inferred("ntp is likely off")), misworded("port-taken", "cause", "SAP has it")
    ('', '')
    """
    ground = GROUNDS.get(check)
    if text is None or ground is None:
        return ""
    mark = ground.cause if part == "cause" else ground.cure
    told = any(text.startswith(beginning) for beginning in ground.told)
    if mark in ("C", "M") and not told and not isinstance(text, Inferred):
        return f"{check}: the {part} {str(text)!r} rests on {mark} and is no Inferred"
    if isinstance(text, Inferred) and not LIKELY.search(text):
        return f"{check}: the {part} {str(text)!r} is inferred and not worded as likely"
    return ""


def of_result(result: Result) -> str:
    """The same of both parts of what a scan came to."""
    wrong = [misworded(result.check, part, getattr(result, part)) for part in ("cause", "cure")]
    return "; ".join(filter(None, wrong))
