"""Conditions about SSL on the master and the certificates of both ends."""

from typing import List, NamedTuple, Optional, Tuple

from nimdoctor.facts import Certificates, NimObjects, Paths
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.model import Role
from nimdoctor.planning.checksum import cksum
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.conditions.evidence import EvidenceFresh
from nimdoctor.planning.ends import CERTS, Elsewhere, Snapshot, certificate_files

TREE = "/ssl_nimsh"
PARTS = ("certs", "configs", "keys")


def block_checksums(certificates: Optional[Certificates]) -> Tuple[str, ...]:
    """POSIX cksum of each CERTIFICATE block's base64 on one line: what a script without SHA-256 can compare."""
    files = certificates.files if certificates else ()
    return tuple(sorted({cksum(block + b"\n") for file in files for block in file.blocks}))


@condition("ssl-support")
class SslSupport(NamedTuple):
    """The master's own object shows ssl_support = yes, or does not show it."""

    where: Role
    on: bool

    def words(self) -> str:
        return f"lsnim -l master {'shows ssl_support = yes' if self.on else 'shows no ssl_support'}"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        objects = now.fact(self.where, NimObjects)
        support = objects.ssl_support() if objects else None
        if support is None:
            return Answer(None, "whether SSL is on is not known (lsnim -l)")
        return Answer(support is self.on, f"ssl_support is {'yes' if support else 'not there'}")


@condition("certificates-are")
class CertificatesAre(NamedTuple):
    """The certificates below /ssl_nimsh/certs are these (SHA-256 of each; CERTIFICATE blocks only), no other."""

    where: Role
    fingerprints: Tuple[str, ...]
    checksums: Tuple[str, ...]

    def words(self) -> str:
        if not self.fingerprints:
            return f"the {self.where.value} has no certificate"
        shown = ", ".join(found[:16] for found in self.fingerprints)
        return f"the {self.where.value}'s certificates are the ones the plan was made for ({shown})"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        certificates = now.fact(self.where, Certificates)
        if certificates is None and not self.fingerprints:
            paths = now.fact(self.where, Paths)
            if not (paths and (paths.absent(CERTS) or paths.listed(f"{CERTS}/*")) and not paths.below(CERTS)):
                return Answer(None, f"whether a certificate is below {CERTS} is not known")
        found = tuple(sorted(certificates.identities())) if certificates else ()
        same = found == self.fingerprints
        return Answer(same, "the certificates are unchanged" if same else "the certificates are others by now")


@condition("certificate-new")
class CertificateNew(NamedTuple):
    """A file below /ssl_nimsh/certs holds a certificate and is new: by time of change, inode or bytes."""

    where: Role

    def words(self) -> str:
        return f"a certificate file below {CERTS} of the {self.where.value} is new"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        before = was.get("certificates")
        if before is None:
            return Answer(None, f"what was below {CERTS} before is not known")
        certificates = now.fact(self.where, Certificates)
        holding = {file.path for file in certificates.files if file.blocks} if certificates else set()
        for path, state in certificate_files(now, self.where).items():
            if path in holding and list(before.get(path) or ()) != state:
                return Answer(True, f"{path} is new")
        return Answer(False, f"no certificate file below {CERTS} is new")


@condition("certificates-renewed")
class CertificatesRenewed(NamedTuple):
    """None of the certificates the master had before is left below /ssl_nimsh/certs, and there are some."""

    where: Role
    former: Tuple[str, ...]
    checksums: Tuple[str, ...]

    def words(self) -> str:
        return f"the {self.where.value}'s certificates are new ones"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        certificates = now.fact(self.where, Certificates)
        found = certificates.identities() if certificates else frozenset()
        if not found:
            return Answer(False, f"no certificate is below {CERTS}")
        old = found & set(self.former)
        return Answer(not old, "an old certificate is still there" if old else "all certificates are new")


@condition("shares-certificate")
class SharesCertificate(NamedTuple):
    """Client and master hold a certificate in common."""

    where: Role

    def words(self) -> str:
        return "a certificate of the client is one of the master's"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        held: List[frozenset[str]] = []
        for end in (Role.CLIENT, Role.MASTER):
            # asked after a fetch: with what the master had long ago nothing is compared
            fresh = EvidenceFresh(end).decide(now, was) if end is Role.MASTER else None
            if fresh and not fresh.holds:
                return Answer(True, f"not compared with the master's certificates: {fresh.says}")
            certificates = now.fact(end, Certificates)
            if certificates is None:
                return Answer(None, f"the {end.value}'s certificates are not known")
            held.append(certificates.identities())
        shared = held[0] & held[1]
        return Answer(bool(shared), "they share a certificate" if shared else "they share no certificate")


@condition("secured-clients-are")
class SecuredClientsAre(NamedTuple):
    """The clients that would lose their push are these and no other: machines of `connect = nimsh (secure)`."""

    where: Role
    names: Tuple[str, ...]
    besides: Tuple[str, ...] = ()

    def words(self) -> str:
        if not self.names:
            return "no other client is secured"
        return f"the other secured clients are {', '.join(self.names)}, and no more"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        objects = now.fact(self.where, NimObjects)
        if objects is None:
            return Answer(None, "the master's clients are not known (lsnim -l)")
        found = sorted(machine.name for machine in objects.connected(SECURE) if machine.name not in self.besides)
        if found == sorted(self.names):
            return Answer(True, "the other secured clients are the same")
        return Answer(False, f"the other secured clients are {', '.join(found) or 'none'}")


@condition("tree-complete")
class TreeComplete(NamedTuple):
    """/ssl_nimsh has certs, configs and keys, none of them empty."""

    where: Role

    def words(self) -> str:
        return f"{TREE} of the {self.where.value} has certs, configs and keys, none empty"

    def decide(self, now: Snapshot, was: Was) -> Answer:
        try:
            place = now.files(self.where)
        except Elsewhere:
            paths = now.fact(self.where, Paths)
            lacking = [part for part in PARTS if not paths or not paths.below(f"{TREE}/{part}")]
        else:
            lacking = [part for part in PARTS if not (place.stat(f"{TREE}/{part}") and place.names(f"{TREE}/{part}"))]
        said = ", ".join(f"{TREE}/{part}" for part in lacking)
        return Answer(not lacking, f"missing or empty: {said}" if lacking else f"{TREE} is complete")
