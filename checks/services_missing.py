"""/etc/services must name the ports by which master and client find each other."""

from typing import Iterator, List, Optional, Sequence, Tuple

from nimdoctor.facts import Filesets, NimInfo, Services, Sockets, Subsystems
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.facts.services import NIMSH_PORTS, ServiceRow, ports_of_nim
from nimdoctor.model import (
    CHECKS_OWN,
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

PORT = NIMSH_PORTS["nimsh"]
_MOVED = "moving nimsh to another port is not supported by IBM"
_ASKED_BY_NAME = "nimsh, and the master when it connects, likely ask for the port by its name"


@check(
    "services-missing",
    title="/etc/services does not name NIM's ports as it should",
    subject="ports",
    role=Role.BOTH,
    severity=Severity.MEDIUM,
    fix="add-services",
    source="IBM isg3T1011808 (ports); that nimsh asks for them by name is inferred",
    cause=Inferred("the rows were likely removed, or /etc/services was replaced by one without them"),
    breaks=(Traffic.PUSH,),
    marks="C B",
)
def services_missing(
    subject: Subject,
    services: Services,
    info: Optional[NimInfo],
    sockets: Optional[Sockets],
    subsystems: Optional[Subsystems],
    filesets: Optional[Filesets],
    masters: Optional[OnMaster[Services]],
    clients: Optional[OnClient[Services]],
) -> Iterator[Verdict]:
    """nimsh finds its ports by name: without their rows in /etc/services it may not start, and no push goes through."""
    if filesets and filesets.installed(CLIENT_FILESET) is False:
        yield NotApplicable(f"{CLIENT_FILESET} is not installed")
        return
    wanted = ports_of_nim(info)
    lacking = [(name, port) for name, port in wanted if not services.named(name)]
    if lacking and services.partial:
        names = ", ".join(name for name, _ in lacking)
        raise Missing("/etc/services", message=f"only part of /etc/services was shown, and not {names}")
    works = _Push(subject, sockets if sockets and sockets.tells(PORT) else None, subsystems)
    theirs = masters if subject.where is Role.CLIENT else clients
    theirs = theirs if theirs and theirs.coverage.of("nimsh") else None
    pushed = [one for one in lacking if one[0] in NIMSH_PORTS]
    pulled = [one for one in lacking if one[0] not in NIMSH_PORTS]
    found: List[Finding] = []
    if pushed:
        found.append(works.judged(_absent(services, pushed), any(name == "nimsh" for name, _ in pushed)))
    for name, port in wanted:
        odd = _odd(services, name, port)
        if odd:
            found.append(_misplaced(subject, works, odd, name, port, None if theirs is services else theirs))
    if pulled:
        found.append(_low(_absent(services, pulled), pulled[0][0]))
    if found and not (subject.loose or _in_nim(info, subsystems, filesets)):
        raise Missing(
            "/etc/niminfo", "lssrc -a", message=f"{found[0].message}; whether this host is in NIM is not known"
        )
    yield from found
    if not found:
        yield _all_there(services, wanted)


def _misplaced(
    subject: Subject, works: "_Push", row: ServiceRow, name: str, port: int, theirs: Optional[Services]
) -> Finding:
    """A name that has a row, of another protocol or port than the one wanted."""
    if row.protocol != "tcp":
        finding = _other_protocol(row, name, port)
        return works.judged(finding, name == "nimsh") if name in NIMSH_PORTS else _low(finding, name)
    if name == "nimsh":
        return _moved(subject, row, theirs)
    return _low(_other_port(row, name, port), name)


def _all_there(services: Services, wanted: Sequence[Tuple[str, int]]) -> Verdict:
    """Every name that is known to be wanted has its row."""
    evidence = [row.at for name, _ in wanted for row in services.named(name)[:1]]
    named = ", ".join(f"{name} {port}" for name, port in wanted)
    if len(wanted) < 4:
        return Unknown(
            f"{named} have their rows; the ports of nim and nimreg are not known (/etc/niminfo)",
            ["/etc/niminfo"],
            evidence,
            Severity.LOW,
        )
    shared = [other for name, port in wanted for other in services.others_on(port, name)]
    if shared:
        others = ", ".join(f"{row.name} {row.port}/{row.protocol}" for row in shared)
        return Note(f"{named} have their rows, but a port has another name too: {others}", [row.at for row in shared])
    return Passed(f"{named} have their rows", evidence)


def _in_nim(info: Optional[NimInfo], subsystems: Optional[Subsystems], filesets: Optional[Filesets]) -> bool:
    """Whether something shows that NIM is there at all: many a host has no row for it and needs none."""
    known = subsystems is not None and subsystems.get("nimsh") is not None
    return info is not None or known or bool(filesets and filesets.installed(CLIENT_FILESET))


class _Push:
    """How much a missing row matters now: nimsh keeps the socket that it has until it is stopped."""

    def __init__(self, subject: Subject, sockets: Optional[Sockets], subsystems: Optional[Subsystems]) -> None:
        self.subject = subject
        self.active = subsystems.active("nimsh") if subsystems else None
        self.listening = sockets.listening(PORT) if sockets else ()
        lacking = (("lssrc -a", self.active is None), ("netstat -an", sockets is None))
        self.missing = tuple(name for name, absent in lacking if absent)

    def judged(self, finding: Finding, primary: bool) -> Finding:
        """High only where the primary port is nameless and nothing serves it."""
        name = self.subject.name
        if not primary:
            return finding._replace(
                severity=Severity.MEDIUM, impact=f"what a push to {name} writes to stderr (3902/tcp) finds no way back"
            )
        if self.active and self.listening:
            return finding._replace(
                severity=Severity.MEDIUM,
                confidence=Confidence.POSSIBLE,
                against=[row.at for row in self.listening[:1]],
                impact=f"nimsh of {name} listens now; once it is stopped it may not start again, and no push goes through",
            )
        if self.missing:
            return finding._replace(
                severity=Severity.MEDIUM, missing=self.missing, impact=f"nimsh of {name} may not start"
            )
        return finding._replace(
            severity=Severity.HIGH, impact=f"likely no push reaches {name}", explains=("nimsh-inactive",)
        )


def _absent(services: Services, lacking: List[Tuple[str, int]]) -> Finding:
    names = [name for name, _ in lacking]
    taken = [other for name, port in lacking for other in services.others_on(port, name)]
    off = [row for name in names for row in services.switched_off(name)]
    free = [name for name, port in lacking if not services.others_on(port, name)]
    rows = ", ".join(f"{name} {port}/tcp" for name, port in lacking)
    message = f"/etc/services has no row for {rows}"
    cause, cure = None, f"add to /etc/services: {rows}"
    if off:
        message += f" ({'it is' if len(off) == 1 else 'some are'} commented out)"
        cause = Inferred("somebody likely switched the row off")
    if names[0] in NIMSH_PORTS:
        why = cause or "the row was likely removed, or the file was replaced by one without it"
        cause = Inferred(f"{_ASKED_BY_NAME}; {why}")
        cure += "; nimsh need not be restarted while it runs"
    if taken:
        others = ", ".join(f"{row.name} {row.port}/{row.protocol}" for row in taken)
        cure = f"first find out who needs the port that has another name here ({others}), since {_MOVED}; then {cure}"
    return Finding(
        message,
        evidence=[*(row.at for row in (*taken, *off)), services.whole()],
        objects=names,
        cause=cause,
        cure=cure,
        fix=CHECKS_OWN if free else None,
        run=None if free else "vi /etc/services",
    )


def _odd(services: Services, name: str, port: int) -> Optional[ServiceRow]:
    """The row of the name that counts, where it is not the one wanted."""
    rows = services.named(name)
    row = next((one for one in rows if one.protocol == "tcp"), rows[0] if rows else None)
    return row if row and (row.protocol, row.port) != ("tcp", port) else None


def _moved(subject: Subject, row: ServiceRow, theirs: Optional[Services]) -> Finding:
    """nimsh has another port here; whether a push finds it is told by the other end's row."""
    other = theirs.port("nimsh") if theirs else None
    end = "master" if subject.where is Role.CLIENT else "client"
    evidence: List[Quote] = [row.at, *(one.at for one in (theirs.named("nimsh") if theirs and other else ()))]
    # somebody may have meant it: where both ends agree it works, whatever IBM supports
    severity, confidence = Severity.MEDIUM, Confidence.POSSIBLE
    message = f"nimsh is {row.port}/tcp in /etc/services, not {PORT}"
    impact = f"a push finds nimsh only where the {end}'s /etc/services says {row.port} too"
    if other == row.port:
        severity, confidence = Severity.LOW, Confidence.LIKELY
        message += f", as on the {end}"
        impact = "pushes go by a port that IBM does not support"
    elif other is not None:
        severity, confidence = Severity.HIGH, Confidence.LIKELY
        message += f", while the {end} has {other}"
        impact = "no push goes through: the master connects to one port and nimsh listens on the other"
    return Finding(
        message,
        evidence=evidence,
        objects=["nimsh"],
        severity=severity,
        confidence=confidence,
        cause=Inferred("somebody likely moved nimsh, for instance since another program has its port"),
        impact=impact,
        cure=f"{_MOVED}: give the other program another port, set the row back to {PORT}, restart nimsh",
        fix=None,
        run="grep -w nimsh /etc/services",
        missing=() if theirs else ("/etc/services",),
        explains=() if severity is Severity.LOW else ("nimsh-inactive",),
    )


def _other_protocol(row: ServiceRow, name: str, port: int) -> Finding:
    return Finding(
        f"{name} stands in /etc/services as {row.port}/{row.protocol} alone, not as {port}/tcp",
        evidence=[row.at],
        objects=[name],
        cause=Inferred(_ASKED_BY_NAME if name in NIMSH_PORTS else "the row was likely changed"),
        cure=f"add to /etc/services, unless somebody left it out on purpose: {name} {port}/tcp",
        fix=None,
        run=f"grep -w {name} /etc/services",
    )


def _other_port(row: ServiceRow, name: str, port: int) -> Finding:
    usual = name in NIMSH_PORTS
    return Finding(
        f"{name} is {row.port}/tcp in /etc/services, {'not' if usual else 'and /etc/niminfo says'} {port}",
        evidence=[row.at],
        objects=[name],
        cause=Inferred("somebody likely moved it, or one of the two was changed alone"),
        cure=f"where nobody meant it, set the row of {name} to {port}/tcp",
        fix=None,
        run=f"grep -w {name} /etc/services",
    )


def _low(finding: Finding, name: str) -> Finding:
    impact = "stderr of a push takes another port than a firewall may expect"
    if name not in NIMSH_PORTS:
        impact = "what looks the port up by name finds none, or another one than nimesis has"
    return finding._replace(severity=Severity.LOW, impact=impact)
