"""Certificates of every kind, made by the real `openssl` once a session; their keys do not outlive the making."""

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

from programs import program

_AUTHORITY = """[ca]
default_ca = here
[here]
new_certs_dir = .
database = index
serial = serial
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
localityName = optional
commonName = optional
emailAddress = optional
title = optional
[root]
basicConstraints = critical,CA:true
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[bare]
"""
_REQUEST = "[req]\ndistinguished_name = any\nstring_mask = utf8only\n[any]\n"

PAST, THEN, FUTURE = "20200101000000Z", "20210101000000Z", "20990101000000Z"
PLAIN = "/C=BG/O=Example/OU=NIM/CN=nim1"


class Made(NamedTuple):
    """One certificate: in PEM and DER, and its key in PEM, to be planted where no key may come from."""

    pem: bytes
    der: bytes
    key: bytes


class Spec(NamedTuple):
    """How one is made; `signer` is the name of another, itself by default."""

    key: Sequence[str] = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    digest: str = "sha256"
    subject: str = PLAIN
    since: str = PAST
    until: str = FUTURE
    extensions: str = "root"
    signer: Optional[str] = None
    sign: Sequence[str] = ()
    serial: str = "0123456789ABCDEF0123"


def _rsa(bits: int) -> Sequence[str]:
    return ("-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")


def _curve(name: str) -> Sequence[str]:
    return ("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{name}")


SPECS: Dict[str, Spec] = {
    "plain": Spec(),
    "rsa1024": Spec(_rsa(1024)),
    "rsa2048": Spec(_rsa(2048)),
    "rsa4096": Spec(_rsa(4096)),
    "p384": Spec(_curve("P-384"), "sha384"),
    "p521": Spec(_curve("P-521"), "sha512"),
    "ed25519": Spec(("-algorithm", "ED25519"), "null"),
    "md5": Spec(_rsa(1024), "md5"),
    "sha1": Spec(_rsa(1024), "sha1"),
    "ecdsa-sha1": Spec(digest="sha1"),
    "pss": Spec(_rsa(2048), "sha384", sign=("-sigopt", "rsa_padding_mode:pss")),
    "expired": Spec(until=THEN),
    "future": Spec(since="20980101000000Z"),
    "bare": Spec(extensions="bare"),
    "short-serial": Spec(serial="7F"),
    "high-serial": Spec(serial="80"),
    "leaf": Spec(subject="/C=BG/O=Example/CN=nim1 NIM server", extensions="leaf", signer="plain"),
    "leaf-sha1": Spec(digest="sha1", subject="/C=BG/O=Example/CN=nim1 NIM server", extensions="leaf", signer="plain"),
    "no-name": Spec(subject="/"),
    "escapes": Spec(subject=r"/O=a,b\+c\"d\\e<f>g;h=i/OU= both /CN=#1 \/ two"),
    "odd-ends": Spec(subject="/O= /OU=#/CN=a#b "),
    "e-mail": Spec(subject="/O=Example/CN=nim1/emailAddress=nim@example.com"),
    "multi-valued": Spec(subject="/O=Example/OU=NIM+L=Sofia+CN=nim1"),
    "non-ascii": Spec(subject="/O=Пример/L=Zürich/CN=日本 😀"),
    "control": Spec(subject="/O=tab\there/CN=bell\a\x7f"),
    "title": Spec(subject="/CN=nim1/title=of a kind"),
}


class Maker:
    """Makes them below a directory, each when it is first asked for."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.made: Dict[str, Made] = {}
        (place / "ca.cnf").write_text(_AUTHORITY)
        (place / "req.cnf").write_text(_REQUEST)

    def __call__(self, name: str) -> Made:
        assert name in SPECS, f"no kind of certificate is called {name!r}"
        if name not in self.made:
            self.made[name] = self._make(name, SPECS[name])
        return self.made[name]

    def _make(self, name: str, spec: Spec) -> Made:
        if spec.signer:
            self(spec.signer)
        self.run("genpkey", *spec.key, "-out", f"{name}.key")
        request = ["req", "-new", "-config", "req.cnf", "-utf8", "-key", f"{name}.key", "-out", f"{name}.req"]
        self.run(*request, "-multivalue-rdn", "-subj", spec.subject)
        (self.place / "index").write_text("")
        (self.place / "serial").write_text(spec.serial + "\n")
        who = ["-keyfile", f"{spec.signer}.key", "-cert", f"{spec.signer}.pem"] if spec.signer else []
        who = who or ["-keyfile", f"{name}.key", "-selfsign"]
        how = ["-startdate", spec.since, "-enddate", spec.until, "-extensions", spec.extensions, "-md", spec.digest]
        files = ["-in", f"{name}.req", "-out", f"{name}.pem"]
        self.run("ca", "-config", "ca.cnf", "-batch", "-notext", "-utf8", "-preserveDN", *who, *how, *spec.sign, *files)
        pem = (self.place / f"{name}.pem").read_bytes()
        return Made(pem, self.run("x509", "-outform", "DER", given=pem), (self.place / f"{name}.key").read_bytes())

    def run(self, *words: str, given: bytes = b"") -> bytes:
        """The output of `openssl WORDS`."""
        command: List[str] = [program("openssl"), *words]
        ended = subprocess.run(command, input=given, capture_output=True, cwd=self.place, check=False, timeout=60)
        assert ended.returncode == 0, (words, ended.stderr.decode("utf-8", "replace"))
        return ended.stdout


@cache
def maker() -> Maker:
    """The one of this process; what it made goes when the process ends."""
    place = tempfile.mkdtemp(prefix="nimdoctor-certificates-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Maker(Path(place))
