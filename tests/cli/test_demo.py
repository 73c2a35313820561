"""`nimdoctor demo`: a repair on simulated hosts, from the push that hangs to the push that proves it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import cache

import pytest
from effort import one_in
from programs import program

from nimdoctor.applying.rollback import NothingToUndo
from nimdoctor.cli import demo
from nimdoctor.lab import Lab, problems
from nimdoctor.library.registry import Registry
from nimdoctor.library.repair import Repair, RepairTarget
from nimdoctor.library.run_records import Runs

from .conftest import REPOSITORY, environment
from .test_command_lines import parses

NOTHING_TO_REPAIR = (
    "healthy", "lpp-source-lacks-openssl", "cstate-stuck", "filesystem-full", "clock-skew", "port-taken"
)  # fmt: skip
FOR_A_PERSON = ("tftp-blocked-by-audit",)
ON_THE_MASTER = ("create-bio-hang-master", "ssl-tree-damaged", "tftp-disabled", "ssl-not-configured", "openssl-missing",
                 "tftp-denied", "key-exposed")  # fmt: skip
BUILD = Lab.build
HANGING = {"create-bio-hang", "handshake-fails"}
"""Checks that fail where a handshake hangs."""


def built(scenario, place, daemons=True):
    """A lab whose pushes are connections where its push hangs in one; else they end as those of the demo without."""
    return BUILD(scenario, place, daemons=daemons and bool(problems(scenario) & HANGING))


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What a scenario shows and what went wrong; each is shown once, and a push that hangs is known by half a second."""
    place = tmp_path_factory.mktemp("shown")

    @cache
    def show(scenario):
        lines = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Lab, "build", built)
            wrong = demo.show(scenario, lines.append)
        assert list(place.iterdir()) == []
        return "\n".join(lines), wrong

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PATIENCE", 0.5)
        patch.setattr("tempfile.tempdir", str(place))
        yield show


@pytest.fixture(scope="module")
def default(tmp_path_factory):
    """The default demonstration as a user sees it, and how many seconds it took."""
    program("openssl")
    place = tmp_path_factory.mktemp("default")
    begun = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "nimdoctor", "demo"],
        capture_output=True,
        text=True,
        env={**environment(), "TMPDIR": str(place)},
        cwd=REPOSITORY,
        timeout=60,
    )
    took = time.monotonic() - begun
    assert list(place.iterdir()) == []
    return ended, took


def processes_of(place):
    """Processes that have to do with that directory."""
    import psutil

    found = []
    for process in psutil.process_iter(["cmdline"]):
        if str(place) in " ".join(process.info["cmdline"] or ()) and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def test_the_default_goes_from_a_hang_that_hangs_to_the_push_that_proves_the_cure(default):
    ended, took = default
    assert (ended.returncode, ended.stderr) == (0, "")
    text = ended.stdout
    in_order = ["it hangs", "create BIO", "PROBLEMS (52 of 53 checks asked, 2 findings ignored): 1 critical", "    PLAN ", "Does:     nimclient -C", "nimclient -c   (",
                "APPLIED-UNVERIFIED", "came back in", "nimsh (secure)", "HEALTHY", "complete  "]  # fmt: skip
    at = [text.find(word) for word in in_order]
    assert -1 not in at and at == sorted(at), list(zip(in_order, at))
    assert took < 45, "it takes some three seconds on an idle machine"


def test_the_default_touches_the_client_alone(default):
    assert "Touches:  no other host" in default[0].stdout
    assert "nimconfig" not in default[0].stdout


def test_before_each_step_it_says_what_happens_and_that_it_is_a_simulation(default):
    lines = default[0].stdout.splitlines()
    assert lines[0] == "SIMULATION create-bio-hang"
    assert "None of it is AIX" in " ".join(lines)
    numbered = [line for line in lines if re.match(r"\d\. ", line)]
    assert len(numbered) == 6 and all(re.match(r"\d\. SIMULATION: \w", line) for line in numbered)
    assert "That was a simulation" in " ".join(lines[-3:])


