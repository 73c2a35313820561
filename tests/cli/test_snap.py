"""Archives as IBM's snap makes them. These are made by hand: the form of a real one's sections is not public."""

import gzip
import io
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import Dict

import pytest
from programs import program
from scenarios import ON_DISK

from tests.evidence.cpio_archives import Entry, make_cpio

SECTION = """
.....
.....    lsattr -El sys0
.....

keylock       normal     State of system keylock at boot time         False
maxbuf        20         Maximum number of pages in block I/O BUFFER  True
"""


def texts(scenario: str) -> Dict[str, bytes]:
    """What stands in the snap: the client's texts in sections, copies of its files, and what NIM does not know."""
    host = ON_DISK / scenario / "client"
    found = {"general/general.snap": SECTION.encode(), "dump/unix.Z": b"\x1f\x9d\x90" + bytes(range(200))}
    for path in sorted((host / "files").rglob("*")):
        if path.is_file():
            found[f"other/testcase/{path.relative_to(host / 'files').as_posix()}"] = path.read_bytes()
    for path in sorted((host / "commands").iterdir()):
        found[f"tcpip/{path.name}.out"] = path.read_bytes()
    return found


def ustar(files: Dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo("./" + name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return made.getvalue()


def cpio(files: Dict[str, bytes]) -> bytes:
    return make_cpio([Entry("./" + name, content) for name, content in files.items()], block=5120)


def compressed(raw: bytes) -> bytes:
    return subprocess.run([program("compress"), "-c"], input=raw, stdout=subprocess.PIPE, check=True).stdout


def unpacked(place: Path, files: Dict[str, bytes]) -> Path:
    for name, content in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return place


@pytest.mark.parametrize("form", [ustar, cpio])
@pytest.mark.parametrize(("name", "pack"), [("pax", bytes), ("pax.gz", gzip.compress), ("pax.Z", compressed)])
def test_a_snap_says_what_the_loose_files_in_it_say(doctor, tmp_path, form, name, pack):
    files = texts("create-bio-hang")
    loose = doctor("scan", unpacked(tmp_path / "ibmsupt", files), json=True)
    (tmp_path / f"snap.{name}").write_bytes(pack(form(files)))
    found = doctor("scan", tmp_path / f"snap.{name}", json=True)
    assert found.report["results"] == loose.report["results"] and found.status == loose.status == 1
    assert found.result("create-bio-hang")["outcome"] == "fail"
    assert found.result("create-bio-hang")["evidence"][0]["source"] == "other/testcase/var/adm/ras/nimsh.log"


@pytest.mark.parametrize("scenario", ["healthy", "client-uses-rsh", "stale-ssl-libs"])
def test_other_hosts_in_a_snap_too(doctor, tmp_path, scenario):
    files = texts(scenario)
    loose = doctor("scan", unpacked(tmp_path / "ibmsupt", files), json=True)
    (tmp_path / "snap.pax.gz").write_bytes(gzip.compress(cpio(files)))
    found = doctor("scan", tmp_path / "snap.pax.gz", json=True)
    assert found.report["results"] == loose.report["results"] and found.status == loose.status


def test_what_was_not_recognised_is_listed(doctor, tmp_path):
    (tmp_path / "snap.pax.gz").write_bytes(gzip.compress(cpio(texts("create-bio-hang"))))
    said = doctor("scan", tmp_path / "snap.pax.gz")
    assert "general/general.snap: not recognised" in said.out
    assert "dump/unix.Z: not recognised (compress" in said.out


def test_of_many_not_recognised_the_first_are_listed_and_the_rest_counted(doctor, tmp_path):
    files = {f"general/{number:03}.out": SECTION.encode() for number in range(100)}
    files["etc/niminfo"] = b"export NIM_NAME=lpar7\n"
    (tmp_path / "snap.pax").write_bytes(cpio(files))
    out = doctor("scan", tmp_path / "snap.pax").out
    assert out.count(": not recognised") == 20 and "80 more were not recognised" in out


@pytest.mark.parametrize("form", [ustar, cpio])
def test_a_snap_in_which_nothing_is_recognised_says_what_it_holds(doctor, tmp_path, form):
    files = {f"general/{number:02}.snap": SECTION.encode() for number in range(12)}
    (tmp_path / "snap.pax.gz").write_bytes(gzip.compress(form(files)))
    ended = doctor("scan", tmp_path / "snap.pax.gz")
    assert ended.status == 2 and not ended.out
    assert "it holds general/00.snap, general/01.snap, " in ended.err and "general/09.snap and 2 more" in ended.err
    assert len(ended.said) == 1
    ended = doctor("scan", unpacked(tmp_path / "ibmsupt", {"a\x1b[31m.snap": b"x"}))
    assert ended.status == 2 and "\x1b" not in ended.err


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Entry("../../etc/niminfo", b"x"), "leads outside"),
        (Entry("etc/niminfo", b"/etc/shadow", mode=stat.S_IFLNK | 0o777), "link"),
        (Entry("etc/niminfo", mode=stat.S_IFIFO | 0o644), "FIFO"),
        (Entry("etc/niminfo", mode=stat.S_IFCHR | 0o644), "device"),
        (Entry("etc/niminfo", size=0o77777777777), "256 MiB"),
    ],
)
def test_a_hostile_snap_is_refused_whole(doctor, tmp_path, entry, said, pack):
    files = [Entry(name, content) for name, content in texts("create-bio-hang").items()]
    place = tmp_path / ("snap.pax" if pack is bytes else "snap.pax.gz")
    place.write_bytes(pack(make_cpio([*files, entry])))
    ended = doctor("scan", place)
    assert ended.status == 2 and not ended.out and len(ended.said) == 1 and said in ended.err


def test_a_snap_that_is_full_of_zeros_is_not_read_through(doctor, tmp_path):
    with gzip.open(tmp_path / "snap.pax.gz", "wb", 1) as stream:
        stream.write(make_cpio([Entry("x", b"y")], trailer=False, block=1))
        for _ in range(64):
            stream.write(bytes(1024 * 1024))
    ended = doctor("scan", tmp_path / "snap.pax.gz")
    assert ended.status == 2 and "is damaged" in ended.err
