"""Samples of checks: what a host shows and what its check says of it, as text in fixtures/checks/CHECK-ID.txt.

    == nimsh was restarted without crypto: fail high certain align-ssl-mode
    said: runs without -c
    quotes: ps -eo pid,ppid,etime,args 4 | lsnim -l 10
    --- healthy
    --- client edit ps -eo pid,ppid,etime,args
    - 7799162  3211664 23-04:22:10 /usr/sbin/nimsh -s -c
    + 7799162  3211664 23-04:22:10 /usr/sbin/nimsh -s

A sample begins with `== TITLE: OUTCOME`. What follows the outcome is looked at where it is given: severity, confidence,
the fix (`by-hand` for none) and `at client` or `at master`, the end of the entry where the check has one at both;
several findings are parted by ` + `, the gravest first. Then, each in a line of its own and as many as wanted:
`said:`, `cause:`, `impact:`, `cure:` words that stand there; `objects:`, `missing:`, `causes:`, `run:` all of them, parted
by ` | `; `quotes:`, `against:` all sources with their lines, or with what is told of a whole one in brackets; of any of
these `nothing`. Then the hosts, in sections:

    --- healthy                      begins with both ends of this scenario (any of fixtures/scenarios)
    --- healthy master               ... with one end of it
    --- like TITLE                   ... with what the sample of that title, further up, has
    --- client /etc/inetd.conf       a file of that end and its text; one of no text is empty
    --- master lsnim -l              a command and its output; `[status 1]` behind it where it failed
    --- master stderr lsnim -l       what it wrote there
    --- client edit /etc/services    lines of a text that is there: `-` the old one, `+` what comes into its place;
                                     `+` without an old one comes to the end
    --- client without lsitab nimsh  not collected
    --- client paths                 `PATH absent`, `PATH mode=0644 size=12 mtime=2025-03-14T12:00:00Z`, `PATH unknown`
    --- client manifest              `role: null`: a field of manifest.json and its value in JSON
    --- loose mail.txt               a file by itself: no evidence directory, hosts are what the texts tell
    --- each                         the sample once for each line, which comes into the place of `<each>`

Without a beginning an end is an empty evidence directory of lpar7, a client, or nim1, a master, where a section names it.
A master alone is the target, beside a client it is --master. Lines before the first sample are comments; one of them
may be `live: tests/checks/test_FILE.py`, where the tests stand of a check that only live hosts tell anything.
"""

import json
import re
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Union

from hosts import FIXTURES, MemoryTree, collected, loose
from scenarios import ENDS, changed, names, scenario

from nimdoctor.evidence.catalog import file_name
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence
from nimdoctor.model import Confidence, Outcome, Severity

SAMPLES = FIXTURES.parent / "checks"
HOST = {"client": ("lpar7", "client"), "master": ("nim1", "master")}
WORDS = ("said", "cause", "impact", "cure")
LISTS = ("objects", "missing", "causes", "run", "quotes", "against")
_EACH = "<each>"
_STATUS = re.compile(r" \[status (\d+)\]$")
_WHEN = "%Y-%m-%dT%H:%M:%SZ"


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
    def outcomes(self) -> Tuple[str, ...]:
        return tuple(finding[0] for finding in self.findings)


class Trees(NamedTuple):
    """The hosts of a sample: evidence directories by end, or loose files by name."""

    ends: Mapping[str, MemoryTree]
    loose: Mapping[str, bytes]

    def targets(self) -> Tuple[Evidence, Optional[Evidence]]:
        """What is scanned, and its master."""
        if self.loose:
            return loose(self.loose), None
        hosts: List[Evidence] = [RecordedEvidence("case", self.ends[end]) for end in ENDS if end in self.ends]
        return hosts[0], hosts[1] if hosts[1:] else None

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
        return found


# -- reading


@cache
def samples(check: str) -> Tuple[Sample, ...]:
    """Those of one check, `--- each` made into one for each line; none where its file is not there."""
    place = SAMPLES / f"{check}.txt"
    return tuple(_parsed(check, place.read_text("utf-8"))) if place.is_file() else ()


def live_tests(check: str) -> Optional[Path]:
    """The test module of a check that finds something on live hosts alone."""
    told = re.match(r"^live: (\S+)$", (SAMPLES / f"{check}.txt").read_text("utf-8"), re.M)
    return FIXTURES.parents[1] / told[1] if told else None


