"""A host's file system in a directory."""

import pytest
from host_trees import OLD

from nimdoctor.system.host_files import HostFiles


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/inetd.conf").write_bytes(OLD)
    return tmp_path


@pytest.fixture
def files(root):
    return HostFiles(str(root))
