"""The table of recognised kinds: what it says of its forms is true of the recogniser."""

import re
import subprocess
import sys

import pytest

from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.evidence.recognition import line_is_known, recognise
from nimdoctor.evidence.recognition.kinds import ALONE, KINDS, Origin, kinds_of, own_lines

FORMS = [(kind, form) for kind in KINDS for form in kind.forms]
# rows of nimdoctor's own files, of which no host without it has one
OWN = {"/etc/nimdoctor.ignore", "/etc/nimdoctor.levels"}


@pytest.mark.parametrize(("kind", "form"), FORMS, ids=lambda one: getattr(one, "key", getattr(one, "shape", "")))
def test_every_line_of_a_sample_is_one_of_its_kind(kind, form):
    lines = form.sample.splitlines()
    assert lines and all(any(line.search(text) for line in own_lines(kind)) for text in lines)
    assert all(line_is_known(row, text) for row in kind.rows for text in lines)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if any(sign.points for sign in kind.signs)], ids=lambda one: one.key
)
def test_the_forms_of_a_kind_together_are_taken_for_one_of_its_rows(kind):
    hint = "SSL_root.cnf" if kind.key == "cnf" else ""
    found = recognise("\n".join(form.sample for form in kind.forms), hint)
    assert found is not None
    row = Catalog().named(found)
    assert row is not None and row.label in kind.rows


def test_every_row_of_a_kind_is_one_of_the_catalog_and_every_row_that_a_host_has_is_of_a_kind():
    labels = {row.label for row in Catalog()}
    assert {name for kind in KINDS for name in kind.rows} <= labels
    read = [
        row
        for row in Catalog()
        if row.kind in (Kind.FILE, Kind.COMMAND) and not row.name.startswith("/var/adm/nimdoctor")
    ]
    assert {row.label for row in read if not kinds_of(row)} == OWN


def test_keys_are_unique_and_marks_are_those_of_the_list_of_sources():
    keys = [kind.key for kind in KINDS]
    assert len(keys) == len(set(keys))
    assert {form.mark for _, form in FORMS} <= set("ABCM") and all(form.source for _, form in FORMS)
    assert all(form.mark in "CM" for _, form in FORMS if form.origin is Origin.BELIEVED)
    assert all(form.mark != "M" for _, form in FORMS if form.origin is not Origin.BELIEVED)


def test_what_stands_alone_is_a_known_line_of_its_row():
    for name, pattern in ALONE:
        row = Catalog().named(name)
        assert row and kinds_of(row) and re.compile(pattern)


@pytest.mark.parametrize(
    ("row", "line", "known"),
    [
        ("lsnim -l", "   some_new_attribute = yes", True),
        ("lsnim -l lpar7", "lpar7:", True),
        ("lsnim -l", "the master has gone fishing", False),
        ("/etc/inetd.conf", "## comment", True),
        ("/etc/inetd.conf", "export NIM_NAME=lpar7", False),
        ("lssrc -a", "", True),
        ("lssrc -s nimsh", " nimsh            nimclient        6685140      active", True),
        ("lssrc -s nimsh", " nimsh            nimclient        6685140      actif", False),
        ("no such command", "anything", False),
    ],
)
def test_a_line_is_known_by_the_shape_of_its_row(row, line, known):
    assert line_is_known(row, line) is known


def test_a_scan_of_a_live_host_does_not_load_the_table():
    code = (
        "import sys, nimdoctor, nimdoctor.evidence.live; print('nimdoctor.evidence.recognition.kinds' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "False"
