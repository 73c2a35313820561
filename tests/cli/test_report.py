"""`nimdoctor report`: one archive for a case, redacted, the same each time, and scanned to the same findings."""

import hashlib
import json
import os
import shutil
import stat
import tarfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.library.bundle import BadNumber, label_of

NAMES = (b"lpar7", b"nim1", b"10.1.1.", b"00F6A1B", b"00f6a1b", b"example.com")
"""What the scenarios' hosts are called. Of a machine id seven digits: a pseudonym keeps the frame, and four digits more
come out by chance where there are some hundred of them."""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "site.key"


@pytest.fixture
def reported(doctor: Callable[..., Any], tmp_path: Path, key: Path) -> Callable[..., Path]:
    """`nimdoctor report WORDS` into a directory of its own; gives the archive."""

    def run(*words: object, place: str = "out", number: Tuple[str, str] = ("--case", "TS001234567")) -> Path:
        directory = tmp_path / place
        directory.mkdir(exist_ok=True)
        redact = () if "--no-redact" in words else ("--redact-key", key)
        ended = doctor("report", *words, *number, "--output", directory, *redact)
        assert ended.status == 0, ended.err
        (line,) = ended.out.splitlines()
        run.said = ended.err  # type: ignore[attr-defined]
        return Path(line)

    return run


def members(archive: Path) -> Dict[str, bytes]:
    """The files in an archive by their names below its one folder."""
    with tarfile.open(archive) as tar:
        found = {one.name: tar.extractfile(one) for one in tar.getmembers() if one.isfile()}
        tops = {name.split("/")[0] for name in found}
        assert len(tops) == 1
        return {name.split("/", 1)[1]: stream.read() for name, stream in found.items() if stream}


def judged(report: Dict[str, Any]) -> List[Tuple[Any, ...]]:
    """What was found, without anybody's name."""
    keys = ("check", "outcome", "severity", "confidence", "where", "fix")
    return [tuple(one[key] for key in keys) for one in report["results"]]


PAIRS = ["create-bio-hang", "stale-ssl-libs", "openssl-missing", "french-master"]


@pytest.mark.parametrize("name", PAIRS)
def test_a_bundle_of_both_ends_is_scanned_to_the_same_findings(name, doctor, reported, hosts):
    ends = (hosts / name / "client", "--master", hosts / name / "master")
    archive = reported(*ends)
    again = doctor("scan", archive, json=True)
    plain = doctor("scan", *ends, json=True)
    assert judged(again.report) == judged(plain.report) and again.status == plain.status
    assert judged(json.loads(members(archive)["report.json"])) == judged(plain.report)


def test_the_name_is_what_ibm_support_expects(reported, hosts):
    client = hosts / "create-bio-hang" / "client"
    case = reported(client, "--no-redact")
    pmr = reported(client, "--no-redact", number=("--pmr", "12345,67R,000"))
    assert case.name == "TS001234567.lpar7.nimdoctor.20250315T095320Z.tar.gz"
    assert pmr.name == "12345.67R.000.lpar7.nimdoctor.20250315T095320Z.tar.gz"
    assert stat.S_IMODE(case.stat().st_mode) == 0o600


def test_twice_from_the_same_evidence_it_is_the_same_byte_for_byte(reported, hosts):
    ends = (hosts / "create-bio-hang" / "client", "--master", hosts / "create-bio-hang" / "master")
    first, second = reported(*ends), reported(*ends, place="again")
    assert first.name == second.name and first.read_bytes() == second.read_bytes()


def test_the_manifest_names_every_member_with_its_digest_the_versions_and_the_redaction(reported, hosts):
    inside = members(reported(hosts / "create-bio-hang" / "client", "--master", hosts / "create-bio-hang" / "master"))
    manifest = json.loads(inside.pop("manifest.json"))
    assert manifest["schema"] == "nimdoctor.report.bundle/1" and manifest["redacted"] is True
    assert {name: one["sha256"] for name, one in manifest["members"].items()} == {
        name: hashlib.sha256(raw).hexdigest() for name, raw in inside.items()
    }
    assert manifest["versions"]["nimdoctor"] and len(manifest["versions"]["rules"]["sha256"]) == 64
    assert {"report.html", "report.txt", "report.json", "plan.txt", "plan.json", "ledger.json", "README.txt"} <= set(
        inside
    )
    assert {"client/manifest.json", "master/manifest.json"} <= set(inside)


