"""Whether some client must still fetch its certificate by tftp: how much it matters that it cannot."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.generation import NimGeneration
from nimdoctor.facts.lsnim import NimObjects
from nimdoctor.facts.nim_identity import NimIdentity
from nimdoctor.facts.nimsh_mode import NimshMode

NOT_NEEDED = "tftp is not needed: from NIM security generation G2 on keys do not travel by it"


class FetchNeed(NamedTuple):
    """`must` says that somebody has to fetch, or may have to; `sure` that it is known. `cured` says that a cure of the
    same scan fetches, `waiting` are the clients that are not secure yet.
    """

    must: bool
    sure: bool
    cured: bool = False
    waiting: Tuple[str, ...] = ()


def fetch_need(
    objects: Optional[NimObjects],
    identity: Optional[NimIdentity],
    mode: Optional[NimshMode],
    cured: bool,
) -> FetchNeed:
    """Who must fetch a certificate, by the master's `objects`; `cured` says that a cure which the scan calls for fetches.

    `identity` and `mode` are those of the client that was given: one whose nimsh runs with crypto has
    fetched, whatever `connect` says until the next push.
    """
    if cured:
        return FetchNeed(True, True, cured=True)
    if objects is None:
        return FetchNeed(True, False)
    fetched = identity.object_in(objects)[0] if identity and mode and mode.secure else None
    waiting = [found.name for found in objects.connected("shell")]
    if objects.ssl_support() is not False:
        waiting += [found.name for found in objects.connected("nimsh") if found != fetched]
    if waiting:
        return FetchNeed(True, True, waiting=tuple(waiting))
    return FetchNeed(False, True) if objects.complete else FetchNeed(True, False)


def keys_travel_otherwise(master: Optional[NimGeneration], client: Optional[NimGeneration], client_named: bool) -> bool:
    """Whether tftp no longer matters: the master is at G2 or later and so is the client, where one was given."""
    at_g2 = bool(master and master.at_least("G2"))
    return at_g2 and (not client_named or bool(client and client.at_least("G2")))
