"""Exploring one scenario: its run killed at every point, and with commands that go wrong."""

import collections
import os
import tempfile
from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from effort import FEWER
from left_behind import adopt
from remembered import remember

from nimdoctor.applying.step_commands import StepCommands
from nimdoctor.lab import Lab

from .children import Ended, here
from .clones import Point, branches_of, points_of
from .images import Camera, Image
from .judging import Crashed, Explored, Judge, Scenario
from .scenes import STATE, Scene
from .staging import (
    FIRST,
    WITHOUT_SCANS,
    WITHOUT_SCANS_AFTER,
    lay_fault,
    meet,
    one_name,
    without_disk,
    without_inodes,
)


class Exploration(Judge):
    """Kills one scenario's runs and judges all that is left. `kills` is how many in a row."""

    ENOUGH = 8
    ONE_IN = 3
    """Of `fewer`, each that many of the states that differ."""

    def __init__(
        self, scenario: Scenario, kills: int = 1, faults: Sequence[str] = (), judged: Sequence[str] = ()
    ) -> None:
        self.scenario = scenario
        self.kills = kills
        self.faults = faults
        """Each is laid for each command in turn, and the undoing killed at every point."""
        self.judged = judged
        """Each is laid for each command in turn, and only what the run comes to is looked at."""
        self.wrong: List[str] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.seen: Set[str] = set()

    # -- the way

    def run(self) -> Explored:
        adopt()
        without_disk()
        one_name()
        without_inodes()
        lab = Lab.build(self.scenario.lab)
        remembered = tempfile.TemporaryDirectory(prefix="nimdoctor-remembered-")
        remember(remembered.name)
        try:
            self.scenario.tidy(lab)
            self.lab = lab
            self.camera = Camera(lab.place)
            self.client = os.path.basename(lab.client)
            self.state = f"{lab.client}{STATE}"
            self._explore()
        finally:
            lab.close()
            remembered.cleanup()
        counts = self.counts
        return Explored(
            counts["killed"],
            counts["failed"],
            counts["different"],
            counts["resumed"],
            counts["rolled back"],
            self.wrong,
        )

    def _explore(self) -> None:
        apply = self._apply()
        self.first = self.camera.take()
        self.known = {what[3] for what in self.first.values() if what[3] and b"-----BEGIN" in what[3]}
        ended = here(apply)
        if ended.status != 0:
            self.blame("the undisturbed run", f"ended with {ended.status}: {ended.out}{ended.err}")
            return
        self.result = self.scene()
        self.total = {end: collections.Counter(self.result.calls(end)) for end in ("client", "master")}
        self._take_back_undisturbed()
        self.camera.restore(self.first)
        waiting: collections.deque[Crashed] = collections.deque()
        ended, points = points_of(apply, self.camera)
        self.run_name = FIRST
        self.plan = self.scene(points[-1].image).plan(self.run_name)
        self._keep_boundaries(points)
        waiting.extend(self._seeds(points))
        while waiting and len(self.wrong) < self.ENOUGH:
            self._look_at(waiting.popleft(), waiting)

    def _seeds(self, points: Sequence[Point]) -> Iterator[Crashed]:
        """Where to begin: at each point of a run that is killed, and at what a run comes to of which a command fails."""
        yield from self._crashed(points, "apply", ())
        yield from self._failing()
        for fault in self.faults:
            for end in self.total:
                for call in self.total[end]:
                    for turn in range(self._turns(end, call)):
                        yield from self._killed_failing(end, call, fault, turn)

    def _turns(self, end: str, call: str) -> int:
        """How often that command ran, each of which may be the one that goes wrong."""
        return min(self.total[end][call], 1) if FEWER else self.total[end][call]

    def scene(self, image: Optional[Image] = None) -> Scene:
        """What an image shows; what the lab shows now without one."""
        return Scene(self.camera.take() if image is None else image, self.client, self.first)

    def _apply(self) -> List[str]:
        lab = self.lab
        return ["fix", lab.client_target, "--master", lab.master_target, *self.scenario.words, "--apply", "--yes"]

    def _take_back_undisturbed(self) -> None:
        """The whole way of a rollback, scans and all."""
        ended = here(["rollback", "last", "--yes", "--state-dir", self.state])
        if ended.status not in (0, 1):
            self.blame("the undisturbed rollback", f"ended with {ended.status}: {ended.out}{ended.err}")

    def _keep_boundaries(self, points: Sequence[Point]) -> None:
        self.boundaries: Dict[str, Scene] = {}
        for point in points:
            if point.label.startswith("after done ") and point.label.endswith(f" {self.client}"):
                self.boundaries[point.label.split()[2]] = self.scene(point.image)

    def _crashed(
        self,
        points: Sequence[Point],
        what: str,
        history: Tuple[str, ...],
        kills: int = 1,
        start: Optional[Crashed] = None,
    ) -> Iterator[Crashed]:
        """The images of a run's points, and those of its commands dying half-way."""
        halves = start.halves if start else ()
        undone = bool(start and start.undone) or what != "apply"
        for point in points:
            said = (*history, f"{what} killed {point.label}")
            here = undone and not (what == "resume" and not (start and start.undone))
            yield Crashed(point.image, said, kills, halves, here or " undo" in point.label)
            if point.label.startswith("before command "):
                _, _, end, call = point.label.split(" ", 3)
                image = self._half(point.image, end, call)
                yield Crashed(image, (*said, f"and {call} half-way"), kills, (*halves, call), here)

    def _half(self, image: Image, end: str, call: str) -> Image:
        """What is left when nimdoctor is killed during a command that dies in the middle of its work."""
        self.camera.restore(image)
        words = call.split()
        self.lab.fault(end, words[0], "half once")
        self.lab.run(end, *words)
        return self.camera.take()

    def _failing(self) -> Iterator[Crashed]:
        """What a run comes to of which a command goes wrong in each of the ways that are judged."""
        self.camera.restore(self.first)
        run, met = StepCommands.run, collections.Counter[Tuple[str, str]]()

        def ways(commands: Any, now: Any, where: Any, argv: Sequence[str], deadline: float) -> Iterator[Any]:
            end, call = where.value, " ".join(argv)
            turn = met[end, call]
            met[end, call] += 1
            for fault in self.judged if turn < self._turns(end, call) else ():

                def act(fault: str = fault) -> str:
                    return run(commands, now, where, argv, meet(self.lab, end, argv, fault, deadline))  # type: ignore[arg-type]

                yield (fault, call, turn), act

        for way, ended in branches_of(self._apply(), self.camera, StepCommands, "run", ways, WITHOUT_SCANS_AFTER.start):
            yield from self._failed([Point("after its end", self.camera.take())], ended, *way)

    def _killed_failing(self, end: str, call: str, fault: str, turn: int) -> Iterator[Crashed]:
        """A run of which one command goes wrong, and its undoing, killed at each point."""
        self.camera.restore(self.first)

        def prepare() -> None:
            lay_fault(self.lab, end, call, fault, turn)
            WITHOUT_SCANS_AFTER.start()

        ended, points = points_of(self._apply(), self.camera, prepare)
        yield from self._failed(points, ended, fault, call, turn)

    def _failed(self, points: Sequence[Point], ended: Ended, fault: str, call: str, turn: int) -> Iterator[Crashed]:
        """Judges what the lab shows of a run of which a command went wrong, and gives what is to be gone on from."""
        history = (f"{fault} at {call}" + (f" for the {turn + 1}. time" if turn else ""),)
        self.counts["failed"] += 1
        self._judge_failed(self.scene(), ended, history)
        for crashed in self._crashed(points, "apply", history):
            yield crashed._replace(halves=(*crashed.halves, call), undone=True)

    def _look_at(self, crashed: Crashed, waiting: "collections.deque[Crashed]") -> None:
        self.counts["killed"] += 1
        scene = self.scene(crashed.image)
        key = scene.key(self.known)
        if key in self.seen:
            return
        self.seen.add(key)
        self.counts["different"] += 1
        if FEWER and self.counts["different"] % self.ONE_IN:
            return
        told = self._told(scene)
        if told is None or not told.started:
            self._begin_anew(crashed)
            return
        self._honest(crashed, scene, told)
        ticking = crashed.kills < self.kills
        for way in ("resume", "rollback"):
            self.camera.restore(crashed.image)
            words = (
                ["fix", "--resume", "last", "--yes", "--state-dir", self.state]
                if way == "resume"
                else ["rollback", "last", "--yes", "--state-dir", self.state]
            )
            points: List[Point] = []
            with WITHOUT_SCANS:
                if ticking:
                    ended, points = points_of(words, self.camera)
                else:
                    ended = here(words)
            final = self.scene()
            if ticking:
                final.image = {p: w for p, w in final.image.items() if "/lock.d" not in p}
            before = len(self.wrong)
            if way == "resume":
                self._judge_resumed(crashed, told, final, ended)
                self.counts["resumed"] += 1
            else:
                self._judge_rolled_back(crashed, scene, told, final, ended)
                self.counts["rolled back"] += 1
            if len(self.wrong) == before:
                waiting.extend(self._crashed(points, way, crashed.history, crashed.kills + 1, crashed))
