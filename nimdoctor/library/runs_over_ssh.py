"""The runs of a host over ssh: shown, gone on with, taken back, and looked after by the one file that is sent there."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from nimdoctor.applying.execute import RunResult
from nimdoctor.applying.rollback import RolledBack
from nimdoctor.evidence import open_target
from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.evidence.connection import Connection
from nimdoctor.evidence.source import Evidence
from nimdoctor.evidence.ssh import SshHost
from nimdoctor.facts.repair_runs import UNFINISHED
from nimdoctor.library.other_end import packed
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Interrupted, Say, never
from nimdoctor.model import Role
from nimdoctor.planning.command_lines import resuming, taking_back
from nimdoctor.planning.document import Plan
from nimdoctor.planning.fix import Options
from nimdoctor.planning.typed import as_typed
from nimdoctor.remote.follow import Unfollowed
from nimdoctor.remote.host import Overview, Place, RemoteHost
from nimdoctor.remote.one_file import agent
from nimdoctor.remote.result import rolled_back, runs_of
from nimdoctor.remote.run import Errand, Killed, new_place
from nimdoctor.system.refused import Refused

REFUSED = "refused: "
"""Begins a line about what was asked for and not done."""


class RemoteRun:
    """A run on a host over ssh. `row` is how its journal tells it, None before it has one; `places` what was sent there
    about it and was not read to its end.
    """

    def __init__(self, host: RemoteHost, name: str, row: Optional[Mapping[str, Any]], places: Sequence[Place]) -> None:
        self.host = host
        self.name = name
        self.row = row
        self.places = tuple(places)
        self.file: Optional[str] = row["executor"] if row else None

    @property
    def state(self) -> str:
        """running while something works on it, whatever its journal says."""
        return "running" if self.row is None or self.place("runs") else str(self.row["state"])

    def place(self, how: str, back: Optional[bool] = None) -> Optional[Place]:
        """What was sent about it and stands so; with `back` only what takes it back, or only what does not."""
        return next((one for one in self.places if one.how == how and back in (None, one.back)), None)

    def plan(self) -> Plan:
        """The plan that it carries out, as it stands there. Raises Refused, TargetError."""
        return self.host.plan(self.name)

    def refuse_doubt(self) -> None:
        """Raises Refused for a run in doubt, with what to do about it."""
        if self.row and self.row["why"]:
            raise Refused(str(self.row["why"]))


class RemoteRuns:
    """The runs of one host over ssh."""

    remote = True

    def __init__(
        self, target: str, registry: Registry, *, timeout: float = 30.0, progress: Any = None, say: Say
    ) -> None:
        """Raises TargetError."""
        self.target = target
        self.registry = registry
        self.timeout = timeout
        self.progress = progress
        self.say = say
        self._connections: Dict[str, Connection] = {}
        self.host = RemoteHost(self._connection(target))
        self._seen = Overview()
        self.retold: Tuple[str, ...] = ()
        """States of the run that was found, where it ended while nobody followed it: what came of it is told."""

    def close(self) -> None:
        """Ends what is held open."""
        for connection in self._connections.values():
            connection.close()

    def _connection(self, target: str) -> Connection:
        if target not in self._connections:
            self._connections[target] = Connection(target, self.timeout)
            self._connections[target].connect()
        return self._connections[target]

    def listed(
        self, followed: Optional[str] = None, prune: Optional[int] = None
    ) -> "Tuple[Mapping[str, Any], List[str]]":
        """The runs as the host tells them, schema nimdoctor.runs/1; `followed` and `prune` are asked for with them, and
        why one of these was not done stands beside them.

        Nothing is sent to a host that has none. Raises Refused, TargetError.
        """
        self._seen = self.host.overview()
        if not self._seen.runs:
            if followed is not None:
                raise Refused(f"no run in {STATE_DIRECTORY} on {self.target} waits for a client {followed!r}")
            return {"state_directory": STATE_DIRECTORY, "runs": []}, []
        file = agent()
        Errand(self.host, self.say).bring(file, self._seen)
        *progress_lines, document = self.host.question(
            file.name, {"request": "runs", "followed": followed, "prune": prune}
        )
        lines = [str(one.get("says")) for one in progress_lines]
        refused = [line[len(REFUSED) :] for line in lines if line.startswith(REFUSED)]
        for line in lines:
            if not line.startswith(REFUSED):
                self.say(line)
        return runs_of(document, self.target), refused

    def every(self) -> List[RemoteRun]:
        """The runs, oldest first, those too that were sent and have no journal yet. Raises Refused, TargetError."""
        rows = {row["run"]: row for row in self.listed()[0]["runs"]}
        seen = self._seen
        found = []
        for name in sorted({*rows, *(place.run for place in seen.places)}):
            found.append(
                RemoteRun(self.host, name, rows.get(name), [place for place in seen.places if place.run == name])
            )
        return found

    def find(self, name: str) -> RemoteRun:
        """The run of that name, or the last. Raises Refused, TargetError."""
        runs = self.every()
        found = next((run for run in reversed(runs) if name in ("last", run.name)), None)
        if found is None:
            known = ", ".join(run.name for run in runs)
            raise Refused(
                f"there is no run {'' if name == 'last' else name + ' '}on {self.target}"
                f"{'; there are ' + known if known else ''}"
            )
        unread = found.place("over", back=False) and found.state not in UNFINISHED
        self.retold = (found.state,) if unread else ()
        return found

    def resume(self, run: RemoteRun, options: Options, interrupted: Interrupted = never) -> RunResult:
        """Follows a run that is under way, tells of one that ended meanwhile, goes on with one that is not finished.

        Raises NotDone, Refused, TargetError.
        """
        if run.place("runs", back=True):
            raise Refused(f"run {run.name} is being taken back: {as_typed(taking_back(run.name, self.target, ''))}")
        errand, plan = Errand(self.host, self.say, interrupted), run.plan()
        unread = run.place("over", back=False)
        there = run.place("runs") or (unread if run.row is None or run.state not in UNFINISHED else None)
        if there is not None:
            return errand.followed(run.name, plan, there.name, there.file, lambda: None)
        if unread is not None:
            self.host.forget(unread.name)
        file, place, other = self._file_of(run), new_place(run.name, "resume"), self._other(run, plan)
        request = {
            "request": "resume",
            "run": run.name,
            "evidence_age": options.evidence_age,
            "other": self.host.evidence_of(place) if other else None,
        }
        return errand.followed(run.name, plan, place, file, lambda: errand.begin(place, file, request, other))

    def roll_back(self, run: RemoteRun, only: Sequence[str], interrupted: Interrupted = never) -> RolledBack:
        """Takes a run back; an interruption ends only that it is followed. Raises NotDone, Refused, TargetError."""
        if run.place("runs", back=False):
            raise Refused(f"run {run.name} is under way: {as_typed(resuming(run.name, self.target, ''))} follows it")
        errand, plan = Errand(self.host, self.say, interrupted), run.plan()
        there = run.place("runs")
        place = there.name if there else new_place(run.name, "rollback")
        file = run.file if run.file in self._seen.files else None
        if file is None:
            own = agent()
            errand.bring(own, self._seen)
            file = own.name
        request = {"request": "rollback", "run": run.name, "only": list(only)}
        try:
            if there is None:
                errand.begin(place, file, request)
            done = rolled_back(errand.end(place, plan), self.target)
        except Unfollowed as error:
            raise Refused(
                f"what takes run {run.name} back is no longer followed, and goes on there: {error}"
            ) from error
        except Killed as error:
            raise Refused(f"what takes run {run.name} back was killed there: start it again ({error})") from error
        self._tell_of_the_master(run, plan)
        return done

    def _tell_of_the_master(self, run: RemoteRun, plan: Plan) -> None:
        seen = self._seen.run(run.name)
        if seen and seen.parts.get("after"):
            target = plan.hosts[Role.MASTER].target
            self.say(f"what run {run.name} did on {target} stands: {as_typed(taking_back(run.name, target, ''))}")

    def _file_of(self, run: RemoteRun) -> str:
        """The one file that goes on with a run: that which began it. Raises Refused."""
        if run.file is None:
            raise Refused(
                f"run {run.name} was begun by a nimdoctor that is installed on {self.target}: log in there, "
                f"{as_typed(resuming(run.name, '', ''))} goes on with it"
            )
        own = agent()
        if run.file not in self._seen.files:
            if run.file != own.name:
                raise Refused(f"{run.file}, which began run {run.name}, is not on {self.target} any more: take it back")
            Errand(self.host, self.say).bring(own, self._seen)
        return run.file

    def _other(self, run: RemoteRun, plan: Plan) -> bytes:
        """Evidence of the other end as it is now, for a run that had it as evidence. Raises TargetError."""
        recorded = [
            where for where, target in (run.row or {"targets": {}})["targets"].items() if target.startswith("/")
        ]
        if not recorded:
            return b""
        target = plan.hosts[Role(recorded[0])].target
        return packed(lambda: self._evidence(target), self.registry.catalog, self.host.overview().clock)

    def _evidence(self, target: str) -> Evidence:
        if target.startswith("ssh:"):
            return SshHost(target, self.timeout, self.progress, connection=self._connection(target))
        return open_target(target, timeout=self.timeout, progress=self.progress, catalog=self.registry.catalog)
