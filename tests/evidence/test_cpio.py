"""cpio archives: read back what was written, and nothing taken from what is damaged or hostile."""

import gzip
import io
import stat
import subprocess
import time
from pathlib import Path
from typing import Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import program

from nimdoctor.evidence import TargetError, open_target
from nimdoctor.evidence.archive import archive_kind, open_archive
from nimdoctor.evidence.archive_tree import ArchiveTree
from nimdoctor.evidence.cpio import begins_cpio, members
from tests.evidence.cpio_archives import FORMS, Entry, make_cpio

LOG = b"Fri Mar 14 10:05:02 2025 Loading certificates..\nFri Mar 14 10:05:04 2025 create BIO\n"
GOOD = [Entry("./etc/niminfo", b"export NIM_NAME=lpar7\n"), Entry("./nimsh.log", LOG)]
NAMES = st.text(st.characters(blacklist_characters="\0/", blacklist_categories=("Cs",)), min_size=1, max_size=12)


def load(path: Path) -> ArchiveTree:
    kind = archive_kind(str(path))
    assert kind
    return open_archive(str(path), kind, path.name)


def contents(tree: ArchiveTree) -> Dict[str, bytes]:
    found = {}
    for name in tree.names():
        with tree.open(name) as stream:
            found[name] = stream.read()
    return found


def refusal(path: Path) -> str:
    began = time.process_time()
    with pytest.raises(TargetError) as caught:
        open_target(str(path))
    assert time.process_time() - began < 5
    assert "\n" not in str(caught.value) and str(caught.value).isascii()
    return str(caught.value)


def refused(tmp_path: Path, raw: bytes) -> str:
    """What is said of the archive, which is the same of it in gzip."""
    (tmp_path / "snap.pax.gz").write_bytes(gzip.compress(raw, 1, mtime=0))
    (tmp_path / "snap.pax").write_bytes(raw)
    said = refusal(tmp_path / "snap.pax")
    assert refusal(tmp_path / "snap.pax.gz").replace(".gz", "") == said
    return said


@given(st.dictionaries(NAMES, st.binary(max_size=60), max_size=6), st.sampled_from(FORMS))
def test_what_is_written_is_read(files: Dict[str, bytes], form: str) -> None:
    raw = make_cpio([Entry(name, content) for name, content in files.items()], form)
    found = list(members(io.BytesIO(raw)))
    assert {one.name: raw[one.content : one.content + one.size] for one in found} == files
    assert begins_cpio(raw[:512])


@given(st.sampled_from(FORMS), st.integers(0, 400), st.binary(min_size=1, max_size=4), st.integers(0, 400))
def test_damage_is_damage_and_nothing_else(form: str, at: int, put: bytes, cut: int) -> None:
    raw = make_cpio(GOOD, form, block=1)
    raw = raw[:at] + put + raw[at + len(put) :]
    try:
        for member in members(io.BytesIO(raw[: len(raw) - cut])):
            assert member.size >= 0 and member.name and "\0" not in member.name
    except (ValueError, EOFError) as error:
        assert "byte" in str(error) or "binary form" in str(error)


@given(st.binary(max_size=200), st.sampled_from([b"", b"070707", b"070701", b"\xc7\x71", b"\x71\xc7"]))
def test_any_bytes_are_a_header_or_not(raw: bytes, magic: bytes) -> None:
    assert begins_cpio(magic + raw) in (True, False)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["case", "snap.pax", "snap.pax.gz", "mail.cpio.gz"])
def test_a_cpio_is_known_by_content(tmp_path: Path, form: str, name: str) -> None:
    raw = make_cpio([Entry("./etc", mode=stat.S_IFDIR | 0o755), *GOOD], form)
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    tree = load(tmp_path / name)
    assert contents(tree) == {"etc/niminfo": GOOD[0].content, "nimsh.log": LOG}
    assert tree.directories() == ["etc"] and tree.remarks == []
    tree.close()


