"""Which certificates of one end hold, have run out, or are not valid yet, by the host's own clock."""

from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.facts.certificate_details import CertificateDetail, CertificateDetails
from nimdoctor.facts.judging_time import JudgingTime
from nimdoctor.facts.ssl_use import SslUse
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote

DAY = 86400


@fact()
class CertificateValidity(NamedTuple):
    """The certificates in use against the time. `unused` is the line that shows that SSL is off on that end, if it is.

    An issuer that has run out counts like the certificate itself: a chain holds as long as its shortest part.
    """

    used: Tuple[CertificateDetail, ...]
    left_over: Tuple[CertificateDetail, ...]
    time: JudgingTime
    timed: bool
    unused: Optional[Quote] = None
    why_unused: str = ""

    @classmethod
    def derive(cls, details: CertificateDetails, time: JudgingTime, use: Optional[SslUse]) -> "CertificateValidity":
        """Of several files on one end the newest count; what nothing newer rests on is left over."""
        off, why = (use.off, use.why) if use else (None, "")
        return cls(details.in_use(), details.left_over(), time, details.timed(), off, why)

    @property
    def sure(self) -> bool:
        """Whether the time is the host's own, and it is known which of several files are the newest."""
        return self.time.of_host and self.timed

    def holds(self, days: int = 0) -> bool:
        """Whether there are certificates, and none of them has run out or will within that many days."""
        return bool(self.used) and not self.expired() and not (days and self.expiring(days))

    def later(self, seconds: int) -> "CertificateValidity":
        """The same certificates by a clock that is so much ahead, or behind when below 0."""
        return self._replace(time=self.time._replace(utc=self.time.utc + seconds))

    def expired(self) -> Tuple[CertificateDetail, ...]:
        """Those in use that have run out."""
        return tuple(one for one in self.used if one.x509.not_after < self.time.utc)

    def future(self) -> Tuple[CertificateDetail, ...]:
        """Those in use that are not valid yet."""
        return tuple(one for one in self.used if one.x509.not_before > self.time.utc)

    def expiring(self, days: int) -> Tuple[CertificateDetail, ...]:
        """Those in use that hold still, but no longer than that many days; the first to run out first."""
        end = self.time.utc + days * DAY
        found = [one for one in self.used if self.time.utc <= one.x509.not_after <= end]
        return tuple(sorted(found, key=lambda one: (one.x509.not_after, one.path, one.position)))

    def quotes(self, chosen: Tuple[CertificateDetail, ...]) -> List[Quote]:
        """What those certificates say, and the time they are judged by."""
        return [*(one.quote() for one in chosen), self.time.at]

    def paths(self, chosen: Tuple[CertificateDetail, ...]) -> Tuple[str, ...]:
        """The files of those certificates, each once."""
        return tuple(dict.fromkeys(one.path for one in chosen))
