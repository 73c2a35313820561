"""What keeps a plan from being applied, at the beginning and between its steps: nothing is followed, nothing half done."""

import json
import os
import re
import shutil

import pytest
from killing.children import nimdoctor
from killing.clones import kill_at
from killing.scenes import STATE

from nimdoctor.applying.execute import refuse_up_front
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan, PlanHost
from nimdoctor.planning.ends import End, Ends
from nimdoctor.planning.steps import Move, Phase, Remove, Step
from nimdoctor.system.host_files import HostFiles


@pytest.fixture(autouse=True)
def _one_more(counted):
    counted["plans that were refused"] += 1


def fix(lab, *words, prepare=lambda: None, target=None):
    return nimdoctor(
        ["fix", target or lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes"], prepare
    )


def untouched(lab, before, ended, *said):
    """It was refused, said why, and changed nothing; no run is on record."""
    assert ended.status == 1, ended
    for words in said:
        assert words in ended.err, ended.err
    assert {end: lab.snapshot(end) for end in before} == before
    assert lab.calls("client") == lab.calls("master") == []
    for end in ("client", "master"):
        runs = lab.tree(end) + STATE + "/runs"
        assert not os.path.isdir(runs) or os.listdir(runs) == []


def both(lab):
    return {end: lab.snapshot(end) for end in ("client", "master")}


# -- whose machine, and who asks


def a_plan(step, where=Role.CLIENT):
    return Plan({where: PlanHost("host", "", None, None)}, (), (step,))


def a_step(do, where=Role.CLIENT):
    return Step(where, Phase.TIDY, "change", do, "why", "effect", id="1-change")


def an_end(where=Role.CLIENT, live=True, system="AIX"):
    return Ends({where: End(where, "", None, (), HostFiles(None) if live else None, "/nowhere", system)}, Catalog())


@pytest.mark.parametrize(
    ("uid", "system", "said"), [(0, "Linux", "runs Linux, not AIX"), (7, "AIX", "not run as root"), (0, "AIX", None)]
)
def test_this_host_must_be_aix_and_one_must_be_root(uid, system, said):
    found = refuse_up_front(a_plan(a_step(Remove("/.rhosts"))), an_end(system=system), uid)
    assert [one.seen for one in found if said and said in one.seen] == [one.seen for one in found]
    assert bool(found) is bool(said)


def test_below_another_root_it_needs_neither():
    assert refuse_up_front(a_plan(a_step(Remove("/.rhosts"))), an_end(system=None), 7) == []


def test_recorded_evidence_and_an_end_that_is_not_given_cannot_be_changed():
    plan = a_plan(a_step(Remove("/.rhosts")))
    (recorded,) = refuse_up_front(plan, an_end(live=False, system=None), 0)
    assert "recorded evidence cannot be changed" in recorded.seen
    (absent,) = refuse_up_front(plan, an_end(Role.MASTER), 0)
    assert "the client is not given" in absent.seen


OUTSIDE = [
    "/etc/passwd",
    "/ssl_nimsh/../etc/passwd",
    "/usr/lib/libc.a",
    "/etc/niminfo.old",
    "/var/adm/ras/nimsh.log",
    "/",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_nimsh_does_not_use_is_refused(path):
    for do in (Remove(path), Move("/ssl_nimsh", path), Move(path, "/ssl_nimsh_old.x")):
        (found,) = refuse_up_front(a_plan(a_step(do)), an_end(system=None), 0)
        assert found.seen == f"{path} is none of them"


def test_a_path_outside_in_a_plan_made_by_hand_is_refused(lab_of, tmp_path):
    lab = lab_of("rhosts-left-over")
    words = ["fix", lab.client_target, "--master", lab.master_target, "--only", "remove-rhosts"]
    nimdoctor([*words, "--plan", str(tmp_path / "plan.json")])
    document = json.loads((tmp_path / "plan.json").read_bytes())
    text = json.dumps(document).replace("/.rhosts", "/etc/hosts")
    (tmp_path / "plan.json").write_text(text)
    before = both(lab)
    ended = fix(lab, "--plan", str(tmp_path / "plan.json"))
    untouched(lab, before, ended, "its id does not fit")


# -- what changed since the plan was made


def saved_plan(lab, tmp_path, *words):
    place = str(tmp_path / "plan.json")
    nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *words, "--plan", place])
    return place


