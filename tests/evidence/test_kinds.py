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


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        (" nimsh            nimclient                     inoperative \n", "lssrc -s nimsh"),
        ("nimsh nimclient 6685140 active\n", "lssrc -s nimsh"),
        ("Subsystem Group PID Status\ninetd tcpip 15484 active\n\nDebug Not active\n\nService Command Description Status\n"
         "tftp /usr/sbin/tftpd tftpd -n active\ntime internal active\n", "lssrc -ls inetd"),
        ("0513-085 The nimesis Subsystem is not on file.\n", "lssrc -s nimesis"),
        ("lslpp: 0504-132  Fileset openssl.base not installed.\n", "lslpp -l"),
        ("    root  6685140  4325400   0   Nov 02      -  0:00 /usr/sbin/nimsh -s -c\n", "ps -ef"),
        ("f1000e00d1bbb8 tcp4       0      0  *.3901                 *.*                    LISTEN\n", "netstat -an"),
        ("nimsh            3901/tcp\n", "/etc/services"),
        ("Tue Jun 10 07:21:00 2025 command to exec __ /usr/bin/uname -m 2>/dev/null\n", "/var/adm/ras/nimsh.log"),
        ("... 2017 Loading certificates..\n... 2017 create BIO\n", "/var/adm/ras/nimsh.log"),
        ("Interim fix 'IJ55968s5a' associated with IJ55968 is installed.\n", "instfix -ik"),
        ("init:2:initdefault:\nsrcmstr:23456789:respawn:/usr/sbin/srcmstr\n", "lsitab -a"),
    ],
)  # fmt: skip
def test_a_row_that_was_pasted_alone_is_known_where_nothing_else_prints_it(pasted, name):
    found = recognise("what it says:\n" + pasted)
    assert (found is not None and found.split(" |")[0] == name.split(" |")[0]) or found == "lssrc -s nimsh"


@pytest.mark.parametrize(
    "prose",
    [
        "nimsh is inoperative on lpar7, so we started it.\n",
        "Please open port 3901/tcp in the firewall.\n",
        "The log says create BIO and nothing after it.\n",
        "nimsh nimclient\n",
        "We installed 7.2.5.200 and then 1.0.2.1800 of openssl.base.\n",
    ],
)
def test_prose_about_it_is_none_of_it(prose):
    assert recognise(prose) is None
