"""What the certificates of a host say: whose they are, how long they hold, and by which key they were signed."""

from typing import Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.certificates import CERTS, CertificateFile, Certificates
from nimdoctor.facts.paths import Paths
from nimdoctor.model.certificate_record import X509Record
from nimdoctor.model.host_readers import CertificateReader, Printed
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote
from nimdoctor.model.wording import as_utc

LIMIT = 200
"""Certificates of a host that are read; nobody has more than a few."""
ONE_MAKING = 3600
"""Seconds within which the files of one `nimconfig -c` are written."""


class CertificateDetail(NamedTuple):
    """One certificate of a file: `position` counts from 1 in it, `mtime` (epoch seconds) is the file's where it is known.

    `beside_key` says that a private key stands in the same file; nothing of it is kept. `source` is what a quote names.
    """

    path: str
    position: int
    mtime: Optional[int]
    beside_key: bool
    source: str
    x509: X509Record

    def quote(self) -> Quote:
        """What it says in words. No line is named: it might be one of a key."""
        from_to = f"notBefore={as_utc(self.x509.not_before)}, notAfter={as_utc(self.x509.not_after)}"
        size = f" {self.x509.key_bits}" if self.x509.key_bits else ""
        signed = f"{self.x509.key_type}{size}, {self.x509.signature}"
        return Quote(self.source, None, f"certificate {self.position}: {self.x509.subject}: {from_to}, {signed}")

    @property
    def words(self) -> str:
        """How a message names it."""
        return f"{self.path} ({self.x509.subject})" if self.x509.subject else self.path


class Unread(NamedTuple):
    """A certificate, or block of one, that cannot be read, and why."""

    path: str
    position: int
    why: str


@fact(
    "/ssl_nimsh/certs/*",
    Row(
        "openssl x509 -noout -text -nameopt RFC2253 -pubkey -fingerprint -sha256 -in {CERTIFICATE}",
        Kind.COMMAND,
        live=False,
        variants=("openssl x509",),
    ),
)
class CertificateDetails(NamedTuple):
    """`certificates` in the order of their files. `unread` are those that cannot be read, `uncollected` paths of
    files below /ssl_nimsh/certs that are known to be there and were not collected.
    """

    certificates: Tuple[CertificateDetail, ...]
    unread: Tuple[Unread, ...]
    uncollected: Tuple[str, ...]
    source: str

    @classmethod
    def derive(
        cls, certificates: Optional[Certificates], paths: Optional[Paths], reader: CertificateReader
    ) -> "CertificateDetails":
        """From the files, else from recorded outputs of `openssl x509`; empty where there is known to be no certificate.

        Raises BadEvidence when none of them tells anything.
        """
        found: List[CertificateDetail] = []
        unread: List[Unread] = []
        for file in certificates.files if certificates else ():
            state = paths.get(file.path) if paths else None
            _read(file, state.mtime if state else None, reader, found, unread)
        sources = [certificates.source] if certificates else []
        for printed in reader.printed():
            if not any(_same(one, printed) for one in found):
                state = paths.get(printed.path) if paths else None
                mtime = state.mtime if state else None
                found.append(CertificateDetail(printed.path, 1, mtime, False, printed.source, printed.record))
                unread = [one for one in unread if (one.path, one.position) != (printed.path, 1)]
                sources.append(printed.source)
        known = reader.looked_at() | {one.path for one in found}
        there = sorted(path for path, state in paths.below(CERTS).items() if state.kind != "dir") if paths else []
        uncollected = tuple(path for path in there if path not in known)
        foreign = _without_certificate(certificates, paths, reader.looked_at())
        if not found and not unread and not uncollected and not foreign and paths and (there or _known_empty(paths)):
            return cls((), (), (), paths.source)
        if not found:
            why = "; ".join(f"certificate {one.position} of {one.path}: {one.why}" for one in unread)
            raise BadEvidence(why or f"no certificate of {CERTS} is known", f"{CERTS}/*")
        return cls(tuple(found), tuple(unread), uncollected, ", ".join(dict.fromkeys(sources)))

    def in_use(self) -> Tuple[CertificateDetail, ...]:
        """Those of the newest files, and the issuers of these among the older; all where times are not known.

        `nimconfig -c` writes several files, so what was written within an hour is one making.
        """
        times = [one.mtime for one in self.certificates if one.mtime is not None]
        if not times:
            return self.certificates
        oldest = max(times) - ONE_MAKING
        chosen = [one for one in self.certificates if one.mtime is None or one.mtime >= oldest]
        for one in chosen:
            if not any(other.x509.may_have_issued(one.x509) for other in chosen):
                # the list grows while it is gone through, so that the issuer's issuer is looked for too
                chosen += [other for other in self.left_out(chosen) if other.x509.may_have_issued(one.x509)]
        return tuple(one for one in self.certificates if one in chosen)

    def left_over(self) -> Tuple[CertificateDetail, ...]:
        """Those that are not in use by their time: older ones that nothing newer rests on."""
        return self.left_out(self.in_use())

    def left_out(self, chosen: Sequence[CertificateDetail]) -> Tuple[CertificateDetail, ...]:
        """All but these."""
        return tuple(one for one in self.certificates if one not in chosen)

    def timed(self) -> bool:
        """Whether the time of every file is known, so that it is sure which are in use."""
        return all(one.mtime is not None for one in self.certificates)

    def issuer_keys(self) -> Dict[CertificateDetail, Optional[str]]:
        """Of each certificate in use the identity of the key that signed it, as far as its issuer is in use too.

        None where the issuer is not there. A name alone does not tell: a root made anew has the name of the old one.
        """
        used = self.in_use()
        keys: Dict[CertificateDetail, Optional[str]] = {}
        for one in used:
            issuers = {other.x509.key_identity for other in used if other.x509.may_have_issued(one.x509)}
            keys[one] = issuers.pop() if len(issuers) == 1 else None
        return keys

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")


