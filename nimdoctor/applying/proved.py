"""A run that only a push could prove, and whether one has been seen to work since."""

from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional, Sequence

from nimdoctor.applying.lock import Locked, lock
from nimdoctor.applying.outcome import FIXED, UNVERIFIED
from nimdoctor.applying.runs import Run, believed, every, load
from nimdoctor.diagnosis.engine import Result
from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import PushSince
from nimdoctor.model import Outcome
from nimdoctor.system.refused import Refused

WAITING = "applied-unverified"
"""The state of a run that waits for a push."""


def waiting(state: str) -> List[Run]:
    """Runs of a state directory that wait for a push, as the directory that leads tells. Raises PermissionError."""
    return [run for run in map(believed, every(state)) if run.state == WAITING]


def proof(run: Run, results: Sequence[Result], client: Host) -> Optional[List[Dict[str, Any]]]:
    """What became of its findings by a new scan, where all that waited for a push pass and one came since; else None.

    `client` is the run's client as that scan read it.
    """
    last = _seconds(str(run.last("done").get("at")))
    pushed = client.optional(PushSince)
    if last is None or pushed is None or pushed.utc is None or pushed.utc < last:
        return None
    found = []
    for finding in run.findings():
        if finding["outcome"] == UNVERIFIED:
            reason = _passes(finding, results)
            if reason is None:
                return None
            finding = {**finding, "outcome": FIXED, "says": reason}
        found.append(finding)
    return found


def write_down(run: Run, findings: Sequence[Dict[str, Any]]) -> bool:
    """Notes in the run's journal that a push proved it; False where it no longer waits. Raises Locked, Refused, OSError."""
    with lock(run.directory.state):
        if load(run.directory.state, run.name).state != WAITING:
            return False
        with run.directory.journal() as journal:
            journal.append("proved", None, findings=list(findings))
    return True


def note_proved(run: Run, results: Sequence[Result], client: Host, say: Callable[[str], None]) -> None:
    """Writes down that a push has proved a run, where this scan of its client shows it."""
    findings = proof(run, results, client)
    if findings is None:
        return
    try:
        if write_down(run, findings):
            say(f"run {run.name} is complete: a push came through since")
    except (Locked, Refused, OSError) as error:
        say(f"a push has proved run {run.name}, which cannot be written down: {error}")


def _passes(finding: Dict[str, Any], results: Sequence[Result]) -> Optional[str]:
    start = (finding["check"], finding["where"], finding["host"])
    again = [one for one in results if (one.check, one.where.value, one.host) == start]
    if not again or any(one.outcome is not Outcome.PASS for one in again):
        return None
    return again[0].message


def _seconds(at: str) -> Optional[int]:
    try:
        return int(datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())
    except ValueError:
        return None
