"""Whatever reads what others wrote, each as a function of bytes that raises nothing.

A target lets through the errors its reader documents, and asserts what must hold of whatever comes out.
"""

import contextlib
import datetime
import importlib
import inspect
import io
import json
import os
import re
import tempfile
from functools import cache
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Mapping, Tuple

from cryptography_reader import by_cryptography
from hosts import LOG, MemoryTree, collected, niminfo, registry
from scenarios import scenario

from fuzz.corpus import repair
from nimdoctor.applying.journal import Journal, read_journal
from nimdoctor.applying.run_document import as_dict as run_as_dict
from nimdoctor.applying.runs import every
from nimdoctor.applying.state import StateDirectory
from nimdoctor.diagnosis.engine import Result
from nimdoctor.diagnosis.ignore import REMARKS, apply
from nimdoctor.diagnosis.ignore import parse as parse_ignored
from nimdoctor.evidence import open_target, openssl_text
from nimdoctor.evidence.archive import archive_kind, open_archive
from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.evidence.certificates_only import certificates_only
from nimdoctor.evidence.der import BadDer, read_certificate
from nimdoctor.evidence.loose import read_loose
from nimdoctor.evidence.manifest import parse_manifest
from nimdoctor.evidence.recognition import parts, points, recognise, sections
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence, TargetError
from nimdoctor.evidence.wrapping import decoded, joined, unwrapped
from nimdoctor.library.scanning import scan
from nimdoctor.model import Outcome, Role, Severity
from nimdoctor.model.private_keys import REMOVED, holds_private_key, lines_of, without_private_keys
from nimdoctor.model.text import BadEvidence, Quote, Text, decode, split_lines
from nimdoctor.planning.document import BadPlan, canonical, id_of
from nimdoctor.planning.document import parse as parse_plan
from nimdoctor.redaction import Redactor
from nimdoctor.report import html, json_report, junit_report, markdown_report, nagios_report, text_report
from nimdoctor.report.plan_json import render_plan as plan_as_json
from nimdoctor.report.plan_json import runs_as_dict
from nimdoctor.report.plan_text import render_plan
from nimdoctor.system.refused import Refused

Target = Callable[[bytes], None]

SECRET = b"QWERTYplantedQWERTYplantedQWERTYplantedQWERTYplantedQWERTYplanted"
KEY = b"-----BEGIN RSA PRIVATE KEY-----\n" + SECRET + b"\n-----END RSA PRIVATE KEY-----\n"
NUMBER = b"0123456789abcdef" * 2
"""The key of redaction."""


# -- facts


@cache
def parsers() -> Dict[Any, Tuple[str, bool]]:
    """Every fact that is parsed, with the name of a text that it is made of, and whether that is a command."""
    facts = importlib.import_module("nimdoctor.facts")
    found = {}
    for row in Catalog():
        for name in row.facts:
            kind = getattr(facts, name, None)
            if hasattr(kind, "parse"):
                found.setdefault(kind, (row.label, row.kind is Kind.COMMAND))
    return found


def facts(raw: bytes) -> None:
    """Every parser gives a fact or BadEvidence; whatever it quotes is a line of its text, and it can be asked."""
    kept = without_private_keys(raw)
    lines = [line[: 64 * 1024] for line in split_lines(decode(kept))]
    # nimsh.log is read line by line, each in the encoding that it has
    alone = [decode(line)[: 64 * 1024] for line in kept.split(b"\n")]
    for kind, (name, command) in parsers().items():
        text = Text.of(raw, "text", name=name, command=command)
        try:
            found = kind.parse(text)
        except BadEvidence as error:
            assert "\n" not in str(error), (kind, str(error))
            continue
        assert isinstance(found, kind), kind
        answers = [found, *asked(found)]
        if hasattr(kind, "combine"):
            answers.append(kind.combine([found, found]))
        for quote in quotes(answers):
            if quote.source == "text" and quote.line is not None and quote.text:
                assert quote.text in lines[quote.line - 1] or quote.text in alone[quote.line - 1], (kind, quote)


