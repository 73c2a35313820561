"""What each attached file holds: its pieces, each recognised by content, and what of it is not understood."""

import io
import re
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row, file_name
from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.evidence.loose.pieces import Opener, Piece
from nimdoctor.evidence.recognition import (
    CERTIFICATES,
    NIMSH_LOG,
    SAMPLE,
    UNKNOWN,
    Section,
    has_prompts,
    is_binary,
    parts,
    points,
    recognise,
    same_facts,
    sections,
)
from nimdoctor.evidence.unread import unread
from nimdoctor.evidence.wrapping import Line, decoded, joined, numbered, numbers_of, runs, unwrapped
from nimdoctor.model.private_keys import REMOVED, without_private_keys
from nimdoctor.model.text import TEXT_LIMIT, Extent, decode, first_words, split_lines

_WHOLE_LIMIT = 1024 * 1024
_PARTED = 128 * 1024
"""Characters of a text without any mark of a prompt, or below one command, in which something else is looked for."""
_MESSAGES = frozenset({"nim -o lslpp", "nimclient -c"})
"""Kinds whose lines any command of NIM or SRC may print."""
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x1f\x9d": "compress", b"PK": "zip", b"BZ": "bzip2"}


class Sorting:
    """Sorts files into pieces; `remarks`, `unrecognised` and `problems` (catalog name to why) grow with each."""

    def __init__(self, catalog: Catalog) -> None:
        self.remarks: List[str] = []
        self.unrecognised: List[str] = []
        self.problems: Dict[str, str] = {}
        self._catalog = catalog

    def pieces(self, name: str, opener: Opener, size: int) -> List[Piece]:
        """The pieces of a file of that many bytes. Raises OSError."""
        head, tail = _ends(opener, size)
        compressed = next((kind for magic, kind in _COMPRESSED.items() if head.startswith(magic)), None)
        if compressed:
            self.useless(name, f"not recognised ({compressed}: unpack it first)")
            return []
        if not head.strip(b"\0\r\n\t "):
            self.useless(name, "not recognised (empty)")
            return []
        if b"PRIVATE KEY-----" in head and b"CERTIFICATE-----" not in head + tail and _only_key(head):
            self._key_found(name)
            return []
        sample = decoded(head)
        if is_binary(sample):
            self.useless(name, "not recognised (binary)")
            return []
        if size > TEXT_LIMIT or len(head) > TEXT_LIMIT:
            return self._classify_large(name, opener, sample + "\n" + decoded(tail))
        with opener() as stream:
            raw = stream.read(TEXT_LIMIT)
        return self._classify_whole(name, opener, raw)

    def _row(self, name: str) -> Optional[Row]:
        return self._catalog.file(name) if name.startswith("/") else self._catalog.command(name.split(" | ")[0])

    def _classify_large(self, name: str, opener: Opener, sample: str) -> List[Piece]:
        found = recognise(sample, name)
        row = self._row(found) if found else None
        if not found or not row or found.startswith(CERTIFICATES):
            self.useless(name, "not recognised")
            return []
        if not row.streamed:
            self.remarks.append(f"{name}: only its first {TEXT_LIMIT // 1024 // 1024} MiB are read")
        return [Piece(name, found, row, opener)]

    def _classify_whole(self, name: str, opener: Opener, raw: bytes) -> List[Piece]:
        original = decoded(raw)
        lines = unwrapped(original, points)
        text = joined(lines)
        if "PRIVATE KEY" in text.upper():
            # a key shows only now: before, it may have stood in one line
            text, keys_alone = _without_keys(text)
            lines = [line._replace(text=kept) for line, kept in zip(lines, split_lines(text))]
            if keys_alone:
                self._key_found(name)
        if len(text) <= _PARTED or has_prompts(text):
            split = sections(lines, catalog=self._catalog)
            if len(split) > 1 or (split and split[0].command):
                said = len(self.unrecognised)
                found = self._of_sections(name, split) or self._of_its_name(name, split)
                if not found:
                    del self.unrecognised[said:]
                    self.useless(name, "not recognised", first_line=first_words(text.lstrip().partition("\n")[0]))
                return found
        # what was changed on the way in is served from memory, everything else streamed as it is
        same = text == joined(numbered(original)) and decode(raw) == original and "\n" in original
        return self._of_parts(name, opener if same else None, lines, raw)

    def _of_sections(self, name: str, split: Iterable[Section]) -> List[Piece]:
        found: List[Piece] = []
        for section in split:
            section = self._of_an_error(section)
            if section.row:
                own, others = _foreign(section)
                piece = _from_section(name, own)
                found += [piece] if piece else []
                for other in others:
                    found += self._of_unnamed(name, other)
            elif not section.blank:
                found += self._of_unnamed(name, section)
        return found

    def _of_an_error(self, section: Section) -> Section:
        """A section of c_rsh or dsh whose command was not run there, since the client was not reached: then what it
        holds is theirs.
        """
        if section.row is None or section.blank or "RecordedOperations" in section.row.facts:
            return section
        typed = self._catalog.command(section.command) if section.command else None
        if typed is None or "RecordedOperations" not in typed.facts or recognise(section.text) not in _MESSAGES:
            return section
        return section._replace(row=typed, name=section.command, host=section.typed_at)

    def _of_its_name(self, name: str, split: Iterable[Section]) -> List[Piece]:
        """What the file's name says of the longest text in it, where nothing of it is known by itself."""
        section = max((one for one in split if not one.row), key=lambda one: len(one.text), default=None)
        found = recognise(section.text, name) if section else None
        row = self._row(found) if found else None
        return [_piece(name, found, row, section.lines)] if section and found and row else []

    def _of_unnamed(self, name: str, section: Section) -> List[Piece]:
        """What stands before the first prompt, or after a command that the catalog does not have."""
        hint = section.command.split()[-1].rsplit("/", 1)[-1] if section.command else ""
        found = []
        read = [False] * len(section.lines)
        for part in parts(section.text, hint):
            row = self._row(part.name)
            # `cat /etc/niminfo.old` shows a niminfo, but not the one in force
            if row and not (section.command and row.kind is Kind.FILE and _other_file(row.name, hint)):
                lines = section.lines[part.first - 1 : part.last]
                extent = Extent.FILTERED if " | " in part.name else section.extent
                found.append(_piece(name, part.name, row, lines, extent, section.host))
                read[part.first - 1 : part.last] = [True] * len(lines)
        self._say_unread(name, section.lines, read)
        return found

    def _say_unread(self, name: str, lines: Sequence[Line], read: Sequence[bool]) -> None:
        """Every stretch of lines in which nothing was recognised."""
        for start, end in runs([not known for known in read]):
            shown = [line for line in lines[start:end] if line.text.strip()]
            if shown:
                first, last = shown[0].number, shown[-1].number
                place = f"{name} line {first}" if first == last else f"{name} lines {first}-{last}"
                self.unrecognised.append(unread(place, first_words(shown[0].text)))

    def _of_parts(self, name: str, opener: Optional[Opener], lines: Sequence[Line], raw: bytes) -> List[Piece]:
        text = joined(lines)
        found = recognise(text, name)
        row = self._row(found) if found else None
        if not found or not row:
            self.useless(name, "not recognised", first_line=first_words(text.lstrip().partition("\n")[0]))
            return []
        if found.startswith(CERTIFICATES):
            return [Piece(name, found, row, _certificates(text.encode("utf-8", "surrogateescape")))]
        stretches = parts(text, name) if len(text) <= _WHOLE_LIMIT else []
        whole = len(stretches) < 2 and all(part.first == 1 and part.last >= len(lines) for part in stretches)
        if whole:
            extent = Extent.FILTERED if " | " in found else Extent.WHOLE
            return (
                [Piece(name, found, row, opener, extent=extent)]
                if opener
                else [_piece(name, found, row, lines, extent)]
            )
        pieces = []
        read = [False] * len(lines)
        for part in stretches:
            part_row = self._row(part.name)
            if part_row:
                own = lines[part.first - 1 : part.last]
                extent = Extent.FILTERED if " | " in part.name else _pasted(part_row)
                pieces.append(_piece(name, part.name, part_row, own, extent))
                read[part.first - 1 : part.last] = [True] * len(own)
        self._say_unread(name, lines, read)
        return pieces

    def useless(self, name: str, why: str, given: str = "given but not understood:", first_line: str = "") -> None:
        """A file of which nothing is used; where its name is that of a file or command, that was given all the same."""
        self.unrecognised.append(f"{name}: {why}")
        for row in self._catalog:
            if _is_named_for(row, name):
                self.problems[row.label] = f"{given} {why}{first_line and ': ' + first_line} ({name})"

    def _key_found(self, name: str) -> None:
        self.remarks.append(f"{name}: a private key is among the files: delete it; it was not read further")


