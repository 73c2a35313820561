"""How far two clocks are apart at least."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.clock_skew import ClockSkew
from nimdoctor.model.text import BadEvidence, Text

START = datetime(2025, 3, 15, 9, 53, 20)


def dates(*seconds):
    """What `date -u` prints at those times, which need not be whole seconds."""
    return [Text.of(f"{START + timedelta(seconds=one):%Y-%m-%dT%H:%M:%SZ}", "date -u") for one in seconds]


@given(
    st.floats(-1e6, 1e6), st.floats(0, 0.999), st.floats(0, 500), st.floats(0, 500)
)  # fmt: skip
def test_it_never_claims_more_than_there_is(ahead, begun, first, second):
    skew = ClockSkew.of(dates(begun, begun + first + ahead, begun + first + second))
    assert abs(skew.least) <= abs(ahead) + 1e-6
    assert skew.least == 0 or (skew.least > 0) == (ahead > 0)
    assert abs(ahead) - abs(skew.least) <= first + second + 2.001


@given(st.lists(st.text(max_size=40), min_size=3, max_size=3))
def test_what_is_no_date_is_bad_evidence(texts):
    with pytest.raises(BadEvidence):
        ClockSkew.of([Text.of(text, "date -u") for text in texts])


def test_a_clock_that_ran_back_meanwhile_is_bad_evidence():
    with pytest.raises(BadEvidence, match="ran back"):
        ClockSkew.of(dates(10, 5, 9))
