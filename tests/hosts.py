"""Evidence built in a test: whole hosts from a few texts, and the scan of them.

`evidence` gives a host in memory, `write_evidence` the same as a directory, `loose` bare files;
`scan_hosts` runs the checks over them. The rest writes texts in the shape AIX prints them.
"""

import io
import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from nimdoctor.diagnosis.engine import Result
from nimdoctor.evidence.catalog import Row, file_name
from nimdoctor.evidence.live_base import LiveBase
from nimdoctor.evidence.loose import LooseEvidence, read_loose
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import Report, scan
from nimdoctor.model.path_state import PathRecord
from nimdoctor.model.text import Text
from nimdoctor.system.command import CommandResult

Content = Union[str, bytes]

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "hosts"
LOG = "/var/adm/ras/nimsh.log"
PS = "ps -eo pid,ppid,etime,args"
UTC, LOCAL = "date -u +%Y-%m-%dT%H:%M:%SZ", "date +%Y-%m-%dT%H:%M:%S"


class MemoryTree:
    """The files of an evidence directory, held in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.remarks: List[str] = []

    @classmethod
    def load(cls, directory: Path) -> "MemoryTree":
        """A copy of a directory on disk."""
        paths = (path for path in sorted(directory.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
        return cls({path.relative_to(directory).as_posix(): path.read_bytes() for path in paths})

    def names(self) -> Sequence[str]:
        return sorted(self.files)

    def directories(self) -> Sequence[str]:
        found = set()
        for name in self.files:
            parts = name.split("/")[:-1]
            found |= {"/".join(parts[: end + 1]) for end in range(len(parts))}
        return sorted(found)

    def open(self, name: str) -> BinaryIO:
        if name not in self.files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return io.BytesIO(self.files[name])

    def size(self, name: str) -> int:
        with self.open(name) as stream:
            return len(stream.read())

    def close(self) -> None:
        pass


def collected(
    *,
    files: Optional[Mapping[str, Content]] = None,
    commands: Optional[Mapping[str, Content]] = None,
    paths: Optional[Mapping[str, Optional[Mapping[str, Any]]]] = None,
    host: Optional[str] = "lpar7",
    role: Optional[str] = "client",
    status: Optional[Mapping[str, int]] = None,
    stderr: Optional[Mapping[str, str]] = None,
) -> Dict[str, bytes]:
    """The files of an evidence directory, by relative name; `status` and `stderr` are by command."""
    tree: Dict[str, bytes] = {}
    manifest: Dict[str, Any] = {"schema": "nimdoctor.evidence/1", "commands": {}, "paths": dict(paths or {})}
    manifest.update({key: value for key, value in (("host", host), ("role", role)) if value})
    for path, content in (files or {}).items():
        tree["files" + path] = _raw(content)
    for command, content in (commands or {}).items():
        name = "commands/" + file_name(command)
        tree[name] = _raw(content)
        manifest["commands"][command] = {
            "file": name,
            "status": (status or {}).get(command, 0),
            "stderr": (stderr or {}).get(command, ""),
        }
    tree["manifest.json"] = json.dumps(manifest).encode()
    return tree


def evidence(target: str = "case", **parts: Any) -> RecordedEvidence:
    """A host in memory; the parts are those of `collected`."""
    return RecordedEvidence(target, MemoryTree(collected(**parts)))


class AskedNow(LiveBase):
    """A recorded host as one that is asked now: every answer is the recorded one, and no command can be run."""

    def __init__(self, recorded: RecordedEvidence) -> None:
        super().__init__(recorded.target, 30.0, None)
        self._recorded = recorded
        self.host, self.roles = recorded.host, recorded.roles
        self.loose, self.thorough = recorded.loose, recorded.thorough
        self.problems, self.remarks = recorded.problems, recorded.remarks

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        return self._recorded.texts(row, names)

    def paths(self, rows: List[Row]) -> PathRecord:
        return self._recorded.paths(rows)

    def file_absent(self, path: str) -> Optional[bool]:
        return self._recorded.file_absent(path)

    def execute(self, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> Tuple[Optional[CommandResult], str]:
        return None, "no such command on this host"


def write_evidence(directory: Path, **parts: Any) -> Path:
    """The same as an evidence directory on disk."""
    for name, content in collected(**parts).items():
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return directory


def loose(files: Mapping[str, Content]) -> LooseEvidence:
    """Bare files of one host, by their names."""
    raw = {name: _raw(content) for name, content in files.items()}
    return read_loose("case", [(name, lambda one=one: io.BytesIO(one), len(one)) for name, one in raw.items()])


def _raw(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


@cache
def registry() -> Registry:
    """Every installed check, loaded once."""
    return Registry()


def scan_hosts(target: Evidence, master: Optional[Evidence] = None, *, only: Sequence[str] = (), **more: Any) -> Report:
    """The report on hosts in memory."""
    return scan(target, master, registry=registry(), only=only, **more)


def results_of(check: str, target: Evidence, master: Optional[Evidence] = None, **more: Any) -> List[Result]:
    """Every entry of one check."""
    return [found for found in scan_hosts(target, master, only=[check], **more).results if found.check == check]


def result_of(
    check: str, target: Evidence, master: Optional[Evidence] = None, where: Optional[str] = None, **more: Any
) -> Result:
    """The only entry of one check, on one end where it has an entry on both."""
    found = results_of(check, target, master, **more)
    chosen = [result for result in found if where is None or result.where.value == where]
    assert len(chosen) == 1, [(result.where.value, result.outcome.value, result.message) for result in found]
    return chosen[0]


# -- texts in the shape of recorded outputs

MASTER_STANZA = """master:
   class               = machines
   type                = master
   if1                 = net_10_1 nim1 0
   Cstate              = ready for a NIM operation
   ssl_support         = yes
