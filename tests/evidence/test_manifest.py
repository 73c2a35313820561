"""manifest.json, read as far as it makes sense."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.evidence.manifest import SCHEMA, Manifest, parse_manifest
from nimdoctor.evidence.source import TargetError


def manifest(**content: Any) -> Manifest:
    return parse_manifest(json.dumps({"schema": SCHEMA, **content}).encode(), "case.tar")


def test_a_whole_manifest() -> None:
    found = manifest(
        host="lpar7",
        role="client, master",
        collected="2026-02-03T04:05:06Z",
        commands={"lssrc -a": {"file": "commands/x", "status": 0, "stderr": ""}, "ps -ef": {"timed_out": True}},
        paths={"/a": {"mode": "0640", "owner": "root", "group": "system", "size": 7, "mtime": 9}, "/b": None},
    )
    assert (found.host, found.roles, found.collected) == ("lpar7", ("client", "master"), 1770091506)
    assert found.commands["lssrc -a"].file == "commands/x" and found.commands["ps -ef"].timed_out
    state = found.paths["/a"]
    assert state and (state.mode, state.owner, state.size, state.mtime, state.kind) == (0o640, "root", 7, 9, None)
    assert found.paths["/b"] is None and found.remarks == []


@pytest.mark.parametrize(
    ("role", "roles"),
    [
        ("standalone", ("client",)),
        ("alternate_master", ("client", "master")),
        ("master+client", ("client", "master")),
        (["master"], ("master",)),
        (None, ()),
        ("", ()),
    ],
)
def test_roles(role: Any, roles: Any) -> None:
    found = manifest(role=role)
    assert found.roles == roles and found.remarks == []


def test_another_schema_is_refused_by_name() -> None:
    with pytest.raises(TargetError, match=r"case\.tar: .*'nimdoctor.evidence/2'"):
        manifest(schema="nimdoctor.evidence/2")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe\0", b"null", b"[" * 100_000, b'{"a":' + b"9" * 9999])
def test_a_damaged_manifest_is_said_and_done_without(raw: bytes) -> None:
    found = parse_manifest(raw, "x")
    assert len(found.remarks) == 1 and "done without" in found.remarks[0]
    assert found.commands == {} and found.host is None


def test_no_schema_is_said() -> None:
    assert "names no schema" in parse_manifest(b"{}", "x").remarks[0]


@pytest.mark.parametrize("file", ["/etc/passwd", "../x", "commands/../../x", "C:x", "a\\b", "", 7])
def test_a_file_that_leaves_the_directory_is_refused(file: Any) -> None:
    found = manifest(commands={"lssrc -a": {"file": file, "stderr": "kept"}})
    assert found.commands["lssrc -a"].file is None and found.commands["lssrc -a"].stderr == "kept"
    assert len(found.remarks) == 1


def test_entries_of_the_wrong_type_are_skipped_with_a_remark() -> None:
    found = manifest(
        host=7,
        role={"a": 1},
        collected="yesterday",
        commands={"a": [], "b": {"status": "zero", "stderr": 3, "timed_out": "no"}},
        paths={"relative": None, "/c": 5, "/d": {"mode": "rwx", "kind": "door", "size": "big", "mtime": True}},
    )
    assert found.host is None and found.roles == () and found.collected is None
    assert set(found.commands) == {"b"} and found.commands["b"].status is None
    assert set(found.paths) == {"/d"}
    assert len(found.remarks) == 13


def test_a_thousand_faults_are_counted_not_listed() -> None:
    found = manifest(commands={str(number): 0 for number in range(1000)})
    assert len(found.remarks) == 21 and found.remarks[-1] == "manifest.json: 980 more entries like these"


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES, VALUES)
def test_nothing_but_another_schema_raises(commands: Any, paths: Any, rest: Any) -> None:
    manifest(
        commands={"lssrc -a": commands, "x": {"file": rest, "status": paths}},
        paths={"/a": paths, "/b": {"mode": rest, "size": commands}},
        host=rest,
        role=commands,
        collected=paths,
    )
    manifest(commands=commands, paths=paths)


def test_what_a_collection_adds() -> None:
    found = manifest(
        complete=["/ssl_nimsh/**"],
        files={"/var/adm/ras/nimsh.log": {"first_line": 7, "bytes_left_out": 99}, "/.rhosts": {"lines_left_out": 2}},
        not_collected={"lsnim -l": "no such command on this host"},
        remarks=["not run as root"],
        thorough=False,
        redacted=True,
    )
    assert found.complete == ("/ssl_nimsh/**",) and found.remarks == [] and found.notes == ("not run as root",)
    assert found.files["/var/adm/ras/nimsh.log"].first_line == 7 and found.files["/.rhosts"].lines_left_out == 2
    assert found.not_collected == {"lsnim -l": "no such command on this host"}
    assert (found.thorough, found.redacted) == (False, True)


TOLD = {"subject": "CN=x", "issuer": "CN=y", "serial": "01", "key_type": "RSA", "signature": "s", "is_ca": False}


@pytest.mark.parametrize(
    "wrong",
    [
        1.5, None, "x", {}, [], {"certificates": 1}, {"certificates": None}, {"certificates": [1.5]},
        {"certificates": [None]}, {"certificates": ["unread"]}, {"certificates": [], "damaged": float("inf")},
        {"certificates": [], "damaged_blocks": 7}, {"certificates": [], "command": 7},
        {"certificates": [{**TOLD, "not_before": float("inf"), "not_after": 1}]},
        {"certificates": [{**TOLD, "not_before": float("nan"), "not_after": 1}]},
        {"certificates": [{**TOLD, "not_before": 1, "not_after": 1, "key_bits": float("-inf")}]},
    ],
)  # fmt: skip
def test_what_is_no_entry_of_a_certificate_file_is_counted_and_the_others_are_read(wrong: Any) -> None:
    if isinstance(wrong, dict):
        wrong = {"path": "/ssl_nimsh/certs/x.pem", **wrong}
    good = {"path": "/ssl_nimsh/certs/server.pem", "certificates": [{**TOLD, "not_before": 1, "not_after": 2}]}
    found = manifest(certificates=[wrong, good])
    assert [file.path for file in found.certificates] == ["/ssl_nimsh/certs/server.pem"]
    assert found.remarks == ["manifest.json: certificates: 1 entries that are none"]


@pytest.mark.parametrize(
    "content",
    [
        {"complete": "/x"},
        {"complete": [1]},
        {"remarks": {}},
        {"files": {"/x": 1}},
        {"files": {"/x": {"first_line": 0}}},
        {"files": {"/x": {"bytes_left_out": "9"}}},
        {"files": {"/x": {"lines_left_out": None}}},
        {"not_collected": {"lsnim -l": 1}},
        {"thorough": "yes"},
        {"redacted": 1},
    ],
)
def test_what_makes_no_sense_of_it_is_said_and_done_without(content: Any) -> None:
    found = manifest(**content)
    assert len(found.remarks) == 1
    assert (found.complete, found.notes, found.not_collected) == ((), (), {})
    assert (found.thorough, found.redacted) == (None, None)
    assert all(file.first_line == 1 and not file.remark for file in found.files.values())


def test_what_a_collector_said_is_one_short_line_without_a_key() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG\n-----END PRIVATE KEY-----\n"
    found = manifest(remarks=["one\n\x1b[31mtwo" + "x" * 999, key], not_collected={"ps": key})
    assert found.notes[0].startswith("one \\x1b[31mtwox") and len(found.notes[0]) < 320
    assert "MIIE" not in found.notes[1] + found.not_collected["ps"]
