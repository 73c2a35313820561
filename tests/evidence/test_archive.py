"""Archives out of somebody else's mail."""

import gzip
import io
import os
import struct
import tarfile
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest

from nimdoctor.evidence import TargetError, archive_tree, open_target, stream_archive
from nimdoctor.evidence.archive import archive_kind, open_archive
from nimdoctor.evidence.archive_tree import ArchiveTree
from nimdoctor.evidence.catalog import Catalog

MIB = 1024 * 1024
ROWS = {row.name: row for row in Catalog()}


def info(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = size, kind, link
    return member


def make_tar(path: Path, members: List[Tuple[Any, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for member, content in members:
            found = member if isinstance(member, tarfile.TarInfo) else info(member, len(content))
            tar.addfile(found, io.BytesIO(content))
    return path


def load(path: Path) -> ArchiveTree:
    kind = archive_kind(str(path))
    assert kind
    return open_archive(str(path), kind, path.name)


def refusal(path: Path) -> str:
    began = time.process_time()
    with pytest.raises(TargetError) as caught:
        open_target(str(path))
    assert time.process_time() - began < 5
    assert "\n" not in str(caught.value) and str(caught.value).isascii()
    return str(caught.value)


GOOD: List[Tuple[Any, bytes]] = [("commands/lssrc_-a", b"inetd\n"), ("files/etc/hosts", b"10.1.1.1 m\n")]


def in_tar(path: Path) -> Path:
    return make_tar(path / "case.tar", GOOD)


def in_gzip(path: Path) -> Path:
    return make_tar(path / "case.tgz", GOOD, "w:gz")


def in_zip(path: Path) -> Path:
    with zipfile.ZipFile(path / "case.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in GOOD:
            made.writestr(name, content)
    return path / "case.zip"


@pytest.mark.parametrize("make", [in_tar, in_gzip, in_zip])
def test_evidence_inside_an_archive(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    odd = path.rename(tmp_path / "named-for-nothing")
    found = open_target(str(odd))
    assert not found.loose and found.remarks == []
    assert found.texts(ROWS["lssrc -a"], {})[0].read() == "inetd\n"
    assert found.texts(ROWS["/etc/hosts"], {})[0].source == "/etc/hosts"
    states = found.paths([]).states
    assert states["/etc/hosts"] and states["/etc/hosts"].size == 11 and states["/etc"]
    found.close()


def test_one_leading_folder_is_tolerated(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", [("./case-1/" + name, content) for name, content in GOOD])
    found = open_target(str(path))
    assert found.texts(ROWS["lssrc -a"], {})[0].read() == "inetd\n"


def test_two_evidence_directories_in_one_archive_are_not_guessed_at(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", [("a/commands/lssrc_-a", b""), ("b/commands/lssrc_-a", b"")])
    assert "holds 2 evidence directories" in refusal(path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "C:/x", "a\\b"])
def test_names_that_lead_outside_refuse_the_archive(tmp_path: Path, name: str) -> None:
    said = refusal(make_tar(tmp_path / "a.tar", [*GOOD, (name, b"x")]))
    assert "a name that leads outside" in said
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(name, "x")
    assert "a name that leads outside" in refusal(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a FIFO"),
        (b"Z", "a special member"),
    ],
)
def test_what_is_no_plain_file_refuses_the_archive(tmp_path: Path, kind: bytes, said: str) -> None:
    path = make_tar(tmp_path / "a.tar", [*GOOD, (info("files/etc/x", 0, kind, "hosts"), b"")])
    assert said in refusal(path) and "files/etc/x" in refusal(path)


def test_a_link_in_a_zip_refuses_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        member = zipfile.ZipInfo("commands/x")
        member.create_system, member.external_attr = 3, 0o120777 << 16
        made.writestr(member, "/etc/passwd")
    assert "a link" in refusal(tmp_path / "a.zip")


def test_a_link_in_a_zip_of_a_mac_refuses_it_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        member = zipfile.ZipInfo("commands/x")
        member.create_system, member.external_attr = 19, 0o120777 << 16
        made.writestr(member, "/etc/passwd")
    assert "a link" in refusal(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("count", "size", "said"),
    [
        (20_001, 100, "more than 20,000 members"),
        (2, 2**40, "more than 20,000 members"),
        (None, 0, "64 bits is missing"),
    ],
)
def test_a_directory_of_64_bits_is_looked_at_as_well(tmp_path: Path, count: Any, size: int, said: str) -> None:
    raw = in_zip(tmp_path).read_bytes()
    end = raw.rindex(b"PK\5\6")
    wide = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 0) if count else b""
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    (tmp_path / "a.zip").write_bytes(raw[:end] + wide + locator + raw[end:])
    assert said in refusal(tmp_path / "a.zip")


def test_a_good_directory_of_64_bits_is_read(tmp_path: Path) -> None:
    raw = in_zip(tmp_path).read_bytes()
    end = raw.rindex(b"PK\5\6")
    members, size, start = struct.unpack("<HLL", raw[end + 10 : end + 20])
    wide = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, members, members, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    (tmp_path / "a.zip").write_bytes(raw[:end] + wide + locator + raw[end:])
    assert open_target(str(tmp_path / "a.zip")).texts(ROWS["lssrc -a"], {})[0].read() == "inetd\n"


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_names_that_are_there_twice_are_not_all_told(tmp_path: Path, name: str) -> None:
    members: List[Tuple[Any, bytes]] = [(f"commands/{number}", b"x") for number in range(30)] * 2
    if name.endswith("zip"):
        with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / name, "w") as made:
            for member, content in members:
                made.writestr(member, content)
    else:
        make_tar(tmp_path / name, members)
    assert len(load(tmp_path / name).remarks) == 21


def test_a_member_of_a_zip_that_goes_on_beyond_its_size_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("commands/lssrc_-a", bytes(64 * MIB))
    raw = path.read_bytes()
    central = raw.rindex(b"PK\1\2")
    path.write_bytes(raw[: central + 24] + struct.pack("<L", 1000) + raw[central + 28 :])
    with load(path).open("commands/lssrc_-a") as stream, pytest.raises(OSError, match=r"damaged in the archive"):
        stream.read()


def test_too_many_members(tmp_path: Path) -> None:
    block = info("commands/x").tobuf()
    (tmp_path / "a.tar").write_bytes(block * 20_001 + bytes(1024))
    assert "more than 20,000 members" in refusal(tmp_path / "a.tar")
    (tmp_path / "a.tgz").write_bytes(gzip.compress(block * 20_001 + bytes(1024), 1))
    assert "more than 20,000 members" in refusal(tmp_path / "a.tgz")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for number in range(20_001):
            made.writestr(str(number), b"")
    assert "more than 20,000 members" in refusal(tmp_path / "a.zip")


def test_a_member_that_declares_100_gb_is_refused_unread(tmp_path: Path) -> None:
    header = info("files/var/adm/ras/nimsh.log", 100 * 10**9).tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "a.tar").write_bytes(header + bytes(1024))
    assert "a member of more than 256 MiB: files/var/adm/ras/nimsh.log" in refusal(tmp_path / "a.tar")
    (tmp_path / "a.tgz").write_bytes(gzip.compress(header) + zeros(64))
    assert "a member of more than 256 MiB" in refusal(tmp_path / "a.tgz")


def zeros(mib: int) -> bytes:
    """A gzip stream of that many MiB of zeros."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(MIB)) for _ in range(mib)), packer.flush()])


def test_a_gzip_of_nothing_but_zeros_is_not_read_through(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(zeros(64))
    assert "is damaged: it holds no members" in refusal(tmp_path / "a.tar.gz")


def test_declared_sizes_add_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with path.open("wb") as file:
        for number in range(5):
            file.write(info(f"commands/{number}", 250 * MIB).tobuf())
            file.seek(250 * MIB, os.SEEK_CUR)
        file.write(bytes(1024))
    assert "more than 1 GiB in all: commands/4" in refusal(path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_a_header_that_declares_gigabytes_is_not_loaded(tmp_path: Path, kind: bytes) -> None:
    header = info("x", 8 * 10**9 - 1, kind).tobuf()
    (tmp_path / "a.tgz").write_bytes(gzip.compress(header) + zeros(32))
    assert "a header of more than" in refusal(tmp_path / "a.tgz")


def test_a_chain_of_headers_is_damage_not_a_crash(tmp_path: Path) -> None:
    content = b"11 path=abc\n"[:11]
    header = info("x", len(content), tarfile.XHDTYPE).tobuf() + content.ljust(512, b"\0")
    (tmp_path / "a.tar").write_bytes(header * 3000 + bytes(1024))
    assert "is damaged" in refusal(tmp_path / "a.tar")


def test_sparse_members_are_refused(tmp_path: Path) -> None:
    member = info("files/x", 10)
    member.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.size": str(10**12), "GNU.sparse.map": "0,10"}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member, io.BytesIO(bytes(10)))
    assert "refused" in refusal(tmp_path / "a.tar")


@pytest.mark.parametrize("keep", [100, 700, 1500])
def test_a_tar_cut_short_is_damaged(tmp_path: Path, keep: int) -> None:
    path = in_tar(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    assert "is damaged" in refusal(path)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_gzip_cut_short_is_damaged(tmp_path: Path, part: float) -> None:
    path = make_tar(tmp_path / "a.tgz", [("commands/lssrc_-a", os.urandom(300_000)), *GOOD], "w:gz")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * part)])
    assert "is damaged" in refusal(path)


def test_rubbish_amid_a_tar_is_damage(tmp_path: Path) -> None:
    path = in_tar(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[1024:1536] = os.urandom(512)
    path.write_bytes(bytes(raw))
    assert "is damaged: what stands at byte 1,024 is no header" in refusal(path)


def test_a_tar_without_its_end_mark_is_said(tmp_path: Path) -> None:
    path = in_tar(tmp_path)
    path.write_bytes(path.read_bytes()[:2048])
    tree = load(path)
    assert len(tree.names()) == 2 and tree.remarks == ["the archive has no end mark: it may have been cut short"]


@pytest.mark.parametrize("raw", [b"", b"rubbish" * 500, b"\x1f\x8b\x08", b"PK\3\4", bytes(5000)])
def test_rubbish_with_an_archives_name_is_damaged(tmp_path: Path, raw: bytes) -> None:
    for name in ("a.tar", "a.tar.gz", "a.zip"):
        (tmp_path / name).write_bytes(raw)
        assert "damaged" in refusal(tmp_path / name)


def test_a_zip_cut_short_is_damaged(tmp_path: Path) -> None:
    path = in_zip(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "is damaged" in refusal(path)


def test_a_zip_member_that_lies_is_a_problem_of_that_member(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        made.writestr("commands/lssrc_-a", "CONTENT")
        made.writestr("commands/ps_-ef", "fine")
    path.write_bytes(path.read_bytes().replace(b"CONTENT", b"CHANGED"))
    found = open_target(str(path))
    assert found.texts(ROWS["lssrc -a"], {}) == []
    assert found.problems["lssrc -a"].startswith("given but cannot be read: damaged in the archive")
    assert found.texts(ROWS["ps -ef"], {})[0].read() == "fine"


def test_a_zip_that_declares_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("commands/x", b"x" * 1000)
    raw = path.read_bytes()
    central = raw.rindex(b"PK\1\2")
    path.write_bytes(raw[: central + 24] + struct.pack("<L", 300 * MIB) + raw[central + 28 :])
    assert "a member of more than 256 MiB: commands/x" in refusal(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = in_zip(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(bytes(raw))
    assert "a member is encrypted: commands/lssrc_-a" in refusal(path)


def test_the_last_of_two_members_of_one_name_counts(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", [("commands/lssrc_-a", b"old"), ("commands/lssrc_-a", b"new")])
    found = open_target(str(path))
    assert found.texts(ROWS["lssrc -a"], {})[0].read() == "new"
    assert found.remarks == ["commands/lssrc_-a is in the archive more than once; the last one counts"]


def test_a_large_member_is_streamed_and_can_be_sought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_archive, "MEMORY_MEMBER", 1000)
    content = b"".join(b"line %06d\n" % number for number in range(20_000))
    tree = load(make_tar(tmp_path / "a.tgz", [("files/x", content), ("files/y", b"y" * 5000)], "w:gz"))
    with tree.open("files/x") as one, tree.open("files/y") as other:
        assert one.readline() == b"line 000000\n" and other.read(3) == b"yyy"
        assert one.readline() == b"line 000001\n"
        assert one.seek(-12, os.SEEK_END) == len(content) - 12 and one.read() == b"line 019999\n"
        one.seek(0)
        assert one.read() == content and other.read() == b"y" * 4997
    stream = tree.open("files/x")
    tree.close()
    with pytest.raises(OSError, match=r"damaged|closed"):
        stream.read()


def test_loose_files_in_an_archive_are_named_as_they_stand(tmp_path: Path) -> None:
    tree = load(make_tar(tmp_path / "a.tar", [("mail/nimsh.log", b"x"), ("b.txt", b"")]))
    assert tree.names() == ["mail/nimsh.log", "b.txt"] and tree.directories() == ["mail"]
    with pytest.raises(FileNotFoundError):
        tree.open("none")
    with pytest.raises(FileNotFoundError):
        tree.size("none")


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_byte_anywhere_ends_in_evidence_or_one_line(tmp_path: Path, seed: int) -> None:
    import random

    chance = random.Random(seed)
    for make in (in_tar, in_gzip, in_zip):
        path = make(tmp_path)
        raw = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 4)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        path.write_bytes(bytes(raw))
        try:
            found = open_target(str(path))
            for row in Catalog():
                found.texts(row, {})
        except TargetError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["d/" * 101 + "f", "d" * 1_024, "d/" * 20_000 + "f"])
def test_a_name_too_deep_or_too_long_refuses_the_archive(tmp_path: Path, name: str) -> None:
    said = refusal(make_tar(tmp_path / "a.tar", [(info(name), b"")]))
    assert "1,023 characters or 100 folders" in said
    assert len(said) < 400


def test_folders_that_only_names_imply_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_tree, "MEMBERS", 50)
    assert "more than 50 folders" in refusal(make_tar(tmp_path / "a.tar", [(info("d/" * 60 + "f"), b"")]))
