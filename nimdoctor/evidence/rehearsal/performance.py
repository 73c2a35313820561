"""The steps of a rehearsal, with pyOpenSSL: what nimsh and the master load, and their handshake.

Imported by the child process only. What is not public of nimsh is inferred: that it verifies the other
end's certificate, and that it trusts what stands in the file that travels. Files are told apart by what
they hold: a certificate's key is the one with its public key, whatever the files are called; only which
of two certificates goes to the clients is taken from its name where that is server.pem or client.pem.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from OpenSSL import SSL, crypto

from nimdoctor.evidence.rehearsal import KEYS
from nimdoctor.evidence.rehearsal.failure import RehearsalFailure
from nimdoctor.evidence.rehearsal.openssl_errors import first_error
from nimdoctor.evidence.rehearsal.pem import PemFile

TRAVELS, STAYS = "server.pem", "client.pem"
"""SSL_server.cnf makes the certificate that is distributed to clients, SSL_client.cnf the master's own."""
NIMSH, MASTER = "nimsh", "master"
CIPHERS = b"DEFAULT:@SECLEVEL=0"
"""nimsh takes keys and signatures that today's OpenSSL refuses at its own level."""
NO_ISSUER = ("2", "20", "21")
"""Numbers of verify errors that say no more than that the issuer is not there."""
ROUNDS = 40
"""Exchanges of messages; a handshake needs three or four."""


class Encrypted(Exception):
    """Raised by the passphrase callback: nobody is there to be asked."""


class RehearsedCertificate(NamedTuple):
    """A certificate: its SHA-256 as OpenSSL writes it, its public key (DER), whether it names itself as issuer."""

    fingerprint: str
    public: bytes
    root: bool
    x509: Any


class Key(NamedTuple):
    """A private key and its public half (DER); it never leaves this process."""

    path: str
    key: Any
    public: bytes


class Loaded(NamedTuple):
    """A certificate file with its certificates loaded, and the keys in it."""

    path: str
    name: str
    certificates: Tuple[RehearsedCertificate, ...]
    keys: Tuple[Key, ...]
    failure: Optional[RehearsalFailure] = None


class Side(NamedTuple):
    """What one side of the handshake loads."""

    name: str
    file: Loaded
    certificate: RehearsedCertificate
    key: Key


def perform(certificate_files: Sequence[PemFile], key_files: Sequence[PemFile]) -> Dict[str, object]:
    """Runs every step; what is told of the sides that fit. Raises Failure."""
    _context()  # a library that cannot do it at all says so before anything is loaded
    files = [_load(file) for file in certificate_files]
    keys, failures = _load_keys(key_files)
    keys = [key for file in files for key in file.keys] + keys
    first: Optional[RehearsalFailure] = None
    for nimsh, master in _casts(files):
        try:
            return _play(_side(NIMSH, nimsh, keys, failures), _side(MASTER, master, keys, failures), files)
        except RehearsalFailure as failure:
            first = first or failure
    assert first
    raise first


# -- loading


def _load(file: PemFile) -> Loaded:
    """A certificate file; what fails in it counts only when it is one of those that are used."""
    if file.unread:
        return Loaded(file.path, file.name, (), (), RehearsalFailure("certificate", file.unread, path=file.path))
    certificates: List[RehearsedCertificate] = []
    failure: Optional[RehearsalFailure] = None
    for block in file.certificates() or [b""]:
        try:
            certificates.append(_certificate(crypto.load_certificate(crypto.FILETYPE_PEM, block)))
        except crypto.Error as error:
            failure = failure or RehearsalFailure("certificate", *first_error(error), path=file.path)
    keys, failures = _load_keys([file])
    failure = failure or next(iter(failures), None)
    return Loaded(file.path, file.name, tuple(certificates), tuple(keys), failure)


