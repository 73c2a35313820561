"""A scan beside an earlier report of the same host: what is new, what is gone, what has changed."""

import json

import pytest
from hosts import registry
from scenarios import scenario

import nimdoctor
from nimdoctor.diagnosis.ignore import Rule
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import TargetError
from nimdoctor.library.earlier_reports import read
from nimdoctor.library.errors import UsageError
from nimdoctor.library.scanning import scan
from nimdoctor.model import Outcome, Severity
from nimdoctor.report import comparison, html, json_report, junit_report, markdown_report, nagios_report, text_report


def scanned(name, *, master=True, **more):
    ends = scenario(name)
    client, other = (RecordedEvidence(f"{name}/{end}", ends[end]) for end in ("client", "master"))
    return scan(client, other if master else None, registry=registry(), **more)


BEFORE = scanned("tftp-disabled")
AFTER = scanned("healthy")


def compare(before, after):
    return read(before if isinstance(before, dict) else before.to_dict()).beside(after)


def ids(changes):
    return [one.check for one in changes]


def without(document, check):
    return {**document, "results": [one for one in document["results"] if one["check"] != check]}


# -- what is compared


def test_a_finding_whose_check_passes_now_is_gone_and_the_rest_is_as_it_was():
    found = compare(BEFORE, AFTER)
    assert ids(found.gone) == ["tftp-disabled", "client-not-secure"] and not found.new and not found.changed
    assert found.gone[0].after.outcome == "pass" and found.gone[0].place == "nim1"
    assert comparison.headline(found).endswith("(problems then): 2 gone (tftp-disabled, client-not-secure)")


def test_the_other_way_round_it_is_new():
    found = compare(AFTER, BEFORE)
    assert ids(found.new) == ["tftp-disabled", "client-not-secure"] and not found.gone and not found.changed


def test_the_same_evidence_brings_nothing_and_says_how_much_is_left():
    found = compare(BEFORE, scanned("tftp-disabled"))
    assert (found.new, found.gone, found.changed, found.notes) == ((), (), (), ())
    assert comparison.headline(found).endswith("the same 6 findings") and comparison.sentences(found) == []


def test_what_cannot_be_decided_any_more_is_not_gone():
    now = AFTER._replace(
        results=tuple(
            one._replace(outcome=Outcome.UNKNOWN) if one.check == "tftp-disabled" else one for one in AFTER.results
        )
    )
    found = compare(BEFORE, now)
    assert ids(found.gone) == ["client-not-secure"] and ids(found.changed) == ["tftp-disabled"]
    assert found.changed[0].after.outcome == "unknown"
    assert any(
        line.startswith("not decided now: tftp-disabled on nim1: unknown: ") for line in comparison.sentences(found)
    )
    assert "1 found then and not decided now (tftp-disabled)" in comparison.headline(found)


def test_what_is_not_asked_now_is_not_gone():
    found = compare(BEFORE, scanned("healthy", master=False, only=["nimsh-inactive"]))
    assert not found.gone and {one.after for one in found.changed} == {None}
    assert any(line.startswith("found then, and not asked now: ") for line in comparison.sentences(found))
    assert "the master was nim1 then, and is not given now" in found.notes


def test_what_an_ignore_file_takes_out_is_not_gone_and_not_new_either():
    rules = [Rule("tftp-disabled", "known", "/etc/nimdoctor.ignore", 1)]
    silenced = scanned("tftp-disabled", rules=rules)
    (change,) = compare(BEFORE, silenced).changed
    assert (change.check, change.after.outcome) == ("tftp-disabled", "ignored")
    (change,) = compare(silenced, BEFORE).new
    assert (change.check, change.before.outcome) == ("tftp-disabled", "ignored")
    assert "(ignored then)" in " ".join(comparison.sentences(compare(silenced, BEFORE)))


def test_a_check_that_was_not_asked_then_is_said_to_be_so():
    found = compare(without(BEFORE.to_dict(), "tftp-disabled"), BEFORE)
    assert found.new[0].before is None
    assert comparison.sentences(found)[0].endswith(" (not asked then)")


def test_other_objects_severity_or_confidence_of_one_finding_are_a_change_and_other_words_are_none():
    def now(**change):
        results = [one._replace(**change) if one.check == "client-not-secure" else one for one in BEFORE.results]
        return compare(BEFORE, BEFORE._replace(results=tuple(results)))

    assert not now(message="3 h later").changed
    (change,) = now(severity=Severity.HIGH).changed
    assert (change.before.severity, change.after.severity) == ("medium", "high")
    found = now(objects=("lpar9", "lpar12"))
    assert not found.new and not found.gone
    assert "changed: client-not-secure on nim1: now also lpar12" in comparison.sentences(found)


def test_of_several_findings_of_one_check_each_is_followed_by_its_objects():
    one = next(one for one in BEFORE.results if one.check == "client-not-secure")
    both = BEFORE._replace(results=(*BEFORE.results, one._replace(objects=("lpar12",))))
    found = compare(both, BEFORE)
    assert [change.before.objects for change in found.gone] == [("lpar12",)] and not found.changed
    assert found.to_dict()["gone"][0]["objects"] == ["lpar12"]
    found = compare(BEFORE, both)
    assert [change.after.objects for change in found.new] == [("lpar12",)] and not found.changed


def test_a_name_that_was_written_short_then_is_the_same_host():
    document = json.loads(json.dumps(BEFORE.to_dict()).replace('"lpar7"', '"LPAR7.example.com"'))
    assert compare(document, BEFORE).changed == ()


def test_another_version_is_said():
    found = compare({**BEFORE.to_dict(), "version": "0.0.7"}, AFTER)
    assert found.notes[0].startswith("the earlier report is of nimdoctor 0.0.7, this is ")


