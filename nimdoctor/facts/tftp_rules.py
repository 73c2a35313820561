"""What /etc/tftpaccess.ctl means for the certificate that `nimclient -c` fetches."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.certificates import Certificates
from nimdoctor.facts.paths import Paths
from nimdoctor.facts.tftpaccess import TftpAccess
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote

ACCESS = "/etc/tftpaccess.ctl"
SERVED = "/ssl_nimsh/certs/server.pem"
"""The certificate that goes to clients, by name (FACTS: seen in IBM code)."""


@fact()
class TftpRules(NamedTuple):
    """The rules, and whether they bind tftpd, which runs as *nobody*: None where the file's mode is not known.

    `wanted` are the files of which a client fetches one, `seen` says that they were read on the master.
    """

    source: str
    access: TftpAccess
    binding: Optional[bool]
    at: Quote
    wanted: Tuple[str, ...]
    seen: bool

    @classmethod
    def derive(cls, access: TftpAccess, paths: Optional[Paths], certificates: Optional[Certificates]) -> "TftpRules":
        """Of several certificate files the one whose name is known counts; where it is not there, all do."""
        files = sorted(file.path for file in certificates.files if file.blocks) if certificates else []
        wanted = (SERVED,) if SERVED in files or not files else tuple(files)
        binding = (paths.readable_by_nobody(ACCESS) if paths else None) if access.exists else False
        known = paths is not None and paths.known(ACCESS)
        at = paths.quote(ACCESS) if paths and known else access.whole()
        return cls(access.source, access, binding, at, wanted, bool(files))

    def serves(self, path: str) -> bool:
        """Whether tftpd may serve that file, as far as the rules go. Without binding rules it may serve any."""
        return self.binding is False or self.access.permits(path)

    def denied(self) -> Tuple[str, ...]:
        """Which of the wanted files it may not serve."""
        return tuple(path for path in self.wanted if not self.serves(path))
