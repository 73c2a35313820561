"""Which steps can be taken back, and how far a run has come: by every state in which a run of a few steps can stand."""

import itertools

import pytest

from nimdoctor.applying.progress import RunProgress
from nimdoctor.applying.undoable import can_be_taken_back, closing_of, in_leg, opening_of, still_open, to_undo
from nimdoctor.facts.repair_runs import SUSPICIOUS, UNFINISHED
from nimdoctor.model import Role
from nimdoctor.planning.steps import Move, Phase, Step, Transient


def step(id, *, no_undo="", leg="", where=Role.MASTER, do=None):
    return Step(where, Phase.TFTP, id, do or Move(f"/{id}", f"/{id}.old"), "", "", no_undo=no_undo, leg=leg, id=id)


FREE, OPEN = step("free"), step("open", do=Transient())
OFF, RENAME, ON = (step(id, no_undo="no", leg="recycle") for id in ("off", "rename", "on"))
CLIENT = step("client", no_undo="no", where=Role.CLIENT)
LATER = step("later", where=Role.CLIENT)
CLOSE = step("close", no_undo="it undoes the step that opened", do=Transient(of="open"))
STEPS = (FREE, OPEN, OFF, RENAME, ON, CLIENT, LATER, CLOSE)
NAMES = [one.id for one in STEPS]


def states():
    """Every way in which the steps can be done one after the other: how many are done, whether the next was begun."""
    for number in range(len(STEPS) + 1):
        done = NAMES[:number]
        yield done, []
        if number < len(STEPS):
            yield done, [NAMES[number]]


@pytest.mark.parametrize(("done", "begun"), list(states()), ids=lambda names: "+".join(names) or "none")
def test_a_leg_that_was_begun_and_is_not_whole_has_no_way_back(done, begun):
    leg = {"off", "rename", "on"}
    within = bool(leg & {*done, *begun}) and not leg <= set(done)
    assert in_leg(STEPS, {*done, *begun}, done) is within
    progress = RunProgress(STEPS)
    progress.done = {name: {} for name in done}
    progress.opened = {name: {} for name in (*done, *begun)}
    assert progress.in_leg() is within
    progress.opened = {}
    assert progress.in_leg() is (bool(leg & set(done)) and not leg <= set(done))
    records = {name: {} for name in done}
    for state in (*UNFINISHED, "complete", "applied-unverified", "restored", "rolled-back", "abandoned", SUSPICIOUS):
        undoable = to_undo(STEPS, records, begun)[0]
        expected = not within and state not in ("restored", "rolled-back", SUSPICIOUS)
        expected = expected and (state in UNFINISHED or bool(undoable))
        assert can_be_taken_back(STEPS, state, records, begun) is expected


@pytest.mark.parametrize(("done", "begun"), list(states()), ids=lambda names: "+".join(names) or "none")
def test_undone_is_what_lies_behind_the_last_step_that_cannot_be_and_what_is_still_open(done, begun):
    undo, before = to_undo(STEPS, {name: {} for name in done}, begun)
    closed = "close" in done
    touched = [name for name in (*done, *begun) if name != "close" and not (name == "open" and closed)]
    final = [name for name in done if name in ("off", "rename", "on", "client")]
    barrier = touched.index(final[-1]) + 1 if final else 0
    behind, ahead = touched[barrier:], touched[:barrier]
    assert [one.id for one in undo] == behind[::-1] + [name for name in ahead if name == "open"]
    assert [one.id for one in before] == [name for name in ahead if name != "open"]


def test_what_was_left_open_is_open_still_and_is_tried_again():
    done = {"free": {}, "open": {}, "close": {"left_open": "tftpd serves somebody"}}
    assert still_open(STEPS, done) == [OPEN]
    assert still_open(STEPS, {**done, "close": {}}) == []
    assert still_open(STEPS, {}, ["open"]) == [OPEN]
    assert still_open(STEPS, {"free": {}}) == []
    progress = RunProgress(STEPS)
    progress.done = done
    assert [progress.is_done(one) for one in STEPS] == [True, True] + [False] * 6
    progress.done["close"] = {}
    assert progress.is_done(CLOSE)


def test_what_opens_and_what_closes_name_each_other():
    assert closing_of(STEPS, OPEN) is CLOSE and opening_of(STEPS, CLOSE) is OPEN
    assert [closing_of(STEPS, one) for one in STEPS if one is not OPEN] == [None] * 7


@pytest.mark.parametrize("kind", ["done", "begun", "opened"])
@pytest.mark.parametrize("name", NAMES)
def test_beyond_return_is_a_run_of_which_a_step_that_cannot_be_undone_was_begun(kind, name):
    progress = RunProgress(STEPS)
    assert not progress.beyond_return()
    setattr(progress, kind, {name: {}})
    assert progress.beyond_return() is (name in ("off", "rename", "on", "client"))


