"""Rewriter and gate agree: what the one made the other lets out, and nothing that was planted in it afterwards."""

import json
from typing import Dict

import pytest
from hosts import MemoryTree, collected, niminfo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nimdoctor.redaction import Leak, Redactor

KEY = bytes(range(32))
NETSVC = "/etc/netsvc.conf"
PRIVATE = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSk\n-----END PRIVATE KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSk\n-----END CERTIFICATE-----"
LINE_OF_KEY = "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ1x2y3z4a5b6c"
ORIGINALS = ("lpar7", "nim1", "lpar7.acme.bank", "10.1.1.17", "jane.doe@acme.bank", "password=Secret123", PRIVATE)
"""What is known of the site, and what shows by its shape."""
DIRTY = [
    *ORIGINALS, "LPAR7", "acme", "dns9.acme.bank", "www.elsewhere.com", "test.acme.bank", "root@test.acme.bank", "4711",
    "4711.acme.bank", "nim@4711.example.com", "192.168.77.5", "10.1.1", "7.2.5.203", "bos.rte 7.2.5.203", "level 10.1.1.17",
    "fe80::17", "fa:16:3e:1b:22:01", "00F6A1B24C00", "783D5F7", "A7:" * 19 + "A7", "a" * 64, "pass:x", "ftp://joe:x@lpar7/",
    "snmpwalk -c x", "$6$salt$Secret123456789", CERTIFICATE, LINE_OF_KEY, "-----END CERTIFICATE-----", "host name is master",
    "master", "prod", "m\u00fcller", "M\u00dcLLER", "\u00e9@\u00e9.com", "*REMOVED*", "host-bcdfghjk", "PRIVATE KEY", "removed", "\\n",
]  # fmt: skip
BETWEEN = [" ", "\n", "\r\n", "\t", ".", "-", "_", "@", ":", "/", "=", ",", '"', "'", "\\", "\0", ""]
texts = st.lists(st.sampled_from(DIRTY + BETWEEN + BETWEEN), max_size=12).map("".join) | st.text(max_size=20)


def site(text: str, said: str = "", name: str = "lpar7", **more: object) -> Dict[str, bytes]:
    """The evidence of a client with these texts in every place."""
    hosts = "10.1.1.17 lpar7.acme.bank lpar7\n10.1.1.10 nim1\n10.1.1.11 m\u00fcller 4711\n"
    files = {
        "/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 "'),
        NETSVC: text,
        "/etc/hosts": hosts,
        f"/ssl_nimsh/configs/{name}": text,
    }
    commands = {"emgr -lv3": text, "lslpp -l": text, f"host {name}": text, "openssl version": text}
    stderr = dict.fromkeys(commands, said)
    paths = {f"/ssl_nimsh/{name}": {"kind": "file", "owner": "jdoe", "group": said[:8]}}
    tree = collected(files=files, commands=commands, stderr=stderr, paths=paths, **more)  # type: ignore[arg-type]
    manifest = json.loads(tree["manifest.json"])
    manifest.update(remarks=[said, said + text], not_collected={"/x": said}, also={said: [text, {text: said}]})
    return {**tree, "manifest.json": json.dumps(manifest).encode()}


def made(tree: Dict[str, bytes]) -> "tuple[Dict[str, bytes], Redactor]":
    """What leaves, through the gate."""
    redactor = Redactor(KEY)
    redactor.learn(MemoryTree(tree))
    redacted = redactor.redacted(MemoryTree(tree))
    found = {name: redacted.open(name).read() for name in redacted.names()}
    redactor.check(redacted)
    redactor.check(MemoryTree(found))
    return found, redactor


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=texts, said=texts, name=st.sampled_from(["lpar7", "4711", "x@y.com", "password=x", "10.1.1.17", "a b", "db2"])
)
def test_whatever_was_redacted_passes_the_gate(text: str, said: str, name: str) -> None:
    made(site(text, said, name))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=texts, original=st.sampled_from(ORIGINALS), at=st.integers(0, 400))
def test_an_original_that_is_planted_afterwards_is_refused(text: str, original: str, at: int) -> None:
    found, redactor = made(site(text, text))
    for name in ("files" + NETSVC, "commands/emgr_-lv3", "commands/openssl_version"):
        lines = found[name].split(b"\n")
        planted = b"\n".join([*lines[:at], original.encode(), *lines[at:]])
        with pytest.raises(Leak):
            redactor.check(MemoryTree({**found, name: planted}))
    manifest = json.loads(found["manifest.json"])
    places = (
        {"remarks": [original]},
        {"host": original},
        {"paths": {"/" + original: None}},
        {"deep": [[[[original]]]]},
    )
    said = {line: {**entry, "stderr": original} for line, entry in manifest["commands"].items()}
    for more in (*places, {"commands": said}):
        planted = json.dumps({**manifest, **more}).encode()
        with pytest.raises(Leak):
            redactor.check(MemoryTree({**found, "manifest.json": planted}))


