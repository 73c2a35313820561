"""Both ways to read a certificate give one record, which is `cryptography`'s; nothing that is no certificate is read."""

import base64
from typing import Any, List

import pytest
from cryptography_reader import by_cryptography
from effort import examples
from hosts import evidence
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import program
from real_certificates import SPECS, Maker

from nimdoctor.evidence import openssl_text
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.evidence.der import BadDer, name_text, public_key, read_certificate, taken_apart
from nimdoctor.evidence.live_base import LiveBase
from nimdoctor.evidence.x509 import X509Reader
from nimdoctor.facts.certificates import Certificates
from nimdoctor.model.certificate_record import X509Record
from nimdoctor.model.private_keys import REMOVED
from nimdoctor.model.text import BadEvidence, Text
from nimdoctor.system.command import CommandResult, command_environment, run

each = pytest.mark.parametrize("name", SPECS)


@pytest.fixture(scope="session")
def printed(certificates: Maker) -> "Any":
    """What the real `openssl x509` prints of one of them, as it is asked."""
    return lambda name: certificates.run(*openssl_text.ARGUMENTS, given=certificates(name).pem).decode()


# -- one record


@each
def test_cryptography_gives_the_same_record_as_our_reader(name: str, certificates: Maker) -> None:
    assert by_cryptography(certificates(name).der) == read_certificate(certificates(name).der)


@each
def test_openssl_x509_gives_the_same_record_as_our_reader(name: str, certificates: Maker, printed: Any) -> None:
    assert openssl_text.parse(printed(name)) == read_certificate(certificates(name).der)


def test_parts_of_a_name_in_other_strings_or_unknown_are_as_openssl_writes_them(certificates: Maker) -> None:
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.name import _ASN1Type

    common, own = x509.NameOID.COMMON_NAME, x509.ObjectIdentifier("1.2.3.4")
    name = x509.Name(
        [
            x509.NameAttribute(common, "Example", _type=_ASN1Type.T61String),
            x509.NameAttribute(own, "unknown, to all"),
        ]
    )
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(name, name, key.public_key(), 77, datetime(1951, 1, 1), datetime(2050, 1, 2))
    made = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    text = certificates.run(*openssl_text.ARGUMENTS, "-inform", "DER", given=made).decode()
    record = read_certificate(made)
    assert record == by_cryptography(made) == openssl_text.parse(text)
    assert record.subject == "1.2.3.4=#0C0F756E6B6E6F776E2C20746F20616C6C,CN=Example"
    assert (record.serial, record.not_before, record.not_after) == ("4d", -599616000, 2524694400)


def test_strings_of_several_bytes_a_letter_are_decoded() -> None:
    def part(tag: int, raw: bytes) -> bytes:
        value = bytes([6, 3, 0x55, 4, 3, tag, len(raw)]) + raw
        return bytes([0x31, len(value) + 2, 0x30, len(value)]) + value

    parts = part(0x1E, "Zürich".encode("utf-16-be")) + part(0x1C, "日".encode("utf-32-be")) + part(2, b"\1")
    assert name_text(bytes([0x30, len(parts)]) + parts) == r"CN=#020101,CN=\E6\97\A5,CN=Z\C3\BCrich"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("rsa1024", ("RSA", 1024, "sha256WithRSAEncryption", "sha256")),
        ("rsa4096", ("RSA", 4096, "sha256WithRSAEncryption", "sha256")),
        ("md5", ("RSA", 1024, "md5WithRSAEncryption", "md5")),
        ("ecdsa-sha1", ("EC", 256, "ecdsa-with-SHA1", "sha1")),
        ("p521", ("EC", 521, "ecdsa-with-SHA512", "sha512")),
        ("pss", ("RSA", 2048, "rsassaPss-sha384", "sha384")),
        ("ed25519", ("ED25519", None, "ED25519", "")),
    ],
)
def test_key_and_signature(name: str, wanted: tuple, certificates: Maker) -> None:
    found = read_certificate(certificates(name).der)
    assert (found.key_type, found.key_bits, found.signature, found.digest) == wanted


