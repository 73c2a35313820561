"""What each end asks the other: a client its master, a master its clients."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.host import FactAbsent, Host
from nimdoctor.evidence.live_base import as_typed, is_name
from nimdoctor.facts import Hosts, NimInfo, NimObjects, Services
from nimdoctor.facts.lsnim import NimObject
from nimdoctor.probe.answer import Deadline, ProbeAnswer, shown
from nimdoctor.probe.push import first_line, run_on
from nimdoctor.probe.tcp import port_answer
from nimdoctor.probe.tftp import PREFIX, tftp_answer

TFTP, NIMSH = 69, 3901
"""Ports by convention, where the host's own files name no other."""
PATIENCE = 5.0
"""Seconds the network gets for one answer."""
TIMES_THE_TIMEOUT = 10
"""All clients of a master together get this many times the timeout of one."""
CLIENTS = 50
"""Clients of one master that are asked."""
AT_ONCE = 10
"""Connects under way at one time: on most masters some clients are switched off, and each takes its time."""

_STAYS_INSIDE = "a host that a directory holds asks nobody in the network of this one"
_TFTP_ANSWER = re.compile("error code|not found|access violation|permission denied|received", 2)
"""What the program tftp prints where a server answered, be it with an error."""
_SSL = re.compile(r"(?<![A-Za-z])_ssl\s*[:=]\s*(yes|no)\b", 2)  # re.IGNORECASE

Answered = Tuple[str, ProbeAnswer]
"""What was asked, in words, and the answer."""


class Probe(NamedTuple):
    """One probe as a report shows it. `where` is the end that asked: client or master."""

    where: str
    what: str
    answered: Optional[bool]
    says: str


def ask(hosts: Sequence[Optional[Host]]) -> Tuple[Probe, ...]:
    """Every probe from each live host among them, by the roles it plays."""
    found: List[Probe] = []
    for host in hosts:
        if host is None or not host.evidence.live:
            continue
        for role in host.roles or ("client",):
            answers = probe_master(host) if role == "master" else probe_client(host)
            found += [Probe(role, what, *answer) for what, answer in answers]
    return tuple(dict.fromkeys(found))


# -- over the network, or within another root


def ask_tftp(host: Host, address: str, port: int, timeout: float = PATIENCE) -> ProbeAnswer:
    """Whether tftp lives there, asked from that host: by a request of this process, or below another root by the
    program tftp that stands there. Raises nothing for trouble of the network.
    """
    if not _leaves_root(host, address):
        return tftp_answer(address, port, timeout)
    if port != TFTP:
        return ProbeAnswer(None, f"not asked: the program tftp asks port {TFTP}, not {port}")
    result, why = run_on(host, ["tftp", "-o", "/dev/null", address, PREFIX + "none", "netascii"], timeout)
    if result is None:
        return ProbeAnswer(None, f"not asked: {_STAYS_INSIDE}, and has no tftp to ask with: {shown(why)}")
    output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    return ProbeAnswer(
        not result.timed_out and bool(_TFTP_ANSWER.search(output)), f"tftp {shown(address)}: {first_line(result)}"
    )


def _ask_port(host: Host, address: str, port: int, timeout: float) -> ProbeAnswer:
    if _leaves_root(host, address):
        return ProbeAnswer(None, f"not asked: {_STAYS_INSIDE}")
    return port_answer(address, port, timeout)


def _leaves_root(host: Host, address: str) -> bool:
    """Whether a packet would leave the host that a directory holds: what answers in the real network is another host.

    A name that the root's own /etc/hosts does not know is not looked up either.
    """
    if not _in_root(host):
        return False
    try:
        return not ip_address(address).is_loopback
    except ValueError:
        return True


def _in_root(host: Host) -> bool:
    """Whether the host is one that a directory holds."""
    return host.evidence.live and not host.evidence.network


# -- on a client


def tftp_address(host: Host) -> Optional[Tuple[str, int]]:
    """Where a client fetches its certificate: its master's address, or name, and the port of tftp.

    None when /etc/niminfo names no master.
    """
    name = _master_name(host)
    services = host.optional(Services)
    return (_address(host, name), (services and services.port("tftp", "udp")) or TFTP) if name else None


def probe_client(host: Host, timeout: Optional[float] = None) -> List[Answered]:
    """Asks a client's master for a file by tftp, and for connections on the ports that /etc/niminfo gives.

    Each answer is waited for `timeout` seconds: five, or the host's timeout when that is shorter.
    """
    patience = _patience(host, timeout)
    name, tftp = _master_name(host), tftp_address(host)
    if not name or not tftp:
        return [("the master", ProbeAnswer(None, f"not asked: {_no_master(host)}"))]
    address, port = tftp
    what = f"tftp on {_place(name, address, port, 'udp')}"
    with _waiting(host, what):
        found = [(what, ask_tftp(host, address, port, patience))]
    info = host.fact(NimInfo)
    for daemon, variable in (("nim", "NIM_MASTER_PORT"), ("nimreg", "NIM_REGISTRATION_PORT")):
        number = info.port(variable)
        if number is None:
            value = shown(info.get(variable) or "")
            found.append((f"{daemon} on {shown(name)}", ProbeAnswer(None, f"not asked: {variable}={value} is no port")))
            continue
        what = f"{daemon} on {_place(name, address, number, 'tcp')}"
        with _waiting(host, what):
            found.append((what, _ask_port(host, address, number, patience)))
    return found


