"""Tables of levels: every row is checked, names its source, and a site adds to them and never overrules."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import LevelTables, SiteLevels
from nimdoctor.facts.level_table import TABLES, BadRow, data_of, read, table
from nimdoctor.model import Text

DATA = Path(__file__).resolve().parents[2] / "nimdoctor" / "facts" / "data"
LEVELS = "/etc/nimdoctor.levels"
G3 = "generations generation=G3 tl=7200-05 apar=IJ60001 first=7200-05-14 source=IBM node/7290000"


def site(*lines):
    return SiteLevels.parse(Text.of("".join(line + "\n" for line in lines), LEVELS))


def damaged(name, **changed):
    raw = data_of(name)  # others read the same
    first, *rest = raw["rows"]
    return {**raw, "rows": [{**first, **changed}, *rest]}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_nimdoctors_own_tables_is_in_order(name):
    found = table(name)
    assert found.rows and found.note
    for row in found.rows:
        assert row.source and row.sure in "ABCM" and not row.of_site
    raw = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    assert read(name, raw) == found and len(raw["rows"]) == len(found.rows)
    assert {column.name for column in found.columns} >= {"source", "sure", *found.key, *found.per, *found.one_of}


def test_every_table_is_one_file_and_every_other_data_file_is_none():
    tables = {path.stem for path in DATA.glob("*.json") if "columns" in json.loads(path.read_text(encoding="utf-8"))}
    assert tables == set(TABLES)


@pytest.mark.parametrize(
    ("name", "changed", "says"),
    [
        ("generations", {"tl": "7.2 TL5"}, "tl is '7.2 TL5' and not a technology level such as 7200-05"),
        ("generations", {"first": "7200-04-10"}, "first 7200-04-10 is not of 7200-05"),
        ("generations", {"apar": None, "first": None}, "it has none of apar, first"),
        ("generations", {"source": None}, "it has no source"),
        ("generations", {"source": "x" * 201}, "source is"),
        ("generations", {"remark": "x"}, "generations has no column 'remark'"),
        ("generations", {"generation": "G2", "apar": "IJ55968"}, "two rows of generations"),
        ("nim_affected", {"affected": "7.2.5.9-3"}, "affected is '7.2.5.9-3'"),
        ("nim_affected", {"affected": "7.3.5.0-9"}, "affected 7.3.5.0-9 is not of 7200-05"),
        ("nim_cves", {"score": "11.0"}, "score is '11.0'"),
        ("nimclient_members", {"level": "7.1.5.35"}, "level 7.1.5.35 is not of 7100-04"),
        ("openssl_support", {"since": "2023-13"}, "since is '2023-13'"),
    ],
)
def test_a_row_that_is_none_is_refused_with_the_reason(name, changed, says):
    with pytest.raises(BadRow) as refused:
        read(name, damaged(name, **changed))
    assert str(refused.value).startswith(says)


def test_the_values_of_a_row_are_levels_and_ranges_where_they_are_to_be_compared():
    row = table("nimclient_members").rows[0]
    assert (str(row.level("level")), str(row.level("first")), row.level("apar")) == ("7.1.4.35", "7100.4.8", None)
    affected = table("nim_affected").rows[0]
    assert str(affected.range("affected")) == "7.2.5.0-7.2.5.203"
    assert (row.get("nothing"), row.text("nothing"), affected.range("source")) == (None, "", None)


def test_lines_that_the_project_alone_gave_up_say_so():
    others = [row for row in table("openssl_support").rows if row.get("by")]
    assert [(str(row.level("line")), row.get("since")) for row in others] == [("1.1", "2023-09"), ("3.0", "2026-09")]


def test_openssl_1_0_2_is_a_line_and_3_0_a_range_with_its_interim_fix():
    line, affected = [row for row in table("openssl_support").rows if not row.get("by")]
    assert (str(line.level("line")), line.get("since"), line.get("interim_fix"), line.sure) == (
        "1.0.2",
        "2023-12",
        None,
        "B",
    )
    assert (str(affected.range("affected")), affected.get("interim_fix")) == ("3.0.0.0-3.0.16.1000", "301610mc")


# -- a site's own rows


def test_a_sites_row_stands_behind_nimdoctors_own_and_says_where_it_stands():
    tables = LevelTables.derive(site("# ours", "", G3))
    row = tables.rows("generations")[-1]
    assert row.of_site and row.at.line == 3 and row.sure == "C"
    assert row.source == f"{LEVELS} line 3: IBM node/7290000"
    assert LevelTables.derive(None).rows("generations") == table("generations").rows


def test_the_apars_of_all_tables_are_asked_for_each_once():
    asked = LevelTables.derive(site(G3)).apars()
    assert {"IJ53757", "IJ59566", "IJ13756", "IJ60001"} <= set(asked)
    assert len(asked) == len(set(asked))


def test_a_value_may_hold_blanks_and_needs_no_quotation_marks():
    (row,) = site("generations  tl=VIOS 4.1.3\tgeneration=G3 first=4.1.3.10   source=letter of 3 May, page 2 ").rows
    assert (row.get("tl"), row.get("source")) == ("VIOS 4.1.3", "letter of 3 May, page 2")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("levels tl=7200-05", "'levels tl=7200-05' names no table (there are generations, "),
        ("generations", "it has no generation"),
        ("generations G3 7200-05", "'G3 7200-05' is no column=value"),
        (G3 + " apar=IJ60002", "it has apar twice"),
        (G3.replace("7200-05-14", "7200-05-12"), "nimdoctor's own row (IBM node/7283858) says 7200-05-13 and the later"),
        (G3.replace("IJ60001", "IJ59566"), "nimdoctor's own row (IBM node/7283858) says it already"),
        (G3.replace("G3", "G0"), "generation is 'G0' and not G1 to G9"),
        (G3.replace(" source=IBM node/7290000", ""), "it has no source"),
        ("nim_cves cve=CVE-2024-56346 generation=G1 score=1.0 source=ours", "nimdoctor's own row (IBM node/7186621) says it"),
        ("nimclient_members tl=7100-04 apar=IJ13756 fileset=bos.sysmgt.nim.client level=7.1.4.1 source=ours", "nimdoctor's"),
        ('{"rows": {"generations": []}}', "'{\"rows\": {\"generations\": []}}' names no table"),
        ("-----BEGIN PRIVATE KEY-----", "(not shown, it may be a key) names no table"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_a_remark_and_the_others_count(line, says):
    found = site(line, "nim_cves cve=CVE-2027-12345 generation=G4 score=9.8 source=IBM node/7300000")
    assert [row.get("cve") for row in found.rows] == ["CVE-2027-12345"]
    (remark,) = found.remarks
    assert remark.startswith(f"{LEVELS} line 1 is not obeyed: {says}")


def test_the_same_row_twice_counts_once():
    found = site(G3, G3)
    assert len(found.rows) == 1
    assert found.remarks == (f"{LEVELS} line 2 is not obeyed: line 1 says it already",)


def test_a_file_that_is_none_is_said_in_few_lines():
    found = SiteLevels.parse(Text.of(b"\x00\xff\n" * 5000, LEVELS))
    assert not found.rows and len(found.remarks) == 21
    assert found.remarks[-1] == f"{LEVELS} from line 21 on is not obeyed: after 20 lines that are no rows"


def test_more_rows_than_a_command_line_can_take_are_not_used():
    found = site(*(f"nim_cves cve=CVE-2027-{number} generation=G4 source=x" for number in range(10000, 10300)))
    assert len(found.rows) == 200
    assert found.remarks == (f"{LEVELS} from line 201 on is not obeyed: after 200 rows",)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_of_a_sites_file(text):
    found = SiteLevels.parse(Text.of(text.encode("utf-8", "replace"), LEVELS))
    assert all(row.of_site for row in found.rows)


@given(st.lists(st.sampled_from([*TABLES, "tl=7200-05", "apar=IJ60001", "generation=G3", "cve=CVE-2027-1000", "score=9.9",
                                 "source=x", "sure=A", "level=7.2.5.1", "affected=7.2.5.0-9", "fileset=a.b", "since=2027-01",
                                 "line=3.0", "first=7200-05-20", "=", "x=y"]), max_size=9))  # fmt: skip
def test_whatever_a_sites_rows_are_they_are_checked_like_nimdoctors_own(words):
    for row in site(" ".join(words)).rows:
        assert table(row.table).row(dict(row.values), row.at) == row