def test_validity_is_in_utc_seconds(certificates: Maker) -> None:
    found = read_certificate(certificates("expired").der)
    assert (found.not_before, found.not_after) == (1577836800, 1609459200)


def test_who_signed_whom(certificates: Maker) -> None:
    root, leaf = (read_certificate(certificates(name).der) for name in ("plain", "leaf"))
    other = read_certificate(certificates("expired").der)
    assert root.self_signed and root.is_ca and not leaf.self_signed and not leaf.is_ca
    assert root.may_have_issued(leaf)
    # a root made anew has the name of the old one
    assert other.subject == root.subject and not other.may_have_issued(leaf)
    assert read_certificate(certificates("bare").der).key_id is None


def test_a_record_holds_nothing_of_a_key(certificates: Maker) -> None:
    body = b"".join(certificates("rsa2048").key.splitlines()[1:-1])
    assert body.decode()[:60] not in repr(read_certificate(certificates("rsa2048").der))


# -- texts of old versions, in the shape of their sources: none of them was recorded on AIX

OLD = """Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number: 4660 (0x1234)
        Signature Algorithm: md5WithRSAEncryption
        Issuer: C=BG, O=Example, CN=nim1 NIM root/emailAddress=nim@example.com
        Validity
            Not Before: Mar  5 08:05:33 2009 GMT
            Not After : Mar  3 08:05:33 2019 GMT
        Subject: C=BG, O=Example, CN=nim1 NIM server
        Subject Public Key Info:
            Public Key Algorithm: rsaEncryption
            %s
                Modulus (1024 bit):
                    00:99:d5
                Exponent: 65537 (0x10001)
        X509v3 extensions:
            X509v3 Basic Constraints: critical
                CA:TRUE
            X509v3 Subject Key Identifier:
                39:3C:BB
            X509v3 Authority Key Identifier:
                keyid:39:3C:BB
                DirName:/C=BG/O=Example
                serial:01

    Signature Algorithm: md5WithRSAEncryption
        aa:bb
"""


@pytest.mark.parametrize(
    ("line", "bits"),
    [
        ("RSA Public Key: (1024 bit)", 1024),
        ("    Public-Key: (2048 bit)", 2048),
        ("    RSA Public-Key: (4096 bit, 2 primes)", 4096),
    ],
)
def test_texts_of_old_versions_are_read(line: str, bits: int) -> None:
    found = openssl_text.parse(OLD % line)
    assert (found.key_type, found.key_bits, found.digest) == ("RSA", bits, "md5")
    assert found.subject == "CN=nim1 NIM server,O=Example,C=BG"
    assert found.issuer == "emailAddress=nim@example.com,CN=nim1 NIM root,O=Example,C=BG"
    assert (found.serial, found.not_before, found.not_after) == ("1234", 1236240333, 1551600333)
    assert (found.is_ca, found.key_id, found.issuer_key_id) == (True, "393cbb", "393cbb")
    # neither was asked for
    assert (found.fingerprint, found.key_identity) == (None, None)


def test_the_short_form_is_read_too() -> None:
    found = openssl_text.parse(
        "subject= /C=BG/O=Example/CN=nim1/emailAddress=nim@example.com\nissuer= /C=BG/O=Example/CN=root\n"
        "serial=0A01\nnotBefore=Nov 20 08:05:33 2024 GMT\nnotAfter=Nov 18 08:05:33 2034 GMT\n"
    )
    assert found.subject == "emailAddress=nim@example.com,CN=nim1,O=Example,C=BG"
    assert (found.serial, found.not_after, found.key_type) == ("a01", 2047449933, "")


@pytest.mark.parametrize("options", [(), ("-nameopt", "oneline"), ("-nameopt", "compat")])
def test_other_forms_of_a_name_are_turned_into_ours(options: tuple, certificates: Maker) -> None:
    text = certificates.run("x509", "-noout", "-text", *options, given=certificates("e-mail").pem).decode()
    assert openssl_text.parse(text).subject == read_certificate(certificates("e-mail").der).subject


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unable to load certificate\n1:error:0906D06C:PEM routines:PEM_read_bio:no start line\n",
        "notBefore=Nov 20 08:05:33 2024 GMT\n",
        "notBefore=gestern\nnotAfter=Nov 18 08:05:33 2034 GMT\n",
    ],
)
def test_a_text_without_a_validity_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        openssl_text.parse(text)


