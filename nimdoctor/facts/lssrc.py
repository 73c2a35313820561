"""`lssrc`: subsystems of the System Resource Controller, and inetd's services.

SRC message numbers (0513-...) survive translation, the words around them do not; so numbers and
shapes are matched first, words last.
"""

import re
from typing import Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.facts.src_lines import is_header, is_narrow_header, lines_of, words_of
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Coverage, Quote, Text, first_words, joined

_STATES = frozenset({"active", "inoperative", "stopping", "starting", "warned"})
_NAME = re.compile(r"[A-Za-z0-9_][\w.+@-]*", re.ASCII)
_PID = re.compile(r"[0-9]{1,10}", re.ASCII)
_MESSAGE = re.compile(r"0513-[0-9]{3}")
_DONE = frozenset({"0513-044", "0513-059", "0513-077", "0513-095", "0513-124"})
"""Messages of success (stopped, started, changed, refreshed), which tell no state."""
_GROUPS = frozenset({"nimclient", "nim", "tcpip"})
"""Groups of subsystems that a row with single blanks is known by."""
_INETD_DOWN = frozenset({"0513-004", "0513-036", "0513-085"})
_NOT_ON_FILE = re.compile(r"0513-085\b.{0,20}?\bThe (\S+) [Ss]ubsystem")
_INOPERATIVE = re.compile(r"0513-004\b[^,]{0,80},\s*([^,\s]+)\s*,")


class SubsystemRow(NamedTuple):
    """One subsystem. `group` and `pid` are None where blank; `status` is lower case, in whatever language."""

    name: str
    group: Optional[str]
    pid: Optional[int]
    status: str
    at: Quote

    @property
    def active(self) -> bool:
        """Whether it runs. A status in another language counts by its PID, which SRC leaves blank otherwise."""
        return self.status == "active" or (self.status.split(" ")[0] not in _STATES and self.pid is not None)

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(Row("lssrc -a", Kind.COMMAND, variants=("lssrc -s", "lssrc -g")), reads_parts=True)
class Subsystems(NamedTuple):
    """Subsystems and their states, from `lssrc -a`, `lssrc -s NAME` or `lssrc -g GROUP`.

    `complete` is True for a whole `lssrc -a` of which every row was read: there what is not listed does not exist.
    `not_on_file` holds the lines by which SRC says that it knows no such subsystem (0513-085).

    >>> src = Subsystems.parse(Text.of('''Subsystem         Group            PID          Status
    ...  nimsh            nimclient        7405942      active
    ...  tftpd            tcpip                         inoperative
    ... ''', "lssrc -a"))
    >>> src.active("nimsh"), src.active("tftpd"), src.active("nimesis")
    (True, False, False)
    >>> src.quote("tftpd").line
    3
    """

    source: str
    rows: Tuple[SubsystemRow, ...]
    complete: bool = False
    not_on_file: Tuple[Quote, ...] = ()

    @classmethod
    def parse(cls, text: Text) -> "Subsystems":
        """Raises BadEvidence for an empty text or one without a row or a 0513-085 or 0513-004 line."""
        quotes = lines_of(text)
        rows, unread = _subsystem_rows(quotes)
        absent = []
        for quote in quotes:
            if "0513-085" in quote.text:
                absent.append(quote)
            stopped = _INOPERATIVE.search(quote.text[:400])
            if stopped:
                rows.append(SubsystemRow(stopped.group(1), None, None, "inoperative", quote))
        complete = _is_whole_list(text) and (bool(rows) or any(is_header(quote.text) for quote in quotes))
        complete = complete and not unread
        if not rows and not absent and not complete:
            raise BadEvidence(f"{text.source} lists no subsystem: {first_words(quotes[0].text)}")
        return cls(text.source, tuple(rows), complete, tuple(absent))

    @classmethod
    def combine(cls, parts: Sequence["Subsystems"]) -> "Subsystems":
        """All of them as one; where they contradict each other the whole list counts."""
        ordered = sorted(parts, key=lambda part: not part.complete)
        rows: List[SubsystemRow] = []
        known: Set[str] = set()
        for part in ordered:
            rows.extend(row for row in part.rows if row.name not in known)
            known.update(row.name for row in part.rows)
        absent = tuple(quote for part in ordered for quote in part.not_on_file)
        return cls(ordered[0].source, tuple(rows), any(part.complete for part in parts), absent)

    def get(self, name: str) -> Optional[SubsystemRow]:
        """The row of that name, an active one first; None when it has none."""
        rows = [row for row in self.rows if row.name == name]
        return next((row for row in rows if row.active), rows[0] if rows else None)

    def active(self, name: str) -> Optional[bool]:
        """Whether it runs; False when it does not exist; None when the evidence does not say."""
        row = self.get(name)
        if row:
            return row.active
        return False if self.complete or self._not_on_file(name) else None

    def quote(self, name: str) -> Quote:
        """Its row, else the line that says it is not on file, else the whole."""
        row = self.get(name)
        return row.at if row else self._not_on_file(name) or self.whole()

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")

    def _not_on_file(self, name: str) -> Optional[Quote]:
        for quote in self.not_on_file:
            english = _NOT_ON_FILE.search(quote.text)
            if (english.group(1) == name) if english else name in words_of(quote.text):
                return quote
        return None


