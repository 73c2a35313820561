"""Paths of a host: which exist, which do not, and what is known of each."""

import fnmatch
import posixpath
import re
from datetime import datetime, timedelta
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.own_files import STATE_DIRECTORY
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.rows import ONLY_CLIENT, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text
from nimdoctor.model.unreadable import denial

_ROW = re.compile(
    r"\s*(?:\d+\s+){0,2}(?P<kind>[-dlbcpsD])(?P<mode>[-rwxsStTlL]{9})[-+.@eE]?\s+\d+\s+(?P<owner>\S+)\s+(?P<group>\S+)\s+"
    r"(?P<size>\d{1,18})(?:,\s*\d+)?\s+"
    r"(?:\d{4}-\d\d-\d\d\s+\d\d:\d\d\S*(?:\s+[-+]\d{4})?|\S+\s+\S+\s+(?:\d{1,2}:\d\d(?::\d\d)?|\d{4}))\s+(?P<name>\S(?:.*\S)?)\s*",
    re.ASCII,
)
_TOTAL = re.compile(r"\s*\w+\s+\d+\s*")
_HEADER = re.compile(r"(/.*):\s*")
_DOES_NOT_EXIST = "0653-341 "
"""Message number of AIX ls; it survives translation, the sentence after it does not."""
_NOT_THERE = re.compile(r"\s*(?:ls|find): (?:cannot access )?'?(/.*?)'?: No such file or directory\s*")
_OTHER_ERROR = re.compile(r"\s*(?:ls|find|ksh|sh|bash)(?:\[\d+\])?: ")
_WILD = re.compile(r"[*?\[]")
_KINDS = {"-": "file", "d": "dir", "l": "link"}


