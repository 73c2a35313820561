"""Files of compress, through a program of this host that is not trusted either."""

import errno
import io
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator

import pytest
from programs import program

from nimdoctor.evidence import TargetError, open_target, stream_archive, uncompressed
from nimdoctor.evidence.archive import archive_kind, open_archive
from tests.evidence.cpio_archives import Entry, make_cpio

NIMINFO = b"export NIM_NAME=lpar7\n"
SNAP = make_cpio([Entry("etc/niminfo", NIMINFO)], block=1)


def lzw(content: bytes) -> bytes:
    """A .Z of at most 250 bytes: one code of nine bits a byte, before the first code of ten is due.

    >>> lzw(b"ab")
    b'\\x1f\\x9d\\x90a\\xc4\\x00'
    """
    assert len(content) <= 250
    bits = sum(byte << 9 * place for place, byte in enumerate(content))
    return b"\x1f\x9d\x90" + bits.to_bytes((9 * len(content) + 7) // 8, "little")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "snap.pax.Z"
    path.write_bytes(lzw(SNAP))
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in which a program is looked for."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setattr(uncompressed, "PROGRAM_PATH", str(place))
    return place


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("tmp")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


def script(place: Path, text: str) -> None:
    place.write_text("#!/bin/sh\n" + text)
    place.chmod(0o755)


def refusal(path: object) -> str:
    with pytest.raises(TargetError) as caught:
        open_target(str(path))
    assert "\n" not in str(caught.value) and str(caught.value).isascii()
    return str(caught.value)


def test_a_snap_of_compress_is_read(packed: Path) -> None:
    tree = open_archive(str(packed), "Z", "snap")
    with tree.open("etc/niminfo") as stream:
        assert stream.read() == NIMINFO
    tree.close()


@pytest.mark.parametrize("name", ["snap.tar.Z", "SNAP.PAX.z", "x.cpio.Z"])
def test_it_is_known_by_its_name(packed: Path, name: str) -> None:
    assert archive_kind(str(packed.rename(packed.with_name(name)))) == "Z"


def test_a_single_file_of_compress_is_no_archive(packed: Path) -> None:
    assert archive_kind(str(packed.rename(packed.with_name("nimsh.log.Z")))) is None


@pytest.mark.parametrize("name", ["uncompress", "gzip"])
def test_either_program_will_do(packed: Path, programs: Path, name: str) -> None:
    known = program("gzip")
    script(programs / name, f'exec {known} -d "$@"\n')
    assert open_archive(str(packed), "Z", "snap").names() == ["etc/niminfo"]


def test_a_large_one_is_read_as_compress_makes_it(tmp_path: Path) -> None:
    content = b"".join(b"line %06d\n" % number for number in range(200_000))
    raw = make_cpio([Entry("a", content), Entry("etc/niminfo", NIMINFO)])
    ended = subprocess.run([program("compress"), "-c"], input=raw, stdout=subprocess.PIPE, check=True)
    (tmp_path / "a.pax.Z").write_bytes(ended.stdout)
    tree = open_archive(str(tmp_path / "a.pax.Z"), "Z", "snap")
    with tree.open("a") as stream:
        assert stream.read() == content
    tree.close()


def test_a_path_that_looks_like_an_option_is_never_an_argument(
    packed: Path, monkeypatch: pytest.MonkeyPatch, programs: Path
) -> None:
    packed.rename(packed.with_name("-rf.pax.Z"))
    monkeypatch.chdir(packed.parent)
    script(programs / "uncompress", f'echo "$@" >{packed.parent}/arguments\nexec /bin/gzip -d "$@"\n')
    assert open_target("-rf.pax.Z").loose
    assert (packed.parent / "arguments").read_text() == "-c\n"


def test_without_a_program_it_says_what_to_do(packed: Path, programs: Path) -> None:
    assert refusal(packed).endswith(
        "snap.pax.Z: neither uncompress nor gzip is on this host: unpack it elsewhere, give the directory"
    )


def test_a_program_that_hangs_is_ended_with_its_children(
    packed: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uncompressed, "DEADLINE", 0.5)
    script(programs / "uncompress", f"/bin/sleep 600 & echo $! >{packed.parent}/child\n/bin/sleep 600\n")
    began = time.monotonic()
    assert "did not end within 0.5 s" in refusal(packed)
    assert time.monotonic() - began < 10
    child = int((packed.parent / "child").read_text())
    for _ in range(100):
        if not _runs(child):
            return
        time.sleep(0.05)
    raise AssertionError("the child lives on")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_bomb_is_cut_off_at_the_limit(packed: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_archive, "_WHOLE", 1_000_000)
    script(programs / "uncompress", "exec /bin/cat /dev/zero\n")
    assert "refused, more than 1 GiB in all, as decompressed" in refusal(packed)


@pytest.mark.parametrize("text", ["echo 'bad\\033[31m input' >&2; exit 1", "exit 3", "kill -9 $$"])
def test_a_program_that_fails_is_damage_told_in_one_plain_line(packed: Path, programs: Path, text: str) -> None:
    script(programs / "uncompress", text + "\n")
    said = refusal(packed)
    assert "is damaged, or no file of compress" in said and "\x1b" not in said


@pytest.mark.parametrize("raw", [b"", b"\x1f\x9d", b"\x1f\x9d\x90", b"rubbish" * 100, lzw(b"neither tar nor cpio")])
def test_what_only_calls_itself_compressed_is_refused(packed: Path, raw: bytes) -> None:
    packed.write_bytes(raw)
    assert "damaged" in refusal(packed) and "unpack it" in refusal(packed)


def test_a_full_disk_is_told(packed: Path, monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    class Full(io.BytesIO):
        def write(self, *_: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    assert f"no room in {temporary} for what it holds" in refusal(packed)


def test_what_is_unpacked_is_readable_to_its_owner_alone(packed: Path) -> None:
    stream = uncompressed.uncompressed(str(packed), 10_000)
    found = os.fstat(stream.fileno())
    assert found.st_mode & 0o777 == 0o600 and found.st_nlink == 0
    assert stream.read() == SNAP
    stream.close()
