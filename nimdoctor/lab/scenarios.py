"""The scenarios of the lab: what is the matter in one sentence, and what differs from a healthy setup."""

from typing import Callable, Dict, NamedTuple, Sequence

from nimdoctor.lab.setup import (
    BYSTANDER,
    CURRENT,
    DAY,
    HOUR,
    MINUTE,
    NEWER,
    OLD,
    LabCertificates,
    LabSession,
    LabSetup,
    healthy_setup,
)

CURED_BY_A_FETCH = frozenset(
    ("create-bio-hang", "stale-ssl-libs", "ssl-object-error", "openssl-missing", "client-uses-rsh", "client-not-secure")
) | {"ssl-one-sided", "ssl-tree-damaged"}
"""Problems whose cure runs `nimclient -c`, which needs tftp."""


class Scenario(NamedTuple):
    """What is the matter in one sentence, and the function that makes a healthy setup so."""

    description: str
    change: Callable[[LabSetup], None]


SCENARIOS: Dict[str, Scenario] = {}


def setup_of(names: str, clients: Sequence[str], beside: Sequence[str] = (BYSTANDER,)) -> LabSetup:
    """The setup of a scenario, or of several joined by `+`; it is the matter with `clients`, not with those `beside` them.

    Raises ValueError for an unknown one.
    """
    unknown = [name for name in names.split("+") if name not in SCENARIOS]
    if unknown:
        raise ValueError(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    setup = healthy_setup(clients, beside)
    # whether tftp matters depends on what else there is
    for name in sorted(names.split("+"), key=lambda one: one.startswith("tftp-")):
        SCENARIOS[name].change(setup)
    return setup


def _scenario(
    name: str, description: str, *problems: str
) -> Callable[[Callable[[LabSetup], None]], Callable[[LabSetup], None]]:
    def registered(change: Callable[[LabSetup], None]) -> Callable[[LabSetup], None]:
        def changed(setup: LabSetup) -> None:
            change(setup)
            setup.problems.update(problems)

        SCENARIOS[name] = Scenario(description, changed)
        return changed

    return registered


@_scenario("healthy", "Master and clients are set up for SSL, and pushes go through.")
def _healthy(setup: LabSetup) -> None:
    pass


def _hangs(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.pushes = [push for push in client.pushes if push.age > DAY] + [LabSession(23 * HOUR, "hang")]


@_scenario(
    "create-bio-hang",
    "The master was recycled two days ago; since then pushes to a client that has not followed hang.",
    "create-bio-hang",
    "certificate-mismatch",
)
def _create_bio_hang(setup: LabSetup) -> None:
    before = setup.master.certificates
    after = LabCertificates(2 * DAY)
    setup.master.certificates = after
    setup.master.recycled_from = before
    for client in setup.clients:
        if client not in setup.troubled:
            client.certificates = after
            client.fetched = client.nimsh_started = 2 * DAY - 20 * MINUTE
    _hangs(setup)


def _share_old_certificates(setup: LabSetup, certificates: LabCertificates) -> None:
    """Master and clients have the same ones, older than the master's software, and a push hangs."""
    setup.master.certificates = certificates
    setup.master.openssl = [(OLD, 900 * DAY), (CURRENT, 370 * DAY), (NEWER, 3 * DAY)]
    setup.master.changed_config = True
    for client in setup.clients:
        client.certificates = certificates
        client.openssl = [(OLD, 900 * DAY), (CURRENT, 369 * DAY)]
        client.copies_made = client.fetched = 365 * DAY + 20 * HOUR
    _hangs(setup)


@_scenario(
    "create-bio-hang-master",
    "The certificates that the master and its clients share are signed with SHA-1, which the master's updated OpenSSL no longer takes: pushes hang.",
    "create-bio-hang",
)
def _create_bio_hang_master(setup: LabSetup) -> None:
    _share_old_certificates(setup, LabCertificates(365 * DAY + 24 * HOUR, digest="sha1"))


@_scenario(
    "certificates-run-out",
    "The certificates that the master and its clients share have run out: pushes hang.",
    "create-bio-hang",
    "certificate-expired",
    "handshake-fails",
)
def _certificates_run_out(setup: LabSetup) -> None:
    _share_old_certificates(setup, LabCertificates(365 * DAY + 24 * HOUR, 365 * DAY))


@_scenario(
    "both-known-issues",
    "A client missed the master's recycling, and OpenSSL was updated on it under a running nimsh.",
    "create-bio-hang",
    "certificate-mismatch",
    "stale-ssl-libs",
)
def _both_known_issues(setup: LabSetup) -> None:
    _create_bio_hang(setup)
    for client in setup.troubled:
        client.openssl = [(OLD, 900 * DAY), (CURRENT, 10 * DAY)]
        client.copies = OLD


@_scenario(
    "stale-ssl-libs",
    "OpenSSL was updated on a client and the client rebooted, with the old copies of its libraries in /usr/lib.",
    "stale-ssl-libs",
)
def _stale_ssl_libs(setup: LabSetup) -> None:
    for client in setup.troubled:
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
def _ssl_object_error(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.openssl = [(OLD, 900 * DAY), (CURRENT, 4 * DAY)]
        client.libraries_loaded = "stale"
        client.booted = 4 * DAY - 2 * HOUR
        client.nimsh_started = client.booted - 70
        client.copies_made = 3 * DAY
        client.pushes = [push for push in client.pushes if push.age > DAY] + [LabSession(23 * HOUR, "object-error")]


def _something_to_fetch(setup: LabSetup) -> None:
    """Without that nobody needs tftp; a problem whose cure fetches will do."""
    if not setup.problems & CURED_BY_A_FETCH:
        _client_not_secure(setup)


@_scenario(
    "tftp-disabled",
    "A client has yet to fetch its certificate, and the tftp row of the master's inetd.conf is commented out.",
    "tftp-disabled",
)
def _tftp_disabled(setup: LabSetup) -> None:
    _something_to_fetch(setup)
    setup.master.tftp_row = setup.master.tftp_active = False


@_scenario(
    "tftp-not-refreshed",
    "A client has yet to fetch its certificate; the tftp row was made active, and inetd not refreshed.",
    "tftp-disabled",
)
def _tftp_not_refreshed(setup: LabSetup) -> None:
    _something_to_fetch(setup)
    setup.master.tftp_active = False


@_scenario(
    "tftp-denied",
    "A client has yet to fetch its certificate, and the master's /etc/tftpaccess.ctl allows network boots only.",
    "tftp-denied",
)
def _tftp_denied(setup: LabSetup) -> None:
    _something_to_fetch(setup)
    setup.master.tftp_rules = "# network boots\nallow:/tftpboot\ndeny:/tftpboot/old"


@_scenario(
    "tftp-blocked-by-audit",
    "A client has yet to fetch its certificate, and AIX auditing is on at the master, which keeps tftp from serving.",
    "tftp-blocked-by-audit",
)
def _tftp_blocked_by_audit(setup: LabSetup) -> None:
    _something_to_fetch(setup)
    setup.master.auditing = True


@_scenario(
    "tftp-exposes-keys",
    "Others can read the master's private keys, and its tftp serves whatever others can read.",
    "tftp-exposes-keys",
    "key-exposed",
)
def _tftp_exposes_keys(setup: LabSetup) -> None:
    setup.master.key_mode = 0o644


@_scenario(
    "key-exposed",
    "Others can read the master's private keys; its tftp serves only the certificate.",
    "key-exposed",
)
def _key_exposed(setup: LabSetup) -> None:
    setup.master.key_mode = 0o644
    setup.master.tftp_rules = "allow:/tftpboot\nallow:/ssl_nimsh/certs/server.pem\n"


@_scenario(
    "openssl-missing",
    "A client never had the OpenSSL filesets, so it was never secured; an lpp_source of the master has them.",
    "openssl-missing",
)
def _openssl_missing(setup: LabSetup) -> None:
    _client_not_secure(setup)
    for client in setup.troubled:
        client.openssl = []


@_scenario("nimsh-inactive", "nimsh of a client was stopped.", "nimsh-inactive")
def _nimsh_inactive(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.nimsh_active = False


@_scenario(
    "nimesis-inactive",
    "nimesis of the master was stopped: its clients cannot pull.",
    "nimesis-inactive",
    "pull-failed",
)
def _nimesis_inactive(setup: LabSetup) -> None:
    setup.master.nimesis_active = False


@_scenario(
    "ssl-not-configured", "SSL was switched off on the master, and its clients are secured.", "ssl-not-configured"
)
def _ssl_not_configured(setup: LabSetup) -> None:
    setup.master.ssl_support = False


@_scenario("ssl-tree-damaged", "The keys in the master's /ssl_nimsh are gone.", "ssl-tree-damaged")
def _ssl_tree_damaged(setup: LabSetup) -> None:
    setup.master.empty = ("keys",)


@_scenario("client-uses-rsh", "Pushes to a client still go by rsh.", "client-uses-rsh")
def _client_uses_rsh(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.not_secured()
        client.connect = "shell"
        client.pushes = []
        client.rhosts = "nim1 root\nbackup1 oper\n"


@_scenario("client-not-secure", "A client never ran nimclient -c, though its master offers SSL.", "client-not-secure")
def _client_not_secure(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.not_secured()


@_scenario("rhosts-left-over", "/.rhosts of a client still trusts the master (low: reported, and no more).")
def _rhosts_left_over(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.rhosts = "# for the nightly copies\nbackup1 oper\nnim1 root\n\nnim1.example.com\troot\n+@admins"


@_scenario(
    "lpp-source-lacks-openssl", "The master's lpp_source has no OpenSSL (low; seen where its contents are listed)."
)
def _lpp_source_lacks_openssl(setup: LabSetup) -> None:
    setup.master.lpp_source_has_openssl = False


@_scenario(
    "ssl-one-sided", "Crypto was switched off on a client, and the master still takes it for secured.", "ssl-one-sided"
)
def _ssl_one_sided(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.nimsh = "-s"
        client.nimsh_started = 20 * HOUR


@_scenario(
    "handshake-fails",
    "The key of the master's own certificate was put back from an older backup, and does not fit it: pushes fail at once.",
    "handshake-fails",
)
def _handshake_fails(setup: LabSetup) -> None:
    setup.master.foreign_key = "client"


@_scenario(
    "cstate-stuck",
    "A customization of a client was broken off, and the master takes it for running still.",
    "cstate-stuck",
)
def _cstate_stuck(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.state = "customization is being performed"


@_scenario("filesystem-full", "Somebody filled /tmp of a client to the last KB.", "filesystem-full")
def _filesystem_full(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.full = "/tmp"


@_scenario("clock-skew", "The clock of a client is two hours behind its master's.", "clock-skew")
def _clock_skew(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.clock = -2 * HOUR


@_scenario(
    "services-missing",
    "The rows of nimsh and nimaux are gone from a client's /etc/services, and nimsh was stopped.",
    "services-missing",
    "nimsh-inactive",
)
def _services_missing(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.services_of_nimsh = client.nimsh_active = False


@_scenario(
    "port-taken",
    "SAP's message server took port 3901 of a client while nimsh was down (a person's matter: nothing is planned).",
    "port-taken",
    "nimsh-inactive",
)
def _port_taken(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.port_held, client.nimsh_active = True, False


@_scenario("push-disabled", "Pushes to a client were switched off (nimclient -P).", "push-disabled")
def _push_disabled(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.nimsh += " -P"
        client.nimsh_started = 20 * HOUR


@_scenario("nimsh-not-at-boot", "/etc/inittab of a client lost the row that starts nimsh at boot.", "nimsh-not-at-boot")
def _nimsh_not_at_boot(setup: LabSetup) -> None:
    for client in setup.troubled:
        client.at_boot = False
