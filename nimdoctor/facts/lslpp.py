"""`lslpp -l`, `-L` and their colon-separated forms: installed filesets."""

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.facts.level import Level
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Coverage, Quote, Text, first_words, joined

CLIENT_FILESET = "bos.sysmgt.nim.client"
"""Without it a host has no nimsh."""
MASTER_FILESET = "bos.sysmgt.nim.master"
"""Without it a host is no NIM master."""
VIOS_FILESET = "ios.cli.rte"
"""The command line of a Virtual I/O Server, which no AIX has."""

_LEVEL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){3}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]*", re.ASCII)
_LETTERS = re.compile(r"[ABCEO?]{1,3}")
_LOCKED = frozenset({"EFIXLOCKED", "IFIXLOCKED"})
_HALF_DONE = frozenset({"APPLYING", "COMMITTING", "REJECTING", "DEINSTALLING"})
# VALIDE is COMMITTED in French, as a NIM master printed it
_WORDS = frozenset({"COMMITTED", "APPLIED", "BROKEN", "OBSOLETE", "VALIDE"}) | _LOCKED | _HALF_DONE
_NOT_INSTALLED = re.compile(r"[Ff]ileset\s+(\S+)\s+(?:is\s+)?not\s+installed")
_DOTTED = re.compile(r"[A-Za-z]\w*(?:\.[\w+*?-]+)+", re.ASCII)


