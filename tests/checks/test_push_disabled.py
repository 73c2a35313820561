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
