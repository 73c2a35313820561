"""`ps -eo pid,ppid,etime,args` and `ps -ef`: processes."""

import re
from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Coverage, Quote, Text, first_words

PROCESSES = "ps -eo pid,ppid,etime,args"
"""The name that they have in the catalog."""

_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_ELAPSED = re.compile(r"(?:(?:([0-9]{1,5})-)?([0-9]{1,2}):)?([0-9]{1,3}):([0-9]{2})", re.ASCII)
_CPU_TIME = re.compile(r"(?:[0-9]{1,5}-)?[0-9]{1,6}(?::[0-9]{2}){1,2}", re.ASCII)
_CUT_AT = (79, 80)
"""Lengths at which the form with %CPU cuts a row, so that arguments may be missing."""
_START = r"(?:[^\W\d_]{3} [0-9]{1,2}|[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
_BSD = re.compile(
    rf"\s*(\S+)\s+([0-9]{{1,10}})\s+[0-9.]+\s+[0-9.]+\s+[0-9]+\s+[0-9]+\s+\S+\s+[A-Z<+]+\s+({_START})\s+[0-9]+:[0-9]{{2}}\s+(\S.*)"
)
_COLUMNS = {
    "USER": r"(?:[^\W\d]\S*\s+)?",
    "PID": r"(?P<pid>[0-9]{1,10})\s+",
    "PPID": r"(?P<ppid>[0-9]{1,10})\s+",
    "STIME": rf"(?:(?P<start>{_START})\s+)?",
    "TIME": r"(?:[0-9]{1,5}-)?[0-9]{1,6}(?::[0-9]{2}){1,2}\s+",
}
"""Columns of `ps -o` as a row with a start has them; user, start and terminal are blank for a process that has ended."""
_COMMAND_HEADINGS = ("COMMAND", "CMD", "ARGS")
_ELAPSED_HEADINGS = ("ELAPSED", "ETIME")
_SHELLS = ("ksh", "ksh93", "bsh", "sh", "bash", "psh", "perl")
_INSTALLERS = ("installp", "mksysb", "nimadm")
_METHODS = "/usr/lpp/bos.sysmgt/nim/methods/"


class ProcessRow(NamedTuple):
    """One process. `elapsed` is seconds since its start, `started` the start as `ps -ef` prints it
    (`10:05:04` today, `Mar 14` before); None where not shown.
    """

    pid: int
    ppid: Optional[int]
    args: str
    elapsed: Optional[int]
    started: Optional[str]
    at: Quote

    @property
    def program(self) -> str:
        """Base name of the program: first word of the arguments without its directory."""
        words = self.args.split(None, 1)
        return words[0].rsplit("/", 1)[-1] if words else ""

    @property
    def words(self) -> Tuple[str, ...]:
        """The arguments word by word, without the program."""
        return tuple(self.args.split()[1:])

    @property
    def runs(self) -> str:
        """Base name of what runs; of a script, for which ps shows the shell first, that of the script."""
        if self.program not in _SHELLS:
            return self.program
        script = next((word for word in self.words if not word.startswith("-")), "")
        return script.rsplit("/", 1)[-1] or self.program

    @property
    def installs(self) -> bool:
        """Whether it installs, saves or migrates a system: installp, mksysb, nimadm, alt_disk and the like."""
        return self.runs in _INSTALLERS or self.runs.startswith(("alt_disk", "alt_rootvg_op"))

    @property
    def operates(self) -> bool:
        """Whether it is a NIM operation, as typed (nim, nimclient) or one of NIM's own methods."""
        return self.runs in ("nim", "nimclient") or _METHODS in self.args

    def quote(self) -> Quote:
        """The row as printed."""
        return self.at


