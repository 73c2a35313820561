"""The certificates of one end: which they are, how new, and whether software was installed since."""

from typing import FrozenSet, NamedTuple, Optional, Tuple

from nimdoctor.facts.certificate_details import CertificateDetails
from nimdoctor.facts.certificates import CERTS, Certificates
from nimdoctor.facts.clock import HostClock
from nimdoctor.facts.lslpp_history import FilesetHistory
from nimdoctor.facts.paths import Paths
from nimdoctor.facts.tls_attempt import newest_certificate
from nimdoctor.model.rows import fact


@fact()
class CertificateState(NamedTuple):
    """`certificates` are the base64 of each CERTIFICATE block; empty when there is known to be none, None when not known.

    `whole` says that no file of certificates is there that could not be read.
    `newest` is path and time of change (epoch seconds) of the newest file below /ssl_nimsh/certs.
    `installed` is when nim.* and openssl.* were last installed; None unless it is known for both.
    """

    certificates: Optional[FrozenSet[bytes]]
    newest: Optional[Tuple[str, int]]
    installed: Optional[int]
    whole: bool = True

    @classmethod
    def derive(
        cls,
        paths: Optional[Paths],
        certificates: Optional[Certificates],
        history: Optional[FilesetHistory],
        clock: Optional[HostClock],
        details: Optional[CertificateDetails],
    ) -> "CertificateState":
        """As far as the evidence goes."""
        held: Optional[FrozenSet[bytes]] = None
        if certificates:
            held = frozenset(block for file in certificates.files for block in file.blocks)
        elif paths and paths.absent(CERTS):
            held = frozenset()
        whole = not (details and details.uncollected)
        return cls(held, newest_certificate(paths) if paths else None, _installed(history, clock), whole)

    def shares_with(self, other: "CertificateState") -> Optional[bool]:
        """Whether both ends hold a certificate in common; None where either's are not known."""
        if self.certificates is None or other.certificates is None:
            return None
        if self.certificates & other.certificates:
            return True
        return False if self.whole and other.whole else None

    @property
    def newer_than_installation(self) -> bool:
        """Whether the newest certificate is known to be later than the last installation."""
        return self.newest is not None and self.installed is not None and self.newest[1] > self.installed


def _installed(history: Optional[FilesetHistory], clock: Optional[HostClock]) -> Optional[int]:
    if history is None or clock is None:
        return None
    rows = [history.newest("bos.sysmgt.nim"), history.newest("openssl.")]
    times = [clock.to_utc(row.when) if row and row.when else None for row in rows]
    known = [when for when in times if when is not None]
    return max(known) if len(known) == len(rows) else None
