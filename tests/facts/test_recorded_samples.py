"""Every line of output recorded on real machines is understood; the recordings live outside."""

from pathlib import Path

import pytest

from nimdoctor.facts.df import FileSystems
from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.facts.lslpp import Filesets
from nimdoctor.model.text import Text

SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples in ../shared/samples")


def recorded(prefix):
    return sorted(path for path in SAMPLES.glob(prefix + "*") if path.is_file())


def data_lines(path):
    return [line for line in path.read_bytes().splitlines() if line.strip() and not line.startswith(b"#")]


def test_every_row_of_lslpp_is_a_fileset():
    assert len(recorded("lslpp_-lc")) == 3
    for path in recorded("lslpp_-lc"):
        lpp = Filesets.parse(Text.of(path.read_bytes(), path.name, name="lslpp -lc"))
        assert len(lpp.rows) == len(data_lines(path)), path.name
        assert lpp.complete
        assert lpp.installed("openssl.base") is True
        assert lpp.installed("no.such.fileset") is False
        assert not any(row.broken or row.efix_locked or row.is_rpm for row in lpp.rows)
        assert {row.root for row in lpp.rows} >= {"/usr/lib/objrepos", "/etc/objrepos"}
        loose = Filesets.parse(Text.of(path.read_bytes(), path.name))
        assert loose.complete


def test_every_interim_fix_is_found():
    found = {path.name: InterimFixes.parse(Text.of(path.read_bytes(), path.name)) for path in recorded("emgr_-l")}
    assert [len(fixes.fixes) for _, fixes in sorted(found.items())] == [4, 3, 1, 0]
    assert [fixes.none for _, fixes in sorted(found.items())] == [False, False, False, True]
    assert all(len(fix.apars) >= 1 for fixes in found.values() for fix in fixes.fixes)
    assert [fix.number for fix in found["emgr_-l.1"].unstable()] == [3]


def test_every_file_system_is_listed():
    assert len(recorded("df.")) == 3
    for path in recorded("df."):
        systems = FileSystems.parse(Text.of(path.read_bytes(), path.name, name="df"))
        assert len(systems.rows) == len(data_lines(path)) - 1, path.name
        assert systems.for_path("/usr/lib/libssl.a").mount == "/usr"
        assert systems.for_path("/proc").free_kib is None
        assert all(row.free_kib is not None for row in systems.rows if row.device.startswith("/dev/"))