def test_commands_are_those_of_a_real_host(default):
    text = default[0].stdout
    assert text.count("/nimdoctor-demo-") == 1, "only the introduction says where the simulation lies"
    typed = [line.split("# ", 1)[1].strip() for line in text.splitlines() if re.match(r"(lpar7|nim1)# ", line)]
    assert len(typed) > 6
    for command in typed:
        assert command.startswith(("nim ", "lsnim ", "tail ", "nimdoctor ")), command
        if command.startswith("nimdoctor "):
            assert parses(command), command


@pytest.mark.parametrize(
    "scenario", one_in(3, (name for name in demo.SCENARIOS if name not in NOTHING_TO_REPAIR + FOR_A_PERSON))
)
def test_every_scenario_is_repaired_and_can_be_read_in_one_go(shown, scenario):
    text, wrong = shown(scenario)
    assert wrong == []
    assert "HEALTHY" in text and "came back in" in text
    assert text.isascii() and len(text.splitlines()) <= 180, "of eighty columns at most, so that none is long"
    for line in text.splitlines():
        if re.match(r"(lpar7|nim1)# +nimdoctor ", line):
            assert parses(line.split("# ", 1)[1].strip()), line


@pytest.mark.parametrize("scenario", NOTHING_TO_REPAIR)
def test_where_nothing_can_be_repaired_nothing_is_applied(shown, scenario):
    text, wrong = shown(scenario)
    assert wrong == []
    assert "PLAN" not in text and "--apply" not in text


@pytest.mark.parametrize("scenario", FOR_A_PERSON)
def test_what_only_a_person_can_end_keeps_the_cure_from_being_planned(shown, scenario):
    text, wrong = shown(scenario)
    assert wrong == []
    assert "PLAN" not in text and "--apply" not in text and "came back in" in text
    assert "only a person can end it" in " ".join(text.split())
    assert "tftp-blocked-by-audit rules out nimclient -c on the client" in " ".join(text.split())


def test_a_low_finding_is_repaired_because_it_is_named(shown):
    text, _ = shown("rhosts-left-over")
    assert "fix --master MASTER --only remove-rhosts --apply" in text
    assert "planned only where it is named" in " ".join(text.split())


def test_the_recycle_says_why_a_person_must_confirm_the_others(shown):
    text, _ = shown("create-bio-hang-master")
    assert "Only a person can say" in " ".join(text.split()) and "--affects" in text
    assert "lpar8: not yet" in text


def test_two_problems_joined_are_one_demonstration(shown):
    text, wrong = shown("stale-ssl-libs+tftp-disabled")
    assert wrong == []
    assert "refresh -s inetd" in text and "remove /usr/lib/libssl.so.0.9.8" in text


def test_list_names_each_scenario_with_one_sentence(doctor):
    ended = doctor("demo", "list")
    assert (ended.status, ended.err) == (0, "")
    starts = [line.split()[0] for line in ended.out.splitlines() if not line.startswith(" ")]
    assert starts == list(demo.SCENARIOS)
    assert "since then pushes" in " ".join(ended.out.split())


def test_an_unknown_scenario_exits_2_and_names_the_known_ones(doctor):
    for wrong in ("nothing", "../hosts/healthy", "healthy+nothing", ""):
        ended = doctor("demo", wrong)
        assert (ended.status, ended.out, len(ended.said)) == (2, "", 1), wrong
        assert "create-bio-hang" in ended.err


def test_without_openssl_it_says_what_is_missing_and_exits_4(doctor, monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda *arguments, **more: None)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = doctor("demo", may_fail=True)
    assert (ended.status, ended.out) == (4, "")
    assert len(ended.said) == 1 and "no openssl command" in ended.err and "cannot be built" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_without_room_it_says_so_and_exits_4(doctor, monkeypatch):
    def full(*arguments, **more):
        raise OSError(28, "No space left on device", "/tmp/nimdoctor-demo-x")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    ended = doctor("demo", may_fail=True)
    assert (ended.status, ended.out, len(ended.said)) == (4, "", 1)
    assert "No space left" in ended.err


