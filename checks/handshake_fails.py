"""The keys and certificates on the master must fit together."""

from typing import Dict, Iterator, List, NamedTuple, Optional

from nimdoctor.facts import NimGeneration, NimObjects, Rehearsal
from nimdoctor.facts.hardening import Hardening
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.facts.rehearsal import Cause
from nimdoctor.model import (
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.own_files import REHEARSAL
from nimdoctor.model.ruling import NO_PUSH

_RECYCLE = (
    "new keys and certificates on the master should help: cd /; nimconfig -C; mv ssl_nimsh to a new name; nimconfig -c; "
    "then on every secured client nimclient -C; nimclient -c"
)


class Cure(NamedTuple):
    """What a kind of failure likely comes from, what should help, and the fix that does it, if one may."""

    cause: str
    cure: str
    fix: Optional[str] = None


_BY_CAUSE: Dict[Cause, Cure] = {
    Cause.KEY: Cure(
        "the tree is likely of several makings: a key and a certificate in it do not belong to each other",
        _RECYCLE,
        "recycle-certificates",
    ),
    Cause.CHAIN: Cure(
        "the tree is likely of several makings: a certificate in it was not signed by the root that is there",
        _RECYCLE,
        "recycle-certificates",
    ),
    Cause.EXPIRED: Cure(
        "a certificate in the tree has run out, on which a handshake likely ends", _RECYCLE, "recycle-certificates"
    ),
    Cause.NOT_YET_VALID: Cure(
        "a certificate in the tree is likely from the future, or this host's clock is behind",
        "compare `date -u` with another host's first; a clock set by ntp should help; not automatic, since others on this "
        "host rely on its clock",
    ),
    Cause.ENCRYPTED: Cure(
        "somebody likely put a passphrase on the key",
        "it should help to take the passphrase off with the person who knows it (openssl rsa -in KEY -out NEW), or to "
        "recycle the certificates; not automatic, since the key may be kept so on purpose",
    ),
    Cause.DAMAGED: Cure(
        "the file was likely cut or emptied, or is no PEM file",
        "a backup of /ssl_nimsh that is younger than the last nimconfig -c should do; without one recycle the "
        "certificates; not automatic, since a good backup spares every client a new fetch",
    ),
    Cause.OTHER: Cure(
        "OpenSSL refuses what these files hold; why, its code may tell",
        "look the code up with `openssl errstr CODE`, which may tell, and compare the files with those of a master that "
        "works; not automatic, since what would help is not known",
    ),
}

_FITTING = (Cause.KEY, Cause.CHAIN)
"""Failures that rest on what must fit, of which nothing is public from generation G2 on."""


@check(
    "handshake-fails",
    title="The master's keys and certificates fail a rehearsed handshake",
    role=Role.MASTER,
    severity=Severity.HIGH,
    fix="recycle-certificates",
    source="inferred from isg3T1024615, Certificates and Keys on the NIM Master",
    impact="likely no secured push can get through its handshake",
    explains=("create-bio-hang", "ssl-object-error"),
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH,),
)
def handshake_fails(
    objects: NimObjects, rehearsal: Optional[Rehearsal], generation: Optional[NimGeneration]
) -> Iterator[Verdict]:
    """Both sides of a push's handshake go through with the very files on the master's disk.

    They run against each other in memory, in a process of its own; nothing is sent. What nimsh itself
    loads is not public, so that a failure is likely at most, and a pass says no more than that the files fit.
    """
    if rehearsal is None:
        yield NotApplicable(
            "a rehearsal needs the private keys, which are never collected: run nimdoctor on the master itself, as root"
        )
        return
    hardening = Hardening.of(master=generation, what="what must fit")
    support = objects.ssl_support()
    if support is None:
        raise Missing("lsnim -l", message="the listing does not show the master's own object")
    if not support:
        yield Passed("SSL is not configured on this master, so no handshake is made", [objects.ssl_quote()])
    elif rehearsal.fits:
        yield Passed(
            f"the files fit together: every step of a rehearsed handshake went through with {rehearsal.openssl}",
            rehearsal.quotes(),
        )
    elif not rehearsal.fails:
        # a library that is not installed is no sign of trouble
        severity = Severity.LOW if "pyOpenSSL" in rehearsal.reason else None
        yield Unknown(f"no handshake was rehearsed: {rehearsal.reason}", [REHEARSAL], severity=severity)
    elif rehearsal.cause in _FITTING and hardening:
        yield Unknown(
            f"the rehearsed handshake fails at the step '{rehearsal.step}', but {hardening.why}",
            hardening.missing,
            rehearsal.quotes(),
            settled_by=hardening.settled_by,
        )
    else:
        yield _finding(rehearsal, [found.name for found in objects.connected(SECURE)])


def _finding(rehearsal: Rehearsal, secured: List[str]) -> Finding:
    advice = _BY_CAUSE[rehearsal.cause or Cause.OTHER]
    about = rehearsal.path or "the master's files"
    code = f" ({rehearsal.code})" if rehearsal.code else ""
    return Finding(
        f"the rehearsed handshake fails at the step '{rehearsal.step}' with {about}: {rehearsal.in_words}{code}",
        evidence=rehearsal.quotes(),
        objects=[rehearsal.path] if rehearsal.path else [],
        cause=Inferred(advice.cause),
        cure=Inferred(advice.cure),
        fix=advice.fix,
        touches=len(secured) if advice.fix else 0,
    )
