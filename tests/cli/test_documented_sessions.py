"""The sessions shown in the documentation, run again in the lab on 96 columns: every line they show is printed."""

import pytest
from documents import PAGES, blocks, shows_what_is_printed

SHOWN = [page for page in PAGES if blocks(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", SHOWN, ids=lambda path: path.name)
def test_what_a_session_shows_is_what_is_printed(page, monkeypatch):
    monkeypatch.setenv("COLUMNS", "96")
    shows_what_is_printed(page)
