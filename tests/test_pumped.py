"""Every reader of a text comes to the end of it, whatever long run stands in it and however many lines it has."""

import io
import json
import os
import re
import tempfile
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import pytest
from effort import FEWER, one_in
from pump import LINE, MEGABYTE, RUNS, Payload, ends_in_time, grows_with_its_text, on_many_lines, on_one_line, repeated
from scenarios import names, scenario

from nimdoctor import facts
from nimdoctor.applying.journal import read_journal
from nimdoctor.diagnosis import ignore
from nimdoctor.evidence import openssl_text
from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.evidence.loose import read_loose
from nimdoctor.evidence.manifest import parse_manifest
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import TargetError
from nimdoctor.model.private_keys import holds_private_key, without_private_keys
from nimdoctor.model.text import BadEvidence, Text, decode

SECONDS = 300.0
"""Of the processor, what all texts of one test may take: one that does not end takes hours."""

KEY = b"# -----BEGIN PRIVATE KEY-----\n# MIIEvgIBADANBgkq\n# -----END PRIVATE KEY-----\n"
KEYS = [
    KEY,
    b"-----BEGIN PRIVATE KEY-----\n",
    b"-----BEGIN PRIVATE KEY-----\nlpar7: MIIEvgIBADANBgkq",
    b"MIIEvgIBADANBgkq\n-----END PRIVATE KEY-----\n",
    b"-----BEGIN RSA PRIVATE KEY-----\0\n",
]
SAMPLES: Dict[str, bytes] = {
    "/etc/nimdoctor.levels": b"generations generation=G3 tl=VIOS 4.1.3 first=4.1.3.10 source=our letter 7\n",
    "/etc/tftpaccess.ctl": b"# NIM\nallow:/tftpboot\ndeny:/ssl_nimsh/keys\n",
    "/var/adm/nimdoctor/changes/*/begun": b'{"event":"begin","step":null,"at":"2026-11-24T10:00:00Z","fixes":[]}\n',
    "/var/adm/nimdoctor/runs/*/journal.jsonl": b'{"event":"start","step":null,"at":"2026-11-24T10:00:00Z","fixes":[]}\n',
    "lslpp -Lc": b"openssl.base:openssl.base:1.1.2.2200: : :C:F:Open Secure Socket Layer: : : : : : :0:0:/:\n",
    "lslpp -l": b"  Fileset   Level  State  Type  Description (Uninstaller)\n  bos.rte  7.2.5.200  C  F  Base Operating System\n",
    "ps -ef": b"    root 7405942 4194674   0   Mar 14      -  0:00 /usr/sbin/nimsh -s -c\n",
    "netstat -in": b"en0   1500  10.1.1      10.1.1.17        1503388     0   702011     0     0\n",
    "ioscli ioslevel": b"3.1.4.21\n",
    "nim -o lslpp": b'0042-001 nim: error on "master":\n  0042-006 m_lslpp: connect Error connecting to SSL object\n',
    "nimclient -c": b"x - /usr/lib/libssl.so.0.9.8\n0042-137 nimclient: wrong\nReceived 2788 Bytes in 0.0 Seconds\n",
    "ls -l": b"/ssl_nimsh:\ntotal 8\n-rw-r--r--  1 root  system  1245 Mar 14 10:05 /ssl_nimsh/server.pem\n",
}
"""Texts of the rows of which no recorded host has one, by the rows' labels."""
TRANSCRIPT = (
    b"> root@nim1:/ # lssrc -s nimsh\n nimsh            nimclient        7405942      active\n"
    b"[lpar7:root:/] cat /etc/niminfo | grep NIM\nexport NIM_NAME=lpar7\n# LC_ALL=C lsnim -l master\nmaster:\n   class = machines\n"
)
CERTIFICATE = (
    b"Certificate:\n  Serial Number: 4660 (0x1234)\n  Issuer: C = BG, CN = nim1\n  Not Before: Mar 14 10:05:00 2024 GMT\n"
    b"  Not After : Mar 14 10:05:00 2034 GMT\n  Subject: /C=BG/CN=nim1\n  X509v3 Subject Key Identifier:\n    AB:CD\n"
)
MANIFEST = {
    "schema": "nimdoctor.evidence/1",
    "host": "lpar7",
    "role": "client",
    "collected": "2025-03-15T09:53:20Z",
    "commands": {"lssrc -a": {"file": "commands/lssrc_-a", "status": 0, "stderr": ""}},
    "paths": {"/etc/hosts": {"mode": "0644", "size": 12}},
    "remarks": ["taken by hand"],
}


