"""What changed when: the last good push, the installation of OpenSSL, the first failure, in one line."""

from typing import List, Optional, Tuple

from nimdoctor.diagnosis.host import FactAbsent, Host


def what_changed(host: Host) -> Optional[str]:
    """One line in the host's local time, or None where the evidence does not hold both a failure and a change."""
    from nimdoctor.facts import FilesetHistory, NimshLog
    from nimdoctor.facts.nimsh_session import Session, SessionEnd

    try:
        log = host.fact(NimshLog)
    except FactAbsent:
        return None
    bad = (SessionEnd.HUNG, SessionEnd.OBJECT_ERROR)
    failures: List[Session] = []
    good = None
    for session in log.sessions:
        if session.end is SessionEnd.WENT_ON:
            good, failures = session, []
        elif session.end in bad:
            failures.append(session)
    if not failures or not failures[0].started:
        return None
    events: List[Tuple[object, str]] = []
    if good and good.ended:
        events.append((good.ended, f"last good push {good.ended} (line {good.last.line})"))
    history = host.optional(FilesetHistory)
    installed = history.installed_at("openssl.base") if history else None
    if installed and installed.when:
        events.append((installed.when, f"openssl.base {installed.level} installed {installed.when}"))
    first = failures[0]
    events.append((first.started, f"first failure {first.started} (line {first.last.line})"))
    if len(events) < 2:
        return None
    return ", then ".join(words for _, words in sorted(events, key=lambda event: str(event[0])))
