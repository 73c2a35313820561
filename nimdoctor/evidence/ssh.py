"""A host that is asked now by way of ssh: its commands, files and states of paths.

Nothing is installed on the other side, and private keys stay there.
"""

import math
import os
import shlex
import time
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.certificates_only import may_be_opened, without_keys
from nimdoctor.evidence.connection import PATIENCE, Connection, RemoteAnswer, last_line
from nimdoctor.evidence.live_base import FILES_OF_A_ROW, LiveBase
from nimdoctor.evidence.shell import BLOCK, BLOCKS, KEY_ENDS
from nimdoctor.evidence.source import AIX, NO_SUCH_COMMAND, Progress, not_aix
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.private_keys import REMOVED, without_private_keys
from nimdoctor.model.text import TEXT_LIMIT, Extent, Text
from nimdoctor.model.unreadable import AS_ROOT
from nimdoctor.system.command import CommandResult


class SshHost(LiveBase):
    """Evidence read over ssh on demand; each command runs at most once.

    Raises TargetError, one line, where the host cannot be reached.
    """

    thorough = True
    remote = True

    def __init__(
        self,
        target: str,
        timeout: float = 30.0,
        progress: Optional[Progress] = None,
        clock: Callable[[], float] = time.monotonic,
        connection: Optional[Connection] = None,
    ) -> None:
        """`connection` is one that others use too, and close."""
        super().__init__(target, timeout, progress, clock)
        self._owned = connection is None
        self.connection = Connection(target, timeout) if connection is None else connection
        self.destination = self.connection.destination
        self._lost = ""
        self._may_run = False
        self._states: Dict[str, Optional[PathState]] = {}
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection where it is this host's own, and leaves nothing of it."""
        if self._owned:
            self.connection.close()

    # -- asking

    def _connect(self) -> None:
        self.progress.start(f"connecting to {self.destination}")
        try:
            self.connection.connect()
        finally:
            self.progress.end()
        self.system = self.connection.system
        if self.system != AIX:
            self.remarks.append(not_aix("that host", self.system))
        if self.connection.user != "0":
            self.remarks.append("not root on that host: what only root may read is unknown")

    def _lose(self, name: str, answer: RemoteAnswer) -> str:
        """What is said where an answer has no end; after that nothing more is asked."""
        reason = last_line(answer.stderr)
        self._lost = f"the connection to {self.destination} was lost"
        self.remarks.append(f"{self._lost} at {name}{': ' + reason if reason else ''}; nothing was read after that")
        return f"{self._lost}{': ' + reason if reason else ''}; what ran there may still run until its deadline"

    def _read(self, parts: Sequence[str], program: str, words: Sequence[str], name: str) -> Optional[RemoteAnswer]:
        """An answer about files, within the scan's time; None, and why in `problems`, where none came."""
        allowed = self._allowed()
        if self._lost or allowed <= 0:
            self.problems[name] = f"not read: {self._lost or 'the time of the scan was used up'}"
            return None
        began = self._clock()
        self.progress.start(name)
        try:
            answer = self.connection.ask(["answer.sh", *parts], program, words, allowed)
        finally:
            self._spent += max(0.0, self._clock() - began)
            self.progress.end()
        if answer.ending is None and not answer.result.flooded:
            hung = f"not read: no answer came within {allowed + PATIENCE:.3g} s"
            self.problems[name] = hung if answer.result.timed_out else self._lose(name, answer)
            return None
        return answer

    # -- commands

    def lacks(self, name: str) -> str:
        """Nothing is asked any more over a connection that was lost."""
        return f"not run: {self._lost}" if self._lost else ""

    def left_behind(self) -> str:
        """Whether it is known that the command was ended on the host too."""
        return f"; on {self.destination} it may still run" if self._may_run else ""

    def execute(self, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> Tuple[Optional[CommandResult], str]:
        """Runs the program of that name there; the deadline, in whole seconds, holds on both sides."""
        seconds = max(1, math.ceil(timeout))
        directories = "/usr/sbin /usr/bin /sbin /bin" + (" /usr/ios/cli" if argv[0] == "ioscli" else "")
        answer = self.connection.ask(
            ["answer.sh", "run.sh"], 'run_command "$@"', (str(seconds), directories, *argv), seconds, stdin
        )
        self._may_run = answer.result.timed_out
        if answer.result.timed_out:
            return answer.result, ""
        if answer.result.flooded:
            return answer.result._replace(stdout=answer.stdout, stderr=answer.stderr), ""
        if answer.ending is None:
            return None, self._lose(argv[0], answer)
        if answer.ending[0] == "absent":
            return None, NO_SUCH_COMMAND
        if answer.ending[0] == "late":
            return CommandResult(timed_out=True), ""
        return CommandResult(int(answer.ending[-1]), answer.stdout, answer.stderr), ""

    def _rehearsal(self, row: Row) -> List[Text]:
        """None: the keys it needs stay where they are."""
        self.problems[row.label] = "not held over ssh, since the private keys stay on the host: run nimdoctor there"
        return []

    # -- files

    def _files(self, row: Row) -> List[Text]:
        if "/*" not in row.name:
            found = self._file(row.name, row)
            return [found] if found else []
        directory, _, rest = row.name.partition("/*")
        answer = self._read(["read.sh", "seen.sh"], 'list_files "$@"', (directory, rest), row.label)
        if answer is None or answer.ending == ["absent"]:
            return []
        if answer.ending != ["listed"]:
            self.problems[row.label] = _reason(answer)
            return []
        inside = sorted(os.fsdecode(name) for name in answer.stdout.split(b"\n") if name)
        texts: List[Text] = []
        for name in reversed(inside) if rest else inside:
            if len(texts) == FILES_OF_A_ROW:
                self.problems[row.label] = f"has more than {FILES_OF_A_ROW} files; the first {FILES_OF_A_ROW} were read"
                break
            found = self._file(f"{directory}/{name}", row)
            if found:
                texts.append(found)
        return texts

    def _file(self, path: str, row: Row) -> Optional[Text]:
        if not may_be_opened(path):
            return None
        verb = "read_newest" if row.streamed else "read_file"
        variables = f"KEY_ENDS={shlex.quote(KEY_ENDS)}\nREMOVED={shlex.quote(REMOVED.decode())}\nBLOCK={BLOCK} BLOCKS={BLOCKS}\n"
        answer = self._read(["read.sh", "seen.sh", "keys.sh"], f'{variables}{verb} "$1"', (path,), path)
        if answer is None:
            return None
        word = answer.ending[0] if answer.ending else "flooded"
        if word == "absent":
            self._states[path] = None
        elif word == "why":
            self.problems[path] = _reason(answer)
        if word not in ("file", "part", "flooded"):
            return None
        raw = without_private_keys(without_keys(path, answer.stdout))
        if answer.ending is not None and word == "part":
            line, blocks = map(int, answer.ending[1:3])
            return _newest_part(path, raw, line, blocks * BLOCK)
        if answer.ending == ["file", "certificates"]:
            raw = without_keys("/ssl_nimsh/certs/", raw)
        if word == "flooded" or len(raw) > TEXT_LIMIT:
            self.problems[path] = "is larger than 16 MiB; the first 16 MiB were used"
        text = Text.of(raw[:TEXT_LIMIT], path, name=path)
        if path in self.problems:
            text.shortened(Extent.EXCERPT)
        return text

    # -- paths

    def paths(self, rows: List[Row]) -> PathRecord:
        """States of what the rows' patterns cover, of all of them in one question."""
        patterns = dict.fromkeys(row.name for row in rows if row.kind is Kind.PATHS)
        answer = self._read(
            ["paths.sh", "states.sh", "seen.sh"], 'ROOT=""\nlist_paths "$@"', tuple(patterns), "the states of paths"
        )
        if answer is None:
            return PathRecord({}, ())
        if answer.ending is None:
            self.problems["the states of paths"] = "more than 16 MiB of them: not used"
            return PathRecord({}, ())
        states = {path: state for path, state in map(_state, answer.stdout.splitlines()) if path}
        self._states.update(states)
        hidden = "cannot be looked at" + ("" if self.connection.user == "0" else f": {AS_ROOT}")
        unseen = {path: hidden for path in patterns if not path.endswith("*") and path not in states}
        for line in os.fsdecode(answer.stderr).splitlines():
            pattern, _, why = line.partition("incomplete ")[2].partition(" ")
            if pattern in patterns:
                unseen[pattern] = why
        for path, why in unseen.items():
            self.problems.setdefault(path, why)
        return PathRecord(states, tuple(pattern for pattern in patterns if pattern not in unseen), unseen)

    def file_absent(self, path: str) -> Optional[bool]:
        """Whether that file is known not to exist; None when it cannot be told."""
        if path not in self._states:
            self.paths([Row(path, Kind.PATHS, ())])
        return self._states[path] is None if path in self._states else None


def _reason(answer: RemoteAnswer) -> str:
    return " ".join((answer.ending or [])[1:]) or "cannot be read"


def _newest_part(path: str, raw: bytes, line: int, left_out: int) -> Text:
    if not left_out:
        return Text.of(raw, path, name=path)
    # the first line may have begun before the cut; it goes, so that what is left are whole lines
    cut = raw.find(b"\n") + 1 or len(raw)
    text = Text.of(raw[cut:], path, name=path, first_line=line + 1)
    text.shortened(Extent.TAIL)
    text.left_out = left_out + cut
    return text


def _state(line: bytes) -> Tuple[str, Optional[PathState]]:
    """A path and its state; an empty path for what is no such line."""
    words = os.fsdecode(line).split(" ", 6)
    if len(words) != 7:
        return "", None
    kind, mode, owner, group, size, mtime, path = words
    if kind == "absent":
        return path, None
    try:
        return path, PathState(kind, int(mode, 8), owner, group, int(size), None if mtime == "-" else int(mtime))
    except ValueError:
        return "", None