class Parser(NamedTuple):
    """One fact that is made of a row's text."""

    fact: str
    row: Row


PARSERS = [
    Parser(fact, row)
    for row in Catalog()
    if row.kind in (Kind.FILE, Kind.COMMAND)
    for fact in row.facts
    if hasattr(getattr(facts, fact), "parse")
]


def understood(fact: str, text: Text) -> bool:
    try:
        return not hasattr(getattr(facts, fact), "parse") or bool(getattr(facts, fact).parse(text))
    except BadEvidence:
        return False


def smallest_recorded() -> Dict[str, bytes]:
    """The smallest text of the recorded hosts for each row, by its label; a longer one than a line where there is one."""
    found: Dict[str, bytes] = {}

    def order(raw: bytes) -> Tuple[bool, int]:
        return len(raw) < 40, len(raw)

    for end, tree in [pair for name in names() for pair in scenario(name).items()]:
        evidence = RecordedEvidence(end, tree)
        for row in evidence._catalog:
            for text in evidence.texts(row, {}):
                raw = text.raw()
                if all(understood(fact, text) for fact in row.facts):
                    found[row.label] = min(raw, found.get(row.label, raw), key=order)
    return found


@pytest.fixture(scope="module")
def samples() -> Dict[str, bytes]:
    return {**smallest_recorded(), **SAMPLES}


def sample_of(parser: Parser, samples: Dict[str, bytes]) -> bytes:
    """A text that makes the fact; rows of one fact share it where only one of them was recorded."""
    own = samples.get(parser.row.label)
    return own or next(samples[row.label] for row in Catalog().rows_for(parser.fact) if row.label in samples)


# -- what runs in the child


def parse(raw: bytes, fact: str, label: str, is_command: bool) -> None:
    try:
        getattr(facts, fact).parse(Text.of(raw, label, name=label, command=is_command))
    except BadEvidence:
        pass


def find_keys(raw: bytes) -> None:
    without_private_keys(raw)
    holds_private_key(raw)
    certificates_only(raw)


def recognise_loose(raw: bytes) -> None:
    try:
        read_loose("case", [("mail.txt", lambda: io.BytesIO(raw), len(raw))])
    except TargetError:
        pass


def read_manifest(raw: bytes) -> None:
    try:
        parse_manifest(raw, "case")
    except TargetError:
        pass


def read_ignored(raw: bytes) -> None:
    ignore.parse(Text.of(raw, "/etc/nimdoctor.ignore"))


def read_printed_certificate(raw: bytes) -> None:
    try:
        openssl_text.parse(decode(raw))
    except ValueError:
        pass


