"""The file by which a run is gone on with: what is in it after a kill at any byte, and which files are refused."""

import os
import resource
import subprocess
import sys

import pytest

from nimdoctor.fleet import checkpoint as checkpoints
from nimdoctor.fleet.checkpoint import IDENTITY, RECORD, Checkpoint
from nimdoctor.library.errors import UsageError

VALUES = [
    (IDENTITY, ["a.tgz", 10, 1], {"host": "lpar7"}),
    (RECORD, [["a.tgz", 10, 1], None, "no master"], {"host": "lpar7", "verdict": "healthy"}),
    (RECORD, [["b\udce9.tgz", 10, 1], ["m.tgz", 5, 5], ""], {"host": "lp\u00e4r8", "verdict": "problems"}),
    (IDENTITY, ["a.tgz", 10, 2], {"host": "lpar9"}),
]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "kept.jsonl")


def keep(path, values):
    kept = Checkpoint(path)
    for kind, key, value in values:
        kept.keep(kind, key, value)
    kept.close()


def found(path):
    """What a checkpoint holds of VALUES, in order."""
    kept = Checkpoint(path)
    values = [kept.find(kind, key) for kind, key, _ in VALUES]
    kept.close()
    return values


def test_what_was_kept_is_found_again_by_its_kind_and_key(path):
    keep(path, VALUES)
    assert found(path) == [value for _, _, value in VALUES]
    kept = Checkpoint(path)
    assert kept.find(RECORD, ["a.tgz", 10, 1]) is None and kept.find(IDENTITY, ["a.tgz", 11, 1]) is None
    kept.close()
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_later_value_replaces_an_earlier_one(path):
    kind, key, _ = VALUES[0]
    keep(path, [VALUES[0], (kind, key, {"host": "nim1"})])
    assert found(path)[0] == {"host": "nim1"}


def test_cut_at_any_byte_it_holds_every_whole_line_and_goes_on(path):
    keep(path, VALUES)
    with open(path, "rb") as stream:
        content = stream.read()
    ends = [at for at, byte in enumerate(content, 1) if byte == 10][1:]
    for cut in range(len(content) + 1):
        with open(path, "wb") as stream:
            stream.write(content[:cut])
        whole = sum(end <= cut for end in ends)
        assert found(path) == [value for _, _, value in VALUES[:whole]] + [None] * (len(VALUES) - whole)
        keep(path, VALUES[whole:])
        assert found(path) == [value for _, _, value in VALUES]
    with open(path, "rb") as stream:
        assert stream.read() == content


def test_a_line_that_was_damaged_is_as_if_it_had_never_been(path):
    keep(path, VALUES)
    with open(path, "r+b") as stream:
        lines = stream.readlines()
        stream.seek(len(lines[0] + lines[1]))
        stream.write(b"\0" * 20)
    assert found(path) == [VALUES[0][2], None, VALUES[2][2], VALUES[3][2]]


@pytest.mark.parametrize(
    "content",
    [b"{}\n", b"\n", b"x", b'{"schema":"nimdoctor.fleet/1"}\n', b"\x1f\x8b\x08" + bytes(99999), b'{"schema'[::-1]],
)
def test_a_file_that_is_no_checkpoint_is_refused_and_left_as_it_is(path, content):
    with open(path, "wb") as stream:
        stream.write(content)
    with pytest.raises(UsageError, match="is no checkpoint of nimdoctor fleet"):
        Checkpoint(path)
    with open(path, "rb") as stream:
        assert stream.read() == content


def test_one_of_another_version_is_begun_anew_and_says_so(path, monkeypatch):
    keep(path, VALUES)
    monkeypatch.setattr(checkpoints, "__version__", "99.0")
    kept = Checkpoint(path)
    assert kept.renewed and kept.find(*VALUES[0][:2]) is None
    kept.keep(*VALUES[0])
    kept.close()
    again = Checkpoint(path)
    assert not again.renewed and again.find(*VALUES[0][:2]) == VALUES[0][2]
    again.close()


def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "there").write_bytes(b"")
    (tmp_path / "link").symlink_to("there")
    for name in ("fifo", "link", ".", "no/such/place"):
        with pytest.raises(OSError):
            Checkpoint(str(tmp_path / name))


OPEN = (
    "import sys\nfrom nimdoctor.fleet.checkpoint import Checkpoint\nCheckpoint(sys.argv[1])\nprint(flush=True)\ninput()"
)


def test_two_runs_do_not_share_one(path):
    with subprocess.Popen([sys.executable, "-c", OPEN, path], stdin=-1, stdout=-1) as other:
        assert other.stdout and other.stdin
        other.stdout.readline()
        with pytest.raises(UsageError, match="is the checkpoint of a run that goes on"):
            Checkpoint(path)
        other.kill()
    keep(path, VALUES)
    assert found(path)[0] == VALUES[0][2]


def test_where_the_disk_is_full_nothing_half_is_left_and_the_file_is_named(path):
    keep(path, VALUES[:1])
    size = os.path.getsize(path)
    kept = Checkpoint(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, limits[1]))
    try:
        with pytest.raises(OSError) as refused:
            kept.keep(*VALUES[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert refused.value.filename == path and os.path.getsize(path) == size
    kept.close()
    assert found(path)[:2] == [VALUES[0][2], None]
