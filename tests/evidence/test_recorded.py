"""Evidence that somebody collected."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List

import pytest

from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.manifest import SCHEMA
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.tree import DirectoryTree
from nimdoctor.model.text import Text

ROWS = {row.name: row for row in Catalog()}
KEY = b"-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"
CERT = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def put(directory: Path, **files: Any) -> None:
    for name, content in files.items():
        write(directory, name, content)


def write(directory: Path, name: str, content: Any = b"") -> None:
    place = directory / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


def evidence(directory: Path, **manifest: Any) -> RecordedEvidence:
    if manifest:
        write(directory, "manifest.json", json.dumps({"schema": SCHEMA, **manifest}))
    return RecordedEvidence(str(directory), DirectoryTree(str(directory)))


def texts(found: RecordedEvidence, name: str, **names: str) -> List[Text]:
    return found.texts(ROWS[name], names)


def test_commands_without_a_manifest_are_known_by_their_file_names(tmp_path: Path) -> None:
    write(tmp_path, "commands/lssrc_-a", "inetd")
    write(tmp_path, "commands/ar_-X32_64_-tv_usr_lib_libssl.a", "member")
    write(tmp_path, "commands/nimclient_-l_-l_lpar7", "stanza")
    write(tmp_path, "commands/lsnim_-l.txt", "master")
    write(tmp_path, "commands/mystery", "?")
    found = evidence(tmp_path)
    (text,) = texts(found, "lssrc -a")
    assert (text.source, text.name, text.read(), text.command, text.status) == (
        "lssrc -a", "lssrc -a", "inetd", True, None,
    )  # fmt: skip
    assert texts(found, "ar -X32_64 -tv /usr/lib/libssl.a")[0].name == "ar -X32_64 -tv /usr/lib/libssl.a"
    assert texts(found, "nimclient -l -l {NIM_NAME}")[0].name == "nimclient -l -l lpar7"
    assert texts(found, "lsnim -l")[0].read() == "master"
    assert found.remarks == ["output of commands that are not read: mystery"]
    assert not found.loose and not found.live and found.host is None and found.roles == ()


def test_the_manifest_names_command_and_status(tmp_path: Path) -> None:
    write(tmp_path, "commands/0001", "data")
    found = evidence(
        tmp_path, host="lpar7", role="client", commands={"/usr/sbin/lssrc -a": {"file": "commands/0001", "status": 3}}
    )
    (text,) = texts(found, "lssrc -a")
    assert (text.name, text.status, text.read()) == ("/usr/sbin/lssrc -a", 3, "data")
    assert (found.host, found.roles, found.remarks) == ("lpar7", ("client",), [])


def test_stderr_serves_where_the_output_is_blank_or_missing(tmp_path: Path) -> None:
    write(tmp_path, "commands/emgr_-lv3", "\n")
    said = {"status": 0, "stderr": "There is no efix data on this system.\n"}
    commands: Dict[str, Any] = {
        "emgr -lv3": {"file": "commands/emgr_-lv3", **said},
        "uname -m": {"file": "commands/none", **said},
        "oslevel -s": dict(said),
        "hostname": {"file": "commands/gone"},
    }
    found = evidence(tmp_path, commands=commands)
    for name in ("emgr -lv3", "uname -m", "oslevel -s"):
        (text,) = texts(found, name)
        assert text.read() == said["stderr"] and text.name == name and text.command
    assert texts(found, "hostname") == []
    assert found.problems == {"hostname": "its output commands/gone is not in the evidence"}


def test_an_empty_output_is_a_text(tmp_path: Path) -> None:
    write(tmp_path, "commands/lsitab_nimsh")
    (text,) = texts(evidence(tmp_path), "lsitab nimsh")
    assert text.read() == ""


def test_a_command_that_hung_gives_no_text(tmp_path: Path) -> None:
    write(tmp_path, "commands/lssrc_-a", "half")
    found = evidence(tmp_path, commands={"lssrc -a": {"file": "commands/lssrc_-a", "status": None, "timed_out": True}})
    assert texts(found, "lssrc -a") == []
    assert found.problems == {"lssrc -a": "hung when it was collected"}


def test_the_command_with_these_very_names_comes_first(tmp_path: Path) -> None:
    for name in ("alpha", "lpar7", "zeta"):
        write(tmp_path, f"commands/nimclient_-l_-l_{name}", name)
    found = texts(evidence(tmp_path), "nimclient -l -l {NIM_NAME}", NIM_NAME="lpar7")
    assert [text.read() for text in found] == ["lpar7", "alpha", "zeta"]


def test_a_row_added_by_a_third_party_is_served(tmp_path: Path) -> None:
    write(tmp_path, "commands/mything_-x", "yes")
    (text,) = RecordedEvidence("x", DirectoryTree(str(tmp_path)), Catalog([added()])).texts(added(), {})
    assert text.read() == "yes" and text.name == "mything -x"


def added() -> Row:
    return Row("mything -x", Kind.COMMAND, ("Mine",))


def test_files_are_named_by_their_path_on_the_host(tmp_path: Path) -> None:
    write(tmp_path, "files/etc/inetd.conf", b"a\0b\n")
    found = evidence(tmp_path, paths={"/etc/niminfo": None})
    (text,) = texts(found, "/etc/inetd.conf")
    assert text.source == text.name == "/etc/inetd.conf" and text.read() == "a\0b\n" and not text.command
    assert texts(found, "/etc/niminfo") == []
    assert found.file_absent("/etc/niminfo") is True
    assert found.file_absent("/etc/inetd.conf") is False
    assert found.file_absent("/etc/hosts") is None


def test_no_private_key_is_read(tmp_path: Path) -> None:
    write(tmp_path, "files/ssl_nimsh/certs/client.pem", KEY + CERT)
    write(tmp_path, "files/ssl_nimsh/keys/clientkey.pem", KEY)
    write(tmp_path, "files/ssl_nimsh/configs/SSL_root.cnf", b"bits = 1\n" + KEY)
    found = evidence(tmp_path)
    (text,) = texts(found, "/ssl_nimsh/certs/*")
    assert "SECRET" not in text.read() and "MIIB" in text.read()
    (text,) = texts(found, "/ssl_nimsh/configs/*")
    assert "SECRET" not in text.read() and "bits = 1" in text.read()
    assert found.texts(Row("/ssl_nimsh/keys/*", Kind.FILE, ("X",)), {}) == []


def test_paths_come_from_manifest_and_copies(tmp_path: Path) -> None:
    write(tmp_path, "files/usr/lib/libssl.so.0.9.8", b"12345")
    write(tmp_path, "files/etc/hosts", b"12")
    write(tmp_path, "files/.rhosts", b"1")
    (tmp_path / "files/ssl_nimsh").mkdir()
    found = evidence(
        tmp_path,
        paths={"/etc/hosts": {"mode": "0644", "size": 99}, "/usr/lib/libcrypto.so.0.9.8": None, "/.rhosts": None},
    )
    record = found.paths([])
    assert record.complete == ()
    library, hosts = record.states["/usr/lib/libssl.so.0.9.8"], record.states["/etc/hosts"]
    assert library and (library.kind, library.size, library.mtime) == ("file", 5, None)
    assert hosts and (hosts.mode, hosts.size) == (0o644, 99)
    directory = record.states["/ssl_nimsh"]
    assert directory and directory.kind == "dir"
    assert record.states["/usr/lib/libcrypto.so.0.9.8"] is None
    assert record.states["/.rhosts"] and "/.rhosts is absent by the manifest, but a copy is there" in found.remarks


def test_links_and_fifos_in_the_directory_are_skipped_and_said(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("outside")
    case = tmp_path / "case"
    write(case, "files/etc/inetd.conf", "x")
    (case / "files/etc/hosts").symlink_to(secret)
    (case / "outer").symlink_to(tmp_path)
    (case / "commands").mkdir()
    os.mkfifo(case / "commands/lssrc_-a")
    os.mkfifo(case / "commands/fifo")
    found = evidence(case, commands={"lssrc -a": {"file": "commands/lssrc_-a"}, "ps -ef": {"file": "outer/secret"}})
    assert texts(found, "/etc/hosts") == [] and texts(found, "lssrc -a") == [] and texts(found, "ps -ef") == []
    assert found.problems["lssrc -a"] == "given but cannot be read: not a regular file"
    assert found.problems["ps -ef"] == "given but cannot be read: a symbolic link, which is not followed"
    assert "files/etc/hosts is a symbolic link and was skipped" in found.remarks
    assert "commands/fifo is not a regular file and was skipped" in found.remarks


def test_a_manifest_that_is_a_fifo_is_done_without(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    write(tmp_path, "commands/lssrc_-a", "x")
    found = evidence(tmp_path)
    assert "manifest.json cannot be read, done without: not a regular file" in found.remarks
    assert texts(found, "lssrc -a")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "files/etc/hosts", "x")
    (tmp_path / "files/etc/hosts").chmod(0)
    found = evidence(tmp_path)
    assert texts(found, "/etc/hosts") == []
    assert found.problems == {"/etc/hosts": "given but cannot be read: Permission denied: run as root"}


def test_a_file_that_vanishes_or_is_forbidden_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "files/etc/hosts", "x")
    found = evidence(tmp_path)

    def denied(self: DirectoryTree, name: str) -> Any:
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr(DirectoryTree, "open", denied)
    assert texts(found, "/etc/hosts") == []
    assert found.problems == {"/etc/hosts": "given but cannot be read: Permission denied: run as root"}


def test_the_whole_catalog_raises_nothing_over_rubbish(tmp_path: Path) -> None:
    for name in ("commands/lssrc_-a", "commands/ps", "files/etc/niminfo", "files/ssl_nimsh/certs/x"):
        write(tmp_path, name, os.urandom(3000))
    write(tmp_path, "manifest.json", os.urandom(100))
    found = evidence(tmp_path)
    for row in Catalog():
        for text in found.texts(row, {}):
            text.read()
    assert found.paths(list(Catalog())).states and any("damaged" in remark for remark in found.remarks)
    found.close()


def test_too_many_files_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nimdoctor.evidence import tree

    monkeypatch.setattr(tree, "NAMES", 5)
    for number in range(9):
        write(tmp_path, f"commands/{number}")
    found = DirectoryTree(str(tmp_path))
    assert len(found.names()) + len(found.directories()) == 5
    assert found.remarks == ["more than 5 files; the rest was not looked at"]
