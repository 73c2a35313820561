"""A host that is asked now: this one, or the one whose file system lies below a directory."""

import os
import time
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.evidence.certificates_only import is_guarded, may_be_opened, without_keys
from nimdoctor.evidence.files import list_directory, on_this_host, open_regular, path_state, walk_below
from nimdoctor.evidence.live_base import FILES_OF_A_ROW, LiveBase
from nimdoctor.evidence.rehearsal import rehearse, undone
from nimdoctor.evidence.source import AIX, NO_SUCH_COMMAND, Progress, not_aix
from nimdoctor.evidence.system_tables import table_for
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.text import TEXT_LIMIT, Extent, Text, decode
from nimdoctor.model.unreadable import AS_ROOT, refused
from nimdoctor.system.command import command_environment, run

if TYPE_CHECKING:
    from nimdoctor.system.command import CommandResult

PROGRAM_DIRECTORIES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
ROOT_PROGRAM_DIRECTORIES = ("/usr/sbin", "/usr/bin")


class LiveHost(LiveBase):
    """Evidence read from a running host on demand; each command runs at most once.

    `root` is the directory that holds the host's file system; commands then are the programs in
    its usr/sbin and usr/bin and nothing else, run with NIMDOCTOR_ROOT. `timeout` is a command's, in
    seconds.
    """

    def __init__(
        self,
        root: Optional[str] = None,
        timeout: float = 30.0,
        progress: Optional[Progress] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("" if root is None else f"root:{root}", timeout, progress, clock)
        self.root = None if root is None else os.path.realpath(root)
        self.network = root is None
        # below another root only those commands run that somebody put there
        self.thorough = root is None
        if root is None:
            result, _ = self.run(["uname", "-s"])
            self.system = decode(result.stdout).strip() if result else ""
            self.remarks = _about_this_host(self.system)

    def paths(self, rows: List[Row]) -> PathRecord:
        """States of what the rows' patterns cover; a pattern is complete when all of it was seen."""
        states: Dict[str, Optional[PathState]] = {}
        complete: List[str] = []
        unseen: Dict[str, str] = {}
        for row in rows:
            if row.kind is Kind.PATHS:
                hidden = self._look(row.name, states)
                complete += [] if hidden else [row.name]
                unseen.update(hidden)
        for path, why in unseen.items():
            self.problems.setdefault(path, why)
        return PathRecord(states, tuple(complete), unseen)

    def file_absent(self, path: str) -> Optional[bool]:
        """Whether that file is known not to exist; None when it cannot be told."""
        try:
            return path_state(path, self.root) is None
        except OSError:
            return None

    # -- files

    def _files(self, row: Row) -> List[Text]:
        if "/*" not in row.name:
            found = self._file(row.name, row)
            return [found] if found else []
        directory, _, rest = row.name.partition("/*")
        try:
            inside = list_directory(directory, self.root)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.problems[row.label] = f"cannot be listed: {refused(error)}"
            return []
        texts: List[Text] = []
        for name in reversed(inside) if rest else inside:
            if len(texts) == FILES_OF_A_ROW:
                self.problems[row.label] = f"has more than {FILES_OF_A_ROW} files; the first {FILES_OF_A_ROW} were read"
                break
            path = f"{directory}/{name}{rest}"
            if self._is_directory(path):
                continue
            found = self._file(path, row)
            if found:
                texts.append(found)
        return texts

    def _is_directory(self, path: str) -> bool:
        try:
            return os.path.isdir(on_this_host(path, self.root))
        except OSError:
            return False

    def _file(self, path: str, row: Row) -> Optional[Text]:
        if not (may_be_opened(path) and may_be_opened(self._leads_to(path))):
            return None
        try:
            with open_regular(path, self.root) as stream:
                guarded = is_guarded(path) or is_guarded(self._leads_to(path))
                if row.streamed and not guarded:
                    return Text(path, lambda: open_regular(path, self.root), name=path)
                raw = stream.read(TEXT_LIMIT + 1)
        except (FileNotFoundError, NotADirectoryError):
            if self.file_absent(path) is False:
                self.problems[path] = "is a link that leads nowhere"
            return None
        except OSError as error:
            self.problems[path] = f"cannot be read: {refused(error)}"
            return None
        if len(raw) > TEXT_LIMIT:
            self.problems[path] = "is larger than 16 MiB; the first 16 MiB were used"
        text = Text.of(without_keys(path, raw[:TEXT_LIMIT]), path, name=path)
        if path in self.problems:
            text.shortened(Extent.EXCERPT)
        return text

    def _leads_to(self, path: str) -> str:
        """The path a link leads to, as the host names it: a link elsewhere must not open a key."""
        try:
            found = on_this_host(path, self.root)
        except OSError:
            return path
        if self.root is not None and found.startswith(self.root):
            return found[len(self.root) :] or "/"
        return found

    def _look(self, pattern: str, states: Dict[str, Optional[PathState]]) -> Dict[str, str]:
        """Adds the states a pattern covers; returns what of it could not be seen, and why."""
        if pattern.endswith("/**"):
            walk = walk_below(pattern[:-3], self.root)
            states.update(walk.states)
            return walk.unseen
        try:
            if not pattern.endswith("*"):
                states[pattern] = path_state(pattern, self.root)
                return {}
            directory, _, start = pattern[:-1].rpartition("/")
            for name in list_directory(directory or "/", self.root):
                if name.startswith(start):
                    states[f"{directory}/{name}"] = path_state(f"{directory}/{name}", self.root)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            return {pattern: f"cannot be {'listed' if pattern.endswith('*') else 'looked at'}: {refused(error)}"}
        return {}

    # -- commands

    def _table(self, row: Row) -> Optional[Text]:
        if self.root is not None:
            return None
        for fact in row.facts:
            found = table_for(fact)
            if found:
                return Text.of(found[1], found[0], name=found[0], command=True)
        return None

    def _rehearsal(self, row: Row) -> List[Text]:
        """The verdict of a rehearsal, which is there also where none could be held."""
        allowed = self._allowed()
        if allowed <= 0:
            return [Text.of(undone("not held: the scan's time was used up"), row.name)]
        with self._spending(row.label):
            return [Text.of(rehearse(self.root, allowed), row.name)]

    def execute(self, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> "Tuple[Optional[CommandResult], str]":
        """Runs the program of that name here."""
        program, refusal = self.program(argv[0])
        if program is None:
            return None, refusal
        result = run([program, *argv[1:]], timeout=timeout, env=command_environment(self.root), stdin=stdin)
        return (None, f"cannot be run: {result.error}") if result.error else (result, "")

    def lacks(self, name: str) -> str:
        """Why there is no such program here, or it must not be run."""
        return self.program(name)[1]

    def has_program(self, name: str) -> Optional[bool]:
        """Whether there is such a program here."""
        return self.program(name)[0] is not None

    def program(self, name: str) -> Tuple[Optional[str], str]:
        """The program's path, or None and why not."""
        directories: Sequence[str] = ROOT_PROGRAM_DIRECTORIES
        if self.root is None:
            directories = (*PROGRAM_DIRECTORIES, "/usr/ios/cli") if name == "ioscli" else PROGRAM_DIRECTORIES
        refusal = NO_SUCH_COMMAND
        for directory in directories:
            path = f"{directory}/{name}"
            try:
                place = on_this_host(path, self.root)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                refusal = f"cannot be run: {refused(error)}"
                continue
            if not os.path.isfile(place):
                if os.path.lexists(place):
                    refusal = "cannot be run: not a regular file"
                continue
            if not os.access(place, os.X_OK):
                refusal = f"cannot be run: Permission denied: {AS_ROOT}"
                continue
            # programs that go by the name they are called by keep it, unless the link, read by
            # the kernel, would lead out of the root
            outer = path if self.root is None else self.root.rstrip("/") + path
            return (outer if os.path.realpath(outer) == place else place), ""
        return None, refusal


def _about_this_host(system: str) -> List[str]:
    """What limits a scan of this host before it begins."""
    remarks = [] if system == AIX else [not_aix("this host", system)]
    if os.geteuid() != 0:
        remarks.append("not run as root: what only root may read is unknown")
    return remarks
