"""What is left to do where a cure is advice only: an end is, or may be, of security generation G2 or later.

In the order in which it helps: which generation each end is of and what proves it, whether the two fit, what can still
be looked at, what changed since the last good push, whom to ask.
"""

from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor import facts
from nimdoctor.diagnosis.engine import Engine, Result
from nimdoctor.diagnosis.host import Host
from nimdoctor.model import Outcome, Quote, Role, Severity, Topic

Argv = Tuple[str, ...]
NODE = "https://www.ibm.com/support/pages/node/"
_PAGES = {
    "G1": (("7186621", "the fixes of G1, March 2025"),),
    "G2": (("7251173", "the fixes of G2, November 2025: clients first, then the master"),),
    "G3": (
        ("7283858", "the service packs of G3, August 2026"),
        ("7283157", "the special steps of G3 on both ends"),
    ),
}
_WORST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.PASS)
NOT_ASKED = "not asked"
DIFFER, AHEAD, ALIKE, OPEN = "differ", "client ahead", "alike", "open"
"""How the generations of two ends stand to each other: the client ahead by G2 is in the right order, open is where one is
not proved.
"""


class EndGeneration(NamedTuple):
    """One end: its generation as far as it is proved (None: nothing is), the lines that prove it, and the commands that
    would prove it, or that no higher one is there; none where that is settled.
    """

    where: Role
    host: Optional[str]
    generation: Optional[str]
    proved_by: Tuple[Quote, ...]
    proof: Tuple[Argv, ...]

    @property
    def settled(self) -> bool:
        """Whether it is known to be of that generation and of none above."""
        return self.generation is not None and not self.proof


class Look(NamedTuple):
    """Something that can be looked at whatever the generation, in one or two words and in a sentence: `state` is what this scan's checks of it came to (the worst
    outcome of `checks`), or not asked; `commands` are to be run by hand on that end.
    """

    name: str
    what: str
    state: str
    checks: Tuple[str, ...]
    commands: Tuple[Tuple[Role, Argv], ...]


class Page(NamedTuple):
    """A page of IBM's."""

    title: str
    url: str


class Guidance(NamedTuple):
    """`ends` are those that were looked at, and the master of a client alone, which was not; `standing` is one of DIFFER,
    AHEAD, ALIKE, OPEN, or empty for a master alone.
    """

    ends: Tuple[EndGeneration, ...]
    standing: str
    looks: Tuple[Look, ...]
    last_good: Optional[Quote]
    changed: Optional[str]
    pages: Tuple[Page, ...]
    case: Argv

    @property
    def to_prove(self) -> Tuple[EndGeneration, ...]:
        """Ends whose generation is not proved, and can be."""
        return tuple(end for end in self.ends if end.proof)

    @property
    def next(self) -> Tuple[Optional[Role], Tuple[Argv, ...]]:
        """The commands to run first, and the end: what proves a generation, else what the client says of itself, else
        the archive for a case. None is the host that nimdoctor runs on.
        """
        for end in self.to_prove:
            return end.where, end.proof
        for look in self.looks:
            if look.commands and not look.checks:
                return look.commands[0][0], (look.commands[0][1],)
        return None, (self.case,)


def guidance_of(engine: Engine, results: Sequence[Result], changed: Optional[str]) -> Optional[Guidance]:
    """What is left to do; None where both ends are known to be below G2, or nothing of medium or more is wrong or open."""
    at_stake = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
    operation = (one for one in results if one.topic is Topic.OPERATION and one.severity.rank >= Severity.MEDIUM.rank)
    # the generation is asked for last: a scan of one check loads nothing that it does not need
    if not any(one.outcome in at_stake for one in operation) or not engine.may_be_hardened():
        return None
    hosts = _by_role(engine)
    ends = tuple(_end(role, host) for role, host in hosts.items())
    if Role.MASTER not in hosts:
        proof = (("oslevel", "-s"), *_every_proof(engine.target))
        ends = (*ends, EndGeneration(Role.MASTER, None, None, (), proof))
    log = hosts[Role.CLIENT].optional(facts.NimshLog) if Role.CLIENT in hosts else None
    good = log.newest_push() if log else None
    return Guidance(
        ends,
        _standing(ends),
        tuple(_looks(hosts, results)),
        good.last if good else None,
        changed,
        tuple(_pages(ends)),
        _case(engine),
    )


def _by_role(engine: Engine) -> Dict[Role, Host]:
    hosts: Dict[Role, Host] = {}
    if "client" in engine.target.roles or not engine.target.roles or engine.master:
        hosts[Role.CLIENT] = engine.target
    master = engine.master or (engine.target if "master" in engine.target.roles else None)
    if master and master not in hosts.values():
        hosts[Role.MASTER] = master
    return hosts