def _pasted(row: Row) -> Extent:
    """How much is sure to be there of a text that somebody put among others: a configuration file has no head to tell it by."""
    return Extent.EXCERPT if row.kind is Kind.FILE and not row.streamed else Extent.WHOLE


def _piece(
    name: str, known: str, row: Row, lines: Sequence[Line], extent: Extent = Extent.WHOLE, host: str = ""
) -> Piece:
    return Piece(name, known, row, _held(lines), lines[0].number, extent, host, numbers=numbers_of(lines))


def _from_section(name: str, section: Section) -> Optional[Piece]:
    row = section.row
    if not row or (section.blank and not (row.empty_means_none and section.host)):
        # nothing under a command in a mail is a command to be typed, not an empty answer
        return None
    lines = section.lines
    opener = _held(lines)
    if section.name.startswith(CERTIFICATES):
        opener = _certificates(section.text.encode("utf-8", "surrogateescape"))
    found = recognise(section.text, section.name)
    sure = found is not None and (found == row.name or (not found.startswith("/") and row.serves(found)))
    return Piece(
        name,
        section.name,
        row,
        opener,
        section.first_line or 1,
        section.extent,
        section.host,
        section.command,
        sure,
        section.numbers,
    )


def _foreign(section: Section) -> Tuple[Section, List[Section]]:
    """The section up to the first paragraph that is something else, and what stands from there on."""
    lines = section.lines
    if not section.row or len(section.text) > _PARTED:
        return section, []
    blank = [not line.text.strip() for line in lines]
    paragraphs = [(start, end) for start, end in runs([not empty for empty in blank]) if start and blank[start - 1]]
    for start, end in paragraphs:
        found = recognise(joined(lines[start:end]))
        if found and found not in _MESSAGES and not same_facts(found, section.row):
            return _cut(section, start)
    if section.row.kind is Kind.FILE and paragraphs:
        last = parts(section.text)[-1:]
        start = paragraphs[-1][0]
        if last and last[0].name == UNKNOWN and last[0].first == start + 1:
            return _cut(section, start)
    return section, []


