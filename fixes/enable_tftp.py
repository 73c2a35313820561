"""Switches tftp on at the master, for good or for the time of a fetch."""

from typing import Iterator, Optional, Tuple

from nimdoctor.facts import InetdConf, InetdServices, Subsystems
from nimdoctor.facts.inetd_conf import InetdRow
from nimdoctor.model import OnMaster, Role
from nimdoctor.planning.client_crypto import at_rest, below_g2
from nimdoctor.planning.conditions import Condition, InetdAgrees, NobodyFetches, RoleIs, SubsystemIs, TftpServed
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix, line_as_it_is
from nimdoctor.planning.steps import (
    Change,
    Edit,
    Phase,
    Step,
    Subsystem,
    Transient,
    last_line,
    make_edit,
    unchanged,
    written,
)

CONF = "/etc/inetd.conf"
ROW = "tftp\tdgram\tudp6\tSRC\tnobody\t/usr/sbin/tftpd\ttftpd -n"
"""The row as IBM's guide shows it (isg3T1024615)."""
OPENING = "tftp-open"
"""Stands for the id of the step that opens tftp, until the planner numbers the steps."""


@fix(
    "enable-tftp",
    title="Switch tftp on at the master",
    where=Role.MASTER,
    risk="tftpd serves files to whoever asks, as far as /etc/tftpaccess.ctl lets it; --transient-tftp closes it again",
    source="isg3T1024615, Quick Command Reference 2",
    classic=True,
)
def enable_tftp(
    case: FixContext,
    inetd: Optional[OnMaster[InetdConf]],
    services: Optional[OnMaster[InetdServices]],
    subsystems: Optional[OnMaster[Subsystems]],
) -> Iterator[PlanItem]:
    """Uncomments the tftp row of /etc/inetd.conf, then `refresh -s inetd`."""
    if not case.given(Role.MASTER):
        return
    if subsystems is not None and subsystems.active("inetd") is False:
        yield Advice(
            "inetd is not running; to start it would start every service of /etc/inetd.conf",
            "startsrc -s inetd",
            Role.MASTER,
        )
        return
    if inetd is None or not inetd.raw:
        if services is None or not services.active("tftp"):
            yield Advice(
                "/etc/inetd.conf was not read, or is no regular file",
                "vi /etc/inetd.conf; refresh -s inetd",
                Role.MASTER,
            )
        return
    rows = inetd.rows("tftp")
    if any(not row.commented for row in rows):
        if services is not None and services.known("tftp") and not services.active("tftp"):
            yield _refresh(case)
        return
    row = next((one for one in rows if one.program.rsplit("/", 1)[-1] == "tftpd"), None)
    change = _change(inetd, row)
    if change is None:
        yield Advice("only part of /etc/inetd.conf was collected", "vi /etc/inetd.conf; refresh -s inetd", Role.MASTER)
        return
    edit = make_edit(CONF, inetd.raw, (change,), rereads="inetd")
    if case.options.transient_tftp:
        if "recycle-certificates" in case.fixes and not case.pushed_well:
            yield Advice(
                "--transient-tftp is refused with a recycle: the other clients must fetch later", where=Role.MASTER
            )
            return
        yield from _transient(case, edit, row is not None)
        return
    yield Step(
        where=Role.MASTER,
        phase=Phase.TFTP,
        title="switch tftp on",
        do=edit,
        why="nimclient -c fetches the client's certificate by tftp",
        effect="inetd serves tftp from now on",
        before=(*_guards(case), unchanged(Role.MASTER, edit), InetdAgrees(Role.MASTER, "tftp")),
        verify=(written(Role.MASTER, edit), TftpServed(Role.MASTER)),
        undo="the file's former bytes go back, and inetd is refreshed",
        impact="one more service listens on the master (69/udp)",
        risk="low to medium: see /etc/tftpaccess.ctl for what it may serve",
    )


def _guards(case: FixContext) -> Tuple[Condition, ...]:
    return (*below_g2(), RoleIs(Role.MASTER, "master"), *at_rest(case, Role.MASTER))


def _refresh(case: FixContext) -> Step:
    return Step(
        where=Role.MASTER,
        phase=Phase.TFTP,
        title="have inetd read its configuration again",
        do=Subsystem("inetd", "refresh"),
        why="the tftp row is active in /etc/inetd.conf, but inetd has not read it since",
        effect="inetd serves tftp from now on",
        before=(*_guards(case), SubsystemIs(Role.MASTER, "inetd", True), InetdAgrees(Role.MASTER, "tftp")),
        verify=(TftpServed(Role.MASTER),),
        no_undo="inetd does what its configuration says; nothing of the host's files was changed",
        impact="one more service listens on the master (69/udp)",
        risk="low: no other service changes",
    )


def _transient(case: FixContext, edit: Edit, had_row: bool) -> Iterator[Step]:
    yield Step(
        where=Role.MASTER,
        phase=Phase.TFTP,
        title="switch tftp on for the time of the fetch",
        do=Transient(edit=edit),
        why="nimclient -c fetches the client's certificate by tftp, which this site keeps off",
        effect="inetd serves tftp until the fetch is done",
        before=(*_guards(case), unchanged(Role.MASTER, edit), InetdAgrees(Role.MASTER, "tftp")),
        verify=(written(Role.MASTER, edit), TftpServed(Role.MASTER)),
        undo="the row is switched off again, and inetd is refreshed",
        impact="69/udp is open on the master for the time of the fetch",
        risk="low",
    )
    yield Step(
        where=Role.MASTER,
        phase=Phase.TIDY,
        title="switch tftp off again" if had_row else "take the tftp row out again",
        do=Transient(of=OPENING),
        why="tftp was switched on for the fetch only (--transient-tftp)",
        effect="the row is as it was; no other row is touched. It stays open while somebody else may be using it",
        then=(NobodyFetches(Role.MASTER), InetdAgrees(Role.MASTER, "tftp")),
        undo="",
        no_undo="it undoes the step that opened tftp",
        impact="none",
        risk="low",
    )


def _change(inetd: InetdConf, row: Optional[InetdRow]) -> Optional[Change]:
    """What makes the row active, or adds IBM's where there is none to uncomment; None where the file is not whole."""
    if row is None:
        return Change(last_line(inetd.raw), None, ROW)
    old = line_as_it_is(inetd.raw, row.at)
    return None if old is None or row.at.line is None else Change(row.at.line, old, _uncommented(old))


def _uncommented(line: str) -> str:
    """The row without its leading marks; every other byte stays.

    >>> _uncommented("#tftp  dgram udp6"), _uncommented("# # tftp dgram")
    ('tftp  dgram udp6', 'tftp dgram')
    """
    return line.lstrip("# \t")
