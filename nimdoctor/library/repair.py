"""A repair: one target, its master where given; a plan comes out, which can be applied, resumed or taken back."""

import contextlib
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.applying.execute import Executor, RunResult, refuse_up_front, unfinished_words
from nimdoctor.applying.outcome import remembered
from nimdoctor.applying.proved import note_proved, waiting
from nimdoctor.applying.refusals import strange_commands
from nimdoctor.applying.run_directories import ANOTHER
from nimdoctor.applying.runs import mark_followed, unfinished
from nimdoctor.applying.script_runs import unfinished_packages, unfinished_scripts
from nimdoctor.diagnosis import ignore
from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import TargetError, open_target
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.source import Evidence
from nimdoctor.facts import NimIdentity, NimObjects
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import Report, open_hosts, scan_hosts
from nimdoctor.model import Role
from nimdoctor.planning.command_lines import default_state
from nimdoctor.planning.document import Plan, Refusal
from nimdoctor.planning.ends import End, Ends, hosts_by_role
from nimdoctor.planning.fix import Options
from nimdoctor.planning.plan_ends import PlanEnds, Probed
from nimdoctor.planning.planner import Planner
from nimdoctor.system.host_files import HostFiles
from nimdoctor.system.refused import Refused

if TYPE_CHECKING:
    from nimdoctor.evidence.connection import Connection
    from nimdoctor.probe import Probe
    from nimdoctor.scripts import ScriptEnd

PUSH_DEADLINE = 60.0
"""Seconds a push may take that proves a cure."""
PUSHED = 3
"""Other clients that are pushed to find one that works: each that hangs takes its deadline."""

Say = Callable[[str], None]
Interrupted = Callable[[], bool]


def never() -> bool:
    """Nobody interrupts."""
    return False


class RepairTarget(NamedTuple):
    """What a command line says of the hosts: `target` and `master` as typed, `state_dir` the target's or None."""

    target: str = ""
    master: Optional[str] = None
    state_dir: Optional[str] = None
    timeout: float = 30.0


def absolute(target: str) -> str:
    """The target so that it means the same in every directory.

    >>> absolute(""), absolute("root:/mnt/aix/"), absolute("ssh:nim1")
    ('', 'root:/mnt/aix', 'ssh:nim1')
    """
    if target == "" or target.startswith("ssh:"):
        return target
    if target.startswith("root:"):
        return "root:" + os.path.realpath(target[5:])
    return os.path.realpath(target)


def state_directory(target: str, given: Optional[str] = None) -> str:
    """Where the runs on a target are kept, as a path of this machine; empty for recorded evidence.

    Raises Refused where the way to it below another root is a link.
    """
    if given is not None:
        return os.path.abspath(given)
    if target.startswith("root:"):
        HostFiles(target[5:]).stat(STATE_DIRECTORY)
    return "" if target.startswith("ssh:") else default_state(target)


