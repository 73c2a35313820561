"""A push that somebody recorded, and that failed."""

from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts import NimIdentity, PushSince, RecordedOperations, Sockets, Subsystems
from nimdoctor.facts.message_numbers import numbered
from nimdoctor.facts.operation_lines import REACHED_NOBODY, Failure, OperationError
from nimdoctor.facts.operations import NO_PUSH, Operation, may_be
from nimdoctor.facts.services import NIMSH_PORTS
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    NotApplicable,
    OnClient,
    OnMaster,
    Passed,
    Quote,
    Role,
    Severity,
    Subject,
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.ruling import NO_PUSH as RULES_OUT_PUSH

PORT, SECOND = NIMSH_PORTS["nimsh"], NIMSH_PORTS["nimaux"]
_NOT_LISTENING = ("nimsh-inactive", "port-taken", "services-missing", "push-disabled")
_NAMES = ("name-resolution",)
_HANGS = ("create-bio-hang", "hung-push", "handshake-fails", "certificate-mismatch", "certificate-expired")
_IDENTITY = ("cpuid-changed", "master-id-changed", "niminfo-wrong-master", "name-resolution")


class _Answer(NamedTuple):
    """What is said of one way to fail; `client` stands for the client's name in the texts."""

    severity: Severity
    cause: str
    cure: str
    explained_by: Tuple[str, ...]
    mark: Confidence = Confidence.LIKELY


_ANSWERS = {
    Failure.REFUSED: _Answer(
        Severity.HIGH,
        "nothing took the connection: most likely nimsh does not run on {client}, or the name leads to another host",
        f"on {{client}} at lssrc -s nimsh, which should say active, and netstat -an, which should show LISTEN on {PORT} "
        "(nimsh-inactive, port-taken); on the master at host {name}: is that its address? (name-resolution)",
        (*_NOT_LISTENING, *_NAMES, "niminfo-broken"),
    ),
    Failure.NO_ANSWER: _Answer(
        Severity.HIGH,
        "no answer came: likely {client} is down, the name leads to another address, or a firewall drops what is sent "
        f"to {PORT}",
        "on the master at host {name} and a ping of that address (name-resolution); then whether a firewall lets "
        f"{PORT} and {SECOND} through; on {{client}} at lssrc -s nimsh (nimsh-inactive)",
        (*_NAMES, "nimsh-inactive"),
    ),
    Failure.SECOND_CHANNEL: _Answer(
        Severity.HIGH,
        f"Error 0 with poll: setup failure: likely the second channel, {SECOND}/tcp (nimaux), did not come up, while "
        f"{PORT} answered",
        f"whether a firewall lets {SECOND} through as well, and whether the rows nimsh {PORT}/tcp and nimaux {SECOND}/tcp stand in "
        "/etc/services of both ends (services-missing, name-resolution)",
        ("services-missing", *_NAMES),
    ),
    Failure.NO_CONNECTION: _Answer(
        Severity.HIGH,
        "the two ends came to no connection; likely nimsh on {client}, its name, or a firewall is at fault",
        f"on {{client}} at lssrc -s nimsh and netstat -an, LISTEN on {PORT} (nimsh-inactive, port-taken); on the master at "
        "host {name} (name-resolution)",
        (*_NOT_LISTENING, *_NAMES, "create-bio-hang"),
    ),
    Failure.DENIED: _Answer(
        Severity.HIGH,
        "nimsh on {client} answered and refused: likely it has another CPU id, another master id or another master than "
        "this master passes (cpuid-changed, master-id-changed, niminfo-wrong-master, name-resolution)",
        "at uname -m on {client} beside the cpuid of lsnim -l {name} (cpuid-changed); at NIM_MASTERID in its "
        "/etc/niminfo beside uname -m of the master (master-id-changed); at NIM_MASTER_HOSTNAME there, and to what "
        "{client} resolves it (niminfo-wrong-master, name-resolution)",
        (*_IDENTITY, "niminfo-broken", "push-disabled", "ssl-one-sided"),
    ),
    Failure.INTERRUPTED: _Answer(
        Severity.MEDIUM,
        "it was ended by a signal, as by Ctrl-C: a push that hangs may have been cut off so, since NIM itself ends none",
        "at the last lines of /var/adm/ras/nimsh.log on {client}: a hang stops at create BIO (create-bio-hang); what of the "
        "push still runs shows ps -ef on both ends (hung-push)",
        (*_HANGS, "nimsh-inactive", *_NAMES),
        Confidence.POSSIBLE,
    ),
    Failure.TIMED_OUT: _Answer(
        Severity.MEDIUM,
        "Ansible waited 300 s for {client} and gave it up: a push that hangs may look like that, and so may a host that "
        "does not answer",
        "at the last lines of /var/adm/ras/nimsh.log on {client}: a hang stops at create BIO (create-bio-hang); on {client} "
        "lssrc -s nimsh (nimsh-inactive)",
        (*_HANGS, "nimsh-inactive", *_NAMES),
        Confidence.POSSIBLE,
    ),
}
_ASKS_NIMSH = (Failure.REFUSED, Failure.NO_ANSWER, Failure.NO_CONNECTION, Failure.TIMED_OUT)
_NAMED_IDS = (
    ("cpuid", "the CPU id is not the one", ("cpuid-changed",)),
    (
        "master",
        "the master, or its id, is not the one",
        ("master-id-changed", "niminfo-wrong-master", "name-resolution"),
    ),
)
"""Words of a refusal that name what was wrong, as public reports of it show them (B); other words tell nothing."""
_BY_NIMSH = "c_rsh is NIM's own method, and with (exec_nimsh_cmd) it goes by nimsh, not by rsh"


