"""`openssl version`: the program's own version, beside the fileset's level."""

import re
from typing import NamedTuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_VERSION = re.compile(r"\s*OpenSSL\s+(\d[\w.+-]*)(?:\s.*)?", re.ASCII)


@fact(Row("openssl version", Kind.COMMAND, variants=("openssl version",)), reads_parts=True)
class OpensslVersion(NamedTuple):
    """The version line as printed, and the version in it.

    >>> found = OpensslVersion.parse(Text.of("OpenSSL 1.0.2u  20 Dec 2019\\n", "openssl version"))
    >>> found.version, found.text
    ('1.0.2u', 'OpenSSL 1.0.2u  20 Dec 2019')
    """

    source: str
    text: str
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "OpensslVersion":
        """Raises BadEvidence when no line begins with `OpenSSL` and a version."""
        any_text = False
        for quote in text.quotes():
            if _VERSION.fullmatch(quote.text):
                return cls(text.source, quote.text.strip(), quote)
            any_text = any_text or bool(quote.text.strip())
        raise BadEvidence(f"{text.source} {'names no version of OpenSSL' if any_text else 'is empty'}")

    @property
    def version(self) -> str:
        """Only the version: `1.0.2u`, `3.0.8`."""
        found = _VERSION.fullmatch(self.text)
        return found.group(1) if found else ""

    def whole(self) -> Quote:
        """The line itself."""
        return self.at
