"""The master's /ssl_nimsh must hold certificates, configurations and keys."""

from typing import Iterator, List, Optional

from nimdoctor.facts import NimGeneration, NimObjects, Paths
from nimdoctor.facts.hardening import Hardening
from nimdoctor.facts.ssl_keys import PARTS, TREE, seen_into
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    Passed,
    Role,
    Severity,
    Traffic,
    Unknown,
    Verdict,
    check,
)


@check(
    "ssl-tree-damaged",
    title="/ssl_nimsh on the master is incomplete",
    role=Role.MASTER,
    severity=Severity.HIGH,
    fix="recycle-certificates",
    confidence=Confidence.CERTAIN,
    source="isg3T1024615, Certificates and Keys on the NIM Master",
    cause=Inferred("part of the tree was likely removed, or nimconfig -c was broken off"),
    impact="the master likely cannot start a handshake, and no client can fetch a certificate",
    cure=Inferred(
        "recycled certificates should do: cd /; nimconfig -C; mv ssl_nimsh to a new name; nimconfig -c; then each client"
    ),
    breaks=(Traffic.PUSH,),
    messages=("0653-341",),
)
def ssl_tree_damaged(objects: NimObjects, paths: Paths, generation: Optional[NimGeneration]) -> Iterator[Verdict]:
    """No secure push is possible while SSL is on but keys, certificates or configurations are gone."""
    support = objects.ssl_support()
    if support is None:
        raise Missing("lsnim -l", message="the listing does not show the master's own object")
    if not support:
        yield Passed("SSL is not configured on this master, so no tree is expected", [objects.ssl_quote()])
        return
    gone: List[str] = []
    missing: List[str] = []
    if paths.absent(TREE):
        gone = [TREE]
    else:
        for part in PARTS:
            path = f"{TREE}/{part}"
            absent = paths.absent(path)
            empty = absent or _empty(paths, path)
            if absent is None or empty is None:
                missing.append(path)
            elif empty:
                gone.append(path)
    if gone:
        hardening = Hardening.of(master=generation)
        if hardening:
            yield Unknown(
                f"{', '.join(gone)} is missing or empty, but {hardening.why}",
                hardening.missing or gone,
                [paths.quote(path) for path in gone],
                settled_by=hardening.settled_by,
            )
            return
        words = [f"{path} {'does not exist' if paths.absent(path) else 'is empty'}" for path in gone]
        yield Finding(
            "ssl_support is yes, but " + ", ".join(words),
            evidence=[objects.ssl_quote(), *(paths.quote(path) for path in gone)],
            objects=gone,
        )
        return
    if missing:
        raise Missing(*missing, message=f"what is in {', '.join(missing)} is not known")
    yield Passed("certs, configs and keys are there and hold files", [paths.quote(f"{TREE}/{part}") for part in PARTS])


def _empty(paths: Paths, directory: str) -> Optional[bool]:
    """Whether a directory holds nothing; None where that is not known."""
    if paths.below(directory):
        return False
    return True if seen_into(paths, directory) else None
