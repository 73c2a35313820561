"""A plug-in that prints, as it is loaded or as it runs: standard output stays the document's."""

import json
import os
import sys
import xml.etree.ElementTree as ElementTree

import pytest

SITE = '''
"""Prints wherever it is let."""

import sys
from dataclasses import dataclass

from nimdoctor.model import Kind, Passed, Role, Row, Severity, Text, check, fact

print("NOISE at import")
OUT = sys.stdout


@fact(Row("/etc/site.conf", Kind.FILE, ("SiteConf",)))
@dataclass(frozen=True)
class SiteConf:
    """/etc/site.conf."""

    at: object

    @classmethod
    def parse(cls, text: Text) -> "SiteConf":
        sys.stdout.buffer.write(b"NOISE of a fact\\n")
        return cls(text.quote(1))


@check("site-noise", title="A site's own check", role=Role.BOTH, severity=Severity.LOW)
def site_noise(conf: SiteConf):
    """It finds nothing."""
    print("NOISE of a check", flush=True)
    OUT.write("NOISE kept\\n")
    yield Passed("as it should be", evidence=[conf.at])
'''
FIX = '''
"""A fix that prints."""

from nimdoctor.planning.fix import Fix

print("NOISE of a fix")
'''
POINTS = """[nimdoctor.checks]
noisy = site_noise
[nimdoctor.facts]
noisy = site_noise
[nimdoctor.fixes]
noisy = site_fix
"""


@pytest.fixture
def noisy(installed, tmp_path):
    site = tmp_path / "site"
    info = site / "site_noise-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "site_noise.py").write_text(SITE)
    (site / "site_fix.py").write_text(FIX)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: site-noise\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))

    def run(*words, **env):
        return installed(*words, env={"PYTHONPATH": path, **env})

    return run


@pytest.fixture
def place(evidence, niminfo):
    return evidence({"/etc/site.conf": "owner=unix\n", "/etc/niminfo": niminfo})


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "html", "markdown", "junit", "nagios"])
def test_no_report_has_a_word_of_it_and_stderr_has_all(noisy, place, format):
    ended = noisy("scan", place, "--format", format)
    assert "NOISE" not in ended.out and ended.out
    assert {"NOISE at import", "NOISE of a fact", "NOISE of a check", "NOISE kept"} <= set(ended.said)
    if format in ("json", "jsonl"):
        assert ended.result("site-noise")["outcome"] == "pass"
    if format == "junit":
        ElementTree.fromstring(ended.out)
    if format == "nagios":
        assert ended.out.count("\n") == 1 and ended.status in (0, 1, 2, 3)


def test_nor_has_any_other_document(noisy, place, hosts, tmp_path):
    json.loads(noisy("checks", "--format", "json").out)
    assert noisy("checks", "--format", "markdown").out.startswith("# ")
    json.loads(noisy("fix", hosts / "create-bio-hang" / "client", "--format", "json").out)
    json.loads(noisy("runs", "--target", f"root:{tmp_path}", "--format", "json").out)
    assert noisy("explain", "create-bio-hang").out.startswith("# create-bio-hang")
    assert noisy("collect", "--script").out.startswith("#!/bin/ksh\n")


def test_nor_has_a_completion(noisy):
    line = "nimdoctor scan --check site"
    ended = noisy(_NIMDOCTOR_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD="3")
    assert ended.out.split() == ["site-noise"]


def test_a_check_that_prints_into_nothing_is_still_asked(noisy, place):
    """Standard error may be closed, as by cron."""
    import subprocess

    command = '"$0" -m nimdoctor scan "$1" --format json 2>&-'
    site = place.parent / "site"
    ended = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, str(place)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=False,
    )
    found = {one["check"]: one["outcome"] for one in json.loads(ended.stdout)["results"]}
    assert found["site-noise"] == "pass"
