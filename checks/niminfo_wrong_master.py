"""The master that a client's /etc/niminfo names must be the one that pushes."""

from typing import FrozenSet, Iterator, List, Optional, Tuple

from nimdoctor.facts import Hosts, NimIdentity, NimInfo, NimObjects, VirtualIoServer
from nimdoctor.facts.host_names import known_as, same_host
from nimdoctor.facts.lsnim import NimObject
from nimdoctor.facts.nim_identity import on_vios
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    OnMaster,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_PUSH, NO_WAY_BACK
from nimdoctor.model.wording import REMOTE_MANAGEMENT, configure_client, named


def _cure(vios: bool) -> str:
    return (
        f"on the client: {configure_client(vios)}. Not done by itself: which master this client is to have, a person must "
        "say, and a plan would give it the old one again"
    )


@check(
    "niminfo-wrong-master",
    title="/etc/niminfo names another master",
    role=Role.CLIENT,
    severity=Severity.HIGH,
    source="IBM docs, NIMSH authentication process (first test); niminit",
    cause=Inferred(
        "the master was likely renamed, replaced or moved to another name, or a takeover by an alternate master did not "
        "reach this client"
    ),
    cure=_cure(False),
    rules_out=(*NO_WAY_BACK, *NO_PUSH),
    breaks=(Traffic.PUSH, Traffic.PULL),
    messages=("0042-008",),
    marks="C B",
)
def niminfo_wrong_master(
    subject: Subject,
    objects: OnMaster[NimObjects],
    info: NimInfo,
    identity: NimIdentity,
    hosts: Optional[Hosts],
    masters_hosts: Optional[OnMaster[Hosts]],
    ios: Optional[VirtualIoServer],
) -> Iterator[Verdict]:
    """nimsh accepts a push from the master it knows by name, and from no other host."""
    master = info.get("NIM_MASTER_HOSTNAME")
    if master is None:
        raise Missing("/etc/niminfo", message=f"{info.source} has no NIM_MASTER_HOSTNAME")
    at = info.quote("NIM_MASTER_HOSTNAME")
    meant = known_as(info.master_names(), hosts, masters_hosts)
    allowed = _masters(objects)
    for who in allowed:
        if same_host(meant, known_as(who.host_names(), hosts, masters_hosts)):
            yield Passed(f"{master} is the object {who.name}", [at, *_interfaces(who)])
            return
    if not any(who.host_names() for who in allowed):
        raise Missing("lsnim -l", message=f"{objects.source} shows no interface of the master")
    names = list(dict.fromkeys(name for who in allowed for name in who.host_names()))
    shown = [quote for who in allowed for quote in _interfaces(who)]
    if not objects.complete:
        # a takeover leaves an alternate master, which only a whole listing would show
        yield Unknown(
            f"{master} is no interface of the master ({named(names)}); whether it is an alternate master is not shown",
            ["lsnim -l"],
            [at, *shown],
        )
        return
    if not info.complete:
        raise Missing("/etc/niminfo", message=f"only a part of {info.source} was given: {at.text.strip()}")
    own, why = identity.object_in(objects)
    if own is None:
        yield Unknown(f"{master} is not the master that was given ({named(names)}), and {why}", (), [at, *shown])
        return
    yield Finding(
        f"{at.text.strip()}, but the master is {named(names)}",
        evidence=[at, *shown],
        confidence=Confidence.CERTAIN if hosts and masters_hosts else Confidence.LIKELY,
        impact=f"nimsh refuses every push to {subject.name}, and nimclient asks the wrong host",
        cure=_cure(on_vios(ios, own)),
        run=REMOTE_MANAGEMENT if on_vios(ios, own) else "smitty niminit",
        missing=[] if hosts and masters_hosts else ["/etc/hosts"],
    )


def _masters(objects: NimObjects) -> List[NimObject]:
    """The objects that may push: the master and each alternate master."""
    master = objects.master()
    return [*([master] if master else []), *objects.resources("alternate_master")]


def _interfaces(who: NimObject) -> Tuple[Quote, ...]:
    names: FrozenSet[str] = frozenset(who.host_names())
    return tuple(
        row.at
        for row in who.attributes
        if row.name.startswith("if") and len(row.value.split()) > 1 and row.value.split()[1] in names
    )
