"""What facts and checks may ask of a host beside facts, by these types: when its evidence was taken, its clock, its
certificates. The host gives them (`nimdoctor.diagnosis.host`), from the side of the evidence.
"""

from typing import FrozenSet, NamedTuple, Optional, Protocol, Sequence, Tuple

from nimdoctor.model.certificate_record import X509Record
from nimdoctor.model.text import Text


class EvidenceTime(NamedTuple):
    """When the evidence was taken, in epoch seconds: `collected` by its manifest, `now` by the clock of this process.

    `own_clock` says that the host is this one, so that its clock is this process's.
    """

    collected: Optional[int]
    now: int
    own_clock: bool


class ClockReader(Protocol):
    """Reads a host's clock as often as it is asked, where the host is asked now; `live` says whether it is.

    The date that a scan has read already is no help: what lies between it and the other host's is the time that the
    scan's own commands took.
    """

    @property
    def live(self) -> bool:
        """Whether the host is asked now."""

    def is_of(self, other: "ClockReader") -> bool:
        """Whether both read the clock of one and the same host."""

    def read(self) -> Tuple[Optional[Text], str]:
        """The host's date now, or None and why there is none."""

    def around(self, other: "ClockReader") -> Tuple[Sequence[Text], str]:
        """This host's date, the other's, and this host's once more; or nothing, and why."""


class Printed(NamedTuple):
    """A recorded output of `openssl x509`: the path it was about, the command as recorded, what it says."""

    path: str
    source: str
    record: X509Record


class CertificateReader(Protocol):
    """Reads the certificates of one host."""

    def read(self, der: bytes) -> X509Record:
        """What a certificate says. Raises BadEvidence, with what to install or record."""

    def printed(self) -> Sequence[Printed]:
        """What recorded outputs of `openssl x509` say."""

    def looked_at(self) -> FrozenSet[str]:
        """Paths of the files that were there to be read, whatever was in them."""
