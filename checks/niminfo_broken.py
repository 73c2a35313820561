"""/etc/niminfo must be there and tell a host who it is and who its NIM master is."""

from typing import Iterator, List, Optional, Tuple

from nimdoctor.facts import (
    Filesets,
    NimIdentity,
    NimInfo,
    NimInfoFile,
    NimMessages,
    NimObjects,
    Subsystems,
    VirtualIoServer,
)
from nimdoctor.facts.lslpp import CLIENT_FILESET
from nimdoctor.facts.nim_identity import on_vios
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    OnClient,
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
from nimdoctor.model.ruling import NO_PUSH, no_command
from nimdoctor.model.wording import REMOTE_MANAGEMENT, configure_client

INCOMPLETE = "0042-137"
NIMINFO = "/etc/niminfo"
_WHO = ("NIM_NAME", "NIM_MASTER_HOSTNAME")
_MORE = ("NIM_HOSTNAME", "NIM_CONFIGURATION", "NIM_MASTER_PORT", "NIM_REGISTRATION_PORT", "NIM_MASTERID")
_FOR_NIMINIT = ("NIM_NAME", "NIM_MASTER_HOSTNAME", "NIM_MASTER_PORT", "NIM_REGISTRATION_PORT")
"""What the fix switch-to-nimsh takes out of the old file; without these it has nothing to give to niminit."""
_MASTER_WHO = ("NIM_NAME", "NIM_CONFIGURATION")
_NOT_BY_ITSELF = (
    "Not done by itself: under which name and by which master this host is known, only a person can say now, and that "
    "may make a second object"
)
_REBUILD, _REBUILD_VIOS = (f"on the client: {configure_client(vios)}. {_NOT_BY_ITSELF}" for vios in (False, True))
_REBUILD_MASTER = (
    "on the master: keep what is left of the file under another name, then nimconfig -r. Not done by itself: compare "
    "the two files first, a site's own variables are lost"
)


