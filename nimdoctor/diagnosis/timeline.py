"""What changed when: the last good push, the installation of OpenSSL, the first failure, in one line."""

from typing import List, Optional, Tuple

from nimdoctor import facts
from nimdoctor.diagnosis.host import FactAbsent, Host


def what_changed(host: Host) -> Optional[str]:
    """One line in the host's local time, or None where the evidence does not hold both a failure and a change."""
    try:
        log = host.fact(facts.NimshLog)
    except FactAbsent:
        return None
    good, failed = log.turn()
    if failed is None or not failed.started:
        return None
    events: List[Tuple[object, str]] = []
    if good and good.ended:
        events.append((good.ended, f"last good push {good.ended} (line {good.last.line})"))
    history = host.optional(facts.FilesetHistory)
    installed = history.installed_at("openssl.base") if history else None
    if installed and installed.when:
        events.append((installed.when, f"openssl.base {installed.level} installed {installed.when}"))
    events.append((failed.started, f"first failure {failed.started} (line {failed.last.line})"))
    if len(events) < 2:
        return None
    return ", then ".join(words for _, words in sorted(events, key=lambda event: str(event[0])))
