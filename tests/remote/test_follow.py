"""Following a script on a host that may not answer, and starting one whose answer may be lost."""

import re
import subprocess
from typing import Any, Callable, List, NamedTuple

import pytest
from programs import program
from shells import LACKING, SHELLS, shell_named

from nimdoctor.evidence.source import TargetError
from nimdoctor.remote.follow import GONE, RECONNECTING, UNSEEN, Follower, Unfollowed
from nimdoctor.remote.host import Lost, Overview, RemoteHost, Sent, StartStatus
from nimdoctor.remote.run import Remote, Stretch, unfinished
from nimdoctor.scripts.library import functions, with_library
from nimdoctor.system.refused import Refused

LOST = Lost("the connection to ssh:lpar7 was lost: x")


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

    def tell(self, place: str, start: int, offset: int) -> StartStatus:
        self.asked.append(offset)
        return self._next()  # type: ignore[no-any-return]

    def start(self, place: str, *words: str) -> int:
        self.asked.append(words)
        return self._next()  # type: ignore[no-any-return]

    def overview(self) -> Overview:
        return self._next()  # type: ignore[no-any-return]

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


def follower(host: Host, said: List[str], interrupted: Callable[[], bool] = lambda: False) -> Follower:
    time = Time()
    return Follower(host, said.append, interrupted, 1000.0, time, time.sleep)


def test_what_is_said_comes_once_and_by_lines() -> None:
    host = Host(
        StartStatus(b"step 1 (client) fetch", "runs", None, "7"),
        StartStatus(b" ...\nnote: \x1b[2J\n", "runs", None, "7"),
        LOST,
        StartStatus(b"step 1 (client) fetch: done\n", "ended", 0),
        StartStatus(b"", "ended", 0),
    )
    said: List[str] = []
    ended = follower(host, said).follow("place", 1)
    assert ended.status == 0 and ended.said.endswith("fetch: done\n")
    assert said[0] == "client: fetch ..." and said[1].startswith("lpar7: note: ") and "\x1b" not in said[1]
    assert len(said) == 3 and "connecting again" in said[2]
    assert host.asked == [0, 21, 37, 37, 65]


def test_a_host_that_does_not_come_back_is_given_up_after_so_many_tries() -> None:
    host = Host(LOST)
    with pytest.raises(Unfollowed, match="was lost: x"):
        follower(host, []).follow("place", 1)
    assert len(host.asked) == len(RECONNECTING) + 1


def test_an_answer_begins_the_count_of_tries_anew() -> None:
    tries = [LOST] * len(RECONNECTING)
    host = Host(*tries, StartStatus(b"a\n", "runs"), *tries, StartStatus(b"", "ended", 0))
    assert follower(host, []).follow("place", 1).status == 0


def test_a_status_that_is_noted_a_moment_after_the_process_is_gone_counts() -> None:
    assert follower(Host(StartStatus(b"", "gone"), StartStatus(b"", "ended", 1)), []).follow("place", 1).status == 1
    host = Host(StartStatus(b"", "gone"))
    assert follower(host, []).follow("place", 1).status is None and len(host.asked) == GONE


def test_one_that_never_runs_and_one_that_runs_too_long_are_told() -> None:
    host = Host(StartStatus(b"", "new"))
    with pytest.raises(Refused, match="did not begin to run"):
        follower(host, []).follow("place", 1)
    assert len(host.asked) == UNSEEN
    with pytest.raises(Unfollowed, match="longer than 1000 s"):
        follower(Host(StartStatus(b"", "runs")), []).follow("place", 1)


def test_an_interruption_is_noticed_while_the_host_does_not_answer() -> None:
    host = Host(LOST)
    with pytest.raises(Unfollowed, match="interrupted"):
        follower(host, [], lambda: len(host.asked) == 2).follow("place", 1)


# -- starting


def overview(start: int, **more: Any) -> Overview:
    sent = Sent("20261128T200000Z-0123456789abcdef-00000000", "0123456789abcdef", "", "", start, ("apply.ksh",), False)
    return Overview((sent._replace(**more),), {}, "")


def remote() -> Remote:
    from nimdoctor.planning.document import Plan

    return Remote(Plan({}, (), ()), {}, lambda line: None, sleep=lambda seconds: None)


