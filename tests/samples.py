"""Samples of checks: what a host shows and what its check says of it, as text in fixtures/checks/CHECK-ID.txt.

How they are written stands in docs/contributing.md, "Its samples"; `tests/checks/test_samples.py` runs them all.
"""

import json
import re
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cache
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union

from hosts import FIXTURES, AskedNow, MemoryTree, collected, loose
from real_certificates import maker
from scenarios import ENDS, changed, names, scenario

from nimdoctor.evidence.catalog import Kind, Row, file_name
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence
from nimdoctor.model import Outcome
from nimdoctor.model.text import Text

SAMPLES = FIXTURES.parent / "checks"
HOST = {"client": ("lpar7", "client"), "master": ("nim1", "master")}
EACH = "--- each"
_STATUS = re.compile(r" \[status (\d+)\]$")
_BYTES = " [bytes]"
_CERTIFICATE = re.compile(r"<certificate ([\w-]+)>")
_WHEN = "%Y-%m-%dT%H:%M:%SZ"


class BadSample(Exception):
    """A sample that is not written as the page tells: where it stands, and what is wrong."""


@contextmanager
def _written_in(check: str, line: int, section: str = "") -> Iterator[None]:
    try:
        yield
    except (AssertionError, LookupError, ValueError, OSError) as error:
        raise BadSample(f"fixtures/checks/{check}.txt, the sample of line {line}{section}: {error}") from error


class Section(NamedTuple):
    """One section: the words behind its `---`, and its lines."""

    head: str
    lines: Tuple[str, ...]


class Sample(NamedTuple):
    """One sample. `findings` holds, for each, what stands behind its title: outcome, severity, confidence, fix."""

    check: str
    line: int
    title: str
    findings: Tuple[Tuple[str, ...], ...]
    at: Optional[str]
    facts: Tuple[Tuple[str, str], ...]
    sections: Tuple[Section, ...]

    @property
    def name(self) -> str:
        return f"{self.check}:{self.line} {self.title}"

    @property
    def role(self) -> Optional[str]:
        """What whoever scans says the host is, where they say it."""
        return next((one.head[5:] for one in self.sections if one.head.startswith("role ")), None)

    @property
    def outcomes(self) -> Tuple[str, ...]:
        return tuple(finding[0] for finding in self.findings)


class Trees(NamedTuple):
    """The hosts of a sample: evidence directories by end, or loose files by name.

    `asked` holds the ends that are asked now, each with its answers by what is asked for.
    """

    ends: Mapping[str, MemoryTree]
    loose: Mapping[str, bytes]
    asked: Mapping[str, Mapping[str, Tuple[str, ...]]]

    def targets(self) -> Tuple[Evidence, Optional[Evidence]]:
        """What is scanned, and its master."""
        if self.loose:
            return loose(self.loose), None
        hosts = [self._host(end) for end in ENDS if end in self.ends]
        return hosts[0], hosts[1] if hosts[1:] else None

    def _host(self, end: str) -> Evidence:
        recorded = RecordedEvidence("case", self.ends[end])
        return _Asked(recorded, self.asked[end]) if end in self.asked else recorded

    def texts(self) -> Dict[str, List[bytes]]:
        """Every text by what a quote calls its source, one of each end that has it."""
        found = {name: [raw] for name, raw in self.loose.items()}
        for tree in self.ends.values():
            commands = json.loads(tree.files["manifest.json"])["commands"]
            for line, entry in commands.items():
                found.setdefault(line, []).append(tree.files[entry["file"]])
            for name, raw in tree.files.items():
                if name.startswith("files/"):
                    found.setdefault(name[5:], []).append(raw)
        for answers in self.asked.values():
            for line, texts in answers.items():
                found.setdefault(line, []).extend(text.encode() for text in texts)
        return found


class _Asked(AskedNow):
    """An end that is asked now, with answers of its own to what is asked more than once or rehearsed."""

    def __init__(self, recorded: RecordedEvidence, answers: Mapping[str, Tuple[str, ...]]) -> None:
        super().__init__(recorded)
        self._answers = {name: list(texts) for name, texts in answers.items()}

    def texts(self, row: Row, names: Mapping[str, str]) -> List[Text]:
        if row.kind is Kind.REHEARSAL and row.name in self._answers:
            return [Text.of("\n".join(self._answers[row.name]), row.name)]
        return super().texts(row, names)

    def again(self, row: Row) -> Tuple[Optional[Text], str]:
        if not self._answers.get(row.name):
            return super().again(row)
        answer = self._answers[row.name].pop(0)
        return (None, answer[1:-1]) if answer.startswith("[") else (Text.of(answer, row.name), "")