def _parsed(check: str, text: str) -> Iterator[Sample]:
    blocks: List[Tuple[int, List[str]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("== "):
            blocks.append((number, []))
        if blocks:
            blocks[-1][1].append(line)
    for number, lines in blocks:
        yield from _each(_sample(check, number, lines))


def _sample(check: str, number: int, lines: List[str]) -> Sample:
    title, told = lines[0][3:].rsplit(": ", 1)
    told, _, at = told.partition(" at ")
    assert not at or at in ENDS, (check, number, at)
    findings = tuple(tuple(one.split()) for one in told.split(" + "))
    assert all(one[0] in {outcome.value for outcome in Outcome} for one in findings), (check, number, told)
    facts: List[Tuple[str, str]] = []
    sections: List[Tuple[str, List[str]]] = []
    for line in lines[1:]:
        if line.startswith("--- "):
            sections.append((line[4:], []))
        elif sections:
            sections[-1][1].append(line)
        elif line.strip():
            key, words = line.split(": ", 1)
            assert key in WORDS + LISTS, (check, number, line)
            facts.append((key, words))
    made = [Section(head, _without_end(own)) for head, own in sections]
    return Sample(check, number, title, findings, at or None, tuple(facts), tuple(made))


def _without_end(lines: List[str]) -> Tuple[str, ...]:
    """Blank lines before the next section or sample are there for the eye."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return tuple(lines[:end])


def _each(sample: Sample) -> Iterator[Sample]:
    (each,) = [section for section in sample.sections if section.head == "each"] or [None]
    if not each:
        yield sample
        return
    rest = [section for section in sample.sections if section is not each]
    for one in each.lines:
        yield sample._replace(
            title=f"{sample.title} [{one}]",
            facts=tuple((key, words.replace(_EACH, one)) for key, words in sample.facts),
            sections=tuple(Section(head, tuple(line.replace(_EACH, one) for line in lines)) for head, lines in rest),
        )


# -- building


@cache
def trees(sample: Sample) -> Trees:
    """The hosts of a sample; not to be changed."""
    ends: Dict[str, MemoryTree] = {}
    pieces: Dict[str, bytes] = {}
    for section in sample.sections:
        first, _, rest = section.head.partition(" ")
        if first == "like":
            (other,) = [one for one in samples(sample.check) if one.title == rest]
            assert other.line < sample.line, (sample.name, rest)
            ends, pieces = dict(trees(other).ends), dict(trees(other).loose)
        elif first == "loose":
            pieces[rest] = _text(section.lines)
        elif first in ENDS:
            own = ends.get(first) or MemoryTree(collected(host=HOST[first][0], role=HOST[first][1]))
            ends[first] = _with(own, rest, section.lines)
        else:
            assert first in names(), (sample.name, section.head)
            ends = {end: tree for end, tree in scenario(first).items() if rest in ("", end)}
    assert ends or pieces, f"{sample.name} has no host"
    return Trees(ends, pieces)


def _text(lines: Tuple[str, ...]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _with(base: MemoryTree, told: str, lines: Tuple[str, ...]) -> MemoryTree:
    """An end and what one section says of it."""
    verb, _, name = told.partition(" ")
    if told == "paths":
        states = dict(line.split(" ", 1) for line in lines)
        known = {path: _state(words) for path, words in states.items() if words != "unknown"}
        return changed(base, MemoryTree({}), paths=known, without_paths=sorted(set(states) - set(known)))
    if told == "manifest":
        fields = dict(line.split(": ", 1) for line in lines)
        return changed(base, MemoryTree({}), manifest={key: json.loads(value) for key, value in fields.items()})
    if verb == "without":
        return changed(base, MemoryTree({}), without=[_place(name)])
    if verb == "edit":
        return changed(base, MemoryTree({_place(name): _edited(base.files[_place(name)], lines, told)}))
    if verb == "stderr":
        return changed(base, MemoryTree({}), commands={name: {"stderr": _text(lines).decode()}})
    failed = _STATUS.search(told)
    name = told[: failed.start()] if failed else told
    own = MemoryTree({_place(name): _text(lines)})
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


def _edited(raw: bytes, lines: Tuple[str, ...], told: str) -> bytes:
    """The text with each old line, which stands there once, replaced by the new ones that follow it."""
    text, at = raw.decode().split("\n"), None
    for line in lines:
        if line.startswith("-"):
            assert text.count(line[1:]) == 1, f"{told}: {line[1:]!r} is there {text.count(line[1:])} times"
            at = text.index(line[1:])
            del text[at]
        else:
            assert line.startswith("+"), (told, line)
            at = len(text) - 1 if at is None else at
            text.insert(at, line[1:])
            at += 1
    return "\n".join(text).encode()


SEVERITIES = {severity.value for severity in Severity}
CONFIDENCES = {confidence.value for confidence in Confidence}
