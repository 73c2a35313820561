"""One step taken back: what is called, what the journal says, and what is left standing; and what still runs."""

import pytest

from nimdoctor.applying import undo
from nimdoctor.applying.step_commands import Failed
from nimdoctor.applying.undo import StepUndo, still_running
from nimdoctor.facts import InetdServices, Processes
from nimdoctor.model import Role, Text
from nimdoctor.planning.ends import Elsewhere
from nimdoctor.planning.steps import Change, Move, Phase, RunCommand, Step, Transient, Undo, make_edit
from nimdoctor.system.refused import Refused

BACK = (Undo(argv=("nimclient", "-P")),)
MOVE = Step(Role.CLIENT, Phase.TIDY, "rename it", Move("/a", "/b"), "", "", undo="back", id="move")
RUN = Step(
    Role.CLIENT, Phase.TIDY, "run it", RunCommand(("nimclient", "-p"), 9, BACK, BACK), "", "", undo="back", id="run"
)
REPAIRED = RUN._replace(do=RunCommand(("nimclient", "-c"), 9, (), BACK), undo="", no_undo="its inverse fetches")
BARE = RUN._replace(do=RunCommand(("nimconfig", "-C"), 9), undo="", no_undo="no secured push")
EDIT = make_edit("/etc/inetd.conf", b"#tftp\n", [Change(1, "#tftp", "tftp")], "inetd")
OPEN = Step(Role.MASTER, Phase.TFTP, "open it", Transient(edit=EDIT), "", "", undo="off again", id="open")
CLOSE = Step(Role.MASTER, Phase.TIDY, "close it", Transient(of="open"), "", "", no_undo="it undoes", id="close")
STEPS = (OPEN, MOVE, RUN, CLOSE)
OPENED = {"was": {"nimsh": True}}


class Journals:
    def __init__(self):
        self.notes = []

    def note(self, event, step, **more):
        self.notes.append((event, step, more))


class Reverser:
    """Records what it is told to do; `effect` is what is seen of a step afterwards, `fails` where it fails."""

    label = "run"

    def __init__(self, effect=False, fails=""):
        self.effect, self.fails, self.called = effect, fails, []

    def _call(self, name, *arguments):
        self.called.append((name, *arguments))
        if name == self.fails:
            raise Failed("it does not work")

    def undo(self, step, was, now):
        self._call("undo", step.id, was)

    def undo_begun(self, step, was, now):
        self._call("undo_begun", step.id, was)

    def some_effect(self, step, opened):
        self.called.append(("look", step.id, opened))
        return self.effect

    def close_transient(self, closing, opening, now):
        self._call("close", closing.id, opening.id)


class Here:
    """Both ends: whose inetd.conf has that sum, and whether inetd serves tftp now, None where it does not tell."""

    def __init__(self, sha256="", serves=(), processes=None, elsewhere=False):
        self.sha256, self.serves, self.processes, self.elsewhere = sha256, list(serves), processes, elsewhere
        self.closed = 0

    def now(self):
        return self

    def close(self):
        self.closed += 1

    def files(self, where):
        if self.elsewhere:
            raise Elsewhere("the master cannot be asked")
        return self

    def sweep(self, path, label):
        pass

    def fingerprint(self, path):
        return self.sha256

    def fact(self, where, kind):
        if kind is Processes:
            return self.processes
        assert kind is InetdServices and where is Role.MASTER
        told = self.serves.pop(0)
        row = "tftp   active\n" if told else "ftp   active\n"
        listing = f"Service       Command                  Arguments         Status\n{row}"
        return None if told is None else Served(told, listing)


class Served:
    def __init__(self, active, listing):
        self._active = active

    def known(self, name):
        return name == "tftp"

    def active(self, name):
        return self._active


def taken_back(step, reverser, *, done, here=None, opened=OPENED):
    journals = Journals()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(undo, "some_effect", lambda step, opened, ends: reverser.some_effect(step, opened))
        stood = StepUndo(STEPS, reverser, journals, here or Here()).take_back(step, opened, done=done)
    return stood, journals.notes


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("step", [MOVE, RUN, REPAIRED, BARE], ids=lambda step: step.title + str(bool(step.no_undo)))
def test_a_step_that_was_done_is_undone_and_nothing_stands(step, effect):
    reverser = Reverser(effect)
    assert taken_back(step, reverser, done=True) == ("", [("undo", step.id, {}), ("undone", step.id, {})])
    assert reverser.called == [("undo", step.id, {"nimsh": True})]


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("step", [MOVE, RUN])
def test_one_that_was_begun_and_can_be_undone_leaves_nothing_standing(step, effect):
    reverser = Reverser(effect)
    assert taken_back(step, reverser, done=False) == ("", [("undo", step.id, {}), ("undone", step.id, {})])
    assert reverser.called == [("undo_begun", step.id, {"nimsh": True})]


