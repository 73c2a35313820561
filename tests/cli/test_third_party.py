"""A distribution of somebody else, installed beside nimdoctor: its facts and checks take part in a scan."""

import base64
import hashlib
import importlib.util
import os
import subprocess
import sys
import textwrap
import zipfile

import pytest

from tests.cli.conftest import CHECKS

MODULES = {
    "site_nim/__init__.py": "",
    "site_nim/facts.py": '''
        """What this site records."""

        from dataclasses import dataclass
        from typing import Optional

        from nimdoctor.model import BadEvidence, Kind, Quote, Row, Text, fact


        @fact(Row("/etc/site.conf", Kind.FILE))
        @dataclass(frozen=True)
        class SiteConf:
            """/etc/site.conf."""

            owner: Optional[str]
            at: Quote

            @classmethod
            def parse(cls, text: Text) -> "SiteConf":
                for quote in text.quotes():
                    key, equals, value = quote.text.partition("=")
                    if key.strip() == "owner":
                        return cls(value.strip() or None, quote)
                raise BadEvidence(f"{text.source} names no owner")


        @fact(Row("sitecmd -x", Kind.COMMAND))
        @dataclass(frozen=True)
        class SiteState:
            """Output of sitecmd -x."""

            state: str
            at: Quote

            @classmethod
            def parse(cls, text: Text) -> "SiteState":
                for quote in text.quotes():
                    if quote.text.startswith("state: "):
                        return cls(quote.text[7:], quote)
                raise BadEvidence(f"{text.source} tells no state")
    ''',
    "site_nim/checks/__init__.py": "",
    "site_nim/checks/owner_unnamed.py": '''
        """Somebody must own the host."""

        from typing import Iterator

        from nimdoctor.model import Finding, Passed, Role, Severity, Verdict, check
        from site_nim.facts import SiteConf


        @check("owner-unnamed", title="/etc/site.conf names no owner", role=Role.BOTH, severity=Severity.HIGH,
               cure="write owner=TEAM into /etc/site.conf", source="our handbook, page 7")
        def owner_unnamed(conf: SiteConf) -> Iterator[Verdict]:
            """Nobody is called when this host's pushes fail."""
            if conf.owner is None:
                yield Finding("the owner is empty", evidence=[conf.at])
            else:
                yield Passed(f"{conf.owner} owns it", evidence=[conf.at])
    ''',
    "site_nim/checks/owner_unnamed.md": """
        # owner-unnamed: /etc/site.conf names no owner

        ## Problem
        Nobody is called.

        ## Detecting with nimdoctor
        It reads the file.

        ## Detecting by hand
        grep owner /etc/site.conf

        ## Resolving with nimdoctor
        It does not.

        ## Resolving by hand
        Ask around.
    """,
    "site_nim/checks/site_naming.py": '''
        """This one is broken."""

        from typing import Iterator

        from nimdoctor.model import Role, Severity, Subject, Verdict, check


        @check("site-naming", title="Host names follow the site's rule", role=Role.BOTH, severity=Severity.MEDIUM)
        def site_naming(subject: Subject) -> Iterator[Verdict]:
            """Names have five parts."""
            yield subject.name.split("-")[4]
    ''',
    "site_state.py": '''
        """A check in a module of its own, which an entry point names."""

        from typing import Iterator

        from nimdoctor.model import Finding, Role, Severity, Verdict, check
        from site_nim.facts import SiteState


        @check("site-degraded", title="The site's own state is degraded", role=Role.BOTH, severity=Severity.HIGH)
        def degraded(found: SiteState) -> Iterator[Verdict]:
            """What the site's own command says."""
            if found.state != "good":
                yield Finding(f"it is {found.state}", evidence=[found.at], objects=[found.state])
    ''',
    "site_wreck.py": '"""A plug-in whose import fails."""\n\nimport no_such_module_anywhere\n',
}
ENTRY_POINTS = """[nimdoctor.checks]
site = site_nim.checks
site-state = site_state
wreck = site_wreck

[nimdoctor.facts]
site = site_nim.facts
"""
OURS = ("owner-unnamed", "site-naming", "site-degraded")


