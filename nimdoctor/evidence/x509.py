"""Reading certificates, in two ways that give the same record: our own reader and `openssl x509`.

Our own comes first. What it refuses goes to the host's own `openssl x509` on a live host; recorded evidence has that
command's recorded output instead. Only CERTIFICATE blocks come here, and nothing else leaves.
"""

import re
from typing import Dict, FrozenSet, List, Optional, Sequence

from nimdoctor.evidence import openssl_text
from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.evidence.certificates_only import certificate_block
from nimdoctor.evidence.der import BadDer, read_certificate
from nimdoctor.evidence.redacted_certificates import RedactedCertificate, RedactedFile, is_stand_in
from nimdoctor.evidence.source import Evidence
from nimdoctor.model.certificate_record import X509Record
from nimdoctor.model.host_readers import Printed
from nimdoctor.model.text import BadEvidence, decode

FACT = "CertificateDetails"
"""The fact that is made of what is read here."""
DEADLINE = 10.0
"""Seconds that `openssl x509` may take: it reads one block."""

_IN = re.compile(r"-in[ =]\s*(?:\"([^\"]+)\"|'([^']+)'|(\S+))")
_IN_FILE_NAME = re.compile(r"-in ssl nimsh certs (.+)\Z")


class X509Reader:
    """Reads certificates for the facts of one host."""

    def __init__(self, evidence: Evidence, catalog: Catalog) -> None:
        self.evidence = evidence
        self._rows = catalog.rows_for(FACT)
        self._no_openssl = ""
        self._stand_ins: Optional[Dict[bytes, RedactedCertificate]] = None

    def read(self, der: bytes) -> X509Record:
        """What a certificate says. Raises BadEvidence, with what to record."""
        if is_stand_in(der):
            return self._from_manifest(der)
        try:
            return read_certificate(der)
        except BadDer as error:
            refused = f"it is not plain DER: {error}"
        try:
            return self._by_openssl(der)
        except ValueError as error:
            raise BadEvidence(f"{refused}; {error}") from error

    def printed(self) -> List[Printed]:
        """What recorded outputs of `openssl x509` say; one that tells no validity is left out."""
        found = []
        for row in self._rows:
            for text in self.evidence.texts(row, {}) if row.kind is Kind.COMMAND else ():
                try:
                    record = openssl_text.parse(text.read())
                except ValueError:
                    continue
                found.append(Printed(_path_of(text.name), text.source, record))
        for file in self._redacted_files():
            for certificate in file.certificates if file.command else ():
                if isinstance(certificate.record, X509Record):
                    found.append(Printed(file.path, str(file.command), certificate.record))
        return found

    def _redacted_files(self) -> Sequence[RedactedFile]:
        return () if self.evidence.live else self.evidence.redacted_certificates

    def _from_manifest(self, der: bytes) -> X509Record:
        if self._stand_ins is None:
            # of two with one identity the first counts
            every = [certificate for file in self._redacted_files() for certificate in file.certificates]
            self._stand_ins = {certificate.stand_in: certificate for certificate in reversed(every)}
        if der not in self._stand_ins:
            raise BadEvidence("what it says is not in the manifest")
        return self._stand_ins[der].read()

    def looked_at(self) -> FrozenSet[str]:
        """Paths of the files that were there to be read, whatever was in them."""
        rows = [row for row in self._rows if row.kind is Kind.FILE]
        return frozenset(text.name for row in rows for text in self.evidence.texts(row, {}))

    def _by_openssl(self, der: bytes) -> X509Record:
        if not self.evidence.live:
            raise BadEvidence(f"record: openssl {' '.join(openssl_text.ARGUMENTS)} -in PATH")
        if not self._no_openssl:
            result, refusal = self.evidence.run(
                ("openssl", *openssl_text.ARGUMENTS), DEADLINE, stdin=certificate_block(der)
            )
            if result is None:
                self._no_openssl = refusal
            elif result.timed_out:
                # a program that hung once is not run again
                self._no_openssl = "hung"
            else:
                return openssl_text.parse(decode(result.stdout))
        raise BadEvidence(f"openssl x509: {self._no_openssl}")


def _path_of(command: str) -> str:
    """The path that a recorded `openssl x509` was about: its -in, as far as the record still tells."""
    lost = _IN_FILE_NAME.search(command)
    if lost:
        # the name of the output's file has a blank for every slash and underscore
        return f"/ssl_nimsh/certs/{lost.group(1).rstrip()}"
    found = _IN.search(command)
    return next((word for word in found.groups() if word), command) if found else command
