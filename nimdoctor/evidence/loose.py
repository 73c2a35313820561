"""Loose files: whatever a customer attached, each piece recognised by content, all of them one host."""

import functools
import io
import re
from typing import (
    TYPE_CHECKING,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Literal,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from nimdoctor.evidence.catalog import Catalog, Kind, Row, file_name
from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.evidence.recognise import (
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
from nimdoctor.evidence.redacted_certificates import RedactedFile
from nimdoctor.evidence.source import COMMANDS, TEXT, CollectedEvidence, NothingRecognised, TargetError
from nimdoctor.model.path_state import PathRecord
from nimdoctor.model.private_keys import REMOVED, without_private_keys
from nimdoctor.model.text import TEXT_LIMIT, BadEvidence, Text, decode, first_words, split_lines
from nimdoctor.model.unreadable import refused

if TYPE_CHECKING:
    from nimdoctor.evidence.tree import Tree

Opener = Callable[[], BinaryIO]

REMARK_LIMIT = 20
COPY_LIMIT = 200
"""Files that are compared with each other, to tell older copies."""
_WHOLE_LIMIT = 1024 * 1024
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x1f\x9d": "compress", b"PK": "zip", b"BZ": "bzip2"}
_OLDER_COPY = re.compile(r"(?:[._-](?:old|bak|orig|save|sav|prev|\d{6,8})|~)$", re.IGNORECASE)


class _Piece(NamedTuple):
    """One recognised text: the file it stands in, its name and row in the catalog, and how to read it."""

    file: str
    name: str
    row: Row
    opener: Opener
    first_line: int = 1
    partial: bool = False
    host: str = ""
    command: str = ""
    sure: bool = True

    def text(self) -> Text:
        is_command = self.row.kind is Kind.COMMAND
        return Text(self.file, self.opener, name=self.name, first_line=self.first_line, command=is_command)

    def place(self) -> str:
        return self.file if self.first_line == 1 else f"{self.file} line {self.first_line}"


class LooseEvidence:
    """Bare files as one host's evidence; `pieces` are (name, opener, size in bytes).

    A text's `source` is the loose file's name and its line numbers are those of that file; its `name`
    is the path or the command, with the pipe when only some of the lines were shown. Raises
    `NothingRecognised`, `TargetError` when files of one kind come from two hosts, or for more pieces or text
    than a host has.
    """

    loose = True
    live: Literal[False] = False
    thorough = False
    collected: Optional[int] = None
    redacted = False
    paired: Optional[CollectedEvidence] = None
    redacted_certificates: Sequence[RedactedFile] = ()
    host: Optional[str] = None
    roles: Tuple[str, ...] = ()
    system: Optional[str] = None
    held: "Optional[Tree]" = None
    """What the pieces are read from, closed with the evidence."""

    def __init__(self, target: str, pieces: List[Tuple[str, Opener, int]], catalog: Optional[Catalog] = None) -> None:
        self.target = target
        self.problems: Dict[str, str] = {}
        self.remarks: List[str] = []
        self._catalog = catalog or Catalog()
        self._unrecognised: List[str] = []
        found: List[_Piece] = []
        text = 0
        # by name, so that the order in which they were given changes nothing
        for name, opener, size in sorted(pieces, key=lambda piece: piece[0]):
            try:
                recognised = self._classify(name, opener, size)
                found += recognised
                text += min(size, TEXT_LIMIT) if any(not piece.row.streamed for piece in recognised) else 0
                _refuse_too_much(target, len(found), text)
            except OSError as error:
                self._useless(name, f"cannot be read: {refused(error)}", "given but")
        found = self._without_older_copies(found)
        _refuse_two_hosts(found)
        self._pieces = _latest(found)
        for piece in self._pieces:
            self.problems.pop(piece.row.label, None)
        self._sum_up_remarks(found)
        if not self._pieces:
            raise NothingRecognised(_nothing(target, self.remarks))

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        """Complete texts before partial ones; the logs in order of time, oldest first."""
        known = row in self._catalog.rows
        chosen = [piece for piece in self._pieces if (row == piece.row if known else self._serves(row, piece))]
        if row.name == NIMSH_LOG:
            return [piece.text() for piece in sorted(chosen, key=_log_order(chosen))]
        if row.kind is Kind.FILE and any(not piece.partial for piece in chosen):
            chosen = [piece for piece in chosen if not piece.partial]
        return [piece.text() for piece in sorted(chosen, key=lambda piece: piece.partial)]

    def paths(self, rows: List[Row]) -> PathRecord:
        """Nothing: an mtime on the disk of whoever got the files says nothing of the host."""
        return PathRecord()

    def file_absent(self, path: str) -> Optional[bool]:
        """Never known: a file nobody attached was not collected."""
        return None

    def close(self) -> None:
        """Closes what the pieces are read from."""
        if self.held:
            self.held.close()

    def _serves(self, row: Row, piece: _Piece) -> bool:
        """Whether a row that somebody added after this evidence was opened takes it."""
        if row.kind is Kind.FILE:
            return row.name == piece.name
        return row.kind is Kind.COMMAND and row.serves(piece.command or piece.name)

    def _row(self, name: str) -> Optional[Row]:
        return self._catalog.file(name) if name.startswith("/") else self._catalog.command(name.split(" | ")[0])

    def _classify(self, name: str, opener: Opener, size: int) -> List[_Piece]:
        head, tail = _ends(opener, size)
        compressed = next((kind for magic, kind in _COMPRESSED.items() if head.startswith(magic)), None)
        if compressed:
            self._useless(name, f"not recognised ({compressed}: unpack it first)")
            return []
        if not head.strip(b"\0\r\n\t "):
            self._useless(name, "not recognised (empty)")
            return []
        if b"PRIVATE KEY-----" in head and b"CERTIFICATE-----" not in head + tail and _only_key(head):
            self._key_found(name)
            return []
        sample = _decoded(head)
        if is_binary(sample):
            self._useless(name, "not recognised (binary)")
            return []
        if size > TEXT_LIMIT or len(head) > TEXT_LIMIT:
            return self._classify_large(name, opener, sample + "\n" + _decoded(tail))
        with opener() as stream:
            raw = stream.read(TEXT_LIMIT)
        return self._classify_whole(name, opener, raw)

    def _classify_large(self, name: str, opener: Opener, sample: str) -> List[_Piece]:
        found = recognise(sample, name)
        row = self._row(found) if found else None
        if not found or not row or found.startswith(CERTIFICATES):
            self._useless(name, "not recognised")
            return []
        if not row.streamed:
            self.remarks.append(f"{name}: only its first {TEXT_LIMIT // 1024 // 1024} MiB are read")
        return [_Piece(name, found, row, opener)]

    def _classify_whole(self, name: str, opener: Opener, raw: bytes) -> List[_Piece]:
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

    def _of_sections(self, name: str, split: Iterable[Section]) -> List[_Piece]:
        found: List[_Piece] = []
        hosts = []
        for section in split:
            if section.host and _short(section.host) not in hosts:
                hosts.append(_short(section.host))
            if section.row:
                piece = _from_section(name, section)
                if piece:
                    found.append(piece)
            elif not section.blank:
                found += self._of_unnamed(name, section)
        if len(hosts) > 1:
            self.remarks.append(f"{name}: its prompts name several hosts ({', '.join(hosts[:5])}); taken as one")
        return found

    def _of_unnamed(self, name: str, section: Section) -> List[_Piece]:
        """What stands before the first prompt, or after a command that the catalog does not have."""
        hint = section.command.split()[-1].rsplit("/", 1)[-1] if section.command else ""
        found = []
        for part in parts(section.text, hint):
            row = self._row(part.name)
            # `cat /etc/niminfo.old` shows a niminfo, but not the one in force
            if row and not (section.command and row.kind is Kind.FILE and _other_file(row.name, hint)):
                lines = section.lines[part.first - 1 : part.last]
                first_line = section.first_line + part.first - 1
                partial = section.partial
                found.append(_Piece(name, part.name, row, _held(lines), first_line, partial, section.host))
        if not found and not section.command:
            last = section.first_line + len(section.lines) - 1
            self._unrecognised.append(f"{name} lines {section.first_line}-{last}: not recognised")
        return found

    def _of_parts(self, name: str, opener: Optional[Opener], text: str, raw: bytes) -> List[_Piece]:
        found = recognise(text, name)
        row = self._row(found) if found else None
        if not found or not row:
            self._useless(name, "not recognised", first_line=first_words(text.lstrip().partition("\n")[0]))
            return []
        if found.startswith(CERTIFICATES):
            return [_Piece(name, found, row, _certificates(raw))]
        stretches = parts(text, name) if len(text) <= _WHOLE_LIMIT else []
        if len(stretches) < 2:
            return [_Piece(name, found, row, opener or _held([text]), partial=" | " in found)]
        lines = list(split_lines(text))
        pieces = []
        for part in stretches:
            part_row = self._row(part.name)
            if part_row:
                pieces.append(_Piece(name, part.name, part_row, _held(lines[part.first - 1 : part.last]), part.first))
        return pieces

    def _useless(self, name: str, why: str, given: str = "given but not understood:", first_line: str = "") -> None:
        """A file of which nothing is used; where its name is that of a file or command, that was given all the same."""
        self._unrecognised.append(f"{name}: {why}")
        for row in self._catalog:
            if _is_named_for(row, name):
                self.problems[row.label] = f"{given} {why}{first_line and ': ' + first_line} ({name})"

    def _key_found(self, name: str) -> None:
        self.remarks.append(f"{name}: a private key is among the files: delete it; it was not read further")

    def _without_older_copies(self, found: List[_Piece]) -> List[_Piece]:
        """Drops `inetd.conf.bak` beside inetd.conf, and a log that is the beginning of another."""
        files = [piece for piece in found if piece.row.kind is Kind.FILE and not piece.partial][:COPY_LIMIT]
        starts = {id(piece): _start(piece) for piece in files if piece.row.name == NIMSH_LOG}
        left: Dict[int, str] = {}
        for piece in files:
            for other in files:
                if other is not piece and id(other) not in left and _is_older_copy(piece, other, starts):
                    left[id(piece)] = other.file
                    break
        self.remarks += [
            f"{piece.file}: left aside, an older copy of {left[id(piece)]}" for piece in files if id(piece) in left
        ]
        return [piece for piece in found if id(piece) not in left]

    def _sum_up_remarks(self, found: List[_Piece]) -> None:
        self.remarks += self._unrecognised[:REMARK_LIMIT]
        if len(self._unrecognised) > REMARK_LIMIT:
            self.remarks.append(f"{len(self._unrecognised) - REMARK_LIMIT} more were not recognised")


def _refuse_too_much(target: str, pieces: int, text: int) -> None:
    if pieces > COMMANDS:
        raise TargetError(f"{target}: refused, more than {COMMANDS:,} recognised pieces of one host")
    if text > TEXT:
        raise TargetError(f"{target}: refused, more than 256 MiB of text of one host, without nimsh.log")


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


def _from_section(name: str, section: Section) -> Optional[_Piece]:
    row = section.row
    if not row or (section.blank and not (row.empty_means_none and section.host)):
        # nothing under a command in a mail is a command to be typed, not an empty answer
        return None
    opener = _held(section.lines)
    if section.name.startswith(CERTIFICATES):
        opener = _certificates(section.text.encode("utf-8", "surrogateescape"))
    found = recognise(section.text, section.name)
    sure = found is not None and (found == row.name or (not found.startswith("/") and row.serves(found)))
    return _Piece(
        name, section.name, row, opener, section.first_line, section.partial, section.host, section.command, sure
    )


def _other_file(known: str, base: str) -> bool:
    return known != NIMSH_LOG and not known.endswith("*") and base != known.rsplit("/", 1)[1] and "." in base


def _is_older_copy(piece: _Piece, other: _Piece, starts: Mapping[int, bytes]) -> bool:
    if piece.row != other.row or piece.file == other.file or piece.row.name.endswith("*"):
        return False
    if piece.row.name == NIMSH_LOG:
        # the same log attached at two times: one begins with all of the other
        short, long = starts[id(piece)], starts[id(other)]
        whole_lines = short.endswith(b"\n") or long[len(short) :].startswith((b"\n", b"\r"))
        return 0 < len(short) < min(len(long), SAMPLE) and long.startswith(short) and whole_lines
    known = piece.row.name.rsplit("/", 1)[1]
    directory = piece.file.rpartition("/")[0] == other.file.rpartition("/")[0]
    exact = other.file.rpartition("/")[2] == known
    return directory and exact and bool(_OLDER_COPY.search(piece.file))


def _start(piece: _Piece) -> bytes:
    try:
        with piece.opener() as stream:
            return stream.read(SAMPLE)
    except OSError:
        return b""


def _latest(found: List[_Piece]) -> List[_Piece]:
    """Of one command typed several times in one transcript the last counts.

    A later one with nothing but prose under it does not replace one whose output was recognised.
    """
    best: Dict[Tuple[str, str, str], _Piece] = {}
    for piece in found:
        key = (piece.file, piece.name, piece.host)
        if piece.command and (key not in best or piece.sure or not best[key].sure):
            best[key] = piece
    return [piece for piece in found if not piece.command or best[(piece.file, piece.name, piece.host)] is piece]


def _short(host: str) -> str:
    return host.split(".")[0].lower()


def _refuse_two_hosts(found: List[_Piece]) -> None:
    """Raises TargetError when two pieces of one kind can only come from two hosts."""
    identities: Dict[str, List[Tuple[_Piece, str]]] = {}
    for piece in found:
        if piece.partial:
            continue
        marks = [(kind, value, False) for kind, value in _identity(piece)]
        if piece.host and piece.sure:
            marks.append((f"prompt before {piece.name} in {piece.file}", _short(piece.host), True))
        for kind, value, by_prompt in marks:
            earlier = identities.setdefault(kind, [])
            for other, identity in earlier:
                if identity != value and (by_prompt or not _same_shell(piece, other)):
                    raise TargetError(_parting(other, piece))
            if not any(identity == value for _, identity in earlier):
                earlier.append((piece, value))


def _same_shell(one: _Piece, other: _Piece) -> bool:
    """Whether the same host's prompt stands before both: then its state has changed in between."""
    return one.file == other.file and bool(one.host) and one.host == other.host


def _parting(one: _Piece, other: _Piece) -> str:
    first, second = (one.file, other.file) if one.file != other.file else (one.place(), other.place())
    return (
        f"two hosts' files of one kind: {first} and {second}; put each host's files into a directory "
        "of its own and give both, or name the master's with --master"
    )


def _identity(piece: _Piece) -> Iterator[Tuple[str, str]]:
    """Pairs of kind and value by which two hosts are told apart."""
    marks = {
        "/etc/niminfo": r"(?m)^[ \t]*(?:export )?NIM_NAME=[ \t\"']*([^\s\"']+)",
        "oslevel -s": r"(?m)^[ \t]*(\d{4}-\d\d-\d\d-\d{4})[ \t\r]*$",
        "uname -m": r"(?m)^[ \t]*(00[0-9A-Fa-f]{10})[ \t\r]*$",
        "hostname": r"\A\s*([A-Za-z0-9][\w.-]*)[ \t\r]*(?:\n|\Z)",
    }
    name = piece.row.name
    if name not in marks and name not in ("/etc/inetd.conf", "lsnim -l"):
        return
    try:
        text = piece.text().read()
    except BadEvidence:
        return
    if name == "lsnim -l":
        yield from _master_identity(text)
    elif name == "/etc/inetd.conf":
        rows = sorted(" ".join(line.split()) for line in text.splitlines() if "/" in line or "internal" in line)
        yield name, "\n".join(rows)
    else:
        match = re.search(marks[name], text)
        if match:
            value = match.group(1)
            yield name, _short(value) if name == "hostname" else value


def _master_identity(text: str) -> Iterator[Tuple[str, str]]:
    stanza = re.search(r"(?m)^master:[ \t\r]*\n((?:[ \t]+\S.*\n?|[ \t\r]*\n)*)", text)
    if not stanza:
        return
    for attribute, pattern in (("cpuid", r"cpuid[ \t]+= *(\S+)"), ("if1", r"if1[ \t]+= *\S+[ \t]+(\S+)")):
        match = re.search(pattern, stanza.group(1))
        if match:
            yield f"master {attribute}", match.group(1)


def _log_order(chosen: List[_Piece]) -> Callable[[_Piece], Tuple[object, ...]]:
    """By the first stamp of each where all have one, else by the names that rotation gives."""
    stamps = {id(piece): _first_stamp(piece) for piece in chosen}
    if all(stamps.values()):
        return lambda piece: (stamps[id(piece)], _age_by_name(piece.file), piece.first_line)
    return lambda piece: (_age_by_name(piece.file), piece.first_line)


def _first_stamp(piece: _Piece) -> Optional[Tuple[int, ...]]:
    try:
        with piece.opener() as stream:
            head = decode(stream.read(SAMPLE))
    except OSError:
        return None
    match = _stamp_pattern().search(head)
    if not match:
        return None
    month, day, hour, minute, second, year = match.groups()
    return (int(year), _MONTHS.index(month), int(day), int(hour), int(minute), int(second))


@functools.cache
def _stamp_pattern() -> "re.Pattern[str]":
    months = "|".join(_MONTHS)
    return re.compile(
        rf"(?m)^[\[ \t]*[A-Z]\w\w +({months}) +(\d{{1,2}}) (\d\d):(\d\d):(\d\d)(?: [A-Z]{{3,6}})? (\d{{4}})"
    )


def _age_by_name(file: str) -> int:
    """Sorts .2 before .1 before .old before the log in use."""
    numbered = re.search(r"\.(\d{1,4})(?:\.txt)?$", file)
    if numbered:
        return -int(numbered.group(1)) - 1
    return -1 if re.search(r"(?i)[._-](?:old|prev|bak)\b", file) else 0


def _nothing(target: str, remarks: List[str]) -> str:
    why = f" ({remarks[0]})" if len(remarks) == 1 else ""
    return (
        f"nothing in {target} was recognised as evidence of NIM{why}; recognised are nimsh.log, lsnim -l output, "
        "/etc/niminfo, /etc/inetd.conf, lssrc, lslpp, emgr, instfix, ps, netstat and df output, certificates, and "
        "transcripts with their prompt lines"
    )
