"""Files of /ssl_nimsh as the rehearsal reads them: whole, bounded, and cut into PEM blocks."""

import re
from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.evidence.files import list_directory, open_regular, path_state
from nimdoctor.model.unreadable import refused

FILES = 64
"""Files of one directory that are read; there are three on a master."""
FILE_LIMIT = 256 * 1024
"""Bytes of one file that may be there; a chain with its key has less than ten thousand."""
BLOCKS = 64

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")


class PemTooLarge(Exception):
    """More than a host has there; the message names the limit."""


class PemFile(NamedTuple):
    """One file: `blocks` are pairs of label and the bytes from BEGIN on, an incomplete block included.

    `unread` says why it could not be read; then there are no blocks. `hidden` says that it is there all the same.
    """

    path: str
    blocks: Tuple[Tuple[str, bytes], ...]
    unread: str = ""
    hidden: bool = False

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rsplit("/", 1)[-1]

    def certificates(self) -> List[bytes]:
        """The blocks that hold certificates."""
        return [block for label, block in self.blocks if label.endswith("CERTIFICATE")]

    def keys(self) -> List[bytes]:
        """The blocks that hold private keys."""
        return [block for label, block in self.blocks if label.endswith("PRIVATE KEY")]


def read_directory(directory: str, root: Optional[str]) -> List[PemFile]:
    """Its regular files, by name. Raises OSError when it cannot be listed, TooMuch."""
    found: List[PemFile] = []
    for name in list_directory(directory, root):
        path = f"{directory}/{name}"
        state = path_state(path, root)
        if state is None or state.kind not in ("file", "link"):
            continue
        if len(found) == FILES:
            raise PemTooLarge(f"{directory} holds more than {FILES} files")
        found.append(_read(path, root))
    return found


def _read(path: str, root: Optional[str]) -> PemFile:
    try:
        with open_regular(path, root) as stream:
            raw = stream.read(FILE_LIMIT + 1)
    except FileNotFoundError:
        return PemFile(path, (), "is a link that leads nowhere")
    except OSError as error:
        return PemFile(path, (), f"cannot be read: {refused(error)}", True)
    if len(raw) > FILE_LIMIT:
        return PemFile(path, (), f"is larger than {FILE_LIMIT // 1024} KiB", True)
    return PemFile(path, blocks(raw))


def blocks(raw: bytes) -> Tuple[Tuple[str, bytes], ...]:
    r"""Label and bytes of each block, each up to the end that belongs to it or to what comes next.

    >>> [label for label, _ in blocks(b"x\n-----BEGIN A-----\n1\n-----END A-----\n-----BEGIN B-----\n2")]
    ['A', 'B']
    """
    begins = list(_BEGIN.finditer(raw))[:BLOCKS]
    ends = [begin.start() for begin in begins[1:]] + [len(raw)]
    found = []
    for begin, end in zip(begins, ends):
        close = b"-----END " + begin.group(1) + b"-----"
        stop = raw.find(close, begin.end(), end)
        label = begin.group(1).decode("ascii")
        found.append((label, raw[begin.start() : end if stop < 0 else stop + len(close)] + b"\n"))
    return tuple(found)