def wheel(place):
    """The distribution as a wheel, made by hand: building one needs packages that may not be here."""
    info = "site_nim-1.0.dist-info"
    content = {name: textwrap.dedent(text).lstrip("\n").encode() for name, text in MODULES.items()}
    content[f"{info}/METADATA"] = b"Metadata-Version: 2.1\nName: site-nim\nVersion: 1.0\n"
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content[f"{info}/entry_points.txt"] = ENTRY_POINTS.encode()
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b'=').decode()},{len(raw)}\n"
        for name, raw in content.items()
    )
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = place / "site_nim-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in content.items():
            archive.writestr(name, raw)
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The directory the distribution is installed in; without any network."""
    place = tmp_path_factory.mktemp("third-party")
    target = place / "installed"
    packed = wheel(place)
    if importlib.util.find_spec("pip"):
        words = [
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--disable-pip-version-check",
            "--target",
            str(target),
        ]
        subprocess.run([sys.executable, "-m", "pip", *words, str(packed)], check=True, capture_output=True)
    else:
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(target)
    return target


@pytest.fixture
def doctor_with_site(installed, site):
    """nimdoctor as a process that finds the distribution."""

    def run(*words):
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
        return installed(*words, env={"PYTHONPATH": path})

    return run


MANIFEST = {
    "schema": "nimdoctor.evidence/1",
    "host": "lpar7",
    "role": "client",
    "commands": {"sitecmd -x": {"file": "commands/sitecmd_-x", "status": 0, "stderr": ""}},
}


@pytest.mark.parametrize("manifest", [MANIFEST, None], ids=["with a manifest", "without a manifest"])
def test_a_file_and_a_command_of_its_own_are_read_from_an_evidence_directory(doctor_with_site, evidence, manifest):
    place = evidence({"/etc/site.conf": "# ours\nowner=\n", "sitecmd -x": "hello\nstate: on fire\n"}, manifest=manifest)
    ended = doctor_with_site("scan", place, "--format", "json")
    assert ended.status == 1
    owner, state = ended.result("owner-unnamed"), ended.result("site-degraded")
    assert (owner["outcome"], state["outcome"]) == ("fail", "fail")
    assert owner["evidence"] == [{"source": "/etc/site.conf", "line": 2, "text": "owner="}]
    assert state["evidence"] == [{"source": "sitecmd -x", "line": 2, "text": "state: on fire"}]
    assert (state["message"], state["objects"]) == ("it is on fire", ["on fire"])
    assert not any("sitecmd" in remark for remark in ended.report["remarks"])


def test_both_are_read_from_an_archive_too(doctor_with_site, evidence, tmp_path):
    import tarfile

    place = evidence({"/etc/site.conf": "owner=\n", "sitecmd -x": "state: on fire\n"})
    with tarfile.open(tmp_path / "host.tar.gz", "w:gz") as tar:
        tar.add(place, "host")
    ended = doctor_with_site("scan", tmp_path / "host.tar.gz", "--format", "json")
    assert ended.outcomes()["owner-unnamed"] == ended.outcomes()["site-degraded"] == "fail"


def test_both_are_read_from_a_root(doctor_with_site, root):
    place = root({"/etc/site.conf": "owner=\n"}, {"sitecmd": '[ "$1" = -x ] && echo "state: on fire"\n'})
    ended = doctor_with_site("scan", f"root:{place}", "--format", "json")
    assert ended.outcomes()["owner-unnamed"] == ended.outcomes()["site-degraded"] == "fail"
    assert ended.result("site-degraded")["evidence"][0]["source"] == "sitecmd -x"


def test_it_passes_on_evidence_and_is_unknown_without(doctor_with_site, evidence):
    ended = doctor_with_site("scan", evidence({"/etc/site.conf": "owner=unix\n"}), "--format", "json")
    assert ended.outcomes()["owner-unnamed"] == "pass"
    state = ended.result("site-degraded")
    assert (state["outcome"], state["missing"]) == ("unknown", ["sitecmd -x"])


def test_a_check_that_breaks_is_an_error_and_the_others_go_on(doctor_with_site, hosts):
    ended = doctor_with_site("scan", hosts / "create-bio-hang" / "client", "--format", "json")
    broken = ended.result("site-naming")
    assert broken["outcome"] == "error"
    assert "IndexError" in broken["message"] and "site_naming" in broken["message"] and "line 11" in broken["message"]
    assert ended.result("create-bio-hang")["outcome"] == "fail"
    assert ended.result("nimsh-inactive")["outcome"] == "pass"
    assert ended.status == 1


def test_a_check_that_breaks_counts_as_an_unknown_of_its_severity(doctor_with_site, evidence):
    place = evidence({"/etc/site.conf": "owner=unix\n"}, manifest=MANIFEST)
    words = ["scan", place, "--check", "site-naming", "--check", "owner-unnamed", "--format", "json"]
    assert doctor_with_site(*words).status == 3
    assert doctor_with_site(*words, "--fail-on", "high").status == 0


def test_a_plug_in_that_cannot_be_imported_is_an_error_of_high_and_not_fatal(doctor_with_site, hosts):
    words = ["scan", hosts / "healthy" / "client", "--skip", "site-naming", "--skip", "site-degraded"]
    words += ["--skip", "owner-unnamed", "--format", "json"]
    ended = doctor_with_site(*words)
    wreck = ended.result("wreck")
    assert (wreck["outcome"], wreck["severity"], ended.status) == ("error", "high", 3)
    left = doctor_with_site(*words, "--skip", "wreck")
    assert (left.status, left.report["asked"]["checks"], left.report["asked"]["of"]) == (0, CHECKS, CHECKS + 3)
    assert "no_such_module_anywhere" in wreck["message"]
    assert ended.result("create-bio-hang")["outcome"] == "pass"


def test_such_a_report_is_valid_by_the_schema(doctor_with_site, hosts):
    import json
    from pathlib import Path

    import jsonschema

    import nimdoctor.report

    schema = json.loads((Path(nimdoctor.report.__file__).parent / "report-1.schema.json").read_text())
    jsonschema.validate(
        doctor_with_site("scan", hosts / "create-bio-hang" / "client", "--format", "json").report, schema
    )


@pytest.mark.parametrize("check", ["owner-unnamed", "site-degraded", "site-naming"])
def test_it_can_be_chosen_alone_and_skipped(doctor_with_site, evidence, check):
    place = evidence({"/etc/site.conf": "owner=unix\n"}, manifest=MANIFEST)
    alone = doctor_with_site("scan", place, "--check", check, "--format", "json")
    assert {found["check"] for found in alone.report["results"]} - {"wreck"} == {check}
    assert check not in doctor_with_site("scan", place, "--skip", check, "--format", "json").outcomes()


def test_it_is_listed_explained_and_completed(doctor_with_site, installed, site):
    listed = doctor_with_site("checks")
    assert set(OURS) <= {line.split()[0] for line in listed.out.splitlines() if line}
    assert "wreck" in listed.err
    assert "Nobody is called." in doctor_with_site("explain", "owner-unnamed").out
    assert "sitecmd -x" in doctor_with_site("explain", "site-degraded").out
    line = "nimdoctor scan --check owner"
    ended = installed(
        env={"PYTHONPATH": str(site), "_NIMDOCTOR_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": "3"}
    )
    assert ended.out.split() == ["owner-unnamed"]


def test_its_findings_can_be_ignored_like_any_other(doctor_with_site, evidence):
    place = evidence({"/etc/site.conf": "owner=\n", "/etc/nimdoctor.ignore": "owner-unnamed nobody wants it\n"})
    ended = doctor_with_site("scan", place, "--check", "owner-unnamed", "--format", "json")
    # nothing that was asked is left, so nothing passed
    assert (ended.status, len(ended.report["ignored"])) == (3, 1)


def test_without_the_distribution_nothing_of_it_is_known(installed, evidence):
    place = evidence({"/etc/site.conf": "owner=\n", "/etc/niminfo": "export NIM_NAME=lpar7\n"})
    assert not set(OURS) & set(installed("scan", place, "--format", "json").outcomes())
