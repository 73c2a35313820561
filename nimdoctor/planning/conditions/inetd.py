"""Conditions about inetd and those whom it serves tftp: what a refresh would change, and who is being served."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts import InetdConf, InetdServices, NimObjects, Processes
from nimdoctor.facts.inetd_conf import InetdRow
from nimdoctor.facts.tftp_rules import ACCESS
from nimdoctor.model import Role
from nimdoctor.model.language import NOT_ENGLISH
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.ends import Snapshot


@condition(
    "inetd-agrees",
    shell=r"""
inetd_agrees() {
    plain /etc/inetd.conf && inetd_services || return 1
    SEEN='what inetd serves now is not known (lssrc -ls inetd)'
    grep '^=	complete' "$ROWS" > /dev/null && inetd_rows > "$WORK/wanted" || return 1
    # lssrc may cut what is long, so a beginning is enough
    SEEN=$(awk -F'\t' -v besides="$1" '
        $1 == besides || $1 == "=" { next }
        FNR == NR { programs[$1] = programs[$1] "\n" $2; arguments[$1] = arguments[$1] "\n" $3; next }
        $3 == "active" { serving[$1] = $2; shown[$1] = $4 }
        END {
            for (name in programs)
                if (!(name in serving)) print "a refresh would start " name
                else if (serving[name] ~ /^\// && (!index(programs[name], "\n" serving[name]) || (shown[name] != "" && !index(arguments[name], "\n" shown[name])))) print "a refresh would change " name
            for (name in serving) if (!(name in programs)) print "a refresh would stop " name
        }' "$WORK/wanted" "$ROWS") && [ -z "$SEEN" ]
}
""",
)
class InetdAgrees(NamedTuple):
    """Apart from one service, inetd serves what /etc/inetd.conf says, so that a refresh changes nothing else."""

    where: Role
    besides: str

    def words(self) -> str:
        return f"apart from {self.besides}, inetd serves exactly what /etc/inetd.conf says: a refresh changes no other service"

    def shell(self) -> Tuple[str, ...]:
        return ("inetd_agrees", self.besides)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        inetd, services = now.fact(self.where, InetdConf), now.fact(self.where, InetdServices)
        if inetd is None or services is None or not services.complete:
            return Answer(None, "what inetd serves now is not known (lssrc -ls inetd)")
        odd = next((row for row in services.rows if not row.state_known and row.service != self.besides), None)
        if odd:
            return Answer(None, f"the state of {odd.service} is told by a word that is not known: {NOT_ENGLISH}")
        wanted = {row.service: row for row in inetd.all_rows if not row.commented and row.service != self.besides}
        serving = {row.service: row for row in services.rows if row.active and row.service != self.besides}
        starts = sorted(set(wanted) - set(serving))
        stops = sorted(set(serving) - set(wanted))
        changes = [f"would start {name}" for name in starts] + [f"would stop {name}" for name in stops]
        for name in sorted(set(wanted) & set(serving)):
            changed = _changed(wanted[name], serving[name].command, serving[name].description, inetd)
            changes += [f"would change {name} ({changed})"] if changed else []
        return Answer(
            not changes, f"refresh -s inetd {', '.join(changes)}" if changes else "a refresh changes no other service"
        )


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


@condition(
    "tftpd-idle",
    shell=r"""
tftpd_idle() { processes && SEEN='tftpd serves somebody right now' && awk '$3 == "tftpd" { found = 1 } END { exit found }' "$ROWS"; }
""",
)
class TftpdIdle(NamedTuple):
    """No tftpd runs: one that does may hold the rules that it began with (IBM's page does not say)."""

    where: Role

    def words(self) -> str:
        return f"no tftpd runs, which may hold the rules that it found in {ACCESS} when it began"

    def shell(self) -> Tuple[str, ...]:
        return ("tftpd_idle",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        processes = now.fact(self.where, Processes)
        if processes is None:
            return Answer(None, "the master's processes are not known (ps)")
        if processes.named("tftpd"):
            return Answer(False, "tftpd serves somebody right now: it ends by itself when nobody asks any more")
        if not processes.shows("tftpd"):
            return Answer(None, "only a part of ps was given, which need not show tftpd")
        return Answer(True, "no tftpd runs")


@condition(
    "nobody-fetches",
    shell=r"""
nobody_fetches() {
    tftpd_idle && objects lsnim -l && machines 'v("Cstate") ~ /has been enabled|is being performed/' || return 1
    SEEN="an operation is prepared or under way: $MACHINES"
    [ -z "$MACHINES" ]
}
""",
)
class NobodyFetches(NamedTuple):
    """No tftpd runs and no network boot is enabled: closing tftp takes it from nobody."""

    where: Role

    def words(self) -> str:
        return "no tftpd runs and no network boot is enabled, so closing tftp takes it from nobody"

    def shell(self) -> Tuple[str, ...]:
        return ("nobody_fetches",)

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
        if objects.cut or not processes.shows("tftpd"):
            return Answer(None, "only a part of ps or lsnim -l was given, which need not show who fetches")
        return Answer(True, "no tftpd runs and no network boot is enabled")
