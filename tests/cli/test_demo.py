"""`nimdoctor demo`: a diagnosis for somebody without AIX."""

from pathlib import Path

import pytest

SCENARIOS = sorted(
    path.name
    for path in (Path(__file__).resolve().parents[2] / "fixtures" / "hosts").iterdir()
    if path.is_dir() and (path / "client").is_dir()
)


def test_the_demo_shows_a_diagnosis_says_that_it_is_a_sample_and_exits_0(installed, tmp_path):
    ended = installed("demo", cwd=tmp_path)
    assert (ended.status, ended.err) == (0, "")
    assert "sample, not a real host" in ended.out
    assert "PROBLEMS: 1 critical problem" in ended.out
    assert "create BIO" in ended.out and "nimconfig -C" in ended.out
    assert not list(tmp_path.iterdir())


def test_the_demo_tells_what_to_type_on_a_real_host(doctor):
    assert "nimdoctor scan" in doctor("demo").out


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_can_be_shown(doctor, scenario):
    ended = doctor("demo", scenario)
    assert ended.status == 0
    assert scenario in ended.out


def test_list_names_the_scenarios_and_nothing_else(doctor):
    assert doctor("demo", "list").out.split() == SCENARIOS


def test_an_unknown_scenario_exits_2_and_names_the_known_ones(doctor):
    ended = doctor("demo", "nothing")
    assert (ended.status, ended.out, len(ended.said)) == (2, "", 1)
    assert "create-bio-hang" in ended.err


def test_a_path_is_no_scenario(doctor):
    assert doctor("demo", "../hosts/healthy").status == 2
