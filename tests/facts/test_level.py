"""Levels compare field by field as integers, and a FIPS build of OpenSSL is on the line it was built from."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.level import Level, LevelRange

FIELDS = st.lists(st.integers(0, 10**9 - 1), min_size=1, max_size=6).map(tuple)
FOUR = st.tuples(*[st.integers(0, 9999)] * 4)


@given(FOUR, FOUR)
def test_the_order_agrees_with_that_of_the_fields_as_integers(one, other):
    for operator in ("__lt__", "__le__", "__eq__", "__ge__", "__gt__", "__ne__"):
        assert getattr(Level(one), operator)(Level(other)) is getattr(one, operator)(other)


@given(FIELDS, FIELDS, FIELDS)
def test_the_order_is_total_whatever_the_number_of_fields(one, two, three):
    levels = [Level(fields) for fields in (one, two, three)]
    for a, b in itertools.product(levels, repeat=2):
        assert [a < b, a == b, a > b].count(True) == 1
        assert (a <= b) is (a < b or a == b)
        assert a != b or hash(a) == hash(b)
    a, b, c = levels
    assert not (a <= b <= c) or a <= c


@given(FIELDS, st.integers(0, 5))
def test_what_is_left_out_at_the_end_counts_as_zero(fields, zeros):
    assert Level(fields) == Level((*fields, *[0] * zeros))


@given(FIELDS)
def test_a_level_is_read_as_it_is_written(fields):
    assert Level.read(str(Level(fields))).fields == fields


@given(FIELDS, st.lists(st.integers(0, 3), min_size=6, max_size=6), st.sampled_from(["", " ", "\t", "  \n"]))
def test_leading_zeros_and_blanks_around_change_nothing(fields, zeros, blank):
    text = ".".join(("0" * count + str(field))[-9:].zfill(1) for field, count in zip(fields, zeros))
    assert Level.read(blank + text + blank) == Level(fields)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text):
    found = Level.read(text)
    assert found is None or Level.read(str(found)) == found
    spread = LevelRange.read(text)
    assert spread is None or (spread.low <= spread.high and spread.low in spread and spread.high in spread)


@pytest.mark.parametrize("text", ["", " ", ".", "7.", ".7", "7..2", "7.2.x", "-1.2", "1.1.1l-1", "7.2.5.0-203", "n/a", "\u0661.\u0662",
                                  "1.2.3.4.5.6.7", "1" * 10])  # fmt: skip
def test_what_is_no_level_is_none(text):
    assert Level.read(text) is None


@pytest.mark.parametrize(
    ("level", "own"),
    [
        ("20.13.102.1000", "1.0.2.1000"),
        ("20.16.102.2104", "1.0.2.2104"),
        ("20.13.1.1000", "1.0.2.1000"),
        ("20.11.101.500", "1.0.1.500"),
        ("12.9.8.1100", "0.9.8.1100"),
        ("1.0.2.1800", "1.0.2.1800"),
        ("3.0.16.1000", "3.0.16.1000"),
        ("20.99.1.1", "20.99.1.1"),
    ],
)
def test_a_fips_build_is_on_the_line_that_it_was_built_from(level, own):
    found = Level.read(level)
    assert str(found.openssl()) == own
    assert found.is_fips is (own != level)


@given(FOUR)
def test_the_line_of_a_level_that_is_on_openssls_own_line_is_itself(fields):
    level = Level(fields).openssl()
    assert level.openssl() == level or level.fields[0] == 20


@given(st.sampled_from([13, 16]), st.integers(0, 99), st.integers(0, 9999), st.integers(0, 9999))
def test_a_fips_build_of_1_0_2_lies_on_that_line_in_the_order_of_its_fix_level(second, third, one, other):
    line = Level.read("1.0.2")
    for field in (third, 102):
        low, high = (Level((20, second, field, fix)).openssl() for fix in sorted((one, other)))
        assert low.on_line(line) and high.on_line(line) and low <= high < Level.read("1.1.0")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("7.2.5.0-203", ["7.2.5.0", "7.2.5.203", "7.2.5"], ["7.2.5.204", "7.2.4.300", "7.3.0.0"]),
        ("3.0.0.0-3.0.16.1000", ["3.0.8.1000", "3.0.16.1000"], ["3.0.16.1001", "1.1.2.2200", "3.0.17.0"]),
        ("7.3.3.0", ["7.3.3.0"], ["7.3.3.1"]),
    ],
)
def test_a_range_is_read_as_bulletins_write_it(text, inside, outside):
    found = LevelRange.read(text)
    assert all(Level.read(level) in found for level in inside)
    assert not any(Level.read(level) in found for level in outside)
    assert LevelRange.read(str(found)).high == found.high


@pytest.mark.parametrize("text", ["", "x", "7.2.5.9-3", "7.2-7.2.5.203", "7.2.5.0-", "1-2-3"])
def test_what_is_no_range_is_none(text):
    assert LevelRange.read(text) is None


def test_service_packs_compare_by_version_technology_level_and_pack():
    order = ["7100-05-12", "7200-05-09-2446", "7200-05-10-2520", "7200-05-10", "7300-01"]
    read = [Level.of_service_pack(text) for text in order]
    assert read == sorted(read) and read[2] == read[3]
    assert Level.of_service_pack("7.2.0.0") is None
