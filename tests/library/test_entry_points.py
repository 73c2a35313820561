"""Which distributions' entry points count, and in which order."""

import os
import sys

import pytest

from nimdoctor.library.entry_points import entry_points

GROUP = "nimdoctor.tests"
OTHER = "[nimdoctor.tests]\nother = other_nim"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Makes a directory, the last on sys.path, with these distributions: name of the .dist-info to its entry points."""

    def made(name, distributions):
        for info, points in distributions.items():
            (tmp_path / name / info).mkdir(parents=True)
            named, version = info.rpartition(".")[0].split("-")
            (tmp_path / name / info / "METADATA").write_text(f"Name: {named}\nVersion: {version}\n")
            if points is not None:
                (tmp_path / name / info / "entry_points.txt").write_bytes(points.encode("latin-1"))
        monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / name)])

    return made


def names():
    return [point.name for point in entry_points(GROUP)]


def test_a_line_is_a_module_or_one_thing_in_it(place):
    place("site", {"a-1.0.dist-info": "[nimdoctor.tests]\none = a_nim.one\ntwo = a_nim:two [extra]\n[other]\nno = x\n"})
    assert [tuple(point) for point in entry_points(GROUP)] == [("one", "a_nim.one", ""), ("two", "a_nim", "two")]


def test_the_order_is_that_of_the_path_and_there_by_name(place, monkeypatch):
    # a file system lists names as it likes
    monkeypatch.setattr(os, "listdir", lambda *words, all=os.listdir: sorted(all(*words), reverse=True))
    points = {one: f"[nimdoctor.tests]\n{one} = {one}_nim\n" for one in "abz"}
    place("first", {"z-1.0.dist-info": points["z"]})
    place("second", {"a-1.0.dist-info": points["a"], "b-1.0.dist-info": points["b"]})
    assert names() == ["z", "a", "b"]


@pytest.mark.parametrize("second", ["site_nim-1.0", "site_nim-0.9", "Site.Nim-1.0"])
def test_a_distribution_found_twice_counts_once_and_the_first_is_it(place, second):
    place("first", {"site_nim-1.0.dist-info": "[nimdoctor.tests]\nnew = site_nim.new\n"})
    place("second", {f"{second}.dist-info": "[nimdoctor.tests]\nold = site_nim.old\n"})
    assert names() == ["new"]


def test_one_that_has_no_entry_points_any_more_hides_its_former_version(place):
    place("first", {"site_nim-2.0.dist-info": None})
    place("second", {"site_nim-1.0.dist-info": "[nimdoctor.tests]\nold = site_nim.old\n"})
    assert names() == []


@pytest.mark.parametrize(
    "broken", ["no section = x\n", "[a]\nno value\n", "[a]\nb = c\n[a]\nb = c\n", "[a]\nb = \xe9\n"]
)
def test_what_cannot_be_parsed_of_somebody_elses_spoils_nothing(place, broken):
    place("site", {"broken-1.0.dist-info": broken, "other-1.0.dist-info": OTHER})
    assert names() == ["other"]


def test_nor_does_a_directory_without_metadata(place, tmp_path):
    place("site", {"other-1.0.dist-info": OTHER})
    (tmp_path / "site" / "aaa-1.0.dist-info").mkdir()
    assert names() == ["other"]


def test_a_name_that_no_module_can_have_is_left_to_whoever_loads_it(place):
    place("site", {"a-1.0.dist-info": "[nimdoctor.tests]\na = no-module!\n"})
    assert [tuple(point) for point in entry_points(GROUP)] == [("a", "no-module!", "")]
