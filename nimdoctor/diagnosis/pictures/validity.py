"""How long the certificates of a host hold, against its own clock."""

from typing import Iterator, NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import CertificateDetails, JudgingTime

DAY = 86400
HOLDS, RUN_OUT, NOT_YET = "holds", "has run out", "not valid yet"


class Holding(NamedTuple):
    """One certificate: its file, subject, and validity in seconds since 1970 UTC. `used` is False for one left over."""

    path: str
    subject: str
    not_before: int
    not_after: int
    used: bool = True

    def state(self, now: int) -> str:
        """In words."""
        if self.not_after < now:
            return RUN_OUT
        return NOT_YET if self.not_before > now else HOLDS

    def days(self, now: int) -> int:
        """Whole days until it runs out; negative once it has."""
        return (self.not_after - now) // DAY


class Validity(NamedTuple):
    """The certificates of one host; `now` (seconds since 1970 UTC) is its own clock where `of_host` is True."""

    host: str
    role: str
    now: int
    of_host: bool
    certificates: Tuple[Holding, ...]

    def days_left(self) -> Optional[int]:
        """Days until the first of those in use runs out; negative once it has, None where none is in use."""
        return min((one.days(self.now) for one in self.certificates if one.used), default=None)


def validity_of(host: Host) -> Iterator[Validity]:
    """One where certificates are there that can be read."""
    details, time = host.optional(CertificateDetails), host.optional(JudgingTime)
    if not details or not time or not details.certificates:
        return
    used = details.in_use()
    yield Validity(
        host.name or host.evidence.target,
        host.role,
        time.utc,
        time.of_host,
        tuple(
            Holding(one.path, one.x509.subject, one.x509.not_before, one.x509.not_after, one in used)
            for one in details.certificates
        ),
    )