class FilesetRow(NamedTuple):
    """One part of a fileset: `state` is the word or letter as printed (words are translated).

    `root` is the object repository (/usr/lib/objrepos, /etc/objrepos) or empty, `kind` the type
    letter (F, I, R for an rpm package ...) or empty.
    """

    name: str
    level: str
    state: str
    root: str
    kind: str
    description: str
    efix_locked: bool
    at: Quote

    @property
    def vrmf(self) -> Optional[Level]:
        """The level, to be compared; None where it is none, as of an rpm package."""
        return Level.read(self.level)

    @property
    def is_rpm(self) -> bool:
        """Whether the row is of an rpm package, not of a fileset."""
        return self.kind == "R"

    @property
    def broken(self) -> bool:
        """Whether the part is broken or an installation of it was left half done."""
        word = self.state.upper()
        if _LETTERS.fullmatch(word):
            return "B" in word or "?" in word
        return word == "BROKEN" or word in _HALF_DONE

    @property
    def half_done(self) -> bool:
        """Whether an installation, a commit or a removal of the part was begun and has not ended."""
        return self.state.upper() in _HALF_DONE

    @property
    def state_known(self) -> bool:
        """Whether the word or the letters for the state are known, so that `broken` can be relied on."""
        word = self.state.upper()
        return word in _WORDS or bool(_LETTERS.fullmatch(word))

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(
    Row(
        "lslpp -lc",
        Kind.COMMAND,
        variants=("lslpp -lc", "lslpp -cl", "lslpp -c -l", "lslpp -l -c", "lslpp -qlc", "lslpp -qcl"),
    ),
    Row(
        "lslpp -Lc",
        Kind.COMMAND,
        live=False,
        variants=("lslpp -Lc", "lslpp -cL", "lslpp -c -L", "lslpp -L -c", "lslpp -qLc"),
    ),
    Row("lslpp -l", Kind.COMMAND, live=False, variants=("lslpp -l", "lslpp -L", "lslpp -al")),
    reads_parts=True,
)
class Filesets(NamedTuple):
    """Installed filesets.

    `complete` is True for a listing of all of them, every row read; in one of named filesets what is not there is
    unknown, unless `lslpp` says 0504-132 of it: `not_installed`, pairs of name (or the pattern
    asked for) and line. `coverage` is what was given of the listing.

    >>> lpp = Filesets.parse(Text.of('''#Fileset:Level:PTF Id:State:Type:Description:EFIX Locked
    ... /usr/lib/objrepos:bos.sysmgt.nim.client:7.2.5.200::COMMITTED:F:Network Install Manager - Client Tools:
    ... /etc/objrepos:bos.sysmgt.nim.client:7.2.5.200::BROKEN:F:Network Install Manager - Client Tools:EFIXLOCKED
    ... /usr/lib/objrepos:openssl.base:1.1.2.2200::COMMITTED:F:Open Secure Socket Layer:
    ... ''', "lslpp -lc"))
    >>> lpp.level("openssl.base"), lpp.broken("bos.sysmgt.nim.client"), lpp.quote("bos.sysmgt.nim.client").line
    ('1.1.2.2200', True, 3)
    >>> lpp.installed("openssl.license")
    False
    """

    source: str
    rows: Tuple[FilesetRow, ...]
    complete: bool = False
    not_installed: Tuple[Tuple[str, Quote], ...] = ()
    coverage: Coverage = Coverage()

    @classmethod
    def parse(cls, text: Text) -> "Filesets":
        """Raises BadEvidence for an empty text or one without a row or a 0504-132 line."""
        quotes = [quote for quote in text.quotes() if quote.text.strip()]
        if not quotes:
            raise BadEvidence(f"{text.source} is empty")
        rows: List[FilesetRow] = []
        unread = False
        table = _Table()
        for quote in quotes:
            row = _colon_row(quote)
            if row:
                rows.append(row)
            elif quote.text.count(":") < 6:
                table.read(quote)
            else:
                unread = unread or not (quote.text.startswith("#") or ":R:" in quote.text)  # rpm has levels of its own
        rows.extend(table.rows)
        absent = _not_installed(quotes)
        if not rows and not absent:
            raise BadEvidence(f"{text.source} lists no fileset: {first_words(quotes[0].text)}")
        whole = _lists_all(text.name)
        if whole is None:
            whole = any(row.name == "bos.rte" for row in rows)
        whole = whole and not unread and text.is_whole and text.status in (None, 0)
        return cls(text.source, tuple(rows), bool(rows) and whole, absent, text.coverage)

    @classmethod
    def combine(cls, parts: Sequence["Filesets"]) -> "Filesets":
        """All of them as one; of a fileset that several list, the rows of the first count, of a whole text before others."""
        rows: List[FilesetRow] = []
        known: Set[str] = set()
        parts = sorted(parts, key=lambda part: not part.coverage.is_whole)
        for part in parts:
            rows.extend(row for row in part.rows if row.name not in known)
            known.update(row.name for row in part.rows)
        absent = tuple(pair for part in parts for pair in part.not_installed)
        first = next((part for part in parts if part.complete), parts[0])
        shown = first.coverage if first.complete else joined(part.coverage for part in parts)
        return cls(first.source, tuple(rows), first.complete, absent, shown)

    def parts(self, name: str) -> Tuple[FilesetRow, ...]:
        """Every row of that fileset (usr part, root part, older levels); rpm packages never count."""
        return tuple(row for row in self.rows if row.name == name and not row.is_rpm)

    def get(self, name: str) -> Optional[FilesetRow]:
        """The row that speaks for the fileset: a broken one first, then the newest level."""
        rows = self.parts(name)
        return max(rows, key=lambda row: (row.broken, row.vrmf or Level(())), default=None)

    def level(self, name: str) -> Optional[str]:
        """Its newest level as printed; None when it is not listed."""
        newest = self._newest(name)
        return newest.level if newest else None

    def vrmf(self, name: str) -> Optional[Level]:
        """Its newest level, to be compared; None when it is not listed."""
        newest = self._newest(name)
        return newest.vrmf if newest else None

    def installed(self, name: str) -> Optional[bool]:
        """Whether it is installed, in whatever state; None when the evidence does not say."""
        if self.parts(name):
            return True
        return False if self.complete or self._absence(name) else None

    @property
    def of_vios(self) -> bool:
        """Whether they are those of a Virtual I/O Server."""
        return bool(self.installed(VIOS_FILESET))

    @property
    def of_client_alone(self) -> bool:
        """Whether they are those of a NIM client that cannot be a master too."""
        return bool(self.installed(CLIENT_FILESET)) and self.installed(MASTER_FILESET) is False

    def shown(self, name: str) -> bool:
        """Whether every row of that fileset is there, so that no part of it can be broken unseen."""
        return self.coverage.of(name)

    def broken(self, name: str) -> bool:
        """Whether any part of it is broken or half done; words of a language not known are not."""
        return any(row.broken for row in self.parts(name))

    def efix_locked(self, name: str) -> bool:
        """Whether an interim fix locks a part of it."""
        return any(row.efix_locked for row in self.parts(name))

    def quote(self, name: str) -> Quote:
        """The row that speaks for it, else the 0504-132 line, else the whole."""
        row = self.get(name)
        return row.at if row else self._absence(name) or self.whole()

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")

    def _newest(self, name: str) -> Optional[FilesetRow]:
        return max(self.parts(name), key=lambda row: row.vrmf or Level(()), default=None)

    def _absence(self, name: str) -> Optional[Quote]:
        for operand, quote in self.not_installed:
            pattern = re.escape(operand).replace(r"\*", ".*").replace(r"\?", ".")
            if operand == name or (operand.count("*") < 4 and re.fullmatch(pattern, name)):
                return quote
        return None


