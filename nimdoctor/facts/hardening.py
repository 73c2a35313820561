"""Why nothing is judged of keys and certificates where an end is, or may be, of security generation G2 or later."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.generation import NimGeneration
from nimdoctor.model import Command, Inferred, Role, Settlement

NO_CAUSE = Inferred(
    "not known: from NIM security generation G2 on, of which an end is or may be, it is not public what must fit; likely "
    "places are the generations of the two ends (hardening-order, hardening-skew) and the path between them"
)
"""The cause of a handshake that fails where an end is, or may be, of G2 or later."""
_APARS = "instfix -ik APARS"

HANDSHAKE = (
    "create-bio-hang",
    "ssl-object-error",
    "ssl-one-sided",
    "certificate-mismatch",
    "client-certificate-missing",
    "client-not-secure",
)
"""Checks of what two ends of unlike generations likely come to."""


class Hardening(NamedTuple):
    """`why` says of which end it holds. `settled_by` proves the generation where none is proved, `missing` names it in
    the catalog's terms: below G2 the certificates can be judged.
    """

    why: str
    settled_by: Optional[Settlement] = None
    missing: Tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        client: Optional[NimGeneration] = None,
        master: Optional[NimGeneration] = None,
        what: str = "where keys live",
    ) -> "Optional[Hardening]":
        """None where both ends, as far as they were looked at, are below G2. `what` is not public from there on."""
        ends = [(role, found) for role, found in ((Role.CLIENT, client), (Role.MASTER, master)) if found]
        if any(found.at_least("G2") for _, found in ends):
            return cls(f"{what} from generation G2 on is not public")
        for role, found in ends:
            if found.may_be_hardened:
                why = f"the generation of the {role.value} is not proved, and {what} from G2 on is not public"
                missing = tuple(_APARS if argv[0] == "instfix" else " ".join(argv) for argv in found.proof)
                return cls(why, settled_by(found, role), missing)
        return None


def settled_by(generation: NimGeneration, where: Role) -> Optional[Settlement]:
    """The commands that prove a generation; None where all was asked."""
    if not generation.proof:
        return None
    return Command(*generation.proof[0], where=where, also=generation.proof[1:])