def read_run(raw: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        read_journal(file.name, lambda flags: os.open(file.name, flags))


# -- the tests


def test_every_parser_has_a_sample_that_it_understands(samples: Dict[str, bytes]) -> None:
    assert len(PARSERS) > 50
    for parser in PARSERS:
        text = Text.of(sample_of(parser, samples), parser.row.label, command=parser.row.kind is Kind.COMMAND)
        assert understood(parser.fact, text), parser


def some_runs(number: int) -> Dict[str, bytes]:
    """All runs; of `fewer` three, others for each number."""
    names = list(RUNS)
    return {
        name: RUNS[name] for name in ([names[(number + step) % len(names)] for step in (0, 5, 11)] if FEWER else names)
    }


Texts = Callable[[int], Iterator[Tuple[object, ...]]]
"""Texts to be read, by what part of their full length they have."""


def of_parsers(
    samples: Dict[str, bytes], parsers: List[Parser], made: Callable[[bytes, int, int], List[Payload]]
) -> Texts:
    """What is made of each parser's sample, of its number and of the part."""

    def texts(part: int) -> Iterator[Tuple[object, ...]]:
        for number, parser in enumerate(parsers):
            for label, raw in made(sample_of(parser, samples), number, part):
                yield f"{parser.fact}, {label}", raw, parser.fact, parser.row.label, parser.row.kind is Kind.COMMAND

    return texts


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.COMMAND])
def test_a_parser_grows_with_a_run(kind: Kind, samples: Dict[str, bytes]) -> None:
    def made(seed: bytes, number: int, part: int) -> List[Payload]:
        return [*on_one_line(seed, LINE // part), *on_many_lines(seed, LINE // 4 // part, some_runs(number))]

    chosen = [parser for parser in PARSERS if parser.row.kind is kind]
    grows_with_its_text("test_pumped:parse", of_parsers(samples, chosen, made), SECONDS)


def test_a_parser_grows_with_its_own_rows(samples: Dict[str, bytes]) -> None:
    def made(seed: bytes, number: int, part: int) -> List[Payload]:
        rows = list(repeated(seed, 2 * LINE // part))
        return rows[number % 3 : number % 3 + 1] if FEWER else rows

    grows_with_its_text("test_pumped:parse", of_parsers(samples, one_in(6, PARSERS), made), SECONDS)


def of_seeds(seeds: List[bytes], size: int = LINE, long: int = 0) -> Texts:
    """Each of them with runs of that size on one line, and in many lines, and many times; one with runs of `long`."""

    def texts(part: int) -> Iterator[Payload]:
        for number, seed in enumerate(seeds):
            yield from on_one_line(seed, size // part)
            yield from on_many_lines(seed, size // 4 // part, some_runs(number))
            yield from repeated(seed, size * 2 // part)
        if long:
            yield from on_one_line(seeds[-1], long // part, some_runs(0))

    return texts


def test_the_finder_of_keys_grows_with_its_text() -> None:
    grows_with_its_text("test_pumped:find_keys", of_seeds(KEYS, long=MEGABYTE // 2), SECONDS)


def test_the_recogniser_of_loose_files_grows_with_its_text(samples: Dict[str, bytes]) -> None:
    seeds = [
        TRANSCRIPT,
        samples["lsnim -l"][:400],
        samples["/var/adm/ras/nimsh.log"],
        samples["df -k"],
        samples["/etc/hosts"],
    ]
    grows_with_its_text("test_pumped:recognise_loose", of_seeds(seeds[:2] if FEWER else seeds, LINE // 2), SECONDS)


@pytest.mark.parametrize(
    ("function", "seed"),
    [
        ("read_manifest", json.dumps(MANIFEST).encode()),
        ("read_ignored", b"tftp-disabled hardened by order 17\nkey-exposed [/ssl_nimsh/keys] known\n"),
        ("read_printed_certificate", CERTIFICATE),
        ("read_run", b'{"event":"begin","step":"1-client-start-nimsh","at":"2026-11-24T10:00:01Z"}\n'),
    ],
)
def test_other_readers_grow_with_their_text(function: str, seed: bytes) -> None:
    grows_with_its_text(f"test_pumped:{function}", of_seeds([seed]), SECONDS)


def quadratic(raw: bytes) -> None:
    re.search(rb"a+b", raw)


def endless(raw: bytes) -> None:
    re.search(rb"(a+)+b", raw)


@pytest.mark.parametrize(
    ("reader", "said"), [("quadratic", "four times as much takes more than 9"), ("endless", "endless does not end")]
)
def test_a_reader_that_is_not_linear_is_told(reader: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        grows_with_its_text(f"test_pumped:{reader}", lambda part: on_one_line(b"x", LINE // 4 // part, {"a": b"a"}), 2)


@pytest.mark.parametrize("key", ["commands", "paths", "not_collected", "files"])
def test_a_manifest_of_very_many_entries_ends(key: str) -> None:
    entries = {f"/{number}": {"file": "commands/x"} for number in range(MEGABYTE // 32)}
    raw = json.dumps({"schema": "nimdoctor.evidence/1", key: entries}).encode()
    ends_in_time("test_pumped:read_manifest", [(key, raw)], SECONDS)