def _cut(section: Section, start: int) -> Tuple[Section, List[Section]]:
    rest = Section("", section.lines[start:], section.extent, typed_at=section.typed_at)
    return section._replace(lines=section.lines[:start]), [rest]


def _other_file(known: str, base: str) -> bool:
    return known != NIMSH_LOG and not known.endswith("*") and base != known.rsplit("/", 1)[1] and "." in base


def _is_named_for(row: Row, name: str) -> bool:
    """Whether a loose file has the name of that file or command, as people call what they attach.

    >>> from nimdoctor.evidence.catalog import Catalog
    >>> [row.label for row in Catalog() if _is_named_for(row, "case/lssrc_-a.txt") or _is_named_for(row, "nimsh.log.1")]
    ['/var/adm/ras/nimsh.log', 'lssrc -a']
    """
    base = name.rsplit("/", 1)[-1]
    if row.kind is Kind.FILE:
        known = row.name.rsplit("/", 1)[-1]
        return "*" not in row.name and (base == known or base.startswith(known + "."))
    stem = file_name(re.sub(r"\.(?:txt|out|log)\Z", "", base))
    return row.kind is Kind.COMMAND and stem in (file_name(row.name), row.name.split()[0])


def _ends(opener: Opener, size: int) -> Tuple[bytes, bytes]:
    """The first bytes of a piece, and the last ones of a large one where the stream can seek."""
    with opener() as stream:
        head = stream.read(SAMPLE)
        tail = b""
        if size > _WHOLE_LIMIT:
            try:
                stream.seek(-SAMPLE, io.SEEK_END)
                tail = stream.read(SAMPLE)
            except (OSError, ValueError):
                tail = b""
    return head, tail


def _held(lines: Iterable[Line]) -> Opener:
    raw = joined(lines).encode("utf-8", "surrogateescape")
    return lambda: io.BytesIO(raw)


def _certificates(raw: bytes) -> Opener:
    blocks = certificates_only(raw)
    return lambda: io.BytesIO(blocks)


def _only_key(head: bytes) -> bool:
    """Whether a file begins with a key, so that nothing else is to be expected in it."""
    lines = [line.strip() for line in head[:4096].splitlines() if line.strip()]
    return bool(lines) and lines[0].startswith(b"-----BEGIN")


def _without_keys(text: str) -> Tuple[str, bool]:
    """The text without private keys; and whether it held any outside of a pem file."""
    keyless = without_private_keys(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    return keyless, REMOVED.decode() in keyless and "-----BEGIN CERTIFICATE" not in text