@check(
    "push-failed",
    title="A recorded push failed",
    role=Role.BOTH,
    severity=Severity.HIGH,
    source="IBM docs, NIM error and warning messages; isg3T1024615",
    impact="that operation did not reach the client, or was not accepted there",
    rules_out=RULES_OUT_PUSH,
    breaks=(Traffic.PUSH,),
    messages=("0042-001", "0042-002", "0042-006", "0042-008"),
    marks="C A",
)
def push_failed(
    subject: Subject,
    own: Optional[RecordedOperations],
    masters: Optional[OnMaster[RecordedOperations]],
    identity: Optional[OnClient[NimIdentity]],
    since: Optional[PushSince],
    subsystems: Optional[Subsystems],
    sockets: Optional[Sockets],
) -> Iterator[Verdict]:
    """What the master printed when it could not reach a client, or was refused there, says which of the ways it was.

    A push to the client that was given is told of that client, any other of the master. What the TLS connection came to
    is told by ssl-object-error.
    """
    names = _names(subject, identity)
    recorded = [one for one in _recorded(subject, own, masters) if not one.pulled]
    here = [
        (one, error)
        for one in recorded
        for error in one.errors
        if error.failure in _ANSWERS and _is_push(one) and _is_told_here(subject, one.client_of(error), names)
    ]
    back = [
        one
        for one in recorded
        if one.came_back and not one.errors and _is_push(one) and _is_told_here(subject, one.typed.client, names)
    ]
    told: List[Tuple[Failure, Optional[str]]] = []
    over: List[Quote] = []
    for one, error in here:
        client = one.client_of(error)
        if any(later.succeeded_after(error, client, one.source) for later in back):
            over.append(error.at)
            continue
        if (error.failure, client) not in told:
            told.append((error.failure, client))
            named = client or (names[0] if subject.where is Role.CLIENT and names else None)
            finding = _finding(
                one, error, named, _against(back, client), _wants(error, subsystems, sockets, subject), subject.where
            )
            # what is known of the state of a host that was reached is the client's
            yield _if_past(finding, error, since, subsystems, sockets) if subject.where is Role.CLIENT else finding
    if told:
        return
    if back:
        came = [one.came_back for one in back if one.came_back]
        yield Passed(
            "a push came through after the one that failed" if over else "a recorded push came through", came + over
        )
    else:
        yield NotApplicable("no push that failed was recorded")


def _names(subject: Subject, identity: Optional[NimIdentity]) -> List[str]:
    known = [identity.nim_name, *identity.names] if identity else []
    if subject.where is Role.CLIENT and subject.named:
        known.append(subject.name)
    return [name for name in known if name]


def _recorded(
    subject: Subject, own: Optional[RecordedOperations], masters: Optional[RecordedOperations]
) -> Tuple[Operation, ...]:
    """What was recorded here, and of a client what its master recorded; each once."""
    parts = [own, masters if subject.where is Role.CLIENT else None]
    return tuple(dict.fromkeys(one for part in parts if part for one in part.all))