PLACE = overview(0).sent[0].place


def test_a_start_whose_answer_is_lost_is_not_made_twice() -> None:
    host = Host(overview(0), LOST, LOST, overview(1))
    assert remote()._started(Stretch(host, ("apply.ksh", "--yes")), PLACE) == 1
    assert host.asked == [("apply.ksh", "--yes")]


def test_a_start_that_never_arrived_is_made_again() -> None:
    host = Host(overview(1), LOST, overview(1), 2)
    assert remote()._started(Stretch(host, ("apply.ksh",)), PLACE) == 2
    assert host.asked == [("apply.ksh",), ("apply.ksh",)]


def test_a_question_that_changes_nothing_is_asked_again() -> None:
    host = Host(LOST, LOST, overview(0), 1)
    assert remote()._started(Stretch(host, ("apply.ksh",)), PLACE) == 1


def test_where_it_stays_unknown_it_is_said() -> None:
    with pytest.raises(TargetError, match=r"whether apply\.ksh was started is not known"):
        remote()._started(Stretch(Host(overview(0), LOST), ("apply.ksh",)), PLACE)


# -- what is unfinished


def test_a_run_is_named_with_the_command_that_goes_on_with_it() -> None:
    (line,) = unfinished(Host(overview(1, run="20261128T195324Z-fe14", state="stopped")))
    assert "is stopped: nimdoctor fix ssh:lpar7 --resume 20261128T195324Z-fe14 goes on" in line
    assert "nimdoctor rollback 20261128T195324Z-fe14 --target ssh:lpar7" in line
    (line,) = unfinished(Host(overview(1, under_way=True)))
    assert "is under way on ssh:lpar7" in line and f"--resume {PLACE} follows it" in line
    assert unfinished(Host(overview(1, state="complete"))) == []


def test_what_was_started_there_by_hand_and_who_holds_the_lock_are_named() -> None:
    by_hand = Overview((), {"0123456789abcdef": ("", "running")}, "")
    assert "apply.ksh of plan 0123456789abcdef is running" in unfinished(Host(by_hand))[0]
    assert "process 77 on ssh:lpar7 holds" in unfinished(Host(Overview((), {}, "77")))[0]


# -- the shell


def whole() -> str:
    own = "\n".join(functions("remote.sh", "nimdoctor.remote").values())
    return "\n".join([*with_library(own), own])


def test_the_part_is_plain_shell() -> None:
    answer = 'answered() { printf "%s\\n" "$*"; }\nSTATE=/x\n'
    text = "#!/bin/ksh\n# shellcheck disable=SC2015,SC2016,SC2034,SC2154,SC2317,SC2329\n" + answer + whole()
    ended = subprocess.run(
        [program("shellcheck"), "-s", "sh", "-"], input=text, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
    # perl is used where it is there
    assert not [found for found in LACKING.finditer(whole()) if "perl" not in found.group()]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_outlives_a_hangup_of_what_started_it(shell: str, tmp_path: Any) -> None:
    place = tmp_path / "sent" / "20261128T200000Z-0123456789abcdef-00000000"
    (place / "clients").mkdir(parents=True)
    (place / "apply.ksh").write_text('echo "begun $*"\nsleep 0.5\necho ended\nexit 3\n', "ascii")
    program = f"STATE={tmp_path}\nanswered() {{ :; }}\n{whole()}\n"
    sums = subprocess.run(["cksum"], stdin=open(place / "apply.ksh", "rb"), capture_output=True, check=True).stdout  # noqa: SIM115
    sealed = program + f'asked seal {place.name} "{sums.decode().strip()} apply.ksh"\n'
    subprocess.run([shell_named(shell), "-c", sealed], check=True, timeout=20)
    hung_up = program + f"asked start {place.name} apply.ksh client --yes\nkill -HUP -$$\n"
    process = subprocess.Popen([shell_named(shell), "-c", hung_up], start_new_session=True, stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=20)
    assert out == b"1\n" and process.returncode != 0
    start = place / "start.1"
    for _ in range(200):
        if (start / "status").exists():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    assert (start / "status").read_text("ascii") == "3\n"
    assert (start / "output").read_text("ascii") == "begun client --yes\nended\n"
    assert re.match(r"\d+\n", (start / "pid").read_text("ascii"))
