"""The programs beside Python that tests call, of which a machine may have none.

What is not there makes its tests skipped, for one reason in one form, by which `tests/run.py` counts them. Where CI is
set everything is to be tried, and the same makes them fail.
"""

import os
import shutil
from typing import NoReturn, Optional

import pytest


def installed(name: str) -> Optional[str]:
    """Where that program is, also where only root's PATH looks; None where it is not."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def program(*names: str) -> str:
    """Where the program is, or the first of those that do the same; without it the test is not tried."""
    return next(filter(None, map(installed, names)), None) or absent(names[0])


def absent(name: str) -> NoReturn:
    """Skips the test for want of that, or fails it where CI is set."""
    reason = f"{name} is not installed"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI is set: nothing is left out there")
    pytest.skip(reason)
