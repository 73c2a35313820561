"""Conditions that keep a plan away from a host at work, or from one it does not know."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import Filesets, NimGeneration, NimInfo, NimObjects, NimshMode, Processes, TlsAttempt, Wpar
from nimdoctor.facts.generation import later_apars
from nimdoctor.facts.lslpp import MASTER_FILESET
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.facts.ps import ProcessRow
from nimdoctor.model import Role
from nimdoctor.model.wording import ago
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.ends import Elsewhere, Snapshot

HUNG_AFTER = 600
"""Seconds after which an operation that stands at `create BIO` counts as hung."""
STARTING = 120
"""Seconds that a push may have run before its session reached `create BIO`, and that clocks may differ by."""
_PERFORMED = "is being performed"


class Hanging(NamedTuple):
    """A push that stands at `create BIO`: `age` is seconds since that last line of its session, None where that is not
    known, for the reason `why`; `says` is the line.
    """

    age: Optional[int]
    says: str
    why: str = ""

    @property
    def proved(self) -> bool:
        """Whether it has stood there for so long that it is proved to hang."""
        return self.age is not None and self.age >= HUNG_AFTER

    def accounts_for(self, row: ProcessRow) -> bool:
        """Whether that process may be the hung one: it is not known to have begun after the session had stopped."""
        return row.elapsed is None or self.age is None or row.elapsed + STARTING >= self.age

    def words(self) -> str:
        """Since when, and from when on it can be waived."""
        since = f"it stands at create BIO since {self.says}"
        minutes = f"{HUNG_AFTER // 60} minutes"
        if self.age is None:
            return f"{since}; for how long is not known ({self.why}), so it is not proved to hang and is not waived"
        if self.proved:
            return f"{since}, {ago(self.age)} ago, more than {minutes}: that proves that it hangs, and --accept-hung waives it"
        left = ago(HUNG_AFTER - self.age)
        return f"{since}, {ago(self.age)} ago; at {minutes}, in {left}, that proves that it hangs, and --accept-hung waives it"


def hanging(now: Snapshot) -> Optional[Hanging]:
    """The client's newest TLS session where it stands at `create BIO`, else None."""
    try:
        attempt = now.fact(Role.CLIENT, TlsAttempt)
    except Elsewhere:
        return None
    session = attempt.session if attempt else None
    if attempt is None or session is None or session.end is not SessionEnd.HUNG:
        return None
    where_it_stands = f"{session.last.source} line {session.last.line}: {session.last.text.strip()}"
    return Hanging(attempt.age, where_it_stands, attempt.why)


def proved_hung(now: Snapshot) -> Optional[Hanging]:
    """What proves that the client's newest TLS session hangs: it stands at `create BIO` for ten minutes. Else None."""
    found = hanging(now)
    return found if found and found.proved else None


