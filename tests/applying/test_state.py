"""The state directory, the names of runs, and backups that come back as they were kept."""

import datetime
import errno
import json
import os
import stat

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.applying.state import BackupRecord, StateDirectory
from nimdoctor.system.host_files import HostFiles
from nimdoctor.system.refused import Refused

WHEN = datetime.datetime(2026, 3, 1, 12, 0, 5, tzinfo=datetime.timezone.utc)


@pytest.fixture
def state(tmp_path):
    made = StateDirectory(str(tmp_path / "var" / "adm" / "nimdoctor"))
    made.prepare()
    return made


@pytest.fixture
def run(state):
    return state.new_run(WHEN)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


# -- the directory


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_it_is_made_for_its_owner_and_what_is_above_for_all(tmp_path, umask):
    before = os.umask(umask)
    try:
        state = StateDirectory(str(tmp_path / "var" / "adm" / "nimdoctor"))
        state.prepare()
        run = state.new_run(WHEN)
        run.write("plan.json", b"{}")
    finally:
        os.umask(before)
    assert [mode(path) for path in (tmp_path / "var", tmp_path / "var/adm")] == [0o755, 0o755]
    assert [mode(path) for path in (state.path, f"{state.path}/runs", run.path)] == [0o700] * 3
    assert mode(f"{run.path}/plan.json") == 0o600


def test_what_is_above_keeps_its_mode(tmp_path):
    (tmp_path / "adm").mkdir()
    os.chmod(tmp_path / "adm", 0o2775)
    StateDirectory(str(tmp_path / "adm" / "nimdoctor")).prepare()
    assert mode(tmp_path / "adm") == 0o2775


def test_preparing_again_changes_nothing(state, run):
    os.chmod(state.path, 0o750)
    state.prepare()
    assert mode(state.path) == 0o750
    assert state.runs() == [run.name]


def a_link(path):
    path.with_name("real").mkdir()
    path.symlink_to("real")


def somebody_elses(path):
    path.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root gives directories away")
    os.chown(path, 99, 99)


def of_mode(bits):
    def make(path):
        path.mkdir()
        os.chmod(path, bits)

    return make


@pytest.mark.parametrize("below", ["", "runs"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (a_link, "is a symbolic link"),
        (lambda path: path.symlink_to("nowhere"), "is a symbolic link"),
        (lambda path: path.write_bytes(b""), "is no directory"),
        (os.mkfifo, "is no directory"),
        (somebody_elses, "belongs to user 99"),
        (of_mode(0o770), "may be written by others .mode 0770."),
        (of_mode(0o1777), "may be written by others"),
    ],
)
def test_a_directory_that_others_could_have_filled_is_refused(tmp_path, make, words, below):
    path = tmp_path / "nimdoctor"
    if below:
        path.mkdir(0o700)
        path = path / below
    make(path)
    with pytest.raises(Refused, match=words) as refusal:
        StateDirectory(str(tmp_path / "nimdoctor")).prepare()
    assert str(path) in str(refusal.value)


def test_on_aix_a_directory_that_a_list_gives_to_others_is_refused(state, run, monkeypatch):
    monkeypatch.setattr("nimdoctor.system.stat_result.sys.platform", "aix")
    monkeypatch.setattr("nimdoctor.system.stat_result._EXTENDED_ACL", stat.S_IXUSR)  # a bit that the directory has here
    with pytest.raises(Refused, match="access control list"):
        state.prepare()


@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b""), lambda path: path.symlink_to("nowhere")])
def test_it_is_not_made_below_what_is_no_directory(tmp_path, make):
    make(tmp_path / "adm")
    with pytest.raises(Refused, match="cannot be made"):
        StateDirectory(str(tmp_path / "adm" / "x" / "nimdoctor")).prepare()


# -- the names of runs


def test_a_run_is_named_by_its_utc_time_and_four_hex_digits(state):
    there = WHEN.astimezone(datetime.timezone(datetime.timedelta(hours=-7)))
    run = state.new_run(there, lambda limit: 0x1F2E)
    assert run.name == "20260301T120005Z-1f2e"
    assert run.path == state.path_of(run.name) == f"{state.path}/runs/20260301T120005Z-1f2e"
    assert state.exists(run.name) and state.last() == run.name
    assert state.open_run(run.name).path == run.path


