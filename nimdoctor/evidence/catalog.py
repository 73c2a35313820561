"""The one list of every file and command that is read, with the role and the facts it feeds.

A live scan, `collect`, recorded evidence and loose files all go through it: nothing else names
what is read from a host. A third party adds rows with `nimdoctor.library.registry.fact`.
"""

import enum
import re
from functools import cache
from typing import Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

CLIENT, MASTER = "client", "master"
EVERY = frozenset({CLIENT, MASTER})
NAME_LIMIT = 200
"""Bytes of a command's file name in an evidence directory."""


class Kind(enum.Enum):
    """What a row reads."""

    FILE = "file"
    COMMAND = "command"
    PATHS = "paths"
    REHEARSAL = "rehearsal"


class Row(NamedTuple):
    """One thing that is read.

    `name` is an absolute path (its last part, or one before it, may be `*`), a command as typed, or for PATHS
    a path whose last part may end in `*` and which covers everything below it when it ends in `/**`; a REHEARSAL
    is held on a live host and cannot be recorded. `facts` are class names, best
    source first in catalog order. Commands may hold placeholders in braces, filled from facts.
    `live` is False for what is only ever recorded by somebody. `variants` are beginnings of other
    command lines whose recorded output serves as well. `empty_means_none` says that empty output
    is an answer. `streamed` marks what may be too large to read whole. `live_for` are facts for which a
    live host runs it although `live` is False: what a scan need not know, but a fix must. `when_known`
    marks a command that is left out, without a word, where a placeholder of it has no value. `bears_refusal` marks
    output that serves also where the command says that it was refused a part of it.
    """

    name: str
    kind: Kind
    facts: Tuple[str, ...]
    roles: FrozenSet[str] = EVERY
    live: bool = True
    variants: Tuple[str, ...] = ()
    empty_means_none: bool = False
    streamed: bool = False
    live_for: Tuple[str, ...] = ()
    when_known: bool = False
    bears_refusal: bool = False

    def argv(self, names: Mapping[str, str]) -> Optional[List[str]]:
        """The command as a list of words; None when a placeholder has no value."""
        words = []
        for word in self.name.split():
            if word.startswith("{"):
                value = names.get(word.strip("{}"))
                if not value:
                    return None
                word = value
            words.append(word)
        return words

    @property
    def label(self) -> str:
        """The name as people write it: placeholders without their braces."""
        return self.name.replace("{", "").replace("}", "")

    def serves(self, recorded: str) -> bool:
        """Whether a recorded command line, or the file name made of one, is this row's."""
        return self.matched_length(file_name(strip_directory(recorded))) > 0

    def matched_length(self, found: str) -> int:
        """How much of a recorded command's file name this row accounts for; 0 is no match, exact counts more."""
        best = 0
        for wanted, open_ended in _patterns(self):
            if found == wanted:
                best = max(best, 2 * len(wanted) + 1)
            elif open_ended and found.startswith(wanted + "_"):
                best = max(best, 2 * len(wanted))
        return best


@cache
def _patterns(row: Row) -> Tuple[Tuple[str, bool], ...]:
    """File names a row's commands have, and whether further words may follow."""
    found = []
    for line in (row.name, *row.variants):
        fixed = line.split("{")[0].strip()
        found.append((file_name(fixed), fixed != line or line in row.variants))
    return tuple(found)


def file_name(command: str) -> str:
    """The file a command's output has in an evidence directory without a manifest.

    >>> file_name("ar -X32_64 -tv /usr/lib/libssl.a")
    'ar_-X32_64_-tv_usr_lib_libssl.a'
    """
    return re.sub(r"[^A-Za-z0-9.=+-]+", "_", command.strip())[:NAME_LIMIT]


def strip_directory(command: str) -> str:
    """The command line with its program's directory taken off: `/usr/bin/lssrc -a` is `lssrc -a`."""
    words = command.strip().split(" ", 1)
    words[0] = words[0].rsplit("/", 1)[-1]
    return " ".join(words)


def _file(path: str, *facts: str, **more: object) -> Row:
    return Row(path, Kind.FILE, facts, **more)  # type: ignore[arg-type]


def _command(line: str, *facts: str, **more: object) -> Row:
    return Row(line, Kind.COMMAND, facts, **more)  # type: ignore[arg-type]


def _paths(path: str, **more: object) -> Row:
    return Row(path, Kind.PATHS, ("Paths",), **more)  # type: ignore[arg-type]


_ONLY_MASTER = frozenset({MASTER})
_ONLY_CLIENT = frozenset({CLIENT})

