"""Archives that mean harm, each by its kind, as bytes; and what becomes of one.

Those that need gigabytes, thousands of members or a program of the host stand with the tests of their formats.
"""

import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple
from unittest import mock

from evidence.cpio_archives import Entry, make_cpio
from hosts import FIXTURES, LOG

HANG = (FIXTURES.parent / "logs" / "hang.log").read_bytes()
GOOD = ("host/files" + LOG, HANG)
NIMINFO = ("host/files/etc/niminfo", b"export NIM_NAME=lpar7\nexport NIM_CONFIGURATION=standalone\n")
REFUSED, READ, EITHER = "refused", "read", "either"


class Kind(NamedTuple):
    """`outcome` is whether it is refused whole or read; `says` stands in the refusal, or in a remark or problem."""

    make: Callable[[], bytes]
    outcome: str
    says: str = ""
    suffix: str = "tar"


# -- tar


def tar(*members: Tuple[Any, bytes], format: int = tarfile.USTAR_FORMAT, end: bytes = bytes(1024)) -> bytes:
    """Members by name or header; `end` is what stands in the place of the end mark."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format) as made:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
                member.size = len(content)
            made.addfile(member, io.BytesIO(content))
        length = made.offset
    return raw.getvalue()[:length] + end


def pax(**headers: str) -> bytes:
    """A good member, then one of which the pax header says otherwise."""
    member = tarfile.TarInfo("host/files/etc/niminfo")
    member.size, member.pax_headers = len(NIMINFO[1]), {key.replace("__", "."): value for key, value in headers.items()}
    return tar(GOOD, (member, NIMINFO[1]), format=tarfile.PAX_FORMAT)


def pax_record(record: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A pax header of just these bytes, before a good member."""
    member = tarfile.TarInfo("PaxHeader")
    member.type, member.size = kind, len(record)
    return tar((member, record), GOOD)


def patched(at: int, field: bytes, checksum: bool = True) -> bytes:
    """A tar of one member whose header holds `field` at that place."""
    raw = bytearray(tar(GOOD))
    raw[at : at + len(field)] = field
    if checksum:
        total = sum(raw[:148]) + 8 * 32 + sum(raw[156:512])
        raw[148:156] = b"%06o\0 " % total
    return bytes(raw)


def long_name(name: bytes) -> bytes:
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, len(name)
    return tar((member, name), NIMINFO, GOOD)


def base_256(number: int) -> bytes:
    return (b"\x80" if number >= 0 else b"\xff") + number.to_bytes(11, "big", signed=True)


# -- zip


