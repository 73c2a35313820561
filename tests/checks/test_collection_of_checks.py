"""What holds for every check that comes with nimdoctor, and for all of them together.

A check's samples stand in fixtures/checks, see `test_samples.py`; what they cannot tell, in `test_any_input.py`.
"""

import inspect
import json
import random
import re
from pathlib import Path

import nimdoctor.checks
import pytest
from effort import examples, one_in
from hosts import MemoryTree, registry, scan_hosts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenarios import names, scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome, Severity

CHECKS = registry().checks()
MODULES = sorted(path.stem for path in Path(nimdoctor.checks.__path__[0]).glob("*.py") if path.stem != "__init__")
SCENARIOS = names()
WAYS = ("pair", "client", "master")
DOMAIN = """create-bio-hang ssl-object-error stale-ssl-libs tftp-disabled openssl-missing nimsh-inactive ssl-not-configured
ssl-tree-damaged client-uses-rsh client-not-secure rhosts-left-over lpp-source-lacks-openssl ssl-one-sided
nimclient-extracts-old-libs client-certificate-missing certificate-expired certificate-not-yet-valid certificate-expiring
certificate-weak certificate-mismatch handshake-fails key-exposed tftp-denied tftp-exposes-keys tftp-blocked-by-audit
nim-vulnerable hardening-skew hardening-order openssl-unsupported name-resolution nimesis-inactive master-id-changed
cpuid-changed niminfo-broken niminfo-wrong-master services-missing port-taken push-disabled cstate-stuck hung-push
level-order fileset-broken interim-fix-unstable filesystem-full nimsh-not-at-boot clock-skew run-unfinished
push-failed operation-failed pull-failed fetch-failed library-not-loaded last-operation-failed"""
"""Ids are fixed: reports and users' ignore files rest on them."""

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def module_of(check):
    return check.function.__module__.rsplit(".", 1)[1]


# -- one by one


def test_ids_are_unique_and_one_a_module():
    assert [check.id.replace("-", "_") for check in CHECKS] == MODULES
    assert not registry().broken


def test_the_checks_of_the_domain_are_all_there_by_their_fixed_ids():
    assert set(DOMAIN.split()) <= {check.id for check in CHECKS}


@each_check
def test_a_check_has_the_id_of_its_module(check):
    assert check.id == module_of(check).replace("_", "-")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", check.id)


@each_check
def test_a_check_says_what_it_is_and_where_it_comes_from(check):
    assert check.title and not check.title.endswith(".")
    assert check.source
    assert isinstance(check.severity, Severity) and check.severity is not Severity.INFO
    assert check.fix is None or re.fullmatch(r"[a-z]+(-[a-z]+)+", check.fix)


@each_check
def test_a_docstring_says_in_one_sentence_what_is_true_or_breaks(check):
    first = inspect.getdoc(check.function).splitlines()[0]
    assert first.endswith((".", ":")) or "." in first
    assert len(first) <= 120


@each_check
def test_cause_impact_and_cure_are_given_by_the_check_or_by_each_finding(check):
    calls = len(re.findall(r"\bFinding\(", inspect.getsource(inspect.getmodule(check.function))))
    assert calls
    text = inspect.getsource(inspect.getmodule(check.function))
    for part in ("cause", "impact", "cure"):
        assert getattr(check, part) or re.search(rf"\b{part}=", text), part


@each_check
def test_a_check_has_a_page(check):
    assert (Path(nimdoctor.checks.__path__[0]) / f"{module_of(check)}.md").is_file()


# -- over every scenario


class ReadTree(MemoryTree):
    """A tree that keeps the names of the files that were opened."""

    def __init__(self, files):
        super().__init__(files)
        self.opened = set()

    def open(self, name):
        self.opened.add(name)
        return super().open(name)


