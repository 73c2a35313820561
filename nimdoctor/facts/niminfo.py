"""/etc/niminfo: what a host knows of itself and its NIM master, as shell assignments."""

import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, Unreadable

PORTS = {"NIM_MASTER_PORT": 1058, "NIM_REGISTRATION_PORT": 1059}
"""The variables that name nimesis' ports, and the usual ones."""

_WRAPPED = 60
"""Lines that one value has at most: a quotation mark that is never closed takes no more."""
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")


@fact(Row("/etc/niminfo", Kind.FILE), reads_parts=True)
class NimInfo(NamedTuple):
    """The variables; values without their quotes, wrapped ones joined by a blank; `raw` is the file as it is.
    `complete` is False where that was not given whole, so that a variable not among them may be set.

    A value goes on in the next lines only inside its quotes, as in a shell: what stands behind it is no part of it.

    >>> info = NimInfo.parse(Text.of('''#------------------ Network Install Manager ---------------
    ... export NIM_NAME=lpar7
    ... export NIM_CONFIGURATION=standalone
    ... export NIM_SHELL="nimsh"
    ... export NIM_HOSTS=" 127.0.0.1:loopback:localhost 10.1.1.7:lpar7
    ...   10.1.1.5:nim1 "''', "/etc/niminfo"))
    >>> info.get("NIM_SHELL"), info.get("NIM_HOSTS").split()[-1]
    ('nimsh', '10.1.1.5:nim1')
    """

    source: str
    values: Mapping[str, str]
    quotes: Mapping[str, Quote]
    raw: bytes = b""
    complete: bool = True

    @classmethod
    def parse(cls, text: Text) -> "NimInfo":
        """Raises BadEvidence when no NIM variable is in it."""
        values: Dict[str, List[str]] = {}
        quotes: Dict[str, Quote] = {}
        name = mark = ""
        for quote in text.quotes():
            line = quote.text.replace("\0", "")
            if line.lstrip().startswith("#"):
                continue
            found = _ASSIGNMENT.match(line)
            if found:
                name, value = found.groups()
                values[name] = [value]
                quotes[name] = quote
                mark = _open_mark(value)
            elif mark and line.strip():
                # NIM_HOSTS and ROUTES may wrap
                values[name].append(line)
                mark = "" if mark in line or len(values[name]) > _WRAPPED else mark
        if not any(found.startswith("NIM") or found in ("ROUTES", "NIM_NAME") for found in values):
            raise BadEvidence(f"{text.source} {'holds no NIM variable' if text.read().strip() else 'is empty'}")
        unquoted = {key: _unquote(" ".join(parts)) for key, parts in values.items()}
        return cls(text.source, unquoted, quotes, text.raw() if text.is_whole else b"", text.is_whole)

    def get(self, name: str) -> Optional[str]:
        """The variable's value, None when it is not set or empty."""
        return self.values.get(name) or None

    def port(self, variable: str) -> Optional[int]:
        """The port that one of PORTS names, the usual one where it is not set; None where its value is no port, or where
        it is not known to be set.

        >>> NimInfo.parse(Text.of("export NIM_MASTER_PORT=1061", "/etc/niminfo")).port("NIM_MASTER_PORT")
        1061
        """
        value = self.get(variable)
        if value is None:
            return PORTS[variable] if self.complete else None
        fits = value.isascii() and value.isdigit() and len(value) < 6
        return int(value) if fits and 0 < int(value) < 65536 else None

    def quote(self, name: str) -> Quote:
        """The line that sets it, or the whole file when none does."""
        return self.quotes.get(name, self.whole())

    @property
    def roles(self) -> Tuple[str, ...]:
        """What NIM_CONFIGURATION says the host is; an alternate master is both ends."""
        configured = (self.get("NIM_CONFIGURATION") or "").strip().lower()
        if configured == "master":
            return ("master",)
        if configured == "alternate_master":
            return ("client", "master")
        return ("client",) if configured else ()

    def master_names(self) -> Tuple[str, ...]:
        """Names and addresses under which the master is known here, the host name first."""
        master = self.get("NIM_MASTER_HOSTNAME")
        if not master:
            return ()
        rows = [known for known in self._hosts() if any(name.lower() == master.lower() for name in known)]
        return tuple(dict.fromkeys([master, *(name for known in rows for name in known)]))

    def address_of(self, name: Optional[str]) -> Optional[str]:
        """The address that NIM_HOSTS gives a host name, whatever its case; None when it has none."""
        for address, *names in self._hosts():
            if name and name.lower() in (known.lower() for known in names):
                return address
        return None

    def _hosts(self) -> List[List[str]]:
        """The groups of NIM_HOSTS: an address and the names that it has."""
        return [group.split(":") for group in (self.get("NIM_HOSTS") or "").split()]

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")


@fact("/etc/niminfo")
class NimInfoFile(NamedTuple):
    """The file itself, whatever is in it: whether it exists, and `info` where it holds variables, else `problem`.

    >>> NimInfoFile.parse(Text.of("", "/etc/niminfo")).problem
    'is empty'
    """

    source: str
    exists: bool
    info: Optional[NimInfo]
    problem: str = ""

    @classmethod
    def parse(cls, text: Text) -> "NimInfoFile":
        """Raises BadEvidence for a file that cannot be read, and for one that is something else: what is left of
        a niminfo are assignments, comments, blanks and NULs.
        """
        try:
            return cls(text.source, True, NimInfo.parse(text))
        except Unreadable:
            raise
        except BadEvidence:
            lines = [line.replace("\0", "").strip() for _, line in text.lines()]
            if any(line and not line.startswith("#") and not _ASSIGNMENT.match(line) for line in lines):
                raise
            return cls(text.source, True, None, "holds no NIM variable" if text.raw().strip() else "is empty")

    @classmethod
    def absent(cls, path: str) -> "NimInfoFile":
        """The file is known not to exist."""
        return cls(path, False, None, "does not exist")

    def whole(self) -> Quote:
        """A quote that means the whole file."""
        return Quote(self.source, None, "")


def _open_mark(value: str) -> str:
    """The quotation mark that a value begins with and does not end with; empty where there is none."""
    mark = value.lstrip()[:1]
    return mark if mark in ("'", '"') and mark not in value.lstrip()[1:] else ""


def _unquote(value: str) -> str:
    value = value.strip()
    for mark in ('"', "'"):
        if value.startswith(mark):
            end = value.find(mark, 1)
            return (value[1:end] if end > 0 else value[1:]).strip()
    return re.sub(r"(?<!\s)\s+#.*$", "", value).strip()
