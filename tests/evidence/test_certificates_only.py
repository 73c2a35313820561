"""No private key gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.evidence.certificates_only import certificates_only, may_be_opened, without_keys
from nimdoctor.model.private_keys import REMOVED

CERT = b"-----BEGIN CERTIFICATE-----\nMIIBfake\nAAAA\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN RSA PRIVATE KEY-----\nSECRET1\nSECRET2\n-----END RSA PRIVATE KEY-----\n"


def test_certificates_stay_byte_for_byte() -> None:
    assert certificates_only(CERT + CERT) == CERT + CERT


def test_a_key_leaves_a_marker_and_lines_keep_their_numbers() -> None:
    out = certificates_only(b"subject=CN\n" + KEY + CERT)
    assert b"SECRET" not in out and b"subject" not in out
    lines = out.split(b"\n")
    assert lines[1] == REMOVED and lines[5] == b"-----BEGIN CERTIFICATE-----"


def test_filtering_twice_changes_nothing() -> None:
    once = certificates_only(KEY + CERT + b"junk\n" + KEY)
    assert certificates_only(once) == once


@pytest.mark.parametrize(
    "raw",
    [
        KEY.replace(b"\n", b"\r\n"),
        KEY.replace(b"\n", b"\r"),
        KEY.replace(b"\n", b""),
        KEY[:50],
        KEY[KEY.index(b"SECRET1") :],
        b"-----BEGIN CERTIFICATE-----\nMIIB\n" + KEY,
        b"-----BEGIN CERTIFICATE-----\nSECRET\n-----END RSA PRIVATE KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nSECRET without an end",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nSECRET\n" + CERT,
        b"--BEGIN rsa private key--\nSECRET\n",
        b"SECRET\n" + CERT,
        b"\0\xffSECRET",
        CERT.replace(b"AAAA", b"\0SECRET"),
        b"-----BEGIN EC PARAMETERS-----\nSECRET\n-----END EC PARAMETERS-----\n",
    ],
)
def test_damaged_blocks_leak_nothing(raw: bytes) -> None:
    assert b"SECRET" not in certificates_only(raw)


def test_an_unterminated_certificate_still_shows_that_it_began() -> None:
    assert certificates_only(CERT[:40]) == b"-----BEGIN CERTIFICATE-----\n"


def test_windows_line_ends_are_kept() -> None:
    raw = CERT.replace(b"\n", b"\r\n")
    assert certificates_only(raw) == raw


def test_nothing_of_worth_is_empty() -> None:
    assert certificates_only(b"") == b""
    assert certificates_only(b"\x30\x82\x01\n\n\x0a") == b""


@given(st.lists(st.sampled_from([CERT, KEY, KEY[:45], CERT[:40], b"\n", b"text\n", b"\0"])))
def test_no_order_of_pieces_leaks(pieces: "list[bytes]") -> None:
    raw = b"".join(pieces)
    assert b"SECRET" not in certificates_only(raw)


def test_configs_stay_readable_but_for_keys() -> None:
    raw = b"[ req ]\n# path of the private key -- see below\ndefault_bits = 2048\n" + KEY + b"end = 1\n"
    out = without_keys("/ssl_nimsh/configs/SSL_root.cnf", raw)
    assert b"default_bits = 2048" in out and b"end = 1" in out and b"SECRET" not in out
    assert out.count(b"\n") == raw.count(b"\n")
    assert b"default_bits" not in without_keys("/ssl_nimsh/certs/odd", raw)


def test_keys_directories_are_never_opened() -> None:
    assert not may_be_opened("/ssl_nimsh/keys/rootkey.pem")
    assert not may_be_opened("/ssl_nimsh_old.1/keys/rootkey.pem")
    assert may_be_opened("/ssl_nimsh/certs/keys")