# -- reading


@cache
def samples(check: str) -> Tuple[Sample, ...]:
    """Those of one check, `--- each` made into one for each line; none where its file is not there."""
    place = SAMPLES / f"{check}.txt"
    return tuple(parsed(check, place.read_text("utf-8"))) if place.is_file() else ()


def parsed(check: str, text: str) -> Iterator[Sample]:
    """The samples that stand in a text."""
    blocks: List[Tuple[int, List[str]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("== "):
            blocks.append((number, []))
        if blocks:
            blocks[-1][1].append(line)
    for number, lines in blocks:
        with _written_in(check, number):
            yield from _each(check, number, lines)


def _sample(check: str, number: int, lines: List[str]) -> Sample:
    assert ": " in lines[0], "it begins with `== TITLE: OUTCOME`"
    title, told = lines[0][3:].rsplit(": ", 1)
    told, _, at = told.partition(" at ")
    assert not at or at in ENDS, f"{at!r} is no end"
    findings = tuple(tuple(one.split()) for one in told.split(" + "))
    assert all(one[0] in {outcome.value for outcome in Outcome} for one in findings), f"{told!r} begins with no outcome"
    facts: List[Tuple[str, str]] = []
    sections: List[Tuple[str, List[str]]] = []
    for line in lines[1:]:
        if line.startswith("--- "):
            sections.append((line[4:], []))
        elif sections:
            sections[-1][1].append(line)
        elif line.strip():
            assert ": " in line, f"{line!r} is no `KEY: WORDS`"
            key, words = line.split(": ", 1)
            facts.append((key, words))
    made = [Section(head, _without_end(own)) for head, own in sections]
    return Sample(check, number, title, findings, at or None, tuple(facts), tuple(made))


def _without_end(lines: List[str]) -> Tuple[str, ...]:
    """Blank lines before the next section or sample are there for the eye."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return tuple(lines[:end])


def _each(check: str, number: int, lines: List[str]) -> Iterator[Sample]:
    """The sample, or one for each line of its last section: `<each>` is the line, `<1>` the first of its parts."""
    if EACH not in lines:
        yield _sample(check, number, lines)
        return
    at = lines.index(EACH)
    for row in _without_end(lines[at + 1 :]):
        places = {"each": row, **{str(count): part for count, part in enumerate(row.split(" | "), 1)}}
        wanted = set(re.findall(r"<(each|\d)>", "\n".join(lines[:at])))
        assert wanted <= set(places), f"{row!r} has no part for {sorted(wanted - set(places))}"
        made = [re.sub(r"<(each|\d)>", lambda found: places[found[1]], line) for line in lines[:at]]  # noqa: B023
        one = _sample(check, number, made)
        yield one._replace(title=f"{one.title} [{row}]")


# -- building


@cache
def trees(sample: Sample) -> Trees:
    """The hosts of a sample; not to be changed."""
    made = Trees({}, {}, {})
    for section in sample.sections:
        with _written_in(sample.check, sample.line, f", --- {section.head}"):
            made = _with_section(made, sample, section)
    with _written_in(sample.check, sample.line):
        assert made.ends or made.loose, "it has no host"
    return made


def _with_section(made: Trees, sample: Sample, section: Section) -> Trees:
    """The hosts and what one section says of them."""
    first, _, rest = section.head.partition(" ")
    if first == "like":
        above = [one for one in samples(sample.check) if one.title == rest and one.line < sample.line]
        assert above, "no sample further up has that title"
        return trees(above[0])
    if first == "role":
        return made
    if first == "loose":
        name, raw = _named(rest, section.lines)
        return made._replace(loose={**made.loose, name: raw})
    if first in ENDS and rest.startswith("asked now"):
        what = rest[len("asked now ") :]
        answers = {**made.asked.get(first, {}), **({what: section.lines} if what else {})}
        return made._replace(asked={**made.asked, first: answers})
    if first in ENDS:
        own = made.ends.get(first) or MemoryTree(collected(host=HOST[first][0], role=HOST[first][1]))
        return made._replace(ends={**made.ends, first: _with(own, rest, section.lines)})
    assert first in names(), "it is no section, and no scenario has that name"
    return made._replace(ends={end: tree for end, tree in scenario(first).items() if rest in ("", end)})


def _named(head: str, lines: Tuple[str, ...]) -> Tuple[str, bytes]:
    """A text's name, without what else its head tells of it, and the text."""
    name, _, source = head.partition(" < ")
    if source:
        return name, (FIXTURES.parent / source).read_bytes()
    if head.endswith(_BYTES):
        escaped = "\n".join(lines).encode("latin-1")
        return head[: -len(_BYTES)], escaped.decode("unicode_escape").encode("latin-1")
    return head, _text(lines)


def _text(lines: Tuple[str, ...]) -> bytes:
    return b"".join(map(_line, lines))


def _line(line: str) -> bytes:
    """The line, or the certificate that it names."""
    kind = _CERTIFICATE.fullmatch(line)
    return maker()(kind[1]).pem if kind else f"{line}\n".encode()


def _with(base: MemoryTree, told: str, lines: Tuple[str, ...]) -> MemoryTree:
    """An end and what one section says of it."""
    verb, _, name = told.partition(" ")
    if told == "paths":
        assert all(" " in line for line in lines), "each line is a path and its state"
        states = dict(line.split(" ", 1) for line in lines)
        known = {path: _state(words) for path, words in states.items() if words != "unknown"}
        return changed(base, MemoryTree({}), paths=known, without_paths=sorted(set(states) - set(known)))
    if told == "manifest":
        fields = dict(line.split(": ", 1) for line in lines)
        return changed(base, MemoryTree({}), manifest={key: json.loads(value) for key, value in fields.items()})
    assert verb not in ("without", "edit") or _place(name) in base.files, "that was not there"
    if verb == "without":
        return changed(base, MemoryTree({}), without=[_place(name)])
    if verb == "edit":
        return changed(base, MemoryTree({_place(name): _edited(base.files[_place(name)], lines)}))
    if verb == "stderr":
        return changed(base, MemoryTree({}), commands={name: {"stderr": _text(lines).decode()}})
    failed = _STATUS.search(told)
    name, raw = _named(told[: failed.start()] if failed else told, lines)
    own = MemoryTree({_place(name): raw})
    if name.startswith("/"):
        absent = [path for path, state in _manifest(base)["paths"].items() if path == name and state is None]
        return changed(base, own, without_paths=absent)
    entry: Dict[str, Any] = {"file": _place(name), "status": int(failed[1]) if failed else 0}
    return changed(base, own, commands={name: entry})


def _manifest(tree: MemoryTree) -> Dict[str, Any]:
    told: Dict[str, Any] = json.loads(tree.files["manifest.json"])
    return told


def _place(name: str) -> str:
    return f"files{name}" if name.startswith("/") else f"commands/{file_name(name)}"


def _state(words: str) -> Optional[Dict[str, Union[str, int]]]:
    if words == "absent":
        return None
    state: Dict[str, Union[str, int]] = dict(word.split("=", 1) for word in words.split())
    if "size" in state:
        state["size"] = int(state["size"])
    if "mtime" in state:
        state["mtime"] = int(datetime.strptime(str(state["mtime"]), _WHEN).replace(tzinfo=timezone.utc).timestamp())
    return state


def _edited(raw: bytes, lines: Tuple[str, ...]) -> bytes:
    """The text with each old line, which stands there once, replaced by the new ones that follow it."""
    text, at = raw.decode().split("\n"), None
    for line in lines:
        if line.startswith("-"):
            assert text.count(line[1:]) == 1, f"{line[1:]!r} is there {text.count(line[1:])} times"
            at = text.index(line[1:])
            del text[at]
        else:
            assert line.startswith("+"), f"{line!r} begins with neither - nor +"
            at = len(text) - 1 if at is None else at
            text.insert(at, line[1:])
            at += 1
    return "\n".join(text).encode()
