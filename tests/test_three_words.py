"""Not collected, given but cannot be read, given but not understood: three things, and none in the words of another."""

import gzip
import io
import json
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple

import pytest
from hosts import MemoryTree, collected, evidence, loose, niminfo, result_of, scan_hosts, subsystems

from nimdoctor import facts
from nimdoctor.diagnosis.host import FactAbsent, Host
from nimdoctor.evidence.catalog import Catalog, Kind, Row
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome
from nimdoctor.report.json_report import as_dict

LETTER = b"Dear all,\nplease find attached what you asked for.\nKind regards\n"
STATES: Dict[str, bytes] = {
    "empty": b"",
    "blank": b"\n \n\n",
    "binary": bytes(range(256)) * 8,
    "cut gzip": gzip.compress(bytes(range(256)) * 50)[:40],
    "a letter": LETTER,
    "a page": b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n",
    "another command": b"-rw-r-----    1 padmin   staff          1024 Jan 01 2024 some.file\n",
}
TAKES_ANYTHING = {"NimMessages", "RecordedOperations", "LoaderReports", "SiteLevels"}
"""What is looked for in these may be in any text, and not to be there is an answer."""
EMPTY_IS_AN_ANSWER = {"Inittab", "Rhosts", "NimInfoFile"}
ONE_OF_A_SHAPE = {("Rhosts", "a letter"), ("Rhosts", "a page"), ("Rhosts", "another command")}
"""Any word of a line may be a host's name."""


def rows() -> Iterator[Tuple[Row, str]]:
    """Every file and command of the catalog with every fact that it feeds."""
    for row in Catalog():
        if row.kind in (Kind.FILE, Kind.COMMAND):
            for fact in row.facts:
                yield row, fact


def named(row: Row) -> str:
    """A file that the row covers, or its command line as recorded."""
    if row.kind is Kind.FILE:
        return row.name.replace("*", "1", 1) if "/*/" in row.name else row.name.replace("*", "x.cnf")
    return " ".join(word.strip("{}").lower() if word[0] == "{" else word for word in row.name.split())


def labels(fact: str) -> Tuple[str, ...]:
    """Of everything that feeds it: `host X` may be any of four rows."""
    return tuple(row.label for row in Catalog().rows_for(fact))


def host_with(row: Row, content: Optional[bytes], tree: Any = MemoryTree) -> Host:
    """A host of which that one thing was recorded, with that content, or nothing at all."""
    given = {} if content is None else {named(row): content}
    # lsitab ends with 1 where it prints nothing
    parts = {"files": given} if row.kind is Kind.FILE else {"commands": given, "status": dict.fromkeys(given, 1)}
    return Host(RecordedEvidence("case", tree(collected(**parts))), Catalog(), ("client", "master"))


def why(host: Host, fact: str) -> Optional[FactAbsent]:
    try:
        host.fact(getattr(facts, fact))
    except FactAbsent as absent:
        return absent
    return None


PAIRS = [pytest.param(row, fact, id=f"{row.label}-{fact}") for row, fact in rows() if fact not in ("CertificateDetails", "LppSources")]  # fmt: skip


@pytest.mark.parametrize(("row", "fact"), PAIRS)
def test_what_nobody_collected_is_said_to_be_not_collected(row: Row, fact: str) -> None:
    if fact == "Paths":
        pytest.skip("a record of paths is always there, if only an empty one")
    first = Catalog().rows_for(fact)[0].label
    absent = why(host_with(row, None), fact)
    assert absent and (absent.message, absent.missing) == (f"{first} was not collected", (first,))


class Damaged(MemoryTree):
    """Whatever is opened proves to be damaged."""

    def open(self, name: str) -> BinaryIO:
        if name == "manifest.json":
            return super().open(name)
        raise OSError(5, "Input/output error", name)

    def size(self, name: str) -> int:
        return len(self.files[name])


