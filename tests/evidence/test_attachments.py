"""Archives, compressed files and evidence directories among attachments."""

import gzip
import io
import shutil
import zipfile
from pathlib import Path
from typing import List

import pytest
from scenarios import ON_DISK

from nimdoctor.collection.archive import write_archive
from nimdoctor.evidence import TargetError, open_target
from nimdoctor.evidence.attachments import NESTED
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.tree import DirectoryTree

LOG = "Fri Mar 14 10:05:02 2025 Loading certificates..\nFri Mar 14 10:05:04 2025 create BIO\n"
NIMINFO = "export NIM_NAME=sofdb12\nexport NIM_HOSTNAME=sofdb12\nexport NIM_MASTER_HOSTNAME=nimsrv5\n"


def zipped(**files: "str | bytes") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def sources(directory: Path) -> List[str]:
    evidence = open_target(str(directory))
    try:
        return sorted({text.source for row in Catalog() for text in evidence.texts(row, {})})
    finally:
        evidence.close()


def test_what_a_zip_among_attachments_holds_is_among_them(tmp_path: Path) -> None:
    (tmp_path / "Anhang.zip").write_bytes(zipped(log=LOG, niminfo=NIMINFO))
    (tmp_path / "levels.txt").write_text("7200-05-03-2148\n")
    assert sources(tmp_path) == ["Anhang.zip/log", "Anhang.zip/niminfo", "levels.txt"]


def test_archives_in_archives_are_looked_into_to_a_depth(tmp_path: Path) -> None:
    inner = zipped(log=LOG)
    for _ in range(NESTED):
        inner = zipped(more=inner, levels="7200-05-03-2148\n")
    (tmp_path / "case.zip").write_bytes(inner)
    assert sources(tmp_path) == ["case.zip/levels", "case.zip/more/levels"]
    evidence = open_target(str(tmp_path))
    assert any("more/more: not recognised (zip: unpack it first)" in remark for remark in evidence.remarks)


def test_a_log_that_rotation_compressed_is_read_with_true_lines(tmp_path: Path) -> None:
    (tmp_path / "nimsh.log.1.gz").write_bytes(gzip.compress(LOG.replace("2025", "2024").encode()))
    (tmp_path / "nimsh.log").write_text(LOG)
    evidence = open_target(str(tmp_path))
    row = Catalog().file("/var/adm/ras/nimsh.log")
    assert row is not None
    older, newer = evidence.texts(row, {})
    assert (older.source, newer.source) == ("nimsh.log.1", "nimsh.log")
    assert older.quote(2).text == "Fri Mar 14 10:05:04 2024 create BIO"


@pytest.mark.parametrize("content", [b"PK\3\4 and no more", gzip.compress(b"x" * 9000)[:-2000], zipped(log=LOG)[:-30]])
def test_an_archive_that_cannot_be_read_is_named_and_the_others_count(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.zip").write_bytes(content)
    (tmp_path / "nimsh.log").write_text(LOG)
    assert sources(tmp_path) == ["nimsh.log"]
    assert any("broken.zip" in remark for remark in open_target(str(tmp_path)).remarks)


def test_two_collected_archives_of_a_client_and_its_master_are_paired(tmp_path: Path) -> None:
    for end in ("client", "master"):
        write_archive(DirectoryTree(str(ON_DISK / "healthy" / end)), str(tmp_path / f"{end}.tar.gz"), 0)
    (tmp_path / "mail.txt").write_text("Dear support, here they are.\n")
    found = open_target(str(tmp_path))
    assert not found.live and found.paired is not None
    assert (found.roles, found.paired.roles) == (("client",), ("master",))
    assert "beside the evidence of nimdoctor collect, left aside: mail.txt" in found.remarks


def test_evidence_directories_of_two_clients_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(ON_DISK / "healthy" / "client", tmp_path / name)
    with pytest.raises(TargetError, match=r"holds 2 evidence directories \(one, two\).*one by one"):
        open_target(str(tmp_path))


def test_one_evidence_directory_among_attachments_is_the_evidence(tmp_path: Path) -> None:
    shutil.copytree(ON_DISK / "healthy" / "client", tmp_path / "lpar7")
    found = open_target(str(tmp_path))
    assert not found.live and found.paired is None and found.host == "lpar7"