def _known_empty(paths: Paths) -> bool:
    """Whether there is known to be no file: by a listing, or by a record with times, which a manifest alone has and
    which goes into directories.
    """
    if paths.absent(CERTS) or paths.listed(f"{CERTS}/*"):
        return True
    state = paths.get(CERTS)
    return state is not None and state.mtime is not None and not paths.hidden(CERTS)


def _without_certificate(
    certificates: Optional[Certificates], paths: Optional[Paths], looked_at: FrozenSet[str]
) -> List[str]:
    """The files in which something else stands than a certificate; what is known to be empty holds none for sure."""
    held = {file.path for file in certificates.files} if certificates else set()
    states = {path: paths.get(path) if paths else None for path in looked_at - held}
    return sorted(path for path, state in states.items() if not (state and state.size == 0))


def _read(
    file: CertificateFile,
    mtime: Optional[int],
    reader: CertificateReader,
    found: List[CertificateDetail],
    unread: List[Unread],
) -> None:
    position = 0
    for position, der in enumerate(file.certificates, 1):
        if len(found) + len(unread) >= LIMIT:
            unread.append(Unread(file.path, position, f"more than {LIMIT} certificates; the rest was not read"))
            return
        try:
            record = reader.read(der)
        except BadEvidence as error:
            unread.append(Unread(file.path, position, str(error)))
        else:
            found.append(CertificateDetail(file.path, position, mtime, file.holds_private_key, file.at.source, record))
    if file.damaged:
        unread.append(Unread(file.path, position + 1, f"{file.damaged} damaged CERTIFICATE block(s)"))


def _same(one: CertificateDetail, printed: Printed) -> bool:
    if printed.record.fingerprint and one.x509.fingerprint:
        return printed.record.fingerprint == one.x509.fingerprint
    return (one.path, one.position) == (printed.path, 1)