# -- what is damaged


@each
def test_a_certificate_that_was_cut_is_refused_wherever(name: str, certificates: Maker) -> None:
    der = certificates(name).der
    for end in range(0, len(der), 7):
        with pytest.raises(BadDer):
            read_certificate(der[:end])


def test_what_stands_behind_a_certificate_is_refused(certificates: Maker) -> None:
    with pytest.raises(BadDer):
        read_certificate(certificates("plain").der + b"\0")


@given(data=st.data())
@settings(max_examples=examples(400), deadline=None)
def test_a_changed_certificate_is_read_or_refused(data: st.DataObject, certificates: Maker) -> None:
    raw = bytearray(certificates(data.draw(st.sampled_from(["plain", "multi-valued", "pss", "non-ascii"]))).der)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_certificate(bytes(raw))
    except BadDer:
        return
    assert isinstance(found, X509Record) and found.subject.isascii() and found.subject.isprintable()


@given(st.binary(max_size=400))
@example(b"\x30\x80\x00\x00")
@example(b"\x30\x84\xff\xff\xff\xff")
@example(b"\x1f\xff\xff")
@settings(max_examples=examples(300))
def test_any_bytes_raise_nothing_but_bad_der(raw: bytes) -> None:
    for reads in (read_certificate, taken_apart, name_text, public_key):
        with pytest.raises(BadDer):
            reads(raw)


@given(st.binary(max_size=400))
@settings(max_examples=examples(200))
def test_any_bytes_in_a_reader_raise_nothing_but_bad_evidence(raw: bytes) -> None:
    with pytest.raises(BadEvidence):
        X509Reader(evidence(), Catalog()).read(raw)


@given(st.text(max_size=300) | st.lists(st.sampled_from(OLD.splitlines())).map("\n".join))
@settings(max_examples=examples(200))
def test_any_text_raises_nothing_but_value_error(text: str) -> None:
    try:
        assert isinstance(openssl_text.parse(text), X509Record)
    except ValueError:
        pass


@given(st.binary(max_size=600) | st.lists(st.sampled_from([b"-----BEGIN CERTIFICATE-----\n", b"MIIB\n", b"-----END CERTIFICATE-----\n", REMOVED, b"\0"])).map(b"".join))  # fmt: skip
@settings(max_examples=examples(300))
def test_any_bytes_in_a_file_raise_nothing_but_bad_evidence(raw: bytes) -> None:
    try:
        Certificates.parse(Text.of(certificates_only(raw), "/ssl_nimsh/certs/a"))
    except BadEvidence:
        pass


# -- which way is taken


class Live(LiveBase):
    """A live host whose only program is openssl."""

    thorough = True

    def __init__(self, answer: Any) -> None:
        super().__init__("", 30.0, None)
        self.answer = answer
        self.given: List[bytes] = []

    def texts(self, row: Any, names: Any) -> list:
        return []

    def execute(self, argv: Any, timeout: float, stdin: bytes = b"") -> Any:
        self.given.append(stdin)
        return self.answer(argv, stdin)


def not_plain(der: bytes) -> bytes:
    """The same certificate with an outer length longer than it need be: BER, which OpenSSL reads."""
    assert der[1] == 0x82
    return der[:1] + b"\x83\x00" + der[2:]


def real(argv: Any, stdin: bytes) -> Any:

    return run([program("openssl"), *argv[1:]], timeout=10, env=command_environment(), stdin=stdin), ""


def test_the_hosts_openssl_reads_what_our_reader_refuses(certificates: Maker) -> None:
    der = certificates("rsa2048").der
    host = Live(real)
    found = X509Reader(host, Catalog()).read(not_plain(der))
    expected = read_certificate(der)
    assert found._replace(fingerprint=None) == expected._replace(fingerprint=None)
    (stdin,) = host.given
    assert stdin.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert base64.b64decode(b"".join(stdin.splitlines()[1:-1])) == not_plain(der)


