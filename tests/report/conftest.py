"""A browser for the pages."""

import browser
import pytest


@pytest.fixture(scope="module")
def chromium():
    """One browser for all tests of a module."""
    started = browser.Browser()
    yield started
    started.close()
