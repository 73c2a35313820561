"""`nimdoctor collect`: what it refuses, where it writes, what it says."""

import os
import re
import stat
import tarfile
import tempfile
from pathlib import Path
from typing import Callable, Iterator

import pytest

from nimdoctor.lab import Lab
from nimdoctor.redaction.session import RedactionSession

from .conftest import Outcome

Doctor = Callable[..., Outcome]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory; nothing is left in the one for temporary files."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    yield tmp_path / "here"
    assert os.listdir(tmp_path / "temporary") == []


def test_names_are_replaced_unless_it_is_asked_for_otherwise(doctor: Doctor, healthy: Lab, here: Path) -> None:
    ended = doctor("collect", healthy.client_target, "--redact-key", here.parent / "key")
    archive = here / ended.out.strip()
    assert ended.status == 0 and any(line.startswith("nimdoctor: redacted:") for line in ended.said)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            stream = tar.extractfile(member) if member.isfile() else None
            raw = stream.read() if stream else b""
            assert not [word for word in (b"lpar7", b"nim1", b"10.1.1.") if word in raw + member.name.encode()], member
    found, plain = (doctor("scan", target, json=True) for target in (archive, healthy.client_target))
    assert found.outcomes() == plain.outcomes()


def test_raw_when_asked_for_and_said_to_be(doctor: Doctor, healthy: Lab, here: Path) -> None:
    ended = doctor("collect", healthy.client_target, "--no-redact")
    (name,) = os.listdir(here)
    assert ended.status == 0 and ended.out == f"{name}\n"
    assert re.fullmatch(r"lpar7\.nimdoctor\.\d{8}T\d{6}Z\.tar\.gz", name)
    assert stat.S_IMODE(os.stat(here / name).st_mode) == 0o600
    assert "nimdoctor: not collected: ioscli ioslevel: no such command on this host" in ended.said
    assert ended.said[-1].startswith("nimdoctor: not redacted:")
    assert doctor("scan", name).status == 0


def test_where_it_is_told(doctor: Doctor, healthy: Lab, here: Path) -> None:
    ended = doctor("collect", healthy.master_target, "--no-redact", "--output", here / "x.tgz")
    assert ended.status == 0 and ended.out == f"{here}/x.tgz\n" and os.listdir(here) == ["x.tgz"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--output", "x.zip"], "must end in .tar, .tar.gz, .tgz"),
        (["--output", ""], "names no file"),
        (["--output", "directory.tar"], "is a directory"),
        (["--output", "link.tar"], "symbolic link"),
        (["--output", "nowhere/x.tar"], "does not exist"),
        (["--redact-key", "key"], "exclude each other"),
        (["--timeout", "nan"], "no number"),
    ],
)
def test_what_cannot_be(words: "list[str]", said: str, doctor: Doctor, healthy: Lab, here: Path) -> None:
    (here / "directory.tar").mkdir()
    (here / "link.tar").symlink_to(here / "elsewhere")
    ended = doctor("collect", healthy.client_target, "--no-redact", *words)
    assert ended.status == 2 and said in ended.err and not ended.out
    assert sorted(os.listdir(here)) == ["directory.tar", "link.tar"]


@pytest.mark.parametrize("words", [[], ["--script"]])
def test_recorded_evidence_is_not_collected_again(words: "list[str]", doctor: Doctor, hosts: Path, here: Path) -> None:
    assert doctor("collect", hosts / "healthy/client", "--no-redact", *words).status == 2
    assert doctor("collect", "root:/nowhere/at/all", "--no-redact").status == 2
    assert os.listdir(here) == []


def test_what_says_not_that_it_is_redacted_is_not_written(
    doctor: Doctor, healthy: Lab, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RedactionSession, "redacted", lambda self, trees: list(trees))
    monkeypatch.setattr(RedactionSession, "check", lambda self, tree: None)
    ended = doctor("collect", healthy.client_target, "--redact-key", here.parent / "key")
    assert ended.status == 2 and "nothing was written" in ended.err and os.listdir(here) == []


def test_no_room_for_the_archive(doctor: Doctor, healthy: Lab, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ended = doctor("collect", healthy.client_target, "--no-redact", "--output", "x.tar")
    assert ended.status == 2 and "x.tar cannot be written: No space left on device" in ended.err
    assert os.listdir(here) == []


def test_no_room_for_the_evidence(doctor: Doctor, healthy: Lab, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nimdoctor.collection.record import Record

    def full(record: Record, name: str, content: bytes) -> None:
        record.failed = True
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Record, "_write", full)
    ended = doctor("collect", healthy.client_target, "--no-redact")
    assert ended.status == 2 and "No space left on device" in ended.err and os.listdir(here) == []


def test_the_script_is_printed_or_written(doctor: Doctor, here: Path) -> None:
    printed = doctor("collect", "--script")
    assert printed.status == 0 and printed.out.startswith("#!/bin/ksh\n") and "\nROOT=''\n" in printed.out
    assert doctor("collect", "--script", "--output", "collect.ksh").status == 0
    assert (here / "collect.ksh").read_text() == printed.out
    below = doctor("collect", f"root:{here}", "--script", "--timeout", "7")
    assert f"\nROOT={here}\n" in below.out and "\nTIMEOUT=7\n" in below.out
