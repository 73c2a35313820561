"""Whether a host is a Virtual I/O Server: an appliance on AIX, with commands and an administrator of its own."""

from typing import NamedTuple, Optional

from nimdoctor.facts.lslpp import Filesets
from nimdoctor.facts.oslevel import IosLevel
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote

FILESET = "ios.cli.rte"
"""The command line of a VIOS, which no AIX has."""


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
        if filesets and filesets.installed(FILESET):
            return cls(None, filesets.quote(FILESET))
        raise BadEvidence(f"neither a level of VIOS nor {FILESET} is known")
