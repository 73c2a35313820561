"""What each attached file holds: its pieces, each recognised by content, and what of it is not understood."""

import io
import re
from typing import Dict, Iterable, List, Optional, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row, file_name
from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.evidence.loose.identity import short_name
from nimdoctor.evidence.loose.pieces import Opener, Piece
from nimdoctor.evidence.recognition import (
    CERTIFICATES,
    NIMSH_LOG,
    SAMPLE,
    Section,
    has_prompts,
    is_binary,
    parts,
    recognise,
    sections,
    strip_quoting,
)
from nimdoctor.model.private_keys import REMOVED, without_private_keys
from nimdoctor.model.text import TEXT_LIMIT, Extent, decode, first_words, split_lines

_WHOLE_LIMIT = 1024 * 1024
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
        sample = _decoded(head)
        if is_binary(sample):
            self.useless(name, "not recognised (binary)")
            return []
        if size > TEXT_LIMIT or len(head) > TEXT_LIMIT:
            return self._classify_large(name, opener, sample + "\n" + _decoded(tail))
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
        original = _decoded(raw)
        text = strip_quoting(original)
        if "PRIVATE KEY" in text:
            text, keys_alone = _without_keys(text)
            if keys_alone:
                self._key_found(name)
        if has_prompts(text):
            lines = list(split_lines(text))
            split = sections(lines, catalog=self._catalog)
            if len(split) > 1 or (split and split[0].command):
                return self._of_sections(name, split)
        # what was changed on the way in is served from memory, everything else streamed as it is
        same = text == original and not raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
        return self._of_parts(name, opener if same else None, text, raw)

    def _of_sections(self, name: str, split: Iterable[Section]) -> List[Piece]:
        found: List[Piece] = []
        hosts = []
        for section in split:
            if section.host and short_name(section.host) not in hosts:
                hosts.append(short_name(section.host))
            if section.row:
                piece = _from_section(name, section)
                if piece:
                    found.append(piece)
            elif not section.blank:
                found += self._of_unnamed(name, section)
        if len(hosts) > 1:
            self.remarks.append(f"{name}: its prompts name several hosts ({', '.join(hosts[:5])}); taken as one")
        return found

    def _of_unnamed(self, name: str, section: Section) -> List[Piece]:
        """What stands before the first prompt, or after a command that the catalog does not have."""
        hint = section.command.split()[-1].rsplit("/", 1)[-1] if section.command else ""
        found = []
        for part in parts(section.text, hint):
            row = self._row(part.name)
            # `cat /etc/niminfo.old` shows a niminfo, but not the one in force
            if row and not (section.command and row.kind is Kind.FILE and _other_file(row.name, hint)):
                lines = section.lines[part.first - 1 : part.last]
                first_line = section.first_line + part.first - 1
                extent = section.extent
                found.append(Piece(name, part.name, row, _held(lines), first_line, extent, section.host))
        if not found and not section.command:
            last = section.first_line + len(section.lines) - 1
            self.unrecognised.append(f"{name} lines {section.first_line}-{last}: not recognised")
        return found

    def _of_parts(self, name: str, opener: Optional[Opener], text: str, raw: bytes) -> List[Piece]:
        found = recognise(text, name)
        row = self._row(found) if found else None
        if not found or not row:
            self.useless(name, "not recognised", first_line=first_words(text.lstrip().partition("\n")[0]))
            return []
        if found.startswith(CERTIFICATES):
            return [Piece(name, found, row, _certificates(raw))]
        stretches = parts(text, name) if len(text) <= _WHOLE_LIMIT else []
        if len(stretches) < 2:
            return [
                Piece(
                    name,
                    found,
                    row,
                    opener or _held([text]),
                    extent=Extent.FILTERED if " | " in found else Extent.WHOLE,
                )
            ]
        lines = list(split_lines(text))
        pieces = []
        for part in stretches:
            part_row = self._row(part.name)
            if part_row:
                pieces.append(Piece(name, part.name, part_row, _held(lines[part.first - 1 : part.last]), part.first))
        return pieces

    def useless(self, name: str, why: str, given: str = "given but not understood:", first_line: str = "") -> None:
        """A file of which nothing is used; where its name is that of a file or command, that was given all the same."""
        self.unrecognised.append(f"{name}: {why}")
        for row in self._catalog:
            if _is_named_for(row, name):
                self.problems[row.label] = f"{given} {why}{first_line and ': ' + first_line} ({name})"

    def _key_found(self, name: str) -> None:
        self.remarks.append(f"{name}: a private key is among the files: delete it; it was not read further")


def _from_section(name: str, section: Section) -> Optional[Piece]:
    row = section.row
    if not row or (section.blank and not (row.empty_means_none and section.host)):
        # nothing under a command in a mail is a command to be typed, not an empty answer
        return None
    opener = _held(section.lines)
    if section.name.startswith(CERTIFICATES):
        opener = _certificates(section.text.encode("utf-8", "surrogateescape"))
    found = recognise(section.text, section.name)
    sure = found is not None and (found == row.name or (not found.startswith("/") and row.serves(found)))
    return Piece(
        name, section.name, row, opener, section.first_line, section.extent, section.host, section.command, sure
    )


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


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # saved by an editor on Windows
        return raw.decode("utf-16", "replace")
    return decode(raw).lstrip("\ufeff")


def _held(lines: Iterable[str]) -> Opener:
    raw = "\n".join(lines).encode("utf-8", "surrogateescape")
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
