"""Where a package refuses nothing is done, and it says why."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import pytest
from effort import one_in

from nimdoctor.lab import Lab
from nimdoctor.planning.steps import Remove

from ..conftest import STATE, Ran, both, plan_of, script_ends
from ..host_states import put
from .conftest import Make, Package

APPLY = "master/apply.ksh"


def refused(made: Package, lab: Lab, script: str = APPLY, *words: str, **environment: str) -> Ran:
    """Runs a script, which must not change a thing and leave no lock."""
    before, calls = both(lab), (lab.calls("client"), lab.calls("master"))
    done = made.run(script, *(words or ("--yes",)), **environment)
    assert done.status == 1 and "refused, nothing was done" in done.err, done
    assert both(lab) == before
    assert (lab.calls("client"), lab.calls("master")) == calls
    return done


@pytest.fixture
def tftp(lab_of: Callable[[str], Lab], package: Make, dash: str) -> Tuple[Lab, Package]:
    lab = lab_of("tftp-disabled")
    return lab, package(lab, dash)


# -- files that are no longer what the plan saw


def replaced_by_a_link(path: str) -> None:
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)


def replaced_by_a_directory(path: str) -> None:
    os.unlink(path)
    os.mkdir(path)


def replaced_by_a_fifo(path: str) -> None:
    os.unlink(path)
    os.mkfifo(path)


def given_a_second_name(path: str) -> None:
    os.link(path, path + ".second")


def changed_by_a_byte(path: str) -> None:
    with open(path, "ab") as stream:
        stream.write(b"\n")


def reached_through_a_link(path: str) -> None:
    replaced_by_a_link(os.path.dirname(path))


@pytest.mark.parametrize(
    "happened",
    [
        replaced_by_a_link,
        replaced_by_a_directory,
        replaced_by_a_fifo,
        given_a_second_name,
        changed_by_a_byte,
        reached_through_a_link,
        os.unlink,
    ],
)
def test_a_file_that_is_no_longer_what_the_plan_saw(happened: Callable[[str], None], tftp: Tuple[Lab, Package]) -> None:
    lab, made = tftp
    happened(lab.master + "/etc/inetd.conf")

    assert "/etc" in refused(made, lab).err


def test_a_mode_is_not_changed_through_a_link_that_came_since(
    dash: str, lab_of: Callable[[str], Lab], package: Make
) -> None:
    lab = lab_of("key-exposed")
    made = package(lab, dash)
    replaced_by_a_link(lab.master + "/ssl_nimsh/keys/serverkey.pem")

    assert "/ssl_nimsh/keys/serverkey.pem" in refused(made, lab).err


def test_a_rename_onto_something_that_is_there(lab_of: Callable[[str], Lab], package: Make, dash: str) -> None:
    lab = lab_of("create-bio-hang-master")
    made = package(lab, dash)
    there = f"/ssl_nimsh_old.chg-{made.plan.id[:16]}"
    os.mkdir(lab.master + there)

    assert there in refused(made, lab, APPLY, "--yes", "--affects", "1").err


# -- who and where


def test_the_host_itself_must_run_aix(lab_of: Callable[[str], Lab], dash: str, tmp_path: Path) -> None:
    lab = lab_of("nimsh-inactive")
    ends = script_ends(lab)
    made = Package(plan_of(lab), {**ends, "client": ends["client"]._replace(root=None)}, str(tmp_path / "p"), dash)

    assert "needs: AIX. Seen: Linux" in refused(made, lab, "client/apply.ksh").err


def the_level_is_another(lab: Lab) -> None:
    put(lab.master + "/.lab/oslevel", "7200-05-11-2546\n")


def the_machine_is_another(lab: Lab) -> None:
    put(lab.master + "/.lab/machine", "00F6DB0A4C01\n")
    put(lab.master + "/usr/bin/uname", "#!/bin/sh\ncase $1 in -m) echo 00F6DB0A4C01 ;; *) echo AIX ;; esac\n", 0o755)


def a_fix_of_g2_came(lab: Lab) -> None:
    put(lab.master + "/.lab/apars", "IJ55968\n")


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (the_level_is_another, "Seen: 7200-05-11-2546"),
        (the_machine_is_another, "Seen: 00F6DB0A4C01"),
        (a_fix_of_g2_came, "a fix of generation G2 or later is installed"),
    ],
)
def test_another_host_or_another_level_than_the_plans(
    happened: Callable[[Lab], None], said: str, tftp: Tuple[Lab, Package]
) -> None:
    lab, made = tftp
    happened(lab)

    assert said in refused(made, lab).err


def written_by_others(state: str) -> None:
    os.makedirs(state)
    os.chmod(state, 0o777)


def a_link(state: str) -> None:
    os.makedirs(state + ".real", 0o700)
    os.symlink(state + ".real", state)


def somebody_elses(state: str) -> None:
    os.makedirs(state, 0o700)
    os.chown(state, 3, 3)


@pytest.mark.parametrize("happened", [written_by_others, a_link, somebody_elses])
def test_the_state_directory_must_be_its_own(happened: Callable[[str], None], tftp: Tuple[Lab, Package]) -> None:
    lab, made = tftp
    happened(lab.master + STATE)

    assert STATE in refused(made, lab).err


AIX_LS = """\
#!/bin/sh
# as that of AIX: -e shows one more column, a plus where there is an access control list, and nothing else does
case $1 in
    -dle) shift; /bin/ls -dl "$@" | sed 's/^\\(..........\\)[.+]*/\\1{column}/' ;;
    *) /bin/ls "$@" | sed 's/^\\( *[0-9]* *..........\\)[.+]*/\\1/' ;;
