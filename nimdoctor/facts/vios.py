"""Whether a host is a Virtual I/O Server: an appliance on AIX, with commands and an administrator of its own."""

from typing import NamedTuple, Optional

from nimdoctor.facts.lslpp import VIOS_FILESET, Filesets
from nimdoctor.facts.oslevel import IosLevel
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote


@fact()
class VirtualIoServer(NamedTuple):
    """`level` is what `ioslevel` says; None where only the fileset of its command line shows that it is one.

    >>> from nimdoctor.model.text import Text
    >>> VirtualIoServer.derive(IosLevel.parse(Text.of("4.1.1.10", "ioslevel")), None).level
    '4.1.1.10'
    """

    level: Optional[str]
    at: Quote

    @classmethod
    def derive(cls, ios: Optional[IosLevel], filesets: Optional[Filesets]) -> "VirtualIoServer":
        """Raises BadEvidence for a host that is none, as far as is known."""
        if ios:
            return cls(ios.level, ios.at)
        if filesets and filesets.of_vios:
            return cls(None, filesets.quote(VIOS_FILESET))
        raise BadEvidence(f"neither a level of VIOS nor {VIOS_FILESET} is known")