def _load_keys(files: Sequence[PemFile]) -> Tuple[List[Key], List[RehearsalFailure]]:
    keys: List[Key] = []
    failures: List[RehearsalFailure] = []
    for file in files:
        if file.unread:
            failures.append(RehearsalFailure("private key", file.unread, path=file.path))
        # a file of certificates needs no key, one below keys does
        for block in file.keys() or ([b""] if file.path.startswith(KEYS) and not file.unread else []):
            try:
                key = crypto.load_privatekey(crypto.FILETYPE_PEM, block, _refuse)
                keys.append(Key(file.path, key, crypto.dump_publickey(crypto.FILETYPE_ASN1, key)))
            except Encrypted:
                failures.append(RehearsalFailure("private key", "the private key is encrypted", path=file.path))
            except (crypto.Error, ValueError) as error:
                failures.append(RehearsalFailure("private key", *first_error(error), path=file.path))
    return keys, failures


def _refuse(*_: object) -> bytes:
    raise Encrypted


def _certificate(x509: Any) -> RehearsedCertificate:
    try:
        public = crypto.dump_publickey(crypto.FILETYPE_ASN1, x509.get_pubkey())
    except crypto.Error:
        public = b""
    try:
        read = x509.to_cryptography()
        root = bool(read.issuer == read.subject)
    except Exception:  # cryptography reads more strictly than OpenSSL does
        root = False
    return RehearsedCertificate(_text(x509.digest("sha256")), public, root, x509)


# -- who plays whom


def _casts(files: Sequence[Loaded]) -> List[Tuple[Loaded, Loaded]]:
    """Pairs of files for nimsh and the master, best guess first. Raises Failure when no file will do."""
    named = {file.name: file for file in files}
    if TRAVELS in named and STAYS in named:
        return [(named[TRAVELS], named[STAYS])]
    own = [file for file in files if not all(found.root for found in file.certificates)]
    # what travels holds its key (CVE-2025-36096)
    usable = sorted(own or [file for file in files if file.certificates], key=lambda file: (not file.keys, file.name))
    if TRAVELS in named:
        others = [file for file in usable if file.name != TRAVELS]
        return [(named[TRAVELS], file) for file in [*others, named[TRAVELS]][:2]]
    if not usable:
        raise next(
            (file.failure for file in files if file.failure),
            RehearsalFailure("certificate", "no certificate was found"),
        )
    if len(usable) == 1:
        return [(usable[0], usable[0])]
    return [(usable[0], usable[1]), (usable[1], usable[0])]


def _side(name: str, file: Loaded, keys: Sequence[Key], failures: Sequence[RehearsalFailure]) -> Side:
    """The side's certificate with the key of its public key. Raises Failure."""
    if file.failure:
        raise file.failure
    if name == NIMSH and file.keys:
        # no other key comes to a client
        keys = file.keys
    for certificate in file.certificates:
        for key in keys:
            if certificate.public and key.public == certificate.public:
                return Side(name, file, certificate, key)
    # a key that could not be loaded may be the one; else any other shows what OpenSSL says of it
    stem = file.name.rsplit(".", 1)[0]
    close = sorted(failures, key=lambda failure: not failure.path.rsplit("/", 1)[-1].startswith(stem))
    if close:
        raise close[0]
    if not keys:
        raise RehearsalFailure("private key", "no private key was found", path=KEYS)
    wrong = sorted(keys, key=lambda key: not key.path.rsplit("/", 1)[-1].startswith(stem))[0]
    context = _context()
    try:
        context.use_certificate(file.certificates[0].x509)
        context.use_privatekey(wrong.key)
        context.check_privatekey()
    except SSL.Error as error:
        reason, code = first_error(error)
    else:
        reason, code = "key values mismatch", ""
    raise RehearsalFailure("key matches certificate", reason, code, path=file.path, side=name)


# -- the steps


def _play(nimsh: Side, master: Side, files: Sequence[Loaded]) -> Dict[str, object]:
    every = _distinct([found for file in files for found in file.certificates])
    roots = [found for found in every if found.root]
    between = [found for found in every if not found.root]
    # a client has the one file that was brought to it, the master has all of them
    travelled = _distinct([found for found in nimsh.file.certificates if found.root])
    trusted_by_nimsh = _verified(master, travelled or roots, between)
    trusted_by_master = _verified(nimsh, roots, between)
    protocol = _handshake(_equipped(nimsh, trusted_by_nimsh, between), _equipped(master, trusted_by_master, between))
    sides = [[side.name, side.file.path, side.certificate.fingerprint, side.key.path] for side in (nimsh, master)]
    return {"openssl": _text(SSL.SSLeay_version(SSL.SSLEAY_VERSION)), "protocol": protocol, "sides": sides}


