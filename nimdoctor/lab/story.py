"""What a scenario is: what was installed, made, changed and pushed when, on the master and on each client.

Times are ages in seconds before the lab is built, so that they fit each other whenever that is.
"""

from dataclasses import dataclass, field
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

MINUTE, HOUR, DAY = 60, 3600, 86400

OLD, CURRENT, NEWER = "1.0.1.516", "1.1.2.2200", "1.1.2.2400"
"""Levels of openssl.base, oldest first; of the later two the tables of levels know nothing bad."""

READY = "ready for a NIM operation"

BYSTANDER = "lpar8"
"""A secured client that every lab has beside the clients asked for."""


CURED_BY_A_FETCH = frozenset(
    ("create-bio-hang", "stale-ssl-libs", "ssl-object-error", "openssl-missing", "client-uses-rsh", "client-not-secure")
) | {"ssl-one-sided", "ssl-tree-damaged"}
"""Problems whose cure runs `nimclient -c`, which needs tftp."""


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


def healthy_story(names: Sequence[str]) -> LabSetup:
    """Everything as it should be: master, the clients named, and one more secured client."""
    made = LabCertificates(115 * DAY)
    every = [*names, *([BYSTANDER] if BYSTANDER not in names else [])]
    clients = []
    for number, name in enumerate(every):
        own = {"lpar7": 17, "lpar8": 18}.get(name, 21 + number)
        client = Client(name, f"10.1.1.{own}", f"00F6A1{0xA1 + own:02X}4C00", certificates=made)
        clients.append(client)
    return LabSetup(Master(certificates=made), clients, clients[: len(names)])


class Scenario(NamedTuple):
    """What is the matter in one sentence, and the function that makes a healthy story so."""

    description: str
    tell: Callable[[LabSetup], None]


SCENARIOS: Dict[str, Scenario] = {}