@pytest.mark.parametrize(
    "argv",
    [
        ["pax", "-w", "-x", "cpio"],
        ["pax", "-w", "-x", "ustar"],
        ["pax", "-w", "-x", "sv4cpio"],
        ["cpio", "-o", "--quiet", "-H", "odc"],
        ["cpio", "-o", "--quiet", "-H", "newc"],
        ["cpio", "-o", "--quiet", "-H", "crc"],
    ],
    ids=lambda argv: f"{argv[0]}-{argv[-1]}",
)
def test_what_real_programs_write_is_read(tmp_path: Path, argv: List[str]) -> None:
    program(argv[0])
    for entry in GOOD:
        place = tmp_path / "in" / entry.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(entry.content)
    names = "\n".join(["./etc", *(entry.name for entry in GOOD)])
    # pax would take in what stands below ./etc a second time
    argv = [*argv, "-d"] if argv[0] == "pax" else argv
    ended = subprocess.run(argv, cwd=tmp_path / "in", input=names.encode(), stdout=subprocess.PIPE, check=True)
    (tmp_path / "snap.pax").write_bytes(ended.stdout)
    tree = load(tmp_path / "snap.pax")
    assert contents(tree) == {"etc/niminfo": GOOD[0].content, "nimsh.log": LOG} and not tree.remarks


def test_an_old_binary_archive_is_refused_by_name(tmp_path: Path) -> None:
    head = b"\x71\xc7" + bytes(18) + b"\0\4" + bytes(4) + b"abc\0"
    assert "old binary form of cpio is not read" in refused(tmp_path, head + bytes(600))


def test_an_old_binary_archive_of_the_real_program_too(tmp_path: Path) -> None:
    argv = [program("cpio"), "-o", "-H", "bin"]
    ended = subprocess.run(argv, input=b"/etc/passwd\n", stdout=-1, stderr=-1, check=True)
    assert "old binary form of cpio is not read" in refused(tmp_path, ended.stdout)


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/../x", "C:/x", "a\\b"])
@pytest.mark.parametrize("form", FORMS)
def test_names_that_lead_outside_refuse_it(tmp_path: Path, name: str, form: str) -> None:
    assert "a name that leads outside" in refused(tmp_path, make_cpio([*GOOD, Entry(name, b"x")], form))


