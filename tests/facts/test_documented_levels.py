"""docs/levels.md: its example works, and its table of columns is that of the data files."""

from pathlib import Path

from nimdoctor.facts import LevelTables, SiteLevels
from nimdoctor.facts.level_table import TABLES, table
from nimdoctor.model import Text

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "levels.md").read_text("ascii")
EXAMPLE = DOCUMENT.split("```")[1].lstrip("\n")


def rows_of(text):
    return [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines() if line.startswith("|")
    ]


def test_the_example_is_obeyed_line_by_line():
    site = SiteLevels.parse(Text.of(EXAMPLE, "/etc/nimdoctor.levels"))
    assert site.remarks == () and {row.table for row in site.rows} == {
        line.split()[0] for line in EXAMPLE.splitlines()[1:]
    }
    assert [row.at.line for row in site.rows] == [2, 3, 4, 5]
    tables = LevelTables.derive(site)
    assert "IJ60001" in tables.apars()
    affected = tables.rows("openssl_support")[-1]
    assert (str(affected.range("affected")), affected.get("interim_fix")) == ("3.0.16.1001-3.0.20.1000", "302701ma")


def test_every_table_and_column_is_documented_as_it_is():
    told = {}
    for cells in rows_of(DOCUMENT):
        if len(cells) == 4 and cells[0] in (*TABLES, "every table"):
            told.setdefault(cells[0], {})[cells[1]] = cells[2]
    assert set(told) == {*TABLES, "every table"}
    for name in TABLES:
        found = table(name)
        must = {
            one.name: "yes" if one.needed else "one of" if one.name in found.one_of else "no" for one in found.columns
        }
        assert {**told[name], **told["every table"]} == must, name
    assert {cells[0] for cells in rows_of(DOCUMENT) if len(cells) == 2} >= set(TABLES)
