"""The loader's complaints, over one line or more."""

from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.loader import LINES, complaints
from nimdoctor.model.text import Text

PIECES = [
    "exec(): 0509-036 Cannot load program nimsh because of the following errors:",
    "\t0509-150   Dependent module libssl.so.0.9.8 could not be loaded.",
    "\t0509-136   Symbol SSL_new (number 12) is not exported from",
    "\t           dependent module /usr/lib/libssl.so.0.9.8.",
    '0042-001 nim: processing error encountered on "master":',
    "   0042-175 c_script: An unexpected result",
    "x - /usr/lib/libssl.so.0.9.8",
    "",
    "   ",
]


def said(*lines):
    return complaints(Text.of("\n".join(lines), "nimclient -c").quotes())


def test_a_line_below_that_is_not_indented_is_no_part_of_it():
    assert [one.words for one in said("0509-136 Symbol x", "x - /usr/lib/libssl.so.0.9.8")] == ["0509-136 Symbol x"]


def test_a_line_below_that_carries_another_number_is_no_part_of_it():
    assert [len(one.lines) for one in said("0509-136 Symbol x", "   0042-175 c_script: libssl.so.0.9.8")] == [1]


def test_numbers_of_others_and_parts_of_longer_ones_are_none():
    assert said("0042-001 nim: x", "10509-136 x", "0509-1361 x", "2024-0509-136 x", "") == ()


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_every_line_belongs_to_one_complaint_at_most_and_each_begins_with_its_number(lines):
    found = said(*lines)
    numbers = [quote.line for one in found for quote in one.lines]
    assert numbers == sorted(set(numbers))
    assert all(one.number in one.lines[0].text and len(one.lines) <= LINES for one in found)
    assert len(found) == sum("0509-" in line for line in lines)
