"""Healthy is said only of what was asked and seen: what narrows a scan stands in its first line, in every format."""

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.cli.conftest import CHECKS

FORMATS = ("text", "json", "html", "markdown", "junit", "nagios")


def first_line(format, out):
    """What each format has for its first line."""
    if format == "json":
        asked = json.loads(out)["asked"]
        return f"{asked['checks']} of {asked['of']} checks asked, {asked['ignored']} ignored, {asked['not_as']}"
    if format == "html":
        return out[out.index("<title>") : out.index("</title>")] + out[out.index("<h1") : out.index("</h1>")]
    if format == "junit":
        return ElementTree.fromstring(out)[0].get("name")
    return out.splitlines()[0]


# -- nothing passed


@pytest.mark.parametrize(
    "words",
    [
        ["--check", "tftp-disabled"],
        ["--check", "create-bio-hang", "--skip", "create-bio-hang"],
        ["--check", "rhosts-left-over", "--fail-on", "medium"],
    ],
    ids=["not applicable", "not even asked", "a fail below the bar"],
)
@pytest.mark.parametrize("scenario", ["healthy", "create-bio-hang", "rhosts-left-over"])
def test_where_nothing_that_was_asked_passed_nothing_is_healthy(doctor, hosts, scenario, words):
    ended = doctor("scan", hosts / scenario / "client", *words, json=True)
    if "pass" in ended.outcomes().values():
        assert (ended.status, ended.report["verdict"]) == (0, "healthy")
    else:
        assert (ended.status, ended.report["verdict"]) == (3, "inconclusive")
        monitored = doctor("scan", hosts / scenario / "client", *words, "--format", "nagios")
        assert (monitored.status, monitored.out[:17]) == (3, "NIMDOCTOR UNKNOWN")


def test_a_check_that_does_not_apply_says_nothing_of_a_client_that_hangs(doctor, hosts):
    ended = doctor("scan", hosts / "create-bio-hang" / "client", "--check", "tftp-disabled")
    assert ended.status == 3
    assert ended.out.startswith(f"INCONCLUSIVE (1 of {CHECKS} checks asked)\n")
    said = " ".join(ended.out.split())
    assert "nothing that was asked passed here" in said and "(tftp-disabled: about the master: give --master)" in said


def test_an_ignored_finding_is_not_one_that_passed(doctor, hosts, evidence, niminfo):
    place = evidence({"/etc/niminfo": niminfo, "/etc/nimdoctor.ignore": "niminfo-broken known\n"})
    (place / "files/etc/niminfo").write_text("export NIM_NAME=\n")
    words = ["scan", place, "--role", "client", "--check", "niminfo-broken"]
    assert doctor(*words, json=True).outcomes() == {"niminfo-broken": "not-applicable"}
    assert doctor(*words).status == 3


# -- what narrows it


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--check", "create-bio-hang"], f"1 of {CHECKS} checks asked"),
        (["--skip", "create-bio-hang", "--skip", "hung-push"], f"{CHECKS - 2} of {CHECKS} checks asked"),
        (["--skip", "create-bio-hang", "--skip", "create-bio-hang"], f"{CHECKS - 1} of {CHECKS} checks asked"),
        (["--check", "create-bio-hang", "--check", "hung-push", "--skip", "hung-push"], f"1 of {CHECKS} checks asked"),
    ],
)
def test_check_and_skip_narrow_the_question(doctor, hosts, format, words, said):
    ended = doctor("scan", hosts / "healthy" / "client", *words, "--format", format)
    assert said in first_line(format, ended.out)


@pytest.mark.parametrize("format", FORMATS)
def test_what_an_ignore_file_silences_was_not_asked(doctor, hosts, tmp_path, format):
    place = Path(shutil.copytree(hosts / "create-bio-hang" / "client", tmp_path / "client"))
    (place / "files/etc/nimdoctor.ignore").write_text("create-bio-hang we know\ntftp-disabled not found here\n")
    ended = doctor("scan", place, "--format", format)
    assert ended.status == (1 if format == "nagios" else 0)
    line = first_line(format, ended.out)
    said = "1 finding ignored" if format in ("text", "html", "markdown", "junit", "nagios") else "1 ignored"
    assert f"{CHECKS - 1} of {CHECKS} checks asked" in line and said in line


def test_an_object_that_is_ignored_is_told_though_its_check_was_asked(doctor, hosts, tmp_path):
    place = Path(shutil.copytree(hosts / "rsh-many" / "master", tmp_path / "master"))
    (place / "files/etc/nimdoctor.ignore").write_text("client-uses-rsh [old01] scrapped\n")
    ended = doctor("scan", place, json=True)
    assert ended.status == 1
    assert ended.report["asked"] == {"checks": CHECKS, "of": CHECKS, "ignored": 1, "not_as": []}
    assert doctor("scan", place).out.startswith("PROBLEMS, AND EXPOSED (1 finding ignored): ")


@pytest.mark.parametrize("format", FORMATS)
def test_the_word_of_a_role_that_leaves_out_what_the_host_also_is_narrows_it(doctor, evidence, niminfo, format):
    manifest = {"schema": "nimdoctor.evidence/1", "host": "nim1", "role": "client,master"}
    place = evidence({"/etc/niminfo": niminfo}, manifest=manifest)
    assert "master" in first_line(format, doctor("scan", place, "--role", "client", "--format", format).out)
    if format == "text":
        assert doctor("scan", place, "--role", "client").out.startswith("INCONCLUSIVE (not asked as master)")


def test_neither_several_targets_nor_the_role_that_it_has_narrow_anything(doctor, hosts):
    client, master = hosts / "healthy" / "client", hosts / "healthy" / "master"
    ended = doctor("scan", client, master, json=True)
    for report in map(json.loads, ended.out.splitlines()):
        assert report["asked"] == {"checks": CHECKS, "of": CHECKS, "ignored": 0, "not_as": []}
    assert doctor("scan", client, "--role", "client", json=True).report["asked"]["not_as"] == []
    for words in ([client], [client, "--master", master], [client, "--role", "client"]):
        assert "asked" not in doctor("scan", *words).out.splitlines()[0]
