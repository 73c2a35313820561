"""The links between a NIM master and its client, and which of them the findings say is broken."""

from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.causes import Pair
from nimdoctor.diagnosis.engine import Engine, Result
from nimdoctor.facts import NimInfo
from nimdoctor.facts.niminfo import PORTS
from nimdoctor.model import Confidence, Outcome, Role, Severity, Traffic

if TYPE_CHECKING:
    from nimdoctor.facts import NimInfo

BROKEN, PERHAPS, AT_RISK = "broken", "perhaps broken", "at risk"
UNDECIDED, NO_FAULT, NOT_SEEN = "not decided", "no fault found", "not looked at"


class Link(NamedTuple):
    """One way between the ends. `checks` are the ids of the findings that say so, or of what could not be decided."""

    name: str
    title: str
    ports: Tuple[str, ...]
    state: str
    checks: Tuple[str, ...] = ()


class HostLinks(NamedTuple):
    """Master and client as a report names them, None where not known, and the links between them in the order
    push, pull, tftp. `clients` counts those of a master that was scanned alone.
    """

    master: Optional[str]
    client: Optional[str]
    links: Tuple[Link, ...]
    master_level: Optional[str] = None
    client_level: Optional[str] = None
    clients: Optional[int] = None


def ends_of(engine: Engine, results: Sequence[Result], pair: Callable[[], Pair]) -> HostLinks:
    """Both ends of a scan, as far as it knows them."""
    target, master = engine.target, engine.master
    alone = master is None and target.roles == ("master",)
    client = None if alone else target
    above = target if alone else master
    info = _info(engine) if client else None
    known = pair() if alone or any(result.where is Role.MASTER and result.objects for result in results) else Pair()
    about = [result for result in results if alone or _is_of(result, known)]
    ports = {Traffic.PUSH: ("3901/tcp", "3902/tcp"), Traffic.PULL: _pull_ports(info), Traffic.TFTP: ("69/udp",)}
    titles = {
        Traffic.PUSH: "push: the master connects to nimsh",
        Traffic.PULL: "pull: the client connects to nimesis",
        Traffic.TFTP: "tftp: the client fetches its certificate",
    }
    return HostLinks(
        above.name if above else (info.get("NIM_MASTER_HOSTNAME") if info else None),
        client.name if client else None,
        tuple(Link(one.value, titles[one], ports[one], *_state(one, about)) for one in Traffic),
        above.oslevel if above else None,
        client.oslevel if client else None,
        len(known.clients) or None if alone else None,
    )


def _info(engine: Engine) -> "Optional[NimInfo]":
    return engine.target.optional(NimInfo)


def _pull_ports(info: "Optional[NimInfo]") -> Tuple[str, ...]:
    """As the client's niminfo has them, the usual ones where it is not there."""
    found = {name: info.port(name) if info else usual for name, usual in PORTS.items()}
    return tuple(f"{port}/tcp" if port else f"{name} is no port" for name, port in found.items())


def _is_of(result: Result, pair: Pair) -> bool:
    """Whether a result is about this client: what a master says of others is not."""
    named = pair.clients.intersection(result.objects)
    return result.where is not Role.MASTER or not named or not pair.own or not named.isdisjoint(pair.own)


def _state(traffic: Traffic, results: Sequence[Result]) -> Tuple[str, Tuple[str, ...]]:
    """By severity, which is that of what it does to pushes: high means that none can go, medium that one will break or
    goes unprotected. So what stops a pull or tftp alone counts for more here than its severity says.
    """
    stops = Severity.HIGH if traffic is Traffic.PUSH else Severity.MEDIUM
    failures = [one for one in results if traffic in one.breaks]
    failed = [one for one in failures if one.outcome is Outcome.FAIL]
    high = [one for one in failed if one.severity.rank >= stops.rank]
    sure = [one for one in high if one.confidence is not Confidence.POSSIBLE]
    less = [one for one in failed if one.severity.rank == stops.rank - 1]
    open_ = [one for one in failures if one.outcome in (Outcome.UNKNOWN, Outcome.ERROR)]
    undecided = [one for one in open_ if one.severity.rank >= Severity.MEDIUM.rank]
    passed = [one for one in failures if one.outcome is Outcome.PASS]
    for found, word in ((sure, BROKEN), (high, PERHAPS), (less, AT_RISK), (undecided, UNDECIDED)):
        if found:
            return word, _ids(sure + high if found is sure else found)
    return (NO_FAULT if passed else NOT_SEEN), ()


def _ids(results: List[Result]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(one.check for one in results))
