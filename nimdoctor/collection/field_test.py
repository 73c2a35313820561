"""A field test: what nimdoctor makes of everything that it reads on a host, for those who had no such host.

It reads what `collect` reads and changes nothing. What leaves is shapes: no name, address or number of the site.
"""

import json
import platform
import time
from collections import Counter
from itertools import groupby
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from nimdoctor import __version__, facts
from nimdoctor.collection.collect import rows_of
from nimdoctor.collection.lines_read import STRANGE, LineState, ReadLine, TextRead, lines_read
from nimdoctor.collection.record import recorded_name
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Kind, Row
from nimdoctor.facts.names import MODULES
from nimdoctor.model.text import BadEvidence
from nimdoctor.model.wording import count
from nimdoctor.redaction.neutral import neutral

SCHEMA = "nimdoctor.field-test/1"
_SHAPES = 300
"""Lines of shapes of one text that leave."""
_WORDS = (
    (LineState.UNREAD, "unread"),
    (LineState.READ, "read, in a shape that was not seen before"),
    (LineState.UNTRIED, "not tried, of so many shapes"),
    (LineState.BELIEVED, "of a shape that was only believed"),
)


class Tried(NamedTuple):
    """One file or command. `label` is its name in the catalog, `source` its own; `reason` says why there is no text of it."""

    label: str
    source: str
    seconds: float
    text: Optional[TextRead] = None
    reason: str = ""
    empty_is_answer: bool = False

    @property
    def strange(self) -> Tuple[ReadLine, ...]:
        """Its lines of a shape that no table has."""
        return tuple(line for line in self.text.lines if line.state in STRANGE) if self.text else ()

    @property
    def believed(self) -> Tuple[ReadLine, ...]:
        """Its lines of a shape that was only believed."""
        return tuple(line for line in self.text.lines if line.state is LineState.BELIEVED) if self.text else ()

    @property
    def known(self) -> bool:
        """Whether all of it has a known shape. Of what is not there nothing is said."""
        if self.text is None or (self.text.empty and self.empty_is_answer):
            return True
        return self.text.understood and not self.strange

    def verdict(self, shown: Callable[[str], str] = str) -> str:
        """What is to be said of it, in a few words; `shown` makes of the host's own words what may be told."""
        if self.text is None:
            return shown(self.reason) or "not there"
        if self.text.empty:
            return "empty, which is an answer" if self.empty_is_answer else "empty"
        if not self.text.understood:
            return f"not understood: {shown('; '.join(self.text.reasons))}"
        number = Counter(line.state for line in self.text.lines)
        parts = [f"{number[state]} {words}" for state, words in _WORDS if number[state]]
        return "; ".join(parts) or "known"


class FieldTest(NamedTuple):
    """What was tried, in the order of the catalog; `level` is the host's, None where it does not tell."""

    level: Optional[str]
    role: str
    tried: Tuple[Tried, ...]

    @property
    def known(self) -> bool:
        """Whether every text that is there has a known shape."""
        return all(one.known for one in self.tried)

    def documents(self) -> Dict[str, bytes]:
        """What leaves, by name: a shape for each text, a table of what was tried, and a page that says what it is."""
        documents = {"README.txt": _READ_ME, "field-test.json": json.dumps(self._record(), indent=1) + "\n"}
        for one in self.tried:
            if one.text is None:
                continue
            name = f"shapes/{recorded_name(one.label).partition('/')[2] or 'text'}"
            number = sum(taken.startswith(name) for taken in documents)
            documents[f"{name}{f'.{number + 1}' if number else ''}.txt"] = _shapes(one)
        return {name: text.encode("ascii") for name, text in documents.items()}

    def _record(self) -> Dict[str, Any]:
        return {
            "schema": SCHEMA,
            "nimdoctor": __version__,
            "python": platform.python_version(),
            "level": self.level,
            "role": self.role,
            "known": self.known,
            "tried": [_entry(one) for one in self.tried],
        }


def field_test(host: Host, clock: Callable[[], float] = time.monotonic) -> FieldTest:
    """Reads all that the catalog has for the host's roles, each command once and under its deadline."""
    evidence = host.evidence
    role_known = host.role_stated and bool(host.roles)
    tried: List[Tried] = []
    for row in rows_of(host.catalog, host.roles if role_known else ()):
        fed = [getattr(facts, name) for name in row.facts if name in MODULES]
        parsers = [one for one in fed if hasattr(one, "parse")]
        if row.kind is Kind.PATHS or not parsers:
            continue
        began = clock()
        texts = evidence.texts(row, host.placeholders(row))
        seconds = clock() - began
        for text in texts:
            try:
                read = lines_read(row, text, parsers)
                tried.append(Tried(row.label, text.source, seconds, read, "", row.empty_means_none))
            except BadEvidence as error:
                tried.append(Tried(row.label, text.source, seconds, reason=str(error)))
        if not texts:
            tried.append(Tried(row.label, row.label, seconds, reason=_why_none(host, row)))
    return FieldTest(host.oslevel, host.role if role_known else "unknown", tuple(tried))


def _why_none(host: Host, row: Row) -> str:
    found = host.evidence.problems.get(row.label, "")
    return found or ("does not exist" if host.evidence.file_absent(row.name) else "")


def _entry(one: Tried) -> Dict[str, Any]:
    entry: Dict[str, Any] = {"name": one.label, "seconds": round(one.seconds, 1), "said": one.verdict(neutral)}
    if one.text:
        entry["lines"] = len(one.text.lines)
        entry["left_out"] = one.text.left_out
        for state in LineState:
            entry[state.value] = sum(line.state is state for line in one.text.lines)
    return entry


def _shapes(one: Tried) -> str:
    """Its shapes in order, lines that are alike and stand together once; what is not known is marked."""
    lines = [f"# {one.label}: {one.verdict(neutral)}"]
    left_out = 0
    found = one.text.lines if one.text else ()
    for (state, shape), alike in groupby(found, lambda line: (line.state, line.shape.rstrip())):
        number = len(list(alike))
        if len(lines) > (_SHAPES if state is LineState.KNOWN else 5 * _SHAPES):
            left_out += number
            continue
        lines.append(f"{state.value:8} | {shape}{f'   [{number} of these]' if number > 1 else ''}")
    if left_out:
        lines.append(f"# {count(left_out, 'more line')}")
    return "\n".join(lines) + "\n"


_READ_ME = """A field test of nimdoctor: the shapes of what it read on one host.

Every word that is not AIX's or NIM's own is replaced by "word", every digit by 0. There
are no names, addresses, serial numbers, keys or certificates of the site in it. Read it
before you send it: every file is short and plain text.

field-test.json   what was tried, how long it took, and what is known of it
shapes/           a file for each file or command that gave a text. In front of each line:
                  known     nimdoctor has met this shape
                  believed  it has not, and knows it: that it stands here is news
                  read      it does not, and what it concludes changes with the line
                  unread    it does not, and nothing rests on the line
                  untried   it does not, as so many others that only the first were tried
"""
