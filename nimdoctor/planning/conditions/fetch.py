"""Conditions that prove a fetch: after `nimclient -C`, or without the libraries, a `nimclient -c` that
cannot fetch its certificate leaves the client without any push.
"""

from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.facts import (
    Auditing,
    Certificates,
    Extractor,
    InetdConf,
    InetdServices,
    NimObjects,
    Paths,
    Processes,
    TftpRules,
)
from nimdoctor.facts.inetd_conf import InetdRow
from nimdoctor.facts.tftp_rules import ACCESS, SERVED
from nimdoctor.model import Role
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.conditions.files import OLD_MEMBERS, MemberKept
from nimdoctor.planning.ends import CERTS, Snapshot
from nimdoctor.probe import ask_tftp


@condition("tftp-served")
class TftpServed(NamedTuple):
    """An active tftp row stands in inetd.conf and inetd serves it."""

    where: Role

    def words(self) -> str:
        return "inetd on the master serves tftp: an active row, and lssrc says active"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        inetd, services = now.fact(self.where, InetdConf), now.fact(self.where, InetdServices)
        if inetd is None and services is None:
            return Answer(None, "whether the master serves tftp is not known (/etc/inetd.conf, lssrc -t tftp)")
        if inetd is not None and all(row.commented for row in inetd.rows("tftp")):
            return Answer(False, "no active tftp row is in the master's /etc/inetd.conf")
        if services is None or not services.known("tftp"):
            return Answer(None, "whether inetd serves tftp is not known (lssrc -t tftp)")
        active = services.active("tftp")
        if active and inetd is None:
            return Answer(None, "lssrc says tftp is active, and whether it stands in /etc/inetd.conf is not known")
        return Answer(active, f"lssrc says tftp is {'active' if active else 'not active'}")


@condition("tftp-allowed")
class TftpAllowed(NamedTuple):
    """/etc/tftpaccess.ctl does not keep the certificate from being fetched."""

    where: Role

    def words(self) -> str:
        return f"{ACCESS} on the master does not deny {CERTS}"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        rules = now.fact(self.where, TftpRules)
        if rules is None:
            return Answer(None, f"{ACCESS} of the master was not collected")
        if rules.access.exists and rules.binding is False:
            return Answer(True, f"nobody cannot read {ACCESS}, so tftpd serves what others can read")
        denied = rules.denied()
        return Answer(
            not denied, f"{ACCESS} denies {', '.join(denied)}" if denied else f"{ACCESS} allows the certificate"
        )


def _pems(now: Snapshot, where: Role) -> List[str]:
    certificates = now.fact(where, Certificates)
    return sorted(file.path for file in certificates.files if file.blocks) if certificates else []


@condition("auditing-off")
class AuditingOff(NamedTuple):
    """AIX auditing is off: tftpd is not available while it is on."""

    where: Role

    def words(self) -> str:
        return "AIX auditing is off on the master (tftpd does not serve while it is on)"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        auditing = now.fact(self.where, Auditing)
        if auditing is not None:
            return Answer(not auditing.on, f"audit query says auditing {'on' if auditing.on else 'off'}")
        return Answer(None, "whether auditing is on is not known (audit query)")


@condition("certificate-served")
class CertificateServed(NamedTuple):
    """A pem with a certificate stands below /ssl_nimsh/certs of the master."""

    where: Role

    def words(self) -> str:
        return f"a certificate stands below {CERTS} of the master"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        files, paths = _pems(now, self.where), now.fact(self.where, Paths)
        if files:
            served = SERVED if SERVED in files else files[0]
            readable = paths.readable_by_nobody(served) if paths else None
            if readable is None:
                return Answer(None, f"whether nobody can read {served}, as whom tftpd serves it, is not known")
            if not readable:
                return Answer(False, f"{served} cannot be read by nobody, as whom tftpd serves it")
            return Answer(True, f"{served} holds a certificate")
        # a pem that is only listed may hold anything
        known = paths is not None and (paths.absent(CERTS) or paths.listed(f"{CERTS}/*"))
        return Answer(False if known else None, f"no certificate is known below {CERTS} of the master")


@condition("tftp-answers")
class TftpAnswers(NamedTuple):
    """The master answers a tftp read request for a name that cannot exist: an error answer means tftp lives."""

    where: Role
    master: str
    port: int

    def words(self) -> str:
        return f"tftp on {self.master} (port {self.port}/udp) answers a request for a file that cannot exist"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        answer = ask_tftp(now.host(self.where), self.master, self.port)
        return Answer(answer.answered, answer.says)


@condition("fetch-unproved")
class FetchUnproved(NamedTuple):
    """Never holds: neither the master nor a probe shows that a certificate can be fetched."""

    where: Role

    def words(self) -> str:
        return "it is proved that the certificate can be fetched"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        return Answer(False, "the master was not given, and no probe of its tftp was answered")


