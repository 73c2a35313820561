"""The private keys below /ssl_nimsh/keys: who can read or write them. Their contents are never looked at."""

import posixpath
from typing import Iterator, NamedTuple, Tuple

from nimdoctor.facts.paths import Paths
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote

TREE = "/ssl_nimsh"
PARTS = ("certs", "configs", "keys")
KEYS = f"{TREE}/keys"
OPEN_TO_GROUP, OPEN_TO_OTHERS = 0o060, 0o006
"""Bits of a mode: to read or to write."""


class KeyFile(NamedTuple):
    """One file. `open_to` is others, group or nobody: who besides its owner gets at it by its own mode and those
    of the directories above it; `open_by_mode` looks at its own mode alone.
    """

    path: str
    mode: int
    open_to: str
    readable_by_nobody: bool
    at: Quote

    @property
    def open_by_mode(self) -> bool:
        """Whether its mode lets anybody besides the owner read or write it."""
        return bool(self.mode & (OPEN_TO_GROUP | OPEN_TO_OTHERS))


@fact()
class SslKeys(NamedTuple):
    """The key files by path. `listed` says that these are all, `unknown` are those whose mode is not known, `links` what
    is a link or no file. `open_directories` are those that others may write in, and so replace any key.
    """

    source: str
    files: Tuple[KeyFile, ...]
    listed: bool
    unknown: Tuple[str, ...]
    links: Tuple[str, ...]
    open_directories: Tuple[str, ...]
    at: Quote

    @classmethod
    def derive(cls, paths: Paths) -> "SslKeys":
        """Raises BadEvidence where nothing is known of the directory."""
        if not paths.known(KEYS):
            raise BadEvidence(f"{KEYS} was not collected", KEYS)
        files, unknown, links, directories = [], [], [], []
        own = paths.get(KEYS)
        if own and own.kind == "link":
            links.append(KEYS)
        for path, state in sorted(paths.below(KEYS).items()):
            if state.kind == "dir" or paths.below(path):
                continue
            if state.kind not in ("file", None):
                links.append(path)
            elif state.mode is None:
                unknown.append(path)
            else:
                files.append(_key(paths, path, state.mode))
        for directory in _above(f"{KEYS}/x"):
            state_of = paths.get(directory)
            if state_of and state_of.mode is not None and state_of.mode & 0o002:
                directories.append(directory)
        listed = bool(paths.absent(KEYS)) or seen_into(paths, KEYS)
        return cls(KEYS, tuple(files), listed, tuple(unknown), tuple(links), tuple(directories), paths.quote(KEYS))


def seen_into(paths: Paths, directory: str) -> bool:
    """Whether all is known that stands in a part of the tree: by its own listing, or a record that went into the tree.

    Not where it is known by the copies in it alone: its files, keys above all, may not have been copied.
    """
    if paths.hidden(directory) or paths.cut:
        return paths.listed(f"{directory}/*") and not paths.hidden(directory)
    state = paths.get(directory)
    recorded = state is not None and (state.mode is not None or state.mtime is not None)
    return paths.listed(f"{directory}/*") or (recorded and any(paths.below(f"{TREE}/{part}") for part in PARTS))


def _key(paths: Paths, path: str, mode: int) -> KeyFile:
    reach = {bit: _reaches(paths, path, bit) for bit in (0o001, 0o010)}
    if mode & OPEN_TO_OTHERS and reach[0o001]:
        open_to = "others"
    elif mode & OPEN_TO_GROUP and reach[0o010]:
        open_to = "group"
    else:
        open_to = "nobody"
    served = bool(paths.readable_by_nobody(path)) and reach[0o001]
    return KeyFile(path, mode, open_to, served, paths.quote(path))


def _reaches(paths: Paths, path: str, bit: int) -> bool:
    """Whether every directory above lets through whom the bit stands for; one of unknown mode does."""
    modes = [state.mode for state in map(paths.get, _above(path)) if state and state.mode is not None]
    return all(mode & bit for mode in modes)


def _above(path: str) -> Iterator[str]:
    while posixpath.dirname(path) != "/":
        path = posixpath.dirname(path)
        yield path
