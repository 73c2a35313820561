"""tftp-blocked-by-audit: what audit query says, and whether anybody has to fetch."""

import pytest
from hosts import MASTER_STANZA, evidence, loose, machine, quoted, result_of

CHECK = "tftp-blocked-by-audit"
QUERY = "audit query"
SECURE = MASTER_STANZA + machine()
WAITING = SECURE + machine("lpar9", "nimsh")
DETAILS = "bin processing on\naudit events:\n        none\n\naudit objects:\n        none\n"


def judge(said="auditing on\n" + DETAILS, lsnim=WAITING, level="7100-04-08-1914", **more):
    commands = {QUERY: said, "lsnim -l": lsnim, "oslevel -s": level}
    given = {name: output for name, output in commands.items() if output}
    return result_of(CHECK, evidence(commands=given, host="nim1", role="master", **more))


@pytest.mark.parametrize("said", ["auditing on\n" + DETAILS, "auditing on[panic]\n", "\n  Auditing on\n"])
def test_fails_while_auditing_is_on(said):
    found = judge(said)
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "certain")
    assert (found.fix, quoted(found)[0][0], quoted(found)[0][2]) == (None, QUERY, said.strip("\n").splitlines()[0])
    assert "audit off" in found.cure and "audit on" in found.cure and "policy" in found.cure


@pytest.mark.parametrize(
    ("stanzas", "severity", "confidence"),
    [(SECURE, "low", "certain"), (SECURE + machine("old01", "shell"), "high", "certain"), (None, "high", "likely")],
    ids=["all secure", "one is by rsh", "not known"],
)
def test_fails_high_while_a_client_must_fetch_and_else_low(stanzas, severity, confidence):
    found = judge(lsnim=stanzas)
    assert (found.severity.value, found.confidence.value) == (severity, confidence)


def test_passes_while_it_is_off():
    found = judge("auditing off\nbin processing off\n")
    assert (found.outcome.value, quoted(found)) == ("pass", [(QUERY, 1, "auditing off")])


def test_near_miss_bin_processing_on_is_not_auditing_on():
    assert judge("auditing off\n" + DETAILS).outcome.value == "pass"


def test_passes_at_generation_g2():
    assert judge(level="7200-05-13-2620").outcome.value == "pass"


@pytest.mark.parametrize(("stanzas", "severity"), [(WAITING, "high"), (SECURE, "low")])
def test_unknown_when_it_was_not_asked_as_severe_as_somebody_needs_it(stanzas, severity):
    found = judge(None, lsnim=stanzas)
    assert (found.outcome.value, found.missing, found.severity.value) == ("unknown", (QUERY,), severity)


def test_unknown_when_it_could_not_be_run():
    said = judge("", status={QUERY: 1}, stderr={QUERY: "audit: 0511-043 You must be root.\n"})
    assert said.outcome.value == "unknown"


def test_of_another_hosts_auditing_nothing_is_said():
    client = loose({"audit_query": "auditing on\n", "niminfo": "export NIM_CONFIGURATION=standalone\n"})
    assert result_of(CHECK, client).outcome.value == "not-applicable"