@check(
    "niminfo-broken",
    title="/etc/niminfo is missing or incomplete",
    subject="niminfo",
    role=Role.BOTH,
    severity=Severity.HIGH,
    source="IBM docs, niminit and nimconfig: to rebuild the /etc/niminfo file; NIM message 0042-137",
    cause=Inferred(
        "the file was likely emptied or cut (a full file system, an edit by hand), or NIM was never configured to its end"
    ),
    cure=_REBUILD,
    rules_out=(*no_command("nimclient", "nim"), *NO_PUSH),
    # whatever the generation, the file must be whole
    classic=False,
    breaks=(Traffic.PUSH, Traffic.PULL),
    messages=("0042-137",),
    marks="C B",
)
def niminfo_broken(
    subject: Subject,
    file: Optional[NimInfoFile],
    messages: Optional[OnClient[NimMessages]],
    filesets: Optional[Filesets],
    subsystems: Optional[Subsystems],
    identity: NimIdentity,
    objects: Optional[OnMaster[NimObjects]],
    ios: Optional[VirtualIoServer],
) -> Iterator[Verdict]:
    """nimsh and nimclient know their master, and nim its database, by this file alone."""
    on_master = subject.where is Role.MASTER
    complaints = messages.numbered(INCOMPLETE) if messages and not on_master else ()
    known = identity.known_as(subject.name) if subject.named else identity
    vios = on_vios(ios, known.object_in(objects)[0])
    cure = _REBUILD_MASTER if on_master else _REBUILD_VIOS if vios else _REBUILD
    run = "nimconfig -r" if on_master else REMOTE_MANAGEMENT if vios else "smitty niminit"
    impact = (
        "likely no nim command works on the master, so no push is made"
        if on_master
        else f"nimsh cannot tell whom to trust, so likely no push to {subject.name} is accepted; nimclient refuses to run"
    )
    if file is None:
        if not complaints:
            raise Missing(NIMINFO)
        yield Finding(
            f"NIM says {INCOMPLETE}, that {NIMINFO} is incomplete, and what it holds is not understood",
            evidence=complaints,
            confidence=Confidence.LIKELY,
            missing=[NIMINFO],
            fix=None,
            impact=impact,
            cure=cure,
            run=run,
        )
        return
    if not file.exists:
        known_to_src = subsystems.get("nimsh") if subsystems else None
        if filesets and filesets.installed(CLIENT_FILESET) is False:
            yield NotApplicable(f"{CLIENT_FILESET} is not installed")
        elif not (known_to_src or subject.roles):
            yield NotApplicable(f"{file.source} does not exist: this host was never configured as a NIM client")
        else:
            yield Finding(
                f"{file.source} does not exist",
                evidence=[file.whole(), *complaints, *([known_to_src.at] if known_to_src else [])],
                confidence=Confidence.CERTAIN,
                fix=None,
                cause=Inferred(
                    "nimconfig likely never came to its end here, or the file was removed"
                    if on_master
                    else "it was likely moved away (a niminit that failed), removed, or the master removed its object for "
                    "this host (nim -o remove), which removes the file here and leaves nimsh running"
                ),
                impact=impact,
                cure=cure,
                run=run,
            )
        return
    if file.info is None and not (complaints or filesets or subsystems):
        # a collection that failed leaves empty copies of everything
        yield Unknown(
            f"{file.source} {file.problem}, and nothing else that was read shows that this is not the copy's fault",
            ["lslpp -lc", "lssrc -a"],
            [file.whole()],
        )
        return
    if file.info is None:
        yield Finding(
            f"{file.source} {file.problem}",
            evidence=[file.whole(), *complaints],
            confidence=Confidence.CERTAIN if complaints else Confidence.LIKELY,
            fix=None,
            impact=impact,
            cure=cure,
            run=run,
        )
        return
    vital, lacking = _lacking(file.info, on_master)
    if vital or lacking:
        fix = _fix(file.info, identity, objects) if not on_master else None
        yield Finding(
            f"{file.source} has no {', '.join(vital + lacking)}",
            evidence=[file.whole(), *complaints],
            objects=vital + lacking,
            severity=Severity.HIGH if vital or complaints else Severity.MEDIUM,
            confidence=Confidence.LIKELY if vital or complaints else Confidence.POSSIBLE,
            fix=fix,
            impact=impact,
            # niminit, which that fix runs, makes the file whole again before nimclient is run
            rules_out=NO_PUSH if fix else None,
            cure=cure,
            run=run,
        )
    elif complaints:
        yield Finding(
            f"NIM says {INCOMPLETE}, that {file.source} is incomplete, and nothing known is lacking in it",
            evidence=complaints,
            against=[file.info.quote(name) for name in _WHO],
            confidence=Confidence.POSSIBLE,
            fix=None,
            cause=Inferred("the message is likely older than the file, or NIM wants a variable that no page names"),
            impact=impact,
            cure=cure,
            run=run,
        )
    else:
        names = _MASTER_WHO if on_master else _WHO
        yield Passed("it names this host and its master", [file.info.quote(name) for name in names])


def _lacking(info: NimInfo, on_master: bool) -> Tuple[List[str], List[str]]:
    """Variables that are not set: those no command works without, and those a client's file has besides."""
    if on_master:
        return [name for name in _MASTER_WHO if not info.get(name)], []
    vital = [name for name in _WHO if not info.get(name)]
    # an alternate master's own file need not be a client's
    more = _MORE if "master" not in info.roles else ()
    return vital, [name for name in more if not info.get(name)]


def _fix(info: NimInfo, identity: NimIdentity, objects: Optional[NimObjects]) -> Optional[str]:
    """switch-to-nimsh writes the file anew, but only for a client that uses rsh and whose file has what niminit needs."""
    own, _ = identity.object_in(objects)
    by_rsh = (info.get("NIM_SHELL") or "").lower() == "shell" or bool(own and own.connect == "shell")
    return "switch-to-nimsh" if by_rsh and all(info.get(name) for name in _FOR_NIMINIT) else None