REHEARSAL = "rehearsal of the handshake"
IGNORE_FILE = "/etc/nimdoctor.ignore"
LEVELS_FILE = "/etc/nimdoctor.levels"
STATE_DIRECTORY = "/var/adm/nimdoctor"
RUN_JOURNALS = f"{STATE_DIRECTORY}/runs/*/journal.jsonl"
PACKAGES_BEGUN = f"{STATE_DIRECTORY}/changes/*/begun"

ROWS: Tuple[Row, ...] = (
    _file(IGNORE_FILE),
    _file(LEVELS_FILE, "SiteLevels"),
    _file("/etc/niminfo", "NimInfo", "NimInfoFile"),
    _file("/etc/inetd.conf", "InetdConf"),
    _file("/etc/services", "Services"),
    _file("/etc/tftpaccess.ctl", "TftpAccess"),
    _file("/etc/hosts", "Hosts"),
    _file("/etc/netsvc.conf", "NetsvcConf"),
    _file("/.rhosts", "Rhosts", roles=_ONLY_CLIENT),
    _file("/var/adm/ras/nimsh.log", "NimshLog", streamed=True),
    _file("/ssl_nimsh/certs/*", "Certificates", "CertificateDetails"),
    _file("/ssl_nimsh/configs/*", "SslConfigs", roles=_ONLY_MASTER),
    _file("/usr/samples/nim/ssl/*", "SslSamples", roles=_ONLY_MASTER),
    _file(RUN_JOURNALS, "RepairRuns"),
    _file(PACKAGES_BEGUN, "RepairRuns"),
    _paths("/etc/niminfo"),
    _paths("/ssl_nimsh/**"),
    _paths("/usr/lib/libssl.so*"),
    _paths("/usr/lib/libcrypto.so*"),
    _paths("/var/adm/ras/nimsh.log"),
    _paths("/etc/tftpaccess.ctl"),
    _paths("/.rhosts", roles=_ONLY_CLIENT),
    _paths(f"{STATE_DIRECTORY}/runs/**"),
    _command("oslevel -s", "OsLevel", variants=("oslevel",)),
    _command("uname -m", "MachineId"),
    _command("hostname", "HostName"),
    _command("date -u +%Y-%m-%dT%H:%M:%SZ", "UtcDate", variants=("date -u",)),
    _command("date +%Y-%m-%dT%H:%M:%S", "LocalDate"),
    _command("lslpp -lc", "Filesets", variants=("lslpp -lc", "lslpp -cl", "lslpp -c -l", "lslpp -l -c", "lslpp -qlc", "lslpp -qcl")),
    _command("lslpp -Lc", "Filesets", live=False, variants=("lslpp -Lc", "lslpp -cL", "lslpp -c -L", "lslpp -L -c", "lslpp -qLc")),
    _command("lslpp -l", "Filesets", live=False, variants=("lslpp -l", "lslpp -L", "lslpp -al")),
    _command(
        "lslpp -hc openssl.base bos.sysmgt.nim.client bos.sysmgt.nim.master",
        "FilesetHistory",
        variants=("lslpp -hc", "lslpp -ch", "lslpp -h"),
    ),
    _command("instfix -ik {APARS}", "Apars", variants=("instfix -ik", "instfix -i")),
    _command("emgr -lv3", "InterimFixes", variants=("emgr -lv3", "emgr -lv 3", "emgr -l -v3", "emgr -l")),
    _command("lssrc -a", "Subsystems", variants=("lssrc -s", "lssrc -g")),
    _command("lssrc -ls inetd", "InetdServices", variants=("lssrc -l -s inetd",)),
    _command("lssrc -t tftp", "InetdServices", variants=("lssrc -t",)),
    _command("lssrc -S -s nimsh", "NimshDefinition", variants=("lssrc -Ss nimsh",)),
    _command("ps -eo pid,ppid,etime,args", "Processes", variants=("ps -eo", "ps -e -o", "ps -A -o")),
    _command("ps -ef", "Processes", live=False, variants=("ps -ef", "ps -e -f", "ps -fe", "ps -edf", "ps")),
    _command("netstat -in", "Interfaces", variants=("netstat -in", "netstat -ni")),
    _command("netstat -an", "Sockets", variants=("netstat -an", "netstat -Aan", "netstat -na", "netstat -aAn")),
    _command("df -k", "FileSystems", variants=("df",), bears_refusal=True),
    _command("openssl version", "OpensslVersion", variants=("openssl version",)),
    _command("ar -X32_64 -tv /usr/lib/libssl.a", "LibraryArchives", variants=("ar",)),
    _command("ar -X32_64 -tv /usr/lib/libcrypto.a", "LibraryArchives"),
    _command("lsitab nimsh", "Inittab", empty_means_none=True),
    _command("audit query", "Auditing"),
    _command("uname -W", "Wpar"),
    _command("host {CLIENT_HOSTNAME}", "NameLookups", variants=("host",)),
    _command("host {MASTER_HOSTNAME}", "NameLookups"),
    _command("host {CLIENT_ADDRESS}", "NameLookups", when_known=True),
    _command("host {MASTER_ADDRESS}", "NameLookups", when_known=True),
    _command("lsnim -l", "NimObjects", roles=_ONLY_MASTER, variants=("lsnim -l", "lsnim -Z -l", "lsnim -lZ")),
    _command("nimclient -l -l {NIM_NAME}", "NimclientObjects", "NimMessages", roles=_ONLY_CLIENT, variants=("nimclient -l -l", "nimclient -ll", "nimclient -l -L"), bears_refusal=True),
    _command("nimclient -l -l master", "NimclientObjects", "NimMessages", roles=_ONLY_CLIENT, bears_refusal=True),
    _command("ioscli ioslevel", "IosLevel", variants=("ioscli ioslevel", "ioslevel")),
    _command("nim -o showres {LPP_SOURCE}", "LppSourceContents", "LppSources", roles=_ONLY_MASTER, live=False, live_for=("LppSources",), variants=("nim -o showres",)),
    _command("nim -o lslpp", "RecordedPush", roles=_ONLY_MASTER, live=False, variants=("nim -o", "nim -Fo"), bears_refusal=True),
    _command("nimclient -c", "CryptoSetup", "NimMessages", roles=_ONLY_CLIENT, live=False, variants=("nimclient -c",), bears_refusal=True),
    _command("openssl x509 -noout -text -nameopt RFC2253 -pubkey -fingerprint -sha256 -in {CERTIFICATE}", "CertificateDetails", live=False, variants=("openssl x509",)),
    Row(REHEARSAL, Kind.REHEARSAL, ("Rehearsal",), roles=_ONLY_MASTER),
    _command("ls -l", "Paths", live=False, variants=("ls", "find /ssl_nimsh", "istat"), bears_refusal=True),
)  # fmt: skip


