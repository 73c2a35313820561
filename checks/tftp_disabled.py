"""tftp must be on while a client fetches its certificate."""

from typing import Iterator, List, Optional

from nimdoctor.facts import (
    CryptoSetup,
    InetdConf,
    InetdServices,
    NimGeneration,
    NimIdentity,
    NimObjects,
    NimshMode,
    Subsystems,
)
from nimdoctor.facts.lsnim import NimObject
from nimdoctor.model import (
    Confidence,
    Diagnosis,
    Finding,
    Missing,
    OnClient,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.wording import named

FETCHING = (
    "refresh-client-certificate",
    "recycle-certificates",
    "refresh-ssl-libs",
    "install-openssl",
    "switch-to-nimsh",
    "enable-client-ssl",
    "align-ssl-mode",
)
"""Fixes whose plan runs `nimclient -c`, which fetches a certificate."""

_CONF = "/etc/inetd.conf"
_SERVICES = "lssrc -ls inetd"


@check(
    "tftp-disabled",
    title="tftp is off on the NIM master",
    role=Role.MASTER,
    severity=Severity.HIGH,
    fix="enable-tftp",
    source="isg3T1024615, Quick Command Reference 2",
    cause="the tftp service is switched off, often by security hardening",
    impact="nimclient -c on any client cannot fetch its certificate",
    cure="make the tftp row in /etc/inetd.conf active, then refresh -s inetd",
    classic=True,
    precedes=FETCHING,
)
def tftp_disabled(
    subject: Subject,
    inetd: Optional[InetdConf],
    services: Optional[InetdServices],
    subsystems: Optional[Subsystems],
    generation: Optional[NimGeneration],
    client_generation: Optional[OnClient[NimGeneration]],
    objects: Optional[NimObjects],
    setup: Optional[CryptoSetup],
    mode: Optional[OnClient[NimshMode]],
    identity: Optional[OnClient[NimIdentity]],
    diagnosis: Diagnosis,
) -> Iterator[Verdict]:
    """`nimclient -c` on any client fails until the master answers tftp again.

    Before security generation G2 the certificate travels by tftp; from G2 on it does not. That the
    subsystem tftpd is inoperative in `lssrc -a` is no fault: inetd starts it when somebody asks.
    """
    if generation and generation.at_least("G2"):
        both = not subject.client_named or bool(client_generation and client_generation.at_least("G2"))
        if both:
            yield Passed(
                "tftp is not needed: from NIM security generation G2 on keys do not travel by it", generation.evidence
            )
            return
    if inetd is None and not (services and services.known("tftp")):
        if setup and setup.fetch_failed:
            quotes = list(setup.errors) + list(setup.extracted)
            yield Unknown("nimclient -c fetched no certificate; whether tftp is off is not known", [_CONF], quotes)
            return
        raise Missing(_CONF)
    fault, evidence = _fault(inetd, services, subsystems)
    if not fault and not (services and services.known("tftp")) and subject.thorough:
        yield Unknown(
            "the tftp row is active in /etc/inetd.conf; whether inetd serves it is not known",
            [_SERVICES],
            [row.quote() for row in inetd.rows("tftp") if not row.commented] if inetd else [],
        )
        return
    if not fault:
        quotes = [row.quote() for row in inetd.rows("tftp") if not row.commented] if inetd else []
        if services:
            quotes.append(services.quote("tftp"))
        seen = (
            "and inetd serves it" if services else "in /etc/inetd.conf; whether inetd was refreshed since is not known"
        )
        yield Passed(f"the tftp row is active {seen}" if inetd else "inetd serves tftp", quotes)
        return
    own = identity.object_in(objects)[0] if identity and mode and mode.secure else None
    severity, confidence, why = _weight(objects, own, diagnosis)
    yield Finding(
        fault + why,
        evidence=evidence,
        severity=severity,
        confidence=confidence,
        cure=_cure(fault),
        run=_command(fault),
    )


REFRESH_MISSING = "inetd has not activated tftp: refresh missing"
INETD_DOWN = "inetd is not running, so nothing answers tftp"


def _fault(
    inetd: Optional[InetdConf], services: Optional[InetdServices], subsystems: Optional[Subsystems]
) -> "tuple[str, List[Quote]]":
    """What is wrong, or an empty string, and the lines that show it."""
    rows = inetd.rows("tftp") if inetd else ()
    if inetd and not rows:
        return "no tftp row in /etc/inetd.conf", [inetd.whole()]
    if rows and all(row.commented for row in rows):
        return "the tftp row is commented out", [row.quote() for row in rows]
    active = [row.quote() for row in rows if not row.commented]
    if subsystems and subsystems.active("inetd") is False:
        return INETD_DOWN, [subsystems.quote("inetd"), *active]
    if services and services.inetd_status == "inoperative":
        return INETD_DOWN, [services.quote("tftp"), *active]
    if services and services.known("tftp") and not services.active("tftp"):
        return REFRESH_MISSING if rows else "inetd does not serve tftp", [services.quote("tftp"), *active]
    return "", []


def _weight(
    objects: Optional[NimObjects], fetched: Optional[NimObject], diagnosis: Diagnosis
) -> "tuple[Severity, Confidence, str]":
    """High while a client must fetch, else low; and the words that say which.

    `fetched` is the given client where its nimsh runs with crypto, whatever `connect` says until the next push.
    """
    if any(fix in FETCHING for fix in diagnosis.fixes()):
        return Severity.HIGH, Confidence.CERTAIN, "; a cure of this scan runs nimclient -c, which needs it"
    if objects is None:
        return Severity.HIGH, Confidence.LIKELY, ""
    waiting = [found.name for found in objects.connected("shell")]
    if objects.ssl_support() is not False:
        waiting += [found.name for found in objects.connected("nimsh") if found != fetched]
    if waiting:
        return Severity.HIGH, Confidence.CERTAIN, f"; not secure yet, so it must still fetch: {named(waiting)}"
    if objects.complete:
        return Severity.LOW, Confidence.CERTAIN, "; no client has to fetch a certificate now"
    return Severity.HIGH, Confidence.LIKELY, ""


def _cure(fault: str) -> Optional[str]:
    if fault == REFRESH_MISSING:
        return "refresh -s inetd, after comparing /etc/inetd.conf with lssrc -ls inetd: it activates every other change too"
    if fault == INETD_DOWN:
        return "startsrc -s inetd"
    return None


def _command(fault: str) -> str:
    if fault == REFRESH_MISSING:
        return "lssrc -ls inetd; refresh -s inetd"
    return "startsrc -s inetd" if fault == INETD_DOWN else "vi /etc/inetd.conf; refresh -s inetd"
