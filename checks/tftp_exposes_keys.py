"""tftp must not serve the private keys of the master."""

import shlex
from typing import Iterator, List, Optional

from nimdoctor.facts import Auditing, InetdConf, InetdServices, SslKeys, Subsystems, TftpRules
from nimdoctor.facts.ssl_keys import KEYS, KeyFile
from nimdoctor.facts.tftp_rules import ACCESS
from nimdoctor.facts.tftp_service import tftp_fault
from nimdoctor.model import (
    Confidence,
    Finding,
    Missing,
    NotApplicable,
    Passed,
    Quote,
    Role,
    Severity,
    Topic,
    Unknown,
    Verdict,
    check,
)
from nimdoctor.model.wording import count, named


@check(
    "tftp-exposes-keys",
    title="tftp serves the master's private keys",
    role=Role.MASTER,
    severity=Severity.HIGH,
    topic=Topic.EXPOSURE,
    confidence=Confidence.LIKELY,
    source="IBM docs, tftpd daemon; that no key is meant to be served from there is inferred",
    impact="whoever reaches tftp on the master (69/udp) can fetch the keys without a password, and pose as the master",
    marks="A A",
)
def tftp_exposes_keys(
    keys: SslKeys,
    rules: Optional[TftpRules],
    inetd: Optional[InetdConf],
    services: Optional[InetdServices],
    subsystems: Optional[Subsystems],
    auditing: Optional[Auditing],
) -> Iterator[Verdict]:
    """A key below /ssl_nimsh/keys that others can read is served to the network while tftp runs and no rule denies it.

    tftpd runs as the user nobody, so a key of mode 0600 is served to nobody. A key inside a certificate file
    is by design up to security generation G1 and is not looked at here.
    """
    readable = [key for key in keys.files if key.readable_by_nobody]
    if not readable:
        yield _nothing_readable(keys)
        return
    off, shown = tftp_fault(inetd, services, subsystems)
    if not off and auditing and auditing.on:
        off, shown = "AIX auditing is on", [auditing.at]
    names = named([key.path for key in readable])
    if off:
        yield Passed(f"tftp serves nothing now ({off}); once it does, it serves {names}", shown)
        return
    if not (inetd and inetd.known("tftp")) and not (services and services.known("tftp")):
        raise Missing("/etc/inetd.conf", message=f"whether tftp is served is not known; it would serve {names}")
    if rules is None:
        raise Missing(ACCESS, message=f"which files tftp may serve is not known: {ACCESS}")
    served = [key for key in readable if rules.serves(key.path)]
    if not served:
        yield Passed(f"{ACCESS} keeps tftpd from serving {names}", [rules.at, *_deciding(rules, readable)])
        return
    yield Finding(
        f"tftpd serves {count(len(served), 'private key')} to whoever asks: {_why(rules)}",
        evidence=[*(key.at for key in served), *(_deciding(rules, served) or [rules.at])],
        objects=[key.path for key in served],
        missing=[] if rules.binding is not None else [ACCESS],
        cause=f"the modes below {KEYS} let others read, and tftpd reads as the user nobody",
        cure="take the keys away from others (nimdoctor fix --only restrict-keys), which ends it at once; then let "
        f"{ACCESS} allow only what NIM serves. Not done here: a list of what this master serves, network boots too, "
        "only a person can write. What was served may be known to others: make new keys on a day of your choice",
        run=f"chmod 600 {' '.join(shlex.quote(key.path) for key in served)}",
    )


def _nothing_readable(keys: SslKeys) -> Verdict:
    if not keys.listed or keys.unknown or keys.links:
        odd = [*keys.unknown, *keys.links] or [KEYS]
        return Unknown(f"whether others can read {', '.join(odd)} is not known", odd)
    if not keys.files:
        return NotApplicable(f"there is no key below {KEYS}")
    return Passed(f"the user nobody, as whom tftpd reads, can read no key below {KEYS}", [key.at for key in keys.files])


def _why(rules: TftpRules) -> str:
    if not rules.access.exists:
        return f"there is no {ACCESS}, so it serves every file that others can read"
    if rules.binding is False:
        return f"the user nobody cannot read {ACCESS}, so it serves every file that others can read"
    return f"{ACCESS} allows it"


def _deciding(rules: TftpRules, keys: List[KeyFile]) -> List[Quote]:
    """The lines that decide on these keys; none where the rules do not bind, or no line covers them."""
    if rules.binding is False:
        return []
    return list(dict.fromkeys(rule.at for key in keys for rule in [rules.access.rule(key.path)] if rule))
