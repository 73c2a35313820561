"""Files of records: lines that are there while they come, a table, a page; what is refused."""

import json
import os

import pytest

from nimdoctor.fleet.outputs import ROWS, written_to
from nimdoctor.fleet.record import of_failure
from nimdoctor.library.errors import UsageError
from nimdoctor.report.scan_report import Failure

FINDING = {
    "check": "rsh-left", "severity": "low", "confidence": "certain", "topic": "operation", "where": "client",
    "host": "lpar7", "message": "an old way is open", "fix": None, "objects": ["a", "b"], "object_count": 300,
}  # fmt: skip


def record(number, **fields):
    return {**of_failure(Failure(f"{number}.tgz", "failed", "it broke")), **fields}


JUDGED = record(
    7, host="lpar7", verdict="problems", exit_status=1, exposure={"open": 3, "worst": 9.8}, findings=[FINDING],
    certificate_days=-3, followed=True, missing=["lssrc -a"], failure=None,
    undecided=[{"check": "log-missing", "severity": "medium", "message": "no nimsh.log"}],
)  # fmt: skip


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_json_lines_are_there_while_they_come(tmp_path):
    place = tmp_path / "fleet.jsonl"
    with written_to(str(place)) as add:
        for number in range(3):
            add(record(number))
            assert lines(place) == [record(one) for one in range(number + 1)]
    assert os.listdir(tmp_path) == ["fleet.jsonl"]


def test_an_earlier_file_stays_until_the_first_record(tmp_path):
    place = tmp_path / "fleet.jsonl"
    place.write_text('{"of": "yesterday"}\n')
    with written_to(str(place)) as add:
        assert lines(place) == [{"of": "yesterday"}]
        add(record(1))
        assert lines(place) == [record(1)]


def test_it_stays_where_nothing_came_for_an_error_and_goes_where_there_is_nothing(tmp_path):
    place = tmp_path / "fleet.jsonl"
    place.write_text('{"of": "yesterday"}\n')
    with pytest.raises(ValueError, match="broken"), written_to(str(place)):
        raise ValueError("broken")
    assert lines(place) == [{"of": "yesterday"}] and os.listdir(tmp_path) == ["fleet.jsonl"]
    with written_to(str(place)):
        pass
    assert lines(place) == []


def test_what_was_written_before_an_error_is_whole(tmp_path):
    place = tmp_path / "fleet.jsonl"
    with pytest.raises(TypeError), written_to(str(place)) as add:
        add(record(1))
        add(record(2, message=object()))
    assert lines(place) == [record(1)]


def test_a_table_has_a_row_a_record_and_a_column_a_field(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    place = tmp_path / "fleet.parquet"
    with written_to(str(place)) as add:
        add(JUDGED)
        for number in range(ROWS + 5):
            add(record(number))
    assert parquet.ParquetFile(place).num_row_groups == 2
    table = parquet.read_table(place)
    first, *others = table.to_pylist()
    flat = {name: value for name, value in JUDGED.items() if name not in ("exposure", "failure")}
    nothing = {"failure_kind": None, "failure_message": None}
    assert first == {**flat, "exposure_open": 3, "exposure_worst": 9.8, **nothing}
    assert [row["target"] for row in others] == [f"{number}.tgz" for number in range(ROWS + 5)]
    assert {(row["failure_kind"], row["failure_message"], row["exposure_open"]) for row in others} == {
        ("failed", "it broke", None)
    }


def test_tables_of_any_records_have_the_same_columns(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    for name, written in (("none", []), ("one", [JUDGED]), ("failed", [record(1)])):
        with written_to(str(tmp_path / f"{name}.parquet")) as add:
            for one in written:
                add(one)
    schemas = [parquet.read_schema(tmp_path / f"{name}.parquet") for name in ("none", "one", "failed")]
    assert schemas[0] == schemas[1] == schemas[2]


def test_a_table_appears_when_it_is_whole_and_not_by_an_error(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    place = tmp_path / "fleet.parquet"
    place.write_text("of yesterday")
    with pytest.raises(ValueError, match="broken"), written_to(str(place)) as add:
        add(JUDGED)
        raise ValueError("broken")
    assert place.read_text() == "of yesterday" and os.listdir(tmp_path) == ["fleet.parquet"]


def test_a_page_holds_all_records_and_leaves_nothing_beside_it(tmp_path):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    place = tmp_path / "fleet.html"
    with written_to(str(place)) as add:
        add(JUDGED)
        add(record("b\u00e9"))
    page = place.read_text("ascii")
    assert page.startswith("<!DOCTYPE html>") and "lpar7" in page and "it broke" in page
    assert os.listdir(tmp_path) == ["fleet.html"]


@pytest.mark.parametrize("name", ["fleet", "fleet.csv", "fleet.json", "jsonl", ""])
def test_another_ending_is_refused(name):
    with pytest.raises(UsageError, match=r"has to end in \.jsonl, \.parquet, \.html"):
        written_to(name)


def test_where_nothing_can_be_written_it_shows_before_the_first_record(tmp_path):
    os.mkfifo(tmp_path / "fifo.jsonl")
    for name in ("no/such/place.jsonl", "fifo.jsonl"):
        with pytest.raises(OSError), written_to(str(tmp_path / name)):
            pass
