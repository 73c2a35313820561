"""Who gets at the keys below /ssl_nimsh/keys, by modes alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import Paths, SslKeys
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.text import BadEvidence, Text

KEYS = "/ssl_nimsh/keys"
KEY = f"{KEYS}/serverkey.pem"


def keys(key=0o600, directory=0o755, tree=0o755, **more):
    states = {
        "/ssl_nimsh": PathState("dir", tree),
        KEYS: PathState("dir", directory),
        KEY: PathState("file", key, "root", "system", 1708),
        **more.pop("states", {}),
    }
    return SslKeys.derive(Paths.of_record(PathRecord(states, more.pop("complete", ("/ssl_nimsh/**",)))))


@pytest.mark.parametrize(
    ("key", "directory", "open_to", "served", "by_mode"),
    [
        (0o600, 0o755, "nobody", False, False),
        (0o400, 0o777, "nobody", False, False),
        (0o700, 0o755, "nobody", False, False),
        (0o611, 0o755, "nobody", False, False),
        (0o640, 0o755, "group", False, True),
        (0o660, 0o750, "group", False, True),
        (0o620, 0o755, "group", False, True),
        (0o644, 0o755, "others", True, True),
        (0o604, 0o755, "others", True, True),
        (0o602, 0o755, "others", False, True),
        (0o644, 0o750, "group", False, True),
        (0o644, 0o700, "nobody", False, True),
        (0o644, None, "others", True, True),
    ],
)
def test_who_gets_at_a_key_by_its_mode_and_that_of_the_directory(key, directory, open_to, served, by_mode):
    (found,) = keys(key, directory).files
    assert (found.open_to, found.readable_by_nobody, found.open_by_mode) == (open_to, served, by_mode)


def test_every_directory_on_the_way_counts():
    (found,) = keys(0o644, tree=0o700).files
    assert (found.open_to, found.readable_by_nobody) == ("nobody", False)


def test_a_key_of_nobodys_own_is_served():
    (found,) = keys(states={KEY: PathState("file", 0o600, "nobody")}).files
    assert found.readable_by_nobody


def test_directories_others_may_write_in_are_named():
    assert keys(directory=0o757, tree=0o777).open_directories == (KEYS, "/ssl_nimsh")
    assert keys(directory=0o775).open_directories == ()


def test_links_and_what_has_no_mode_are_apart():
    found = keys(states={f"{KEYS}/a": PathState("link", 0o777), f"{KEYS}/b": PathState()})
    assert (found.links, found.unknown, [one.path for one in found.files]) == ((f"{KEYS}/a",), (f"{KEYS}/b",), [KEY])
    assert keys(states={KEYS: PathState("link", 0o777)}).links == (KEYS,)


def test_directories_below_are_no_keys():
    inside = {f"{KEYS}/old": PathState("dir", 0o755), f"{KEYS}/old/a.pem": PathState("file", 0o644)}
    assert [one.path for one in keys(states=inside).files] == [f"{KEYS}/old/a.pem", KEY]


def test_all_is_known_only_where_somebody_looked_into_the_directory():
    assert keys().listed
    assert keys(complete=()).listed, "a record that went into the tree"
    listing = Text.of(f"-rw-------   1 root     system     1708 Nov 20 2024 {KEY}\n", f"ls -l {KEY}")
    one = SslKeys.derive(Paths.parse(listing))
    assert (len(one.files), one.listed) == (1, False)


def test_what_was_not_collected_is_not_absent():
    with pytest.raises(BadEvidence):
        SslKeys.derive(Paths.of_record(PathRecord()))
    gone = SslKeys.derive(Paths.of_record(PathRecord({"/ssl_nimsh": None})))
    assert (gone.files, gone.listed) == ((), True)


MODES = st.one_of(st.none(), st.integers(0, 0o7777))


@given(key=st.integers(0, 0o7777), directory=MODES, tree=MODES)
def test_nobody_is_told_safe_whose_bits_and_way_are_open(key, directory, tree):
    (found,) = keys(key, directory, tree).files
    way = all(mode is None or mode & 0o001 for mode in (directory, tree))
    assert (found.open_to == "others") is bool(key & 0o006 and way)
    assert found.readable_by_nobody is bool(key & 0o004 and way)
    assert found.open_to == "nobody" or found.open_by_mode
