"""Sets of keys and certificates of a master, whole."""

from pathlib import Path

import pytest
from rehearsal_masters import Master, chain_of

from nimdoctor.lab.certificates import Chain


@pytest.fixture(scope="module")
def chain() -> Chain:
    return chain_of()


@pytest.fixture(scope="module")
def other() -> Chain:
    """Another making, of the same names."""
    return chain_of()


@pytest.fixture
def master(tmp_path: Path, chain: Chain) -> Master:
    return Master(tmp_path, chain)
