"""Following a request on a host that may not answer, and what is made of how it ended."""

import json
from typing import Any, Callable, List, NamedTuple, Optional

import pytest

from nimdoctor.evidence.source import TargetError
from nimdoctor.library import serving
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan
from nimdoctor.remote import follow as follow_side
from nimdoctor.remote import result as result_side
from nimdoctor.remote.follow import RECONNECTING, UNSEEN, Ended, Follower, Unfollowed, surely
from nimdoctor.remote.host import Lost, Overview, Place, Progress, RemoteHost, RunSeen
from nimdoctor.remote.result import NotDone, joined, rolled_back, run_result, runs_of
from nimdoctor.remote.run import Errand, new_run
from nimdoctor.report import plan_json, scan_report
from nimdoctor.system.refused import Refused

LOST = Lost("the connection to ssh:lpar7 was lost: x")
RUN = "20261128T200000Z-1f2e"
NO_PLAN = Plan({}, (), ())


class Way(NamedTuple):
    """As much of a connection as is looked at."""

    destination: str = "lpar7"
    target: str = "ssh:lpar7"


class Host(RemoteHost):
    """Gives what it was given, one a question; the last for ever."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(Way())  # type: ignore[arg-type]
        self.answers = list(answers)
        self.asked: List[Any] = []

    def tell(self, place: str, offset: int) -> Progress:
        self.asked.append(offset)
        return self._next()  # type: ignore[no-any-return]

    def start(self, place: str, file: str, request: Any, other: bytes = b"") -> None:
        self.asked.append(place)
        self._next()

    def forget(self, place: str) -> None:
        self.asked.append("forget")

    def overview(self) -> Overview:
        return self._next()  # type: ignore[no-any-return]

    def question(self, file: str, request: Any) -> Any:
        return self._next()

    def _next(self) -> Any:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return found


class Time:
    """A clock that goes on only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def follow(host: Host, said: Optional[List[str]] = None, interrupted: Callable[[], bool] = lambda: False) -> Ended:
    time = Time()
    say = [].append if said is None else said.append
    return Follower(host, say, interrupted, 1000.0, time, time.sleep).follow(RUN)


def line(**document: Any) -> bytes:
    return json.dumps(document).encode("ascii") + b"\n"


def errand(host: Host) -> Errand:
    return Errand(host, lambda line: None, sleep=lambda seconds: None)


# -- following


def test_what_is_said_comes_once_and_by_lines_and_the_last_object_is_how_it_ended() -> None:
    progress = line(schema="nimdoctor.progress/1", says="client: fetch \x1b[2J ...")
    result = line(schema="nimdoctor.plan/1", result=7)
    host = Host(
        Progress("runs", progress[:20]),
        Progress("runs", progress[20:] + b"no object\n"),
        LOST,
        Progress("over", result),
        Progress("over", b"", "a warning"),
    )
    said: List[str] = []
    ended = follow(host, said)
    assert ended == Ended({"schema": "nimdoctor.plan/1", "result": 7}, "a warning")
    assert said[0].startswith("client: fetch ") and "\x1b" not in said[0]
    assert len(said) == 2 and "what was begun there goes on; connecting again" in said[1]
    first = len(progress) + len(b"no object\n")
    assert host.asked == [0, 20, first, first, first + len(result)]


def test_one_that_was_killed_ends_without_a_document() -> None:
    cut = line(schema="nimdoctor.plan/1")[:-9]
    assert follow(Host(Progress("over", cut), Progress("over", b"", "killed"))) == Ended(None, "killed")


def test_a_host_that_does_not_come_back_is_given_up_after_so_many_tries() -> None:
    host = Host(LOST)
    with pytest.raises(Unfollowed, match="was lost: x"):
        follow(host)
    assert len(host.asked) == len(RECONNECTING) + 1


def test_an_answer_begins_the_count_of_tries_anew() -> None:
    tries = [LOST] * len(RECONNECTING)
    host = Host(*tries, Progress("runs", b"a\n"), *tries, Progress("over", b""))
    assert follow(host) == Ended(None)


def test_one_that_never_runs_and_one_that_runs_too_long_are_told() -> None:
    host = Host(Progress("new", b""))
    with pytest.raises(Refused, match="does not begin to run"):
        follow(host)
    assert len(host.asked) == UNSEEN
    with pytest.raises(Unfollowed, match="longer than 1000 s"):
        follow(Host(Progress("runs", b"")))


def test_an_interruption_is_noticed_while_the_host_does_not_answer() -> None:
    host = Host(LOST)
    with pytest.raises(Unfollowed, match="interrupted"):
        follow(host, interrupted=lambda: len(host.asked) == 2)


def test_a_start_whose_answer_is_lost_is_asked_for_again_under_the_same_name() -> None:
    host = Host(LOST, LOST, None)
    errand(host).begin(RUN, "file", {})
    assert host.asked == [RUN] * 3
    with pytest.raises(Unfollowed, match="whether it was started is not known"):
        errand(Host(LOST)).begin(RUN, "file", {})
    with pytest.raises(Refused, match="tampered"):
        surely(lambda: Host(Refused("tampered"))._next(), lambda line: None)


# -- what is made of the end


def result(state: str = "complete", **more: Any) -> "dict[str, Any]":
    told = {
        "run": RUN, "state": state, "steps": [], "findings": [], "caused": [], "stands": [], "why": None,
        "state_directory": "/var/adm/nimdoctor", "resume": None, "rollback": None, "pushes": [],
    }  # fmt: skip
    return {"schema": "nimdoctor.plan/1", "result": {**told, **more}}


