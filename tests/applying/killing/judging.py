"""What is right of that which a kill, a resume or a rollback left."""

import collections
import json
from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Tuple

from effort import EVERYTHING

from nimdoctor.lab import Lab

from .children import Ended, here
from .images import Image
from .scenes import STATE, Scene, Told
from .staging import WITHOUT_SCANS_AFTER


class Scenario(NamedTuple):
    """What is killed: a lab, further words of `fix`, and how it is got ready beyond the lab."""

    name: str
    lab: str
    words: Tuple[str, ...] = ()
    tidy: Callable[[Lab], None] = lambda lab: None


class Crashed(NamedTuple):
    """An image that kills led to. `history` says how; `halves` are commands that died in the middle of their work."""

    image: Image
    history: Tuple[str, ...]
    kills: int
    halves: Tuple[str, ...] = ()
    undone: bool = False
    """Whether something was, or may have been, taken back on the way."""


class Explored(NamedTuple):
    """What an exploration came to: how often it killed and laid faults, how many different states that left, how
    many runs went on from them, and what was wrong."""

    killed: int
    failed: int
    different: int
    resumed: int
    rolled_back: int
    wrong: List[str]


UNFINISHED = ("running", "stopped", "rolling-back")


class Judge:
    """Looks at what was left, and writes down what is wrong."""

    def blame(self, history: Any, what: str) -> None:
        self.wrong.append(f"{' / '.join(history) if isinstance(history, tuple) else history}: {what}")

    def _told(self, scene: Scene) -> Optional[Told]:
        return scene.told("client", self.run_name) if self.run_name in scene.runs("client") else None

    def _begin_anew(self, crashed: Crashed) -> None:
        """Killed before the first record: nothing was done, nothing is unfinished, and a new run goes through."""
        scene = self.scene(crashed.image)
        first = self.scene(self.first)
        for end in ("client", "master"):
            self._same(crashed.history, scene.view(end), first.view(end), f"the {end} before the first record")
        self.camera.restore(crashed.image)
        listed = json.loads(here(["runs", "--format", "json", "--state-dir", self.state]).out)["runs"]
        if listed:
            self.blame(crashed.history, f"runs shows {listed}")
        if not EVERYTHING and "reserve" not in crashed.history[-1]:
            return  # the nearest to the first record stands for all of them
        with WITHOUT_SCANS_AFTER:
            ended = here(self._apply())
        final = self.scene()
        if ended.status != 0:
            self.blame(crashed.history, f"a new run ended with {ended.status}: {ended.err}")
        self._whole(crashed.history, final, "a new run after it")

    def _honest(self, crashed: Crashed, scene: Scene, told: Told) -> None:
        """`runs` says what the journal says, on both sides; `fix` puts an unfinished run first."""
        self.camera.restore(crashed.image)
        shown = json.loads(here(["runs", "--format", "json", "--state-dir", self.state]).out)["runs"]
        states = [(run["run"], run["state"]) for run in shown]
        if states != [(self.run_name, told.state)]:
            self.blame(crashed.history, f"runs shows {states}, the journal says {told.state}")
        steps = {step["id"]: step["state"] for step in shown[0]["steps"]} if shown else {}
        for names, word in ((told.done, "done"), (told.begun, "begun"), (told.undone, "undone")):
            for name in names:
                if steps.get(name) != word:
                    self.blame(crashed.history, f"runs shows {name} as {steps.get(name)}, the journal says {word}")
        if self.run_name in scene.runs("master") and scene.told("master", self.run_name).started:
            other = f"{self.lab.master}{STATE}"
            shown = json.loads(here(["runs", "--format", "json", "--state-dir", other]).out)["runs"]
            if [run["state"] for run in shown] != [told.state]:
                self.blame(crashed.history, f"runs on the master shows {shown}, the journal says {told.state}")
        if told.state in UNFINISHED and told.state not in self.seen:
            self.seen.add(told.state)
            for words in ((), ("--apply", "--yes")):
                ended = here(
                    ["fix", self.lab.client_target, "--master", self.lab.master_target, *self.scenario.words, *words]
                )
                first = ended.out.splitlines()[0] if ended.out else ""
                wanted = (f"nimdoctor fix {self.lab.client_target} --resume {self.run_name}", told.state)
                if ended.status != 1 or not all(one in first for one in wanted):
                    self.blame(crashed.history, f"fix ended with {ended.status} and begins with {first!r}")
            if self.camera.take() != crashed.image:
                changed = differing(self.camera.take(), crashed.image)
                lasting = [path for path in changed if "/lock" not in path and not path.endswith(STATE)]
                if lasting:
                    self.blame(crashed.history, f"fix that was refused changed {lasting}")
            ended = here(["scan", self.lab.client_target, "--format", "json"])
            found = [one for one in json.loads(ended.out)["results"] if one["check"] == "run-unfinished"]
            if not any(one["outcome"] == "fail" and self.run_name in one["message"] for one in found):
                self.blame(crashed.history, f"a scan says {found} of the unfinished run")

    def _judge_resumed(self, crashed: Crashed, told: Told, final: Scene, ended: Ended) -> None:
        history = (*crashed.history, "resume")
        if told.state not in UNFINISHED:
            if ended.status != 2:
                self.blame(history, f"{told.state}, and resume ended with {ended.status}: {ended.err}")
            return
        if ended.status != 0:
            self.blame(history, f"ended with {ended.status}: {ended.out[-600:]}{ended.err}")
            return
        self._whole(history, final, "it", len([one for one in crashed.halves if one.startswith("nimconfig -c")]))
        self._finished(history, final, ("complete", "applied-unverified"))
        wanted = {end: collections.Counter(self.total[end]) for end in self.total}
        for end in ("client", "master"):
            calls = collections.Counter(final.calls(end))
            extra = calls - wanted[end]
            if not crashed.undone:
                extra -= collections.Counter(crashed.halves)
                if any(one.startswith("nimclient") for one in crashed.halves):
                    extra -= collections.Counter(["startsrc -s nimsh"])  # brought to rest before it is done again
                missing = wanted[end] - calls
                if extra or missing:
                    self.blame(history, f"on the {end} {dict(extra)} ran without need, {dict(missing)} not at all")
            made = calls["nimconfig -c"] - sum(one == "nimconfig -c" for one in crashed.halves)
            if made > self.total[end]["nimconfig -c"]:
                self.blame(history, f"nimconfig -c ran to its end {made} times")

    def _judge_rolled_back(self, crashed: Crashed, scene: Scene, told: Told, final: Scene, ended: Ended) -> None:
        history = (*crashed.history, "rollback")
        leg = [step["id"] for step in self.plan["steps"] if step["leg"]]
        touched = (*told.done, *told.begun, *told.undoing)
        if told.state in ("restored", "rolled-back"):
            if ended.status != 1 or "nothing to take back" not in ended.err:
                self.blame(history, f"{told.state}, and rollback ended with {ended.status}: {ended.err}")
            return
        if any(one in touched for one in leg) and not all(one in told.done for one in leg):
            if ended.status != 1 or "--resume" not in ended.err:
                self.blame(history, f"within the leg rollback ended with {ended.status}: {ended.err}")
            for end in ("client", "master"):
                self._same(history, final.view(end), scene.view(end), f"the {end}, within the leg")
            return
        if told.state in ("complete", "applied-unverified") and not self._undoable(told):
            # what was opened for a time is closed, whatever else stands
            said = "undoing" if told.left_open else "nothing to take back"
            if ended.status != 1 or said not in ended.err:
                self.blame(history, f"nothing can be undone, and rollback ended with {ended.status}: {ended.err}")
            self._finished(history, final, (told.state,))
            return
        self._back(history, told, final, ended.status, ended.out + ended.err)
        state = self._told(final)
        assert state is not None
        wanted = "rolled-back" if ended.status == 0 else "abandoned"
        self._finished(history, final, (wanted,))

    def _undoable(self, told: Told) -> bool:
        """Whether a step behind the last one that cannot be undone is done, and is not undone by another step."""
        steps = self.plan["steps"]
        fixed = [n for n, one in enumerate(steps) if one["no_undo"] and one["id"] in told.done and not _restores(one)]
        closed = {one["do"]["of"] for one in steps if _restores(one) and one["id"] in told.done}
        behind = [one for one in steps[max(fixed, default=-1) + 1 :] if not _restores(one)]
        return any(one["id"] in told.done and one["id"] not in closed for one in behind)

    def _judge_failed(self, final: Scene, ended: Ended, history: Tuple[str, ...]) -> None:
        """A run of which a step failed was undone to the last point of no return, or stopped in the leg."""
        told = final.told("client", self.run_name)
        if ended.status == 0 and told.state in ("complete", "applied-unverified"):
            return  # the fault made no difference
        if ended.status != 1:
            self.blame(history, f"ended with {ended.status}: {ended.err}")
            return
        final.image = {path: what for path, what in final.image.items() if "/lock.d" not in path}
        if told.state not in ("restored", "stopped"):
            self.blame(history, f"ended as {told.state}")
        leg = [step["id"] for step in self.plan["steps"] if step["leg"]]
        touched = (*told.done, *told.begun)
        if any(one in touched for one in leg) and not all(one in told.done for one in leg):
            if told.state != "stopped" or "--resume" not in ended.out + ended.err:
                self.blame(history, f"within the leg it ended as {told.state}: {ended.out}{ended.err}")
            return
        self._back(history, told, final, 0 if told.state == "restored" else 1, ended.out + ended.err)

    def _back(self, history: Tuple[str, ...], told: Told, final: Scene, status: int, said: str) -> None:
        """Everything is as it was at the last point of no return; what could not be is said."""
        steps = {step["id"]: step for step in self.plan["steps"]}
        closing = {step["do"]["of"] for step in steps.values() if step["kind"] == "transient" and step["do"]["of"]}
        fixed = [one for one in told.done if steps[one]["no_undo"] and not _restores(steps[one])]
        order = list(steps)
        last = max(fixed, key=order.index, default=None)
        wanted = self.boundaries[last] if last else self.scene(self.first)
        begun = [one for one in (*told.begun, *told.undoing, *told.standing) if steps[one]["no_undo"]]
        # of a step that cannot be undone and was only begun some may stand, where that is said
        excused: Tuple[str, ...] = ()
        if begun and status:
            excused = ("/ssl_nimsh", "/usr/lib/lib", "objects/", "filesets", "nimsh_args", "inetd")
        if any("nimconfig -c half-way" in one or "half at nimconfig -c" in one for one in history):
            excused += ("/ssl_nimsh_half.RUN",)
        # what the running nimsh has mapped is not in a file
        excused += ("nimsh_libraries",)
        for end in ("client", "master"):
            expected = wanted.view(end, self.known)
            soft = dict(wanted.soft(end))
            if closing and end == "master":
                # what was opened for a time is closed whatever else stands
                expected["/etc/inetd.conf"] = self.scene(self.first).view(end)["/etc/inetd.conf"]
                soft["inetd"] = self.scene(self.first).soft(end)["inetd"]
            self._same(history, final.view(end, self.known), expected, f"the {end}", excused, times=True)
            self._same(history, final.soft(end), soft, f"the {end}'s state", excused)
        if not begun and (status == 0) != (last is None):
            self.blame(history, f"status {status} though {last or 'nothing'} stands: {said}")

    def _whole(self, history: Tuple[str, ...], final: Scene, what: str, halves: int = 0) -> None:
        """The full result, as an undisturbed run leaves it."""
        for end in ("client", "master"):
            shown = {path: it[:3] for path, it in final.view(end, self.known).items()}
            half = {path for path in shown if path.startswith("/ssl_nimsh_half.RUN")}
            if len({path for path in half if path.count("/") == 1}) > halves:
                self.blame(history, f"{what} left {sorted(half)}")
            wanted = {path: it[:3] for path, it in self.result.view(end, self.known).items()}
            self._same(history, {p: it for p, it in shown.items() if p not in half}, wanted, f"the {end} after {what}")
            self._same(history, final.soft(end), self.result.soft(end), f"the {end}'s state after {what}")

    def _finished(self, history: Tuple[str, ...], final: Scene, states: Tuple[str, ...]) -> None:
        left = final.leftovers()
        if left:
            self.blame(history, f"left behind: {left}")
        told = self._told(final)
        if told is None or told.state not in states:
            self.blame(history, f"the journal says {told and told.state}, not {' or '.join(states)}")
        if self.run_name in final.runs("master"):
            other = final.told("master", self.run_name)
            if told and other._replace(led_by=None) != told:
                self.blame(history, f"the master's journal says {other}, the client's {told}")

    def _same(
        self, history: Tuple[str, ...], found: Mapping[str, Any], wanted: Mapping[str, Any], what: str,
        excused: Tuple[str, ...] = (), times: bool = False,
    ) -> None:  # fmt: skip
        other = [path for path in differing(found, wanted) if not path.startswith(excused or ("\0",))]
        if other:
            shown = {path: (short(found.get(path)), short(wanted.get(path))) for path in other[:6]}
            self.blame(history, f"{what} differs, (is, should be): {shown}")


def _restores(step: Mapping[str, Any]) -> bool:
    return step["kind"] == "transient" and bool(step["do"]["of"])


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> List[str]:
    """Keys of which two mappings hold different things."""
    return sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


def short(what: Any) -> str:
    text = repr(what)
    return text if len(text) < 300 else f"{text[:140]} ... {text[-140:]}"
