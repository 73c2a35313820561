"""The output of a command of a step: its last lines for people, and the whole of it for the run's directory."""

from typing import List, Sequence

from nimdoctor.model.private_keys import without_private_keys
from nimdoctor.model.text import decode, may_be_a_key
from nimdoctor.model.wording import visible
from nimdoctor.system.command import CommandResult

LIMIT = 16 * 1024 * 1024
"""Bytes of output that are kept of one command."""
LINES = 6
"""Lines of it that are shown."""
_LONGEST = 400
"""Characters of a line that are shown."""


def last_lines(result: CommandResult, count: int = LINES) -> List[str]:
    """The last lines that are not blank, whole; none of them may be a part of a key.

    >>> last_lines(CommandResult(1, b"one\\n\\ntwo\\n", b"0042-175 nimclient: an error\\n"), 2)
    ['two', '0042-175 nimclient: an error']
    """
    lines = [line for raw in (result.stdout, result.stderr) for line in decode(without_private_keys(raw)).splitlines()]
    return [_shown(line) for line in [line for line in lines if line.strip()][-count:]]


def _shown(line: str) -> str:
    if may_be_a_key(line):
        return "(not shown, it may be a key)"
    text = visible(line.replace("\t", " ").strip())
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST].rpartition(' ')[0] or text[:_LONGEST]} ..."


def whole(argv: Sequence[str], ending: str, result: CommandResult) -> bytes:
    """All that it printed, its standard error last, at most `LIMIT` bytes and without private keys; what was cut is noted."""
    out, err = without_private_keys(result.stdout), without_private_keys(result.stderr)
    # the error stands in standard error, which is cut only where it alone is too much
    shown_err = err[: max(LIMIT // 2, LIMIT - len(out))]
    shown_out = out[: LIMIT - len(shown_err)]
    text = f"# {visible(' '.join(argv))}\n# {visible(ending)}\n".encode("utf-8", "backslashreplace")
    for name, part, stream in (("standard output", shown_out, out), ("standard error", shown_err, err)):
        cut = f", cut: the first {len(part)} bytes of {len(stream)}" if len(part) < len(stream) else ""
        end = b"" if not part or part.endswith(b"\n") else b"\n"
        text += f"# {name}{cut}:\n".encode("ascii") + part + end
    return text
