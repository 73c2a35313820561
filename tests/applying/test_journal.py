"""The journal: what a crash, a full disk and somebody's editor do to it."""

import datetime
import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.applying import journal as module
from nimdoctor.applying.journal import Journal, JournalFull, read_journal
from nimdoctor.system.refused import Refused

REPOSITORY = Path(__file__).resolve().parents[2]
WHEN = datetime.datetime(2026, 3, 1, 12, 0, 5, 999, tzinfo=datetime.timezone.utc)


def opened(path):
    return Journal.open(str(path), lambda: WHEN)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def test_a_record_is_one_line_of_event_step_and_time(path):
    with opened(path) as journal:
        written = journal.append("done", "enable-tftp", sha256="00ff", note="Größe\nzwei")
        journal.append("complete")
    lines = path.read_bytes().splitlines()
    assert lines[0] == (
        b'{"event":"done","step":"enable-tftp","at":"2026-03-01T12:00:05Z","sha256":"00ff","note":"Gr\\u00f6\\u00dfe\\nzwei"}'
    )
    assert json.loads(lines[1]) == {"event": "complete", "step": None, "at": "2026-03-01T12:00:05Z"}
    assert read_journal(str(path)) == ([written, json.loads(lines[1])], False)


def test_the_time_is_utc_whatever_the_clock_says(path):
    there = datetime.timezone(datetime.timedelta(hours=2))
    with Journal.open(str(path), lambda: datetime.datetime(2026, 3, 1, 1, 0, tzinfo=there)) as journal:
        assert journal.append("begin")["at"] == "2026-02-28T23:00:00Z"


def test_records_are_as_a_reader_sees_them(path):
    with opened(path) as journal:
        journal.append("begin", "a", argv=("nimclient", "-c"))
        assert journal.records[0]["argv"] == ["nimclient", "-c"]
        assert list(journal.records) == read_journal(str(path))[0]


def test_events_and_keys_of_a_later_version_are_kept(path):
    line = b'{"event":"teleported","step":null,"new":{"a":[1]}}\n'
    path.write_bytes(line)
    with opened(path) as journal:
        assert journal.records == (json.loads(line),)
        journal.append("begin", "a")
    assert path.read_bytes().startswith(line)


def test_what_json_cannot_hold_is_not_written(path):
    with opened(path) as journal:
        for wrong in (b"bytes", float("nan"), object()):
            with pytest.raises((TypeError, ValueError)):
                journal.append("begin", "a", wrong=wrong)
        with pytest.raises(ValueError, match="own key"):
            journal.append("begin", "a", at="noon")
    assert path.read_bytes() == b""


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_journal_is_for_its_owner_whatever_the_umask(path, umask):
    before = os.umask(umask)
    try:
        opened(path).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# -- what a crash leaves

GOOD = b'{"event":"begin","step":"a","at":"2026-03-01T12:00:05Z"}\n'


@pytest.mark.parametrize(
    "tail",
    [
        b"{",
        GOOD[:-1],  # a whole record, but nobody knows whether it was meant to end there
        b'{"event":"begin","st\n',
        b"\0" * 5000,
        b"\0" * 50 + b"\n",
        GOOD[:20] + b"\0" * 4000,
        b"\n",
        b"[1]\n",
        b'{"step":"no event"}\n',
        b'{"event":7}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b"1" * 5000 + b"\n",
    ],
    ids=range(13),
)
def test_a_torn_end_is_cut_before_the_first_append(path, tail):
    path.write_bytes(GOOD + tail)
    records, torn = read_journal(str(path))
    assert (records, torn) == ([json.loads(GOOD)], True)
    assert path.read_bytes() == GOOD + tail  # reading changes nothing
    with opened(path) as journal:
        assert path.read_bytes() == GOOD
        journal.append("done", "a")
    assert [one["event"] for one in read_journal(str(path))[0]] == ["begin", "done"]
    assert not read_journal(str(path))[1]


def test_damage_in_the_middle_hides_nothing_after_it(path):
    path.write_bytes(GOOD + b"\0\0\0\n" + GOOD)
    assert read_journal(str(path)) == ([json.loads(GOOD)] * 2, True)
    with opened(path) as journal:
        assert len(journal.records) == 2
        journal.append("done", "a")
    assert path.read_bytes().startswith(GOOD + b"\0\0\0\n" + GOOD)


def test_an_absent_journal_has_no_records(path):
    assert read_journal(str(path)) == ([], False)
    assert not path.exists()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.text(min_size=1).filter(lambda key: key not in ("event", "step", "at", "self"))
RECORDS = st.lists(st.tuples(st.text(), st.none() | st.text(), st.dictionaries(KEYS, VALUES, max_size=3)), max_size=6)


@settings(deadline=None, max_examples=examples(150))
@given(RECORDS, st.floats(0, 1), st.sampled_from([b"", b"\0" * 9, b"\0\n", b"{\n", b"\xff"]))
def test_any_beginning_of_a_journal_opens_to_the_first_of_its_records(tmp_path_factory, records, part, debris):
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    with opened(path) as journal:
        for event, step, more in records:
            journal.append(event, step, **more)
        whole = list(journal.records)
    content = path.read_bytes()
    assert read_journal(str(path)) == (whole, False)
    kept = content[: round(part * len(content))]
    path.write_bytes(kept + debris)
    with opened(path) as journal:
        left = list(journal.records)
        assert left == whole[: kept.count(b"\n")]
        added = journal.append("resume")
    assert read_journal(str(path)) == ([*left, added], False)


@settings(deadline=None, max_examples=examples(100))
@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    path.write_bytes(content)
    read_journal(str(path))
    with opened(path) as journal:
        before = list(journal.records)
        journal.append("begin")
    assert read_journal(str(path))[0][:-1] == before


