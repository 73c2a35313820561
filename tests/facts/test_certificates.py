"""Fingerprints of certificate files, and what is kept of a private key: nothing."""

import base64
import hashlib

import pytest

from nimdoctor.facts.certificates import Certificates
from nimdoctor.model.text import BadEvidence, Text

DER = b"\x30\x82\x01\x00" + bytes(range(256))
SECRET = "c2VjcmV0IGtleSBtYXRlcmlhbA=="


def block(der=DER, label="CERTIFICATE", end="\n"):
    body = base64.encodebytes(der).decode().replace("\n", end)
    return f"-----BEGIN {label}-----{end}{body}-----END {label}-----{end}"


def key(label="RSA PRIVATE KEY"):
    return f"-----BEGIN {label}-----\nProc-Type: 4,ENCRYPTED\n\n{SECRET}\n-----END {label}-----\n"


def certificates(content, path="/ssl_nimsh/certs/server.pem"):
    return Certificates.parse(Text.of(content, path))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " \n\t"])
def test_the_fingerprint_is_that_of_the_der_whatever_the_line_ends(end):
    assert certificates(block(end=end)).fingerprints() == {hashlib.sha256(DER).hexdigest()}


@pytest.mark.parametrize("label", ["X509 CERTIFICATE", "TRUSTED CERTIFICATE"])
def test_the_same_certificate_under_another_label_has_the_same_fingerprint(label):
    trailer = b"\x30\x00" if label.startswith("TRUSTED") else b""
    assert certificates(block(DER + trailer, label)).fingerprints() == certificates(block()).fingerprints()


def test_a_file_may_hold_text_several_certificates_and_a_key():
    other = b"\x30\x03\x02\x01\x07"
    found = certificates("Certificate:\n   Data:\n" + block() + key() + block(other)).files[0]
    assert found.fingerprints == (hashlib.sha256(DER).hexdigest(), hashlib.sha256(other).hexdigest())
    assert found.holds_private_key and found.damaged == 0


def test_no_byte_of_a_key_is_kept_or_quoted():
    found = certificates(block() + key())
    assert SECRET not in repr(found)
    assert found.files[0].at == ("/ssl_nimsh/certs/server.pem", None, "")
    assert SECRET not in repr(certificates(key("PRIVATE KEY")))


def test_a_key_that_breaks_into_a_certificate_block_is_not_kept_either():
    found = certificates("-----BEGIN CERTIFICATE-----\n" + key() + "-----END CERTIFICATE-----\n")
    assert SECRET not in repr(found)
    assert found.files[0].holds_private_key and found.files[0].damaged == 1


@pytest.mark.parametrize(
    "damaged",
    [
        "-----BEGIN CERTIFICATE-----\nMIIB\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END X509 CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        block(DER[:-1]),
        block(b"\x30\x80"),
        "-----BEGIN CERTIFICATE-----\n\xe4\n-----END CERTIFICATE-----\n",
    ],
)
def test_a_damaged_block_is_counted_and_the_others_still_read(damaged):
    found = certificates(damaged + block()).files[0]
    assert found.fingerprints == (hashlib.sha256(DER).hexdigest(),)
    assert found.damaged == 1


@pytest.mark.parametrize(
    "junk", ["", "\n", "cat: 0652-050 Cannot open server.pem.\n", "-----BEGIN DH PARAMETERS-----\nMIIB\n", "\0"]
)
def test_a_file_without_certificate_or_key_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        certificates(junk)


def test_combined_the_files_stand_side_by_side_each_path_once():
    server, client = certificates(block()), certificates(key(), "/ssl_nimsh/certs/client.pem")
    both = Certificates.combine([server, client, certificates(key())])
    assert [file.path for file in both.files] == ["/ssl_nimsh/certs/server.pem", "/ssl_nimsh/certs/client.pem"]
    assert both.fingerprints() == server.fingerprints()