@pytest.mark.parametrize("name", [*PAIRS, "rsh-many", "ssl-tree-damaged"])
def test_no_name_of_the_site_is_in_any_member_nor_in_a_members_name(name, reported, hosts):
    archive = reported(hosts / name / "client", "--master", hosts / name / "master")
    inside = members(archive)
    for member, raw in {**inside, "its name": archive.name.encode()}.items():
        assert not [word for word in NAMES if word in member.encode() or word in raw], member
        assert b"-----BEGIN" not in raw


def test_the_way_back_stays_beside_the_key_and_is_nobody_elses(reported, hosts, key):
    archive = reported(hosts / "create-bio-hang" / "client")
    place = key.parent / f"{archive.name}.map.json"
    assert stat.S_IMODE(place.stat().st_mode) == stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "lpar7" in json.loads(place.read_text())["names"]
    assert str(place) in reported.said
    assert not any(b"nimdoctor.map/1" in raw for raw in members(archive).values())


def test_ends_redacted_apart_with_one_key_pair_up(doctor, reported, hosts):
    scenario = hosts / "create-bio-hang"
    client, master = reported(scenario / "client"), reported(scenario / "master", place="other")
    apart = doctor("scan", client, "--master", master, json=True)
    together = doctor("scan", scenario / "client", "--master", scenario / "master", json=True)
    assert judged(apart.report) == judged(together.report)


def test_without_redaction_it_says_so_everywhere(reported, hosts):
    inside = members(reported(hosts / "healthy" / "client", "--no-redact"))
    assert json.loads(inside["manifest.json"])["redacted"] is False
    assert b"NOT REDACTED" in inside["README.txt"] and "ledger.json" not in inside
    assert "not redacted" in reported.said


def test_every_report_in_it_says_whether_its_names_are_the_sites(reported, hosts):
    for words, told in (((), b"pseudonyms"), (("--no-redact",), b"not redacted: read it before you send it")):
        inside = members(reported(hosts / "healthy" / "client", *words))
        assert json.loads(inside["report.json"])["redacted"] is not bool(words)
        for name in ("report.txt", "report.html"):
            assert told in b" ".join(inside[name].split()), name


def test_it_never_sends_and_says_where_to(reported, hosts):
    reported(hosts / "healthy" / "client")
    assert "nimdoctor sends nothing" in reported.said and "ibm.com" in reported.said


def test_a_live_host_and_its_master_are_collected_for_it(doctor, reported, lab_of):
    lab = lab_of("create-bio-hang")
    archive = reported(lab.client_target, "--master", lab.master_target)
    again = doctor("scan", archive, json=True)
    live = doctor("scan", lab.client_target, "--master", lab.master_target, json=True)
    without = [one for one in judged(live.report) if one[0] not in ("handshake-fails", "clock-skew")]
    assert [one for one in judged(again.report) if one[0] not in ("handshake-fails", "clock-skew")] == without
    assert not any(b"lpar7" in raw or b"nim1" in raw for raw in members(archive).values())


def test_a_log_alone_will_do(doctor, reported, logs):
    archive = reported(logs / "hang.log")
    plain = doctor("scan", logs / "hang.log", json=True)
    again = doctor("scan", archive, json=True)
    failing = [one for one in judged(plain.report) if one[1] == "fail"]
    assert failing and [one for one in judged(again.report) if one[1] == "fail"] == failing