def test_a_file_changed_between_plan_and_apply_makes_the_plan_stale(lab_of, tmp_path):
    lab = lab_of("tftp-disabled")
    place = saved_plan(lab, tmp_path)
    with open(f"{lab.master}/etc/inetd.conf", "ab") as stream:
        stream.write(b"# later\n")
    before = both(lab)
    untouched(lab, before, fix(lab, "--plan", place), "stale plan")


def certificates_renewed(lab):
    shutil.rmtree(f"{lab.master}/ssl_nimsh")
    lab.run("master", "nimconfig", "-c")
    os.unlink(f"{lab.master}/.lab/calls")


def another_client_secured(lab):
    for name in os.listdir(f"{lab.master}/.lab/objects"):
        if name.endswith(".lpar8"):
            path = f"{lab.master}/.lab/objects/{name}"
            with open(path, encoding="ascii") as stream:
                text = stream.read()
            with open(path.replace("lpar8", "lpar9"), "w", encoding="ascii") as stream:
                stream.write(text.replace("lpar8", "lpar9"))


CHANGES = {
    "the master's certificates": (certificates_renewed, "the certificates are others by now"),
    "another client is secured": (another_client_secured, "the other secured clients are lpar8, lpar9"),
    "the tree is a link now": (
        lambda lab: (
            os.rename(f"{lab.master}/ssl_nimsh", f"{lab.master}/tree"),
            os.symlink("tree", f"{lab.master}/ssl_nimsh"),
        ),
        "/ssl_nimsh is a link",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_recycle_is_refused_where_it_would_not_be_the_one_that_was_agreed_to(lab_of, change):
    lab = lab_of("create-bio-hang-master")
    kept = {}

    def prepare():
        from nimdoctor.applying.execute import Executor

        apply = Executor.apply

        def later(self, *words):
            CHANGES[change][0](lab)
            kept.update(both(lab))
            os.write(told, b".")
            return apply(self, *words)

        Executor.apply = later

    reads, told = os.pipe()
    ended = fix(lab, "--affects", "1", prepare=prepare)
    os.close(told)  # else a run that never came so far would be waited for
    assert os.read(reads, 1) == b".", ended
    after = both(lab)
    assert ended.status == 1 and CHANGES[change][1] in ended.err, ended.err
    assert lab.calls("client") == lab.calls("master") == []
    assert after == both(lab) and not any("_old." in path for path in after["master"])


# -- something else where the file was


def hard_link(path, lure):
    os.link(path, path + ".other")


def a_link(path, lure):
    os.rename(path, path + ".kept")
    os.symlink(lure, path)


def a_fifo(path, lure):
    os.rename(path, path + ".kept")
    os.mkfifo(path)


def a_directory(path, lure):
    os.rename(path, path + ".kept")
    os.mkdir(path)


def nothing_there(path, lure):
    os.rename(path, path + ".kept")


def other_bytes(path, lure):
    with open(path, "ab") as stream:
        stream.write(b"# somebody else\n")


PUT = {
    "a link": a_link,
    "a hard link": hard_link,
    "a FIFO": a_fifo,
    "a directory": a_directory,
    "nothing": nothing_there,
    "other bytes": other_bytes,
}
WHEN = ("before the first record", "after the step was begun", "after its new bytes were written")


def swapping(put, path, lure, when):
    """Prepares that something else stands at `path` at that moment of the run."""

    def once(owner, name, after=False):
        method = getattr(owner, name)
        done = []

        def swap(*args, **more):
            if not done:
                done.append(1)
                put(path, lure)
            return method(*args, **more)

        setattr(owner, name, swap)

    def prepare():
        from nimdoctor.applying.state import StateDirectory
        from nimdoctor.applying.step_runner import StepRunner
        from nimdoctor.system import host_files

        if when == "before the first record":
            once(StateDirectory, "new_run")
        elif when == "after the step was begun":
            once(StepRunner, "do")
        else:
            written = host_files._written

            class Written:
                def __init__(self, *args, **more):
                    self.inner = written(*args, **more)

                def __enter__(self):
                    found = self.inner.__enter__()
                    put(path, lure)
                    return found

                def __exit__(self, *error):
                    return self.inner.__exit__(*error)

            host_files._written = Written

    return prepare


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("put", PUT)
def test_what_is_put_in_the_files_place_is_neither_followed_nor_changed(lab_of, tmp_path, put, when):
    lab = lab_of("rhosts-left-over")
    lure = tmp_path / "lure"
    lure.write_bytes(b"nim1 root\n")
    path = f"{lab.client}/.rhosts"
    with open(path, "rb") as stream:
        content = stream.read()
    ended = fix(lab, "--only", "remove-rhosts", prepare=swapping(PUT[put], path, str(lure), when))
    assert ended.status == 1, ended
    assert "/.rhosts" in ended.out + ended.err
    assert lure.read_bytes() == b"nim1 root\n"
    assert not [name for name in os.listdir(lab.client) if name.startswith(".nimdoctor-")]
    if put == "a hard link" or put == "other bytes":
        with open(path, "rb") as stream:
            assert stream.read() == content + (b"# somebody else\n" if put == "other bytes" else b"")
    else:
        with open(path + ".kept", "rb") as stream:
            assert stream.read() == content
    if put == "a link":
        assert os.readlink(path) == str(lure)
    shown = json.loads(nimdoctor(["runs", "--format", "json", "--state-dir", lab.client + STATE]).out)["runs"]
    assert [run["state"] for run in shown] in ([], ["restored"], ["stopped"])


def test_a_file_changed_between_two_steps_stops_the_run_and_what_was_done_is_undone(lab_of):
    lab = lab_of("stale-ssl-libs")
    second = f"{lab.client}/usr/lib/libcrypto.so.0.9.8"
    before = lab.snapshot()

    def prepare():
        from nimdoctor.applying.step_runner import StepRunner

        do = StepRunner.do

        def doing(self, step, now):
            said = do(self, step, now)
            if step.id.startswith("1-"):
                other_bytes(second, "")
            return said

        StepRunner.do = doing

    ended = fix(lab, prepare=prepare)
    assert ended.status == 1 and ended.out.startswith("RESTORED"), ended
    after = lab.snapshot()
    changed = "/usr/lib/libcrypto.so.0.9.8"
    assert after.pop(changed).content == before.pop(changed).content + b"# somebody else\n"
    assert after == before and lab.calls() == []


def test_where_the_new_name_is_taken_the_recycle_stops_and_goes_on_once_it_is_free(lab_of):
    lab = lab_of("create-bio-hang-master")

    def prepare():
        from nimdoctor.applying.step_runner import StepRunner

        do = StepRunner.do

        def doing(self, step, now):
            if step.id.startswith("2-"):
                os.mkdir(f"{lab.master}/ssl_nimsh_old.{self.label}")
            return do(self, step, now)

        StepRunner.do = doing

    ended = fix(lab, "--affects", "1", prepare=prepare)
    assert ended.status == 1 and ended.out.startswith("STOPPED"), ended
    run = re.search(r"run (\S+)", ended.out).group(1)
    assert f"/ssl_nimsh_old.{run} is there already: /ssl_nimsh was not renamed" in ended.err
    assert os.listdir(f"{lab.master}/ssl_nimsh_old.{run}") == []
    resume = ["fix", "--resume", run, "--yes", "--state-dir", lab.client + STATE]
    again = nimdoctor(resume)
    assert again.status == 1 and f"/ssl_nimsh_old.{run} exists already" in again.err
    os.rmdir(f"{lab.master}/ssl_nimsh_old.{run}")
    ended = nimdoctor(resume)
    assert ended.status == 0, ended
    assert lab.calls("master") == ["nimconfig -C", "nimconfig -c"]


# -- another run is unfinished


@pytest.mark.parametrize("side", ["client", "master"])
def test_nothing_begins_while_a_run_of_either_side_is_unfinished(lab_of, side):
    lab = lab_of("tftp-disabled")
    words = ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]
    kill_at("after begin", words)
    if side == "master":
        # seen from another client of this master, the run is on record only there
        shutil.move(f"{lab.client}{STATE}", f"{lab.place}/elsewhere")
        for name in os.listdir(f"{lab.master}{STATE}/runs"):
            journal = f"{lab.master}{STATE}/runs/{name}/journal.jsonl"
            with open(journal, encoding="ascii") as stream:
                text = stream.read().replace(f"{lab.client}{STATE}", f"{lab.place}/elsewhere")
            with open(journal, "w", encoding="ascii") as stream:
                stream.write(text)
    before = both(lab)
    ended = nimdoctor(words)
    assert ended.status == 1 and f"is running: nimdoctor fix {lab.client_target} --resume" in ended.err
    assert ended.out.splitlines()[0].startswith("run ") and both(lab) == before
    # the state directory that leads is where it goes on, and is named where it is not the target's own
    assert (f"--state-dir {lab.place}/elsewhere" in ended.err) == (side == "master")


def test_the_master_refuses_while_a_run_led_by_a_client_is_unfinished(lab_of):
    lab = lab_of("tftp-disabled")
    kill_at("after begin", ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    ended = nimdoctor(["fix", lab.master_target, "--apply", "--yes"])
    assert ended.status == 1 and f"is running: nimdoctor fix {lab.client_target} --resume" in ended.err


# -- the state directory


def test_a_state_directory_that_others_may_write_is_refused(lab_of, tmp_path):
    lab = lab_of("nimsh-inactive")
    before = both(lab)
    (tmp_path / "open").mkdir()
    os.chmod(tmp_path / "open", 0o777)
    ended = fix(lab, "--state-dir", str(tmp_path / "open"))
    untouched(lab, before, ended, "may be written by others")


def test_a_state_directory_that_is_a_link_is_refused(lab_of, tmp_path):
    lab = lab_of("nimsh-inactive")
    (tmp_path / "real").mkdir(mode=0o700)
    os.symlink("real", tmp_path / "link")
    before = both(lab)
    untouched(lab, before, fix(lab, "--state-dir", str(tmp_path / "link")), "is a symbolic link")
    assert os.listdir(tmp_path / "real") == []


def test_a_way_to_the_state_directory_that_is_a_link_below_another_root_is_refused(lab_of, tmp_path):
    lab = lab_of("nimsh-inactive")
    os.rename(f"{lab.client}/var/adm", f"{lab.client}/var/real")
    os.symlink("real", f"{lab.client}/var/adm")
    ended = fix(lab)
    assert ended.status == 2 and "/var/adm is a symbolic link" in ended.err, ended
    assert lab.calls() == []


def test_a_state_directory_of_ones_own_holds_the_run(lab_of, tmp_path):
    lab = lab_of("nimsh-inactive")
    own = str(tmp_path / "own")
    assert fix(lab, "--state-dir", own).status == 0
    assert not os.path.exists(lab.client + STATE)
    (run,) = json.loads(nimdoctor(["runs", "--format", "json", "--state-dir", own]).out)["runs"]
    assert run["state"] == "complete"
    assert nimdoctor(["rollback", "--yes", "--state-dir", own]).status == 0
    assert b"active" not in lab.run("client", "lssrc", "-s", "nimsh").stdout.split()


def test_too_little_room_is_refused_before_anything(lab_of):
    lab = lab_of("stale-ssl-libs")
    before = both(lab)

    def prepare():
        from nimdoctor.system.host_files import HostFiles

        HostFiles.free_bytes = lambda self, path: 10 * 1024 * 1024

    untouched(lab, before, fix(lab, prepare=prepare), "has 10485760 bytes free")


@pytest.mark.parametrize("limit", [500, 4000, 65535])
def test_a_limit_of_file_sizes_that_is_too_low_is_refused_before_anything(lab_of, limit):
    lab = lab_of("stale-ssl-libs")
    before = both(lab)

    def prepare():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    untouched(lab, before, fix(lab, prepare=prepare), "File too large")
