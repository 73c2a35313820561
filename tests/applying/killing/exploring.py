"""Exploring one scenario: its run killed at every point, and with commands that go wrong."""

import collections
import os
import tempfile
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from effort import FEWER
from left_behind import adopt
from remembered import remember_rehearsals

from nimdoctor.lab import Lab

from .children import import_all, nimdoctor
from .clones import Point, points_of
from .images import Camera, Image
from .judging import Crashed, Explored, Judge, Scenario
from .scenes import STATE, Scene
from .staging import (
    FIRST,
    answer_once,
    lay_fault,
    one_name,
    scan_here,
    without_disk,
    without_inodes,
    without_scans,
    without_scans_after,
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
        import_all()
        without_disk()
        one_name()
        without_inodes()
        lab = Lab.build(self.scenario.lab)
        rehearsals = tempfile.TemporaryDirectory(prefix="nimdoctor-rehearsals-")
        remember_rehearsals(rehearsals.name)
        try:
            self.scenario.tidy(lab)
            self.lab = lab
            self.camera = Camera(lab.place)
            self.client = os.path.basename(lab.client)
            self.state = f"{lab.client}{STATE}"
            self._explore()
        finally:
            lab.close()
            rehearsals.cleanup()
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
        ended = nimdoctor(apply)
        if ended.status != 0:
            self.blame("the undisturbed run", f"ended with {ended.status}: {ended.out}{ended.err}")
            return
        self.result = self.scene()
        self.total = {end: collections.Counter(self.result.calls(end)) for end in ("client", "master")}
        self._take_back_undisturbed()
        self.camera.restore(self.first)
        answer_once(self.lab.place)
        scan_here(self.lab)
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
        for fault in (*self.faults, *self.judged):
            for end in ("client", "master"):
                for call, times in self.total[end].items():
                    for turn in range(1 if FEWER else times):
                        yield from self._failing(end, call, fault, turn)

    def scene(self, image: Optional[Image] = None) -> Scene:
        """What an image shows; what the lab shows now without one."""
        return Scene(self.camera.take() if image is None else image, self.client, self.first)

    def _apply(self) -> List[str]:
        lab = self.lab
        return ["fix", lab.client_target, "--master", lab.master_target, *self.scenario.words, "--apply", "--yes"]

    def _take_back_undisturbed(self) -> None:
        """The whole way of a rollback, scans and all."""
        ended = nimdoctor(["rollback", "last", "--yes", "--state-dir", self.state])
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

    def _failing(self, end: str, call: str, fault: str, turn: int) -> Iterator[Crashed]:
        """A run of which one command goes wrong, and its undoing, killed at each point."""
        self.camera.restore(self.first)
        history = (f"{fault} at {call}" + (f" for the {turn + 1}. time" if turn else ""),)

        def prepare() -> None:
            lay_fault(self.lab, end, call, fault, turn)
            without_scans_after()

        points: List[Point] = []
        if fault in self.faults:
            ended, points = points_of(self._apply(), self.camera, prepare)
        else:
            ended = nimdoctor(self._apply(), prepare)
            points = [Point("after its end", self.camera.take())]
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
            if ticking:
                ended, points = points_of(words, self.camera, without_scans)
            else:
                ended = nimdoctor(words, without_scans)
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
