"""Real keys and certificates, made by the `openssl` command: a root, and under it server and client."""

import os
import subprocess
import tempfile
import time
from typing import Dict, NamedTuple

from nimdoctor.system.command import command_environment

KINDS = ("root", "server", "client")

NEW_KEY = {"ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "rsa": ("rsa:2048",)}
"""Words of `openssl req -newkey` by kind of key; EC keys are made in a few milliseconds."""

_AUTHORITY = """[ca]
default_ca = lab
[lab]
new_certs_dir = {place}
database = {place}/index
serial = {place}/serial
default_md = {digest}
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
[root]
basicConstraints = critical,CA:true
[leaf]
basicConstraints = CA:false
"""


class Chain(NamedTuple):
    """PEM texts by kind: `keys` and `certificates` of root, server and client.

    `server` is the file that goes to clients: certificate, private key and the root's certificate.
    """

    keys: Dict[str, bytes]
    certificates: Dict[str, bytes]

    @property
    def server(self) -> bytes:
        """What `nimclient -c` fetches."""
        return self.certificates["server"] + self.keys["server"] + self.certificates["root"]


class LabCannotBeBuilt(Exception):
    """Something that the lab needs is not on this machine, or failed; the message says which."""


def make_chain(
    openssl: str, key: str, configs: Dict[str, str], valid_from: int, valid_until: int, digest: str = "sha256"
) -> Chain:
    """A chain valid between two times (epoch seconds); `configs` are the texts of SSL_*.cnf by kind. `digest` is
    what signatures are made with.

    Raises LabCannotBeBuilt when openssl fails.
    """
    with tempfile.TemporaryDirectory(prefix="nimdoctor-ca-") as place:
        authority = _Authority(openssl, place, key, valid_from, valid_until, digest)
        for kind in KINDS:
            authority.request(kind, configs[kind])
        root = authority.sign("root", "root", "-selfsign")
        authority.write("root.pem", root)
        server, client = (authority.sign(kind, "leaf", "-cert", authority.path("root.pem")) for kind in KINDS[1:])
        keys = {kind: authority.read(f"{kind}.key") for kind in KINDS}
        return Chain(keys, {"root": root, "server": server, "client": client})


class _Authority:
    """`openssl ca` alone lets the begin of validity be chosen, so the root signs by way of it."""

    def __init__(self, openssl: str, place: str, key: str, valid_from: int, valid_until: int, digest: str) -> None:
        self.openssl = openssl
        self.place = place
        self.key = key
        self.valid = ["-startdate", _utc_time(valid_from), "-enddate", _utc_time(valid_until)]
        self.write("ca.cnf", _AUTHORITY.format(place=place, digest=digest).encode())
        self.write("index", b"")
        self.write("serial", f"{time.time_ns() & 0xFFFFFFFFFFFF:012X}\n".encode())

    def request(self, kind: str, config: str) -> None:
        """A new key and a request with the subject that the configuration names."""
        self.write(f"{kind}.cnf", config.encode())
        names = ["-config", self.path(f"{kind}.cnf"), "-keyout", self.path(f"{kind}.key"), "-out", self.path(kind)]
        self.run("req", "-new", "-nodes", "-newkey", *NEW_KEY[self.key], *names)

    def sign(self, kind: str, extensions: str, *how: str) -> bytes:
        """The certificate for a request."""
        options = ["-config", self.path("ca.cnf"), "-batch", "-notext", "-keyfile", self.path("root.key")]
        files = ["-in", self.path(kind), "-out", self.path("signed")]
        self.run("ca", *options, *how, *self.valid, "-extensions", extensions, *files)
        return self.read("signed")

    def run(self, *words: str) -> None:
        ended = subprocess.run(
            [self.openssl, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.place,
            env=command_environment(),
            check=False,
        )
        if ended.returncode:
            output = ended.stdout.decode("utf-8", "replace").strip()
            raise LabCannotBeBuilt(f"openssl {words[0]} failed: {output[-500:]}")

    def path(self, name: str) -> str:
        return os.path.join(self.place, name)

    def write(self, name: str, content: bytes) -> None:
        with open(self.path(name), "wb") as stream:
            stream.write(content)

    def read(self, name: str) -> bytes:
        with open(self.path(name), "rb") as stream:
            return stream.read()


def _utc_time(epoch: int) -> str:
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(epoch))
