"""AIX auditing must be off while a client fetches its certificate by tftp."""

from typing import Iterator, Optional

from nimdoctor.facts import Auditing, NimGeneration, NimIdentity, NimObjects, NimshMode
from nimdoctor.facts.fetching import NOT_NEEDED, fetch_need, keys_travel_otherwise
from nimdoctor.model import (
    EVERY_FETCH,
    Confidence,
    Diagnosis,
    Finding,
    Inferred,
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
from nimdoctor.model.ruling import NO_FETCH

_COMMAND = "audit query"


@check(
    "tftp-blocked-by-audit",
    title="AIX auditing keeps tftp from serving",
    role=Role.MASTER,
    severity=Severity.HIGH,
    source="IBM docs, tftpd daemon: not available while the auditing system is in use",
    cause="AIX auditing is on, and tftpd does not serve while it is",
    impact="nimclient -c on any client cannot fetch its certificate, though tftp is configured",
    cure=Inferred(
        "with the consent of whoever answers for auditing: audit off, nimclient -c on the client, then audit on at once. "
        "audit off only suspends auditing: that tftpd then serves is likely, not known; where it does not, audit shutdown "
        "ends it and audit start begins it again. Not done here: auditing is a site's policy, and what happens meanwhile "
        "is in no trail"
    ),
    precedes=(EVERY_FETCH,),
    rules_out=NO_FETCH,
    breaks=(Traffic.TFTP,),
    marks="A A",
)
def tftp_blocked_by_audit(
    subject: Subject,
    auditing: Optional[Auditing],
    generation: Optional[NimGeneration],
    client_generation: Optional[OnClient[NimGeneration]],
    objects: Optional[NimObjects],
    mode: Optional[OnClient[NimshMode]],
    identity: Optional[OnClient[NimIdentity]],
    diagnosis: Diagnosis,
) -> Iterator[Verdict]:
    """`nimclient -c` on any client fails while `audit query` says that auditing is on."""
    if generation and keys_travel_otherwise(generation, client_generation, subject.client_named):
        yield Passed(NOT_NEEDED, generation.evidence)
        return
    need = fetch_need(objects, identity, mode, diagnosis.fetches)
    severity = Severity.HIGH if need.must else Severity.LOW
    if auditing is None:
        yield Unknown("whether AIX auditing is on is not known", [_COMMAND], severity=severity)
    elif not auditing.on:
        yield Passed("AIX auditing is off", [auditing.at])
    else:
        yield Finding(
            "audit query says auditing on" + wording.fetch_need(need.must, need.cured, need.waiting),
            evidence=[auditing.at],
            severity=severity,
            confidence=Confidence.CERTAIN if need.sure else Confidence.LIKELY,
            run=_COMMAND,
        )