@fact(
    Row("/etc/niminfo", Kind.PATHS),
    Row("/ssl_nimsh/**", Kind.PATHS),
    Row("/usr/lib/libssl.so*", Kind.PATHS),
    Row("/usr/lib/libcrypto.so*", Kind.PATHS),
    Row("/var/adm/ras/nimsh.log", Kind.PATHS),
    Row("/etc/tftpaccess.ctl", Kind.PATHS),
    Row("/.rhosts", Kind.PATHS, roles=ONLY_CLIENT),
    Row(f"{STATE_DIRECTORY}/runs/**", Kind.PATHS),
    Row("ls -l", Kind.COMMAND, live=False, variants=("ls", "find /ssl_nimsh", "istat"), bears_refusal=True),
    reads_parts=True,
)
class Paths(NamedTuple):
    """What is known of paths: `states` maps a path to its state, or to None when it does not exist.

    `complete` are patterns of which every match is in `states`; `quotes` the lines of a listing that
    say so. A path that neither holds was not collected, which is not the same as absent. `unseen` are paths and
    patterns that could not be looked at, and why. `cut` says that a listing was not given whole.

    >>> paths = Paths.parse(Text.of('''-rwxr-xr-x  1 root  system  745320 Mar 05 04:15 /usr/lib/libssl.so.0.9.8
    ... ls: 0653-341 The file /ssl_nimsh does not exist.
    ... ''', "ls -l /usr/lib/libssl.so* /ssl_nimsh"))
    >>> paths.get("/usr/lib/libssl.so.0.9.8").size
    745320
    >>> paths.absent("/ssl_nimsh/certs"), paths.absent("/usr/lib/libssl.so.1.0.0"), paths.absent("/etc/hosts")
    (True, True, None)
    """

    states: Mapping[str, Optional[PathState]]
    complete: Tuple[str, ...]
    quotes: Mapping[str, Quote]
    source: str
    unseen: Mapping[str, str] = {}
    cut: bool = False

    @classmethod
    def of_record(cls, record: PathRecord, source: str = "manifest.json") -> "Paths":
        """The paths that a source of evidence knows by itself: a live host, a manifest."""
        return cls(dict(record.states), tuple(record.complete), {}, source, dict(record.unseen))

    @classmethod
    def parse(cls, text: Text) -> "Paths":
        """From `ls -l` in any variety, `ls` of absolute names, or `find DIR [-ls]`.

        Relative names are placed below the one absolute directory of the command line, or that of
        the section they stand in; names that cannot be placed are left out. `mtime` stays None:
        ls gives host-local time, without a zone and for old files without an hour.
        Raises BadEvidence when no line could be placed.
        """
        listing = _Listing(text)
        for quote in text.quotes():
            listing.add(quote)
        return listing.finish()

    @classmethod
    def combine(cls, parts: Sequence["Paths"]) -> "Paths":
        """All parts as one. An earlier part wins per path, unless a later one knows more of it."""
        states: Dict[str, Optional[PathState]] = {}
        quotes: Dict[str, Quote] = {}
        complete: List[str] = []
        for part in parts:
            for path, state in part.states.items():
                if path in states and not _knows_more(state, states[path]):
                    continue
                states[path] = state
                quotes.pop(path, None)
                if path in part.quotes:
                    quotes[path] = part.quotes[path]
            for pattern in part.complete:
                if pattern in part.quotes:
                    quotes.setdefault(pattern, part.quotes[pattern])
            complete += part.complete
        sources = list(dict.fromkeys(part.source for part in parts))
        # what one source could not look at, another may have listed
        unseen = {
            path: why
            for part in parts
            for path, why in part.unseen.items()
            if not any(_covers_pattern(outer, path if "*" in path else f"{path}/*") for outer in complete)
        }
        cut = any(part.cut for part in parts)
        return cls(states, tuple(dict.fromkeys(complete)), quotes, ", ".join(sources), unseen, cut)

    def known(self, path: str) -> bool:
        """Whether it is known if the path exists."""
        return self.absent(path) is not None

    def get(self, path: str) -> Optional[PathState]:
        """The state of a present path; of a directory known only by what is in it, just its kind."""
        if path in self.states:
            return self.states[path]
        return PathState(kind="dir") if self.below(path) else None

    def absent(self, path: str) -> Optional[bool]:
        """True when it is known not to exist, False when it exists, None when it was not collected."""
        if path in self.states:
            return self.states[path] is None
        if self.below(path):
            return False
        if any(_covers(pattern, path) for pattern in self.complete):
            return True
        parent = posixpath.dirname(path)
        if parent in (path, "/", ""):
            return None
        return True if self.absent(parent) else None

    def below(self, directory: str) -> Dict[str, PathState]:
        """The present paths strictly below a directory."""
        start = directory.rstrip("/") + "/"
        inside = {path: state for path, state in self.states.items() if path.startswith(start) and path != start}
        return {path: state for path, state in inside.items() if state}

    def matching(self, pattern: str) -> Dict[str, PathState]:
        """The present paths that a pattern covers. A star stays within one directory; `/**` means all below."""
        return {path: state for path, state in self.states.items() if state and _matches(pattern, path)}

    def listed(self, pattern: str) -> bool:
        """Whether everything that the pattern matches is known."""
        if pattern in self.states or any(_covers_pattern(outer, pattern) for outer in self.complete):
            return True
        if not _WILD.search(pattern):
            return self.known(pattern)
        directory = posixpath.dirname(pattern)
        if not _WILD.search(directory) and self.absent(directory):
            return True
        if not pattern.endswith("/**") or _WILD.search(directory):
            return False
        inside = [directory] + [path for path, state in self.below(directory).items() if state.kind == "dir"]
        return all(posixpath.join(path, "*") in self.complete for path in inside)

    def hidden(self, directory: str) -> bool:
        """Whether what stands in a directory could not be looked at, or not all of it."""
        tops = (path[:-3] if path.endswith("/**") else path for path in self.unseen)
        return f"{directory}/*" in self.unseen or any(f"{directory}/".startswith(f"{top}/") for top in tops)

    def readable_by_nobody(self, path: str) -> Optional[bool]:
        """Whether a present path's own mode lets the user *nobody* read it; None where that is not known."""
        state = self.get(path)
        if state is None or state.mode is None:
            return None
        return bool(state.mode & 0o004) or state.owner == "nobody"

    def quote(self, path: str) -> Quote:
        """The line of the listing that speaks of the path, or what is known of it in words."""
        if path in self.quotes:
            return self.quotes[path]
        state = self.get(path)
        if state:
            return Quote(path, None, _in_words(state))
        for pattern in self.complete:
            if pattern in self.quotes and _covers(pattern, path):
                return self.quotes[pattern]
        return Quote(path, None, "does not exist" if self.absent(path) else "not collected")

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