def tell(names: str, clients: Sequence[str]) -> LabSetup:
    """The story of a scenario, or of several joined by `+`. Raises ValueError for an unknown one."""
    unknown = [name for name in names.split("+") if name not in SCENARIOS]
    if unknown:
        raise ValueError(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    story = healthy_story(clients)
    # whether tftp matters depends on what else there is
    for name in sorted(names.split("+"), key=lambda one: one.startswith("tftp-")):
        SCENARIOS[name].tell(story)
    return story


def _scenario(
    name: str, description: str, *problems: str
) -> Callable[[Callable[[LabSetup], None]], Callable[[LabSetup], None]]:
    def keep(change: Callable[[LabSetup], None]) -> Callable[[LabSetup], None]:
        def told(story: LabSetup) -> None:
            change(story)
            story.problems.update(problems)

        SCENARIOS[name] = Scenario(description, told)
        return told

    return keep


@_scenario("healthy", "Master and clients are set up for SSL, and pushes go through.")
def _healthy(story: LabSetup) -> None:
    pass


def _hangs(story: LabSetup) -> None:
    for client in story.troubled:
        client.pushes = [push for push in client.pushes if push.age > DAY] + [LabSession(23 * HOUR, "hang")]


@_scenario(
    "create-bio-hang",
    "The master was recycled two days ago; since then pushes to a client that has not followed hang.",
    "create-bio-hang",
    "certificate-mismatch",
)
def _create_bio_hang(story: LabSetup) -> None:
    before = story.master.certificates
    after = LabCertificates(2 * DAY)
    story.master.certificates = after
    story.master.recycled_from = before
    for client in story.clients:
        if client not in story.troubled:
            client.certificates = after
            client.fetched = client.nimsh_started = 2 * DAY - 20 * MINUTE
    _hangs(story)


def _share_old_certificates(story: LabSetup, certificates: LabCertificates) -> None:
    """Master and clients have the same ones, older than the master's software, and a push hangs."""
    story.master.certificates = certificates
    story.master.openssl = [(OLD, 900 * DAY), (CURRENT, 370 * DAY), (NEWER, 3 * DAY)]
    story.master.changed_config = True
    for client in story.clients:
        client.certificates = certificates
        client.openssl = [(OLD, 900 * DAY), (CURRENT, 369 * DAY)]
        client.copies_made = client.fetched = 365 * DAY + 20 * HOUR
    _hangs(story)


@_scenario(
    "create-bio-hang-master",
    "The certificates that the master and its clients share are signed with SHA-1, which the master's updated OpenSSL no longer takes: pushes hang.",
    "create-bio-hang",
)
def _create_bio_hang_master(story: LabSetup) -> None:
    _share_old_certificates(story, LabCertificates(365 * DAY + 24 * HOUR, digest="sha1"))


@_scenario(
    "certificates-run-out",
    "The certificates that the master and its clients share have run out: pushes hang.",
    "create-bio-hang",
    "certificate-expired",
    "handshake-fails",
)
def _certificates_run_out(story: LabSetup) -> None:
    _share_old_certificates(story, LabCertificates(365 * DAY + 24 * HOUR, 365 * DAY))


@_scenario(
    "both-known-issues",
    "A client missed the master's recycling, and OpenSSL was updated on it under a running nimsh.",
    "create-bio-hang",
    "certificate-mismatch",
    "stale-ssl-libs",
)
def _both_known_issues(story: LabSetup) -> None:
    _create_bio_hang(story)
    for client in story.troubled:
        client.openssl = [(OLD, 900 * DAY), (CURRENT, 10 * DAY)]
        client.copies = OLD


@_scenario(
    "stale-ssl-libs",
    "OpenSSL was updated on a client and the client rebooted, with the old copies of its libraries in /usr/lib.",
    "stale-ssl-libs",
)
def _stale_ssl_libs(story: LabSetup) -> None:
    for client in story.troubled:
        client.openssl = [(OLD, 900 * DAY), (CURRENT, 10 * HOUR)]
        client.copies = OLD
        client.libraries_loaded = "stale"
        client.booted = 9 * HOUR + 70
        client.nimsh_started = 9 * HOUR


@_scenario(
    "ssl-object-error",
    "The copies of the libraries were renewed by hand under a running nimsh, which still has the old ones.",
    "ssl-object-error",
)
def _ssl_object_error(story: LabSetup) -> None:
    for client in story.troubled:
        client.openssl = [(OLD, 900 * DAY), (CURRENT, 4 * DAY)]
        client.libraries_loaded = "stale"
        client.booted = 4 * DAY - 2 * HOUR
        client.nimsh_started = client.booted - 70
        client.copies_made = 3 * DAY
        client.pushes = [push for push in client.pushes if push.age > DAY] + [LabSession(23 * HOUR, "object-error")]


def _something_to_fetch(story: LabSetup) -> None:
    """Without that nobody needs tftp; a problem whose cure fetches will do."""
    if not story.problems & CURED_BY_A_FETCH:
        _client_not_secure(story)


@_scenario(
    "tftp-disabled",
    "A client has yet to fetch its certificate, and the tftp row of the master's inetd.conf is commented out.",
    "tftp-disabled",
)
def _tftp_disabled(story: LabSetup) -> None:
    _something_to_fetch(story)
    story.master.tftp_row = story.master.tftp_active = False


@_scenario(
    "tftp-not-refreshed",
    "A client has yet to fetch its certificate; the tftp row was made active, and inetd not refreshed.",
    "tftp-disabled",
)
def _tftp_not_refreshed(story: LabSetup) -> None:
    _something_to_fetch(story)
    story.master.tftp_active = False


@_scenario(
    "tftp-denied",
    "A client has yet to fetch its certificate, and the master's /etc/tftpaccess.ctl allows network boots only.",
    "tftp-denied",
)
def _tftp_denied(story: LabSetup) -> None:
    _something_to_fetch(story)
    story.master.tftp_rules = "# network boots\nallow:/tftpboot\ndeny:/tftpboot/old"


@_scenario(
    "tftp-blocked-by-audit",
    "A client has yet to fetch its certificate, and AIX auditing is on at the master, which keeps tftp from serving.",
    "tftp-blocked-by-audit",
)
def _tftp_blocked_by_audit(story: LabSetup) -> None:
    _something_to_fetch(story)
    story.master.auditing = True


@_scenario(
    "tftp-exposes-keys",
    "Others can read the master's private keys, and its tftp serves whatever others can read.",
    "tftp-exposes-keys",
    "key-exposed",
)
def _tftp_exposes_keys(story: LabSetup) -> None:
    story.master.key_mode = 0o644


@_scenario(
    "key-exposed",
    "Others can read the master's private keys; its tftp serves only the certificate.",
    "key-exposed",
)
def _key_exposed(story: LabSetup) -> None:
    story.master.key_mode = 0o644
    story.master.tftp_rules = "allow:/tftpboot\nallow:/ssl_nimsh/certs/server.pem\n"


@_scenario(
    "openssl-missing",
    "A client never had the OpenSSL filesets, so it was never secured; an lpp_source of the master has them.",
    "openssl-missing",
)
def _openssl_missing(story: LabSetup) -> None:
    _client_not_secure(story)
    for client in story.troubled:
        client.openssl = []


@_scenario("nimsh-inactive", "nimsh of a client was stopped.", "nimsh-inactive")
def _nimsh_inactive(story: LabSetup) -> None:
    for client in story.troubled:
        client.nimsh_active = False


@_scenario("nimesis-inactive", "nimesis of the master was stopped: its clients cannot pull.", "nimesis-inactive")
def _nimesis_inactive(story: LabSetup) -> None:
    story.master.nimesis_active = False


@_scenario(
    "ssl-not-configured", "SSL was switched off on the master, and its clients are secured.", "ssl-not-configured"
)
def _ssl_not_configured(story: LabSetup) -> None:
    story.master.ssl_support = False


@_scenario("ssl-tree-damaged", "The keys in the master's /ssl_nimsh are gone.", "ssl-tree-damaged")
def _ssl_tree_damaged(story: LabSetup) -> None:
    story.master.empty = ("keys",)


@_scenario("client-uses-rsh", "Pushes to a client still go by rsh.", "client-uses-rsh")
def _client_uses_rsh(story: LabSetup) -> None:
    for client in story.troubled:
        client.not_secured()
        client.connect = "shell"
        client.pushes = []
        client.rhosts = "nim1 root\nbackup1 oper\n"


@_scenario("client-not-secure", "A client never ran nimclient -c, though its master offers SSL.", "client-not-secure")
def _client_not_secure(story: LabSetup) -> None:
    for client in story.troubled:
        client.not_secured()


@_scenario("rhosts-left-over", "/.rhosts of a client still trusts the master (low: reported, and no more).")
def _rhosts_left_over(story: LabSetup) -> None:
    for client in story.troubled:
        client.rhosts = "# for the nightly copies\nbackup1 oper\nnim1 root\n\nnim1.example.com\troot\n+@admins"


@_scenario(
    "lpp-source-lacks-openssl", "The master's lpp_source has no OpenSSL (low; seen where its contents are listed)."
)
def _lpp_source_lacks_openssl(story: LabSetup) -> None:
    story.master.lpp_source_has_openssl = False


@_scenario(
    "ssl-one-sided", "Crypto was switched off on a client, and the master still takes it for secured.", "ssl-one-sided"
)
def _ssl_one_sided(story: LabSetup) -> None:
    for client in story.troubled:
        client.nimsh = "-s"
        client.nimsh_started = 20 * HOUR


@_scenario(
    "handshake-fails",
    "The key of the master's own certificate was put back from an older backup, and does not fit it: pushes fail at once.",
    "handshake-fails",
)
def _handshake_fails(story: LabSetup) -> None:
    story.master.foreign_key = "client"


@_scenario(
    "cstate-stuck",
    "A customization of a client was broken off, and the master takes it for running still.",
    "cstate-stuck",
)
def _cstate_stuck(story: LabSetup) -> None:
    for client in story.troubled:
        client.state = "customization is being performed"


@_scenario("filesystem-full", "Somebody filled /tmp of a client to the last KB.", "filesystem-full")
def _filesystem_full(story: LabSetup) -> None:
    for client in story.troubled:
        client.full = "/tmp"


@_scenario("clock-skew", "The clock of a client is two hours behind its master's.", "clock-skew")
def _clock_skew(story: LabSetup) -> None:
    for client in story.troubled:
        client.clock = -2 * HOUR


@_scenario(
    "services-missing",
    "The rows of nimsh and nimaux are gone from a client's /etc/services, and nimsh was stopped.",
    "services-missing",
    "nimsh-inactive",
)
def _services_missing(story: LabSetup) -> None:
    for client in story.troubled:
        client.services_of_nimsh = client.nimsh_active = False


@_scenario(
    "port-taken",
    "SAP's message server took port 3901 of a client while nimsh was down (a person's matter: nothing is planned).",
    "port-taken",
    "nimsh-inactive",
)
def _port_taken(story: LabSetup) -> None:
    for client in story.troubled:
        client.port_held, client.nimsh_active = True, False


@_scenario("push-disabled", "Pushes to a client were switched off (nimclient -P).", "push-disabled")
def _push_disabled(story: LabSetup) -> None:
    for client in story.troubled:
        client.nimsh += " -P"
        client.nimsh_started = 20 * HOUR


@_scenario("nimsh-not-at-boot", "/etc/inittab of a client lost the row that starts nimsh at boot.", "nimsh-not-at-boot")
def _nimsh_not_at_boot(story: LabSetup) -> None:
    for client in story.troubled:
        client.at_boot = False
