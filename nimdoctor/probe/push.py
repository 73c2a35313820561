"""One push to one client, from its master: the only proof that pushes work, and that they are secure."""

from typing import TYPE_CHECKING, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.live_base import as_typed, is_name
from nimdoctor.facts import NimObjects, RecordedPush
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model.text import BadEvidence, Text, decode
from nimdoctor.probe.answer import shown

if TYPE_CHECKING:
    from nimdoctor.system.command import CommandResult

PUSH_TIMEOUT = 60.0
"""Seconds a push may take. Listing filesets takes a few; one that hangs does so for ever."""


class Push(NamedTuple):
    """What came of `nim -o lslpp CLIENT`.

    `came_through`: it ended with status 0 and the client's filesets. `secure`: afterwards the
    master says `connect = nimsh (secure)`, which after a push that did not come through may be what
    an earlier one left. `timed_out`: it hung and was ended. `says` is one line of ASCII.
    """

    client: str
    came_through: bool = False
    secure: bool = False
    timed_out: bool = False
    says: str = ""

    @property
    def proved(self) -> bool:
        """Whether this very push came through with SSL; neither half alone says that."""
        return self.came_through and self.secure


def push(master: Host, client: str, timeout: float = PUSH_TIMEOUT) -> Push:
    """Lists the client's filesets by a push and reads its `connect` anew. `client` is a NIM name of lsnim.

    Raises nothing: what cannot be run is said.
    """
    if not is_name(client):
        return Push(client, says=f"not pushed: {shown(client)} is no name")
    argv = ["nim", "-o", "lslpp", client]
    result, why = run_on(master, argv, timeout)
    if result is None:
        return Push(client, says=f"not pushed: {as_typed(argv)}: {shown(why)}")
    failure = _failure(result, as_typed(argv), timeout)
    connect, why = _connect(master, client, timeout)
    shows = f"connect = {shown(connect)}" if connect else f"its connect is not known ({shown(why)})"
    message = f"{as_typed(argv)} {failure or 'came through'}; {shows}"
    return Push(client, not failure, connect == SECURE, result.timed_out, message)


def run_on(host: Host, argv: Sequence[str], timeout: float) -> "Tuple[Optional[CommandResult], str]":
    """Runs a command on a live host: its result, or None and why it could not run."""
    if not host.evidence.live:
        return None, "nothing can be run on recorded evidence"
    return host.evidence.run(argv, timeout)


def first_line(result: "CommandResult") -> str:
    """The first thing that a command said, on stderr rather than stdout."""
    lines = (result.stderr.strip() or result.stdout.strip()).decode("utf-8", "replace").splitlines()
    return shown(lines[0]) if lines else "it said nothing"


def _failure(result: "CommandResult", command: str, timeout: float) -> str:
    """Why the push did not come through, empty when it did."""
    if result.timed_out:
        return f"hung and was ended after {timeout:.3g} s"
    if result.flooded:
        return "printed without end and was ended"
    text = Text.of(result.stdout + b"\n" + result.stderr, command, command=True, status=result.status)
    try:
        recorded = RecordedPush.parse(text)
    except BadEvidence:
        return f"ended with status {result.status} and no filesets: {first_line(result)}"
    if result.status == 0 and recorded.succeeded:
        return ""
    lines = [*recorded.object_error, *(quote for _, quote in reversed(recorded.messages))]
    message = shown(lines[0].text) if lines else first_line(result)
    return f"failed with status {result.status}: {message}"


def _connect(master: Host, client: str, timeout: float) -> Tuple[Optional[str], str]:
    """The client's `connect` as the master has it now, or None and why it is not known."""
    argv = ["lsnim", "-l", client]
    evidence = master.evidence
    result, why = run_on(master, argv, min(timeout, evidence.timeout) if evidence.live else timeout)
    if result is None:
        return None, f"{as_typed(argv)}: {why}"
    if result.timed_out:
        return None, f"{as_typed(argv)} hung"
    try:
        found = NimObjects.parse(Text.of(result.stdout, as_typed(argv), command=True)).get(client)
    except BadEvidence as error:
        lines = decode(result.stderr).strip().splitlines()
        return None, f"{as_typed(argv)}: {lines[0]}" if lines else str(error)
    connect = found.connect if found else None
    return connect, "" if connect else f"{as_typed(argv)} shows none"
