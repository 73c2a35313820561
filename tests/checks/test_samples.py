"""Every sample in fixtures/checks, and that each check has them. How they are written stands in `tests/samples.py`."""

import re

import pytest
from effort import one_in
from hosts import registry, results_of, scan_hosts
from samples import CONFIDENCES, SAMPLES, SEVERITIES, WORDS, live_tests, samples, trees

from nimdoctor.model import Outcome

OWN = sorted(check.id for check in registry().checks() if check.function.__module__.startswith("nimdoctor.checks."))
FILES = sorted(path.stem for path in SAMPLES.glob("*.txt"))
ALL = [sample for check in FILES for sample in samples(check)]
each_check = pytest.mark.parametrize("check", OWN)


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_a_sample_comes_out_as_it_says(sample):
    target, master = trees(sample).targets()
    found = [one for one in results_of(sample.check, target, master) if sample.at in (None, one.where.value)]
    found.sort(key=lambda one: -one.severity.rank)
    assert [one.outcome.value for one in found] == list(sample.outcomes)
    for result, words in zip(found, sample.findings):
        for word in words[1:]:
            assert word == told(result, word)
    for key, words in sample.facts:
        if key in WORDS:
            part = "message" if key == "said" else key
            assert any(words in (getattr(one, part) or "") for one in found), [getattr(one, part) for one in found]
        else:
            wanted = [] if words == "nothing" else words.split(" | ")
            assert [text for one in found for text in listed(one, key)] == wanted
    texts = trees(sample).texts()
    for source, line, text in (quote for one in found for quote in one.evidence + one.against):
        if line is not None and source in texts:
            lines = [raw.decode("utf-8", "replace").split("\n") for raw in texts[source]]
            assert text in [own[line - 1] for own in lines if len(own) >= line], (source, line, text)


@pytest.mark.parametrize("check", one_in(3, FILES))
def test_no_check_breaks_on_the_samples_of_another(check):
    for one in samples(check):
        found = scan_hosts(*trees(one).targets()).results
        assert not [(result.check, result.message) for result in found if result.outcome is Outcome.ERROR], one.name


def told(result, word):
    """The result's own word of that kind: its severity, confidence or fix."""
    if word in SEVERITIES:
        return result.severity.value
    if word in CONFIDENCES:
        return result.confidence and result.confidence.value
    return result.fix or "by-hand"


def listed(result, key):
    if key == "quotes":
        return [quoted(*quote) for quote in result.evidence]
    if key == "against":
        return [quoted(*quote) for quote in result.against]
    if key == "run":
        return [result.run] if result.run else []
    return getattr(result, key)


def quoted(source, line, text):
    return f"{source} {line}" if line is not None else f"{source} ({text})" if text else source


@each_check
def test_a_check_has_samples_that_fail_that_pass_and_that_nearly_do(check):
    """The third is a near miss, or what it cannot know: either shows where it ends."""
    place = f"fixtures/checks/{check}.txt"
    assert check in FILES, f"{check} has no samples: write {place} (how, stands in tests/samples.py)"
    own, live = samples(check), live_tests(check)
    if live:
        text = live.read_text("utf-8")
        assert all(re.search(rf"^def test_{kind}_\w+\(", text, re.M) for kind in ("fails", "passes", "near_miss")), live
        return
    outcomes = {outcome for sample in own for outcome in sample.outcomes}
    assert "fail" in outcomes, f"{place} has no sample that fails"
    assert "pass" in outcomes, f"{place} has no sample that passes"
    near = [sample for sample in own if "unknown" in sample.outcomes or sample.title.startswith("near miss")]
    assert near, f"{place} has no sample whose title begins with `near miss`, and none that is unknown"


def test_samples_are_of_checks_and_their_titles_are_their_own():
    assert set(FILES) <= set(OWN)
    assert Outcome.ERROR.value not in {outcome for sample in ALL for outcome in sample.outcomes}
    for check in FILES:
        titles = [sample.title for sample in samples(check)]
        assert sorted(set(titles)) == sorted(titles), check