@condition("can-extract")
class CanExtract(NamedTuple):
    """`nimclient -c` can take what it needs out of the installed libssl.a and libcrypto.a: the installed nim.client takes
    the current members, or those of 0.9.8, which alone an old one takes, are there.

    `cured_at` is the level at which the plan found nim.client cured, empty where it rests on the members; by it alone
    scripts know what to look at.
    """

    where: Role
    cured_at: str = ""

    def words(self) -> str:
        taken = "libssl.a and libcrypto.a have the members of 0.9.8"
        if self.cured_at:
            taken = f"bos.sysmgt.nim.client {self.cured_at} takes the members of the installed OpenSSL"
        return f"nimclient -c can extract its libraries: {taken}"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        kept = [MemberKept(self.where, *one).decide(now, was) for one in OLD_MEMBERS]
        lacking = [one for one in kept if not one.holds]
        if not lacking:
            return Answer(True, "libssl.a and libcrypto.a have the members of 0.9.8, which any nim.client can take")
        # one that is known to be gone says more than one of which nothing is known
        seen = min(lacking, key=lambda one: one.holds is None)
        extractor = now.fact(self.where, Extractor)
        if extractor is None:
            return Answer(None, f"the level of bos.sysmgt.nim.client is not known (lslpp -lc), and {seen.says}")
        if extractor.cured:
            return Answer(True, extractor.says)
        return Answer(seen.holds, f"{extractor.says}, and {seen.says}")


@condition("inetd-agrees")
class InetdAgrees(NamedTuple):
    """Apart from one service, inetd serves what /etc/inetd.conf says, so that a refresh changes nothing else."""

    where: Role
    besides: str

    def words(self) -> str:
        return f"apart from {self.besides}, inetd serves exactly what /etc/inetd.conf says: a refresh changes no other service"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        inetd, services = now.fact(self.where, InetdConf), now.fact(self.where, InetdServices)
        if inetd is None or services is None or not services.complete:
            return Answer(None, "what inetd serves now is not known (lssrc -ls inetd)")
        wanted = {row.service: row for row in inetd.all_rows if not row.commented and row.service != self.besides}
        serving = {row.service: row for row in services.rows if row.active and row.service != self.besides}
        starts = sorted(set(wanted) - set(serving))
        stops = sorted(set(serving) - set(wanted))
        said = [f"would start {name}" for name in starts] + [f"would stop {name}" for name in stops]
        for name in sorted(set(wanted) & set(serving)):
            changed = _changed(wanted[name], serving[name].command, serving[name].description, inetd)
            said += [f"would change {name} ({changed})"] if changed else []
        return Answer(not said, f"refresh -s inetd {', '.join(said)}" if said else "a refresh changes no other service")


def _changed(row: InetdRow, command: str, description: str, inetd: InetdConf) -> Optional[str]:
    """How a service differs from every one of its active rows, as far as what lssrc prints can tell."""
    rows = [one for one in inetd.rows(row.service) if not one.commented]
    programs = [one.program for one in rows]
    if command and not any(program.startswith(command) for program in programs):
        return f"from {command} to {programs[0]}"
    shown = " ".join(description.split())
    arguments = [" ".join(one.arguments.split()) for one in rows]
    # lssrc prints a column's width of it at least; a longer one may be cut
    if shown and command.startswith("/") and not any(one.startswith(shown) for one in arguments):
        return f"from '{shown}' to '{arguments[0]}'"
    return None


@condition("tftpd-idle")
class TftpdIdle(NamedTuple):
    """No tftpd runs: one that does may hold the rules that it began with (IBM's page does not say)."""

    where: Role

    def words(self) -> str:
        return f"no tftpd runs, which may hold the rules that it found in {ACCESS} when it began"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        processes = now.fact(self.where, Processes)
        if processes is None:
            return Answer(None, "the master's processes are not known (ps)")
        if processes.named("tftpd"):
            return Answer(False, "tftpd serves somebody right now: it ends by itself when nobody asks any more")
        return Answer(True, "no tftpd runs")


@condition("nobody-fetches")
class NobodyFetches(NamedTuple):
    """No tftpd runs and no network boot is enabled: closing tftp takes it from nobody."""

    where: Role

    def words(self) -> str:
        return "no tftpd runs and no network boot is enabled, so closing tftp takes it from nobody"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        processes, objects = now.fact(self.where, Processes), now.fact(self.where, NimObjects)
        if processes is None or objects is None:
            return Answer(None, "the master's processes or objects are not known (ps, lsnim -l)")
        running: Tuple[str, ...] = tuple(row.args for row in processes.named("tftpd"))
        if running:
            return Answer(False, "tftpd serves somebody right now")
        for machine in objects.machines():
            state = machine.get("Cstate") or ""
            if "has been enabled" in state or "is being performed" in state:
                return Answer(False, f"{machine.name}: {state}")
        return Answer(True, "no tftpd runs and no network boot is enabled")