class _Listing:
    """Collects the lines of one listing."""

    def __init__(self, text: Text) -> None:
        self.source = text.source
        self.states: Dict[str, Optional[PathState]] = {}
        self.quotes: Dict[str, Quote] = {}
        self.complete: List[str] = []
        self.unmatched: List[str] = []
        self.any_text = self.unplaced = False
        self.failed = not text.is_whole
        # what the command itself was refused it names
        self.cut = self.failed and not (denial(text.stderr) or denial(text.read(), text.name.split(" ", 1)[0]))
        words = re.split(r"[|;&<>]|\s\d>", text.name)[0].split() or [""]
        self.succeeded = text.status in (None, 0)
        self.program = words[0].rsplit("/", 1)[-1]
        self.flags = "".join(word[1:] for word in words[1:] if word.startswith("-"))
        self.targets = [_clean(word.strip("'\"")) for word in words[1:] if word.startswith("/")]
        self.directory: Optional[str] = None
        if self.program == "ls" and len(self.targets) == 1 and not _WILD.search(self.targets[0]):
            self.directory = self.targets[0]

    def add(self, quote: Quote) -> None:
        line = quote.text
        if "\0" in line or not line.strip():
            return
        self.any_text = True
        row, header = _ROW.fullmatch(line), _HEADER.fullmatch(line)
        missing = _missing_path(line)
        if row:
            self._row(row, quote)
        elif missing:
            self._missing(_clean(missing), quote)
        elif _OTHER_ERROR.match(line):
            self.failed = True
        elif header and self.program != "find":
            self.directory = _clean(header.group(1))
            self._present(self.directory, PathState(kind="dir"))
        elif self.directory and _TOTAL.fullmatch(line):
            self._present(self.directory, PathState(kind="dir"))
            self._directory_listed()
        elif self.program in ("ls", "find") and all(word.startswith("/") for word in line.split()):
            # bare names, where AIX ls prints several to a line on a terminal
            for word in [line.strip()] if self.program == "find" else line.split():
                self._present(_clean(word), PathState(), quote)

    def _row(self, row: "re.Match[str]", quote: Quote) -> None:
        name = row.group("name")
        if row.group("kind") == "l":
            name = name.split(" -> ")[0]
        if name == "..":
            return
        if not name.startswith("/"):
            if self.directory is None or "/" in name:
                self.unplaced = True
                return
            self._directory_listed()
            name = posixpath.join(self.directory, name)
        self._present(
            _clean(name),
            PathState(
                kind=_KINDS.get(row.group("kind")),
                mode=_mode_bits(row.group("mode")),
                owner=row.group("owner"),
                group=row.group("group"),
                size=int(row.group("size")),
            ),
            quote,
        )

    def _present(self, path: str, state: PathState, quote: Optional[Quote] = None) -> None:
        if path in self.states and not _knows_more(state, self.states[path]):
            return
        self.states[path] = state
        if quote:
            self.quotes[path] = quote

    def _missing(self, path: str, quote: Quote) -> None:
        if _WILD.search(path):
            self.unmatched.append(path)
        else:
            self.states[path] = None
        self.quotes[path] = quote

    def _directory_listed(self) -> None:
        if self.directory and "d" not in self.flags:
            # without -a the listing says nothing of names that begin with a dot
            hidden = ("*", ".*") if set("aA") & set(self.flags) else ("*",)
            self.complete += [posixpath.join(self.directory, star) for star in hidden]

    def finish(self) -> Paths:
        if not self.any_text:
            raise BadEvidence(f"{self.source} is empty")
        if not self.states and not self.unmatched:
            raise BadEvidence(f"{self.source} lists no path that could be recognised")
        if self.failed:
            self.complete = []
        elif self.program == "ls" and not self.unplaced:
            self.complete += [target for target in self.targets if _WILD.search(target) and self._answered(target)]
        elif self.program == "find" and self.succeeded and not re.sub(r"ls|print", "", self.flags):
            self.complete += [f"{target.rstrip('/')}/**" for target in self.targets]
        complete = tuple(dict.fromkeys(self.unmatched + self.complete))
        return Paths(self.states, complete, self.quotes, self.source, cut=self.cut)

    def _answered(self, pattern: str) -> bool:
        # a pattern without a match may also be one that the shell could not expand, its error message lost
        return self.succeeded or any(_matches(pattern, path) for path, state in self.states.items() if state)


