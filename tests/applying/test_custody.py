"""Runs that can be believed: what others could have written, or is not what was written down, is never carried out."""

import hashlib
import json
import os
import re
import shutil
import stat

import pytest
from killing.children import nimdoctor
from killing.clones import kill_at
from killing.images import Camera
from killing.scenes import STATE

from nimdoctor.applying.custody import Custody, Suspicious
from nimdoctor.applying.refusals import strange_commands
from nimdoctor.library.registry import Registry
from nimdoctor.model import Role
from nimdoctor.planning.document import id_of
from nimdoctor.planning.steps import Phase, RunCommand, Step
from nimdoctor.system.refused import NoSuchFile, Refused

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def runs(state):
    ended = nimdoctor(["runs", "--format", "json", "--state-dir", state])
    assert ended.status == 0, ended
    return json.loads(ended.out)["runs"]


@pytest.fixture(scope="module")
def killed(originals):
    """A lab with a run that was killed behind its first step, its state directory, and the run's own.

    It is killed once, and put back as it was then for each test.
    """
    made = {}

    def get(scenario="stale-ssl-libs"):
        if scenario not in made:
            lab = originals(scenario).copy()
            kill_at("after done 1", ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
            camera = Camera(lab.place)
            made[scenario] = lab, camera, camera.take()
        lab, camera, image = made[scenario]
        state = lab.client + STATE
        shutil.rmtree(state)  # owners are in no image
        camera.restore(image)
        (name,) = os.listdir(f"{state}/runs")
        return lab, state, f"{state}/runs/{name}"

    yield get
    for lab, *_ in made.values():
        lab.close()


def rewritten(path, change):
    """Changes a JSON document in place."""
    with open(path, encoding="ascii") as stream:
        document = json.load(stream)
    change(document)
    with open(path, "w", encoding="ascii") as stream:
        json.dump(document, stream)


def another_command(place):
    def change(document):
        document["steps"][-1]["do"]["argv"] = ["touch", "/tmp/owned"]

    rewritten(f"{place}/plan.json", change)


def another_command_with_its_id(place):
    def change(document):
        document["steps"][-1]["do"]["argv"] = ["nimclient", "-C"]
        document["id"] = id_of(document)

    rewritten(f"{place}/plan.json", change)


def no_plan(place):
    os.unlink(f"{place}/plan.json")


def plan_is_no_json(place):
    with open(f"{place}/plan.json", "wb") as stream:
        stream.write(b"\xff[")


def mode(name, bits):
    def change(place):
        os.chmod(os.path.normpath(f"{place}/{name}"), bits)

    return change


def owner(name):
    def change(place):
        os.chown(os.path.normpath(f"{place}/{name}"), 99, 99)

    return change


def hard_link(name):
    def change(place):
        os.link(f"{place}/{name}", f"{place}/../../../another name")

    return change


def link(name):
    def change(place):
        path = f"{place}/{name}"
        os.rename(path, f"{place}/../../../elsewhere")
        os.symlink(os.path.realpath(f"{place}/../../../elsewhere"), path)

    return change


def fifo(name):
    def change(place):
        os.unlink(f"{place}/{name}")
        os.mkfifo(f"{place}/{name}", 0o600)

    return change


BACKUP = "backups/1-client-remove.backup"


def changed_backup(place):
    with open(f"{place}/{BACKUP}", "r+b") as stream:
        stream.write(b"evil")


def backup_with_its_sum(place):
    with open(f"{place}/{BACKUP}", "wb") as stream:
        stream.write(b"evil")
    rewritten(
        f"{place}/{BACKUP}.json",
        lambda kept: kept.update(size=4, sha256=hashlib.sha256(b"evil").hexdigest(), mode="4755"),
    )


def no_backup(place):
    os.unlink(f"{place}/{BACKUP}")
    os.unlink(f"{place}/{BACKUP}.json")


CHANGES = {
    "another command": (another_command, "plan.json is not the plan that the journal names"),
    "another command and the id that fits it": (another_command_with_its_id, "not the plan that the journal names"),
    "no plan": (no_plan, "plan.json is not there"),
    "a plan that is none": (plan_is_no_json, "plan.json is no plan"),
    "a plan that all may write": (mode("plan.json", 0o666), "plan.json may be written by others (mode 0666)"),
    "a plan that a group may write": (mode("plan.json", 0o620), "plan.json may be written by others (mode 0620)"),
    "a plan with two names": (hard_link("plan.json"), "2 hard links"),
    "a plan behind a link": (link("plan.json"), "plan.json is a symbolic link"),
    "a plan that is a fifo": (fifo("plan.json"), "plan.json is a FIFO"),
    "a journal that all may write": (mode("journal.jsonl", 0o602), "journal.jsonl may be written by others"),
    "a journal with two names": (hard_link("journal.jsonl"), "journal.jsonl has 2 hard links"),
    "a journal behind a link": (link("journal.jsonl"), "journal.jsonl is a symbolic link"),
    "a run that all may write in": (mode("", 0o707), "may be written by others (mode 0707)"),
    "all runs": (mode("..", 0o770), "/runs may be written by others (mode 0770)"),
    "the state directory": (mode("../..", 0o777), "may be written by others (mode 0777)"),
    "what is above the state directory": (mode("../../..", 0o777), "may be written by everybody (mode 0777)"),
    "the backups": (mode("backups", 0o703), "backups may be written by others (mode 0703)"),
    "a backup that all may write": (mode(BACKUP, 0o606), "1-client-remove.backup may be written by others"),
    "a backup with other bytes": (changed_backup, "is damaged: its sha256 is not the one of what was backed up"),
    "a backup with other bytes and their sum": (backup_with_its_sum, "is not what the journal says of that backup"),
    "no backup": (no_backup, "1-client-remove.backup.json is not there"),
    "somebody else's plan": (owner("plan.json"), "plan.json belongs to user 99"),
    "somebody else's journal": (owner("journal.jsonl"), "journal.jsonl belongs to user 99"),
    "somebody else's run": (owner(""), "belongs to user 99"),
    "somebody else's backup": (owner(BACKUP), "belongs to user 99"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_nothing_of_a_run_that_others_could_have_written_is_carried_out(killed, what):
    change, words = CHANGES[what]
    if "somebody else's" in what and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    lab, state, place = killed()
    change(place)
    before, called = {end: lab.snapshot(end) for end in ("client", "master")}, lab.calls()
    commands = (
        ["fix", "--resume", "last", "--yes", "--state-dir", state],
        ["fix", lab.client_target, "--resume", os.path.basename(place), "--yes"],
        ["rollback", "last", "--yes", "--state-dir", state],
        ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"],
    )
    for command in commands:
        ended = nimdoctor(command)
        assert ended.status == 1, (command, ended)
        assert "is suspicious: " in ended.err and words in ended.err, (command, ended.err)
        assert "Nothing of it is carried out." in ended.err and f"then move {place} away" in ended.err
    assert {end: lab.snapshot(end) for end in ("client", "master")} == before and lab.calls() == called

    (shown,) = runs(state)
    assert (shown["state"], shown["resume"], shown["rollback"]) == ("suspicious", None, None)
    assert words in shown["why"]
    text = re.sub(r"\n +", " ", nimdoctor(["runs", "--state-dir", state]).out)
    assert "suspicious" in text and words in text


def test_a_run_in_doubt_that_was_moved_away_is_in_nobodys_way(killed):
    lab, state, place = killed("nimsh-inactive")
    os.chmod(place, 0o777)
    words = ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]
    assert nimdoctor(words).status == 1
    os.rename(place, f"{state}/looked-at")
    ended = nimdoctor(words)
    assert ended.status == 0, ended


def test_a_run_that_is_at_its_end_may_be_in_doubt_as_well(lab_of):
    lab = lab_of("nimsh-inactive")
    assert nimdoctor(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"]).status == 0
    state = lab.client + STATE
    (name,) = os.listdir(f"{state}/runs")
    assert runs(state)[0]["state"] == "complete"
    os.chmod(f"{state}/runs/{name}/journal.jsonl", 0o666)
    assert runs(state)[0]["state"] == "suspicious"


def test_what_the_master_holds_of_a_run_is_looked_at_too(lab_of):
    lab = lab_of("tftp-disabled")
    kill_at("after done 1", ["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    (name,) = os.listdir(f"{lab.master}{STATE}/runs")
    backup = f"{lab.master}{STATE}/runs/{name}/backups/1-master-edit.backup"
    with open(backup, "ab") as stream:
        stream.write(b"+ +\n")
    before = {end: lab.snapshot(end) for end in ("client", "master")}
    for command in (["fix", "--resume", "last"], ["rollback", "last"]):
        ended = nimdoctor([*command, "--yes", "--state-dir", lab.client + STATE])
        assert ended.status == 1 and f"{backup} is damaged" in ended.err, ended
    assert {end: lab.snapshot(end) for end in ("client", "master")} == before


def test_a_run_that_nobody_touched_goes_on_where_the_directories_above_are_a_groups(killed):
    # AIX ships /var/adm as adm's, mode 0775
    _, state, _ = killed()
    os.chmod(os.path.dirname(state), 0o775)
    os.chmod(state, 0o750)
    ended = nimdoctor(["fix", "--resume", "last", "--yes", "--state-dir", state])
    assert ended.status == 0, ended


# -- what is opened


@pytest.fixture
def custody(tmp_path):
    (tmp_path / "state" / "inner").mkdir(parents=True, mode=0o700)
    os.chmod(tmp_path / "state", 0o700)
    (tmp_path / "state" / "inner" / "file").write_bytes(b"mine\n")
    os.chmod(tmp_path / "state" / "inner" / "file", 0o600)
    return Custody(str(tmp_path / "state"))


def test_what_is_ones_own_is_read(custody):
    assert custody.read("/inner/file") == b"mine\n"
    with pytest.raises(NoSuchFile):
        custody.read("/inner/none")
    with pytest.raises(NoSuchFile):
        Custody(custody.root + "/none").read("/inner/none")


def test_a_file_that_is_exchanged_between_the_look_and_the_opening_is_not_read(custody, monkeypatch):
    path = custody.root + "/inner/file"
    opened = os.open

    def exchange(name, flags, *more, **words):
        if name == "file":
            monkeypatch.setattr(os, "open", opened)
            os.rename(path, path + ".mine")
            with open(path, "wb") as stream:
                stream.write(b"theirs\n")
            os.chmod(path, 0o666)
        return opened(name, flags, *more, **words)

    monkeypatch.setattr(os, "open", exchange)
    with pytest.raises(Refused):
        custody.open("/inner/file", os.O_RDONLY)


def test_a_directory_that_becomes_a_link_is_not_gone_through(custody, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_bytes(b"theirs\n")
    os.rename(custody.root + "/inner", custody.root + "/away")
    os.symlink(tmp_path / "theirs", custody.root + "/inner")
    with pytest.raises(Refused, match="symbolic link"):
        custody.read("/inner/file")
    with pytest.raises(Refused, match="symbolic link"):
        custody.open("/inner/file", os.O_RDONLY)
    os.rename(custody.root, custody.root + ".real")
    os.symlink(custody.root + ".real", custody.root)
    with pytest.raises(Suspicious, match="state is a symbolic link"):
        custody.read("/away/file")


def test_a_new_file_is_ones_own_and_nobody_elses(custody):
    os.close(custody.open("/inner/new", os.O_RDWR | os.O_CREAT))
    assert stat.S_IMODE(os.lstat(custody.root + "/inner/new").st_mode) == 0o600


@AS_ROOT
def test_what_belongs_to_root_is_believed_by_others_and_not_the_other_way(custody, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 99)
    assert custody.read("/inner/file") == b"mine\n"
    os.chown(custody.root + "/inner/file", 99, 99)
    assert custody.read("/inner/file") == b"mine\n"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Suspicious, match="belongs to user 99, not to 0"):
        custody.read("/inner/file")


# -- what may be run at all


def with_another_plan(place, change):
    """Has plan and journal of a run say the same new thing, as only root could."""
    another_command_with_its_id(place)
    rewritten(f"{place}/plan.json", change)
    with open(f"{place}/plan.json", encoding="ascii") as stream:
        document = json.load(stream)
    document["id"] = id_of(document)
    with open(f"{place}/plan.json", "w", encoding="ascii") as stream:
        json.dump(document, stream)
    with open(f"{place}/journal.jsonl", encoding="ascii") as stream:
        start, *rest = map(json.loads, stream)
    with open(f"{place}/journal.jsonl", "w", encoding="ascii") as stream:
        stream.write("".join(json.dumps(record) + "\n" for record in ({**start, "plan": document["id"]}, *rest)))


@pytest.mark.parametrize(
    ("where", "argv"),
    [
        ("argv", ["touch", "/tmp/owned"]),
        ("argv", ["/tmp/nimclient", "-c"]),
        ("argv", ["nimclient", "-l"]),
        ("argv", ["nim", "-o", "bos_inst", "lpar7"]),
        ("argv", ["chmod", "600", "/ssl_nimsh/keys/serverkey.pem"]),
        ("undo", ["sh", "-c", "id"]),
        ("repair", ["rm", "-r", "/"]),
    ],
)
def test_no_command_is_run_that_no_fix_needs_whatever_a_plan_on_record_says(killed, where, argv):
    lab, state, place = killed()

    def change(document):
        do = document["steps"][-1]["do"]
        do["argv"] = argv if where == "argv" else ["nimclient", "-c"]
        if where != "argv":
            do[where] = [{"argv": argv, "new": [], "start": ""}]

    with_another_plan(place, change)
    before, called = lab.snapshot(), lab.calls()
    for command in (["fix", "--resume", "last"], ["rollback", "last"]):
        ended = nimdoctor([*command, "--yes", "--state-dir", state])
        assert ended.status == 1 and "only commands that its fixes need are run" in ended.err, ended
    assert lab.snapshot() == before and lab.calls() == called


def test_a_fix_may_name_commands_of_its_own_for_its_own_steps():
    fixes = {one.id: one for one in Registry().fixes()}
    assert fixes["restrict-keys"].runs == (("chmod",),)
    step = Step(
        Role.MASTER, Phase.TIDY, "t", RunCommand(("chmod", "600", "/x"), 30), "w", "e", fixes=("restrict-keys",)
    )
    assert strange_commands([step], fixes.values()) == []
    assert len(strange_commands([step._replace(fixes=("start-nimsh",))], fixes.values())) == 1
    assert len(strange_commands([step], [])) == 1, "a fix that is no longer installed"


@AS_ROOT
def test_who_may_not_read_the_runs_is_told_to_be_root(lab_of):
    lab = lab_of("nimsh-inactive")
    assert nimdoctor(["fix", lab.client_target, "--apply", "--yes"]).status == 0
    for command in (["runs"], ["rollback", "last", "--yes"], ["fix", "--resume", "last", "--yes"]):
        ended = nimdoctor([*command, "--state-dir", lab.client + STATE], lambda: os.seteuid(99))
        assert ended.status == 2 and len(ended.err.splitlines()) == 1, ended
        assert "Permission denied" in ended.err and "Traceback" not in ended.err