class Repair:
    """The hosts of one repair, scanned, and the plan for what was found, which is made when it is first asked for.

    Raises TargetError where a target cannot be read, Refused where a state directory is led astray.
    """

    def __init__(
        self,
        where: RepairTarget,
        registry: Registry,
        options: Options,
        *,
        rules: Sequence[ignore.Rule] = (),
        progress: Any = None,
        say: Say = lambda line: None,
        roles: Sequence[Role] = (),
        leads: Optional[Role] = None,
        opened: Optional[Callable[[str], Evidence]] = None,
        connections: "Optional[Dict[str, Connection]]" = None,
    ) -> None:
        """`roles` are those of the ends of a plan or a run that is there: half-way through it the hosts may no longer
        tell. `leads` is the end whose state directory leads, the target's where it is not given.

        `opened` gives the evidence of a target that is only a name for what is open already, `connections` are those
        that are open to hosts over ssh, by target.
        """
        self.roles = frozenset(roles)
        self.leads = leads
        self.opened = opened
        self.where = where
        if opened is None:
            master = None if where.master is None else absolute(where.master)
            self.where = where._replace(target=absolute(where.target), master=master)
        self.registry = registry
        self.options = options
        self.rules = rules
        self.progress = progress
        self.say = say
        self.beginning = ANOTHER
        self._proved: Optional[str] = None
        self.probes: List[Probe] = []
        self._connections: Dict[str, Connection] = {} if connections is None else connections
        self._document: Optional[Plan] = None
        self.engine = self._open()
        self.report = self._scan(self.engine)
        self.target_role, self.ends = self._ends()

    # -- reading

    def _evidence(self, target: str) -> Evidence:
        if self.opened is not None:
            return self.opened(target)
        if target.startswith("ssh:"):
            from nimdoctor.evidence.ssh import SshHost

            # however often a host is read anew, it is over one connection
            return SshHost(target, self.where.timeout, self.progress, connection=self.connection(target))
        return open_target(target, timeout=self.where.timeout, progress=self.progress, catalog=self.registry.catalog)

    def connection(self, target: str) -> "Connection":
        """The one connection to that host. Raises TargetError."""
        if target not in self._connections:
            from nimdoctor.evidence.connection import Connection

            self._connections[target] = Connection(target, self.where.timeout)
        return self._connections[target]

    def close(self) -> None:
        """Ends what is held open to other hosts."""
        for connection in self._connections.values():
            connection.close()

    def _open(self) -> Engine:
        master = None if self.where.master is None else self._evidence(self.where.master)
        return open_hosts(self._evidence(self.where.target), master, registry=self.registry)

    def _scan(self, engine: Engine) -> Report:
        return scan_hosts(engine, registry=self.registry, rules=self.rules)

    def _ends(self) -> Tuple[Role, Ends]:
        """The ends by role, and the one whose state directory leads."""
        engine, where = self.engine, self.where
        hosts = hosts_by_role(engine.target, engine.master, [role.value for role in self.roles])
        leads = self.leads or (Role.CLIENT if Role.CLIENT in hosts else Role.MASTER)
        leading = hosts[leads]
        found: Dict[Role, End] = {}
        for role, host in hosts.items():
            # a master that came with its client's evidence is read where that is
            target = where.target if host is engine.target or where.master is None else where.master
            found[role] = self._end(role, target, host, where.state_dir if host is leading else None)
        return leads, Ends(found, self.registry.catalog, 60 * self.options.evidence_age)

    def _end(self, role: Role, target: str, host: Host, state_dir: Optional[str]) -> End:
        live = host.evidence.live and not target.startswith("ssh:")
        root = os.path.realpath(target[5:]) if target.startswith("root:") else None
        return End(
            role,
            target,
            lambda: self._evidence(target),
            host.roles,
            HostFiles(root) if live else None,
            state_directory(target, state_dir),
            (host.evidence.system or "") if live and root is None else None,
        )

    @cached_property
    def known(self) -> PlanEnds:
        """What is known of the ends."""
        return PlanEnds(self.engine, self.ends)

    @cached_property
    def planner(self) -> Planner:
        """What makes the plan."""
        return Planner(self.engine, self.ends, self.registry.fixes(), self.options, self._probed())

    @property
    def command(self) -> str:
        """The command line that makes this plan."""
        return self.planner.command()

    @cached_property
    def plan(self) -> Plan:
        """The plan; one that was made elsewhere stands in its place once it is set."""
        return self._plan()

    def _plan(self) -> Plan:
        return self.planner.plan(self.report.results, self.report.story)

    def _probed(self) -> Probed:
        if not self.options.probe or self.roles:
            return Probed()
        from nimdoctor.probe import Probe, probe_client, tftp_address

        address = None
        client = self.ends.ends.get(Role.CLIENT)
        if client is not None and client.live:
            answers = probe_client(self.engine.target)
            self.probes += [Probe(Role.CLIENT.value, what, *answer) for what, answer in answers]
            # the first is that of tftp; one that could not be asked has said neither yes nor no
            address = tftp_address(self.engine.target) if answers[0][1].answered is not None else None
        elif client is not None:
            self.probes.append(
                Probe(Role.CLIENT.value, "the master", None, "not asked: the client is recorded evidence")
            )
        doubted = {fix.id for fix in self.registry.fixes() if fix.doubted_by_push}
        hangs = any(found.fix in doubted and found.where is Role.CLIENT for found in self.report.results)
        return Probed(address, self._pushed_well() if hangs else None)

    def _pushed_well(self) -> Optional[str]:
        """Another secured client that a push reaches with SSL: then it is not the master that must be recycled."""
        from nimdoctor.probe import Probe, push

        end, host = self.ends.ends.get(Role.MASTER), self.engine.master
        objects = host.optional(NimObjects) if host else None
        if end is None or not end.live or host is None or objects is None:
            return None
        identity = self.engine.target.optional(NimIdentity)
        own = identity.object_in(objects)[0] if identity else None
        others = [machine.name for machine in objects.connected(SECURE) if own is None or machine.name != own.name]
        for name in others[:PUSHED]:
            made = push(host, name, PUSH_DEADLINE)
            self.probes.append(Probe(Role.MASTER.value, f"a push to {name}", made.proved, made.says))
            if made.proved:
                return name
        return None

    # -- what stands in the way

    def unfinished(self) -> List[str]:
        """A line for each unfinished run of either end: what it is and what to do about it."""
        lines: List[str] = []
        for end in self.ends.ends.values():
            if end.state:
                try:
                    lines += [unfinished_words(run) for run in unfinished(end.state)]
                    lines += [run.words(end.state) for run in unfinished_scripts(end.state)]
                    lines += [run.words(end.state) for run in unfinished_packages(end.state)]
                except OSError as error:
                    why = f"{error.filename or end.state}: {error.strerror or error}"
                    lines.append(f"whether a run is unfinished cannot be told, {why}: run nimdoctor as root")
        return list(dict.fromkeys(lines))

    def note_proved(self) -> None:
        """Writes down of the client's runs that waited for a push which of them this scan sees proved."""
        client = self.ends.ends.get(Role.CLIENT)
        if client is None:
            return
        for end in self.ends.ends.values():
            with contextlib.suppress(OSError):  # that they cannot be read is told where unfinished ones are asked for
                for run in waiting(end.state) if end.state else ():
                    if run.start.get("targets", {}).get("client") == client.target:
                        note_proved(run, self.report.results, self.engine.target, self.say)

    def refusals(self) -> List[Refusal]:
        """What forbids applying the plan, as far as it is known before anything is locked."""
        return [
            *refuse_up_front(self.plan, self.ends, os.geteuid()),
            *strange_commands(self.plan.steps, self.registry.fixes()),
        ]

    # -- doing

    def apply(self, interrupted: Interrupted = never) -> RunResult:
        """Carries the plan out. Raises NotApplied, Locked, Refused, OSError."""
        # what was collected before shows nothing that comes of it; with the host as it is by then it may disagree
        recorded = [where for where, end in self.ends.ends.items() if end.recorded]
        before = remembered([found for found in self.report.results if found.where not in recorded])
        result = self._executor(self.plan, interrupted).apply(before, self.beginning)
        self._note_followed()
        return result

    def _executor(self, plan: Plan, interrupted: Interrupted) -> Executor:
        return Executor(
            plan,
            self.ends,
            self.target_role,
            rescan=self._rescan,
            push=self._push if self.options.probe else None,
            scripts=self._client_scripts(plan),
            say=self.say,
            interrupted=interrupted,
        )

    def _rescan(self) -> Sequence[Any]:
        self.report = self._scan(self._open())
        return self.report.results

    def _push(self, plan: Plan) -> Mapping[str, str]:
        """Makes the push that proves a cure, where the master is live; names the client whose push failed."""
        from nimdoctor.probe import push

        master = self.ends.ends.get(Role.MASTER)
        client = self.known.client
        if master is None or not master.live or client is None:
            return {}
        host = self.ends.now().host(Role.MASTER)
        made = push(host, client, PUSH_DEADLINE)
        self.say(f"push: {made.says}")
        self._proved = client if made.proved else None
        return {} if made.proved else {client: made.says}

    def _note_followed(self) -> None:
        """A push that came through by nimsh (secure) shows that the client has followed an earlier recycle."""
        master = self.ends.ends.get(Role.MASTER)
        if self._proved is None or master is None:
            return
        try:
            for run in mark_followed(master.state, self._proved):
                self.say(f"{self._proved} has followed run {run}")
        except (Refused, OSError) as error:
            self.say(f"that {self._proved} has followed cannot be noted: {error}")

    def _client_scripts(self, plan: Plan) -> Mapping[str, bytes]:
        if plan.affects is None:
            return {}
        from nimdoctor.scripts.package import client_scripts

        return client_scripts(plan)

    def render_as(self, saved: Plan) -> None:
        """From now on the package is that of the plan as it was saved, which is the very same one: to the byte what was
        written when it was, though a finding may be an hour older by now."""
        self._document = saved

    def unpackaged(self) -> List[Refusal]:
        """What of the plan no change package can ask, so that none is made of it."""
        from nimdoctor.scripts.package import unscriptable

        how = "a script cannot look at that: use --apply on the host itself"
        return [Refusal(step, says, how) for step, says in unscriptable(self.plan)]

    def package(self) -> Mapping[str, bytes]:
        """The plan as a change package: relative names and contents."""
        from nimdoctor.scripts.package import change_package

        return change_package(self._document or self.plan, self.script_ends())

    def script_ends(self) -> "Dict[str, ScriptEnd]":
        """The ends as scripts see them."""
        from nimdoctor.scripts import ScriptEnd

        return {
            role.value: ScriptEnd(
                end.target[5:] if end.target.startswith("root:") else None,
                # of a host that is elsewhere they run where its runs have their own place
                end.state or STATE_DIRECTORY,
            )
            for role, end in self.ends.ends.items()
        }


__all__ = ["Repair", "RepairTarget", "TargetError", "absolute", "state_directory"]
