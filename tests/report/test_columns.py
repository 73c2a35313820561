"""The table of the reports is the one that tabulate draws."""

from typing import List

from hypothesis import given
from hypothesis import strategies as st
from tabulate import tabulate

from nimdoctor.report.columns import columns

HEADS = ["Outcome", "Check", "What was seen"]
cells = st.text(alphabet="ab 1-.", max_size=20)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=6))
def test_columns_are_drawn_as_tabulate_draws_them(rows: List[List[str]]) -> None:
    assert columns(HEADS, rows) == tabulate(rows, headers=HEADS, tablefmt="simple", disable_numparse=True).split("\n")
