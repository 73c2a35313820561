"""The certificates that the hosts of a scan hold: whose they are, how long they hold by that host's own clock, and which
both ends have in common.
"""

from typing import Dict, FrozenSet, Hashable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor import facts
from nimdoctor.diagnosis.engine import Result
from nimdoctor.diagnosis.host import Host
from nimdoctor.diagnosis.parameters import parameters
from nimdoctor.model import Check, Quote, Topic
from nimdoctor.model.certificate_record import X509Record

DAY = 86400
HOLDS, RUN_OUT, NOT_YET = "holds", "has run out", "not valid yet"

_FACTS = ("CertificateDetails", "CertificateState", "CertificateValidity", "Certificates")
"""By their names, so that none is loaded that no check asks for."""


class Holding(NamedTuple):
    """One certificate: its file, what it says, and its place in the file, counted from 1. `used` is False for one left
    over.
    """

    path: str
    x509: X509Record
    used: bool = True
    position: int = 1

    def state(self, now: int) -> str:
        """In words."""
        if self.x509.not_after < now:
            return RUN_OUT
        return NOT_YET if self.x509.not_before > now else HOLDS

    def days(self, now: int) -> int:
        """Whole days until it runs out; negative once it has."""
        return (self.x509.not_after - now) // DAY

    @property
    def identity(self) -> Hashable:
        """What is the same for two copies of one certificate, and for no others."""
        said = self.x509
        return said.fingerprint or (said.subject, said.issuer, said.serial, said.not_before, said.not_after)


class HostCertificates(NamedTuple):
    """The certificates of one host; `now` (seconds since 1970 UTC) is its own clock where `of_host` is True.

    `whole` says that it holds no others, as far as is known; what is not among those of a host that is not whole may be
    there all the same.
    """

    host: str
    role: str
    now: int
    of_host: bool
    certificates: Tuple[Holding, ...]
    whole: bool = True

    def days_left(self) -> Optional[int]:
        """Days until the first of those in use runs out; negative once it has, None where none is in use."""
        return min((one.days(self.now) for one in self.certificates if one.used), default=None)


class Held(NamedTuple):
    """One certificate, and the files that hold it on each host, in the order of the hosts. `now` is the clock of the
    first that has it.
    """

    certificate: Holding
    now: int
    files: Tuple[Tuple[Holding, ...], ...]

    @property
    def used(self) -> bool:
        """Whether it is in use on any host."""
        return any(one.used for held in self.files for one in held)


class HeldCertificates(NamedTuple):
    """Those of each host of a scan. `judged_by` are the ids of the checks whose findings they bear on."""

    hosts: Tuple[HostCertificates, ...] = ()
    judged_by: FrozenSet[str] = frozenset()

    def there(self) -> Tuple[HostCertificates, ...]:
        """The hosts of which a certificate was read."""
        return tuple(one for one in self.hosts if one.certificates)

    def bear_on(self, findings: Sequence[Result]) -> bool:
        """Whether one of these findings is about certificates, or about a handshake that they decide."""
        return any(one.check in self.judged_by and one.topic is Topic.OPERATION for one in findings)

    def holds(self, quote: Quote) -> bool:
        """Whether a quote is what one of them says; a line of a file is none."""
        return quote.line is None and any(
            one.path == quote.source and one.x509.subject and one.x509.subject in quote.text
            for host in self.hosts
            for one in host.certificates
        )

    def side_by_side(self) -> List[Held]:
        """Every certificate once, those in use first."""
        found: Dict[Hashable, Held] = {}
        for number, host in enumerate(self.hosts):
            for one in host.certificates:
                nowhere = Held(one, host.now, ((),) * len(self.hosts))
                held = found.get(one.identity, nowhere)
                files = list(held.files)
                files[number] = (*files[number], one)
                found[one.identity] = held._replace(files=tuple(files))
        return sorted(found.values(), key=lambda held: not held.used)


def certificates_of(hosts: Sequence[Host], checks: Sequence[Check]) -> HeldCertificates:
    """Those of these hosts, and which of these checks judge by them."""
    return HeldCertificates(tuple(one for host in hosts for one in _of_host(host)), _judged_by(checks))


def _judged_by(checks: Sequence[Check]) -> FrozenSet[str]:
    """What a check that asks for certificates explains is about them too."""
    asking = [one for one in checks if any(kind.__name__ in _FACTS for kind, _, _ in parameters(one.function).values())]
    operation = [one for one in asking if one.topic is Topic.OPERATION]
    return frozenset(id for one in operation for id in (one.id, *one.explains))


def _of_host(host: Host) -> Iterator[HostCertificates]:
    """Nothing where a parser breaks: the checks that use it say so."""
    try:
        details, time = host.optional(facts.CertificateDetails), host.optional(facts.JudgingTime)
    except Exception:
        return
    if not time:
        return
    used = details.in_use() if details else ()
    yield HostCertificates(
        host.name or host.evidence.target or "this host",
        host.role,
        time.utc,
        time.of_host,
        tuple(
            Holding(one.path, one.x509, one in used, one.position) for one in (details.certificates if details else ())
        ),
        bool(details and not details.unread and not details.uncollected),
    )
