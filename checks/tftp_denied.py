"""/etc/tftpaccess.ctl must let tftpd serve the certificate while a client fetches it."""

from typing import Iterator, List, Optional

from nimdoctor.facts import NimGeneration, NimIdentity, NimObjects, NimshMode, TftpRules
from nimdoctor.facts.fetching import NOT_NEEDED, fetch_need, keys_travel_otherwise
from nimdoctor.facts.tftp_rules import ACCESS
from nimdoctor.facts.tftpaccess import AccessRule
from nimdoctor.model import (
    EVERY_FETCH,
    Confidence,
    Diagnosis,
    Finding,
    Inferred,
    OnClient,
    Passed,
    Quote,
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


@check(
    "tftp-denied",
    title="tftp may not serve the certificate",
    role=Role.MASTER,
    severity=Severity.HIGH,
    fix="allow-tftp",
    source="IBM docs, tftpd daemon; which file is fetched is inferred from isg3T1024615 and IBM's code",
    cause=Inferred(
        "the file was likely written for network boots or by security hardening, without the certificate in mind"
    ),
    impact="nimclient -c on any client cannot fetch its certificate, though tftp runs",
    precedes=(EVERY_FETCH,),
    breaks=(Traffic.TFTP,),
    marks="C A",
)
def tftp_denied(
    subject: Subject,
    rules: Optional[TftpRules],
    generation: Optional[NimGeneration],
    client_generation: Optional[OnClient[NimGeneration]],
    objects: Optional[NimObjects],
    mode: Optional[OnClient[NimshMode]],
    identity: Optional[OnClient[NimIdentity]],
    diagnosis: Diagnosis,
) -> Iterator[Verdict]:
    """`nimclient -c` fails while /etc/tftpaccess.ctl exists and does not allow the certificate, or denies it.

    Without the file, or with one that the user nobody cannot read, tftpd serves whatever others can read.
    """
    if generation and keys_travel_otherwise(generation, client_generation, subject.client_named):
        yield Passed(NOT_NEEDED, generation.evidence)
        return
    need = fetch_need(objects, identity, mode, diagnosis.fetches)
    severity = Severity.HIGH if need.must else Severity.LOW
    if rules is None:
        yield Unknown(f"which files tftp may serve is not known: {ACCESS}", [ACCESS], severity=severity)
        return
    if rules.binding is False:
        why = "the user nobody cannot read it, so" if rules.access.exists else "it does not exist, and then"
        yield Passed(f"{ACCESS}: {why} tftpd serves every file that others can read", [rules.at])
        return
    ruled = [rule for rule in map(rules.access.rule, rules.wanted) if rule]
    denied = rules.denied()
    if not denied:
        yield _allowed(rules, ruled, severity)
        return
    by_person = [rule for rule in ruled if rule in rules.access.deny]
    yield Finding(
        _fault(denied[0], by_person) + wording.fetch_need(need.must, need.cured, need.waiting),
        evidence=[*(rule.at for rule in by_person or rules.access.allow), *([] if ruled else [rules.at])],
        objects=denied,
        severity=severity,
        # which file is fetched, and whether nobody can read the rules, may both be assumed
        confidence=Confidence.LIKELY if rules.seen and rules.binding else Confidence.POSSIBLE,
        missing=[*([] if rules.binding else [ACCESS]), *([] if rules.seen else ["/ssl_nimsh/certs/*"])],
        fix=None if by_person else "allow-tftp",
        cure=_cure(denied[0], by_person),
        run=f"vi {ACCESS}" if by_person else None,
        # what a person wrote no plan takes out
        rules_out=NO_FETCH if by_person else (),
    )


def _allowed(rules: TftpRules, ruled: List[AccessRule], severity: Severity) -> Verdict:
    quotes: List[Quote] = [rule.at for rule in ruled]
    odd = next((rule for rule in ruled if not rule.plain), None)
    if odd:
        return Unknown(
            f"line {odd.at.line} of {ACCESS} would allow the certificate, but it has blanks where IBM's page shows none: "
            f"write it as allow:{odd.path}",
            [],
            quotes,
            severity,
        )
    return Passed(f"{ACCESS} allows {', '.join(rules.wanted)}", quotes)


def _fault(path: str, by_person: List[AccessRule]) -> str:
    if by_person:
        return f"line {by_person[0].at.line} of {ACCESS} denies {path}"
    return f"no allow: line of {ACCESS} covers {path}"


def _cure(path: str, by_person: List[AccessRule]) -> str:
    if by_person:
        return (
            f"take line {by_person[0].at.line} out of {ACCESS}, or narrow it: deny: wins over allow:. "
            "Not done here: a person wrote it, so ask why first"
        )
    return f"add the line allow:{path} to {ACCESS}"
