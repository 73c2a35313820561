"""tftp must be on while a client fetches its certificate."""

from typing import Iterator, Optional

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
from nimdoctor.facts.fetching import NOT_NEEDED, fetch_need, keys_travel_otherwise
from nimdoctor.facts.tftp_service import INETD_DOWN, REFRESH_MISSING, tftp_fault
from nimdoctor.model import (
    EVERY_FETCH,
    Command,
    Confidence,
    Diagnosis,
    Finding,
    Inferred,
    Missing,
    OnClient,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
    wording,
)
from nimdoctor.model.language import IN_ENGLISH, NOT_ENGLISH

_CONF = "/etc/inetd.conf"
_SERVICES = "lssrc -ls inetd"


@check(
    "tftp-disabled",
    title="tftp is off on the NIM master",
    subject="tftp",
    role=Role.MASTER,
    severity=Severity.HIGH,
    fix="enable-tftp",
    source="isg3T1024615, Quick Command Reference 2",
    cause=Inferred("the tftp service was likely switched off by security hardening, or inetd is down or not refreshed"),
    impact="nimclient -c on any client cannot fetch its certificate",
    cure="make the tftp row in /etc/inetd.conf active, then refresh -s inetd",
    precedes=(EVERY_FETCH,),
    breaks=(Traffic.TFTP,),
    messages=("0513-095",),
    marks="C A",
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
    if generation and keys_travel_otherwise(generation, client_generation, subject.client_named):
        yield Passed(NOT_NEEDED, generation.evidence)
        return
    inetd = inetd if inetd and inetd.known("tftp") else None
    if inetd is None and not (services and services.known("tftp")):
        if setup and setup.fetch_failed:
            quotes = list(setup.errors) + list(setup.extracted)
            yield Unknown("nimclient -c fetched no certificate; whether tftp is off is not known", [_CONF], quotes)
            return
        raise Missing(_CONF)
    fault, evidence = tftp_fault(inetd, services, subsystems)
    translated = services.row("tftp") if services and not services.known("tftp") else None
    if not fault and not (services and services.known("tftp")) and (subject.thorough or translated):
        quotes = [row.quote() for row in inetd.rows("tftp") if not row.commented] if inetd else []
        yield Unknown(
            "the tftp row is active in /etc/inetd.conf; whether inetd serves it is not known"
            + (f" ({translated.status}: {NOT_ENGLISH})" if translated else ""),
            [_SERVICES],
            quotes + ([translated.at] if translated else []),
            settled_by=Command("env", IN_ENGLISH, *_SERVICES.split()) if translated else None,
        )
        return
    if not fault:
        quotes = [row.quote() for row in inetd.rows("tftp") if not row.commented] if inetd else []
        if services:
            quotes.append(services.quote("tftp"))
        lines = (
            "and inetd serves it" if services else "in /etc/inetd.conf; whether inetd was refreshed since is not known"
        )
        yield Passed(f"the tftp row is active {lines}" if inetd else "inetd serves tftp", quotes)
        return
    need = fetch_need(objects, identity, mode, diagnosis.fetches)
    yield Finding(
        fault + wording.fetch_need(need.must, need.cured, need.waiting),
        evidence=evidence,
        severity=Severity.HIGH if need.must else Severity.LOW,
        confidence=Confidence.CERTAIN if need.sure else Confidence.LIKELY,
        cause=_cause(fault),
        cure=_cure(fault),
    )


def _cause(fault: str) -> Inferred:
    if fault == REFRESH_MISSING:
        return Inferred("inetd was likely not refreshed since the row was made active")
    if fault == INETD_DOWN:
        return Inferred("inetd was likely stopped, or died")
    return Inferred("likely switched off by security hardening, which CIS and STIG ask for, or never switched on")


def _cure(fault: str) -> Optional[str]:
    if fault == REFRESH_MISSING:
        return "refresh -s inetd, after comparing /etc/inetd.conf with lssrc -ls inetd: it activates every other change too"
    if fault == INETD_DOWN:
        return "startsrc -s inetd"
    return None
