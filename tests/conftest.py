"""What the whole suite shares: a count of the scenarios that were killed, failed or refused, whoever ran them."""

import collections
from pathlib import Path
from typing import Any

import pytest
from real_certificates import Maker

# --doctest-modules would import each one as a module called conftest
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

COUNTED = pytest.StashKey["collections.Counter[str]"]()


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> "collections.Counter[str]":
    """What is summed up at the end: scenarios by what they are."""
    return _counts(pytestconfig)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Real certificates by what they are: `certificates("md5").der`."""
    return Maker(Path(tmp_path_factory.mktemp("certificates")))


def _counts(config: pytest.Config) -> "collections.Counter[str]":
    return config.stash.setdefault(COUNTED, collections.Counter())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands its count to the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["counted"] = dict(_counts(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended."""
    _counts(node.config).update(getattr(node, "workeroutput", {}).get("counted", {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says how many scenarios ran."""
    counts = _counts(config)
    if counts:
        terminalreporter.section("killed, failed, refused")
        for what, number in sorted(counts.items()):
            terminalreporter.write_line(f"{number:6} {what}")