@fact(
    Row("ps -eo pid,ppid,etime,args", Kind.COMMAND, variants=("ps -eo", "ps -e -o", "ps -A -o")),
    Row("ps -ef", Kind.COMMAND, live=False, variants=("ps -ef", "ps -e -f", "ps -fe", "ps -edf", "ps")),
    reads_parts=True,
)
class Processes(NamedTuple):
    """Processes in the order printed; `coverage` is what was given of the output.

    >>> processes = Processes.parse(Text.of('''     PID     PPID     ELAPSED COMMAND
    ...       1        0 12-03:04:05 /etc/init
    ... 7405942  4194674    01:02:03 /usr/sbin/nimsh -s -c
    ... 9306482  7405942       05:10 /usr/sbin/nimsh -s -c
    ... ''', "ps -eo pid,ppid,etime,args"))
    >>> [(row.pid, row.elapsed) for row in processes.named("nimsh")]
    [(7405942, 3723), (9306482, 310)]
    >>> [row.pid for row in processes.children(7405942)]
    [9306482]
    """

    source: str
    rows: Tuple[ProcessRow, ...]
    coverage: Coverage = Coverage()

    @classmethod
    def parse(cls, text: Text) -> "Processes":
        """Raises BadEvidence for an empty text or one without a process that shows its parent."""
        rows = []
        headings: List[str] = []
        first = ""
        for quote in text.quotes():
            words = quote.text[:400].upper().split()
            first = first or quote.text.strip()
            # without parents it may be `ps -e` or `-o comm`, which show no arguments at all
            whole_rows = "PPID" in words or "%CPU" in words or "args" in text.name
            if "PID" in words and whole_rows and words[-1] in _COMMAND_HEADINGS:
                headings = words
                continue
            row = (
                (_row_by(headings, quote) if headings else None)
                or _full_row(quote)
                or _short_row(quote)
                or _bsd_row(quote)
            )
            if row:
                rows.append(row)
        if not first:
            raise BadEvidence(f"{text.source} is empty")
        if not rows:
            raise BadEvidence(f"{text.source} lists no process: {first_words(first)}")
        return cls(text.source, tuple(rows), text.coverage)

    def named(self, program: str) -> Tuple[ProcessRow, ...]:
        """Processes whose program's base name is that."""
        return tuple(row for row in self.rows if row.program == program)

    def shows(self, word: str) -> bool:
        """Whether every process whose row holds that word is there."""
        return self.coverage.of(word)

    def children(self, pid: int) -> Tuple[ProcessRow, ...]:
        """Processes whose parent is that one."""
        return tuple(row for row in self.rows if row.ppid == pid and row.pid != pid)

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _row_by(headings: List[str], quote: Quote) -> Optional[ProcessRow]:
    """A row of `ps -o ...`: one word a column, the arguments last. A start may be of two words, or missing."""
    if "STIME" in headings or "STARTED" in headings:
        return _row_with_start(headings, quote)
    words = quote.text.split(None, len(headings) - 1)
    pid_at = headings.index("PID")
    ppid_at = headings.index("PPID") if "PPID" in headings else None
    if len(words) <= max(pid_at, ppid_at or 0) or not _NUMBER.fullmatch(words[pid_at]):
        return None
    if ppid_at is not None and not _NUMBER.fullmatch(words[ppid_at]):
        return None
    elapsed = None
    elapsed_at = next((at for at, heading in enumerate(headings) if heading in _ELAPSED_HEADINGS), None)
    args = words[-1] if len(words) == len(headings) else ""
    if elapsed_at is not None and elapsed_at < len(words):
        elapsed = _seconds(words[elapsed_at])
        if elapsed is None and words[elapsed_at] != "-":
            # a process that has ended shows no time at all: the word there already is its command
            args = " ".join(words[elapsed_at:])
    ppid = int(words[ppid_at]) if ppid_at is not None else None
    return ProcessRow(int(words[pid_at]), ppid, args.rstrip(), elapsed, None, quote)


def _row_with_start(headings: List[str], quote: Quote) -> Optional[ProcessRow]:
    if not set(headings[:-1]) <= set(_COLUMNS) or "PID" not in headings or len(set(headings)) < len(headings):
        return None
    row = re.fullmatch(
        r"\s*" + "".join(_COLUMNS[heading] for heading in headings[:-1]) + r"(?P<args>\S.*)", quote.text[:2000]
    )
    if not row:
        return None
    found = row.groupdict()
    ppid = int(found["ppid"]) if found.get("ppid") else None
    return ProcessRow(int(found["pid"]), ppid, found["args"].rstrip(), None, found.get("start"), quote)


def _bsd_row(quote: Quote) -> Optional[ProcessRow]:
    """The form with %CPU: no parent, and no arguments to be relied on in a row that was cut."""
    row = _BSD.fullmatch(quote.text[:2000])
    if not row or len(quote.text.rstrip()) in _CUT_AT:
        return None
    return ProcessRow(int(row.group(2)), None, row.group(4).rstrip(), None, row.group(3), quote)


def _full_row(quote: Quote) -> Optional[ProcessRow]:
    """`ps -ef`: user, pid, ppid, cpu use, start (one word or two), terminal, CPU time, command."""
    head = quote.text.split(None, 4)
    if len(head) < 5 or not all(_NUMBER.fullmatch(word) for word in head[1:4]):
        return None
    pid, ppid = int(head[1]), int(head[2])
    for start_words in (1, 2, 0):
        # an ended process has neither start nor terminal
        before_time = start_words + 1 if start_words else 0
        words = head[4].split(None, before_time + 1)
        if len(words) == before_time + 2 and _CPU_TIME.fullmatch(words[before_time]):
            if start_words == 1 and not re.search(r"[0-9]", words[0]):
                continue
            started = " ".join(words[:start_words]) or None
            return ProcessRow(pid, ppid, words[-1].rstrip(), None, started, quote)
    return None


def _short_row(quote: Quote) -> Optional[ProcessRow]:
    """`ps -eo pid,ppid,etime,args` whose header was cut off or translated."""
    words = quote.text.split(None, 3)
    if len(words) < 4 or not _NUMBER.fullmatch(words[0]) or not _NUMBER.fullmatch(words[1]):
        return None
    elapsed = _seconds(words[2])
    if elapsed is None:
        return None
    return ProcessRow(int(words[0]), int(words[1]), words[3].rstrip(), elapsed, None, quote)


def _seconds(elapsed: str) -> Optional[int]:
    """Seconds of [[dd-]hh:]mm:ss; None for anything else."""
    match = _ELAPSED.fullmatch(elapsed)
    if not match:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
