"""What the certificates of a host say, whichever way they were recorded, and which of them are in use."""

from typing import Any, Dict, Optional

import pytest
from hosts import evidence, loose
from real_certificates import Maker

from nimdoctor.diagnosis.host import FactAbsent, Host
from nimdoctor.evidence.catalog import Catalog, file_name
from nimdoctor.evidence.openssl_text import ARGUMENTS
from nimdoctor.facts import CertificateDetails, JudgingTime

CERTS = "/ssl_nimsh/certs"
X509 = f"openssl {' '.join(ARGUMENTS)} -in {CERTS}/server.pem"


def details(**parts: Any) -> CertificateDetails:
    return Host(evidence(**parts), Catalog()).fact(CertificateDetails)


def files(times: Dict[str, Optional[int]], **content: bytes) -> CertificateDetails:
    """Files by name, with their times of change."""
    paths = {f"{CERTS}/{name}": {"kind": "file", "mtime": time} for name, time in times.items()}
    return details(files={f"{CERTS}/{name}": raw for name, raw in content.items()}, paths=paths)


def test_each_certificate_says_where_it_stands(certificates: Maker) -> None:
    root, leaf = certificates("plain"), certificates("leaf")
    found = files({"server": 1700000000}, server=leaf.pem + leaf.key + root.pem)
    assert [(one.path, one.position, one.mtime, one.beside_key) for one in found.certificates] == [
        (f"{CERTS}/server", 1, 1700000000, True),
        (f"{CERTS}/server", 2, 1700000000, True),
    ]
    assert [one.x509.subject[:4] for one in found.certificates] == ["CN=n", "CN=n"]
    assert found.certificates[0].quote() == (
        f"{CERTS}/server",
        None,
        "certificate 1: CN=nim1 NIM server,O=Example,C=BG: notBefore=2020-01-01T00:00:00Z, "
        "notAfter=2099-01-01T00:00:00Z, EC 256, ecdsa-with-SHA256",
    )
    keys = found.issuer_keys()
    assert set(keys.values()) == {found.certificates[1].x509.key_identity}


def test_a_file_in_der_is_read_as_one_in_pem(certificates: Maker) -> None:
    made = certificates("rsa2048")
    assert files({}, server=made.der).certificates == files({}, server=made.pem).certificates


def test_what_openssl_printed_gives_the_same_as_the_file(certificates: Maker) -> None:
    made = certificates("rsa2048")
    text = certificates.run(*ARGUMENTS, given=made.pem)
    (from_file,) = details(files={f"{CERTS}/server.pem": made.pem}).certificates
    (from_text,) = details(commands={X509: text}).certificates
    assert from_text.source == X509
    assert from_text._replace(source=from_file.source) == from_file
    # both together are one
    assert len(details(files={f"{CERTS}/server.pem": made.pem}, commands={X509: text}).certificates) == 1


def test_without_a_manifest_the_output_still_tells_which_file_it_was_about(certificates: Maker, tmp_path: Any) -> None:
    from nimdoctor.evidence import open_target

    (tmp_path / "commands").mkdir()
    text = certificates.run(*ARGUMENTS, given=certificates("plain").pem)
    (tmp_path / "commands" / file_name(X509)).write_bytes(text)
    found = Host(open_target(str(tmp_path)), Catalog()).fact(CertificateDetails)
    assert found.certificates[0].path == f"{CERTS}/server.pem"


def test_a_loose_output_is_recognised(certificates: Maker) -> None:
    text = certificates.run(*ARGUMENTS, given=certificates("expired").pem)
    found = Host(loose({"cert.txt": text}), Catalog()).fact(CertificateDetails)
    assert (found.certificates[0].source, found.certificates[0].x509.not_after) == ("cert.txt", 1609459200)


def test_a_damaged_block_does_not_hide_the_others(certificates: Maker) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    found = files({}, server=certificates("plain").pem + broken)
    assert len(found.certificates) == 1
    assert [(one.path, one.position) for one in found.unread] == [(f"{CERTS}/server", 2)]