@pytest.mark.parametrize(
    "said",
    [
        "host www.elsewhere.com not found",
        "mail jane@elsewhere.com",
        "first\njane@elsewhere.com",
        "root@test.acme.bank",
        PRIVATE,
        CERTIFICATE,
        LINE_OF_KEY,
        "password=x",
        'he said "pass:x"',
        "l\0p\0a\0r\0007\0",
        "4711 and 4711.acme.bank",
    ],
)
def test_what_a_command_said_leaves_redacted(said: str) -> None:
    found, _ = made(site("x\n", said))
    manifest = json.loads(found["manifest.json"])
    assert len(manifest["commands"]) == 4
    for entry in manifest["commands"].values():
        assert not [
            word for word in ("elsewhere", "jane", "acme", "lpar7", "MIIE", "pass:x") if word in entry["stderr"]
        ]


def test_a_name_with_a_letter_that_json_escapes_is_refused_in_the_manifest() -> None:
    found, redactor = made(site("m\u00fcller\n", "m\u00fcller\n"))
    assert "m\\u00fcller" not in found["manifest.json"].decode()
    planted = json.dumps({**json.loads(found["manifest.json"]), "also": "M\u00dcLLER"}).encode()
    with pytest.raises(Leak):
        redactor.check(MemoryTree({**found, "manifest.json": planted}))


def test_a_manifest_of_which_not_all_is_looked_at_is_refused() -> None:
    found, redactor = made(site("x\n"))
    for planted in (b'{"a": 1, "a": "x"}', b"{", b"\xff"):
        with pytest.raises(Leak):
            redactor.check(MemoryTree({**found, "manifest.json": planted}))


def test_the_name_of_an_empty_directory_is_looked_at() -> None:
    class Directories(MemoryTree):
        def directories(self) -> "list[str]":
            return ["files/export/lpar7"]

    found, redactor = made(site("x\n"))
    with pytest.raises(Leak, match="directory 1"):
        redactor.check(Directories(found))


def test_texts_beside_the_evidence_get_the_same_pseudonyms_and_keep_levels_and_addresses_of_everybody() -> None:
    found, redactor = made(site("lpar7 10.1.1.17\n"))
    name, address = found["files" + NETSVC].decode().split()
    assert (
        redactor.text("lpar7 needs level 7.2.5.204, see www.ibm.com")
        == f"{name} needs level 7.2.5.204, see www.ibm.com"
    )
    assert redactor.value({"lpar7": ["lpar7", 1, None]}) == {"lpar7": [name, 1, None]}
    assert redactor.value({"lpar7": 1}, keys=True) == {name: 1}
    quote = redactor.text("from 10.1.1.17 to 7.2.5.204", "/var/adm/ras/nimsh.log")
    assert address in quote and "7.2.5.204" not in quote
    assert redactor.text("  7.2.5.204", "/usr/bin/lslpp -l") == "  7.2.5.204"
    assert "MIIE" not in redactor.text(f"x\n{PRIVATE}\n") and "Secret" not in redactor.text("password=Secret123")


def test_half_a_pair_of_surrogates_is_no_way_past() -> None:
    _, redactor = made(site("x\n"))
    assert "lpar7" not in redactor.text("\ud800 lpar7 \udcff")


def test_names_that_stay_are_counted_and_stay_in_front_of_their_domain_too() -> None:
    objects = "4711:\n   class = machines\n   type  = standalone\ntest:\n   class = resources\n   type  = spot\nx:\n   class = machines\n"
    tree = collected(
        files={"/etc/niminfo": niminfo(), NETSVC: "4711 4711.acme.bank test\n"},
        commands={"lsnim -l": objects, "host 4711": "4711.acme.bank is 10.1.1.11\n"},
    )
    found, redactor = made(tree)
    alone, with_domain, word = found["files" + NETSVC].decode().split()
    assert (alone, with_domain.split(".")[0], word) == ("4711", "4711", "test") and "acme" not in with_domain
    assert redactor.ledger.record()["stays"] == {"a number": 1, "a word of everybody": 1, "one character": 1}
    redactor.check_documents({"report.txt": b"host 4711 of 4711 hosts"}, frozenset)
    with pytest.raises(Leak):
        redactor.check_documents({"report.txt": b"host lpar7"}, frozenset)