@pytest.mark.parametrize(
    ("records", "master", "client"),
    [
        ({}, False, False),
        ({"free": {}}, False, False),
        ({"free": {"was": None}}, False, False),
        ({"free": {"was": {"nimsh": False}}}, False, False),
        ({"free": {"was": {"nimsh": True}}}, True, False),
        ({"client": {"was": {"nimsh": True}}}, False, True),
        ({"client": {"was": {"nimsh": True}}, "later": {"was": {"nimsh": False}}}, False, True),
        ({"client": {"was": {"nimsh": False}}, "later": {"was": {"nimsh": True}}}, False, True),
        ({"free": {"was": {"nimsh": True}}, "later": {"was": {"nimsh": False}}}, True, False),
        ({"none of these steps": {"was": {"nimsh": True}}}, False, False),
    ],
)
def test_nimsh_was_there_where_any_step_of_that_end_found_it(records, master, client):
    progress = RunProgress(STEPS)
    progress.opened = dict(records)
    assert (progress.had_nimsh(Role.MASTER), progress.had_nimsh(Role.CLIENT)) == (master, client)
    # what is only done or begun, and has no record of its beginning, tells nothing
    progress.done, progress.begun, progress.opened = dict(records), dict(records), {}
    assert not progress.had_nimsh(Role.MASTER) and not progress.had_nimsh(Role.CLIENT)


class Told:
    """A run as its journal tells it."""

    def __init__(self):
        self.records = {name: {name: {"was": {}}} for name in ("done", "begun", "opened")}

    def __getattr__(self, name):
        return lambda: self.records.get(name) or {"unsure": {"free"}, "standing": {"off": "off: stands"}}[name]


def test_progress_begins_with_what_the_journal_tells_and_changes_none_of_it():
    told = Told()
    progress = RunProgress.of(told, STEPS, Undone(), None)
    names = ("done", "begun", "opened")
    assert [getattr(progress, name) for name in names] == [{name: {"was": {}}} for name in names]
    assert (progress.unsure, progress.standing, progress.steps) == ({"free"}, {"off": "off: stands"}, STEPS)
    for name in names:
        getattr(progress, name).clear()
    assert all(told.records.values())


@pytest.mark.parametrize(
    "undone", list(itertools.chain.from_iterable(itertools.combinations(("first", "later"), n) for n in (0, 1, 2)))
)
def test_a_resume_looks_again_at_what_the_journal_says_is_done(undone):
    first, later = step("first"), step("later", where=Role.CLIENT)
    progress = RunProgress((first, later))
    progress.done = {"first": {"files": {"/first": ""}}, "later": {"files": {"/later": ""}}}
    progress.opened = {"first": {"was": {}}, "later": {"was": {}}}
    progress._look_again(Undone(*undone), None)
    assert (set(progress.done), set(progress.begun)) == ({"first", "later"} - set(undone), set(undone))


class Undone:
    """A reverser to which these steps look as if they were undone."""

    def __init__(self, *ids):
        self.ids = ids

    def looks_undone(self, one):
        return one.id in self.ids


@pytest.mark.parametrize(
    ("end", "files", "undone"),
    [
        (Role.MASTER, "/later", set()),
        (Role.MASTER, "/latest", {"later"}),
        # the same path of another end is another file
        (Role.CLIENT, "/later", {"later"}),
    ],
)
def test_a_file_that_a_later_step_changed_again_tells_nothing_of_an_earlier_one(end, files, undone):
    steps = (step("first"), step("final", no_undo="no"), step("later"), step("latest", where=end))
    progress = RunProgress(steps)
    progress.done = {one.id: {"files": {f"/{one.id}": ""}} for one in steps}
    progress.done["latest"] = {"files": {files: ""}}
    progress.opened = {one.id: {} for one in steps}
    progress._look_again(Undone("first", "later"), None)
    assert set(progress.begun) == undone, "and nothing behind a step that cannot be undone is looked at"
    assert set(progress.done) == {one.id for one in steps} - undone


def test_steps_that_are_not_done_and_what_closes_hide_none_that_were_undone():
    steps = (step("first"), step("final", no_undo="no"), CLOSE)
    progress = RunProgress(steps)
    progress.done, progress.opened = {"first": {}, "close": {}}, {"first": {}, "final": {}}
    progress._look_again(Undone("first", "final", "close"), None)
    assert (set(progress.done), set(progress.begun)) == ({"close"}, {"first"})


@pytest.mark.parametrize(
    ("done", "left"),
    [
        (("open", "between", "close"), {"open", "between", "close"}),
        (("open", "close"), set()),
        (("open",), set()),
        (("between",), {"between"}),
        ((), set()),
    ],
)
def test_what_was_opened_for_a_time_is_looked_at_again_while_a_step_needs_it(done, left):
    steps = (step("open", do=Transient()), step("between"), step("close", do=Transient(of="open"), no_undo="no"))
    progress = RunProgress(steps)
    progress.done = {name: {} for name in done}
    progress.opened = {name: {"was": {}} for name in ("open", "between")}
    progress._open_again()
    assert set(progress.done) == left
    assert set(progress.begun) == ({"open"} if "open" in done and "open" not in left else set())
