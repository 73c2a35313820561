"""tar, cpio (plain, of gzip, of compress) and zip archives as trees of files: checked whole before use.

Nothing is unpacked to disk but the content of a .Z file as a whole, into a file without a name. The declared
sizes are looked at before anything is decompressed.
"""

import gzip
import zipfile
import zlib
from typing import Optional

from nimdoctor.evidence import ARCHIVE_NAMES
from nimdoctor.evidence.archive_limits import Breach, shown
from nimdoctor.evidence.archive_tree import DAMAGE, ArchiveTree
from nimdoctor.evidence.cpio import begins_cpio
from nimdoctor.evidence.files import open_regular
from nimdoctor.evidence.source import TargetError
from nimdoctor.evidence.stream_archive import begins_tar, read_stream
from nimdoctor.evidence.uncompressed import NotUncompressed, TooMuch
from nimdoctor.evidence.zip_archive import read_zip


def archive_kind(path: str) -> Optional[str]:
    """`tar`, `tar.gz` or `zip` by the file's first bytes, by its name where these say nothing.

    `cpio`, `cpio.gz` and `Z` (of compress, known by its name) are what pax and snap write. None for what is
    no archive. Raises OSError.
    """
    with open_regular(path) as stream:
        start = stream.read(512)
    name = path.lower()
    promised = name.endswith(ARCHIVE_NAMES)
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as inner:
                inside = inner.read(512)
        except (EOFError, OSError, zlib.error):
            inside = b""
        if begins_cpio(inside):
            return "cpio.gz"
        return "tar.gz" if begins_tar(inside) or promised else None
    if promised and (start.startswith(b"\x1f\x9d") or name.endswith(".z")):
        return "Z"
    if begins_cpio(start):
        return "cpio"
    if begins_tar(start):
        return "tar"
    if not promised:
        return None
    return "zip" if name.endswith(".zip") else "tar.gz" if name.endswith("gz") else "tar"


def open_archive(path: str, kind: str, target: str) -> ArchiveTree:
    """The archive's members. Raises TargetError, one line, for a breach of a limit or damage."""
    try:
        if kind == "zip":
            return read_zip(path)
        return read_stream(path, kind)
    except Breach as breach:
        raise TargetError(f"{target}: refused, {breach}") from None
    except TooMuch:
        raise TargetError(f"{target}: refused, more than 1 GiB in all, as decompressed") from None
    except NotUncompressed as error:
        raise TargetError(f"{target}: {error}") from None
    except PermissionError as error:
        raise TargetError(f"{target}: {error.strerror}") from None
    except (zipfile.BadZipFile, NotImplementedError, *DAMAGE) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error) or type(error).__name__
        todo = ": unpack it and give the directory" if kind == "Z" else ""
        raise TargetError(f"{target}: is damaged: {shown(reason)}{todo}") from None
