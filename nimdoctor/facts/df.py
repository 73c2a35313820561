"""`df -k` and `df`: free space of the mounted file systems."""

import re
from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, first_words

_NUMBER = r"(-?[0-9]{1,18}(?:\.[0-9]{1,6})?|-)"
_PERCENT = r"(-?[0-9]{1,6}%|-)"
_MOUNT = r"(/.*)"
# columns behind the device: with inodes (AIX), POSIX and -I, and -v; the groups kept are free, used, mount
_LAYOUTS = (
    (re.compile(r"\s+".join([_NUMBER, _NUMBER, _PERCENT, _NUMBER, _PERCENT, _MOUNT]), re.ASCII), (2, 3, 6)),
    (re.compile(r"\s+".join([_NUMBER, _NUMBER, _NUMBER, _PERCENT, _MOUNT]), re.ASCII), (3, 4, 5)),
    (
        re.compile(
            r"\s+".join([_NUMBER, _NUMBER, _NUMBER, _PERCENT, _NUMBER, _NUMBER, _PERCENT, _MOUNT]),
            re.ASCII,
        ),
        (3, 4, 8),
    ),
)


class FileSystemRow(NamedTuple):
    """One mounted file system. `free_kib` is in units of 1024 bytes; it and `used_percent` are None
    where `df` prints `-` (as for /proc), `free_kib` also where the unit is not told.
    """

    device: str
    mount: str
    free_kib: Optional[int]
    used_percent: Optional[int]
    at: Quote

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(Row("df -k", Kind.COMMAND, variants=("df",), bears_refusal=True), reads_parts=True)
class FileSystems(NamedTuple):
    """Mounted file systems in the order printed. Plain `df` of AIX counts in blocks of 512 bytes.

    `complete` is False where the command was asked for some of them only.

    >>> systems = FileSystems.parse(Text.of('''Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on
    ... /dev/hd4           983040    279776   72%     4107     7% /
    ... /dev/hd2         13697024   1373210   90%    49625     4% /usr
    ... /proc                   -         -    -        -      - /proc
    ... ''', "df -k"))
    >>> systems.for_path("/usr/lib/libssl.a").free_kib, systems.for_path("/usrlocal").mount
    (1373210, '/')
    """

    source: str
    rows: Tuple[FileSystemRow, ...]
    complete: bool = True

    @classmethod
    def parse(cls, text: Text) -> "FileSystems":
        """Raises BadEvidence for an empty text or one without a file system."""
        rows: List[FileSystemRow] = []
        unit = {"df": 512.0, "df -k": 1024.0}.get(text.name.strip())
        first = lone_device = ""
        for quote in text.quotes():
            line = quote.text[:2000].strip()
            first = first or line[:60]
            row = _row(line, unit, quote) or (_row(f"{lone_device} {line}", unit, quote) if lone_device else None)
            if row:
                rows.append(row)
            elif not rows:
                unit = _unit(line) or unit
            # a long device may push its figures into the next line
            lone_device = line if line and len(line.split()) == 1 else ""
        if not first:
            raise BadEvidence(f"{text.source} is empty")
        if not rows:
            raise BadEvidence(f"{text.source} lists no file system: {first_words(first)}")
        words = text.name.split()
        narrowed = words[:1] == ["df"] and any(word == "|" or not word.startswith("-") for word in words[1:])
        return cls(text.source, tuple(rows), text.is_whole and not narrowed)

    def for_path(self, path: str) -> Optional[FileSystemRow]:
        """The file system that an absolute path lies in: the longest mount point that leads to it."""
        holders = [row for row in self.rows if f"{path}/".startswith(row.mount.rstrip("/") + "/")]
        return max(holders, key=lambda row: len(row.mount), default=None)

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _unit(header: str) -> Optional[float]:
    """Bytes of one block, from headings such as `512-blocks`, `1K-blocks` or `GB blocks`."""
    count = re.search(r"(?<![0-9A-Za-z])(512|1024|1K)-[A-Za-z]", header)
    if count:
        return 512.0 if count.group(1) == "512" else 1024.0
    large = re.search(r"(?<![0-9A-Za-z])([MG])B[ -]", header)
    if large:
        return 1024.0**2 if large.group(1) == "M" else 1024.0**3
    return None


def _row(line: str, unit: Optional[float], quote: Quote) -> Optional[FileSystemRow]:
    words = line.split(None, 1)
    if len(words) < 2:
        return None
    device, rest = words
    for layout, (free_at, used_at, mount_at) in _LAYOUTS:
        match = layout.fullmatch(rest)
        if match:
            free, used = match.group(free_at), match.group(used_at)
            kib = None if free == "-" or unit is None else int(float(free) * unit // 1024)
            percent = None if used == "-" else int(used.rstrip("%"))
            return FileSystemRow(device, match.group(mount_at), kib, percent, quote)
    return None
