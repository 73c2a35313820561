"""The key file: made on first use, and refused where it is not what it must be."""

import os
import stat

import pytest

from nimdoctor.redaction import BadKey, key_file


def test_it_is_made_on_first_use_and_the_same_afterwards(tmp_path):
    path = str(tmp_path / "redact.key")
    key = key_file(path)
    assert len(key) == 32 and key_file(path) == key
    found = os.stat(path)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert (tmp_path / "redact.key").read_text() == key.hex() + "\n"
    assert key_file(str(tmp_path / "other.key")) != key


def test_it_is_made_0600_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        key_file(str(tmp_path / "redact.key"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "redact.key").st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_one_that_others_can_read_is_refused(tmp_path, mode):
    path = str(tmp_path / "redact.key")
    key_file(path)
    os.chmod(path, mode)
    with pytest.raises(BadKey, match="can be read by others"):
        key_file(path)


def test_a_link_is_not_followed_whether_it_leads_anywhere_or_not(tmp_path):
    key_file(str(tmp_path / "real.key"))
    (tmp_path / "link.key").symlink_to("real.key")
    (tmp_path / "nowhere.key").symlink_to("not-there.key")
    for name in ("link.key", "nowhere.key"):
        with pytest.raises(BadKey):
            key_file(str(tmp_path / name))
    assert not (tmp_path / "not-there.key").exists()


def test_what_is_no_key_is_refused_and_left_as_it_is(tmp_path):
    for name, content in (("empty", b""), ("short", b"abcd\n"), ("words", b"x" * 64)):
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(BadKey, match="does not hold"):
            key_file(str(path))
        assert path.read_bytes() == content
    with pytest.raises(BadKey):
        key_file(str(tmp_path))
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(BadKey, match="not a regular file"):
        key_file(str(tmp_path / "fifo"))
    with pytest.raises(BadKey, match="cannot be made"):
        key_file(str(tmp_path / "no" / "such" / "place"))