def _master_name(host: Host) -> Optional[str]:
    info = host.optional(NimInfo)
    return info.get("NIM_MASTER_HOSTNAME") if info else None


def _no_master(host: Host) -> str:
    try:
        host.fact(NimInfo)
    except FactAbsent as absent:
        return absent.message
    return "/etc/niminfo has no NIM_MASTER_HOSTNAME"


# -- on a master


def probe_master(host: Host, timeout: Optional[float] = None) -> List[Answered]:
    """Connects to nimsh of every client that lsnim lists, at most fifty, and asks those that answer by nimquery.

    A connect is waited for as in `probe_client`, a nimquery for the host's timeout; all of it ends
    within ten times that.
    """
    patience = _patience(host, timeout)
    whole = Deadline(TIMES_THE_TIMEOUT * (timeout or _timeout(host)))
    try:
        machines = host.fact(NimObjects).machines()
    except FactAbsent as absent:
        return [("the clients", ProbeAnswer(None, f"not asked: {absent.message}"))]
    chosen = machines[:CLIENTS]
    services = host.optional(Services)
    port = (services and services.port("nimsh")) or NIMSH
    found: List[Answered] = []
    for machine, (what, answer) in zip(chosen, _connects(host, chosen, port, patience, whole)):
        found.append((what, answer))
        inside = answer.answered is None and _in_root(host)
        if (answer.answered or inside) and _has_nimquery(host):
            found.append(_nimquery(host, machine, min(timeout or _timeout(host), whole.left())))
    if len(machines) > CLIENTS:
        rest = f"{len(machines) - CLIENTS} more clients"
        found.append((rest, ProbeAnswer(None, f"not asked: only the first {CLIENTS} are")))
    return found


def _connects(
    host: Host, machines: Sequence[NimObject], port: int, patience: float, whole: Deadline
) -> Sequence[Answered]:
    def connect(machine: NimObject) -> Answered:
        name = _host_name(machine)
        if name is None:
            return f"nimsh on {machine.name}", ProbeAnswer(None, "not asked: lsnim shows no host name in its if1")
        address = _address(host, name)
        what = f"nimsh on {_place(machine.name, address, port, 'tcp')}"
        left = whole.left()
        return what, _ask_port(host, address, port, min(patience, left)) if left else _no_time()

    if not machines:
        return []
    host.optional(Hosts)  # facts are not made for several threads
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        with _waiting(host, f"nimsh on {len(machines)} clients"):
            return list(pool.map(connect, machines))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _nimquery(host: Host, machine: NimObject, deadline: float) -> Answered:
    name = _host_name(machine) or ""
    argv = ["nimquery", "-a", f"host={name}"]
    what = shown(as_typed(argv))
    if not is_name(name):
        return what, ProbeAnswer(None, f"not run: {shown(name)} is no name")
    if not deadline:
        return what, _no_time()
    result, why = run_on(host, argv, deadline)
    if result is None:
        return what, ProbeAnswer(None, shown(why))
    if result.timed_out:
        return what, ProbeAnswer(False, f"hung and was ended after {deadline:.3g} s")
    ssl = _SSL.search(result.stdout.decode("utf-8", "replace"))
    if ssl:
        return what, ProbeAnswer(True, f"nimsh answers: _ssl:{ssl.group(1).lower()}")
    if result.status == 0:
        return what, ProbeAnswer(True, "nimsh answers, and says nothing of _ssl")
    return what, ProbeAnswer(False, f"failed with status {result.status}: {first_line(result)}")


def _has_nimquery(host: Host) -> bool:
    return host.evidence.live and bool(host.evidence.has_program("nimquery"))


def _host_name(machine: NimObject) -> Optional[str]:
    return next(iter(machine.host_names()), None)


def _no_time() -> ProbeAnswer:
    return ProbeAnswer(None, "not asked: the time for all clients was used up")


# -- both


def _address(host: Host, name: str) -> str:
    """The name's address by the host's own /etc/hosts, else the name, for the resolver of this host."""
    hosts = host.optional(Hosts)
    return next(iter(hosts.addresses(name)), name) if hosts else name


def _place(name: str, address: str, port: int, protocol: str) -> str:
    known = f"{shown(address)} " if address != name else ""
    return f"{shown(name)} ({known}port {port}/{protocol})"


def _timeout(host: Host) -> float:
    return host.evidence.timeout if host.evidence.live else PATIENCE


def _patience(host: Host, timeout: Optional[float]) -> float:
    return timeout if timeout is not None else min(PATIENCE, _timeout(host))


@contextmanager
def _waiting(host: Host, label: str) -> Iterator[None]:
    progress = host.evidence.progress if host.evidence.live else None
    if progress:
        progress.start(label)
    try:
        yield
    finally:
        if progress:
            progress.end()