def _clean(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/")


def _missing_path(line: str) -> Optional[str]:
    numbered = line.find(_DOES_NOT_EXIST)
    if numbered >= 0:
        return next((word for word in line[numbered:].split() if word.startswith("/")), None)
    worded = _NOT_THERE.fullmatch(line)
    return worded.group(1) if worded else None


def _mode_bits(letters: str) -> int:
    bits = 0
    for index, letter in enumerate(letters):
        if letter in "rwxst":
            bits |= 0o400 >> index
        if letter in "sStT" and index % 3 == 2:
            bits |= 0o4000 >> (index // 3)
    return bits


def _knows_more(new: Optional[PathState], old: Optional[PathState]) -> bool:
    if new is None or old is None:
        return False
    return _count_known(new) > _count_known(old)


def _count_known(state: PathState) -> int:
    return sum(value is not None for value in state)


def _parts_match(patterns: Iterable[str], names: Iterable[str]) -> bool:
    try:
        return all(fnmatch.fnmatchcase(name, pattern) for name, pattern in zip(names, patterns))
    except re.error:
        return False  # a class such as [z-a], which Python 3.9 hands to re as it stands


def _matches(pattern: str, path: str) -> bool:
    if pattern.endswith("/**"):
        return path == pattern[:-3] or path.startswith(pattern[:-2])
    wanted, found = pattern.split("/"), path.split("/")
    return len(wanted) == len(found) and _parts_match(wanted, found)


def _covers(pattern: str, path: str) -> bool:
    """As `_matches`, but as a shell expands: a star does not stand for a leading dot."""
    if not _matches(pattern, path):
        return False
    if pattern.endswith("/**"):
        return True
    pairs = zip(pattern.split("/"), path.split("/"))
    return not any(name.startswith(".") and not wanted.startswith(".") for wanted, name in pairs)


def _covers_pattern(outer: str, inner: str) -> bool:
    if outer == inner:
        return True
    if outer.endswith("/**"):
        return inner == outer[:-3] or inner.startswith(outer[:-2])
    wanted, found = outer.split("/"), inner.split("/")
    if len(wanted) != len(found) or inner.endswith("/**"):
        return False
    return all(have == need or _part_covers(have, need) for have, need in zip(wanted, found))


def _part_covers(outer: str, inner: str) -> bool:
    start = outer[:-1]
    if not outer.endswith("*") or _WILD.search(start):
        return False
    fixed = _WILD.split(inner)[0]
    return fixed.startswith(start) and (bool(start) or (bool(fixed) and not fixed.startswith(".")))


def _in_words(state: PathState) -> str:
    parts = []
    if state.kind in ("dir", "link"):
        parts.append({"dir": "directory", "link": "symbolic link"}[state.kind])
    if state.size is not None:
        parts.append(f"size {state.size}")
    if state.mode is not None:
        parts.append(f"mode {state.mode:04o}")
    if state.owner is not None:
        parts.append(f"owner {state.owner}")
    if state.mtime is not None:
        try:
            parts.append(f"mtime {datetime(1970, 1, 1) + timedelta(seconds=state.mtime):%Y-%m-%dT%H:%M:%SZ}")
        except OverflowError:
            parts.append(f"mtime {state.mtime}")
    return ", ".join(parts) or "exists"