# -- what is no journal


def a_link(path):
    path.with_name("other").write_bytes(GOOD)
    path.symlink_to("other")


def a_hard_link(path):
    path.write_bytes(GOOD)
    os.link(path, path.with_name("other"))


def somebody_elses(path):
    path.write_bytes(GOOD)
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(path, 99, 99)


def a_huge_one(path):
    path.touch()
    os.truncate(path, module.LIMIT + 1)


@pytest.mark.parametrize("make", [a_link, a_hard_link, somebody_elses, os.mkfifo, os.mkdir, a_huge_one])
def test_what_is_no_journal_of_ours_is_refused_and_stays(path, make):
    make(path)
    before = path.lstat()
    with pytest.raises(Refused, match="journal"):
        opened(path)
    with pytest.raises(Refused, match="journal"):
        read_journal(str(path))
    assert (path.lstat().st_ino, path.lstat().st_size) == (before.st_ino, before.st_size)


def test_a_journal_does_not_grow_beyond_what_is_read(path, monkeypatch):
    monkeypatch.setattr(module, "LIMIT", 2 * len(GOOD))
    with opened(path) as journal:
        journal.append("begin", "a")
        journal.append("begin", "b")
        with pytest.raises(JournalFull):
            journal.append("begin", "c")
    assert len(read_journal(str(path))[0]) == 2


# -- a disk that fills up


def test_the_reserve_has_real_bytes_and_is_kept_once(path):
    with opened(path) as journal:
        journal.reserve()
        reserve = path.with_name("reserve")
        first = reserve.read_bytes()
        assert (len(first), len(set(first))) == (65536, 256)
        assert stat.S_IMODE(reserve.stat().st_mode) == 0o600
        journal.reserve()
        assert reserve.read_bytes() == first
        journal.release()
        journal.release()
        assert not reserve.exists()


def full(monkeypatch, call="write", while_there=None):
    """A disk that takes a few bytes of each write, then is full for as long as a file is there."""
    real = getattr(os, call)

    def fails(descriptor, *rest):
        if while_there is not None and not while_there.exists():
            return real(descriptor, *rest)
        if call == "write" and len(rest[0]) > 10:
            return real(descriptor, bytes(rest[0])[:7])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fails)


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_on_a_full_disk_the_reserve_makes_room(path, monkeypatch, call):
    with opened(path) as journal:
        journal.reserve()
        full(monkeypatch, call, while_there=path.with_name("reserve"))
        journal.append("begin", "a")
        assert not path.with_name("reserve").exists()
    assert [one["event"] for one in read_journal(str(path))[0]] == ["begin"]
    assert path.read_bytes() == GOOD


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_when_even_the_reserve_is_gone_nothing_half_written_stays(path, monkeypatch, call):
    with opened(path) as journal:
        journal.append("begin", "a")
        full(monkeypatch, call)
        with pytest.raises(JournalFull, match="--resume"):
            journal.append("done", "a")
        assert path.read_bytes() == GOOD
        assert len(journal.records) == 1
        monkeypatch.undo()
        journal.append("done", "a")
    assert [one["event"] for one in read_journal(str(path))[0]] == ["begin", "done"]


def test_half_a_line_that_could_not_be_cut_is_cut_by_the_next_append(path, monkeypatch):
    with opened(path) as journal:
        journal.append("begin", "a")
        full(monkeypatch)
        full(monkeypatch, "ftruncate")
        with pytest.raises(OSError):
            journal.append("done", "a")
        assert path.read_bytes() != GOOD
        monkeypatch.undo()
        journal.append("done", "a")
    assert not read_journal(str(path))[1]


def test_another_error_of_the_disk_comes_through_and_keeps_the_reserve(path, monkeypatch):
    with opened(path) as journal:
        journal.reserve()

        def broken(*_):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fsync", broken)
        with pytest.raises(OSError) as problem:
            journal.append("begin", "a")
        assert problem.value.errno == errno.EIO and not isinstance(problem.value, JournalFull)
        assert path.with_name("reserve").exists()
        assert path.read_bytes() == b""


def test_a_journal_that_somebody_shortened_takes_no_more(path):
    with opened(path) as journal:
        journal.append("begin", "a")
        os.truncate(path, 10)
        with pytest.raises(OSError, match="shortened"):
            journal.append("done", "a")


QUOTA = """
import resource, sys
from nimdoctor.applying.journal import Journal, JournalFull
with Journal.open(sys.argv[1]) as journal:
    journal.append("begin", "a")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try:
        journal.append("done", "a", note="x" * 100)
    except JournalFull:
        sys.exit(7)
"""


def test_a_real_limit_on_the_file_ends_as_a_full_journal(path):
    ended = subprocess.run([sys.executable, "-c", QUOTA, str(path)], cwd=REPOSITORY, timeout=60)
    assert ended.returncode == 7
    records, torn = read_journal(str(path))
    assert ([one["event"] for one in records], torn) == (["begin"], False)


KILLED = """
import os, signal, sys
from nimdoctor.applying.journal import Journal
journal = Journal.open(sys.argv[1])
journal.append("begin", "a")
real = os.write
def write(descriptor, content):
    real(descriptor, bytes(content)[:15])
    os.kill(os.getpid(), signal.SIGKILL)
os.write = write
journal.append("done", "a")
"""


def test_a_process_killed_within_a_line_loses_only_that_line(path):
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=REPOSITORY, timeout=60)
    assert ended.returncode < 0
    assert [one["event"] for one in read_journal(str(path))[0]] == ["begin"]
    assert read_journal(str(path))[1]
    with opened(path) as journal:
        journal.append("resume")
    assert [one["event"] for one in read_journal(str(path))[0]] == ["begin", "resume"]
