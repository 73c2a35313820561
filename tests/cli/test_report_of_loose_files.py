"""`nimdoctor report` of what a customer attached: a scan of the archive finds what a scan of the texts finds."""

import json
import os
import re
import tarfile
import tempfile
from itertools import combinations, cycle
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import pytest
from hosts import MemoryTree, collected, loose
from scenarios import ENDS, names, scenario

from nimdoctor.collection import collect
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import TargetError
from nimdoctor.library.bundle import bundled, scanned
from nimdoctor.library.registry import Registry
from nimdoctor.redaction import THINNED, Redactor
from nimdoctor.report.agreement import differences, thinned_lines

REGISTRY = Registry()
LOGS = Path(__file__).resolve().parents[2] / "fixtures" / "logs"
OBJECT = """lpar7:
   class          = machines
   type           = standalone
   connect        = shell
   platform       = chrp
   if1            = net_10_1 lpar7 0
   Cstate         = ready for a NIM operation
   Mstate         = currently running
   cpuid          = 00F6A1B24C00
"""
SUBSYSTEMS = """Subsystem         Group            PID          Status
 nimesis          nim              3211664      active
 nimsh            nimclient                     inoperative
 tftpd            tcpip                         inoperative
"""
TYPED = {
    "its row": f"root@nim1:/ # lssrc -a\n{SUBSYSTEMS}",
    "with a pipe": "root@nim1:/ # lssrc -a | grep nim\n nimesis          nim              3211664      active\n"
    " nimsh            nimclient                     inoperative\n",
    "objects": f"root@nim1:/ # lsnim -l lpar7\n{OBJECT}",
    "the end of a log": "root@lpar7:/ # tail -3 /var/adm/ras/nimsh.log\n"
    "Fri Mar 14 12:05:04 2025 Loading certificates..\nFri Mar 14 12:05:04 2025 Negotiating SSL_CTX object using "
    "SSLv23_method\nFri Mar 14 12:05:04 2025 create BIO\n",
    "one netstat row that does not leave": "root@lpar7:/ # lssrc -s nimsh\nSubsystem Group PID Status\n nimsh            "
    "nimclient        6685140      active\nroot@lpar7:/ # netstat -an | grep 22\n"
    "tcp4       0      0  *.22                   *.*                    LISTEN\n",
    "levels": "root@lpar7:/ # lslpp -l | grep -i openssl\n"
    "  openssl.base            1.0.2.1800  COMMITTED  Open Secure Socket Layer\n",
}


def other_findings(files: Mapping[str, bytes], *, redacted: bool) -> List[str]:
    """What a report of these files would be refused for."""
    original = loose(files)
    ends: Dict[str, Any] = {"client": original, "master": original.paired} if original.paired else {"host": original}
    before = scanned(ends, REGISTRY).report
    with tempfile.TemporaryDirectory() as place:
        collections = {end: collect(one, REGISTRY.catalog, _made(place, end)) for end, one in ends.items()}
        trees: Dict[str, Any] = dict(collections)
        renamed: Any = lambda text: frozenset([text])  # noqa: E731
        if redacted:
            redactor = Redactor(bytes(range(32)), REGISTRY.catalog)
            for collection in collections.values():
                redactor.learn(collection)
            trees = {end: redactor.redacted(collection) for end, collection in collections.items()}
            for tree in trees.values():
                redactor.check(tree)
            renamed = next(iter(trees.values())).renamed
        after = bundled(trees, REGISTRY, next(iter(collections.values())).collected).report
        if not redacted:
            # but for the time, nothing at all is another
            assert after.results == before.results
        return differences(
            before, after, renamed, lambda: thinned_lines(list(ends.values()), REGISTRY.catalog, THINNED)
        )


def _made(place: str, end: str) -> str:
    made = os.path.join(place, end)
    os.mkdir(made, 0o700)
    return made


def transcript(tree: MemoryTree, host: str) -> bytes:
    """All recorded commands as somebody would paste them."""
    told = json.loads(tree.files["manifest.json"])["commands"].items()
    pasted = [(line, tree.files[entry["file"]]) for line, entry in told if entry.get("file") in tree.files]
    return b"\n".join(f"root@{host}:/ # {line}\n".encode() + raw for line, raw in pasted)


def different_ends() -> List[Tuple[str, str]]:
    """A scenario and an end, one of all that are the same: most scenarios leave one end as it is."""
    found: Dict[Any, Tuple[str, str]] = {}
    for name in names():
        for end in ENDS:
            found.setdefault((end, *sorted(scenario(name)[end].files.items())), (name, end))
    return list(found.values())


@pytest.mark.parametrize(("name", "end"), different_ends())
def test_a_scenario_as_attachments_keeps_its_findings(name: str, end: str) -> None:
    tree = scenario(name)[end]
    files = {path.replace("/", "_"): raw for path, raw in tree.files.items() if path.startswith("files/")}
    attached = {
        **{path: raw for path, raw in files.items() if "keys" not in path},
        "mail.txt": transcript(tree, {"client": "lpar7", "master": "nim1"}[end]),
    }
    assert other_findings(attached, redacted=True) == []


