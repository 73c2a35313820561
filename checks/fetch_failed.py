"""A `nimclient -c` that somebody recorded, and that fetched no certificate."""

import re
from typing import Iterator, NamedTuple, Optional, Tuple

from nimdoctor.facts import CertificateState, CryptoSetup, NimGeneration, NimshMode
from nimdoctor.facts.fetching import NOT_NEEDED, keys_travel_otherwise
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)


class _Reason(NamedTuple):
    """One way in which tftp fails: how it is known, and what is said of it."""

    pattern: "re.Pattern[str]"
    cause: str
    look: str
    explained_by: Tuple[str, ...]


_OFF = ("tftp-disabled", "tftp-blocked-by-audit")
_REASONS = (
    _Reason(
        re.compile(r"access violation|error code 2\b|denied", re.IGNORECASE),
        "the master's tftp answered and would not give the file: likely its /etc/tftpaccess.ctl does not allow it, or "
        "the user nobody may not read it",
        "on the master at /etc/tftpaccess.ctl and ls -l /ssl_nimsh/certs (tftp-denied)",
        ("tftp-denied",),
    ),
    _Reason(
        re.compile(r"not found|no such file|error code 1\b", re.IGNORECASE),
        "the master's tftp answered and has no such file: likely SSL is not set up there, or /ssl_nimsh is damaged",
        "on the master at ls -l /ssl_nimsh/certs and lsnim -l master (ssl-tree-damaged, ssl-not-configured)",
        ("ssl-tree-damaged", "ssl-not-configured"),
    ),
    _Reason(
        re.compile(r"refused|timed out|timeout|unreachable", re.IGNORECASE),
        "nothing on the master answered by tftp: likely the service is off there, auditing keeps it from serving, or a "
        "firewall closes 69/udp",
        "on the master at the tftp row of /etc/inetd.conf, lssrc -t tftp and audit query (tftp-disabled, "
        "tftp-blocked-by-audit)",
        (*_OFF, "name-resolution"),
    ),
)
_NOT_TOLD = _Reason(
    re.compile(""),
    "it does not say why: likely tftp is off on the master (tftp-disabled) or does not give the file (tftp-denied)",
    "on the master at the tftp row of /etc/inetd.conf, lssrc -t tftp, audit query and /etc/tftpaccess.ctl (tftp-disabled, "
    "tftp-blocked-by-audit, tftp-denied)",
    (*_OFF, "tftp-denied", "ssl-tree-damaged", "ssl-not-configured"),
)


@check(
    "fetch-failed",
    title="nimclient -c fetched no certificate",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    source="isg3T1024615, Configuring OpenSSL on the NIM Client; what a missing line means is inferred",
    impact="the client has no certificate of this run: crypto is not set up anew, and pushes by it may fail",
    breaks=(Traffic.TFTP,),
)
def fetch_failed(
    subject: Subject,
    setup: Optional[CryptoSetup],
    generation: Optional[NimGeneration],
    master: Optional[OnMaster[NimGeneration]],
    certificates: Optional[CertificateState],
    mode: Optional[NimshMode],
) -> Iterator[Verdict]:
    """`nimclient -c` printed no Received line, so that the certificate did not come from the master.

    Before security generation G2 it comes by tftp; from G2 on it does not.
    """
    if setup is None:
        yield NotApplicable("no nimclient -c was recorded")
        return
    if setup.received:
        yield Passed("the certificate was received", [setup.received])
        return
    # what the loader or NIM says comes before the fetch, and is told by other checks
    by_tftp = [
        line for line in setup.errors if not re.search(r"(?<![\d-])(?:0042|0509|0513|0707)-\d{3}", line.text[:1000])
    ]
    if keys_travel_otherwise(master or generation, generation, subject.client_named) and generation:
        yield Passed(NOT_NEEDED, generation.evidence)
        return
    went_on = [line for line in (setup.stopped, setup.changed, setup.started) if line]
    if not by_tftp and not setup.extracted:
        yield NotApplicable("the recorded nimclient -c did not come as far as the fetch")
        return
    reason = next((one for one in _REASONS for line in by_tftp if one.pattern.search(line.text[:1000])), _NOT_TOLD)
    has_one = bool(certificates and certificates.certificates and mode and mode.secure)
    yield Finding(
        "nimclient -c received nothing"
        + (f": {by_tftp[0].text.strip()[:200]}" if by_tftp else ", without a word why")
        + ("; the client has a certificate and runs with crypto now" if has_one else ""),
        evidence=[*setup.extracted, *by_tftp, *went_on],
        severity=Severity.LOW if has_one else None,
        confidence=Confidence.LIKELY if by_tftp and not has_one else Confidence.POSSIBLE,
        against=[mode.at] if has_one and mode else [],
        cause=Inferred(reason.cause),
        cure=Inferred(f"look {reason.look}, where the cause likely shows; then nimclient -c again"),
        explained_by=reason.explained_by,
    )