def test_an_unpacked_bundle_is_scanned_too(doctor, reported, hosts, tmp_path):
    archive = reported(hosts / "create-bio-hang" / "client", "--master", hosts / "create-bio-hang" / "master")
    for name, raw in members(archive).items():
        place = tmp_path / "unpacked" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    packed, loose = (doctor("scan", place, json=True) for place in (archive, tmp_path / "unpacked"))
    assert packed.report["results"] == loose.report["results"]


@pytest.mark.parametrize(
    "number",
    [
        (), ("--case", "TS12"), ("--case", "TS0012345678"), ("--case", "ts001234567"), ("--case", "../TS001234567"),
        ("--case", ""), ("--pmr", "12345"), ("--pmr", "12345,67R"), ("--pmr", "1234,67R,000"), ("--pmr", "12345,67R,0000"),
        ("--pmr", "12345,6/R,000"), ("--case", "TS001234567", "--pmr", "12345,67R,000"), ("--case", "TS00123456\uff17"),
    ],
)  # fmt: skip
def test_a_malformed_number_is_refused_before_anything_is_read(number, doctor, hosts, tmp_path):
    ended = doctor("report", hosts / "healthy" / "client", *number, "--output", tmp_path)
    assert ended.status == 2 and ("--case" in ended.err or "--pmr" in ended.err)
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=14))
def test_any_other_text_is_no_number(text: str) -> None:
    try:
        label = label_of(text, None)
    except BadNumber:
        return
    assert label == text and len(text) == 11 and text.isascii()


def test_a_link_in_the_archives_place_is_not_followed(doctor, hosts, tmp_path, key):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    place = tmp_path / "out"
    place.mkdir()
    words = ("report", hosts / "healthy" / "client", "--no-redact", "--case", "TS001234567", "--output", place)
    archive = Path(doctor(*words).out.strip())
    archive.unlink()
    archive.symlink_to(victim)
    assert doctor(*words).status == 2
    assert victim.read_text() == "precious"


def test_what_could_not_be_redacted_is_not_written(doctor, hosts, tmp_path, key, monkeypatch):
    from nimdoctor.redaction import Leak, Redactor

    def leaks(self: Redactor, tree: object) -> None:
        raise Leak("files/etc/hosts", "host")

    monkeypatch.setattr(Redactor, "check", leaks)
    place = tmp_path / "out"
    place.mkdir()
    words = ("--case", "TS001234567", "--output", place, "--redact-key", key)
    ended = doctor("report", hosts / "healthy" / "client", *words)
    assert ended.status == 2 and "files/etc/hosts: host is left in it" in ended.err
    assert list(place.iterdir()) == []


def test_a_name_that_reached_a_report_another_way_is_found(doctor, hosts, tmp_path, key, monkeypatch):
    from nimdoctor.report import text_report

    monkeypatch.setattr(text_report, "render", lambda report: "Host: lpar7\n")
    ended = doctor(
        "report", hosts / "healthy" / "client", "--case", "TS001234567", "--output", tmp_path, "--redact-key", key
    )
    assert ended.status == 2 and "report.txt: host is left in it" in ended.err


def test_a_key_file_that_others_can_read_is_refused(doctor, hosts, tmp_path):
    key = tmp_path / "open.key"
    key.write_text("00" * 32 + "\n")
    os.chmod(key, 0o644)
    ended = doctor(
        "report", hosts / "healthy" / "client", "--case", "TS001234567", "--output", tmp_path, "--redact-key", key
    )
    assert ended.status == 2 and "open.key" in ended.err


def test_without_a_named_key_the_users_own_is_made_and_used_again(doctor, hosts, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    words = ("report", hosts / "healthy" / "client", "--case", "TS001234567", "--output", tmp_path)
    first = Path(doctor(*words).out.strip())
    kept = first.read_bytes()
    assert stat.S_IMODE((tmp_path / ".nimdoctor").stat().st_mode) == 0o700
    assert doctor(*words).status == 0 and first.read_bytes() == kept
    shutil.rmtree(tmp_path / ".nimdoctor")
    (tmp_path / ".nimdoctor").symlink_to(tmp_path)
    refused = doctor(*words)
    assert refused.status == 2 and "--redact-key" in refused.err
