"""/.rhosts lines that nimsh has made needless."""

from typing import Dict, Iterator, Optional

from nimdoctor.facts import InetdConf, InetdServices, NimIdentity, NimInfo, NimObjects, Rhosts
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    OnMaster,
    Passed,
    Role,
    Severity,
    Subject,
    Verdict,
    check,
)
from nimdoctor.model.wording import count

_IMPACT: Dict[Optional[bool], str] = {
    True: "root on the master can still log in by rsh without a password",
    False: "none now: inetd serves no rsh here. Once it does, root on the master can log in without a password",
}


@check(
    "rhosts-left-over",
    title="/.rhosts still trusts the NIM master",
    role=Role.CLIENT,
    severity=Severity.LOW,
    fix="remove-rhosts",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Quick Command Reference 2",
    cause=Inferred("the lines were likely needed while pushes went by rsh"),
    impact="where rshd answers, root on the master can still log in by rsh without a password",
    cure="drop the lines of /.rhosts that name this NIM master; other lines serve others",
    marks="C A",
)
def rhosts_left_over(
    subject: Subject,
    rhosts: Rhosts,
    info: NimInfo,
    identity: NimIdentity,
    objects: Optional[OnMaster[NimObjects]],
    services: Optional[InetdServices],
    inetd: Optional[InetdConf],
) -> Iterator[Verdict]:
    """Trust that is no longer needed stays open: once pushes go by nimsh the file may go."""
    own, _ = identity.object_in(objects)
    connect = (own.connect if own else None) or (info.get("NIM_SHELL") or "").lower()
    masters = info.master_names()
    if not masters:
        raise Missing("/etc/niminfo", message="/etc/niminfo does not name the master")
    left = rhosts.naming(masters)
    if not left and not (info.complete or info.get("NIM_HOSTS")):
        raise Missing("/etc/niminfo", message="under which names the master is known is not in the part that was given")
    if not left and rhosts.partial:
        raise Missing("/.rhosts", message="only part of /.rhosts was recorded")
    if not left:
        yield Passed(f"no line of /.rhosts names {masters[0]}", [rhosts.whole(), info.quote("NIM_MASTER_HOSTNAME")])
    elif connect.startswith("nimsh"):
        yield Finding(
            f"{count(len(left), 'line')} for {masters[0]} though pushes go by {connect}",
            evidence=[row.at for row in left] + [info.quote("NIM_MASTER_HOSTNAME")],
            objects=[row.at.text for row in left],
            impact=_IMPACT.get(_rsh_answers(services, inetd)),
        )
    elif connect == "shell":
        yield Passed("pushes go by rsh, which needs the line", [left[0].at, info.quote("NIM_SHELL")])
    else:
        raise Missing("/etc/niminfo", message="whether pushes go by nimsh is not known: NIM_SHELL is not set")


def _rsh_answers(services: Optional[InetdServices], inetd: Optional[InetdConf]) -> Optional[bool]:
    """Whether inetd serves rsh (`shell`) on this host; None where that is not known."""
    if services and services.known("shell"):
        return services.active("shell")
    rows = inetd.rows("shell") if inetd else ()
    return any(not row.commented for row in rows) if rows else None