def test_absent_when_there_is_nothing_to_read() -> None:
    with pytest.raises(FactAbsent) as found:
        details()
    assert found.value.missing == ("/ssl_nimsh/certs/*",)


@pytest.mark.parametrize("gone", [CERTS, "/ssl_nimsh"])
def test_where_none_is_known_to_be_there_the_fact_is_an_empty_one(gone: str) -> None:
    assert details(paths={gone: None}).certificates == ()
    whole = {"/ssl_nimsh": {"kind": "dir", "mtime": 5}, CERTS: {"kind": "dir", "mode": "0755", "mtime": 5}}
    assert details(paths=whole).certificates == ()


def test_a_file_that_was_not_collected_is_not_an_empty_fact() -> None:
    with pytest.raises(FactAbsent):
        details(paths={CERTS: {"kind": "dir", "mtime": 5}, f"{CERTS}/a": {"kind": "file", "mtime": 5}})
    with pytest.raises(FactAbsent):
        details(files={"/etc/hosts": "x\n"}, paths={"/ssl_nimsh": {"kind": "dir"}})


def test_a_damaged_certificate_alone_is_said() -> None:
    with pytest.raises(FactAbsent, match="it is not plain DER"):
        files({}, server=b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n")


def test_files_that_were_not_collected_are_named(certificates: Maker) -> None:
    found = files({"server": 5, "other": 7}, server=certificates("plain").pem)
    assert found.uncollected == (f"{CERTS}/other",)
    # read, and no certificate in it: that is known
    assert files({"server": 5, "note": 7}, server=certificates("plain").pem, note=b"hello\n").uncollected == ()


# -- which are in use


def used(found: CertificateDetails) -> "list[str]":
    return [one.path.rsplit("/", 1)[1] for one in found.in_use()]


def test_the_newest_file_counts_and_the_older_are_left_over(certificates: Maker) -> None:
    found = files({"old": 1, "new": 900_000}, old=certificates("rsa2048").pem, new=certificates("sha1").pem)
    assert used(found) == ["new"]
    assert [one.path for one in found.left_over()] == [f"{CERTS}/old"]


def test_what_one_nimconfig_wrote_is_in_use_together(certificates: Maker) -> None:
    found = files({"root": 1000, "server": 1060}, root=certificates("plain").pem, server=certificates("leaf").pem)
    assert used(found) == ["root", "server"]


def test_an_older_root_that_signed_the_newest_is_in_use(certificates: Maker) -> None:
    found = files({"root": 1, "server": 900_000}, root=certificates("plain").pem, server=certificates("leaf").pem)
    assert used(found) == ["root", "server"]


def test_an_older_root_of_the_same_name_and_another_key_is_left_over(certificates: Maker) -> None:
    content = {"old": certificates("expired").pem, "server": certificates("leaf").pem + certificates("plain").pem}
    assert used(files({"old": 1, "server": 900_000}, **content)) == ["server", "server"]


def test_where_times_are_not_known_all_count(certificates: Maker) -> None:
    found = files({}, old=certificates("expired").pem, new=certificates("leaf").pem)
    assert used(found) == ["new", "old"] and not found.timed()


# -- by whose clock


def test_the_time_is_the_hosts_own_else_the_manifests_else_the_scanners() -> None:
    def judged(**parts: Any) -> JudgingTime:
        return Host(evidence(**parts), Catalog()).fact(JudgingTime)

    date = {"date -u +%Y-%m-%dT%H:%M:%SZ": "2025-03-15T09:53:20Z\n"}
    assert judged(commands=date)[:2] == (1742032400, True)
    assert judged().of_host is False and judged().utc > 1742032400
    assert "scanning host" in judged().words

    host = evidence()
    host.collected = 1742032400
    assert Host(host, Catalog()).fact(JudgingTime)[:2] == (1742032400, True)
