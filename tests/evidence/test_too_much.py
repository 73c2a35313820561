"""A host has so many commands and so much text; more of it is refused with the limit, and one text is read once."""

import io
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest
from hosts import MemoryTree, evidence, filesets, loose, scan_hosts
from pump import ends_in_time

from nimdoctor.evidence import TargetError, open_target
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.loose import read_loose
from nimdoctor.evidence.recorded import RecordedEvidence

MIB = 1024 * 1024
MEMORY = 700 * MIB
"""Bytes of address space that a scan may have; a text that was read once for each of its names takes gigabytes."""
ROWS = {row.name: row for row in Catalog()}
LSLPP = filesets(*(f"some.fileset{number} 7.2.5.{number}" for number in range(5000)))


def tree(content: Dict[str, bytes], **manifest: Any) -> MemoryTree:
    told = {"schema": "nimdoctor.evidence/1", "host": "lpar7", "role": "client", **manifest}
    return MemoryTree({**content, "manifest.json": json.dumps(told).encode()})


def refusal(found: MemoryTree) -> str:
    with pytest.raises(TargetError) as caught:
        RecordedEvidence("case", found)
    assert str(caught.value).startswith("case: refused, more than ")
    return str(caught.value)


def named(count: int, file: str = "commands/x", command: str = "lslpp -lc") -> Dict[str, Any]:
    return {f"{command} some.fileset{number}": {"file": file, "status": 0} for number in range(count)}


def archive(count: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in tree({"commands/x": LSLPP.encode()}, commands=named(count)).files.items():
            packed.writestr(name, content)
    return made.getvalue()


def scan_in_little_memory(raw: bytes, place: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    path = Path(place)
    path.write_bytes(raw)
    report = scan_hosts(open_target(str(path)))
    assert report.results and not [found for found in report.results if found.outcome.value == "error"]


def test_a_file_that_a_thousand_commands_name_is_read_once(tmp_path: Path) -> None:
    raw = archive(1000)
    assert len(raw) < 64 * 1024
    ends_in_time("test_too_much:scan_in_little_memory", [("1,000 names", raw, str(tmp_path / "case.zip"))], 120)


def test_of_the_names_of_one_file_the_best_counts() -> None:
    found = RecordedEvidence("case", tree({"commands/x": LSLPP.encode()}, commands={**named(9), **named(1)}))
    assert len(found.texts(ROWS["lslpp -lc"], {})) == 1
    plain = {**named(3), "lslpp -lc": {"file": "commands/x", "status": 0}}
    texts = RecordedEvidence("case", tree({"commands/x": LSLPP.encode()}, commands=plain)).texts(ROWS["lslpp -lc"], {})
    assert [text.source for text in texts] == ["lslpp -lc"]
    files = {"commands/x": LSLPP.encode(), "commands/y": LSLPP.encode()}
    two = {"lslpp -lc": plain["lslpp -lc"], "lslpp -lc bos.rte": {"file": "commands/y", "status": 0}, **named(3)}
    texts = RecordedEvidence("case", tree(files, commands=two)).texts(ROWS["lslpp -lc"], {})
    assert [text.source for text in texts] == ["lslpp -lc", "lslpp -lc bos.rte"]


def test_what_commands_without_a_file_said_counts_for_each() -> None:
    commands = {f"lssrc -s {name}": {"file": None, "status": 1, "stderr": f"no {name}\n"} for name in ("nimsh", "tftp")}
    texts = RecordedEvidence("case", tree({}, commands=commands)).texts(ROWS["lssrc -a"], {})
    assert [text.read() for text in texts] == ["no nimsh\n", "no tftp\n"]


def test_two_thousand_commands_are_read_and_one_more_is_refused(tmp_path: Path) -> None:
    assert RecordedEvidence("case", tree({}, commands=named(2000)))
    assert "more than 2,000 commands" in refusal(tree({}, commands=named(2001)))
    unnamed = {f"commands/lssrc_-s_{number}": b"\n" for number in range(1001)}
    assert "more than 2,000 commands of one host" in refusal(tree(unnamed, commands=named(1000)))
    path = tmp_path / "case.zip"
    path.write_bytes(archive(2001))
    ended = subprocess.run(
        [sys.executable, "-m", "nimdoctor", "scan", str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 2 and "refused, more than 2,000 commands" in ended.stderr and not ended.stdout


class LargeTree(MemoryTree):
    """Every text of it says that it has 16 MiB."""

    def size(self, name: str) -> int:
        return 16 * MIB if name.startswith(("commands/", "files/")) else super().size(name)


def large(count: int, **manifest: Any) -> LargeTree:
    files = {f"commands/lssrc_-s_{number}": b"\n" for number in range(count)}
    return LargeTree(tree({**files, "files/var/adm/ras/nimsh.log": b"\n", "files/etc/motd": b"\n"}, **manifest).files)


def test_256_mib_of_text_are_read_and_more_is_refused_but_for_the_log() -> None:
    assert RecordedEvidence("case", large(16))
    assert "more than 256 MiB of text of one host" in refusal(large(17))
    assert RecordedEvidence("case", large(16, commands=named(500, "commands/lssrc_-s_1")))


@pytest.mark.parametrize(
    ("key", "most"),
    [("not_collected", 2_000), ("complete", 2_000), ("files", 20_000), ("certificates", 20_000), ("paths", 100_000)],
)
def test_more_entries_of_a_manifest_than_a_host_has_are_refused_by_name(key: str, most: int) -> None:
    entries: Any = {f"/{number}": {} for number in range(most + 1)}
    entries = list(entries) if key in ("complete", "certificates") else entries
    assert f"more than {most:,} {key} in manifest.json" in refusal(tree({}, **{key: entries}))


def transcript(first: int, count: int) -> str:
    return "".join(
        f"root@lpar7:/ # lslpp -l some{number}.fileset\n some{number}.fileset  7.2.5.1  COMMITTED  Words\n"
        for number in range(first, first + count)
    )


def test_more_pieces_of_loose_files_than_a_host_has_are_refused() -> None:
    assert loose({"one.txt": transcript(0, 900)})
    with pytest.raises(TargetError, match="case: refused, more than 2,000 recognised pieces of one host"):
        loose({"one.txt": transcript(0, 1900), "two.txt": transcript(1900, 200)})


def test_more_text_of_loose_files_than_a_host_has_is_refused() -> None:
    raw = filesets("some.fileset 7.2.5.1", "other.fileset 7.2.5.1", "third.fileset 7.2.5.1").encode()
    pieces = [(f"lslpp{number}.txt", lambda: io.BytesIO(raw), 16 * MIB) for number in range(17)]
    with pytest.raises(TargetError, match="case: refused, more than 256 MiB of text of one host"):
        read_loose("case", pieces)


def scan_in_time(kind: str, count: int) -> None:
    if kind == "sections":
        scan_hosts(loose({"mail.txt": transcript(0, count)}))
    elif kind == "paths":
        paths = {f"/ssl_nimsh/certs/{number}.pem": {"mode": "0644", "size": 12} for number in range(count)}
        scan_hosts(evidence(paths=paths))
    else:
        block = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
        scan_hosts(evidence(files={f"/ssl_nimsh/certs/{number}.pem": block for number in range(count)}))


@pytest.mark.parametrize(("kind", "count"), [("sections", 1900), ("paths", 20_000), ("certificates", 3_000)])
def test_a_scan_of_very_many_things_of_one_kind_ends(kind: str, count: int) -> None:
    ends_in_time("test_too_much:scan_in_time", [(kind, kind, count)], 240)