def stopping(subsystems: Subsystems, name: str = "nimsh") -> bool:
    """Whether SRC has told it to stop and it has not ended: its process, and what it listens on, are still its own.

    >>> text = "Subsystem         Group            PID          Status\\n nimsh            nimclient        8847720      stopping\\n"
    >>> stopping(Subsystems.parse(Text.of(text, "lssrc -a")))
    True
    """
    row = subsystems.get(name)
    return bool(row and row.status.split(" ")[0] in ("stopping", "warned"))


class InetdServiceRow(NamedTuple):
    """One service of inetd. `command` is a path or `internal`; built-in services have no description."""

    service: str
    command: str
    description: str
    status: str
    at: Quote

    @property
    def active(self) -> bool:
        """Whether inetd listens for it; False also for a word of another language, of which `state_known` tells."""
        return self.status == "active"

    @property
    def state_known(self) -> bool:
        """Whether its status is a word that is known, in English or by the word for inetd's own, which runs."""
        return self.status in _STATES

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(
    Row("lssrc -ls inetd", Kind.COMMAND, variants=("lssrc -l -s inetd",)),
    Row("lssrc -t tftp", Kind.COMMAND, variants=("lssrc -t",)),
    reads_parts=True,
)
class InetdServices(NamedTuple):
    """What inetd has activated, from `lssrc -ls inetd` or `lssrc -t SERVICE`.

    `complete` is True for the former with its table of services; `inetd_status` is inetd's own
    state where told; `messages` are the 0513 lines, which answer for the services they name; `unlisted`
    is the service `lssrc -t` was asked for and printed a table without. `coverage` is what was given of the output.

    >>> inetd = InetdServices.parse(Text.of('''Subsystem         Group            PID          Status
    ...  inetd            tcpip            4587984      active
    ... Debug         Not active
    ... Signal        Purpose
    ...  SIGHUP       Rereads the configuration database and reconfigures services.
    ... Service       Command                  Description              Status
    ...  tftp         /usr/sbin/tftpd          tftpd -n                 active
    ...  daytime      internal                                          active
    ... ''', "lssrc -ls inetd"))
    >>> inetd.active("tftp"), inetd.active("bootps"), inetd.complete, inetd.inetd_status
    (True, False, True, 'active')
    >>> inetd.row("tftp").description
    'tftpd -n'
    """

    source: str
    rows: Tuple[InetdServiceRow, ...]
    complete: bool = False
    inetd_status: Optional[str] = None
    messages: Tuple[Quote, ...] = ()
    unlisted: Optional[str] = None
    coverage: Coverage = Coverage()

    @classmethod
    def parse(cls, text: Text) -> "InetdServices":
        """Raises BadEvidence for an empty text or one that tells nothing of inetd or of a service of it."""
        quotes = lines_of(text)
        operand = _operand(text.name)
        rows: List[InetdServiceRow] = []
        headers = unread = 0
        for quote in quotes:
            row = _service_row(quote) or (_bare_row(quote, operand) if headers else None)
            if row and (headers or row.state_known):
                rows.append(row)
            elif is_header(quote.text):
                headers += 1
            elif headers > 1:
                unread += 1
        itself = next((row for row in _subsystem_rows(quotes)[0] if row.name == "inetd"), None)
        status = None
        if itself:
            status = itself.status if itself.status in _STATES else "active" if itself.active else "inoperative"
            if itself.active:
                runs = itself.status.split(" ")[-1]
                rows = [row._replace(status="active") if row.status == runs else row for row in rows]
        messages = []
        for quote in quotes:
            number = _MESSAGE.search(quote.text)
            words = words_of(quote.text) if number and number.group() not in _DONE else set()
            if number and words & {"inetd", "tftp", operand}:
                messages.append(quote)
                if "inetd" in words and number.group() in _INETD_DOWN:
                    status = status or "inoperative"
        named = re.split(r"[\s_]+", text.name.strip())[1:2] == ["-t"]
        without = (
            operand if text.is_whole and named and headers and all(row.service != operand for row in rows) else None
        )
        if not rows and status is None and not messages and not without:
            raise BadEvidence(f"{text.source} tells nothing of inetd's services: {first_words(quotes[0].text)}")
        # its subsystem table comes first, so the second header is that of the services
        complete = itself is not None and headers > 1 and not unread and text.is_whole
        return cls(text.source, tuple(rows), complete, status, tuple(messages), without, text.coverage)

    @classmethod
    def combine(cls, parts: Sequence["InetdServices"]) -> "InetdServices":
        """All of them as one, the complete list first, then what is whole."""
        ordered = sorted(parts, key=lambda part: (not part.complete, not part.coverage.is_whole))
        rows: List[InetdServiceRow] = []
        listed: Set[str] = set()
        for part in ordered:
            rows.extend(row for row in part.rows if row.service not in listed)
            listed.update(row.service for row in part.rows)
        status = next((part.inetd_status for part in ordered if part.inetd_status), None)
        messages = tuple(quote for part in ordered for quote in part.messages)
        unlisted = next((part.unlisted for part in ordered if part.unlisted), None)
        complete = ordered[0].complete
        shown = ordered[0].coverage if complete else joined(part.coverage for part in parts)
        return cls(ordered[0].source, tuple(rows), complete, status, messages, unlisted, shown)

    def row(self, service: str) -> Optional[InetdServiceRow]:
        """The row of that service, an active one first; None when it is not listed."""
        rows = [row for row in self.rows if row.service == service]
        return next((row for row in rows if row.active), rows[0] if rows else None)

    def active(self, service: str) -> bool:
        """Whether inetd has activated it; False when it is not listed."""
        row = self.row(service)
        return bool(row and row.active)

    def known(self, service: str) -> bool:
        """Whether the evidence speaks of that service at all, in words that are known: lists it, names it, or lists all."""
        row = self.row(service)
        if row:
            # of filtered lines another one of the service, an active one, may be missing
            return row.state_known and (row.active or self.coverage.of(service))
        return bool(self.complete or self._message(service) or self.unlisted == service)

    def quote(self, service: str) -> Quote:
        """Its row, else the SRC message that names it, else the whole."""
        row = self.row(service)
        return row.at if row else self._message(service) or self.whole()

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")

    def _message(self, service: str) -> Optional[Quote]:
        return next((quote for quote in self.messages if {service, "inetd"} & words_of(quote.text)), None)