def test_verdict_and_exit_status_stay_those_of_the_scan():
    report = AFTER._replace(compared=compare(BEFORE, AFTER))
    assert (report.verdict, report.exit_status) == (AFTER.verdict, AFTER.exit_status)


# -- what cannot be compared


def test_another_host_is_refused_by_name():
    document = json.loads(json.dumps(BEFORE.to_dict()).replace('"lpar7"', '"lpar8"'))
    with pytest.raises(TargetError, match="is of lpar8, and this is lpar7"):
        compare(document, AFTER)


def test_a_report_without_a_name_is_taken_and_that_is_said():
    document = json.loads(json.dumps(BEFORE.to_dict()).replace('"lpar7"', "null"))
    found = compare(document, AFTER)
    assert ids(found.gone) == ["tftp-disabled", "client-not-secure"]
    assert "does not name its host" in found.notes[0]


def test_pseudonyms_are_not_compared_with_names():
    with pytest.raises(TargetError, match="pseudonyms"):
        compare({**BEFORE.to_dict(), "redacted": True}, AFTER)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no JSON"),
        ("nothing", "is no JSON"),
        ("[1, 2]", "is no report (it names no schema"),
        ('{"schema": "nimdoctor.plan/1"}', "its schema is nimdoctor.plan/1, not nimdoctor.report/1"),
        ('{"schema": "nimdoctor.report/1"}', "is damaged: generated is no time"),
        ("[" * 100_000, "nested too deep"),
        ("\xff\xfe\x00\xd8", "is no text of JSON"),
        ('{"schema": "nimdoctor.failure/1", "target": "x"}\n{"schema": "nimdoctor.failure/1"}', "holds no report"),
    ],
)
def test_what_is_no_report_is_refused_with_what_to_give(tmp_path, text, says):
    file = tmp_path / "before.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as error:
        read(str(file))
    assert says in str(error.value) and "nimdoctor scan --format json" in str(error.value)
    assert str(file) in str(error.value) and len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "well"}, "verdict is not"),
        ({"host": None}, "host is no host"),
        ({"results": {}}, "results is no list"),
        ({"results": [3]}, "results[0] is no entry"),
        ({"generated": "yesterday"}, "generated is no time"),
    ],
)
def test_a_damaged_report_is_refused_with_the_place(change, says):
    with pytest.raises(UsageError, match="is damaged") as error:
        read({**BEFORE.to_dict(), **change})
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("outcome", "bad"), ("severity", 3), ("objects", [1]), ("check", None), ("where", "x"), ("vulnerabilities", [{}])],
)
def test_a_damaged_entry_is_refused_with_its_number(name, value):
    document = BEFORE.to_dict()
    document["results"][2] = {**document["results"][2], name: value}
    with pytest.raises(UsageError, match=r"results\[2\]\." + name):
        read(document)


def test_no_file_a_directory_and_a_file_too_large_are_refused(tmp_path, monkeypatch):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(UsageError, match="there is no such file"):
            read(str(path))
    file = tmp_path / "large.json"
    file.write_text(json_report.render(BEFORE))
    monkeypatch.setattr("nimdoctor.library.earlier_reports.LIMIT", 100)
    with pytest.raises(UsageError, match="is larger than"):
        read(str(file))


# -- several reports in one file


def test_of_several_reports_one_a_line_the_newest_of_the_same_host_counts(tmp_path):
    other = json.loads(json.dumps(AFTER.to_dict()).replace('"lpar7"', '"lpar8"'))
    older = {**AFTER.to_dict(), "generated": "2020-01-01T00:00:00Z"}
    lines = [
        BEFORE.to_dict(),
        other,
        {"schema": "nimdoctor.failure/1", "target": "x", "kind": "target", "message": "y"},
        older,
    ]
    file = tmp_path / "all.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert ids(read(str(file)).beside(AFTER).gone) == ["tftp-disabled", "client-not-secure"]


# -- every format, and the library


def test_every_format_says_what_has_become_of_it():
    report = AFTER._replace(compared=compare(BEFORE, AFTER))
    line = "2 gone (tftp-disabled, client-not-secure)"
    text = " ".join(text_report.render(report).split())
    assert f"(problems then): {line}" in text and "gone: tftp-disabled on nim1: the tftp row is active" in text
    assert "gone: tftp-disabled on nim1" in markdown_report.render([report])
    assert line in junit_report.render([report]) and "gone: <span" in html.render([report])
    nagios = nagios_report.render([report], Severity.MEDIUM)
    assert line in nagios and " new=0 gone=2 changed=0 " in nagios
    assert report.to_dict()["compared"]["before"]["verdict"] == "problems"


def test_without_an_earlier_report_nothing_is_said_of_one():
    assert "compared" not in AFTER.to_dict() and "Compared" not in text_report.render(AFTER)
    assert " new=" not in nagios_report.render([AFTER], Severity.MEDIUM)


def test_the_library_takes_a_file_and_a_document(tmp_path):
    host = "fixtures/hosts/healthy/client"
    before = nimdoctor.scan(host).to_dict()
    file = tmp_path / "before.json"
    file.write_text(json.dumps(before))
    for given in (before, str(file)):
        assert nimdoctor.scan(host, compare=given).compared.new == ()
    (one,) = nimdoctor.scan_many([host], compare=before)
    assert one.compared.earlier.generated == before["generated"]
    (failed,) = nimdoctor.scan_many(["fixtures/hosts/healthy/master"], compare=before)
    assert failed.exit_status == 2 and "is of lpar7, and this is nim1" in failed.message
