"""The record of a bundle: every field, what its certificates tell, and what stands there when nothing can be told."""

import gzip
import json
import os
import tarfile
from importlib import resources

import jsonschema
import pytest
from hostile_archives import KINDS, REFUSED
from hosts import collected
from scenarios import names, scenario

import nimdoctor.report
from fleet.archives import pair_of, tgz
from nimdoctor.fleet.judging import judge
from nimdoctor.fleet.record import CRASHED, USAGE, of_failure, of_report
from nimdoctor.fleet.standing import Standing
from nimdoctor.report.scan_report import FAILED, UNREADABLE, Failure

SCHEMA = json.loads(resources.files(nimdoctor.report).joinpath("fleet-1.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def judged(
    path: object, master: "str | None" = None, pairing: str = "no evidence of its master"
) -> "dict[str, object]":
    """A record, which is what its schema says, and UTF-8."""
    record = judge(str(path), master, pairing)
    VALIDATOR.validate(record)
    assert list(record) == SCHEMA["required"], "one row of a table"
    json.dumps(record, ensure_ascii=False).encode("utf-8")
    return record


@pytest.mark.parametrize("name", names())
def test_every_scenario_gives_a_record_of_the_schema(name, tmp_path):
    client, master = pair_of(name, tmp_path)
    record = judged(client, master, "found by name (nim1)")
    assert (record["host"], record["master"], record["master_target"]) == ("lpar7", "nim1", master)
    assert record["pairing"] == "found by name (nim1)" and record["failure"] is None
    alone = judged(master, None, "it is a master")
    assert (alone["host"], alone["role"], alone["master"], alone["followed"]) == ("nim1", "master", None, None)


# -- what a record tells beside its findings


def test_a_record_tells_level_generation_time_and_the_end_of_the_certificate_in_use(tmp_path):
    client, master = pair_of("healthy", tmp_path)
    record = judged(client, master)
    assert (record["level"], record["generation"], record["collected"]) == (
        "7100-04-08-1914",
        "G0",
        "2025-03-15T09:53:20Z",
    )
    report = nimdoctor.scan(client, master).to_dict()
    used = [one for one in report["certificates"] if one["host"] == "lpar7" and one["in_use"]]
    assert record["certificate_days"] == min(one["days_left"] for one in used)
    assert record["certificate_not_after"] == min(one["not_after"] for one in used)
    assert record["exposure"] == {"open": report["exposure"]["open"], "worst": report["exposure"]["worst"]}


def test_a_certificate_that_ran_out_has_less_than_no_days_left(tmp_path):
    assert judged(pair_of("certificate-expired", tmp_path)[0])["certificate_days"] < 0
    assert 0 <= judged(pair_of("certificate-expiring", tmp_path)[0])["certificate_days"] < 60


def test_without_the_hosts_own_time_the_days_are_not_known(tmp_path):
    pem = next(raw for name, raw in scenario("healthy")["client"].files.items() if name.endswith("/server.pem"))
    record = judged(tgz(tmp_path / "a.tgz", collected(files={"/ssl_nimsh/certs/server.pem": pem})))
    assert record["certificate_days"] is None and record["collected"] is None
    assert record["certificate_not_after"] is not None


@pytest.mark.parametrize(
    ("name", "followed"),
    [
        ("healthy", True),
        ("certificate-mismatch", False),
        ("client-certificate-missing", False),
        ("client-not-secure", None),
    ],
)
def test_a_secured_client_has_followed_its_master_or_not(name, followed, tmp_path):
    client, master = pair_of(name, tmp_path)
    assert judged(client, master)["followed"] is followed
    assert judged(client)["followed"] is None, "nothing is known of its master"


def test_that_a_client_has_not_followed_is_not_said_by_what_was_not_collected(tmp_path):
    ends = scenario("certificate-mismatch")
    manifest = json.loads(ends["client"].files["manifest.json"])
    manifest["paths"]["/ssl_nimsh/certs/other.pem"] = dict(manifest["paths"]["/ssl_nimsh/certs/server.pem"])
    client = tgz(tmp_path / "c.tgz", {**ends["client"].files, "manifest.json": json.dumps(manifest).encode()})
    assert judged(client, pair_of("certificate-mismatch", tmp_path)[1])["followed"] is None


def test_that_a_client_has_followed_is_not_said_where_the_present_certificate_is_not_known(tmp_path):
    ends = scenario("healthy")
    without = {name: raw for name, raw in ends["master"].files.items() if name != "manifest.json"}
    master = tgz(tmp_path / "m.tgz", without)
    assert judged(pair_of("healthy", tmp_path)[0], master)["followed"] is None


def test_without_its_masters_evidence_the_master_is_called_as_the_client_calls_it(tmp_path):
    record = judged(pair_of("healthy", tmp_path)[0], None, "no evidence of its master (nim1) is among the bundles")
    assert (record["master"], record["master_target"]) == ("nim1", None)


def test_only_the_first_objects_stand_in_a_record_and_how_many_there_are(tmp_path):
    client, master = pair_of("rsh-many", tmp_path)
    report = nimdoctor.scan(client, master).to_dict()
    full = [one["objects"] for one in report["results"] if one["outcome"] == "fail"]
    found = judged(client, master)["findings"]
    assert [(one["objects"], one["object_count"]) for one in found] == [(one[:20], len(one)) for one in full]
    assert max(map(len, full)) > 20


def test_what_could_not_be_decided_stands_there_with_what_is_missing(tmp_path):
    files = dict(scenario("healthy")["client"].files)
    del files["commands/lssrc_-a"]
    record = judged(tgz(tmp_path / "a.tgz", files))
    assert "lssrc -a" in record["missing"] and record["undecided"] and record["verdict"] == "inconclusive"


# -- bad input


def test_a_master_that_cannot_be_read_leaves_the_client_to_be_judged_alone(tmp_path):
    client, master = pair_of("create-bio-hang", tmp_path)
    alone = judged(client)
    with open(master, "r+b") as cut:
        cut.truncate(400)
    for place in (master, str(tmp_path / "gone.tgz")):
        record = judged(client, place, "found by name (nim1)")
        assert (
            record["master_target"] is None and "judged alone, since that bundle cannot be used: " in record["pairing"]
        )
        assert place in record["pairing"]
        assert {**record, "pairing": ""} == {**alone, "pairing": ""}


def test_a_redacted_master_is_none_of_a_plain_client(tmp_path):
    client, _ = pair_of("healthy", tmp_path)
    files = dict(scenario("healthy")["master"].files)
    manifest = {**json.loads(files["manifest.json"]), "redacted": True}
    master = tgz(tmp_path / "m.tgz", {**files, "manifest.json": json.dumps(manifest).encode()})
    record = judged(client, master, "found by name (nim1)")
    assert record["master_target"] is None and "is redacted and" in record["pairing"] and record["host"] == "lpar7"


REFUSED_KINDS = [name for name, kind in KINDS.items() if kind.outcome == REFUSED]


@pytest.mark.parametrize("name", REFUSED_KINDS[::4])
def test_an_archive_that_means_harm_is_a_failure(name, tmp_path):
    path = tmp_path / f"a.{KINDS[name].suffix}"
    path.write_bytes(KINDS[name].make())
    record = judged(path)
    assert (record["failure"]["kind"], record["exit_status"]) == ("unreadable", 2)
    assert KINDS[name].says in record["failure"]["message"]


def test_a_bomb_and_more_members_than_a_host_has_are_refused(tmp_path):
    member = tarfile.TarInfo("evidence/files/var/adm/ras/nimsh.log")
    member.size = 1 << 40
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)))
    header = tarfile.TarInfo("evidence/x").tobuf()
    (tmp_path / "many.tar").write_bytes(header * 20_001 + bytes(1024))
    assert "256 MiB" in judged(tmp_path / "bomb.tar.gz")["failure"]["message"]
    assert "20,000 members" in judged(tmp_path / "many.tar")["failure"]["message"]