def _is_whole_list(text: Text) -> bool:
    words = [word for word in re.split(r"[\s_]+", text.name.strip()) if not re.match(r"[0-9]?>", word)]
    return (
        len(words) == 2
        and words[0].endswith("lssrc")
        and words[1] == "-a"
        and text.status in (None, 0)
        and text.is_whole
    )


def _operand(name: str) -> str:
    words = re.split(r"[\s_]+", name.strip())
    return words[2] if len(words) > 2 and words[1] == "-t" else "tftp"


def _subsystem_rows(quotes: Iterable[Quote]) -> Tuple[List[SubsystemRow], List[Quote]]:
    """The rows, and the lines of the table that are none."""
    rows: List[SubsystemRow] = []
    unread: List[Quote] = []
    in_table = ended = narrow = False
    indented: Optional[bool] = None
    begun = ""
    begun_at: Optional[Quote] = None
    for quote in quotes:
        line = quote.text[:400].rstrip().expandtabs()
        if is_header(line):
            # the services of inetd follow under a header of the same shape
            ended = line.lstrip().startswith("Service")
            in_table, indented, narrow = not ended, None, is_narrow_header(line)
            continue
        if in_table and indented is None:
            indented = line[:1] == " "
        elif in_table and indented and line[:1] != " ":
            # the first line at the margin ends the table ("Debug         Not active")
            in_table, ended = False, True
        row = None if ended else _subsystem_row(quote, line)
        wrapped = None if ended or not begun or (row and row.pid) else _subsystem_row(quote, f"{begun}  {line.strip()}")

        wide = bool(re.search(r"\S\s{2,}\S", line)) or bool(
            row and row.status == "inoperative" and row.group in _GROUPS
        )
        if wrapped and wrapped.pid and wrapped.status in _STATES:
            # a mail parted the row before its PID
            rows = [*(found for found in rows if found.at is not begun_at), wrapped]
            unread = [found for found in unread if found is not begun_at]
        elif row and narrow and in_table:
            rows += [row] if row.status in _STATES and row.name != "Debug" else []
        # without a header only wide columns or a PID tell a row from prose ("nimsh is active")
        elif row and ((in_table and (indented or wide)) or (row.status in _STATES and (row.pid or wide))):
            rows.append(row)
        elif in_table and not _MESSAGE.search(line):
            unread.append(quote)
        begun = line.strip() if in_table and re.fullmatch(r" *[\w.+-]+(?: +[\w.+-]+)?", line) else ""
        begun_at = quote
    return rows, unread