def _is_push(one: Operation) -> bool:
    return one.typed.operation not in NO_PUSH and one.typed.program not in ("lsnim", "nimconfig")


def _is_told_here(subject: Subject, client: Optional[str], names: Sequence[str]) -> bool:
    """Whether a push to that client is told of the host the check runs over."""
    if subject.where is Role.CLIENT:
        return may_be(client, names)
    return not (subject.client_named and may_be(client, names))


def _against(back: Sequence[Operation], client: Optional[str]) -> List[Quote]:
    """Pushes to that client which came through, when is not known."""
    return [one.came_back for one in back if one.came_back and client and may_be(one.typed.client, [client])]


def _wants(
    error: OperationError, subsystems: Optional[Subsystems], sockets: Optional[Sockets], subject: Subject
) -> List[str]:
    """What of the client's state would tell more."""
    if subject.where is not Role.CLIENT or error.failure not in REACHED_NOBODY:
        return []
    return [name for name, there in (("lssrc -a", subsystems), ("netstat -an", sockets)) if there is None]


def _finding(
    one: Operation,
    error: OperationError,
    client: Optional[str],
    against: Sequence[Quote],
    missing: Sequence[str],
    where: Role,
) -> Finding:
    answer = _answer(error)
    who = client or "the client"
    meaning = f"{error.number}: " if error.number else ""
    way = f" ({_BY_NIMSH})" if error.by_nimsh and error.method == "c_rsh" else ""
    return Finding(
        f"{one.label} failed: {error.words}",
        evidence=list(error.lines),
        objects=[client] if client else [],
        severity=answer.severity,
        confidence=Confidence.POSSIBLE if against else answer.mark,
        cause=Inferred(f"{meaning}{answer.cause.format(client=who)}{way}"),
        impact=_impact(error, who),
        cure=f"look {answer.cure.format(client=who, name=client or 'CLIENT')}",
        against=list(against),
        missing=list(missing),
        references=[f"NIM message {error.number}"] if error.number else [],
        explained_by=answer.explained_by,
        run=_run(error, client, where),
        rules_out=None if answer.mark is Confidence.LIKELY and not against else (),
    )


def _answer(error: OperationError) -> _Answer:
    """What is said of that error; of a refusal that names what was wrong, of that alone."""
    answer = _ANSWERS[error.failure]
    words = error.words.lower().partition("denied")[2]
    named = next((one for one in _NAMED_IDS if error.failure is Failure.DENIED and one[0] in words), None)
    if named is None:
        return answer
    _, what, causes = named
    cause = f"nimsh on {{client}} answered and refused: likely {what} that it has ({', '.join(causes)})"
    return answer._replace(cause=cause, explained_by=causes)


def _run(error: OperationError, client: Optional[str], where: Role) -> Optional[str]:
    """The first thing to look at on the host that the finding is about."""
    if where is Role.CLIENT:
        return "lssrc -s nimsh" if error.failure in _ASKS_NIMSH else None
    if client is None or client.startswith("-"):
        return None
    return f"lsnim -l {client}" if error.failure is Failure.DENIED else f"host {client}"


def _impact(error: OperationError, client: str) -> str:
    row = numbered(error.number)
    clears = f". What it rules out: {row.clears}" if row and row.clears else ""
    if error.failure in (Failure.INTERRUPTED, Failure.TIMED_OUT):
        return f"that operation on {client} did not come to its end{clears}"
    return f"no push to {client} works while that is so{clears}"


def _if_past(
    finding: Finding,
    error: OperationError,
    since: Optional[PushSince],
    subsystems: Optional[Subsystems],
    sockets: Optional[Sockets],
) -> Finding:
    """The same as low, where what the hosts show now says that it is over: nobody knows when the error was printed."""
    good = since.push if since and since.start else None
    against = list(finding.against)
    if good and since:
        against += since.evidence[:1]
    listening = sockets.listening(PORT) if sockets else ()
    runs = bool(subsystems and subsystems.active("nimsh") and listening)
    over = bool(finding.against) or bool(good and runs and error.failure in REACHED_NOBODY)
    if not over:
        return finding._replace(against=against, confidence=Confidence.POSSIBLE if good else finding.confidence)
    return finding._replace(
        message=f"{finding.message}; it is likely over",
        against=[*against, *(socket.at for socket in listening[:1])],
        severity=Severity.LOW,
        confidence=Confidence.POSSIBLE,
        missing=(),
        rules_out=(),
    )
