"""The rehearsal, with sets of keys and certificates made by the real openssl, whole and broken."""

import os
import re
import sys
import time
from pathlib import Path
from typing import Callable, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal_masters import DAY, SUBJECT, Master, chain_of, openssl

from nimdoctor.evidence.rehearsal.pem import blocks
from nimdoctor.lab.certificates import KINDS, Chain

# -- what fits


def test_a_set_of_one_making_fits_and_names_what_each_side_loaded(master: Master) -> None:
    nimsh, own = master.fits()
    assert (nimsh[0], nimsh[1], nimsh[3]) == ("nimsh", "/ssl_nimsh/certs/server.pem", "/ssl_nimsh/certs/server.pem")
    assert (own[0], own[1], own[3]) == ("master", "/ssl_nimsh/certs/client.pem", "/ssl_nimsh/keys/clientkey.pem")
    shown = openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", master.path("certs/client.pem")).decode()
    assert own[2] == shown.strip().split("=")[1]


def test_keys_are_paired_by_what_they_are_and_not_by_their_names(master: Master, chain: Chain) -> None:
    master.put("keys/clientkey.pem", chain.keys["root"])
    master.put("keys/rootkey.pem", chain.keys["client"])
    assert master.fits()[1][3] == "/ssl_nimsh/keys/rootkey.pem"


def test_the_travelling_certificate_may_have_its_key_below_keys(master: Master, chain: Chain) -> None:
    master.put("certs/server.pem", chain.certificates["server"])
    assert master.fits()[0][3] == "/ssl_nimsh/keys/serverkey.pem"


def test_names_that_nobody_knows_are_told_apart_by_what_they_hold(master: Master, chain: Chain) -> None:
    for name, new in (
        ("certs/server.pem", "certs/a.pem"),
        ("certs/client.pem", "certs/b.pem"),
        ("certs/root.pem", "certs/z"),
    ):
        master.path(name).rename(master.path(new))
    assert [side[1] for side in master.fits()] == ["/ssl_nimsh/certs/a.pem", "/ssl_nimsh/certs/b.pem"]


def test_one_self_signed_certificate_for_everything_fits(master: Master, tmp_path: Path) -> None:
    for kind in KINDS:
        master.path(f"certs/{kind}.pem").unlink()
        master.path(f"keys/{kind}key.pem").unlink()
    (tmp_path / "req.cnf").write_text(SUBJECT.format("self"))
    openssl(
        "req", "-x509", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", 9, "-config",
        tmp_path / "req.cnf", "-keyout", master.path("keys/key.pem"), "-out", master.path("certs/cert.pem"),
    )  # fmt: skip
    assert {side[1] for side in master.fits()} == {"/ssl_nimsh/certs/cert.pem"}


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_signatures_that_todays_openssl_refuses_fit(tmp_path: Path, digest: str) -> None:
    # there is no such thing as ECDSA with MD5
    Master(tmp_path, chain_of(key="rsa", digest=digest)).fits()


def test_rsa_keys_of_1024_bits_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules["nimdoctor.lab.certificates"].NEW_KEY, "small", ("rsa:1024",))
    Master(tmp_path, chain_of(key="small", digest="md5")).fits()


def test_a_key_that_others_can_read_is_another_checks_matter(master: Master) -> None:
    master.path("keys/clientkey.pem").chmod(0o644)
    master.fits()


@pytest.mark.parametrize("form", ["traditional", "pkcs8"])
def test_either_form_of_a_key_in_a_pem_file_is_read(master: Master, chain: Chain, form: str) -> None:
    words = ["pkey", "-traditional"] if form == "traditional" else ["pkcs8", "-topk8", "-nocrypt"]
    master.put("keys/clientkey.pem", openssl(*words, stdin=chain.keys["client"]))
    master.fits()


def test_left_over_files_of_an_earlier_making_do_not_matter(master: Master, other: Chain) -> None:
    master.put("certs/server.pem.old", other.server)
    master.put("certs/a_root.pem", other.certificates["root"])
    master.put("certs/empty.pem", b"")
    master.put("keys/clientkey.old", other.keys["client"])
    master.put("keys/notes", b"the passphrase is on the other host\n")
    os.mkdir(master.path("keys/more"))
    os.mkfifo(master.path("keys/pipe"))
    master.fits()


# -- what does not


def test_the_key_of_another_certificate(master: Master, other: Chain) -> None:
    master.put("keys/clientkey.pem", other.keys["client"])
    found = master.fails()
    assert (found["step"], found["reason"]) == ("key matches certificate", "key values mismatch")
    assert (found["path"], found["side"]) == ("/ssl_nimsh/certs/client.pem", "master")
    assert re.fullmatch("error:[0-9A-F]{8}", found["code"])
    assert "key values mismatch" in openssl("errstr", found["code"].split(":")[1]).decode()


def test_a_travelling_file_with_the_key_of_another_certificate(master: Master, chain: Chain, other: Chain) -> None:
    # on the master serverkey.pem would fit; no client gets that
    master.put("certs/server.pem", chain.certificates["server"] + other.keys["server"] + chain.certificates["root"])
    found = master.fails()
    assert (found["step"], found["path"], found["side"]) == (
        "key matches certificate",
        "/ssl_nimsh/certs/server.pem",
        "nimsh",
    )