def asked(fact: Any) -> Iterator[Any]:
    """What a fact answers to every question that needs no word."""
    for name, member in inspect.getmembers(type(fact)):
        if name.startswith("_") or isinstance(inspect.getattr_static(type(fact), name), (classmethod, staticmethod)):
            continue
        if isinstance(member, property):
            yield getattr(fact, name)
        elif inspect.isfunction(member) and len(inspect.signature(member).parameters) == 1:
            answer = getattr(fact, name)()
            yield list(answer) if inspect.isgenerator(answer) else answer


def quotes(value: Any) -> Iterator[Quote]:
    """Every quote within a value of tuples, lists and dictionaries."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, Quote):
            yield one
        elif isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, (tuple, list, set, frozenset)):
            left += one


# -- texts without a name


def loose(raw: bytes) -> None:
    """Loose text is recognised or refused; each line of a piece stands in the file where the piece says."""
    rows = unwrapped(decoded(raw), points)
    text = joined(rows)
    recognise(text, "nimsh.log.txt")
    lines = list(split_lines(text))
    for part in parts(text, "attached.txt"):
        assert 1 <= part.first <= part.last <= len(lines), part
    for section in sections(rows):
        assert all(any(line.text in row.text for row in rows if row.number == line.number) for line in section.lines)
    try:
        found = read_loose("case", [("attached.txt", lambda: io.BytesIO(raw), len(raw))])
    except TargetError as error:
        assert "\n" not in str(error)
        return
    for row, piece in texts(found):
        if b"\n" not in raw or raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\x30")):
            continue  # its lines are not those of the bytes as they are
        for number, line in piece.lines():
            said = line.strip()
            there = [one.text for one in rows if one.number == number]
            assert not said or REMOVED.decode() in said or any(said in one for one in there), (row.label, number, line)


def texts(evidence: Evidence) -> Iterator[Tuple[Any, Text]]:
    """Every text that it has, by its row."""
    for row in Catalog():
        for text in evidence.texts(row, {}):
            yield row, text


# -- archives


def archive(raw: bytes) -> None:
    """An archive is refused in one line, or all of it can be read, but for members that are said to be damaged."""
    for content in dict.fromkeys((raw, with_checksums(raw))):
        for name in ("case.tar", "case.Z") if raw[:2] == b"\x1f\x9d" else ("case.tar",):
            with tempfile.TemporaryDirectory() as place:
                path = os.path.join(place, name)
                with open(path, "wb") as stream:
                    stream.write(content)
                _archive(path)


def _archive(path: str) -> None:
    kind = archive_kind(path)
    try:
        tree = open_archive(path, kind or "tar", "case")
        for name in tree.names():
            assert not name.startswith("/") and ".." not in name.split("/"), name
            with contextlib.suppress(OSError), tree.open(name) as stream:
                assert len(stream.read(1 << 20)) <= tree.size(name)
        tree.close()
        evidence = open_target(path)
        for _, text in texts(evidence):
            with contextlib.suppress(BadEvidence):
                text.raw()
        evidence.close()
    except TargetError as error:
        assert "\n" not in str(error) and str(error).isascii(), str(error)


def with_checksums(raw: bytes) -> bytes:
    """A tar whose headers add up again, so that what was changed in one is looked at and not only refused."""
    if raw[257:262] != b"ustar":
        return raw
    blocks = [raw[at : at + 512] for at in range(0, len(raw), 512)]
    for at, block in enumerate(blocks):
        if block[257:262] == b"ustar" and len(block) == 512:
            total = sum(block[:148]) + 8 * 32 + sum(block[156:])
            blocks[at] = block[:148] + b"%06o\0 " % total + block[156:]
    return b"".join(blocks)


# -- evidence


def manifest(raw: bytes) -> None:
    """A manifest of another schema is refused; else what makes no sense becomes a remark, and a scan goes on."""
    try:
        found = parse_manifest(raw, "case")
    except TargetError as error:
        assert "\n" not in str(error)
        return
    assert len(found.remarks) <= 21 and not any("\n" in remark for remark in (*found.remarks, *found.notes))
    files = {**client(), "manifest.json": raw}
    scanned(RecordedEvidence("case", MemoryTree(files)))


def evidence(raw: bytes) -> None:
    """One file of a pair is these bytes, that named by the first line; every check ends, and quotes what is there."""
    name, _, content = raw.partition(b"\n")
    path = name.decode("ascii", "replace").strip()
    ends = [dict(client()), dict(master())]
    if not any(path in files for files in ends):
        path = f"files{LOG}"
    for files in ends:
        if path in files:
            files[path] = content
    scanned(*(RecordedEvidence("case", MemoryTree(files)) for files in ends))


def scanned(target: Evidence, other: Any = None) -> None:
    """Scans, and writes the report in every format. No check may break."""
    try:
        report = scan(target, other, registry=registry())
    except TargetError:
        return
    broken = [f"{one.check}: {one.message}" for one in report.results if one.outcome is Outcome.ERROR]
    assert not broken, broken
    json.loads(json_report.render(report)), text_report.render(report), html.render([report])
    junit_report.render([report]), markdown_report.render([report]), nagios_report.render([report], Severity.MEDIUM)


@cache
def client() -> Mapping[str, bytes]:
    return scenario("create-bio-hang")["client"].files


@cache
def master() -> Mapping[str, bytes]:
    return scenario("create-bio-hang")["master"].files


# -- keys and certificates


def keys(raw: bytes) -> None:
    """No private key is left, another pass finds nothing, lines keep their numbers, and a key amid it all goes."""
    kept = without_private_keys(raw)
    assert without_private_keys(kept) == kept
    assert not holds_private_key(kept)
    if b"\n" in raw:
        assert len(lines_of(kept)) == len(lines_of(raw))
    assert SECRET not in without_private_keys(raw + b"\n" + KEY + raw)
    assert SECRET not in certificates_only(b"\n" + raw + b"\n" + KEY + raw)


def certificate(raw: bytes) -> None:
    """DER is read or refused by name, as `cryptography` reads it; no key is let through."""
    with contextlib.suppress(ValueError):
        openssl_text.parse(decode(raw))
    kept = certificates_only(raw)
    assert certificates_only(kept).rstrip() == kept.rstrip() and not holds_private_key(kept)
    try:
        found = read_certificate(raw)
    except BadDer as error:
        assert "\n" not in str(error)
        return
    try:
        other = by_cryptography(raw)
    except BadEvidence:
        return  # it is stricter
    for field in ("serial", "not_before", "not_after", "key_type", "key_bits", "is_ca", "fingerprint"):
        assert getattr(found, field) == getattr(other, field), field


# -- what a site writes


def ignored(raw: bytes) -> None:
    """Every line of an ignore file is a rule or a remark; no rule takes out what it does not name."""
    text = Text.of(raw, "/etc/nimdoctor.ignore")
    rules, remarks = parse_ignored(text)
    said = [line for _, line in text.lines() if line.strip() and not line.strip().startswith("#")]
    read = len(rules) + len(remarks)
    # the remark on what is no longer read stands for all of that
    beyond = len(said) - read if remarks and " on is not obeyed: after " in remarks[-1] else 0
    assert read + beyond == len(said) and beyond >= 0 and (not beyond or read > REMARKS)
    failed = Result(
        "tftp-disabled", "t", Outcome.FAIL, Severity.HIGH, Role.MASTER, "nim1", "m", objects=("lpar7", "10.1.1.7 root")
    )  # fmt: skip
    kept, taken, _ = apply([failed], rules)
    assert len(kept) == 1 and (kept[0] == failed or taken)


def levels(raw: bytes) -> None:
    """Every line of a levels file is a row that its columns allow, or a remark."""
    from nimdoctor.facts.level_table import TABLES, table
    from nimdoctor.facts.site_levels import LevelTables, SiteLevels

    site = SiteLevels.parse(Text.of(raw, "/etc/nimdoctor.levels"))
    for row in site.rows:
        assert row == table(row.table).row(dict(row.values), row.at)
        assert row.at and row.at.text
    tables = LevelTables.derive(site)
    assert all(tables.rows(name) for name in TABLES) and tables.apars()


# -- plans and journals


def plan(raw: bytes) -> None:
    """A plan is refused by name or is whole: written again it is the same, and it can be shown."""
    for content in dict.fromkeys((raw, with_id(raw))):
        try:
            found = parse_plan(content)
        except BadPlan as error:
            assert "\n" not in str(error), str(error)
            continue
        again = parse_plan(canonical(found.as_dict()))
        assert again.id == found.id and again == found
        render_plan(found), plan_as_json(found)


def with_id(raw: bytes) -> bytes:
    """A changed plan with the id that fits it, so that it is read and not only refused."""
    try:
        document = json.loads(raw)
        return canonical({**document, "id": id_of(document)})
    except (ValueError, KeyError, TypeError, RecursionError):
        return raw


def journal(raw: bytes) -> None:
    """Whatever a crash left in a journal, its records are read, and what is appended comes after all of them."""
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "journal")
        with open(path, "wb") as stream:
            stream.write(raw)

        def opener(flags: int) -> int:
            return os.open(path, flags, 0o600)

        try:
            before, _ = read_journal(path, opener)
        except Refused:
            return
        with Journal.open(path, opener=opener) as opened:
            assert list(opened.records) == before
            added = opened.append("done", "1-x", said="caf\xe9 \udcff")
        after, _ = read_journal(path, opener)
        assert after == [*before, added]


def runs(raw: bytes) -> None:
    """A state directory with that journal: the run is told, in doubt or not, or was never begun."""
    whole = canonical(repair().plan.as_dict())
    found = id_of(json.loads(whole)).encode()
    with tempfile.TemporaryDirectory() as place:
        state = StateDirectory(os.path.join(place, "state"))
        state.prepare()
        directory = state.new_run(datetime.datetime(2026, 11, 24, 10, tzinfo=datetime.timezone.utc))
        directory.write("plan.json", whole)
        with open(directory.journal_path, "wb") as stream:
            # the corpus names the plan by this word, so that a run of it is believed
            stream.write(raw.replace(b"00ff", found))
        os.chmod(directory.journal_path, 0o600)
        for run in every(state.path):
            json.dumps(runs_as_dict([run_as_dict(run)], state.path))
            assert run.state and isinstance(run.unfinished, bool)


# -- redaction


def redaction(raw: bytes) -> None:
    """What was rewritten passes the gate, with as many lines; no private key and no name of the manifest leaves."""
    text = decode(raw)
    files = {
        "/etc/niminfo": niminfo(NIM_HOSTNAME="lpar7.acme.bank"),
        LOG: raw,
        "/etc/hosts": raw,
        "/.rhosts": raw,
        "/ssl_nimsh/configs/SSL_root.cnf": raw,
    }
    commands = {"emgr -lv3": raw, "lsnim -l": raw, "netstat -in": raw, "lssrc -a": raw}
    tree = MemoryTree(collected(files=files, commands=commands, stderr={"lssrc -a": text[:500]}))
    redactor = Redactor(NUMBER)
    redactor.learn(tree)
    found = redactor.redacted(tree)
    redactor.check(found)
    for name in found.names():
        content = read(found.open(name))
        # in JSON what stands in the place of a key is not alone on its line
        assert name == "manifest.json" or not holds_private_key(content.rstrip(b"\n") + b"\n"), name
        assert not re.search(rb"acme|lpar7", content) or b"lpar7" in raw or b"acme" in raw, name
        if name == f"files{LOG}" and b"\n" in raw:
            assert abs(content.count(b"\n") - raw.count(b"\n")) <= 1, name
    found.close()


def read(stream: BinaryIO) -> bytes:
    with stream:
        return stream.read()


TARGETS: Dict[str, Target] = {
    function.__name__: function
    for function in (
        facts, loose, archive, manifest, evidence, keys, certificate, ignored, levels, plan, journal, runs, redaction,
    )
}  # fmt: skip


def targets() -> List[str]:
    return sorted(TARGETS)