def _colon_row(quote: Quote) -> Optional[FilesetRow]:
    fields = [field.strip() for field in quote.text.split(":")]
    if len(fields) < 7 or fields[0].startswith("#"):
        return None
    if fields[0].startswith("/"):
        # -lc: path, fileset, level, PTF, state, type, description (may hold colons), EFIX locked
        if not fields[1] or Level.read(fields[2]) is None:
            return None
        description = ":".join(quote.text.split(":")[6 : -1 if len(fields) > 7 else None]).strip()
        locked = len(fields) > 7 and bool(fields[-1])
        return FilesetRow(fields[1], fields[2], fields[4], fields[0], fields[5], description, locked, quote)
    # -Lc: package, fileset, level, state, PTF, fix state, type, description, ..., EFIX locked, path, build date
    state, kind = fields[5] or fields[3], fields[6]
    if not fields[1] or len(kind) > 1 or not _LETTERS.fullmatch(state):
        return None
    if not re.match(r"[0-9]", fields[2]) or (kind not in ("R", "E") and not _LEVEL.fullmatch(fields[2])):
        return None
    flag = fields[-3] if len(fields) >= 18 and kind != "R" else ""
    description = fields[7] if len(fields) > 7 else ""
    return FilesetRow(fields[1], fields[2], state, "", kind, description, "E" in state or flag == "1", quote)


class _Table:
    """Reads the tables of -l and -L line by line; a long name or description goes on in the next line."""

    def __init__(self) -> None:
        self.rows: List[FilesetRow] = []
        self._in_table = False
        self._root = ""
        self._lone_name = ""

    def read(self, quote: Quote) -> None:
        line = quote.text[:1000]
        words = line.split()
        if re.search(r"-{20}", line):
            self._in_table = True
            return
        path = re.fullmatch(r"\s*\w+\s*:\s*(/\S*objrepos)\s*", line)
        if path:
            self._in_table, self._root, self._lone_name = True, path.group(1), ""
            return
        if not words or "0504-" in line:
            self._lone_name = ""
            return
        if self.rows and "".join(words).upper() in _LOCKED:
            self.rows[-1] = self.rows[-1]._replace(efix_locked=True)
            return
        lone_name, self._lone_name = self._lone_name, ""
        row = self._row(words[0], words[1:], quote)
        if row is None and lone_name:
            row = self._row(lone_name, words, quote)
        if row:
            self.rows.append(row)
        elif len(words) == 1 and _NAME.fullmatch(words[0]):
            # the name of the next line, or the last word of a description: the next line shows which
            self._lone_name = words[0]

    def _row(self, name: str, rest: List[str], quote: Quote) -> Optional[FilesetRow]:
        if len(rest) < 2 or not _NAME.fullmatch(name) or not re.match(r"[0-9]", rest[0]):
            return None
        level, state, tail = rest[0], rest[1], rest[2:]
        kind = ""
        if _LETTERS.fullmatch(state):
            if tail and re.fullmatch(r"[A-Z]", tail[0]):
                kind, tail = tail[0], tail[1:]
            elif not self._in_table:
                return None
        elif state.upper() not in _WORDS and not (self._in_table and re.match(r"[^\W\d_]{4}", state)):
            return None
        if not _LEVEL.fullmatch(level) and kind not in ("R", "E"):
            return None
        locked = state.upper() in _LOCKED or (kind != "R" and bool(_LETTERS.fullmatch(state)) and "E" in state)
        return FilesetRow(name, level, state, self._root, kind, " ".join(tail), locked, quote)


def _not_installed(quotes: Sequence[Quote]) -> Tuple[Tuple[str, Quote], ...]:
    """Names behind 0504-132, in that line or, where it was wrapped, in the next."""
    found: Dict[str, Quote] = {}
    wrapped = False
    for quote in quotes:
        here = "0504-132" in quote.text
        if here or wrapped:
            after = quote.text.split("0504-132", 1)[-1][:1000]
            english = _NOT_INSTALLED.search(after)
            dotted = _DOTTED.search(after) if here else None
            match = english.group(1) if english else dotted.group(0) if dotted else ""
            if match:
                found.setdefault(match.strip("'\"`,"), quote)
            here = here and not match
        wrapped = here
    return tuple(found.items())


def _lists_all(name: str) -> Optional[bool]:
    """Whether the command line lists every fileset; None when the name is no `lslpp` command."""
    words = name.split()
    if len(words) == 1 and re.fullmatch(r"lslpp(?:_-[A-Za-z]+)+(?:_.*)?", words[0]):
        words = words[0].split("_")
    if len(words) < 2 or words[0].rsplit("/", 1)[-1] != "lslpp":
        return None
    flags: Set[str] = set()
    for word in words[1:]:
        if word.startswith("-"):
            flags |= set(word[1:])
        elif word not in ("", "all") and not re.match(r"[0-9]?>", word):
            return False
    return bool(flags & {"l", "L"}) and flags <= set("lLcqaJ")
