"""Nobody but their owner may get at the master's private keys."""

from typing import Iterator, List, Optional

from nimdoctor.facts import NimGeneration, SslKeys
from nimdoctor.facts.hardening import Hardening
from nimdoctor.facts.ssl_keys import KEYS, KeyFile
from nimdoctor.model import (
    Confidence,
    Finding,
    Inferred,
    Missing,
    NotApplicable,
    Passed,
    Role,
    Severity,
    Topic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.wording import named

WEIGHT = {"others": Severity.HIGH, "group": Severity.MEDIUM, "nobody": Severity.LOW}
"""By who gets at a key besides its owner; nobody, where only the directory above keeps them away."""


@check(
    "key-exposed",
    title="A private key of NIMSH over SSL can be read by others",
    role=Role.MASTER,
    severity=Severity.HIGH,
    topic=Topic.EXPOSURE,
    fix="restrict-keys",
    confidence=Confidence.LIKELY,
    source="CVE-2025-36096 (IBM node/7251173) for what a key is worth; the rule for modes is inferred",
    cause=Inferred("the keys were likely made under an open umask, or their mode was changed later, as by a restore"),
    impact="whoever has a key of the master can pose as the master, whose pushes run as root on every client",
    cure=Inferred(
        "chmod 600 of each file, which NIM, running as root, should not notice; never of those in /ssl_nimsh/certs, which "
        "tftpd must read as nobody"
    ),
    explains=("tftp-exposes-keys",),
)
def key_exposed(keys: Optional[SslKeys], generation: Optional[NimGeneration]) -> Iterator[Verdict]:
    """A key below /ssl_nimsh/keys that group or others can read or write is a key that is no longer the master's alone.

    A key inside a certificate file is by design up to security generation G1: nim-vulnerable tells of that.
    """
    if keys is None:
        raise Missing(KEYS)
    exposed = [key for key in keys.files if key.open_by_mode]
    if not exposed:
        yield _closed(keys, generation)
        return
    for open_to, severity in WEIGHT.items():
        found = [key for key in exposed if key.open_to == open_to]
        if found:
            yield Finding(
                _words(found, open_to),
                evidence=[key.at for key in found],
                objects=[key.path for key in found],
                severity=severity,
            )


def _words(found: List[KeyFile], open_to: str) -> str:
    names = named([f"{key.path} (mode {key.mode:04o})" for key in found])
    if open_to == "nobody":
        return f"only a directory above keeps group or others away from {names}"
    return f"{open_to} can read or write {names}"


def _closed(keys: SslKeys, generation: Optional[NimGeneration]) -> Verdict:
    if not keys.listed or keys.unknown or keys.links:
        odd = [*keys.unknown, *keys.links] or [KEYS]
        return Unknown(f"who can read {', '.join(odd)} is not known", odd)
    if keys.files:
        return Passed(f"only their owner gets at the keys below {KEYS}", [key.at for key in keys.files])
    hardening = Hardening.of(master=generation)
    if hardening:
        return Unknown(
            f"no key is below {KEYS}, but {hardening.why}",
            hardening.missing or [KEYS],
            [keys.at],
            settled_by=hardening.settled_by,
        )
    return NotApplicable(f"there is no key below {KEYS}")
