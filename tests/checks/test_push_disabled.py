"""push-disabled: -P among nimsh's arguments."""

import pytest
from hosts import PS, definition, evidence, processes, quoted, result_of

CHECK = "push-disabled"
DEFINED = "lssrc -S -s nimsh"


def judge(ps=None, defined=None, **more):
    given = {PS: ps, DEFINED: defined}
    return result_of(CHECK, evidence(commands={line: text for line, text in given.items() if text}, **more))


@pytest.mark.parametrize("arguments", ["-s -P", "-s -c -P", "-P", "-s -P -c"])
def test_fails_when_nimsh_runs_with_it(arguments):
    found = judge(processes(arguments), definition(arguments))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "certain")
    assert (found.fix, found.named_only) == ("allow-push", True)
    assert [source for source, _, _ in quoted(found)] == [PS, DEFINED]


def test_fails_less_sure_when_only_the_definition_is_known():
    found = judge(defined=definition("-s -c -P"))
    assert (found.severity.value, found.confidence.value, found.missing) == ("high", "likely", (PS,))


def test_fails_medium_when_only_the_next_start_would_have_it():
    found = judge(processes("-s -c"), definition("-s -c -P"))
    assert (found.severity.value, [quote.source for quote in found.against]) == ("medium", [PS])


def test_fails_although_the_next_start_would_be_without_it():
    found = judge(processes("-s -P"), definition("-s"))
    assert (found.severity.value, [quote.source for quote in found.against]) == ("high", [DEFINED])


def test_passes_without_it():
    found = judge(processes("-s -c"), definition("-s -c"))
    assert (found.outcome.value, [source for source, _, _ in quoted(found)]) == ("pass", [PS, DEFINED])


@pytest.mark.parametrize("arguments", ["-s -p", "-s -c -x /tmp/-P", "-s -PP", "-s --P"])
def test_near_miss_other_arguments(arguments):
    assert judge(processes(arguments)).outcome.value == "pass"


def test_near_miss_the_argument_of_another_process():
    other = " 9999999        1    00:10 /usr/bin/lp -P 7\n"
    assert judge(processes("-s", children=other)).outcome.value == "pass"


def test_unknown_when_neither_was_recorded():
    assert (judge().outcome.value, judge().missing) == ("unknown", (PS, DEFINED))


def test_not_applicable_on_a_master_alone():
    assert judge(processes("-s -P"), role="master").outcome.value == "not-applicable"