class Scenario:
    """Both ends of a scenario in memory, and what a scan says of them each way."""

    def __init__(self, name):
        self.trees = scenario(name)

    def scan(self, way, changed=None, only=()):
        trees = {**self.trees, **(changed or {})}
        hosts = [RecordedEvidence(end, trees[end]) for end in ends_of(way)]
        return scan_hosts(*hosts, only=only)

    def without(self, end, *gone):
        """That end with evidence files gone, and the manifest's word on them."""
        files = {found: content for found, content in self.trees[end].files.items() if found not in gone}
        if "manifest.json" in files:
            manifest = json.loads(files["manifest.json"])
            manifest["commands"] = {
                command: entry for command, entry in manifest["commands"].items() if entry["file"] not in gone
            }
            files["manifest.json"] = json.dumps(manifest).encode()
        return {end: MemoryTree(files)}


def ends_of(way):
    return ("client", "master") if way == "pair" else (way,)


def worst(report):
    found = {}
    for result in report.results:
        key = (result.check, result.where.value)
        bad = result.outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
        found[key] = "bad" if bad or found.get(key) == "bad" else result.outcome.value
    return found


def bad_in(report):
    return {key for key, outcome in worst(report).items() if outcome == "bad"}


def turned_to_pass(before, report):
    # a manifest names the role; without it, or what tells of it, a check may not be asked at all
    assert Outcome.ERROR not in {result.outcome for result in report.results}
    after = worst(report)
    return {key for key in before if after.get(key) == "pass"}


@pytest.mark.parametrize("name", one_in(4, SCENARIOS))
def test_taking_away_one_evidence_file_never_turns_a_fail_or_unknown_into_a_pass(name):
    scenario = Scenario(name)
    for way in WAYS:
        bad = bad_in(scenario.scan(way))
        asked = sorted({check for check, _ in bad})
        if not asked:
            continue
        # only what they read can matter to them
        read = {end: ReadTree(scenario.trees[end].files) for end in ends_of(way)}
        scenario.scan(way, read, asked)
        for end, tree in read.items():
            assert tree.opened
            for gone in sorted(tree.opened):
                turned = turned_to_pass(bad, scenario.scan(way, scenario.without(end, gone), asked))
                assert not turned, (way, end, gone, turned)


@pytest.mark.parametrize("name", ["healthy", "create-bio-hang", "client-not-secure", "french-master"])
def test_no_check_breaks_for_want_of_a_file(name):
    scenario = Scenario(name)
    for end in ("client", "master"):
        for gone in scenario.trees[end].names():
            report = scenario.scan("pair", scenario.without(end, gone))
            assert Outcome.ERROR not in {result.outcome for result in report.results}, (end, gone)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_taking_away_any_evidence_files_never_turns_a_fail_or_unknown_into_a_pass(data):
    scenario = Scenario(data.draw(st.sampled_from(SCENARIOS), label="scenario"))
    way = data.draw(st.sampled_from(WAYS), label="way")
    bad = bad_in(scenario.scan(way))
    changed = {}
    for end in ends_of(way):
        names = [name for name in scenario.trees[end].names() if name != "manifest.json"]
        gone = data.draw(st.lists(st.sampled_from(names), unique=True), label=f"gone at the {end}")
        changed.update(scenario.without(end, *gone))
    assert not turned_to_pass(bad, scenario.scan(way, changed))


@pytest.mark.parametrize("name", one_in(4, SCENARIOS))
def test_the_order_of_entries_in_a_manifest_changes_nothing(name):
    scenario = Scenario(name)
    shuffle = random.Random(name)
    before = scenario.scan("pair").results
    for _ in range(3):
        changed = {}
        for end, tree in scenario.trees.items():
            manifest = json.loads(tree.files["manifest.json"])
            for part in ("commands", "paths"):
                entries = list(manifest[part].items())
                shuffle.shuffle(entries)
                manifest[part] = dict(entries)
            changed[end] = MemoryTree({**tree.files, "manifest.json": json.dumps(manifest).encode()})
        assert scenario.scan("pair", changed).results == before