def test_a_slash_at_the_beginning_is_dropped_as_pax_does(tmp_path: Path) -> None:
    (tmp_path / "snap.pax").write_bytes(make_cpio([Entry("/etc/niminfo", b"x"), Entry("//a", b"y")]))
    assert contents(load(tmp_path / "snap.pax")) == {"etc/niminfo": b"x", "a": b"y"}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (stat.S_IFLNK, "a link"),
        (stat.S_IFIFO, "a FIFO"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
        (stat.S_IFSOCK, "a socket"),
        (0o070000, "a special member"),
        (0, "a special member"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_plain_file_refuses_it(tmp_path: Path, kind: int, said: str, form: str) -> None:
    found = refused(tmp_path, make_cpio([*GOOD, Entry("etc/x", b"/etc/shadow", mode=kind | 0o644)], form))
    assert f"refused, {said}, only plain files may be inside: etc/x" in found


def test_a_hard_link_without_content_refuses_it_and_one_with_is_a_file(tmp_path: Path) -> None:
    one, other = Entry("a", b"", links=2, inode=77), Entry("b", b"text", links=2, inode=77)
    for order in ([one, other], [other, one]):
        assert "a link, only plain files may be inside: a" in refused(tmp_path, make_cpio(order, "newc"))
    (tmp_path / "snap.pax").write_bytes(make_cpio([other, one._replace(content=b"text")]))
    assert contents(load(tmp_path / "snap.pax")) == {"b": b"text", "a": b"text"}


@pytest.mark.parametrize("form", FORMS)
def test_sizes_are_refused_by_what_they_declare(tmp_path: Path, form: str) -> None:
    big = 0o77777777777 if form == "odc" else 0xFFFFFFFF
    assert "a member of more than 256 MiB: x" in refused(tmp_path, make_cpio([Entry("x", size=big)], form))
    said = refused(tmp_path, make_cpio([Entry("x", name_length=0o777777)], form))
    assert "ends without its trailer" in said
    said = refused(tmp_path, make_cpio([Entry("x" * 1024)], form))
    assert "1,023 characters" in said
    if form != "odc":
        assert "a header of more than" in refused(tmp_path, make_cpio([Entry("x", name_length=2**32 - 1)], form))


def test_members_that_declare_more_than_a_gib_in_all_refuse_it(tmp_path: Path) -> None:
    with (tmp_path / "snap.pax").open("wb") as file:
        for number in range(6):
            file.write(make_cpio([Entry(f"f{number}", size=200 * 1024**2)], trailer=False, block=1))
            file.seek(200 * 1024**2, io.SEEK_CUR)
    assert "more than 1 GiB in all: f5" in refusal(tmp_path / "snap.pax")


def test_too_many_members_refuse_it(tmp_path: Path) -> None:
    one = make_cpio([Entry("x")], trailer=False, block=1)
    assert "more than 20,000 members" in refused(tmp_path, one * 20_001)


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_an_improper_name_is_damage(tmp_path: Path, name: str) -> None:
    assert "has no proper name" in refused(tmp_path, make_cpio([*GOOD, Entry(name, b"x")]))


def test_a_name_without_its_end_is_damage(tmp_path: Path) -> None:
    assert "has no proper name" in refused(tmp_path, make_cpio([Entry("abc", b"", name_length=3)]))


@pytest.mark.parametrize("number", [b"-00001", b"+00001", b" 00001", b"0_0001", b"0x0001", b"00008 "])
def test_a_number_is_of_digits_only(tmp_path: Path, number: bytes) -> None:
    second = make_cpio([Entry("x")], block=1)
    raw = make_cpio(GOOD, trailer=False, block=1) + second[:6] + number + second[12:]
    assert "holds what is no number" in refused(tmp_path, raw)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_one_cut_short_is_damaged(tmp_path: Path, form: str, packed: bool) -> None:
    raw = make_cpio(GOOD, form, block=1)
    place = tmp_path / ("snap.pax.gz" if packed else "snap.pax")
    for keep in (120, 140, 200, 300, len(raw) - 20, len(raw) - 4):
        place.write_bytes(gzip.compress(raw[:keep], 1) if packed else raw[:keep])
        assert "is damaged: it ends" in refusal(place)


def test_a_gzip_cut_short_is_damaged(tmp_path: Path) -> None:
    raw = gzip.compress(make_cpio([*GOOD, Entry("big", bytes(range(256)) * 4000)]))
    (tmp_path / "snap.pax.gz").write_bytes(raw[: len(raw) // 2])
    assert "is damaged" in refusal(tmp_path / "snap.pax.gz")


def test_rubbish_amid_it_is_damage_and_behind_it_is_said(tmp_path: Path) -> None:
    raw = make_cpio(GOOD, trailer=False, block=1)
    assert "is no cpio header" in refused(tmp_path, raw + b"rubbish" * 100)
    (tmp_path / "snap.pax").write_bytes(make_cpio(GOOD) + make_cpio(GOOD))
    tree = load(tmp_path / "snap.pax")
    assert len(tree.names()) == 2
    assert tree.remarks == ["more stands behind the archive's end mark; it was not read"]


def test_a_trailer_alone_or_with_content_is_damage(tmp_path: Path) -> None:
    assert "holds no members" in refused(tmp_path, make_cpio([]))
    trailer = Entry("TRAILER!!!", b"x", mode=0)
    assert "has content" in refused(tmp_path, make_cpio([*GOOD, trailer], trailer=False))


def test_text_that_begins_with_the_magic_number_is_text(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"070707 is the magic number of cpio\n" * 20)
    assert archive_kind(str(tmp_path / "note.txt")) is None
