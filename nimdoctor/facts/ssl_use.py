"""Whether one end is known not to use SSL, so that its certificates do not matter."""

from typing import NamedTuple, Optional

from nimdoctor.facts.lsnim import NimObjects
from nimdoctor.facts.nimsh_mode import NimshMode
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote


@fact()
class SslUse(NamedTuple):
    """`off` is the line that shows that SSL is off there, in words `why`; None where it is on or not known."""

    off: Optional[Quote]
    why: str

    @classmethod
    def derive(cls, objects: Optional[NimObjects], mode: Optional[NimshMode]) -> "SslUse":
        """A master by its own object, whatever mode its own nimsh is in; a client by nimsh's arguments."""
        support = objects.ssl_support() if objects else None
        if objects and support is not None:
            return cls(None, "") if support else cls(objects.ssl_quote(), "SSL is not configured on this master")
        if mode and not mode.secure:
            return cls(mode.at, "nimsh runs without crypto")
        return cls(None, "")
