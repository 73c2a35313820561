"""What holds for every fact."""

import inspect

import pytest

from nimdoctor import facts
from nimdoctor.evidence.catalog import Catalog

NAMES = sorted(facts.MODULES)


@pytest.mark.parametrize("name", NAMES)
def test_a_fact_is_made_from_a_text_or_from_other_facts(name):
    kind = getattr(facts, name)
    assert hasattr(kind, "parse") or hasattr(kind, "derive")
    assert issubclass(kind, tuple), "a fact is immutable"


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(getattr(facts, name), "parse")])
def test_a_parser_shows_a_sample_and_is_fed_by_the_catalog(name):
    kind = getattr(facts, name)
    family = [base for base in kind.__mro__ if base.__module__.startswith("nimdoctor.facts")]
    documents = [inspect.getdoc(inspect.getmodule(kind)) or "", *(base.__doc__ or "" for base in family)]
    assert any(">>>" in text for text in documents), f"{name} has no sample that runs as a doctest"
    assert Catalog().rows_for(name), f"no row of the catalog feeds {name}"


def test_the_catalog_feeds_only_facts_there_are():
    assert {name for row in Catalog() for name in row.facts} <= set(NAMES)


def test_every_row_of_the_catalog_says_a_role():
    assert all(row.roles <= {"client", "master"} and row.roles for row in Catalog())
