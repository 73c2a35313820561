"""Replaces stale copies of the SSL libraries by fresh ones."""

from typing import Iterator, Optional

from nimdoctor.facts import ExtractedLibraries, NimshMode, Paths
from nimdoctor.model import OnClient, Role
from nimdoctor.planning.client_crypto import crypto_on, remove_copy
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix


@fix(
    "refresh-ssl-libs",
    title="Replace stale copies of the SSL libraries",
    where=Role.CLIENT,
    risk="if nimclient -c fails the copies go back and nimsh is started, so the client is where it was",
    source="isg3T1024615, Known Issues 2; APAR IV58877",
    needs=("allow-tftp", "enable-tftp"),
    classic=True,
    fetches=True,
)
def refresh_ssl_libs(
    case: FixContext,
    libraries: Optional[OnClient[ExtractedLibraries]],
    paths: Optional[OnClient[Paths]],
    mode: Optional[OnClient[NimshMode]],
) -> Iterator[PlanItem]:
    """`rm` of the stale copies, then `nimclient -c`, which extracts the members of the installed OpenSSL."""
    removed = False
    for copy in libraries.with_verdict("stale") if libraries else ():
        state = paths.get(copy.path) if paths else None
        if state is None or state.size is None:
            yield Advice(f"{copy.path} stays: its size is not known", f"ls -l {copy.path}", Role.CLIENT)
        else:
            removed = True
            yield remove_copy(case, copy.path, state.size, "; ".join(copy.reasons))
    gone = libraries is not None and libraries.listed and not libraries.copies
    # copies removed by hand, and nimclient -c not run: nimsh runs with those it has mapped, until it is started anew
    if removed or (gone and mode is not None and mode.secure):
        yield crypto_on(case, mode, "nimclient -c extracts the copies anew from the installed OpenSSL")