def test_without_a_state_directory_there_are_no_runs(tmp_path):
    state = StateDirectory(str(tmp_path / "none"))
    assert state.runs() == [] and state.last() is None
    assert not state.exists("20260301T120005Z-1f2e")
    assert not (tmp_path / "none").exists()


def test_what_is_no_run_is_not_listed(state, run):
    runs = os.path.dirname(run.path)
    for name in ("notes", "20260301T120005Z-1F2E", "20260301T120005Z-1f2e.old"):
        os.mkdir(os.path.join(runs, name))
    os.symlink(run.path, os.path.join(runs, "20270301T120005Z-1f2e"))
    with open(os.path.join(runs, "20280301T120005Z-1f2e"), "w"):
        pass
    assert state.runs() == [run.name]
    assert not state.exists("20270301T120005Z-1f2e")


@settings(deadline=None, max_examples=examples(30))
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 15, 0x8000, 0xFFFE, 0xFFFF])), min_size=2, max_size=8)
)
def test_the_latest_run_sorts_last_whatever_clock_and_chance_do(tmp_path_factory, made):
    state = StateDirectory(str(tmp_path_factory.mktemp("x") / "nimdoctor"))
    state.prepare()
    names = []
    for second, chance in made:
        names.append(state.new_run(WHEN - datetime.timedelta(seconds=second), lambda limit, c=chance: c % limit).name)
        assert state.last() == names[-1]
    assert state.runs() == names


def test_a_name_that_is_taken_is_tried_again(state):
    with open(state.path_of("20260301T120005Z-0001"), "w"):
        pass
    chances = iter([1, 1, 2])
    assert state.new_run(WHEN, lambda limit: next(chances)).name == "20260301T120005Z-0002"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "last",
        "20260301T120005Z-1f2e/..",
        "20260301T120005Z-1f2e\n",
        "2026030\u0661T120005Z-1f2e",
    ],
)
def test_a_name_that_is_no_runs_makes_no_path(state, name):
    for use in (state.path_of, state.exists, state.open_run):
        with pytest.raises(Refused, match="is no run"):
            use(name)


def test_an_unknown_run_is_refused(state):
    with pytest.raises(Refused, match="there is no run"):
        state.open_run("20260301T120005Z-1f2e")


# -- files of a run


def test_a_file_is_written_whole_and_replaced_whole(run):
    run.write("plan.json", b"one")
    run.write("plan.json", b"two")
    assert run.read("plan.json") == b"two"
    assert run.has("plan.json") and not run.has("other")
    assert os.listdir(run.path) == ["plan.json"]


def test_a_write_that_fails_leaves_what_was_there(run, monkeypatch):
    run.write("plan.json", b"one")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        run.write("plan.json", b"two")
    assert os.listdir(run.path) == ["plan.json"]
    assert run.read("plan.json") == b"one"


def test_a_link_in_place_of_a_file_is_neither_read_nor_written_through(run, tmp_path):
    (tmp_path / "other").write_bytes(b"kept")
    os.symlink(tmp_path / "other", os.path.join(run.path, "plan.json"))
    with pytest.raises(Refused, match="symbolic link"):
        run.read("plan.json")
    run.write("plan.json", b"new")
    assert (tmp_path / "other").read_bytes() == b"kept"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc/passwd", "a/b", ".hidden", "a\0b", "a\n", "x" * 201, "a b"]
)
def test_a_name_with_a_way_out_is_refused(run, name):
    seen = HostFiles(run.path).stat("/")
    for use in (
        lambda: run.write(name, b""),
        lambda: run.read(name),
        lambda: run.has(name),
        lambda: run.save_backup(name, b"", seen),
        lambda: run.backup(name),
    ):
        with pytest.raises(Refused, match="cannot name a file"):
            use()


