"""`nimclient -c`, as somebody recorded it: which of its steps left their line."""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.facts.loader import LoaderComplaint, complaints
from nimdoctor.model.rows import ONLY_CLIENT, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_EXTRACTED = re.compile(r"\s*x - (/\S+)\s*")
_RECEIVED = re.compile(r"\s*Received\s+\d{1,18}\s+Bytes?\b.*", re.IGNORECASE | re.ASCII)
_SRC = re.compile(r"(?<![\d-])(0513-\d{3})(?!\d)", re.ASCII)
_STEPS = {"0513-044": "stopped", "0513-077": "changed", "0513-059": "started"}
_HARMLESS = ("0513-004", "0513-095")
"""Already inoperative when told to stop; refreshed."""
_ERROR = re.compile(
    r"(?<![\d-])(?:0042|0509|0707)-\d{3}(?!\d)|^\s*tftp: |^\s*Error code \d"
    r"|\bTransfer timed out\b|\bAccess violation\b",
    re.IGNORECASE | re.ASCII,
)
_TFTP_FAILURE = re.compile(r"\b(?:error|failed|timed out|denied)\b", re.IGNORECASE)


@fact(
    Row("nimclient -c", Kind.COMMAND, roles=ONLY_CLIENT, live=False, variants=("nimclient -c",), bears_refusal=True),
    reads_parts=True,
)
class CryptoSetup(NamedTuple):
    """The lines of the run by step; a missing step has none.

    >>> setup = CryptoSetup.parse(Text.of('''x - /usr/lib/libssl.so.0.9.8
    ... x - /usr/lib/libcrypto.so.0.9.8
    ... Received 2788 Bytes in 0.0 Seconds
    ... 0513-044 The nimsh Subsystem was requested to stop.
    ... 0513-077 Subsystem has been changed.
    ... 0513-059 The nimsh Subsystem has been started. Subsystem PID is 4653142.
    ... ''', "nimclient -c"))
    >>> setup.libraries, setup.received.line, setup.started.line, setup.fetch_failed
    (('/usr/lib/libssl.so.0.9.8', '/usr/lib/libcrypto.so.0.9.8'), 3, 6, False)
    """

    source: str
    extracted: Tuple[Quote, ...] = ()
    received: Optional[Quote] = None
    stopped: Optional[Quote] = None
    changed: Optional[Quote] = None
    started: Optional[Quote] = None
    errors: Tuple[Quote, ...] = ()
    loader: Tuple[LoaderComplaint, ...] = ()

    @classmethod
    def parse(cls, text: Text) -> "CryptoSetup":
        """Raises BadEvidence when no line is a step of the run or an error of one."""
        extracted: List[Quote] = []
        errors: List[Quote] = []
        received: Optional[Quote] = None
        steps: Dict[str, Quote] = {}
        any_text = False
        for quote in text.quotes():
            line = quote.text
            any_text = any_text or bool(line.strip())
            src = _SRC.search(line)
            if _EXTRACTED.fullmatch(line):
                extracted.append(quote)
            elif _RECEIVED.fullmatch(line):
                received = quote
            elif src and src.group(1) in _STEPS:
                steps[_STEPS[src.group(1)]] = quote
            elif (
                _ERROR.search(line)
                or (src and src.group(1) not in _HARMLESS)
                or ("tftp" in line.lower() and _TFTP_FAILURE.search(line))
            ):
                errors.append(quote)
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if not (extracted or received or steps or errors):
            raise BadEvidence(f"{text.source} is not the output of nimclient -c")
        return cls(
            text.source,
            tuple(extracted),
            received,
            steps.get("stopped"),
            steps.get("changed"),
            steps.get("started"),
            tuple(errors),
            complaints(text.quotes()),
        )

    @property
    def libraries(self) -> Tuple[str, ...]:
        """The paths that were extracted."""
        found = (_EXTRACTED.fullmatch(quote.text) for quote in self.extracted)
        return tuple(match.group(1) for match in found if match)

    @property
    def fetch_failed(self) -> bool:
        """Whether the run got as far as to fetch the certificate, or failed, and received nothing."""
        return bool(self.extracted or self.errors) and self.received is None

    def whole(self) -> Quote:
        """A quote that means the whole output."""
        return Quote(self.source, None, "")
