"""zip archives: the directory at the end is looked at before it is read, a member is inflated while it is read."""

import io
import stat
import struct
import zipfile
from typing import BinaryIO, Callable

from nimdoctor.evidence.archive_limits import MEMBERS, Breach, Limits, shown
from nimdoctor.evidence.archive_tree import ArchiveTree, MemberStream
from nimdoctor.evidence.files import open_regular

_ZIP_DIRECTORY = 16 * 1024 * 1024


def read_zip(path: str) -> ArchiveTree:
    """The members of a zip. Raises Breach, one of DAMAGE, BadZipFile, NotImplementedError."""
    stream = open_regular(path)
    tree = ArchiveTree(stream)
    try:
        _check_zip_directory(stream)
        _read_zip_members(tree, zipfile.ZipFile(stream))
    except BaseException:
        tree.close()
        raise
    return tree


def _read_zip_members(tree: ArchiveTree, archive: zipfile.ZipFile) -> None:
    limits = Limits()
    for member in archive.infolist():
        # zipfile cuts a name at NUL; the name as it stands in the archive is what is judged
        name = limits.admit(member.orig_filename, member.file_size)
        kind = stat.S_IFMT(member.external_attr >> 16) if member.create_system in (3, 19) else 0
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            special = "link" if kind == stat.S_IFLNK else "special file"
            raise Breach(f"a {special}, only plain files may be inside: {shown(name)}")
        if member.is_dir():
            tree.add_directory(name)
            continue
        if not name:
            raise Breach(f"a file without a name: {shown(member.orig_filename)}")
        if member.flag_bits & 1:
            raise Breach(f"a member is encrypted: {shown(name)}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Breach(f"compression method {member.compress_type} is not read: {shown(name)}")
        tree.add_file(name, member.file_size, _inflated(archive, member))
    if not limits.count:
        raise EOFError("it holds no members")


def _check_zip_directory(stream: BinaryIO) -> None:
    """The directory's size, before zipfile reads it whole."""
    length = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, length - 65_557))
    tail = stream.read()
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) < found + 22:
        raise EOFError("its directory is missing, it may have been cut short")
    count, size = struct.unpack("<HL", tail[found + 10 : found + 16])
    if count > MEMBERS or size > _ZIP_DIRECTORY:
        raise Breach(f"more than {MEMBERS:,} members")
    # a directory of 64 bits, where there is one, is what zipfile reads instead
    if tail[max(0, found - 20) : found].startswith(b"PK\6\7"):
        wide = tail[max(0, found - 76) : found - 20]
        if len(wide) < 56 or not wide.startswith(b"PK\6\6"):
            raise EOFError("its directory of 64 bits is missing")
        count, size = struct.unpack("<QQ", wide[32:48])
        if count > MEMBERS or size > _ZIP_DIRECTORY:
            raise Breach(f"more than {MEMBERS:,} members")


def _inflated(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: io.BufferedReader(MemberStream(archive.open(member), 0, member.file_size, owned=True), 65536)