def test_the_journal_of_a_run_lies_in_its_directory(run):
    with run.journal() as journal:
        journal.append("begin", "a")
        journal.reserve()
    assert sorted(os.listdir(run.path)) == ["journal.jsonl", "reserve"]


# -- backups


@pytest.fixture
def original(tmp_path):
    path = tmp_path / "inetd.conf"
    path.write_bytes(b"tftp\n\xff")
    os.chmod(path, 0o4644)
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    return HostFiles(str(tmp_path)).stat("/inetd.conf")


def test_a_backup_comes_back_with_what_goes_with_it(run, original):
    kept = run.save_backup("inetd.conf", b"tftp\n\xff", original)
    content, meta = run.backup("inetd.conf")
    assert content == b"tftp\n\xff"
    assert meta == kept == BackupRecord(0o4644, original.uid, original.gid, original.mtime_ns, 6, kept.sha256)
    assert run.backup_path("inetd.conf") == f"{run.path}/backups/inetd.conf"
    with open(run.backup_path("inetd.conf") + ".json") as stream:
        assert json.load(stream)["mode"] == "4644"
    assert {mode(f"{run.path}/backups/{name}") for name in os.listdir(f"{run.path}/backups")} == {0o600}
    assert mode(f"{run.path}/backups") == 0o700


def test_the_same_backup_again_is_nothing_new_and_another_one_is_refused(run, original):
    first = run.save_backup("inetd.conf", b"old", original)
    assert run.save_backup("inetd.conf", b"old", original) == first
    with pytest.raises(Refused, match="backup of something else"):
        run.save_backup("inetd.conf", b"what the step wrote", original)
    assert run.backup("inetd.conf")[0] == b"old"


def test_a_backup_that_was_cut_short_by_a_kill_is_made_again(run, original):
    run.save_backup("inetd.conf", b"old", original)
    os.unlink(run.backup_path("inetd.conf") + ".json")
    with pytest.raises(Refused, match="is not there"):
        run.backup("inetd.conf")
    run.save_backup("inetd.conf", b"old", original)
    assert run.backup("inetd.conf")[0] == b"old"


@pytest.mark.parametrize("content", [b"olD", b"ol", b"", b"older", None])
def test_a_damaged_backup_is_never_put_back(run, original, content):
    run.save_backup("inetd.conf", b"old", original)
    path = run.backup_path("inetd.conf")
    if content is None:
        os.unlink(path)
    else:
        with open(path, "wb") as stream:
            stream.write(content)
    with pytest.raises(Refused):
        run.backup("inetd.conf")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"mode": "0644"}', "null", "[" * 100_000]
    + [
        json.dumps({"mode": "0644", "uid": 0, "gid": 0, "mtime_ns": 0, "size": 3, "sha256": "0" * 64, **wrong})
        for wrong in (
            {"mode": 420},
            {"mode": "rw"},
            {"uid": "root"},
            {"uid": True},
            {"size": None},
            {"sha256": "x"},
            {"sha256": 1},
        )
    ],
)
def test_a_backup_whose_description_is_damaged_is_never_put_back(run, original, text):
    run.save_backup("inetd.conf", b"old", original)
    with open(run.backup_path("inetd.conf") + ".json", "w") as stream:
        stream.write(text)
    with pytest.raises(Refused, match="damaged"):
        run.backup("inetd.conf")


def test_a_private_key_is_never_kept(run, original):
    begin = b"-----BEGIN RSA PRIVATE" + b" KEY-----\n"
    with pytest.raises(Refused, match="private key"):
        run.save_backup("server.pem", b"text\n" + begin + b"MII\n", original)
    run.save_backup(
        "libcrypto.so", b"\0-----BEGIN RSA PRIVATE" + b" KEY-----\0", original
    )  # a program that writes keys
    assert sorted(os.listdir(f"{run.path}/backups")) == ["libcrypto.so", "libcrypto.so.json"]


def test_a_backup_is_not_named_like_the_description_of_another(run, original):
    with pytest.raises(Refused, match="cannot name a backup"):
        run.save_backup("inetd.conf.json", b"", original)
