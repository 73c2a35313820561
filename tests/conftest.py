"""What the whole suite shares: a count of the scenarios that were killed, failed or refused, whoever ran them."""

import collections
import os
import shutil
import signal
import tempfile
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest
from effort import FEWER, examples
from hypothesis import settings
from left_behind import answer_signals
from marks import of_result
from programs import absent
from real_certificates import Maker, maker
from remembered import remember
from scratch import SCRATCH, memory

from nimdoctor.diagnosis.engine import Engine, Result
from nimdoctor.lab import Lab, LabCannotBeBuilt, trees
from nimdoctor.model import Finding

# --doctest-modules would import each one as a module called conftest
collect_ignore_glob = ["conftest.py", "*/conftest.py"]

# how long an example takes says more of what else the machine does
settings.register_profile("suite", max_examples=examples(100), derandomize=FEWER, deadline=None)
settings.load_profile("suite")
COUNTED = pytest.StashKey["collections.Counter[str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """What tests write goes into memory where that can be; workers of pytest-xdist share the place."""
    if SCRATCH in os.environ:
        return
    place = memory()
    if place:
        os.environ.update({SCRATCH: place, "TMPDIR": place})
        tempfile.tempdir = place
        config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Signals end what tests start; the suite itself removes what it made before it ends by one."""

    def stop(number: int, frame: Any) -> None:
        # a command line under test takes the interruption for its own
        session.shouldstop = f"signal {number}"
        raise KeyboardInterrupt

    answer_signals()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> "collections.Counter[str]":
    """What is summed up at the end: scenarios by what they are."""
    return _counts(pytestconfig)


@pytest.fixture(scope="session", autouse=True)
def _asked_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The same files are rehearsed once, and a lab's commands read them once.

    Tests of the rehearsal itself call it by the name they imported, tests of the lab run its commands.
    """
    forget = remember(str(tmp_path_factory.mktemp("remembered")))
    yield
    forget()


@pytest.fixture(scope="session", autouse=True)
def _causes_and_cures_are_read() -> Iterator[None]:
    """Whatever finding a test brings about, its cause and its cure are no surer than what they rest on."""
    made = Engine._failed

    def read(engine: Engine, run: Any, finding: Finding) -> Result:
        result = made(engine, run, finding)
        # tests make checks of their own by these ids too
        wrong = of_result(result) if run.check.function.__module__.startswith("nimdoctor.checks.") else ""
        assert not wrong, wrong
        return result

    Engine._failed = read  # type: ignore[method-assign]
    yield
    Engine._failed = made  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _without_waiting_for_the_disk() -> Iterator[None]:
    """Only a failure of the power loses what was written and not synchronised; no test stages one."""
    synchronise = os.fsync
    os.fsync = lambda descriptor: None
    yield
    os.fsync = synchronise


@pytest.fixture(scope="session", autouse=True)
def _no_lab_without_openssl() -> Iterator[None]:
    """Where there is none, the tests that build a lab are among those that are not tried."""
    held = trees.real_openssl
    try:
        held()
    except LabCannotBeBuilt:
        trees.real_openssl = lambda: absent("openssl")
    yield
    trees.real_openssl = held


@pytest.fixture(scope="session")
def certificates() -> Maker:
    """Real certificates by what they are: `certificates("md5").der`."""
    return maker()


@pytest.fixture(scope="session")
def originals() -> Iterator[Callable[..., Lab]]:
    """Labs by scenario and names of clients, each built once; not to be changed."""
    built: Dict[Tuple[str, ...], Lab] = {}

    def get(scenario: str, *clients: str) -> Lab:
        key = scenario, *clients
        if key not in built:
            built[key] = Lab.build(scenario, **({"clients": clients} if clients else {}))
        return built[key]

    yield get
    for lab in built.values():
        lab.close()


@pytest.fixture
def lab_of(originals: Callable[..., Lab]) -> Iterator[Callable[..., Lab]]:
    """A lab of a scenario that the test may change; no daemons."""
    copies: List[Lab] = []

    def get(scenario: str, *clients: str) -> Lab:
        copies.append(originals(scenario, *clients).copy())
        return copies[-1]

    yield get
    for lab in copies:
        lab.close()


@pytest.fixture
def healthy(lab_of: Callable[..., Lab]) -> Lab:
    """A lab where nothing is the matter, to be changed by the test."""
    return lab_of("healthy")


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
