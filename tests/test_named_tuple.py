"""Records behave like those of typing.NamedTuple, whatever makes the class."""

import copy
import pickle
import types
import typing
from typing import Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.named_tuple import NamedTuple


class Own(NamedTuple):
    """A record."""

    name: str
    size: int
    at: Optional[str] = None
    parts: Tuple[str, ...] = ()

    @property
    def double(self) -> int:
        return self.size * 2

    @classmethod
    def parse(cls, text: str) -> "Own":
        return cls(text, len(text))


class Below(Own):
    """A record with other behaviour."""

    @property
    def double(self) -> int:
        return super().double + 1


class Empty(NamedTuple):
    pass


class Typing(typing.NamedTuple):
    name: str
    size: int
    at: Optional[str] = None
    parts: Tuple[str, ...] = ()


def outcome(function):
    try:
        return tuple(function())
    except (TypeError, ValueError) as error:
        return type(error)


@given(
    st.lists(st.integers(), max_size=6),
    st.dictionaries(st.sampled_from(["name", "size", "at", "parts", "other", "cls"]), st.integers(), max_size=5),
)
def test_a_record_takes_and_refuses_the_arguments_that_typings_does(positional, named):
    assert outcome(lambda: Own(*positional, **named)) == outcome(lambda: Typing(*positional, **named))


@given(st.dictionaries(st.sampled_from(["name", "size", "at", "other"]), st.integers(), max_size=3))
def test_a_record_is_changed_as_typings_is(changed):
    replaced = outcome(lambda: Own("a", 1)._replace(**changed))
    expected = outcome(lambda: Typing("a", 1)._replace(**changed))
    # what is raised became a TypeError with Python 3.13
    assert replaced == expected or {replaced, expected} == {TypeError, ValueError}


def test_fields_defaults_text_and_dictionary_are_those_of_typings():
    own, other = Own("a", 1), Typing("a", 1)
    assert (Own._fields, Own._field_defaults) == (Typing._fields, Typing._field_defaults)
    assert (repr(own), own._asdict()) == (repr(other).replace("Typing", "Own"), other._asdict())
    assert own == other and hash(own) == hash(other)
    assert Own.__doc__ == "A record." and Own.__annotations__ == Typing.__annotations__
    assert Own._make(["a", 1, None, ()]) == own
    with pytest.raises(TypeError):
        Own._make(["a"])


def test_the_first_record_and_the_next_are_of_their_class_and_of_a_class_below():
    assert (type(Below("a", 2)), Below("a", 2).double, Below.parse("abc").double) == (Below, 5, 7)
    assert (type(Own("a", 2)), Own("a", 2).double, Own.parse("abc").size) == (Own, 4, 3)
    assert isinstance(Below("a", 2), Own) and repr(Below("a", 2)).startswith("Below(name='a', size=2")


def test_a_record_is_immutable_has_no_dictionary_and_can_be_copied_and_pickled():
    own = Own("a", 1)
    with pytest.raises(AttributeError):
        own.name = "b"
    with pytest.raises(AttributeError):
        own.other = "b"
    assert copy.deepcopy(own) == pickle.loads(pickle.dumps(own)) == own
    assert type(pickle.loads(pickle.dumps(Below("a", 1)))) is Below


def test_a_record_without_fields():
    assert Empty() == () and not Empty._fields
    with pytest.raises(TypeError):
        Empty(1)


@pytest.mark.parametrize(
    ("body", "bases"),
    [
        ({"__annotations__": {"a": int, "b": int}, "a": 1}, (NamedTuple,)),
        ({"__annotations__": {"_a": int}}, (NamedTuple,)),
        ({"__annotations__": {"a": int}}, (NamedTuple, dict)),
    ],
)
def test_a_class_that_cannot_be_a_record_is_refused(body, bases):
    with pytest.raises((TypeError, ValueError)):
        types.new_class("Wrong", bases, exec_body=lambda namespace: namespace.update(body))