def test_a_key_of_another_kind(master: Master) -> None:
    master.put("keys/clientkey.pem", openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"))
    for name in ("rootkey.pem", "serverkey.pem"):
        master.path(f"keys/{name}").unlink()
    found = master.fails()
    assert found["step"] == "key matches certificate" and found["path"] == "/ssl_nimsh/certs/client.pem"


@pytest.mark.parametrize(
    ("since", "until", "number", "reason"),
    [
        (-9 * DAY, -DAY, 10, "certificate has expired"),
        (DAY, 9 * DAY, 9, "certificate is not yet valid"),
    ],
)
def test_dates_that_do_not_hold(tmp_path: Path, since: int, until: int, number: int, reason: str) -> None:
    found = Master(tmp_path, chain_of(since, until)).fails()
    assert found["step"] == "chain" and found["reason"].startswith(reason)
    assert found["code"].startswith(f"verify error {number} at depth ")


def test_no_root_anywhere(master: Master, chain: Chain) -> None:
    master.path("certs/root.pem").unlink()
    master.put("certs/server.pem", chain.certificates["server"] + chain.keys["server"])
    found = master.fails()
    assert (found["step"], found["reason"]) == ("chain", "unable to get local issuer certificate")
    assert found["code"] == "verify error 20 at depth 0"


def test_a_root_of_another_making_has_the_name_and_not_the_signature(
    master: Master, chain: Chain, other: Chain
) -> None:
    master.put("certs/root.pem", other.certificates["root"])
    master.put("certs/server.pem", chain.certificates["server"] + chain.keys["server"] + other.certificates["root"])
    found = master.fails()
    # certificates that name their signer's key are not even tried with another
    assert found["step"] == "chain"
    assert found["code"] in ("verify error 7 at depth 0", "verify error 20 at depth 0")


def test_a_travelling_file_of_another_making_does_not_trust_the_master(master: Master, other: Chain) -> None:
    master.put("certs/server.pem", other.server)
    found = master.fails()
    assert (found["step"], found["path"], found["side"]) == ("chain", "/ssl_nimsh/certs/client.pem", "master")


@pytest.mark.parametrize(("name", "step"), [("certs/client.pem", "certificate"), ("keys/clientkey.pem", "private key")])
def test_empty_files_and_files_of_something_else(master: Master, name: str, step: str) -> None:
    for content in (b"", b"hello\n", b"\0\xff" * 100):
        master.put(name, content)
        found = master.fails()
        assert (found["step"], found["path"]) == (step, f"/ssl_nimsh/{name}")
        # of a key OpenSSL says "unsupported" since 3.0
        assert found["reason"] in ("no start line", "unsupported") and found["code"]


@pytest.mark.parametrize(("name", "step"), [("certs/client.pem", "certificate"), ("keys/clientkey.pem", "private key")])
@pytest.mark.parametrize(
    "damage",
    [
        lambda pem: pem[: len(pem) // 2],
        lambda pem: pem.replace(b"\nM", b"\n*", 1),
        lambda pem: pem.replace(b"-----END", b"----END"),
        lambda pem: pem[:60] + b"AAAA" + pem[64:],
    ],
    ids=["cut", "not base64", "end line", "four letters"],
)
def test_damaged_pem(master: Master, name: str, step: str, damage: Callable[[bytes], bytes]) -> None:
    master.put(name, damage(master.path(name).read_bytes()))
    found = master.fails()
    assert found["step"] in (step, "key matches certificate", "chain")
    assert found["reason"] and found["code"]


def test_a_der_file_is_no_pem_file(master: Master) -> None:
    master.put("keys/clientkey.pem", openssl("pkey", "-in", master.path("keys/clientkey.pem"), "-outform", "DER"))
    assert master.fails()["reason"] in ("no start line", "unsupported")


@pytest.mark.parametrize(
    "words", [["ec", "-aes128"], ["pkcs8", "-topk8", "-v2", "aes128"]], ids=["traditional", "pkcs8"]
)
def test_an_encrypted_key_asks_nobody(master: Master, words: List[str]) -> None:
    option = "-passout"
    encrypted = openssl(*words, option, "pass:secret", "-in", master.path("keys/clientkey.pem"))
    assert b"ENCRYPTED" in encrypted
    master.put("keys/clientkey.pem", encrypted)
    began = time.monotonic()
    found = master.fails()
    assert (found["step"], found["path"]) == ("private key", "/ssl_nimsh/keys/clientkey.pem")
    assert found["reason"] == "the private key is encrypted"
    assert time.monotonic() - began < 10


def test_a_certificate_for_servers_only_does_not_do_for_the_master(tmp_path: Path, chain: Chain) -> None:
    master = Master(tmp_path, chain)
    (tmp_path / "ext").write_text("extendedKeyUsage = serverAuth\n")
    (tmp_path / "cnf").write_text(SUBJECT.format("client"))
    request = openssl("req", "-new", "-key", master.path("keys/clientkey.pem"), "-config", tmp_path / "cnf")
    master.put(
        "certs/client.pem",
        openssl(
            "x509", "-req", "-days", 9, "-CA", master.path("certs/root.pem"), "-CAkey", master.path("keys/rootkey.pem"),
            "-set_serial", 5, "-extfile", tmp_path / "ext", stdin=request,
        ),
    )  # fmt: skip
    found = master.fails()
    assert found["step"] == "handshake" and "verify error 26" in found["code"]


# -- reading


@given(
    st.lists(
        st.sampled_from(
            [b"-----BEGIN A-----\n", b"-----END A-----\n", b"-----BEGIN B KEY-----", b"\xff\n", b"text", b""]
        )
    )
)
def test_blocks_are_parts_of_the_file_in_its_order(parts: List[bytes]) -> None:
    raw = b"".join(parts)
    found = blocks(raw)
    place = 0
    for label, block in found:
        at: Optional[int] = raw.find(block[:-1], place)
        assert at >= place and block.startswith(b"-----BEGIN " + label.encode())
        place = at + 1
    assert len(found) == raw.count(b"-----BEGIN A-----") + raw.count(b"-----BEGIN B KEY-----")
