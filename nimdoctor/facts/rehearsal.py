"""What came of rehearsing a push's handshake with the master's own files."""

import enum
import json
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.model.own_files import REHEARSAL
from nimdoctor.model.rows import ONLY_MASTER, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_VERIFY_ERROR = re.compile(r"verify error (\d+)")
_EXPIRED, _NOT_YET_VALID = 10, 9

_IN_WORDS = {
    "key values mismatch": "the private key belongs to another certificate",
    "key type mismatch": "the private key is of another kind than the certificate's, so it belongs to another one",
    "no private key was found": "there is none in any of the files",
    "the private key is encrypted": "a passphrase is asked for, and nimsh has nobody to ask",
    "no start line": "the file holds no PEM block of that kind",
    "unsupported": "what stands in the file is no PEM block that OpenSSL can read",
    "bad base64 decode": "the text between BEGIN and END is damaged",
    "bad end line": "the END line is missing or damaged",
    "both sides wait for each other": "neither side sends another word",
}
_VERIFY_IN_WORDS = {
    2: "the certificate that signed its signer is in none of the files",
    7: "it was not signed by the root of that name that is there",
    _NOT_YET_VALID: "its first day has not come",
    _EXPIRED: "its last day has passed",
    20: "the certificate that signed it is in none of the files",
    26: "it was made for another purpose",
}
"""What OpenSSL's reasons mean, by its words; those of a verification by number, since their words have changed."""


class Cause(enum.Enum):
    """What kind of thing made a step fail, as far as it decides what to do."""

    KEY = "key"
    ENCRYPTED = "encrypted"
    CHAIN = "chain"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    DAMAGED = "damaged"
    OTHER = "other"


class RehearsedSide(NamedTuple):
    """What one side loaded: its name (nimsh, master), paths, and the certificate's SHA-256 as OpenSSL writes it."""

    name: str
    certificate: str
    fingerprint: str
    key: str

    @property
    def at(self) -> Quote:
        """The certificate's file, and which key fits it."""
        where = "a key in the same file" if self.key == self.certificate else self.key
        return Quote(self.certificate, None, f"{self.name}: certificate sha256 {self.fingerprint}, fits {where}")


@fact(Row(REHEARSAL, Kind.REHEARSAL, roles=ONLY_MASTER))
class Rehearsal(NamedTuple):
    """How a rehearsal ended: `fits`, `fails` at a step, or neither, where none could be held.

    `reason` is OpenSSL's, or why none was held; `code` is OpenSSL's number for it; `path` the file it is
    about, `side` nimsh or master, both empty where it is about none. `openssl` is the library that was used.

    >>> text = '{"rehearsal": "fails", "step": "chain", "reason": "certificate has expired", "code": "verify error 10"}'
    >>> found = Rehearsal.parse(Text.of(text, "rehearsal of the handshake"))
    >>> found.fails, found.fits, found.cause.value, found.in_words
    (True, False, 'expired', 'certificate has expired: its last day has passed')
    """

    outcome: str
    reason: str
    step: str
    code: str
    path: str
    side: str
    openssl: str
    protocol: str
    sides: Tuple[RehearsedSide, ...]
    source: str

    @classmethod
    def parse(cls, text: Text) -> "Rehearsal":
        """From the verdict, one line of JSON. Raises BadEvidence for anything else."""
        try:
            found = json.loads(text.read())
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or found.get("rehearsal") not in ("fits", "fails", "undone"):
            raise BadEvidence(f"{text.source} ended without a verdict")
        words = ("reason", "step", "code", "path", "side", "openssl", "protocol")
        return cls(
            outcome=found["rehearsal"],
            sides=tuple(_sides(found.get("sides"))),
            source=text.source,
            **{word: _word(found, word) for word in words},
        )

    @property
    def fits(self) -> bool:
        """Every step went through."""
        return self.outcome == "fits"

    @property
    def fails(self) -> bool:
        """A step failed."""
        return self.outcome == "fails"

    @property
    def in_words(self) -> str:
        """OpenSSL's reason, and what it means where that is known."""
        verify_error = _VERIFY_ERROR.search(self.code)
        meaning = _VERIFY_IN_WORDS.get(int(verify_error.group(1))) if verify_error else _IN_WORDS.get(self.reason)
        return f"{self.reason}: {meaning}" if meaning else self.reason

    @property
    def cause(self) -> Optional[Cause]:
        """What kind of thing it was; None unless a step failed."""
        if not self.fails:
            return None
        verify_error = _VERIFY_ERROR.search(self.code)
        if verify_error:
            by_number = {_EXPIRED: Cause.EXPIRED, _NOT_YET_VALID: Cause.NOT_YET_VALID}
            return by_number.get(int(verify_error.group(1)), Cause.CHAIN)
        if "encrypted" in self.reason:
            return Cause.ENCRYPTED
        if self.step == "key matches certificate" or self.reason == "no private key was found":
            return Cause.KEY
        return Cause.DAMAGED if self.step in ("certificate", "private key") else Cause.OTHER

    def quotes(self) -> List[Quote]:
        """What each side loaded; of a failed rehearsal the file and what was said of it."""
        if self.fails:
            failure = f"step '{self.step}'" + (f" of {self.side}" if self.side else "") + f": {self.reason}"
            return [Quote(self.path or self.source, None, failure + (f" ({self.code})" if self.code else ""))]
        return [side.at for side in self.sides]


def _word(found: Dict[str, Any], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


def _sides(found: Any) -> List[RehearsedSide]:
    rows = found if isinstance(found, list) else []
    return [
        RehearsedSide(*row)
        for row in rows
        if isinstance(row, list) and len(row) == 4 and all(isinstance(word, str) for word in row)
    ]