@pytest.mark.parametrize(("row", "fact"), PAIRS)
def test_what_cannot_be_read_is_said_to_be_given(row: Row, fact: str) -> None:
    if fact == "Paths":
        pytest.skip("a record of paths is always there, if only an empty one")
    absent = why(host_with(row, LETTER, Damaged), fact)
    assert absent and "given but cannot be read: Input/output error" in absent.message, absent
    assert "not collected" not in absent.message and "understood" not in absent.message
    assert absent.message.startswith((*labels(fact), named(row)))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("row", "fact"), PAIRS)
def test_what_is_not_understood_is_said_to_be_given_with_its_first_line(row: Row, fact: str, state: str) -> None:
    content = STATES[state]
    host = host_with(row, content)
    blank = not content.strip()
    if fact in TAKES_ANYTHING or (fact in EMPTY_IS_AN_ANSWER and blank) or (fact, state) in ONE_OF_A_SHAPE:
        assert why(host, fact) is None
        return
    if fact == "Paths":
        host.fact(facts.Paths)
        said = host.unread(row.label)
    else:
        absent = why(host, fact)
        assert absent, (row.label, fact, state)
        said = absent.message
    assert said.startswith(labels(fact)) and ": given but not understood: " in said, said
    assert "not collected" not in said and "cannot be read" not in said
    if blank:
        assert "empty" in said or fact in ("Certificates", "RepairRuns")
    elif state == "a letter" and fact != "Certificates":
        assert "'Dear all,'" in said
    assert said.isprintable() and len(said) < 400


@pytest.mark.parametrize("state", STATES)
def test_reports_say_it_with_the_name_of_what_is_missing(state: str) -> None:
    commands = {"lssrc -a": STATES[state], "netstat -an": "x"}
    report = scan_hosts(evidence(commands=commands, files={"/etc/niminfo": niminfo()}))
    told = json.loads(json.dumps(as_dict(report)))
    found = next(one for one in told["results"] if one["check"] == "nimsh-inactive")
    assert found["outcome"] == "unknown" and found["missing"] == ["lssrc -a"]
    assert found["message"].startswith("lssrc -a: given but not understood: ")
    unread = {one["source"]: one["reason"] for one in told["unread"]}
    assert unread["lssrc -a"].startswith("given but not understood: ")


def test_a_piece_that_one_of_its_facts_understands_is_not_told_as_unread() -> None:
    said = "0042-137 nimclient: the /etc/niminfo file is missing some required\n"
    report = scan_hosts(evidence(commands={"nimclient -l -l lpar7": said}, files={"/etc/niminfo": niminfo()}))
    assert [source for _, source, _ in report.problems] == []


def test_no_check_calls_damaged_evidence_not_collected() -> None:
    """The words of every check, with each piece of a healthy pair damaged in its turn."""
    from scenarios import ENDS, scenario

    for end in ENDS:
        for name in sorted(scenario("healthy")[end].files):
            if name == "manifest.json":
                continue
            trees = {one: dict(scenario("healthy")[one].files) for one in ENDS}
            trees[end][name] = STATES["cut gzip"]
            report = scan_hosts(*(RecordedEvidence(one, MemoryTree(trees[one])) for one in ENDS))
            for found in report.results:
                said = f"{found.message} {found.cure or ''}"
                assert "not collected" not in said and "not recorded" not in said, (name, found.check, said)
                assert found.outcome is not Outcome.FAIL or found.check in ("nim-vulnerable", "openssl-unsupported"), (
                    name, found.check, found.message,
                )  # fmt: skip


LOOSE_LOG = "Fri Mar 14 12:05:04 2025  NIM Service Handler started from SRC\n"


