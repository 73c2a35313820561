"""The rehearsal: both sides of a push's handshake, run against each other with the master's own files.

This is the side of the scan. It starts a child process, which alone loads OpenSSL and the private keys,
and takes one line of JSON from it: names of steps, paths, fingerprints of certificates, a reason and its
code. Nothing is sent anywhere: the two sides talk through memory.
"""

import json
import os
import sys
from typing import Any, Dict, List, Optional, Sequence

from nimdoctor.evidence.files import list_directory
from nimdoctor.model.unreadable import refused
from nimdoctor.system.command import command_environment, run

CERTIFICATES = "/ssl_nimsh/certs"
KEYS = "/ssl_nimsh/keys"
FITS, FAILS, UNDONE = "fits", "fails", "undone"
"""How a rehearsal ends: the files fit together; a step failed; it could not be held."""

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from nimdoctor.evidence.rehearsal.child import main; main(sys.argv[2:])"
)
_LINE_LIMIT = 64 * 1024


def rehearse(root: Optional[str], timeout: float, command: Optional[Sequence[str]] = None) -> str:
    """The verdict as one line of JSON; never raises for what a host may hold.

    `root` is the directory that holds the master's file system, None for this host; `timeout` is in
    seconds, and ends the child with all it may have started. `command` takes the place of the child.
    """
    why = _nothing_to_load(root)
    if why:
        return undone(why)
    argv = list(command) if command is not None else child_command(root, timeout)
    if not argv:
        return undone("this Python does not know its own program, so no second one can be started")
    ended = run(argv, timeout=timeout, env=command_environment(), limit=_LINE_LIMIT)
    if ended.error:
        return undone(f"the process for it cannot be started: {ended.error}")
    if ended.timed_out:
        return undone(f"it did not end within {timeout:.3g} s and was ended")
    return _only_line(ended.stdout) or undone(f"the process for it ended without a verdict (status {ended.status})")


def child_command(root: Optional[str], timeout: float) -> List[str]:
    """How the child is started: isolated from environment and user, with the places this process imports from.

    Isolated, Python would not find a nimdoctor that lies in a zip file or is named by PYTHONPATH. It has the
    places at once, so that `site` has nothing to add but its time.
    """
    if not sys.executable:
        return []
    package = os.path.abspath(__file__)
    for _ in ("__init__.py", "rehearsal", "evidence", "nimdoctor"):
        package = os.path.dirname(package)
    places = [place for place in sys.path if os.path.isabs(place)]
    places += [package] if package not in places else []
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, json.dumps(places), str(timeout), *([root] if root else [])]


def undone(why: str) -> str:
    """The line that says why no rehearsal was held."""
    return json.dumps({"rehearsal": UNDONE, "reason": why})


def _nothing_to_load(root: Optional[str]) -> Optional[str]:
    """Why a child would find nothing to load; looks at names only."""
    for directory in (CERTIFICATES, KEYS):
        try:
            if not list_directory(directory, root):
                return f"{directory} is empty"
        except (FileNotFoundError, NotADirectoryError):
            return f"there is no {directory}"
        except OSError as error:
            return f"{directory} cannot be listed: {refused(error)}"
    return None


def _only_line(output: bytes) -> Optional[str]:
    """The child's line, made anew of what it must hold; None for anything else."""
    try:
        found = json.loads(output.decode("ascii"))
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("rehearsal") not in (FITS, FAILS, UNDONE):
        return None
    words: Dict[str, Any] = {key: value for key, value in found.items() if isinstance(value, (str, list))}
    return json.dumps(words)
