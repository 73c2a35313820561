"""What an image of a lab shows, and what a journal in it says, read without the program."""

import hashlib
import json
import os
import re
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from .images import Image

STATE = "/var/adm/nimdoctor"
RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}")
LEFT_OUT = ("/.lab", STATE, "/usr/bin", "/usr/sbin", "/var/adm/ras")


class Told(NamedTuple):
    """What a journal says, read without the program: in the order of the records."""

    started: bool
    state: str
    done: Tuple[str, ...]
    begun: Tuple[str, ...]
    undoing: Tuple[str, ...]
    undone: Tuple[str, ...]
    left_open: str
    led_by: Optional[str]
    affects: Tuple[str, ...]
    findings: Tuple[str, ...]
    standing: Tuple[str, ...]


def tell(raw: bytes) -> Told:
    """Reads a journal's bytes; a torn last line does not count."""
    state, left_open, led_by = "running", "", None
    done: List[str] = []
    begun: List[str] = []
    undoing: List[str] = []
    undone: List[str] = []
    affects: List[str] = []
    findings: List[str] = []
    standing: List[str] = []
    started = False
    for line in raw.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        event, step = record["event"], record["step"]
        if event == "start":
            started, led_by, affects = True, record["led_by"], record["affects"]
        elif event == "begin":
            state = "running"
            for where in (done, undoing, undone):
                if step in where:
                    where.remove(step)
            if step not in begun:
                begun.append(step)
        elif event == "done":
            state = "running"
            begun[:] = [one for one in begun if one != step]
            undoing[:] = [one for one in undoing if one != step]
            standing[:] = [one for one in standing if one != step]
            done.append(step)
            left_open = record.get("left_open", "")
        elif event == "undo":
            state = "rolling-back"
            done[:] = [one for one in done if one != step]
            undoing[:] = [*(one for one in undoing if one != step), step]
            left_open = record.get("left_open", left_open)
        elif event == "undone":
            state = "rolling-back"
            for where in (done, begun, undoing):
                if step in where:
                    where.remove(step)
            undone.append(step)
            if record.get("stands"):
                standing.append(step)
            if record.get("closes"):
                left_open = ""
        elif event == "resume":
            state = "running"
        elif event == "rollback":
            state = "rolling-back"
        elif event == "stopped":
            state = "stopped"
        elif event == "complete":
            state = record["state"]
            findings = [f"{one['check']}: {one['outcome']}" for one in record.get("findings") or ()]
    return Told(
        started, state, tuple(done), tuple(begun), tuple(undoing), tuple(undone), left_open, led_by, tuple(affects),
        tuple(findings), tuple(standing),
    )  # fmt: skip


class Scene:
    """What an image of a lab shows, by host: `client` is the tree's name of the first client."""

    def __init__(self, image: Image, client: str, first: Optional[Image] = None) -> None:
        self.image = image
        self.first = first or {}
        self.hosts = {"client": f"/{client}", "master": "/nim1"}

    def view(self, end: str, known: Set[bytes] = frozenset()) -> Dict[str, Any]:  # type: ignore[assignment]
        """The host's paths as `Lab.snapshot` gives them. Keys and certificates that are not `known` are numbered."""
        root = self.hosts[end]
        found: Dict[str, Any] = {}
        numbers = self._numbers(known)
        for path, (kind, mode, mtime, content) in self.image.items():
            if not path.startswith(root + "/"):
                continue
            inside = path[len(root) :]
            if inside.startswith(LEFT_OUT) and any(inside == one or inside.startswith(one + "/") for one in LEFT_OUT):
                continue
            if content is not None and inside.startswith("/ssl_nimsh"):
                content = numbers.get(content, content)
            # a removed copy that comes back comes back with its time
            was = self.first.get(path, ("", 0, 0, None))
            comes_back = inside.startswith("/usr/lib/") and kind == "file" and was[3] == content
            found[RUN.sub("RUN", inside)] = (kind, mode, content, mtime if comes_back else None)
        return found

    def _numbers(self, known: Set[bytes]) -> Dict[bytes, bytes]:
        numbers: Dict[bytes, bytes] = {}
        for end in ("master", "client"):
            root = self.hosts[end] + "/ssl_nimsh/"
            for path in sorted(self.image):
                content = self.image[path][3]
                if path.startswith(root) and content and b"-----BEGIN" in content and content not in known:
                    numbers.setdefault(content, b"new %d" % len(numbers))
        return numbers

    def soft(self, end: str) -> Dict[str, Any]:
        """What is not in files: subsystems, how nimsh is started, what inetd serves, NIM's objects, filesets."""
        root = self.hosts[end] + "/.lab/"
        found: Dict[str, Any] = {}
        for path, (_, _, _, content) in self.image.items():
            if not path.startswith(root) or content is None:
                continue
            name = path[len(root) :]
            if name.startswith("src/"):
                group, pid = content.split()
                alive = pid != b"-" and f"{root}proc/{pid.decode()}" in self.image
                found[name] = (group, alive)
            elif name in ("nimsh_args", "nimsh_libraries", "inetd", "filesets") or name.startswith("objects/"):
                found[name] = b"\n".join(sorted(content.split(b"\n")))
        return found

    def calls(self, end: str) -> List[str]:
        """The commands that acted on the host; a preview of an installation changes nothing."""
        calls = self.text(f"{self.hosts[end]}/.lab/calls").splitlines()
        return [call for call in calls if "installp_flags=-ap" not in call]

    def text(self, path: str) -> str:
        content = self.image.get(path, ("", 0, 0, b""))[3]
        return (content or b"").decode()

    def runs(self, end: str) -> List[str]:
        """Names of the run directories of a host, oldest first."""
        root = f"{self.hosts[end]}{STATE}/runs/"
        return sorted(
            path[len(root) :] for path in self.image if path.startswith(root) and "/" not in path[len(root) :]
        )

    def journal(self, end: str, run: str) -> bytes:
        return self.image.get(f"{self.hosts[end]}{STATE}/runs/{run}/journal.jsonl", ("", 0, 0, b""))[3] or b""

    def told(self, end: str, run: str) -> Told:
        return tell(self.journal(end, run))

    def plan(self, run: str) -> Dict[str, Any]:
        for end in ("client", "master"):
            text = self.text(f"{self.hosts[end]}{STATE}/runs/{run}/plan.json")
            if text:
                found: Dict[str, Any] = json.loads(text)
                return found
        return {"steps": []}

    def leftovers(self) -> List[str]:
        """What must not be there once nothing runs: temporary files, locks, reserves."""
        return [
            path
            for path in self.image
            if "/.nimdoctor-" in path
            or path.endswith((f"{STATE}/lock.d", "/reserve"))
            or (".tmp" in os.path.basename(path) and STATE in path)
        ]

    def key(self, known: Set[bytes]) -> str:
        """A name for the scene that times, process numbers and the bytes of new keys do not change."""
        seen: List[Any] = []
        for end in ("client", "master"):
            view = {path: what[:3] for path, what in self.view(end, known).items()}
            seen += [sorted(view.items()), sorted(self.soft(end).items())]
            for run in self.runs(end):
                root = f"{self.hosts[end]}{STATE}/runs/{run}/"
                seen += [end, self.told(end, run)]
                seen.append(sorted(path[len(root) :] for path in self.image if path.startswith(root)))
        return hashlib.sha256(repr(seen).encode()).hexdigest()
