"""The processes of a push that hangs: which they are, and which of them a person may end."""

from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts import HostClock, NimIdentity, NimObjects, NimshMode, Processes, TlsAttempt
from nimdoctor.facts.ps import ProcessRow
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Traffic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.wording import ago, as_utc

PS = "ps -eo pid,ppid,etime,args"
_APART = 120
"""Seconds that may lie between the start of a push on the client and the last line of its session."""
_CLOCKS_APART = 900
"""The same for the nim command on the master: it prepares before it connects, and the clocks may differ."""


class _Suspect(NamedTuple):
    """A process that may belong to the hung push; `timed` says that its start is known, and fits."""

    end: str
    row: ProcessRow
    began: Optional[int]
    timed: bool

    @property
    def words(self) -> str:
        since = f" since {as_utc(self.began)}" if self.began is not None else ""
        if not since and self.row.elapsed is not None:
            since = f" for {ago(self.row.elapsed)}"
        elif not since and self.row.started:
            since = f" since {self.row.started} local time"
        return f"process {self.row.pid} on the {self.end}{since}: {self.row.args[:80]}"


@check(
    "hung-push",
    title="Processes of a push that hangs are still there",
    role=Role.CLIENT,
    severity=Severity.LOW,
    source="isg3T1024615, Known Issues 1 (a hung push stays); which process is its own is concluded from their times",
    cause=Inferred("NIM has no timeout there, so both ends likely wait for each other until somebody ends them"),
    breaks=(Traffic.PUSH,),
    messages=("0042-002",),
)
def hung_push(
    subject: Subject,
    attempt: Optional[TlsAttempt],
    processes: Optional[Processes],
    mode: Optional[NimshMode],
    clock: Optional[HostClock],
    identity: NimIdentity,
    objects: Optional[OnMaster[NimObjects]],
    masters: Optional[OnMaster[Processes]],
    masters_clock: Optional[OnMaster[HostClock]],
) -> Iterator[Verdict]:
    """A push that hangs stays, with its nim command on the master and its child of nimsh on the client."""
    if attempt is None or attempt.session is None or attempt.changes:
        yield NotApplicable("looked for only where create-bio-hang shows a push that hangs")
        return
    evidence = [quote for quote in (attempt.session.loaded, attempt.session.last) if quote]
    if attempt.cut:
        yield Unknown("whether nimsh was started since is not in the part that was given", attempt.cut, evidence)
        return
    if attempt.rival:
        yield Unknown("which of two sessions that overlap went on is not known", (), [attempt.rival.last, *evidence])
        return
    if not attempt.hangs:
        yield Passed("the newest session that loaded certificates did not hang", evidence)
        return
    own, _ = (identity.known_as(subject.name) if subject.named else identity).object_in(objects)
    name = own.name if own else identity.nim_name or subject.argument
    daemon = _daemon(processes, mode) if processes else None
    there = _on_the_client(attempt, processes, daemon, clock) if processes else []
    here = _on_the_master(attempt, masters, masters_clock, name) if masters else []
    cut = masters is not None and not masters.shows("nim")
    missing = [PS] if processes is None else []
    missing += [f"{PS} of the master"] if masters is None or cut else []
    suspects = [*here, *there]
    if not suspects:
        if processes is None or cut:
            yield Unknown("whether the push that hangs is still there shows in ps", missing, evidence)
        else:
            yield Passed("no process of that time is left: nothing to end", [*evidence, processes.whole()])
        return
    sure = all(one.timed for one in suspects) and len(here) < 2 and len(there) < 2
    yield Finding(
        "; ".join(one.words for one in suspects),
        evidence=[*(one.row.at for one in suspects), *evidence],
        objects=[f"{one.end} {one.row.pid}" for one in suspects],
        confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
        missing=missing,
        impact=f"the nim command does not come back, and nimdoctor fix waits for {name} to be idle; --accept-hung "
        f"{name} waives that",
        cure=_cure(here, there, daemon),
    )


def _daemon(processes: Processes, mode: Optional[NimshMode]) -> Optional[ProcessRow]:
    """nimsh itself. What is left of a push whose nimsh was stopped is a nimsh too, and a child of init."""
    return next((row for row in processes.rows if mode and mode.running and row.at == mode.at and row.ppid != 1), None)


def _on_the_client(
    attempt: TlsAttempt, processes: Processes, daemon: Optional[ProcessRow], clock: Optional[HostClock]
) -> List[_Suspect]:
    """nimsh's children, and those whose nimsh was stopped meanwhile, that began when the session did."""
    pids = {row.pid for row in processes.named("nimsh")}
    found = []
    for row in processes.rows:
        orphan = row.program == "nimsh" and row.ppid == 1
        if row == daemon or not (orphan or row.ppid in pids):
            continue
        fits = None
        if row.elapsed is not None and attempt.age is not None:
            fits = abs(row.elapsed - attempt.age) <= _APART
        if fits is not False and (row.elapsed is None or row.elapsed >= 60):
            began = clock.utc - row.elapsed if clock and row.elapsed is not None else None
            # one that somebody started past SRC is a child of init as well
            found.append(_Suspect("client", row, began, bool(fits) and not orphan))
    return found


def _on_the_master(attempt: TlsAttempt, processes: Processes, clock: Optional[HostClock], name: str) -> List[_Suspect]:
    """The nim command, or a method of it, for that client, that began when the session did."""
    found = []
    for row in processes.rows:
        if not row.operates or name not in row.words:
            continue
        began = clock.utc - row.elapsed if clock and row.elapsed is not None else None
        fits = abs(began - attempt.utc) <= _CLOCKS_APART if began is not None and attempt.utc is not None else None
        if fits is not False:
            found.append(_Suspect("master", row, began, bool(fits)))
    return found


def _cure(here: Sequence[_Suspect], there: Sequence[_Suspect], daemon: Optional[ProcessRow]) -> str:
    parts = []
    if here:
        parts.append(
            f"on the master kill {_pids(here)}: this should end the nim command, which reports an error, and no other "
            "client notices"
        )
    else:
        parts.append("the nim command on the master should be ended first (give --master to have it looked for)")
    if there:
        never = f" (never nimsh itself, {daemon.pid})" if daemon else ""
        parts.append(
            f"then on the client, where it is still there, kill {_pids(there)}{never}: this should end that one push"
        )
    return Inferred(
        "; ".join(parts) + ". The next push hangs again until create-bio-hang is cured; where the machine's Cstate "
        "stays 'is being performed', see cstate-stuck. Not done by itself: only a person sees what the push was for"
    )


def _pids(suspects: Sequence[_Suspect]) -> str:
    pids: Tuple[str, ...] = tuple(str(one.row.pid) for one in suspects)
    return " or ".join(pids)
