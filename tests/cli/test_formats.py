"""`scan --format` as it is typed: several targets, files, exit statuses, and what hostile evidence comes to."""

import os
import re
import stat
import xml.etree.ElementTree as ElementTree

import pytest

from tests.cli.conftest import CHECKS

HOSTILE_NAME = "<script>alert(1)</script>"
OSC = "\x1b]0;owned\x07\x1b[31m"
BIDI = "\u202e"
HANG = """Fri Mar 14 10:05:04 2025        Loading certificates..
Fri Mar 14 10:05:04 2025        Negotiating SSL_CTX object using SSLv23_method
Fri Mar 14 10:05:04 2025        Loading private key file..
Fri Mar 14 10:05:04 2025        create BIO
"""
FORMATS = ("text", "json", "html", "markdown", "junit", "nagios")


@pytest.fixture
def hostile(evidence):
    """A client whose name, log and niminfo all want to be more than evidence."""
    manifest = {"schema": "nimdoctor.evidence/1", "role": "client", "host": f"{HOSTILE_NAME}{OSC}{BIDI}", "commands": {}, "paths": {}}  # fmt: skip
    log = HANG.replace("Loading certificates..", f"Loading certificates.. ```{HOSTILE_NAME}{OSC}{BIDI} | =1+1")
    ignore = f"create-bio-hang [{HOSTILE_NAME}] =cmd|' /C calc'!A0 {OSC}{BIDI}\nBAD{OSC}\n"
    return evidence(
        {
            "/var/adm/ras/nimsh.log": log,
            "/etc/niminfo": f'export NIM_NAME="{HOSTILE_NAME}"\nexport NIM_MASTER_HOSTNAME="{OSC}{BIDI}=1"\n'
            "export NIM_CONFIGURATION=standalone\nexport NIM_SHELL=shell\n",
            "/etc/nimdoctor.ignore": ignore,
        },
        manifest=manifest,
        name="=evil [x](http:evil)",
    )


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_evidence_comes_out_inert(doctor, hostile, format):
    ended = doctor("scan", hostile, "--format", format)
    for said in (ended.out, ended.err):
        assert all(letter.isprintable() for letter in said.replace("\n", ""))
    assert ended.status == (2 if format == "nagios" else 1)
    if format in ("html", "junit"):
        assert "<script" not in ended.out and "&lt;script&gt;" in ended.out
    if format == "nagios":
        assert "<" not in ended.out and ended.out.count("\n") == 1 and ended.out.count("|") == 1
    if format == "markdown":
        outside = re.sub(r"(?ms)^(`{3,})(?:text|sh)\n.*?^\1$", "", ended.out)
        outside = re.sub(r"(?s)(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
        assert "<" not in outside and "http:" not in outside


# -- several targets


def test_several_targets_are_one_html_document_one_junit_one_markdown(doctor, hosts):
    targets = (hosts / "healthy" / "client", hosts / "create-bio-hang" / "client")
    page = doctor("scan", *targets, "--format", "html")
    assert page.status == 1 and page.out.count("<!DOCTYPE html>") == 1 and "2 hosts scanned" in page.out
    assert len(ElementTree.fromstring(doctor("scan", *targets, "--format", "junit").out)) == 2
    assert doctor("scan", *targets, "--format", "markdown").out.count("# What was asked") == 2
    assert doctor("scan", *targets, "--format", "nagios").out.count("\n") == 1


@pytest.mark.parametrize("format", ["html", "markdown", "junit"])
def test_a_target_that_cannot_be_read_leaves_the_others_in_the_document_and_is_named(doctor, hosts, tmp_path, format):
    ended = doctor("scan", hosts / "healthy" / "client", tmp_path / "n<one", "--format", format)
    assert ended.status == 2 and "n<one: no such file" in ended.err
    assert "lpar7" in ended.out and "one: no such file" in ended.out.replace("`", "")
    if format == "junit":
        healthy, unread = ElementTree.fromstring(ended.out)
        assert int(healthy.get("tests")) > 1
        assert (unread.get("tests"), unread.get("errors"), unread.get("hostname")) == ("1", "1", f"{tmp_path}/n<one")
        assert unread.find("testcase/error").get("type") == "target"


# -- files


@pytest.mark.parametrize("format", FORMATS)
def test_a_report_is_written_whole_private_and_through_no_link(doctor, hosts, tmp_path, format):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    target = tmp_path / "report"
    target.symlink_to(elsewhere)
    ended = doctor("scan", hosts / "healthy" / "client", "--format", format, "--output", target)
    # what is open to others makes a warning of it
    assert ended.status == (1 if format == "nagios" else 0) and ended.out == ""
    assert elsewhere.read_text() == "mine" and not target.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600 and target.stat().st_size > 60
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "report"]


