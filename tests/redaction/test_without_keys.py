"""What leaves with its names leaves without private keys, and is scanned to the same findings."""

import json
from typing import Dict

from hosts import MemoryTree, collected, scan_hosts
from scenarios import scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.redaction.without_keys import KeylessTree

KEY = b"-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ\n-----END PRIVATE KEY-----\n"
SERVER = "files/ssl_nimsh/keys/serverkey.pem"


def left(tree: MemoryTree) -> Dict[str, bytes]:
    """The files that leave."""
    keyless = KeylessTree(tree)
    found = {}
    for name in keyless.names():
        found[name] = keyless.open(name).read()
        assert keyless.size(name) == len(found[name])
    return found


def test_a_key_stays_behind_and_that_it_is_there_is_told() -> None:
    for by_hand in (False, True):
        tree = MemoryTree({**scenario("healthy")["master"].files, SERVER: KEY})
        if by_hand:
            del tree.files["manifest.json"]
        found = left(tree)
        assert SERVER not in found and not any(b"MIIEvg" in raw for raw in found.values())
        assert "/ssl_nimsh/keys/serverkey.pem" in json.loads(found["manifest.json"])["paths"]
        before, after = (scan_hosts(RecordedEvidence("m", one)) for one in (tree, MemoryTree(found)))
        assert after.results == before.results


def test_a_key_pasted_anywhere_goes_and_lines_keep_their_numbers() -> None:
    files = {"/etc/services": KEY + b"nimsh 3901/tcp\n", "/ssl_nimsh/certs/client.pem": KEY + b"# text\n"}
    tree = MemoryTree(
        collected(files=files, commands={"audit query": b""}, stderr={"audit query": KEY.decode() + "no audit"})
    )
    found = left(tree)
    assert not any(b"MIIEvg" in raw for raw in found.values())
    assert found["files/etc/services"].splitlines()[3] == b"nimsh 3901/tcp"
    assert json.loads(found["manifest.json"])["commands"]["audit query"]["stderr"].endswith("no audit\n")


def test_what_holds_no_key_leaves_as_it_is() -> None:
    tree = scenario("create-bio-hang")["client"]
    assert {name: raw for name, raw in left(tree).items() if "certs" not in name} == {
        name: raw for name, raw in tree.files.items() if "certs" not in name
    }


def test_a_damaged_manifest_is_no_way_out_for_a_key() -> None:
    assert (
        b"MIIEvg" not in left(MemoryTree({"manifest.json": b"{\n" + KEY, "commands/lssrc_-a": b"x\n"}))["manifest.json"]
    )


def test_half_a_letter_in_a_manifest_ends_nothing_and_covers_no_key() -> None:
    manifest = {
        "schema": "nimdoctor.evidence/1",
        "host": "lpar\ud800",
        "commands": {"x \udfff": {"stderr": KEY.decode()}},
    }
    found = left(MemoryTree({"manifest.json": json.dumps(manifest).encode()}))
    assert b"MIIEvg" not in found["manifest.json"]
    said = json.loads(found["manifest.json"])
    assert said["host"] == "lpar\ufffd" and list(said["commands"]) == ["x \ufffd"]