def test_a_result_is_taken_as_it_is_with_the_ways_on_from_here() -> None:
    finding = {
        "check": "create-bio-hang",
        "where": "client",
        "host": "lpar7",
        "outcome": "applied-unverified",
        "says": "x",
    }
    settled = {"where": "master", "kind": "push", "argv": ["nim", "-o", "lslpp", "lpar7"], "path": None}
    document = result(
        "stopped",
        steps=[{"id": "1-client-run", "outcome": "failed", "says": "status 1"}],
        findings=[{**finding, "push": "nim -o lslpp lpar7", "settled_by": settled}],
        resume=["nimdoctor", "fix", "--resume", RUN],
        rollback=["nimdoctor", "rollback", RUN],
    )
    ended = run_result(document, "ssh:lpar7")
    assert ended.steps == (("1-client-run", "failed", "status 1"),) and ended.pushes == ("nim -o lslpp lpar7",)
    assert " ".join(ended.resuming) == f"nimdoctor fix ssh:lpar7 --resume {RUN}"
    assert " ".join(ended.taking_back) == f"nimdoctor rollback {RUN} --target ssh:lpar7"


def test_what_was_refused_there_and_what_cannot_be_read_is_told_as_that() -> None:
    with pytest.raises(NotDone, match="ssh:lpar7: another host"):
        run_result(result("refused", run=None, why="another host"), "ssh:lpar7")
    with pytest.raises(TargetError, match="ssh:lpar7: no such directory"):
        run_result({"schema": "nimdoctor.failure/1", "message": "no such directory"}, "ssh:lpar7")
    with pytest.raises(Refused, match="was not understood"):
        run_result({"schema": "nimdoctor.runs/1"}, "ssh:lpar7")
    refused = {
        "schema": "nimdoctor.rollback/1",
        "run": RUN,
        "state": "refused",
        "undone": [],
        "stands": ["a"],
        "why": "b",
    }
    with pytest.raises(NotDone, match="b") as raised:
        rolled_back(refused, "ssh:lpar7")
    assert raised.value.stands == ("a",)


def test_one_that_was_killed_stands_as_its_journal_says() -> None:
    row = {
        "run": RUN, "state": "running", "steps": [], "findings": [], "caused": [], "stands": [], "why": None,
        "resume": ["nimdoctor"], "rollback": None,
    }  # fmt: skip
    over = Progress("over", b"", "Terminated")
    ended = errand(Host(over, [{"schema": "nimdoctor.runs/1", "runs": [row]}])).followed(
        RUN, NO_PLAN, RUN, "file", lambda: None
    )
    assert ended.state == "running" and "was killed there: Terminated; the run did not end" in ended.why
    assert ended.resuming[-1] == RUN and ended.taking_back == ()
    with pytest.raises(NotDone, match="no run was begun"):
        errand(Host(over, [{"schema": "nimdoctor.runs/1", "runs": []}])).followed(
            RUN, NO_PLAN, RUN, "file", lambda: None
        )


def test_one_whose_end_somebody_else_has_read_stands_as_its_journal_says() -> None:
    gone = Refused("there is no place any more: somebody else has read how it ended")
    row = {
        "run": RUN, "state": "complete", "steps": [], "findings": [], "caused": [], "stands": [], "why": None,
        "resume": None, "rollback": None,
    }  # fmt: skip
    host = Host(gone, Overview(), [{"schema": "nimdoctor.runs/1", "runs": [row]}])
    ended = errand(host).followed(RUN, NO_PLAN, RUN, "file", lambda: None)
    assert (ended.state, ended.why) == ("complete", "")
    still_there = Overview("", {}, (Place(RUN, "file", "new"),))
    with pytest.raises(Refused, match="does not begin"):
        errand(Host(Refused("it does not begin"), still_there)).end(RUN, NO_PLAN)


@pytest.mark.parametrize(
    "answer", [{"schema": "nimdoctor.plan/1"}, {"schema": "nimdoctor.plan/1", "result": {"state": "complete"}}, {}]
)
def test_an_answer_of_another_shape_is_refused_in_one_line(answer: Any) -> None:
    for taken in (run_result, rolled_back, runs_of):
        with pytest.raises(Refused, match=r"^ssh:lpar7: an answer was not understood: .*$"):
            taken(answer, "ssh:lpar7")


def test_of_two_hosts_what_one_took_back_is_not_all() -> None:
    master = run_result(result(rollback=["x"]), "ssh:nim1")
    client = run_result(result("restored", why="status 1"), "ssh:lpar7")
    both = joined(NO_PLAN, [master, client], {})
    assert (both.state, both.why, both.taking_back[-1]) == ("stopped", "status 1", "ssh:nim1")
    assert joined(NO_PLAN, [master, client._replace(state="complete", why="")], {}).state == "complete"
    alone = joined(NO_PLAN, [master], {Role.CLIENT: "nothing was done on the client: locked"})
    assert (alone.state, alone.why) == ("stopped", "nothing was done on the client: locked")
    assert joined(NO_PLAN, [client], {Role.CLIENT: ""}).state == "restored"


def test_both_sides_call_their_documents_the_same() -> None:
    assert (follow_side.PROGRESS, result_side.FAILURE, result_side.ROLLBACK) == (
        serving.PROGRESS,
        scan_report.FAILURE,
        plan_json.ROLLBACK_SCHEMA,
    )


# -- names


def test_a_run_is_newer_than_all_that_either_host_has() -> None:
    late = Overview("20261128T195900Z", {}, (), (RunSeen("20261128T200130Z-ffff", True),))
    sent = Overview("20261128T200000Z", {}, (Place("20261128T200200Z-0000-resume-0a1b2c3d", "file", "over"),))
    assert new_run([late], lambda size: b"\0\0") == "20261128T200131Z-0000"
    assert new_run([late, sent], lambda size: b"\0\0") == "20261128T200201Z-0000"