def test_a_demonstration_that_goes_wrong_says_so_and_exits_1(doctor, monkeypatch):
    build = Lab.build

    def broken(*arguments, **more):
        lab = build(*arguments, **more)
        lab.fault("client", "nimclient.-c", "fail")
        return lab

    monkeypatch.setattr(Lab, "build", broken)
    ended = doctor("demo", "client-not-secure")
    assert ended.status == 1
    assert "did not go as it should" in ended.out


@pytest.mark.parametrize(
    ("scenario", "moment", "number"),
    [
        ("create-bio-hang", "1. SIMULATION", signal.SIGINT),
        ("client-not-secure", "    PLAN ", signal.SIGINT),
        ("client-not-secure", "crypto on at the client ...", signal.SIGTERM),
    ],
)
def test_ctrl_c_leaves_neither_directory_nor_process(tmp_path, scenario, moment, number):
    program("openssl")
    running = subprocess.Popen(
        [sys.executable, "-m", "nimdoctor", "demo", scenario],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), "TMPDIR": str(tmp_path)},
        cwd=REPOSITORY,
    )
    for line in running.stdout:
        if moment in line:
            break
    running.send_signal(number)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130 and "interrupted" in said
    assert list(tmp_path.iterdir()) == []
    for _ in range(100):
        if not processes_of(tmp_path):
            break
        time.sleep(0.02)
    assert processes_of(tmp_path) == []


def test_a_reader_that_has_seen_enough_leaves_nothing_either(tmp_path):
    program("openssl")
    command = f"{sys.executable} -m nimdoctor demo nimsh-inactive | head -1"
    env = {**environment(), "TMPDIR": str(tmp_path)}
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=env, cwd=REPOSITORY, timeout=60)
    assert ended.stdout == "SIMULATION nimsh-inactive\n" and "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


# -- what it claims of real hosts


@pytest.mark.parametrize("scenario", one_in(3, ON_THE_MASTER))
def test_what_it_says_to_type_on_two_real_hosts_ends_in_a_push_that_comes_through(doctor, tmp_path, scenario):
    with built(scenario, str(tmp_path / "lab")) as lab:
        repair = Repair(RepairTarget(lab.client_target, lab.master_target), Registry(), demo.Options())
        for line in demo.on_real_hosts(repair.plan, Registry().fixes()):
            host, words = line.split("#", 1)
            words = words.replace("MASTER", lab.master_target).replace("DIR", str(tmp_path / "change")).split()
            if words[0] == "ksh":
                script = [shutil.which("ksh") or "sh", *words[1:], "--yes"]
                assert subprocess.run(script, capture_output=True, timeout=120).returncode == 0, line
                continue
            own = lab.master_target if host == "nim1" else lab.client_target
            ended = doctor("fix", own, *words[2:], "--yes")
            assert ended.status == ("--script" in words), (line, ended)
        pushed = lab.push()
        assert (pushed.status, pushed.timed_out, lab.connect()) == (0, False, "nimsh (secure)")


@pytest.mark.parametrize("scenario", ["tftp-disabled", "client-uses-rsh", "create-bio-hang"])
def test_what_it_says_of_the_way_back_is_what_a_rollback_does(tmp_path, scenario):
    with Lab.build(scenario, str(tmp_path / "lab")) as lab:
        repair = Repair(RepairTarget(lab.client_target, lab.master_target), Registry(), demo.Options())
        said = demo._way_back(repair.plan)
        assert repair.apply().good
        runs = Runs(os.path.join(lab.client, "var/adm/nimdoctor"), Registry())
        if "refuse" in said:
            with pytest.raises(NothingToUndo) as refused:
                runs.roll_back(runs.find("last"), ())
            assert refused.value.stands
            return
        done = runs.roll_back(runs.find("last"), ())
        steps = [step.id for step in repair.plan.steps]
        expected = {
            "it would undo every step": steps[::-1],
            "it would undo what came after step 2, and say what stands": steps[:1:-1],
        }[said]
        assert list(done.undone) == expected
        assert bool(done.stands) == ("stands" in said)
