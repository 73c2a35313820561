"""certificate-weak: small keys and old hashes, but not the hash of a root."""

import pytest
from hosts import evidence, result_of

CHECK = "certificate-weak"
SERVER = "/ssl_nimsh/certs/server.pem"


def host(pem, role="client"):
    return evidence(files={SERVER: pem}, paths={SERVER: {"kind": "file", "mtime": 1700000000}}, role=role)


@pytest.mark.parametrize("role", ["client", "master"])
def test_fails_for_a_small_key(certificates, role):
    found = result_of(CHECK, host(certificates("rsa1024").pem, role))
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", "low", None)
    assert "RSA key of 1024 bits" in found.message and "SSL_*.cnf" in found.cure
    assert "RSA 1024" in found.evidence[0].text


def test_fails_for_a_leaf_signed_with_an_old_hash():
    # the issuer is another: its signature is relied on
    from nimdoctor.checks.certificate_weak import certificate_weak

    from nimdoctor.facts.certificate_details import CertificateDetail, CertificateDetails
    from nimdoctor.model.certificate_record import X509Record

    record = X509Record("CN=leaf", "CN=root", "01", "ff", 0, 2**31, "RSA", 2048, "aa", "sha1WithRSAEncryption", False)
    details = CertificateDetails((CertificateDetail(SERVER, 1, 1, False, SERVER, record),), (), (), SERVER)
    (found,) = certificate_weak(details)
    assert "signed with SHA1" in found.message


@pytest.mark.parametrize("kind", ["sha1", "md5"])
def test_near_miss_the_hash_of_a_self_signed_root_does_not_count(certificates, kind):
    found = result_of(CHECK, host(certificates(kind).pem))
    # these roots have small keys, which do count
    assert "RSA key" in found.message and "signed with" not in found.message


def test_near_miss_a_small_number_of_an_elliptic_key_is_strong(certificates):
    assert result_of(CHECK, host(certificates("plain").pem)).outcome.value == "pass"
    assert result_of(CHECK, host(certificates("ecdsa-sha1").pem)).outcome.value == "pass"


def test_passes_for_2048_bits_and_sha256(certificates):
    assert result_of(CHECK, host(certificates("rsa2048").pem)).outcome.value == "pass"
