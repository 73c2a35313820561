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


@condition(
    "ssl-support",
    shell=r"""
ssl_support() {
    objects lsnim -l || return 1
    SSL=$(awk -F'\t' '
        $1 == "master" || ($2 == "type" && $3 == "master" && name == "") { name = $1 }
        $2 == "ssl_support" { support[$1] = tolower($3) }
        END { if (name != "") print support[name] == "yes" ? "yes" : "no" }' "$ROWS")
    SEEN="ssl_support is ${SSL:-not known}"
    [ "$SSL" = "$1" ]
}
""",
)
class SslSupport(NamedTuple):
    """The master's own object shows ssl_support = yes, or does not show it."""

    where: Role
    on: bool

    def words(self) -> str:
        return f"lsnim -l master {'shows ssl_support = yes' if self.on else 'shows no ssl_support'}"

    def shell(self) -> Tuple[str, ...]:
        return ("ssl_support", "yes" if self.on else "no")

    def decide(self, now: Snapshot, was: Was) -> Answer:
        objects = now.fact(self.where, NimObjects)
        support = objects.ssl_support() if objects else None
        if support is None:
            return Answer(None, "whether SSL is on is not known (lsnim -l)")
        return Answer(support is self.on, f"ssl_support is {'yes' if support else 'not there'}")


@condition(
    "certificates-are",
    shell=r"""
certificates_are() {
    certificates || return 1
    SEEN='the certificates are others by now'
    [ "$(for SUM in "$@"; do printf '%s\n' "$SUM"; done | sort -u)" = "$SUMS" ]
}
""",
)
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

    def shell(self) -> Tuple[str, ...]:
        return ("certificates_are", *self.checksums)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        certificates = now.fact(self.where, Certificates)
        if certificates is None and not self.fingerprints:
            paths = now.fact(self.where, Paths)
            if not (paths and (paths.absent(CERTS) or paths.listed(f"{CERTS}/*")) and not paths.below(CERTS)):
                return Answer(None, f"whether a certificate is below {CERTS} is not known")
        found = tuple(sorted(certificates.identities())) if certificates else ()
        same = found == self.fingerprints
        return Answer(same, "the certificates are unchanged" if same else "the certificates are others by now")


@condition(
    "certificate-new",
    shell=r"""
certificate_new() {
    holding > "$WORK/files"
    SEEN='no certificate file below /ssl_nimsh/certs is new'
    while read -r FILE; do
        [ -z "$(find "$R$FILE" -newer "$STATE/begun" -print)" ] && grep -Fx "$(ls -li "$R$FILE")" "$STATE/certificates" > /dev/null || return 0
    done < "$WORK/files"
    return 1
}
""",
)
class CertificateNew(NamedTuple):
    """A file below /ssl_nimsh/certs holds a certificate and is new: by time of change, inode or bytes."""

    where: Role

    def words(self) -> str:
        return f"a certificate file below {CERTS} of the {self.where.value} is new"

    def shell(self) -> Tuple[str, ...]:
        return ("certificate_new",)

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


@condition(
    "certificates-renewed",
    shell=r"""
certificates_renewed() {
    certificates || return 1
    SEEN='no certificate is below /ssl_nimsh/certs, or an old one is still there'
    [ -n "$SUMS" ] || return 1
    for SUM in "$@"; do ! printf '%s\n' "$SUMS" | grep -x "$SUM" > /dev/null || return 1; done
}
""",
)
class CertificatesRenewed(NamedTuple):
    """None of the certificates the master had before is left below /ssl_nimsh/certs, and there are some."""

    where: Role
    former: Tuple[str, ...]
    checksums: Tuple[str, ...]

    def words(self) -> str:
        return f"the {self.where.value}'s certificates are new ones"

    def shell(self) -> Tuple[str, ...]:
        return ("certificates_renewed", *self.checksums)

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

    def shell(self) -> Tuple[str, ...]:
        return ()

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


@condition(
    "secured-clients-are",
    shell=r"""
secured_clients_are() {
    objects lsnim -l && machines 'tolower(v("connect")) ~ /^nimsh[ \t]+\(secure\)$/' || return 1
    SEEN=$(printf '%s\n' "$MACHINES" | sort) && SEEN=$(printf '%s\n' "$SEEN" | awk -v besides=" $2 " 'NF && !index(besides, " " $1 " ") { printf "%s%s", between, $1; between = " " }') && [ "$SEEN" = "$1" ]
}
""",
)
class SecuredClientsAre(NamedTuple):
    """The clients that would lose their push are these and no other: machines of `connect = nimsh (secure)`."""

    where: Role
    names: Tuple[str, ...]
    besides: Tuple[str, ...] = ()

    def words(self) -> str:
        if not self.names:
            return "no other client is secured"
        return f"the other secured clients are {', '.join(self.names)}, and no more"

    def shell(self) -> Tuple[str, ...]:
        return ("secured_clients_are", " ".join(sorted(self.names)), " ".join(self.besides))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        objects = now.fact(self.where, NimObjects)
        if objects is None:
            return Answer(None, "the master's clients are not known (lsnim -l)")
        if objects.cut:
            return Answer(None, "only a part of lsnim -l was given, which need not show every secured client")
        found = sorted(machine.name for machine in objects.connected(SECURE) if machine.name not in self.besides)
        if found == sorted(self.names):
            return Answer(True, "the other secured clients are the same")
        return Answer(False, f"the other secured clients are {', '.join(found) or 'none'}")


@condition(
    "tree-complete",
    shell=r"""
tree_complete() {
    for PART in certs configs keys; do
        no_link_above "/ssl_nimsh/$PART/x" || return 1
        SEEN="missing or empty: /ssl_nimsh/$PART"
        [ -n "$(ls -A "$R/ssl_nimsh/$PART" 2> /dev/null)" ] || return 1
    done
}
""",
)
class TreeComplete(NamedTuple):
    """/ssl_nimsh has certs, configs and keys, none of them empty."""

    where: Role

    def words(self) -> str:
        return f"{TREE} of the {self.where.value} has certs, configs and keys, none empty"

    def shell(self) -> Tuple[str, ...]:
        return ("tree_complete",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        try:
            place = now.files(self.where)
        except Elsewhere:
            paths = now.fact(self.where, Paths)
            lacking = [part for part in PARTS if not paths or not paths.below(f"{TREE}/{part}")]
        else:
            lacking = [part for part in PARTS if not (place.stat(f"{TREE}/{part}") and place.names(f"{TREE}/{part}"))]
        paths = ", ".join(f"{TREE}/{part}" for part in lacking)
        return Answer(not lacking, f"missing or empty: {paths}" if lacking else f"{TREE} is complete")