@cache
def _programs(row: Row) -> FrozenSet[str]:
    """First words of the command lines that serve a row."""
    return frozenset(line.split()[0] for line in (row.name, *row.variants))


class Catalog:
    """The rows, with whatever a third party added.

    `Catalog().rows_for("InetdConf")` gives the rows that feed a fact, best first.
    """

    def __init__(self, extra: Iterable[Row] = ()) -> None:
        self.rows = ROWS + tuple(extra)
        self._by_fact: Dict[str, List[Row]] = {}
        for row in self.rows:
            for fact in row.facts:
                self._by_fact.setdefault(fact, []).append(row)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def rows_for(self, fact: str) -> List[Row]:
        """Rows that feed the fact of that class name, best first; empty for an unknown one."""
        return self._by_fact.get(fact, [])

    def named(self, name: str) -> Optional[Row]:
        """The row of that label; else the one that such a path or command line belongs to."""
        own = next((row for row in self.rows if row.label == name), None)
        return own or (self.file(name) if name.startswith("/") else self.command(name))

    def command(self, recorded: str) -> Optional[Row]:
        """The row that a recorded command line belongs to: the most specific one that serves."""
        best, row_found = 0, None
        name = file_name(strip_directory(recorded))
        program = re.split("[_ ]", name, maxsplit=1)[0]
        for row in self.rows:
            if row.kind is Kind.COMMAND and program in _programs(row):
                length = row.matched_length(name)
                if length > best:
                    best, row_found = length, row
        return row_found

    def row(self, name: str) -> Optional[Row]:
        """The row of that name, as `missing` has it."""
        return next((row for row in self.rows if row.label == name), None)

    def file(self, path: str) -> Optional[Row]:
        """The row that a file path belongs to."""
        for row in self.rows:
            if row.kind is Kind.FILE and path_matches(row.name, path):
                return row
        return None


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path is one the pattern of a row covers.

    >>> path_matches("/usr/lib/libssl.so*", "/usr/lib/libssl.so.0.9.8")
    True
    >>> path_matches("/ssl_nimsh/**", "/ssl_nimsh/keys/serverkey.pem")
    True
    >>> path_matches("/ssl_nimsh/certs/*", "/ssl_nimsh/certs/a/b")
    False
    >>> path_matches("/var/adm/nimdoctor/runs/*/journal.jsonl", "/var/adm/nimdoctor/runs/1/journal.jsonl")
    True
    """
    if "/*/" in pattern:
        start, _, end = pattern.partition("*")
        inside = path[len(start) : len(path) - len(end)]
        return path.startswith(start) and path.endswith(end) and bool(inside) and "/" not in inside
    if pattern.endswith("/**"):
        return path == pattern[:-3] or path.startswith(pattern[:-2])
    if pattern.endswith("*"):
        start = pattern[:-1]
        return path.startswith(start) and "/" not in path[len(start) :] and path != start
    return path == pattern