def _subsystem_row(quote: Quote, line: str) -> Optional[SubsystemRow]:
    words = line.split()
    if _MESSAGE.search(line) or len(words) < 2:
        return None
    pid_at = next((at for at in (1, 2) if at < len(words) - 1 and _PID.fullmatch(words[at])), None)
    if pid_at is not None:
        head, pid, status = words[:pid_at], int(words[pid_at]), words[pid_at + 1 :]
    elif len(words) <= 3:
        head, pid, status = words[:-1], None, words[-1:]
    else:
        # a status of several words: it stands behind the last wide gap
        before, _, after = line.rpartition("  ")
        head, pid, status = before.split(), None, after.split()
    if not 1 <= len(head) <= 2 or not all(_NAME.fullmatch(word) for word in head) or len(status) > 4:
        return None
    # a byte of another code page than ISO8859-1 may be no letter there
    if not status or not (status[0][0].isalpha() or status[0][0] > "~") or head[1:] == ["internal"]:
        return None
    return SubsystemRow(head[0], head[1] if len(head) > 1 else None, pid, " ".join(status).lower(), quote)


def _service_row(quote: Quote) -> Optional[InetdServiceRow]:
    # a path or `internal` as second word is what no other line of the output has
    words = quote.text[:1000].split()
    if len(words) < 3 or not _NAME.fullmatch(words[0]):
        return None
    if not words[1].startswith("/") and words[1] != "internal":
        return None
    return InetdServiceRow(words[0], words[1], " ".join(words[2:-1]), words[-1].lower(), quote)


def _bare_row(quote: Quote, service: Optional[str]) -> Optional[InetdServiceRow]:
    # a service that inetd does not run may have neither command nor description
    words = quote.text[:1000].split()
    if len(words) == 2 and words[0] == service and words[1].lower() in _STATES:
        return InetdServiceRow(words[0], "", "", words[1].lower(), quote)
    return None
