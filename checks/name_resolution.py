"""Each end must find the other by name, and come back to that name from its address."""

from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts import Interfaces, NimIdentity, NimInfo, NimObjects, Resolution
from nimdoctor.facts.host_names import is_loopback, same_name
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Note,
    OnClient,
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
from nimdoctor.model.ruling import NO_PUSH

_CURE = (
    "make forward and back agree, in /etc/hosts or DNS, in the order of /etc/netsvc.conf: host {name}; host ADDRESS; "
    "ask both again afterwards. Not done by itself: other programs of the host use the same names"
)
_INTERFACES = "netstat -in"


class _Statement(NamedTuple):
    """The address of a host by another witness than this host's own resolution."""

    who: str
    address: str
    at: Quote


@check(
    "name-resolution",
    title="Names of client and master do not resolve both ways",
    subject="names",
    role=Role.BOTH,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    source="IBM docs, NIMSH authentication process (first test)",
    cause=Inferred("a row of /etc/hosts or DNS is likely missing, old, or names another host first"),
    rules_out=NO_PUSH,
    breaks=(Traffic.PUSH, Traffic.PULL),
    messages=("0042-006", "0042-008"),
    log_lines=("source hostname is",),
    marks="C A",
)
def name_resolution(
    subject: Subject,
    info: Optional[NimInfo],
    resolution: Optional[Resolution],
    objects: Optional[OnMaster[NimObjects]],
    client: Optional[OnClient[NimIdentity]],
    niminfo: Optional[OnClient[NimInfo]],
    masters_resolution: Optional[OnMaster[Resolution]],
    clients_resolution: Optional[OnClient[Resolution]],
    own_interfaces: Optional[Interfaces],
    masters_interfaces: Optional[OnMaster[Interfaces]],
    clients_interfaces: Optional[OnClient[Interfaces]],
) -> Iterator[Verdict]:
    """nimsh tells its master by the name that the address of a push leads back to."""
    on_client = subject.where is Role.CLIENT
    other = "MASTER" if on_client else "CLIENT"
    if on_client:
        name = info.get("NIM_MASTER_HOSTNAME") if info else None
        if name is None:
            raise Missing("/etc/niminfo")
    else:
        if not subject.client_named:
            yield NotApplicable("about a client: give that client as the target")
            return
        name = _name_of_client(client, objects)
        if name is None:
            raise Missing("/etc/niminfo", message="the client's host name is not known")
    theirs = masters_interfaces if on_client else clients_interfaces
    if theirs is own_interfaces:
        # one host's evidence stands for both ends
        theirs = None
    answer = resolution.forward(name) if resolution else None
    if answer is None or resolution is None:
        raise Missing(
            f"host {other}_HOSTNAME", *_tables(resolution), message=f"where {name} leads on this host is not known"
        )
    impact = f"nimsh on {subject.name} does not recognise its master" if on_client else f"no push reaches {name}"
    cure = _CURE.format(name=name)
    run = f"host {name}"
    if answer.address is None:
        yield Finding(
            f"{name} does not resolve",
            evidence=[answer.at],
            confidence=Confidence.CERTAIN,
            impact=impact,
            cure=cure,
            run=run,
        )
        return
    wrong = _wrong_address(answer.address, theirs)
    if wrong:
        yield Finding(
            f"{name} leads to {answer.address}, {wrong}",
            evidence=[answer.at, *([theirs.whole()] if theirs and not is_loopback(answer.address) else [])],
            confidence=Confidence.CERTAIN if is_loopback(answer.address) else Confidence.LIKELY,
            impact=impact,
            cure=cure,
            run=run,
        )
        return
    back = resolution.back(answer.address)
    if back is None:
        yield Unknown(
            f"{name} leads to {answer.address}; where that leads back to is not known",
            [f"host {other}_ADDRESS", *_tables(resolution)],
            [answer.at],
            Severity.LOW,
        )
        return
    evidence: List[Quote] = list(dict.fromkeys((answer.at, back.at)))
    if back.name and same_name(back.name, name):
        both = f"{name} leads to {answer.address} and back"
        stanza = objects.master() if objects and on_client else None
        names = (name, *(stanza.host_names() if stanza else ()))
        its_own = masters_resolution if on_client else clients_resolution
        statements = [] if theirs else _elsewhere(names, niminfo, its_own if its_own is not resolution else None)
        others = [one for one in statements if one.address != answer.address.lower()]
        if others and niminfo and not (niminfo.complete or niminfo.get("NIM_HOSTS")):
            raise Missing("/etc/niminfo", message=f"{both}; what NIM_HOSTS says is not in the part that was given")
        if others and len(others) == len(statements):
            yield _contradicted(f"{name} leads to {answer.address}", others, evidence, impact, cure, run)
            return
        if back.name.lower() == name.lower():
            yield Passed(both, evidence)
        else:
            yield Note(f"{both}, by the name {back.name}", evidence)
        return
    alias = any(same_name(found, name) for found in back.aliases)
    yield Finding(
        f"{name} leads to {answer.address}, which leads back to {back.name or 'no name'}"
        + (f", with {name} as an alias" if alias else ""),
        evidence=evidence,
        severity=Severity.HIGH if on_client and not alias else Severity.MEDIUM,
        # whether nimsh compares aliases too is not known
        confidence=Confidence.POSSIBLE if alias else Confidence.LIKELY,
        impact=f"the master likely takes nimclient of {name} for another host's"
        if not on_client
        else f"nimsh on {subject.name} may not recognise its master"
        if alias
        else impact,
        cure=cure,
        run=f"host {answer.address}",
    )