def test_so_it_does_where_two_algorithms_are_named(certificates: Maker) -> None:
    """What of all that was tried `cryptography` alone would read, of a recorded host too: it looks at one of the two."""
    der, sha256, sha384 = certificates("rsa2048").der, b"\x01\x01\x0b", b"\x01\x01\x0c"
    at = der.rindex(sha256)
    odd = der[:at] + sha384 + der[at + len(sha384) :]
    with pytest.raises(BadDer, match="two signature algorithms"):
        read_certificate(odd)
    found = X509Reader(Live(real), Catalog()).read(odd)
    assert found.key_identity == read_certificate(der).key_identity


def test_an_openssl_that_hung_is_not_asked_again(certificates: Maker) -> None:
    host = Live(lambda argv, stdin: (CommandResult(timed_out=True), ""))
    reader = X509Reader(host, Catalog())
    for _ in range(3):
        with pytest.raises(BadEvidence, match="hung"):
            reader.read(not_plain(certificates("plain").der + b"\0" * 300))
    assert len(host.given) == 1


def test_where_no_way_is_left_it_says_what_to_record(certificates: Maker) -> None:
    with pytest.raises(BadEvidence, match=r"it is not plain DER: .*; record: openssl x509 -noout .* -in PATH"):
        X509Reader(evidence(), Catalog()).read(not_plain(certificates("rsa2048").der))


def test_a_command_reads_what_it_is_given_and_else_nothing() -> None:
    assert run(["/bin/cat"], timeout=5, stdin=b"x" * 300_000).stdout == b"x" * 300_000
    assert run(["/bin/cat"], timeout=5).stdout == b""


# -- files in DER


def test_certificates_in_der_become_blocks(certificates: Maker) -> None:
    one, two = certificates("plain"), certificates("rsa2048")
    assert certificates_only(one.der) == one.pem
    assert certificates_only(one.der + two.der) == one.pem + two.pem
    assert certificates_only(certificates_only(one.der)) == one.pem


def keys_in_der(certificates: Maker) -> "dict[str, bytes]":
    """One key in each shape that OpenSSL writes."""
    made, name = certificates("rsa2048"), "rsa2048"
    elliptic = certificates("plain")
    return {
        "PKCS#8": certificates.run("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", given=made.key),
        "PKCS#8 encrypted": certificates.run(
            "pkcs8", "-topk8", "-outform", "DER", "-passout", "pass:x", given=made.key
        ),
        "PKCS#1": certificates.run("rsa", "-traditional", "-outform", "DER", given=made.key),
        "SEC 1": certificates.run("ec", "-outform", "DER", given=elliptic.key),
        "PKCS#12": certificates.run(
            "pkcs12", "-export", "-in", f"{name}.pem", "-inkey", f"{name}.key", "-passout", "pass:x"
        ),
    }


def test_keys_in_der_never_pass_and_are_noted(certificates: Maker) -> None:
    good = certificates("plain")
    for shape, raw in keys_in_der(certificates).items():
        assert certificates_only(raw) == REMOVED + b"\n", shape
        assert certificates_only(good.der + raw) == good.pem + REMOVED + b"\n", shape
        assert certificates_only(raw + good.der) == REMOVED + b"\n" + good.pem, shape
        for cut in (raw[:-1], raw[:200], raw[1:], raw + b"\n"):
            kept = certificates_only(cut).replace(REMOVED, b"")
            assert not kept.strip(), shape


def test_a_key_beside_a_certificate_is_noted_in_the_fact_and_not_kept(certificates: Maker) -> None:
    made = certificates("rsa2048")
    for raw in (made.pem + made.key, made.der + keys_in_der(certificates)["PKCS#8"]):
        text = Text.of(certificates_only(raw), "/ssl_nimsh/certs/server.pem")
        (file,) = Certificates.parse(text).files
        assert file.holds_private_key and file.certificates == (made.der,)
        assert made.key.splitlines()[1].decode() not in repr(file)
