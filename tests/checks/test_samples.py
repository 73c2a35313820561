"""Every sample in fixtures/checks, and that each check has them. How they are written stands in docs/contributing.md."""

import re
import textwrap

import pytest
from effort import one_in
from hosts import registry, scan_hosts
from samples import SAMPLES, BadSample, parsed, samples, trees

from nimdoctor.model import Confidence, Outcome, Severity

OWN = sorted(check.id for check in registry().checks() if check.function.__module__.startswith("nimdoctor.checks."))
FILES = sorted(path.stem for path in SAMPLES.glob("*.txt"))
PAGE = (SAMPLES.parents[1] / "docs" / "contributing.md").read_text("utf-8")
ON_THE_PAGE = re.findall(r"Two samples of `([a-z-]+)` in one:\n\n((?:    .*\n)+)", PAGE)
ALL = [sample for check in FILES for sample in samples(check)]
ALL += [sample for check, text in ON_THE_PAGE for sample in parsed(check, textwrap.dedent(text))]
each_check = pytest.mark.parametrize("check", OWN)

SEVERITIES = {severity.value for severity in Severity}
CONFIDENCES = {confidence.value for confidence in Confidence}
NAMED_ONLY = "named-only"


def quotes(found):
    return [f"{one.source} {one.line}" if one.line else f"{one.source} ({one.text})" if one.text else one.source for one in found]  # fmt: skip


def settlement(one):
    return f"{one.kind} {' '.join(one.argv) if one.argv else one.path} at {one.where.value}"


def ruling(one):
    return f"{' '.join(one.argv) or one.path} at {one.where.value if one.where else 'either'}"


WORDS = {
    "said": lambda result: result.message,
    "cause": lambda result: result.cause or "",
    "impact": lambda result: result.impact or "",
    "cure": lambda result: result.cure or "",
}
"""What a line asserts words of; with `not` in front, that they do not stand there."""
LISTS = {
    "objects": lambda result: result.objects,
    "missing": lambda result: result.missing,
    "causes": lambda result: result.causes,
    "references": lambda result: result.references,
    "run": lambda result: [result.run] if result.run else [],
    "host": lambda result: [result.host] if result.host else [],
    "touches": lambda result: [str(result.touches)],
    "quotes": lambda result: quotes(result.evidence),
    "quoted": lambda result: [one.text for one in result.evidence],
    "against": lambda result: quotes(result.against),
    "rules out": lambda result: [ruling(one) for one in result.rules_out],
    "settled by": lambda result: [settlement(result.settled_by)] if result.settled_by else [],
}
"""What a line gives whole."""
REPORT = {
    "caused by": lambda report, result: [one.check for one, sure in report.story.causes(result) if sure],
    "root": lambda report, result: [report.root().check] if report.root() else [],
    "first": lambda report, result: [report.first.check] if report.first else [],
    "remarks": lambda report, result: report.remarks,
    "exit": lambda report, result: [str(report.exit_status)],
}
"""What it gives of the whole scan, by every check."""


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_a_sample_comes_out_as_it_says(sample):
    target, master = trees(sample).targets()
    only = [] if any(key in REPORT for key, _ in sample.facts) else [sample.check]
    report = scan_hosts(target, master, only=only, role=sample.role)
    found = [one for one in report.results if one.check == sample.check and sample.at in (None, one.where.value)]
    found.sort(key=lambda one: -one.severity.rank)
    assert [one.outcome.value for one in found] == list(sample.outcomes), [one.message for one in found]
    for result, words in zip(found, sample.findings):
        assert list(words[1:]) == [told(result, word) for word in words[1:]]
        assert all(one.why for one in result.rules_out)
        assert NAMED_ONLY in words or not result.named_only or told(result, "") not in words
    for key, words in sample.facts:
        kind = key[len("not ") :] if key.startswith("not ") else key
        assert kind in {**WORDS, **LISTS, **REPORT}, f"{kind!r}: docs/contributing.md tells what a line may give"
        if kind in WORDS:
            texts = [WORDS[kind](one) for one in found]
            assert any(stands(words, text) for text in texts) is not key.startswith("not "), texts
        else:
            assert (" | ".join(text for one in found for text in listed(key, one, report)) or "nothing") == words
    texts = trees(sample).texts()
    for source, line, text in (quote for one in found for quote in one.evidence + one.against):
        if line is not None and source in texts:
            lines = [decoded(raw).split("\n") for raw in texts[source]]
            assert text in [own[line - 1].rstrip("\r") for own in lines if len(own) >= line], (source, line, text)


def decoded(raw):
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("iso8859-1")


def stands(words, text):
    """Whether they stand there; in quotation marks they are the whole of it."""
    return words[1:-1] == text if words[0] == words[-1] == '"' else words in text


def told(result, word):
    """The result's own word of that kind: its severity, confidence or fix."""
    if word in SEVERITIES:
        return result.severity.value
    if word in CONFIDENCES:
        return result.confidence and result.confidence.value
    if word == NAMED_ONLY:
        return NAMED_ONLY if result.named_only else "planned by itself"
    return result.fix or "by-hand"


def listed(key, result, report):
    return LISTS[key](result) if key in LISTS else REPORT[key](report, result)


@pytest.mark.parametrize("check", one_in(3, FILES))
def test_no_check_breaks_on_the_samples_of_another(check):
    for one in samples(check):
        found = scan_hosts(*trees(one).targets()).results
        assert not [(result.check, result.message) for result in found if result.outcome is Outcome.ERROR], one.name


def test_the_page_tells_all_that_a_sample_may_say():
    assert ON_THE_PAGE
    for key in (*WORDS, *LISTS, *REPORT):
        assert f"`{key}:" in PAGE, key


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("== no outcome\n", "begins with `== TITLE: OUTCOME`"),
        ("== t: failed\n", "'failed' begins with no outcome"),
        ("== t: fail at home\n", "'home' is no end"),
        ("== t: pass\nsaid so\n", "'said so' is no `KEY: WORDS`"),
        ("== t: pass\n", "has no host"),
        ("== t: pass\n--- clint /etc/x\n", "--- clint /etc/x: it is no section"),
        ("== t: pass\n--- like u\n", "--- like u: no sample further up"),
        ("== t: pass\n--- client without /etc/x\n", "--- client without /etc/x: that was not there"),
        ("== t: pass\n--- client paths\n/etc/x\n", "each line is a path and its state"),
        ("== t: pass\n--- healthy\n--- client edit /etc/niminfo\n-x\n", "'x' is there 0 times"),
        ("== t: <2>\n--- client /etc/x\n--- each\na\n", "'a' has no part for"),
        ("== t: pass\n--- client /etc/x\n<certificate odd>\n", "is called 'odd'"),
    ],
)
def test_a_sample_that_is_written_otherwise_is_refused_with_its_place(text, wrong):
    with pytest.raises(BadSample) as refused:
        for sample in parsed("clock-skew", f"\n{text}"):
            trees(sample)
    assert str(refused.value).startswith("fixtures/checks/clock-skew.txt, the sample of line 2")
    assert wrong in str(refused.value)


@each_check
def test_a_check_has_samples_that_fail_that_pass_and_that_nearly_do(check):
    """The third is a near miss, or what it cannot know: either shows where it ends."""
    place = f"fixtures/checks/{check}.txt"
    assert check in FILES, f"{check} has no samples: write {place} (how, stands in docs/contributing.md)"
    own = samples(check)
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