def _tables(resolution: Optional[Resolution]) -> List[str]:
    """The files that would tell as well, where they are not known."""
    known = (("/etc/hosts", resolution and resolution.hosts), ("/etc/netsvc.conf", resolution and resolution.order))
    return [path for path, found in known if not found]


def _elsewhere(names: Sequence[str], niminfo: Optional[NimInfo], its_own: Optional[Resolution]) -> List[_Statement]:
    """The address of the other end by NIM_HOSTS, and by its own resolution of its names."""
    statements = []
    recorded = next(filter(None, map(niminfo.address_of, names)), None) if niminfo else None
    if niminfo and recorded:
        statements.append(_Statement("NIM_HOSTS", recorded.lower(), niminfo.quote("NIM_HOSTS")))
    for found in filter(None, map(its_own.forward, names)) if its_own else ():
        if found.address and not is_loopback(found.address):
            statements.append(_Statement("its own host", found.address.lower(), found.at))
            break
    return statements


def _contradicted(
    leads: str, others: List[_Statement], evidence: List[Quote], impact: str, cure: str, run: str
) -> Verdict:
    """Forward and back agree here, and nothing else agrees with them."""
    message = f"{leads} and back, but " + " and ".join(f"{one.who} says {one.address}" for one in others)
    quotes = [*evidence, *(one.at for one in others)]
    if [one.who for one in others] == ["NIM_HOSTS"]:
        # it is written by niminit and stays as it is when a host moves
        return Unknown(f"{message}; which of them is right its interfaces tell", [_INTERFACES], quotes)
    sure = len(others) > 1 and len({one.address for one in others}) == 1
    return Finding(
        message,
        evidence=quotes,
        # a host with several addresses may well be called by another one from elsewhere
        confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
        missing=[] if sure else [_INTERFACES],
        impact=impact,
        cure=cure,
        run=run,
    )


def _name_of_client(client: Optional[NimIdentity], objects: Optional[NimObjects]) -> Optional[str]:
    """The name by which the master reaches it: the interface of its object, else its own."""
    if client is None:
        return None
    own, _ = client.object_in(objects)
    return next(iter((own.host_names() if own else ()) or client.names), None)


def _wrong_address(address: str, theirs: Optional[Interfaces]) -> str:
    """What is wrong with the address, in words; empty when nothing is known to be."""
    if is_loopback(address):
        return "this host itself"
    held: Tuple[str, ...] = tuple(row.address for row in theirs.rows if not is_loopback(row.address)) if theirs else ()
    return f"which is none of its addresses ({', '.join(held[:5])})" if held and address not in held else ""