@condition(
    "client-idle",
    shell=r"""
client_idle() {
    processes || return 1
    # of a script ps shows the shell first
    SEEN=$(awk '
        NR == FNR { if ($3 == "nimsh") nimsh[$1] = 1; next }
        $2 in nimsh { print "a push is under way, process " $1 }
        $3 ~ /^(ksh|ksh93|bsh|sh|bash|psh|perl)$/ { for (i = 5; i <= NF; i++) if ($i !~ /^-/) { $3 = $i; sub(/^.*\//, "", $3); break } }
        $3 ~ /^(installp|mksysb|nimadm|alt_rootvg_op|alt_disk.*)$/ { print $3 " runs, process " $1 }' "$ROWS" "$ROWS") && [ -z "$SEEN" ]
}

idle_but_hung() { # or the push that is under way was given up, as a person says
    client_idle && return
    case $SEEN in *' runs,'*) return 1 ;; 'a push'*) ;; *) return 1 ;; esac
    tail -n 400 "$R/var/adm/ras/nimsh.log" 2> /dev/null | awk 'NF { last = tolower($0) } END { exit last !~ /create bio/ }' || return 1
    ask_yes "$SEEN; nimsh.log ends at create BIO. It has stood there for ten minutes, and is the push that was given up?"
}
""",
)
class ClientIdle(NamedTuple):
    """No push and no installation runs on the client; a push proved to hang may be accepted by its client's name."""

    where: Role
    accept_hung: bool = False

    def words(self) -> str:
        waived = " (a push proved to hang is accepted)" if self.accept_hung else ""
        return f"nimsh has no child{waived}, and neither installp, mksysb, nimadm nor alt_disk runs"

    def shell(self) -> Tuple[str, ...]:
        return ("idle_but_hung" if self.accept_hung else "client_idle",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        processes = now.fact(self.where, Processes)
        if processes is None:
            return Answer(None, "the client's processes are not known (ps)")
        for row in processes.rows:
            if row.installs:
                return Answer(False, f"{row.runs} runs (process {row.pid})")
        if not processes.coverage.is_whole:
            return Answer(None, "only a part of ps was given, which need not show all that runs")
        mode = now.fact(self.where, NimshMode)
        children = mode.children if mode else ()
        if not children:
            return Answer(True, "nimsh has no child and no installation runs")
        hung = hanging(now)
        later = next((row for row in children if hung and not hung.accounts_for(row)), None)
        if hung and hung.proved and later is None and self.accept_hung:
            push = f"nimsh's child {children[0].pid} belongs to a push that hangs ({hung.says}), which is accepted"
            return Answer(True, push)
        if later:
            why = f"(process {later.pid}), which began after the one that stands at create BIO"
        elif hung:
            why = f"(process {children[0].pid}); {hung.words()}"
        else:
            why = f"(process {children[0].pid}), and nothing in nimsh.log shows that it hangs: wait until it has ended"
        return Answer(False, f"nimsh has a child: a push is under way {why}")


@condition(
    "master-idle",
    shell=r"""
master_idle() {
    processes || return 1
    FOUND=$(awk -v waived="$2" '$3 == "nim" { mine = 0; for (i = 5; i <= NF; i++) if ($i == waived) mine = 1; print (mine ? "waived " : "a nim command runs, process ") $1 }' "$ROWS")
    SEEN=$FOUND
    case $FOUND in *'a nim command'*) return 1 ;; esac
    objects lsnim -l || return 1
    machines 'v("Cstate") ~ /is being performed/'
    for NAMED in $MACHINES; do
        SEEN="an operation is being performed on $NAMED"
        case " $1 " in *" $NAMED "*) [ "$NAMED" = "$2" ] && FOUND=waived || return 1 ;; esac
    done
    [ -z "$FOUND" ] || ask_yes "nim is at work on $2. It has hung for ten minutes, and is the operation that was given up?"
}
""",
)
class MasterIdle(NamedTuple):
    """No `nim` runs on the master and no operation is being performed on the plan's machines.

    `accept_hung` is the name of the client whose hung operation is accepted, or empty.
    """

    where: Role
    machines: Tuple[str, ...] = ()
    accept_hung: str = ""

    def words(self) -> str:
        waived = f" (the hung one of {self.accept_hung} is accepted)" if self.accept_hung else ""
        on = f" on {', '.join(self.machines)}" if self.machines else ""
        return f"no nim command runs on the master and no operation is being performed{on}{waived}"

    def shell(self) -> Tuple[str, ...]:
        return ("master_idle", " ".join(self.machines), self.accept_hung)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        processes, objects = now.fact(self.where, Processes), now.fact(self.where, NimObjects)
        if processes is None or objects is None:
            return Answer(None, "the master's processes or objects are not known (ps, lsnim -l)")
        hung = proved_hung(now)
        accepted = self.accept_hung if hung else ""
        for row in processes.named("nim"):
            if not (hung and accepted and accepted in row.words and hung.accounts_for(row)):
                of_ours = hung and not accepted and set(self.machines) & set(row.words) and hung.accounts_for(row)
                waived = ": it belongs to the push that hangs, and --accept-hung waives it" if of_ours else ""
                return Answer(False, f"a nim command runs: {row.args.strip()[:80]} (process {row.pid}){waived}")
        for name in self.machines:
            found = objects.get(name)
            if found and _PERFORMED in (found.get("Cstate") or "") and name != accepted:
                return Answer(False, f"{name}: {found.get('Cstate')}")
        if objects.cut or not processes.shows("nim"):
            return Answer(None, "only a part of ps or lsnim -l was given, which need not show what runs")
        return Answer(True, "no nim command runs")


@condition(
    "not-hardened",
    shell=r"""
below_g2() {
    answered oslevel -s && ask instfix -ik "$1" || return 1
    SEEN='a fix of generation G2 or later is installed: IBM node/7251173 and node/7283157 say what to do'
    ! grep 'All filesets for .* were found' "$OUT" > /dev/null || return 1
    for APAR in $1; do
        SEEN="whether $APAR is installed is not known (instfix -ik)"
        grep -E "There was no data for $APAR in|Not all filesets for $APAR were" "$OUT" > /dev/null || return 1
    done
}
""",
)
class NotHardened(NamedTuple):
    """The end is below security generation G2, for which these steps were made; an end not looked at does not count."""

    where: Role

    def words(self) -> str:
        return f"the {self.where.value} is below NIM security generation G2"

    def shell(self) -> Tuple[str, ...]:
        return ("below_g2", " ".join(later_apars("G2")))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        if not now.given(self.where):
            return Answer(True, f"no {self.where.value} was given")
        generation = now.fact(self.where, NimGeneration)
        if generation is None or not (generation.proved or generation.concerned):
            return Answer(None, f"the {self.where.value}'s level is not known (oslevel -s)")
        if generation.may_be_hardened:
            known = f"is of generation {generation.proved}" if generation.at_least("G2") else "may be of generation G2"
            return Answer(False, f"the {self.where.value} {known}: IBM node/7251173 and node/7283157 say what to do")
        return Answer(True, f"the {self.where.value} is below generation G2")


@condition(
    "not-secure-master",
    shell=r"""
not_secure_master() {
    niminfo NIM_CONFIGURATION
    case $VALUE in '' | *[Mm][Aa][Ss][Tt][Ee][Rr]) ssl_support no ;; esac
}
""",
)
class NotSecureMaster(NamedTuple):
    """The host is not itself a NIM master with SSL, whose certificates `nimclient -c` would write over."""

    where: Role

    def words(self) -> str:
        return f"the {self.where.value} is not itself a NIM master with SSL"

    def shell(self) -> Tuple[str, ...]:
        return ("not_secure_master",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        host = now.host(self.where)
        info, objects = host.optional(NimInfo), host.optional(NimObjects)
        if objects is None and not (info and info.roles):
            filesets = host.optional(Filesets)
            if filesets and filesets.installed(MASTER_FILESET) is False:
                return Answer(True, f"{MASTER_FILESET} is not installed")
            return Answer(None, "whether the host is a NIM master is not known (/etc/niminfo, lsnim -l, lslpp -lc)")
        if "master" not in {*host.roles, *(info.roles if info and info.roles else ("master",))}:
            return Answer(True, "the host is no NIM master")
        support = objects.ssl_support() if objects else None
        if support is None:
            return Answer(None, "the host is a NIM master, and whether it has SSL on is not known")
        return Answer(not support, f"the host is itself a NIM master {'with' if support else 'without'} SSL")


@condition(
    "role-is",
    shell=r"""
role_is() {
    roles || return 1
    case $ROLES in *" $1 "*) ;; *) return 1 ;; esac
}
""",
)
class RoleIs(NamedTuple):
    """The host plays that role."""

    where: Role
    role: str

    def words(self) -> str:
        return f"the {self.where.value} is a NIM {self.role}"

    def shell(self) -> Tuple[str, ...]:
        return ("role_is", self.role)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        host = now.host(self.where)
        info = host.optional(NimInfo)
        # --master gives a host the role of a master, whatever it is: its own word counts
        roles = (info.roles if info else ()) or Host(host.evidence, host.catalog).roles
        if not roles:
            return Answer(None, "the host's role is not known")
        return Answer(self.role in roles, f"the host's role is {', '.join(roles)}")


@condition("not-in-wpar")
class NotInWpar(NamedTuple):
    """The host is no workload partition, whose /usr may be shared with others."""

    where: Role

    def words(self) -> str:
        return "the host is no workload partition, whose /usr may be shared"

    def shell(self) -> Tuple[str, ...]:
        return ("says", "0", "uname", "-W")

    def decide(self, now: Snapshot, was: Was) -> Answer:
        wpar = now.fact(self.where, Wpar)
        if wpar is None:
            return Answer(None, "whether the host is a workload partition is not known (uname -W)")
        return Answer(not wpar.inside, f"uname -W says {wpar.wpar_id}")
