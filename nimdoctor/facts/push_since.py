"""Whether a push has come through since nimsh was started or its certificate was written.

Only a push renews what the master shows as `connect`, so an older value proves nothing.
"""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.clock import HostClock
from nimdoctor.facts.nimsh_log import NimshLog
from nimdoctor.facts.nimsh_mode import NimshMode
from nimdoctor.facts.nimsh_session import Session
from nimdoctor.facts.paths import Paths
from nimdoctor.facts.tls_attempt import LOG, newest_certificate, time_of
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote


@fact()
class PushSince(NamedTuple):
    """`push` is the newest push that came through. `start` says whether one came since nimsh was
    started, `certificate` whether one came since the certificate was written; None = not known. `utc` is when it
    ended (epoch seconds); None where that cannot be known.
    """

    source: str
    push: Optional[Session]
    start: Optional[bool]
    certificate: Optional[bool]
    evidence: Tuple[Quote, ...] = ()
    utc: Optional[int] = None

    @classmethod
    def derive(
        cls, log: NimshLog, paths: Optional[Paths], clock: Optional[HostClock], mode: Optional[NimshMode]
    ) -> "PushSince":
        """From the log, the times of change of log and certificate, and the age of the nimsh process."""
        push = log.newest_push()
        if push is None:
            # the log may have been cut or rotated: no push in it is no proof that none came
            return cls(log.source, None, None, None, (log.whole(),))
        state = paths.get(LOG) if paths else None
        utc = time_of(push.ended, log, state.mtime if state else None, clock)
        evidence = [push.last]
        start = _since_start(log, push, utc, clock, mode)
        certificate = None
        newest = newest_certificate(paths) if paths else None
        if newest and utc is not None and paths:
            # within one second the push may as well have come before
            certificate = utc > newest[1]
            evidence.append(paths.quote(newest[0]))
        return cls(log.source, push, start, certificate, tuple(evidence), utc)


def _since_start(
    log: NimshLog, push: Session, utc: Optional[int], clock: Optional[HostClock], mode: Optional[NimshMode]
) -> Optional[bool]:
    if log.restarted_after(push):
        return False
    if mode and mode.running and mode.elapsed is not None and clock and utc is not None:
        return utc >= clock.utc - mode.elapsed
    # a start line before the push, and none after it, shows that the push reached this nimsh
    return True if log.started_before(push) else None