@pytest.mark.parametrize("redacted", [True, False])
@pytest.mark.parametrize("log", sorted(path.name for path in LOGS.glob("*.log") if path.stat().st_size))
def test_every_log_keeps_its_findings(log: str, redacted: bool) -> None:
    assert other_findings({"nimsh.log": (LOGS / log).read_bytes()}, redacted=redacted) == []


@pytest.mark.parametrize("number", [2, 3])
def test_some_texts_together_keep_their_findings(number: int) -> None:
    tried = 0
    for redacted, texts in zip(cycle([True, False]), combinations(TYPED, number)):
        one = "Hello,\n\n" + "\n".join(TYPED[name] for name in texts)
        several = {f"mail-{at}.txt": TYPED[name].encode() for at, name in enumerate(texts)}
        for files in ({"mail.txt": one.encode(), "nimsh.log": (LOGS / "hang.log").read_bytes()}, several):
            try:
                loose(files)
            except TargetError:
                continue
            tried += 1
            assert other_findings(files, redacted=redacted) == [], texts
    assert tried >= 15


def found(report: Dict[str, Any]) -> List[Tuple[Any, ...]]:
    """What was found and where it stands, without anybody's name."""
    keys = ("check", "outcome", "severity", "confidence", "where", "fix")
    return [
        (*(one[key] for key in keys), len(one["objects"]), [quote["line"] for quote in one["evidence"]])
        for one in report["results"]
    ]


@pytest.mark.parametrize("words", [(), ("--no-redact",)])
def test_the_finding_a_mail_and_a_log_are_about_is_in_the_archive(doctor, tmp_path, words):
    case = tmp_path / "case"
    case.mkdir()
    (case / "nimsh.log").write_bytes((LOGS / "hang.log").read_bytes())
    (case / "mail.txt").write_text(
        "Hello,\n\n" + "\n".join(TYPED[name] for name in ("its row", "objects", "the end of a log"))
    )
    key = () if words else ("--redact-key", tmp_path / "key")
    archive = doctor("report", case, "--case", "TS001234567", "--output", tmp_path, *words, *key).out.strip()
    plain, again = doctor("scan", case, json=True), doctor("scan", archive, json=True)
    assert found(again.report) == found(plain.report) and again.status == plain.status
    assert "fail" in {
        outcome for check, outcome, *_ in found(plain.report) if check in ("create-bio-hang", "nimsh-inactive")
    }
    with tarfile.open(archive) as tar:
        inside = {one.name.split("/", 1)[1]: tar.extractfile(one).read() for one in tar.getmembers() if one.isfile()}
    assert found(json.loads(inside["report.json"])) == found(plain.report)
    # what is no evidence does not leave, and names only where they were to
    everything = b"".join(inside.values())
    assert b"Hello," not in everything and (b"lpar7" in everything) is bool(words)


def test_loose_pieces_that_make_no_sense_are_said_and_left_out() -> None:
    piece = {"source": "mail.txt", "name": "lssrc -a", "row": "lssrc -a", "file": "commands/lssrc_-a", "first_line": 4}
    bad = [7, {}, {**piece, "file": "../x"}, piece, piece, {**piece, "first_line": -1, "file": "commands/b"}]
    files = collected(commands={"lssrc -a": SUBSYSTEMS}, role=None)
    files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), "loose": bad}).encode()
    host = RecordedEvidence("case", MemoryTree(files))
    (text,) = host.texts(REGISTRY.catalog.row("lssrc -a"), {})
    assert host.loose and (text.source, text.first_line) == ("mail.txt", 4)
    assert len([said for said in host.remarks if "loose" in said]) == 5


def test_what_the_archive_would_lose_is_named_and_nothing_is_written(doctor, tmp_path, monkeypatch):
    from nimdoctor.collection.record import Record

    monkeypatch.setattr(Record, "piece", without_subsystems(Record.piece))
    case, out = tmp_path / "case", tmp_path / "out"
    case.mkdir()
    out.mkdir()
    (case / "mail.txt").write_text(TYPED["its row"] + "\n" + TYPED["objects"])
    ended = doctor("report", case, "--case", "TS001234567", "--output", out, "--redact-key", tmp_path / "key")
    assert ended.status == 2 and list(out.iterdir()) == []
    assert re.search(r"nimsh-inactive: fail in the evidence, (unknown|not-applicable) in the archive", ended.err), (
        ended.err
    )
    assert "--no-redact" in ended.err


def without_subsystems(piece: Any) -> Any:
    """A collector that forgets one row."""
    return lambda record, row, text: None if row.label == "lssrc -a" else piece(record, row, text)


def test_lines_out_of_one_string_keep_the_number_of_its_line_in_the_archive(doctor, tmp_path):
    case = tmp_path / "case"
    case.mkdir()
    status = "Subsystem         Group            PID          Status\n nimsh            nimclient                     inoperative"
    record = json.dumps({"cmd": "lssrc -s nimsh", "rc": 0, "stdout": status}, indent=1)
    (case / "play.json").write_text(f"ok: [lpar7] => {record}\n")
    archive = doctor("report", case, "--case", "TS001234567", "--output", tmp_path, "--no-redact").out.strip()
    plain, again = (doctor("scan", one, json=True).result("nimsh-inactive") for one in (case, archive))
    assert plain["outcome"] == again["outcome"] == "fail"
    assert [quote["line"] for quote in plain["evidence"]] == [quote["line"] for quote in again["evidence"]] == [4]