def _distinct(certificates: Sequence[RehearsedCertificate]) -> List[RehearsedCertificate]:
    return list({found.fingerprint: found for found in certificates}.values())


def _verified(
    side: Side, roots: Sequence[RehearsedCertificate], between: Sequence[RehearsedCertificate]
) -> RehearsedCertificate:
    """The root by which the other end may trust this side's certificate. Raises Failure.

    One root after the other: with several of one name OpenSSL takes the first and goes no further.
    """
    failures: List[RehearsalFailure] = []
    chain = [found.x509 for found in between if found != side.certificate]
    candidates: List[Optional[RehearsedCertificate]] = [*roots]
    for root in candidates or [None]:
        store = crypto.X509Store()
        if root is not None:
            store.add_cert(root.x509)
        try:
            crypto.X509StoreContext(store, side.certificate.x509, chain).verify_certificate()
            if root is not None:
                return root
        except crypto.X509StoreContextError as error:
            number, depth, message = error.errors
            code = f"verify error {number} at depth {depth}"
            failures.append(RehearsalFailure("chain", message, code, side.file.path, side.name))
    # "unable to get issuer certificate" only says that this was not the root it is about
    failures.sort(key=lambda failure: failure.code.split()[2] in NO_ISSUER)
    raise failures[0]


def _context() -> Any:
    """Raises Failure when the library has no such level."""
    try:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_cipher_list(CIPHERS)
        context.set_min_proto_version(0)
        # both ends are this library; with 1.0.2 at one of them no push gets beyond 1.2
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        return context
    except SSL.Error as error:
        raise RehearsalFailure("context", *first_error(error)) from error


def _equipped(side: Side, trusted: RehearsedCertificate, between: Sequence[RehearsedCertificate]) -> Any:
    """The side's context: its certificate, its key, and the root it trusts the other by. Raises Failure."""
    context = _context()
    step, path = "certificate", side.file.path
    try:
        context.use_certificate(side.certificate.x509)
        step, path = "private key", side.key.path
        context.use_privatekey(side.key.key)
        step, path = "key matches certificate", side.file.path
        context.check_privatekey()
    except SSL.Error as error:
        raise RehearsalFailure(step, *first_error(error), path=path, side=side.name) from error
    store = context.get_cert_store()
    store.add_cert(trusted.x509)
    for extra in between:
        if extra != side.certificate:
            context.add_extra_chain_cert(extra.x509)
    return context


def _handshake(accepting: Any, connecting: Any) -> str:
    """The protocol that was agreed on. Raises Failure."""
    refused: List[Tuple[int, int]] = []

    def verified(_: Any, __: Any, number: int, depth: int, good: int) -> bool:
        if not good:
            refused.append((number, depth))
        return bool(good)

    for context in (accepting, connecting):
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verified)
    nimsh, master = SSL.Connection(accepting, None), SSL.Connection(connecting, None)
    nimsh.set_accept_state()
    master.set_connect_state()
    waiting = {MASTER: master, NIMSH: nimsh}
    for _ in range(ROUNDS):
        moved = False
        for name, end, other in ((MASTER, master, nimsh), (NIMSH, nimsh, master)):
            if name in waiting:
                try:
                    end.do_handshake()
                    del waiting[name]
                    moved = True
                except SSL.WantReadError:
                    pass
                except SSL.Error as error:
                    reason, code = first_error(error)
                    if refused:
                        code += f", verify error {refused[0][0]} at depth {refused[0][1]}"
                    raise RehearsalFailure("handshake", reason, code, side=name) from error
            moved = _carried(end, other) or moved
        if not waiting:
            return str(master.get_protocol_version_name())
        if not moved:
            break
    raise RehearsalFailure("handshake", "both sides wait for each other", side="".join(list(waiting)[:1]))


def _carried(end: Any, other: Any) -> bool:
    """Brings what one side has written to the other; whether there was anything."""
    moved = False
    while True:
        try:
            written = end.bio_read(65536)
        except SSL.WantReadError:
            return moved
        other.bio_write(written)
        moved = True


def _text(raw: Any) -> str:
    return raw.decode("ascii", "replace") if isinstance(raw, bytes) else str(raw)
