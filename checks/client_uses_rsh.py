"""Clients that NIM still reaches by rsh."""

from typing import Iterator, Optional

from nimdoctor.facts import NimIdentity, NimInfo, NimObjects, VirtualIoServer
from nimdoctor.facts.nim_identity import on_vios
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
    Traffic,
    Verdict,
    check,
)
from nimdoctor.model.wording import configure_client, count, named


@check(
    "client-uses-rsh",
    title="Pushes go by rsh",
    role=Role.BOTH,
    severity=Severity.MEDIUM,
    fix="switch-to-nimsh",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Quick Command Reference 2",
    cause=Inferred("the client was likely set up without connect=nimsh: rsh is niminit's default"),
    impact="pushes are not encrypted, host names alone authenticate them, and /.rhosts must trust the master",
    cure="on the client: keep /etc/niminfo under another name, then niminit -a connect=nimsh with the old name, "
    "master and ports (five attributes at most); then nimclient -c",
    breaks=(Traffic.PUSH,),
    messages=("0042-006",),
    marks="C A",
)
def client_uses_rsh(
    subject: Subject,
    info: Optional[NimInfo],
    identity: NimIdentity,
    objects: Optional[OnMaster[NimObjects]],
    ios: Optional[VirtualIoServer],
) -> Iterator[Verdict]:
    """Such clients have no SSL on their pushes, and root trusts the master by rsh."""
    if subject.where is Role.MASTER:
        if objects is None:
            raise Missing("lsnim -l")
        shells = objects.connected("shell")
        if shells:
            yield Finding(
                f"{count(len(shells), 'client')} with connect = shell: {named([found.name for found in shells])}",
                evidence=[found.quote("connect") for found in shells],
                objects=[found.name for found in shells],
            )
        elif objects.cut or (not objects.machines() and not objects.complete):
            raise Missing("lsnim -l", message=f"{objects.source} does not show how every client is reached")
        else:
            setting = f"none of {count(len(objects.machines()), 'machine')} has connect = shell"
            yield Passed(setting, [found.quote("connect") for found in objects.machines()[:5]] or [objects.whole()])
        return
    evidence = []
    shell = (info.get("NIM_SHELL") or "").lower() if info else ""
    if info and shell:
        evidence.append(info.quote("NIM_SHELL"))
    own, _ = identity.object_in(objects)
    connect = own.connect if own else None
    if own and connect:
        evidence.append(own.quote("connect"))
    if shell == "shell" or connect == "shell":
        words = [
            setting
            for setting, true in (('NIM_SHELL is "shell"', shell == "shell"), ("connect = shell", connect == "shell"))
            if true
        ]
        yield Finding(
            " and ".join(words),
            evidence=evidence,
            cure=f"on the client: {configure_client(True)}" if on_vios(ios, own) else None,
        )
    elif own and objects and objects.cut and not connect:
        raise Missing("lsnim -l", message=f"{objects.source} does not show the connect of {own.name}")
    elif shell or connect:
        yield Passed(f"pushes go by {connect or shell}", evidence)
    else:
        raise Missing("/etc/niminfo")
