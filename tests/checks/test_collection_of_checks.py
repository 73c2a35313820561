"""What holds for every check that comes with nimdoctor, and for all of them together.

A check's tests stand in `test_<module>.py`: `test_fails_...`, `test_passes_...` and `test_near_miss_...` are
its failing, passing and near-miss samples.
"""

import inspect
import json
import random
import re
from pathlib import Path

import nimdoctor.checks
import pytest
from hosts import MemoryTree, registry, scan_hosts
from scenarios import names, scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome, Severity

HERE = Path(__file__).resolve().parent
CHECKS = registry().checks()
MODULES = sorted(path.stem for path in Path(nimdoctor.checks.__path__[0]).glob("*.py") if path.stem != "__init__")
SCENARIOS = names()
CORE = """create-bio-hang ssl-object-error stale-ssl-libs tftp-disabled openssl-missing nimsh-inactive ssl-not-configured
ssl-tree-damaged client-uses-rsh client-not-secure rhosts-left-over lpp-source-lacks-openssl ssl-one-sided"""

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def module_of(check):
    return check.function.__module__.rsplit(".", 1)[1]


# -- one by one


def test_ids_are_unique_and_one_a_module():
    assert [check.id.replace("-", "_") for check in CHECKS] == MODULES
    assert not registry().broken


def test_the_core_checks_of_the_domain_are_all_there():
    assert set(CORE.split()) <= {check.id for check in CHECKS}


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


@each_check
@pytest.mark.parametrize("kind", ["fails", "passes", "near_miss"])
def test_a_check_has_a_failing_a_passing_and_a_near_miss_sample(check, kind):
    text = (HERE / f"test_{module_of(check)}.py").read_text("utf-8")
    assert re.search(rf"^def test_{kind}_\w+\(", text, re.M)


# -- over every scenario


class Scenario:
    """Both ends of a scenario in memory, and what a scan says of them each way."""

    def __init__(self, name):
        self.trees = scenario(name)

    def scan(self, way, changed=None):
        trees = {**self.trees, **(changed or {})}
        hosts = {end: RecordedEvidence(end, MemoryTree(tree.files)) for end, tree in trees.items()}
        if way == "pair":
            return scan_hosts(hosts["client"], hosts["master"])
        return scan_hosts(hosts[way])

    def without(self, end, name):
        """That end with one evidence file gone, and the manifest's word on it."""
        files = {found: content for found, content in self.trees[end].files.items() if found != name}
        if "manifest.json" in files:
            manifest = json.loads(files["manifest.json"])
            manifest["commands"] = {
                command: entry for command, entry in manifest["commands"].items() if entry["file"] != name
            }
            files["manifest.json"] = json.dumps(manifest).encode()
        return {end: MemoryTree(files)}


def worst(report):
    found = {}
    for result in report.results:
        key = (result.check, result.where.value)
        bad = result.outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)
        found[key] = "bad" if bad or found.get(key) == "bad" else result.outcome.value
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_taking_away_one_evidence_file_never_turns_a_fail_or_unknown_into_a_pass(name):
    scenario = Scenario(name)
    for way in ("pair", "client", "master"):
        before = worst(scenario.scan(way))
        bad = {key for key, outcome in before.items() if outcome == "bad"}
        if not bad:
            continue
        for end in ("client", "master") if way == "pair" else (way,):
            for gone in scenario.trees[end].names():
                report = scenario.scan(way, scenario.without(end, gone))
                assert Outcome.ERROR not in {result.outcome for result in report.results}, (way, end, gone)
                after = worst(report)
                # a manifest names the role; without it, or what tells of it, a check may not be asked at all
                turned = {key for key in bad if after.get(key) == "pass"}
                assert not turned, (way, end, gone, turned)


@pytest.mark.parametrize("name", SCENARIOS)
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