def _end(role: Role, host: Host) -> EndGeneration:
    found = host.optional(facts.NimGeneration)
    if found is None:
        # nothing was looked at: its level comes first
        return EndGeneration(role, host.name, None, (), (("oslevel", "-s"), *_every_proof(host)))
    return EndGeneration(role, host.name, found.proved, found.evidence, found.proof)


def _every_proof(host: Host) -> Tuple[Argv, ...]:
    return facts.NimGeneration.proof_of_any_level(host.fact(facts.LevelTables))


def _standing(ends: Sequence[EndGeneration]) -> str:
    if len(ends) < 2:
        return ""
    if not all(end.settled for end in ends):
        return OPEN
    client, master = (str(end.generation) for end in ends)
    return ALIKE if client == master else AHEAD if (master < "G2" and client == "G2") else DIFFER


def _looks(hosts: Dict[Role, Host], results: Sequence[Result]) -> Iterator[Look]:
    """Ports, path, names, clocks, dates, daemons, filesets, fixes: what certificates do not bear on."""
    client, master = hosts.get(Role.CLIENT), hosts.get(Role.MASTER)
    names = _names(client, master)

    def look(name: str, what: str, checks: Sequence[str], *commands: Tuple[Role, Argv]) -> Look:
        there = tuple((role, argv) for role, argv in commands if role in hosts)
        return Look(name, what, _state(checks, results), tuple(checks), there)

    own, others = names.get(Role.CLIENT), names.get(Role.MASTER)
    yield look(
        "ports",
        "the ports of nimsh on the client, 3901 and 3902",
        ("nimsh-inactive", "port-taken", "services-missing"),
        (Role.CLIENT, ("netstat", "-an")),
    )
    yield look(
        "path",
        "the path between them, a firewall and the MTU: 3901/tcp from the master to the client, 3902/tcp both ways "
        "(nimdoctor scan --probe tries it on a live host)",
        (),
    )
    yield look(
        "names",
        "names both ways",
        ("name-resolution",),
        *([(Role.MASTER, ("host", own))] if own else []),
        *([(Role.CLIENT, ("host", others))] if others else []),
    )
    date: Argv = ("date", "-u", "+%Y-%m-%dT%H:%M:%SZ")
    yield look("clocks", "the clocks of both ends", ("clock-skew",), (Role.CLIENT, date), (Role.MASTER, date))
    yield look("dates", "the dates of the certificates", ("certificate-expired", "certificate-not-yet-valid"))
    if own and Role.MASTER in hosts:
        yield look("nimquery", "what the client says of itself", (), (Role.MASTER, ("nimquery", "-a", f"host={own}")))
    yield look(
        "daemons",
        "the daemons: nimsh on both ends, nimesis on the master",
        ("nimsh-inactive", "nimesis-inactive"),
        (Role.CLIENT, ("lssrc", "-s", "nimsh")),
        (Role.MASTER, ("lssrc", "-a")),
    )
    yield look(
        "filesets",
        "filesets left behind by an update",
        ("level-order", "fileset-broken"),
        (Role.CLIENT, ("lslpp", "-lc")),
        (Role.MASTER, ("lslpp", "-lc")),
    )
    yield look(
        "fixes",
        "fixes that are not in effect before a reboot",
        ("interim-fix-unstable",),
        (Role.CLIENT, ("emgr", "-lv3")),
        (Role.MASTER, ("emgr", "-lv3")),
    )


def _names(client: Optional[Host], master: Optional[Host]) -> Dict[Role, str]:
    """By end its host name, as the other end is to look it up."""
    info = client.optional(facts.NimInfo) if client else None
    found = {
        Role.CLIENT: (info.get("NIM_HOSTNAME") if info else None) or (client.name if client else None),
        Role.MASTER: (info.get("NIM_MASTER_HOSTNAME") if info else None) or (master.name if master else None),
    }
    # a name that begins with a dash would be read as an option
    return {role: name for role, name in found.items() if name and not name.startswith("-")}


def _state(checks: Sequence[str], results: Sequence[Result]) -> str:
    outcomes = {one.outcome for one in results if one.check in checks}
    return next((outcome.value for outcome in _WORST if outcome in outcomes), NOT_ASKED)


def _pages(ends: Sequence[EndGeneration]) -> Iterator[Page]:
    """Those of the generations that the ends are of, or may be."""
    for generation, pages in _PAGES.items():
        if any(
            end.generation == generation or (not end.settled and generation >= (end.generation or "G2")) for end in ends
        ):
            for node, title in pages:
                yield Page(title, NODE + node)


def _case(engine: Engine) -> Argv:
    words: List[str] = ["nimdoctor", "report"]
    words += [engine.target.evidence.target] if engine.target.evidence.target else []
    return (*words, *(["--master", engine.master.evidence.target] if engine.master else []))