esac
"""


def with_tools(made: Package, script: str, place: Path, **tools: str) -> None:
    """Has a script find these before all others."""
    for name, text in tools.items():
        put(str(place / "tools" / name), text, 0o755)
    made.patch(script, " PATH=/usr/bin:", f" PATH={place}/tools:/usr/bin:")


@pytest.mark.parametrize(("column", "fine"), [("-", True), ("+", False)])
def test_on_aix_a_directory_is_its_own_only_where_no_access_control_list_gives_it_to_others(
    column: str, fine: bool, tftp: Tuple[Lab, Package], tmp_path: Path
) -> None:
    lab, made = tftp
    with_tools(made, APPLY, tmp_path, uname="#!/bin/sh\necho AIX\n", ls=AIX_LS.format(column=column))

    if fine:
        assert made.run(APPLY, "--check").status == 0
    else:
        assert STATE in refused(made, lab).err


@pytest.mark.parametrize("script", [APPLY, "master/check.ksh", "client/apply.ksh"])
@pytest.mark.parametrize("tool", one_in(3, ["awk", "ls", "cksum", "df", "id"]))
def test_without_a_tool_that_it_looks_with_nothing_is_done(
    tool: str, script: str, tftp: Tuple[Lab, Package], tmp_path: Path
) -> None:
    lab, made = tftp
    with_tools(made, script, tmp_path, **{tool: "#!/bin/sh\nexit 127\n"})
    # what only reads may do without what only changes need
    if script in made.texts and (tool not in ("cksum", "df") or "check" not in script):
        refused(made, lab, script)


# -- others at work


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def locked(lab: Lab, holder: str) -> str:
    """The lock that is held on the master, by whom that says."""
    lock = lab.master + STATE + "/lock.d"
    os.makedirs(lock)
    os.chmod(os.path.dirname(lock), 0o700)
    Path(lock, "pid").write_text(holder)
    return lock


def test_the_lock_of_a_dead_process_is_taken_over(dead: int, tftp: Tuple[Lab, Package]) -> None:
    lab, made = tftp
    lock = locked(lab, f"{dead}\n")

    assert made.apply(APPLY).status == 0
    assert not os.path.exists(lock)


@pytest.mark.parametrize("holder", ["", "nobody\n", "a command of one that was killed"])
def test_a_lock_stays_that_does_not_say_whose_it_is_or_whose_command_still_runs(
    holder: str, dead: int, tftp: Tuple[Lab, Package]
) -> None:
    lab, made = tftp
    lock = locked(lab, f"{dead}\n{os.getpid()}\n" if holder.startswith("a command") else holder)

    assert "lock.d" in refused(made, lab).err
    assert os.path.exists(lock)


@pytest.mark.parametrize(
    ("last", "fine"),
    [
        ({"event": "done", "step": "1-client-edit"}, False),
        ({"event": "stopped", "step": None}, False),
        ({"event": "rollback", "step": None}, False),
        ({"event": "complete", "step": None, "at": "x", "state": "rolled-back"}, True),
        ({"event": "complete", "step": None, "state": "applied-unverified"}, True),
    ],
)
def test_an_unfinished_run_of_nimdoctor(last: Dict[str, Any], fine: bool, tftp: Tuple[Lab, Package]) -> None:
    lab, made = tftp
    run = lab.master + STATE + "/runs/20261124T100000Z-1a2b"
    os.makedirs(run)
    os.chmod(lab.master + STATE, 0o700)
    with open(run + "/journal.jsonl", "w", encoding="ascii") as stream:
        for record in ({"event": "start", "step": None}, {"event": "begin", "step": "1"}, last):
            stream.write(json.dumps(record, separators=(",", ":")) + "\n")
        stream.write('{"event":"comp')

    if fine:
        assert made.run(APPLY, "--check").status == 0
    else:
        assert "20261124T100000Z-1a2b" in refused(made, lab).err


@pytest.mark.parametrize(
    ("mark", "fine"), [("changes/0123456789abcdef/begun", False), ("changes/0123456789abcdef/complete", True)]
)
def test_another_package_that_was_begun(mark: str, fine: bool, tftp: Tuple[Lab, Package]) -> None:
    lab, made = tftp
    put(f"{lab.master}{STATE}/{mark}", '{"event":"begin","step":null}\n')
    os.chmod(lab.master + STATE, 0o700)
    os.chmod(lab.master + STATE + "/changes", 0o700)

    if fine:
        assert made.run(APPLY, "--check").status == 0
    else:
        assert "0123456789abcdef" in refused(made, lab).err


def test_too_little_room_is_seen_before_anything_is_written(tftp: Tuple[Lab, Package]) -> None:
    lab, made = tftp
    made.patch(APPLY, "room 10240", "room 999999999999")

    assert "room" in refused(made, lab).err


# -- what a person is asked


@pytest.mark.parametrize("words", [["--no"], ["hello"], ["--yes", "client"]])
def test_wrong_usage(tftp: Tuple[Lab, Package], words: "list[str]") -> None:
    lab, made = tftp

    assert "usage: " in refused(made, lab, APPLY, *words).err


@pytest.mark.parametrize(("given", "fine"), [(b"no\n", False), (b"", False), (b"yes\n", True)])
def test_whether_the_other_end_was_looked_at_is_asked(given: bytes, fine: bool, tftp: Tuple[Lab, Package]) -> None:
    lab, made = tftp
    before = both(lab)

    done = made.run(APPLY, given=given)

    assert (done.status == 0) is fine and "client/check.ksh" in done.out, done
    assert (both(lab) != before) is fine


def test_the_number_of_other_clients_must_be_repeated(lab_of: Callable[[str], Lab], package: Make, dash: str) -> None:
    lab = lab_of("create-bio-hang-master")
    made = package(lab, dash)
    for words in (("--yes",), ("--yes", "--affects", "2"), ("--yes", "--affects")):
        assert "--affects" in refused(made, lab, APPLY, *words).err

    assert made.run(APPLY, "--yes", "--affects", "1").status == 0


def test_no_other_path_is_rendered(lab_of: Callable[[str], Lab], tmp_path: Path) -> None:
    lab = lab_of("nimsh-inactive")
    plan = plan_of(lab)
    for path in ("/etc/passwd", "/etc/../etc/passwd", "/usr/lib/libc.a", "etc/inetd.conf"):
        step = plan.steps[0]._replace(do=Remove(path))
        with pytest.raises(ValueError, match="none of the paths"):
            Package(plan._replace(steps=(step,)), script_ends(lab), str(tmp_path), "/bin/sh")