def test_what_is_no_file_and_what_is_gone_is_told_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.tgz")
    assert "neither a directory nor a regular file" in judged(tmp_path / "a.tgz")["failure"]["message"]
    assert "no such file" in judged(tmp_path / "gone.tgz")["failure"]["message"]
    assert "NUL" in judged("a\0b")["failure"]["message"]


def test_a_damaged_archive_is_a_failure_wherever_it_was_cut(tmp_path):
    client, _ = pair_of("healthy", tmp_path)
    with open(client, "rb") as whole:
        raw = whole.read()
    for length in (0, 1, 20, len(raw) // 2, len(raw) - 600):
        (tmp_path / "cut.tgz").write_bytes(raw[:length])
        assert judged(tmp_path / "cut.tgz")["exit_status"] == 2, length


def test_a_name_that_is_no_utf_8_stands_as_it_can_be_found_again(tmp_path):
    client, master = pair_of("healthy", tmp_path)
    places = [os.fsencode(str(tmp_path)) + name for name in (b"/c\xe9.tgz", b"/m\xff.tgz", b"/gone\xff.tgz")]
    os.rename(client, places[0])
    os.rename(master, places[1])
    record = judged(os.fsdecode(places[0]), os.fsdecode(places[1]))
    assert (record["target"], record["master_target"]) == (f"{tmp_path}/c\\xe9.tgz", f"{tmp_path}/m\\xff.tgz")
    assert judged(os.fsdecode(places[2]))["target"] == f"{tmp_path}/gone\\xff.tgz"


def test_half_a_character_that_a_check_told_stands_as_an_escape(tmp_path):
    report = nimdoctor.scan(pair_of("create-bio-hang", tmp_path)[0])
    told = report._replace(host=report.host._replace(name="lpar\ud8007"))
    record = of_report("a.tgz", told, Standing(), None, "none")
    VALIDATOR.validate(record)
    assert record["host"] == "lpar\\ud8007" and record["findings"]
    assert judged("\ud800.tgz")["failure"]["kind"] == "unreadable", "no system has such a path"


def test_nothing_but_an_interruption_leaves_the_judging_of_a_bundle(tmp_path, monkeypatch):
    client, _ = pair_of("healthy", tmp_path)
    for error in (MemoryError(), SystemExit(3), RecursionError("deep"), ValueError("a\nb")):

        def breaks(*_, error=error, **__):
            raise error

        monkeypatch.setattr("nimdoctor.fleet.judging.scan_hosts", breaks)
        record = judged(client)
        assert (record["failure"]["kind"], record["exit_status"]) == ("failed", 4)
        assert type(error).__name__ in record["failure"]["message"]

    def interrupts(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nimdoctor.fleet.judging.scan_hosts", interrupts)
    with pytest.raises(KeyboardInterrupt):
        judge(client, None, "")


@pytest.mark.parametrize(
    ("kind", "told", "status"),
    [(UNREADABLE, "unreadable", 2), (FAILED, "failed", 4), (CRASHED, "crashed", 4), (USAGE, "usage", 2)],
)
def test_a_failure_is_a_record_with_nothing_else_in_it(kind, told, status):
    record = of_failure(Failure("a.tgz", kind, "a.tgz: it\x1b[2J"))
    VALIDATOR.validate(record)
    assert record["failure"] == {"kind": told, "message": "a.tgz: it\\x1b[2J"} and record["exit_status"] == status
    filled = {name for name, value in record.items() if value not in (None, [])}
    assert filled == {"schema", "version", "target", "exit_status", "failure"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("verdict", "ill"), ("role", None), ("exit_status", 2), ("findings", None), ("collected", "yesterday")],
)
def test_the_schema_refuses_what_is_no_record(field, value, tmp_path):
    record = judge(pair_of("healthy", tmp_path)[0], None, "none")
    assert VALIDATOR.is_valid(record) and not VALIDATOR.is_valid({**record, field: value})
    assert not VALIDATOR.is_valid({name: told for name, told in record.items() if name != field})
