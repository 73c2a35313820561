"""What was installed, made, changed and pushed when, on the master of a lab and on each of its clients.

Times are ages in seconds before the lab is built, so that they fit each other whenever that is.
"""

from dataclasses import dataclass, field
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple

MINUTE, HOUR, DAY = 60, 3600, 86400

OLD, CURRENT, NEWER = "1.0.1.516", "1.1.2.2200", "1.1.2.2400"
"""Levels of openssl.base, oldest first; of the later two the tables of levels know nothing bad."""

READY = "ready for a NIM operation"

BYSTANDER = "lpar8"
"""A secured client that a lab has beside the clients asked for, where no others are named."""


class LabCertificates(NamedTuple):
    """One making of keys and certificates: when, for how many seconds they hold, and what signs them."""

    made: int
    holds: int = 3650 * DAY
    digest: str = "sha256"


class LabSession(NamedTuple):
    """One session of nimsh.log. `end` is ok, plain, hang, object-error or query."""

    age: int
    end: str
    method: str = "c_lslpp"


@dataclass
class Client:
    """One client. `copies` is the level whose members stand in /usr/lib, None for no copy; `full` a mount point.

    `clock` is how many seconds its `date` is ahead, `services_of_nimsh` says that /etc/services has the rows of
    nimsh and nimaux, `port_held` that another program listens on nimsh's port.
    """

    name: str
    address: str
    machine_id: str
    booted: int = 20 * DAY + 70
    connect: str = "nimsh (secure)"
    nimsh: str = "-s -c"
    nimsh_active: bool = True
    nimsh_started: int = 20 * DAY
    libraries_loaded: str = "fresh"
    openssl: List[Tuple[str, int]] = field(default_factory=lambda: [(OLD, 900 * DAY), (CURRENT, 130 * DAY)])
    nim_client: int = 60 * DAY
    copies: Optional[str] = CURRENT
    copies_made: int = 115 * DAY
    certificates: Optional[LabCertificates] = None
    fetched: int = 115 * DAY - 9 * MINUTE
    pushes: List[LabSession] = field(
        default_factory=lambda: [
            LabSession(18 * DAY, "ok", "c_instp"),
            LabSession(12 * DAY, "query"),
            LabSession(5 * DAY, "ok"),
            LabSession(23 * HOUR, "ok"),
        ]
    )
    rhosts: Optional[str] = None
    state: str = READY
    full: str = ""
    clock: int = 0
    at_boot: bool = True
    services_of_nimsh: bool = True
    port_held: bool = False

    def not_secured(self) -> None:
        """It never ran `nimclient -c`: no crypto, no copies, no certificate, plain pushes."""
        self.connect = "nimsh"
        self.nimsh = "-s"
        self.copies = None
        self.certificates = None
        self.pushes = [push._replace(end="plain" if push.end == "ok" else push.end) for push in self.pushes]


@dataclass
class Master:
    """The master nim1. `foreign_key` is the kind (root, server, client) whose key is of an earlier making, `tftp_rules`
    what stands in /etc/tftpaccess.ctl, None for no such file; `key_mode` is the mode of the keys in /ssl_nimsh.
    """

    name: str = "nim1"
    address: str = "10.1.1.10"
    machine_id: str = "00F6A1B14C00"
    booted: int = 104 * DAY
    openssl: List[Tuple[str, int]] = field(default_factory=lambda: [(OLD, 900 * DAY), (CURRENT, 131 * DAY)])
    ssl_support: bool = True
    certificates: Optional[LabCertificates] = None
    recycled_from: Optional[LabCertificates] = None
    tftp_row: bool = True
    tftp_active: bool = True
    tftp_rules: Optional[str] = None
    auditing: bool = False
    key_mode: int = 0o600
    empty: Tuple[str, ...] = ()
    foreign_key: Optional[str] = None
    changed_config: bool = False
    lpp_source_has_openssl: bool = True
    nimesis_active: bool = True


@dataclass
class LabSetup:
    """Master and clients; `troubled` are the clients that were asked for, the others are well.

    `problems` are the checks that fail at medium or more when a troubled client is scanned with its
    master.
    """

    master: Master
    clients: List[Client]
    troubled: List[Client]
    problems: Set[str] = field(default_factory=set)


def healthy_setup(names: Sequence[str], beside: Sequence[str] = (BYSTANDER,)) -> LabSetup:
    """Everything as it should be: master, the clients named, and secured clients beside them."""
    made = LabCertificates(115 * DAY)
    every = [*names, *(name for name in beside if name not in names)]
    clients = []
    for number, name in enumerate(every):
        own = {"lpar7": 17, "lpar8": 18}.get(name, 21 + number)
        client = Client(name, f"10.1.1.{own}", f"00F6A1{0xA1 + own:02X}4C00", certificates=made)
        clients.append(client)
    return LabSetup(Master(certificates=made), clients, clients[: len(names)])