def made_zip(*members: Tuple[Any, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as made, mock.patch("warnings.warn"):
        for member, content in members:
            made.writestr(member, content)
        made.comment = comment
    return raw.getvalue()


def zip_with(raw: bytes, signature: bytes, offset: int, field: bytes, last: bool = True) -> bytes:
    """A zip with other bytes at that place of its last, or first, header of a kind."""
    at = (raw.rindex if last else raw.index)(signature) + offset
    return raw[:at] + field + raw[at + len(field) :]


CENTRAL, LOCAL, END = b"PK\1\2", b"PK\3\4", b"PK\5\6"


def overlapping() -> bytes:
    """Every entry of the directory names the content of the first member."""
    raw = made_zip(GOOD, *((f"host/files/etc/{number}", b"x") for number in range(20)))
    places = [at for at in range(len(raw)) if raw.startswith(CENTRAL, at)]
    first = raw[places[0] + 16 : places[0] + 28], raw[places[0] + 42 : places[0] + 46]
    changed = bytearray(raw)
    for at in places[1:]:
        changed[at + 16 : at + 28], changed[at + 42 : at + 46] = first
    return bytes(changed)


def entry_of_mode(mode: int) -> bytes:
    member = zipfile.ZipInfo("host/files/etc/niminfo")
    member.create_system, member.external_attr = 3, mode << 16
    return made_zip(GOOD, (member, b"x"))


def two_directories() -> bytes:
    """A comment that holds an end of another archive, whose directory is empty."""
    empty = made_zip()
    return made_zip(GOOD, comment=empty + b"x")


# -- gzip and compress


def twice_packed() -> bytes:
    return gzip.compress(gzip.compress(tar(GOOD)))


def gzip_with_header(flags: int, extra: bytes) -> bytes:
    raw = gzip.compress(tar(GOOD), mtime=0)
    return raw[:3] + bytes([flags]) + raw[4:10] + extra + raw[10:]


def raw_deflate_of_zeros() -> bytes:
    """A tar whose one member holds what it declares, a hundred MiB that take a hundred KiB."""
    member = tarfile.TarInfo("host/files" + LOG)
    member.size = 100 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(member.tobuf(tarfile.GNU_FORMAT))]
    pieces += [packer.compress(bytes(1 << 20)) for _ in range(100)]
    return b"".join([*pieces, packer.compress(bytes(1024)), packer.flush()])


def cpio(*entries: Entry) -> bytes:
    return make_cpio([Entry(GOOD[0], GOOD[1]), *entries])


KINDS: Dict[str, Kind] = {
    # names
    "a pax path that leads outside": Kind(lambda: pax(path="../../etc/passwd"), REFUSED, "leads outside"),
    "an absolute pax path": Kind(lambda: pax(path="/etc/passwd"), REFUSED, "leads outside"),
    "a pax path with a NUL": Kind(lambda: pax(path="host/a\0b"), REFUSED, "leads outside"),
    "a pax path of nothing": Kind(lambda: pax(path=""), EITHER),
    "a global pax path for all": Kind(
        lambda: pax_record(b"22 path=../etc/passwd\n", tarfile.XGLTYPE), REFUSED, "leads outside"
    ),
    "a long name that leads outside": Kind(lambda: long_name(b"../../etc/passwd\0"), REFUSED, "leads outside"),
    "a long name without its end": Kind(lambda: long_name(b"host/files/etc/x" * 3), READ),
    "a name of slashes": Kind(lambda: tar(("//", b""), GOOD), REFUSED, "leads outside"),
    "a name that is a dot": Kind(lambda: tar((".", b"x"), GOOD), REFUSED, "without a name"),
    "a name of no letters": Kind(lambda: patched(0, bytes(100)), REFUSED),
    "a name of a Windows stream": Kind(lambda: tar(("host/files/etc/niminfo:evil", b"x"), GOOD), READ),
    "a name with an escape": Kind(lambda: tar(("host/files/\x1b[2Jx", b"x"), GOOD), READ),
    "a name turned around": Kind(lambda: tar(("host/files/\u202egol.hsmin", b"x"), GOOD), READ),
    "dots and slashes of full width": Kind(lambda: tar(("host/\uff0e\uff0e\uff0fetc\uff0fpasswd", b"x"), GOOD), READ),
    "a name in no encoding": Kind(lambda: patched(0, b"host/files/\xff\xfe\x80"), EITHER),
    "names that differ in case": Kind(lambda: tar(NIMINFO, ("host/files/etc/NIMINFO", b"x"), GOOD), READ),
    "composed and decomposed": Kind(lambda: tar(("host/caf\xe9", b"1"), ("host/cafe\u0301", b"2"), GOOD), READ),
    "a file in the place of a folder": Kind(lambda: tar(("host/files", b"x"), GOOD), READ),
    "a folder in the place of a file": Kind(lambda: tar(GOOD, (GOOD[0] + "/x", b"x")), READ),
    "a name with a NUL in a zip": Kind(
        lambda: made_zip(GOOD, ("host/files/etc/niminfoQx", b"x")).replace(b"niminfoQ", b"niminfo\0"),
        REFUSED, "leads outside", "zip",
    ),
    "a name that is no UTF-8 in a zip": Kind(
        lambda: made_zip(GOOD, ("host/files/etc/\xe9\xe9", b"x")).replace(b"\xc3\xa9\xc3\xa9", b"\xff\xfe\xff\xfe"),
        REFUSED, "damaged", "zip",
    ),
    "a name with a backslash in a zip": Kind(
        lambda: made_zip(GOOD, ("host/files/etcQx", b"x")).replace(b"etcQx", b"etc\\x"), REFUSED, "leads outside", "zip"
    ),
    # sizes and headers that lie
    "a negative size": Kind(lambda: patched(124, base_256(-1)), REFUSED),
    "a size of 2 to the 80": Kind(lambda: patched(124, base_256(2**80)), REFUSED, "256 MiB"),
    "a size that is no number": Kind(lambda: patched(124, b"99999999999\0"), REFUSED, "damaged"),
    "a time that is no number": Kind(lambda: patched(136, b"zzzzzzzzzzz\0"), REFUSED, "damaged"),
    "a mode that is no number": Kind(lambda: patched(100, b"rwxrwxr\0"), REFUSED, "damaged"),
    "a checksum that is wrong": Kind(lambda: patched(148, b"000000\0 ", checksum=False), REFUSED, "damaged"),
    "no magic of tar": Kind(lambda: patched(257, bytes(8)), READ),
    "a pax size beyond all": Kind(lambda: pax(size=str(10**30)), REFUSED, "256 MiB"),
    "a negative pax size": Kind(lambda: pax(size="-1"), REFUSED),
    "a pax size that is no number": Kind(lambda: pax(size="x"), EITHER),
    "a pax size of 5000 digits": Kind(lambda: pax(size="9" * 5000), REFUSED),
    "a pax time that is no number": Kind(lambda: pax(mtime="nan"), EITHER),
    "a pax time beyond all": Kind(lambda: pax(mtime="1e999"), EITHER),
    "a pax record longer than it is": Kind(lambda: pax_record(b"99999 path=x\n"), EITHER),
    "a pax record of length nought": Kind(lambda: pax_record(b"0 path=x\n"), REFUSED, "damaged"),
    "a pax record of a length of 5000 digits": Kind(lambda: pax_record(b"9" * 5000 + b" path=x\n"), REFUSED),
    "a pax record without an equals sign": Kind(lambda: pax_record(b"8 path\n\n"), EITHER),
    "a pax charset that is none": Kind(lambda: pax(hdrcharset="UTF-7", path="host/+AC4ALg-/x"), EITHER),
    "sparse by a pax header": Kind(lambda: pax(GNU__sparse__major="1", GNU__sparse__minor="0"), REFUSED),
    "a pax link": Kind(lambda: pax(linkpath="/etc/passwd"), READ),
    # what stands around
    "a second archive behind the end mark": Kind(lambda: tar(GOOD) + tar(NIMINFO), READ),
    "rubbish behind the end mark": Kind(lambda: tar(GOOD) + b"rubbish" * 500, READ),
    "one block of an end mark": Kind(lambda: tar(GOOD, end=bytes(512)), READ),
    "an archive within an archive": Kind(lambda: tar(("inner.tar", tar(GOOD))), EITHER),
    "a zip within a zip within a zip": Kind(
        lambda: made_zip(("a.zip", made_zip(("b.zip", made_zip(GOOD))))), READ, suffix="zip"
    ),
    "a zip one deeper than is looked into": Kind(
        lambda: made_zip(("a.zip", made_zip(("b.zip", made_zip(("c.zip", made_zip(GOOD))))))),
        REFUSED,
        "zip: unpack it first",
        "zip",
    ),
    "gzip within gzip": Kind(twice_packed, REFUSED, suffix="tar.gz"),
    "two gzips one behind another": Kind(
        lambda: gzip.compress(tar(NIMINFO, end=b"")) + gzip.compress(tar(GOOD)), READ, suffix="tar.gz"
    ),
    "rubbish behind a gzip": Kind(lambda: gzip.compress(tar(GOOD)) + b"rubbish" * 500, READ, suffix="tar.gz"),
    "a gzip whose sum is wrong": Kind(lambda: gzip.compress(tar(GOOD))[:-8] + bytes(8), READ, suffix="tar.gz"),
    "a gzip whose length is wrong": Kind(lambda: gzip.compress(tar(GOOD))[:-4] + b"\xff" * 4, READ, suffix="tar.gz"),
    "a gzip with a name of 1 MiB": Kind(lambda: gzip_with_header(8, b"x" * (1 << 20) + b"\0"), READ, suffix="tar.gz"),
    "a gzip with an extra field that lies": Kind(
        lambda: gzip_with_header(4, b"\xff\xff"), REFUSED, "damaged", suffix="tar.gz"
    ),
    "a gzip of another method": Kind(lambda: b"\x1f\x8b\x09" + bytes(100), REFUSED, "damaged", suffix="tar.gz"),
    "a hundred MiB in a hundred KiB": Kind(raw_deflate_of_zeros, READ, suffix="tar.gz"),
    # zip
    "a zip whose members overlap": Kind(overlapping, EITHER, suffix="zip"),
    "a zip member by two names": Kind(
        lambda: zip_with(made_zip(GOOD, NIMINFO), LOCAL, 30, b"HOST"), READ, "damaged in the archive", "zip"
    ),
    "a zip whose member is nowhere": Kind(
        lambda: zip_with(made_zip(GOOD, NIMINFO), CENTRAL, 42, b"\xff\xff\xff\x7f"), EITHER, suffix="zip"
    ),
    "a zip whose directory is elsewhere": Kind(
        lambda: zip_with(made_zip(GOOD), END, 16, b"\xff\xff\xff\x7f"), EITHER, "cannot be read", "zip"
    ),
    "a zip of two directories": Kind(two_directories, EITHER, suffix="zip"),
    "a zip of several volumes": Kind(lambda: zip_with(made_zip(GOOD), END, 4, b"\x01\0\x01\0"), EITHER, suffix="zip"),
    "a zip behind a program": Kind(lambda: b"MZ" + bytes(1000) + made_zip(GOOD), READ, suffix="zip"),
    "rubbish behind a zip": Kind(lambda: made_zip(GOOD) + b"rubbish" * 100, READ, suffix="zip"),
    "a zip of bzip2": Kind(lambda: made_zip(GOOD, method=zipfile.ZIP_BZIP2), REFUSED, "method 12", "zip"),
    "a zip of LZMA": Kind(lambda: made_zip(GOOD, method=zipfile.ZIP_LZMA), REFUSED, "method 14", "zip"),
    "a zip of a method that is none": Kind(
        lambda: zip_with(made_zip(GOOD), CENTRAL, 10, b"\x63\0"), REFUSED, "method 99", "zip"
    ),
    "a device in a zip": Kind(lambda: entry_of_mode(stat.S_IFCHR | 0o600), REFUSED, "a special file", "zip"),
    "a FIFO in a zip": Kind(lambda: entry_of_mode(stat.S_IFIFO | 0o600), REFUSED, "a special file", "zip"),
    "a zip that inflates to rubbish": Kind(
        lambda: zip_with(made_zip(GOOD), LOCAL, 30 + len(GOOD[0]), b"\xff" * 20), EITHER, suffix="zip"
    ),
    "a zip that needs version 255": Kind(lambda: zip_with(made_zip(GOOD), CENTRAL, 6, b"\xff\0"), REFUSED, "", "zip"),
    "a zip of nothing": Kind(made_zip, REFUSED, "holds no members", "zip"),
    # cpio
    "a cpio name that leads outside": Kind(lambda: cpio(Entry("../x", b"x")), REFUSED, "leads outside", "cpio"),
    "a cpio link": Kind(lambda: cpio(Entry("x", b"/etc/passwd", stat.S_IFLNK | 0o777)), REFUSED, "a link", "cpio"),
    "a cpio socket": Kind(lambda: cpio(Entry("x", b"", stat.S_IFSOCK | 0o777)), REFUSED, "a socket", "cpio"),
    "a cpio size that lies": Kind(lambda: cpio(Entry("x", b"x", size=2**32)), REFUSED, "256 MiB", "cpio"),
    "a cpio name longer than it is": Kind(lambda: cpio(Entry("x", b"x", name_length=2**17)), REFUSED, "", "cpio"),
}  # fmt: skip
"""Each kind of archive by what is wrong with it."""


def samples() -> List[bytes]:
    """Those that are small, to make others of."""
    made: List[Optional[bytes]] = [kind.make() for kind in KINDS.values()]
    return [raw for raw in made if raw and len(raw) <= 16 * 1024]