"""
PLAIN_MASTER_STANZA = MASTER_STANZA.replace("   ssl_support         = yes\n", "")
NETWORK_AND_RESOURCE = """net_10_1:
   class      = networks
   type       = ent
   net_addr   = 10.1.1.0
lpp_7104:
   class       = resources
   type        = lpp_source
   location    = /export/nim/lpp_7104
"""


def machine(
    name: str = "lpar7",
    connect: Optional[str] = "nimsh (secure)",
    interface: Optional[str] = None,
    cpuid: str = "00F6A1B24C00",
    kind: str = "standalone",
) -> str:
    """One machine's stanza of `lsnim -l`."""
    row = f"   connect        = {connect}\n" if connect else ""
    return (
        f"{name}:\n   class          = machines\n   type           = {kind}\n{row}"
        f"   if1            = net_10_1 {interface or name} 0\n   cpuid          = {cpuid}\n"
    )


def niminfo(shell: Optional[str] = "nimsh", master: str = "nim1", **more: str) -> str:
    """/etc/niminfo of lpar7."""
    values = {
        "NIM_NAME": "lpar7",
        "NIM_HOSTNAME": "lpar7",
        "NIM_CONFIGURATION": "standalone",
        "NIM_MASTER_HOSTNAME": master,
    }
    if shell:
        values["NIM_SHELL"] = f'"{shell}"'
    values.update(more)
    return "".join(f"export {name}={value}\n" for name, value in values.items() if value)


def processes(nimsh: Optional[str] = "-s -c", elapsed: str = "23-04:22:10", children: str = "") -> str:
    """`ps -eo pid,ppid,etime,args` with the nimsh daemon as process 7799162."""
    daemon = f" 7799162  3211664 {elapsed:>11} /usr/sbin/nimsh {nimsh}\n" if nimsh is not None else ""
    return (
        "     PID     PPID     ELAPSED COMMAND\n       1        0 23-04:23:18 /etc/init\n"
        f" 3211664        1 23-04:22:47 /usr/sbin/srcmstr\n{daemon}{children}"
    )


def stamped(when: datetime, message: str) -> str:
    """One line of nimsh.log; the day is padded with a blank, as ctime does."""
    return f"{when:%a %b} {when.day:2} {when:%H:%M:%S %Y} {message}\n"


def connection(when: datetime, address: str = "10.1.1.10") -> str:
    """What nimsh writes for any connection, a port scan included."""
    return stamped(when, "file descriptor is : 6") + stamped(when, f"source addr is : {address}")


def tls_push(when: datetime, end: str = "sending ack to client..") -> str:
    """A push with TLS: fourteen lines up to `create BIO`, then `end` a second later; empty for a hang."""
    lines = ["1st write query is 0", "6th write Openssl setting is 1"]
    text = connection(when) + "".join(stamped(when, f"success: we got {line}") for line in lines)
    for message in ("Loading certificates..", "Negotiating SSL_CTX object using SSLv23_method",
                    "Loading private key file..", "create BIO"):  # fmt: skip
        text += stamped(when, message)
    return text + (stamped(when + timedelta(seconds=1), end) if end else "")


def query(when: datetime) -> str:
    """A nimquery from the master."""
    return (
        connection(when)
        + stamped(when, "success: we got 1st write query is 1")
        + stamped(when, "sending ack to client..")
    )


def plain_push(when: datetime) -> str:
    """A push without TLS."""
    lines = ["success: we got 1st write query is 0", "success: we got 6th write Openssl setting is 0"]
    return connection(when) + "".join(stamped(when, line) for line in [*lines, "sending ack to client.."])


def service_start(when: datetime) -> str:
    """nimsh was started."""
    return stamped(when, "NIM Service Handler started from SRC")


def members(archive: str, *sizes: int, version: str = "0.9.8") -> str:
    """`ar -tv` of libssl.a or libcrypto.a: one member of that version for each size."""
    name = archive.replace(".a", f".so.{version}")
    other = f"rwxr-xr-x     0/0     741023 Mar 14 04:41 2019 {archive.replace('.a', '.so')}\n"
    return other + "".join(f"rwxr-xr-x     0/0     {size} Mar 14 04:41 2019 {name}\n" for size in sizes)


def filesets(*rows: str, state: str = "COMMITTED", header: bool = True) -> str:
    """`lslpp -lc`: each row is `FILESET LEVEL`, or `FILESET LEVEL STATE`."""
    text = "#Fileset:Level:PTF Id:State:Type:Description:EFIX Locked\n" if header else ""
    for row in rows:
        fileset, level, *own = row.split()
        text += f"/usr/lib/objrepos:{fileset}:{level}::{own[0] if own else state}:F:Some Words:\n"
    return text


def subsystems(*rows: str) -> str:
    """`lssrc -a`: each row is `NAME GROUP STATUS`, with a PID where it is active."""
    text = "Subsystem         Group            PID          Status\n"
    for row in rows:
        name, group, status = row.split()
        text += f" {name:<16} {group:<16} {'7799162' if status == 'active' else '':<12} {status}\n"
    return text


def listening(*ports: int, established: Sequence[str] = ()) -> str:
    """`netstat -an`: listening ports, and local addresses of established connections."""
    text = "Active Internet connections (including servers)\n"
    text += "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n"
    for port in ports:
        text += f"tcp        0      0  *.{port:<20} *.*                    LISTEN\n"
    for local in established:
        text += f"tcp4       0      0  {local:<22} 10.1.1.10.1021         ESTABLISHED\n"
    return text


def certificate(number: int) -> str:
    """A block that stands for one certificate; numbers below 128 give blocks that differ."""
    import base64

    body = base64.b64encode(bytes([0x30, 0x03, 0x02, 0x01, number])).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