def test_what_a_repair_leaves_of_a_command_that_cannot_be_undone_stands_and_is_kept():
    reverser = Reverser(effect=True)
    stands = "run it: begun, some of its effects are there (its inverse fetches)"
    assert taken_back(REPAIRED, reverser, done=False) == (
        stands,
        [("undo", "run", {}), ("undone", "run", {"stands": stands})],
    )
    assert reverser.called == [("undo_begun", "run", {"nimsh": True}), ("look", "run", OPENED)]
    assert taken_back(REPAIRED, Reverser(), done=False) == ("", [("undo", "run", {}), ("undone", "run", {})])


def test_a_command_for_which_nothing_can_be_done_stands_unless_it_had_no_effect():
    stands = "run it: begun, some of its effects are there (no secured push)"
    reverser = Reverser(effect=True)
    assert taken_back(BARE, reverser, done=False) == (stands, [])
    assert reverser.called == [("look", "run", OPENED)]
    assert taken_back(BARE, Reverser(), done=False) == ("", [("undone", "run", {})])


def test_without_a_record_of_its_beginning_a_step_is_undone_as_if_nothing_had_been_there():
    reverser = Reverser()
    taken_back(MOVE, reverser, done=True, opened={})
    taken_back(MOVE, reverser, done=False, opened={"was": None})
    assert reverser.called == [("undo", "move", {}), ("undo_begun", "move", {})]


@pytest.mark.parametrize("done", [False, True])
def test_an_undo_that_fails_is_begun_and_not_done_in_the_journal(done):
    reverser, journals = Reverser(fails="undo" if done else "undo_begun"), Journals()
    with pytest.raises(Failed):
        StepUndo(STEPS, reverser, journals, Here()).take_back(MOVE, OPENED, done=done)
    assert journals.notes == [("undo", "move", {})]


AS_IT_WAS = EDIT.old_sha256
STAYS = "tftp on the master stays open: "


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(
    ("here", "called", "left"),
    [
        (Here(AS_IT_WAS, [False]), [], ""),
        (Here(AS_IT_WAS, [True, False]), ["close"], ""),
        (Here(AS_IT_WAS, [None, False]), ["close"], ""),
        (Here("other", [False]), ["close"], ""),
        (Here("other", [None]), ["close"], ""),
        (Here("other", [True]), ["close"], STAYS + "inetd still serves it after the refresh"),
        (Here(elsewhere=True), [], STAYS + "the master cannot be asked"),
    ],
    ids=["shut already", "served still", "not told", "the row is open", "not told after", "served after", "not there"],
)
def test_what_was_opened_is_shut_once_and_what_stays_open_is_said(done, here, called, left):
    here = Here(here.sha256, here.serves, elsewhere=here.elsewhere)
    reverser = Reverser()
    stood, notes = taken_back(OPEN, reverser, done=done, here=here)
    assert (stood, [one[0] for one in reverser.called]) == (left, called)
    last = ("undo", "open", {"left_open": left}) if left else ("undone", "open", {"closes": "close"})
    assert notes == [("undo", "open", {}), last]
    assert here.closed == 1, "what was read is let go of"


@pytest.mark.parametrize("fails", ["", "close"])
def test_the_closing_step_says_in_the_journal_what_stays_open(fails):
    journals, reverser = Journals(), Reverser(fails=fails)
    left = StepUndo(STEPS, reverser, journals, Here("other", [False])).close(CLOSE)
    assert left == (STAYS + "it does not work" if fails else "")
    more = {"left_open": left} if fails else {}
    assert journals.notes == [("begin", "close", {"was": {}, "open": []}), ("done", "close", {"files": {}, **more})]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("nimclient -p", True),
        ("/usr/sbin/nimclient -p", True),
        ("/bin/ksh /usr/sbin/nimclient -p", True),
        ("/usr/sbin/nimclient -P", True),
        ("/usr/sbin/nimclient -c", False),
        ("nimclient -p -x", False),
        ("vi nimclient -p", True),
        ("nimclient", False),
        ("", False),
    ],
)
def test_a_command_of_a_killed_run_or_one_that_takes_it_back_is_waited_for(arguments, found):
    listing = f"     PID     PPID     ELAPSED COMMAND\n       1        0       05:00 /etc/init\n    4711        1       04:00 {arguments}\n"
    here = Here(processes=Processes.parse(Text.of(listing, "ps -eo pid,ppid,etime,args")))
    running = still_running(["run"], STEPS, here)
    assert [one.step for one in running] == (["run"] if found else [])
    assert here.closed == 1
    if found:
        first, *rest = arguments.split()
        named = " ".join([first.rsplit("/", 1)[-1], *rest])
        assert running[0].seen == (
            f"{named} runs on the client as process 4711 (ps -fp 4711): wait for its end, or end it"
        )
    assert still_running([], STEPS, here) == [] and still_running(["move"], STEPS, here) == []
    assert still_running(["run"], STEPS, Here(processes=None)) == []


@pytest.mark.parametrize("error", [Failed("x"), Refused("x"), Elsewhere("x"), OSError("x"), ValueError("x")], ids=repr)
def test_whatever_keeps_it_from_being_shut_is_said(error):
    class Broken(Reverser):
        def close_transient(self, closing, opening, now):
            raise error

    assert StepUndo(STEPS, Broken(), Journals(), Here("other")).close(CLOSE) == STAYS + "x"
