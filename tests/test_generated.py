"""What `make generate` makes of checks, fixes and facts is committed as it makes it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from nimdoctor.model.rows import Kind, Row, fact

REPOSITORY = Path(__file__).resolve().parents[1]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "tools" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = generator()


@pytest.mark.parametrize("name", [*GENERATE.LISTS, *GENERATE.DOCUMENTS])
def test_what_is_made_of_checks_fixes_and_facts_is_current(name):
    make = {**GENERATE.LISTS, **GENERATE.DOCUMENTS}[name]
    assert (REPOSITORY / name).read_text("utf-8") == make(), f"{name} is not current: make generate"


# -- where the catalog comes from


def collected(monkeypatch, **facts):
    made = [fact(*rows)(type(name, (), {})) for name, rows in facts.items()]
    monkeypatch.setattr(GENERATE, "facts", lambda: made)
    return [(row.name, row.facts) for row in GENERATE.collected()]


def command(name):
    return Row(name, Kind.COMMAND)


def test_a_row_is_of_the_fact_it_stands_on_and_of_those_that_name_it(monkeypatch):
    found = collected(monkeypatch, Levels=["oslevel -s"], Level=[command("oslevel -s"), command("oslevel")])
    assert found == [("oslevel -s", ("Level", "Levels")), ("oslevel", ("Level",))]


def test_the_rows_of_each_fact_come_the_best_first_whatever_stands_on_others(monkeypatch):
    found = collected(monkeypatch, A=[command("worse")], B=["better", "worse"], C=[command("better")])
    assert [name for name, _ in found] == ["better", "worse"]


def test_states_of_paths_feed_the_paths_on_whichever_fact_they_stand(monkeypatch):
    found = collected(monkeypatch, Site=[Row("/etc/site", Kind.FILE), Row("/etc/site", Kind.PATHS)])
    assert found == [("/etc/site", ("Site",)), ("/etc/site", ("Paths",))]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"A": ["nowhere"]}, "'nowhere', which stands on no fact"),
        ({"A": [command("a")], "B": [command("a")]}, "stands on two facts"),
        ({"A": [command("a"), "b"], "B": [command("b"), "a"]}, "better than another row for one fact, and worse"),
        ({"A": [command("a"), Row("/a", Kind.FILE)]}, "files come before paths"),
    ],
)
def test_rows_that_contradict_each_other_are_told(monkeypatch, facts, said):
    with pytest.raises(GENERATE.Wrong, match=said):
        collected(monkeypatch, **facts)