@pytest.mark.parametrize(
    ("name", "content", "label", "fact", "said"),
    [
        ("lssrc_-a.txt", LETTER, "lssrc -a", "Subsystems", "'Dear all,'"),
        ("lssrc.txt", LETTER, "lssrc -a", "Subsystems", "'Dear all,'"),
        ("niminfo", STATES["binary"], "/etc/niminfo", "NimInfo", "(binary)"),
        ("inetd.conf", b"", "/etc/inetd.conf", "InetdConf", "(empty)"),
        ("nimsh.log.gz", STATES["cut gzip"], "/var/adm/ras/nimsh.log", "NimshLog", "(gzip: unpack it first)"),
    ],
)
def test_a_loose_file_that_is_not_recognised_was_given_all_the_same(
    name: str, content: bytes, label: str, fact: str, said: str
) -> None:
    other = {"lsnim.txt": "lpar7:\n   class = machines\n   type = standalone\n   connect = nimsh\n"}
    absent = why(Host(loose({name: content, **other}), Catalog()), fact)
    assert absent and absent.message.startswith(f"{label}: given but not understood: "), absent
    assert said in absent.message and absent.message.endswith(f"({name})")


def test_near_miss_a_loose_copy_that_is_recognised_needs_no_word_of_the_other() -> None:
    given = loose({"nimsh.log.1.gz": STATES["cut gzip"], "nimsh.log": LOOSE_LOG})
    assert Host(given, Catalog()).unread("/var/adm/ras/nimsh.log") == ""


@pytest.mark.parametrize("content", [b"", b"# warning\n\0\0\0\n"])
def test_near_miss_an_emptied_niminfo_is_a_fault_and_not_a_damaged_copy(content: bytes) -> None:
    found = result_of("niminfo-broken", evidence(files={"/etc/niminfo": content}, commands={"lssrc -a": subsystems("nimsh nimclient active")}))  # fmt: skip
    assert found.outcome is Outcome.FAIL


def test_a_niminfo_that_is_something_else_is_a_fault_only_where_nim_says_so() -> None:
    files = {"/etc/niminfo": LETTER}
    unknown = result_of("niminfo-broken", evidence(files=files))
    assert unknown.outcome is Outcome.UNKNOWN and "given but not understood" in unknown.message
    said = {"nimclient -l -l lpar7": "0042-137 nimclient: the /etc/niminfo file is missing some required\n"}
    assert result_of("niminfo-broken", evidence(files=files, commands=said)).outcome is Outcome.FAIL


def test_of_several_files_the_one_that_is_not_understood_is_named() -> None:
    host = host_with(next(row for row in Catalog() if row.name == "/ssl_nimsh/configs/*"), LETTER)
    absent = why(host, "SslConfigs")
    assert absent and absent.message.endswith("(/ssl_nimsh/configs/x.cnf)")


def test_a_certificate_file_that_holds_none_is_not_understood_and_an_empty_one_holds_none() -> None:
    nimsh = {"ps -eo pid,ppid,etime,args": " 7799162  3211664 23-04:22:10 /usr/sbin/nimsh -s -c\n"}
    path = "/ssl_nimsh/certs/server.pem"
    damaged = result_of("client-certificate-missing", evidence(files={path: LETTER}, commands=nimsh))
    assert (
        damaged.outcome is Outcome.UNKNOWN and "given but not understood" in damaged.message and path in damaged.message
    )
    empty: List[Any] = [{"mode": "0644", "size": 0, "mtime": 1}]
    none = result_of("client-certificate-missing", evidence(files={path: b""}, commands=nimsh, paths={path: empty[0], "/ssl_nimsh/certs": {"mode": "0755", "mtime": 1}}))  # fmt: skip
    assert none.outcome is Outcome.FAIL


def test_a_text_of_a_stream_that_breaks_off_cannot_be_read() -> None:
    class Broken(MemoryTree):
        def open(self, name: str) -> BinaryIO:
            if name.endswith("nimsh.log"):
                return Cut(self.files[name])
            return super().open(name)

        def size(self, name: str) -> int:
            return len(self.files[name])

    class Cut(io.BytesIO):
        def read(self, size: Optional[int] = -1) -> bytes:
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    files = collected(files={"/var/adm/ras/nimsh.log": b"x" * 2_000_000})
    found = result_of("create-bio-hang", RecordedEvidence("case", Broken(files)))
    assert found.outcome is Outcome.UNKNOWN
    assert found.message.startswith("/var/adm/ras/nimsh.log: given but cannot be read: Compressed file ended")