def test_html_on_a_terminal_of_another_encoding_is_the_same(installed, hosts):
    words = ("scan", hosts / "healthy" / "client", "--format", "html")
    made = [installed(*words, env={"PYTHONIOENCODING": encoding}).out for encoding in ("ascii", "utf-8")]
    same = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "", one) for one in made]
    assert same[0] == same[1]


# -- monitoring


def one_line(ended):
    assert ended.out.count("\n") == 1 and ended.out.endswith("\n")
    return ended.out


@pytest.mark.parametrize(
    ("target", "status", "word"), [("healthy", 0, "OK"), ("create-bio-hang", 2, "CRITICAL"), ("client-uses-rsh", 1, "WARNING")]
)  # fmt: skip
def test_nagios_ends_with_the_state_of_the_host(doctor, hosts, target, status, word):
    ended = doctor("scan", hosts / target / "client", "--check", "client-uses-rsh", "--check", "create-bio-hang", "--format", "nagios")  # fmt: skip
    assert ended.status == status
    assert one_line(ended).startswith(f"NIMDOCTOR {word} - lpar7 (2 of {CHECKS} checks asked): ")


def test_nagios_what_cannot_be_read_is_unknown_and_never_critical(doctor, hosts, tmp_path):
    ended = doctor("scan", tmp_path / "none", "--format", "nagios")
    assert ended.status == 3
    assert one_line(ended).startswith("NIMDOCTOR UNKNOWN - ") and "no such file or directory" in ended.out


@pytest.mark.parametrize(
    "words",
    [
        ["scan", "--format", "nagios", "--no-such-option"],
        ["scan", "--format=nagios", "--check", "no-such-check"],
        ["scan", "--format", "nagios", "--fail-on", "nothing"],
        ["scan", "--format", "nagios", "--output", ""],
        ["scan", "--format", "nagios", "--timeout", "nan"],
        ["scan", "--format", "nagios", "ssh:"],
    ],
)
def test_nagios_a_wrong_command_line_is_unknown(doctor, words):
    ended = doctor(*words)
    assert ended.status == 3 and one_line(ended).startswith("NIMDOCTOR UNKNOWN - ")


def test_nagios_nimdoctor_itself_failing_is_unknown(doctor, hosts, monkeypatch):
    from nimdoctor.report import nagios_report

    def broken(*words):
        raise ZeroDivisionError("<b>")

    monkeypatch.setattr(nagios_report, "render", broken)
    ended = doctor("scan", hosts / "healthy" / "client", "--format", "nagios")
    assert ended.status == 3 and one_line(ended) == (
        "NIMDOCTOR UNKNOWN - nimdoctor itself failed: ZeroDivisionError: \\x3cb\\x3e; NIMDOCTOR_DEBUG=1 shows where\n"
    )


def test_other_formats_keep_their_exit_statuses(doctor, tmp_path):
    assert doctor("scan", tmp_path / "none", "--format", "junit").status == 2
    assert doctor("scan", "--format", "junit", "--no-such-option").status == 2
