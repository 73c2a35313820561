"""interim-fix-unstable: states of the interim fixes of NIM and OpenSSL."""

from pathlib import Path

import pytest
from hosts import PS, evidence, processes, quoted, result_of, results_of

CHECK = "interim-fix-unstable"
HEAD = (
    "ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT\n"
    "=== ===== ========== ================= ========== ======================================\n"
)
LEGEND = "\nSTATE codes:\n S = STABLE\n M = MOUNTED\n Q = REBOOT REQUIRED\n B = BROKEN\n"
SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"
NIM = "NIM security fix"


def row(state, abstract=NIM, label="IJ53757s1a", number=1):
    return f"{number:<4}{state:^5} {label:<10} 03/20/25 10:22:41            {abstract}\n"


def table(*rows):
    return HEAD + "".join(rows) + LEGEND


def details(state, *parts, label="IJ99999s1a"):
    """One fix of `emgr -lv3`; each part is LOCATION or PACKAGE with its value."""
    lines = "".join(f"   {name}:      {value}\n" for name, value in (part.split() for part in parts))
    return f"EFIX ID: 1\nEFIX LABEL: {label}\nEFIX STATE: {state}\nABSTRACT: a security issue\nREBOOT REQUIRED: yes\n{lines}"


def judge(listing, command="emgr -lv3", ps=None, **more):
    commands = {command: listing, **({PS: ps} if ps else {})}
    return result_of(CHECK, evidence(commands=commands, **more))


@pytest.mark.parametrize("state", ["B", "*B*", "BROKEN"])
def test_fails_medium_for_a_broken_one(state):
    found = judge(table(row("B"))) if state == "B" else judge(details(state, "PACKAGE openssl.base"))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "certain")
    assert found.fix is None and found.run.startswith("emgr -c -L IJ")


@pytest.mark.parametrize("state", ["*Q*", "M", "U", "*RQ*", "SN"])
def test_fails_low_for_one_that_is_not_in_effect_for_good(state):
    found = judge(table(row("S", number=1, label="IJ11111s1a"), row(state, number=2)))
    assert (found.outcome.value, found.severity.value, found.objects) == ("fail", "low", ("IJ53757s1a",))
    assert quoted(found) == [("emgr -lv3", 4, row(state, number=2).rstrip("\n"))]


def test_fails_once_for_each_consequence_the_worst_first():
    listing = table(row("*Q*"), row("B", "OpenSSL", "111ma", 2), row("*Q*", "openssl", "111mb", 3))
    found = results_of(CHECK, evidence(commands={"emgr -lv3": listing}))
    assert [(one.severity.value, one.objects) for one in found] == [
        ("medium", ("111ma",)),
        ("low", ("IJ53757s1a", "111mb")),
    ]


@pytest.mark.parametrize(
    "part",
    [
        "PACKAGE bos.sysmgt.nim.client",
        "PACKAGE openssl.base",
        "LOCATION /usr/sbin/nimsh",
        "LOCATION /usr/sbin/nimesis",
        "LOCATION /usr/lpp/bos.sysmgt/nim/methods/c_script",
        "LOCATION /usr/lib/libssl.a",
        "LOCATION /usr/lib/libcrypto.a(libcrypto.so.1.1)",
        "LOCATION /usr/bin/openssl",
    ],
)
def test_fails_by_what_the_fix_replaces(part):
    assert judge(details("REBOOT REQUIRED", part)).outcome.value == "fail"


@pytest.mark.parametrize(
    "abstract", ["nimsh: TLS validation", "Fix for OPENSSL 3.0", "NIM client", "IJ55968 security issue", "libssl fix"]
)
def test_fails_by_its_words_and_by_an_apar_of_the_nim_security_fixes(abstract):
    assert judge(table(row("*Q*", abstract, "x1"))).outcome.value == "fail"


@pytest.mark.parametrize("label", ["301610mc", "IJ55968s5a"])
def test_fails_by_a_label_that_the_tables_of_levels_know(label):
    assert judge(table(row("*Q*", "a potential security issue", label))).outcome.value == "fail"


@pytest.mark.parametrize("state", ["I", "R", "*I*"])
def test_fails_when_something_was_begun_and_no_emgr_runs(state):
    found = judge(table(row(state)), ps=processes())
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "medium", "certain")
    unsure = judge(table(row(state)))
    assert (unsure.confidence.value, unsure.missing) == ("likely", (PS,))


def test_near_miss_begun_while_emgr_runs_is_not_decided():
    found = judge(table(row("I")), ps=processes(children=" 99  1   00:10 /bin/ksh /usr/sbin/emgr -e x.epkg.Z\n"))
    assert (found.outcome.value, found.severity.value) == ("unknown", "medium")
    assert quoted(found)[-1][0] == PS


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_passes_without_any_interim_fix(stream):
    said = "There is no efix data on this system.\n"
    given = evidence(
        commands={"emgr -lv3": said if stream == "stdout" else ""},
        stderr={"emgr -lv3": said if stream == "stderr" else ""},
        status={"emgr -lv3": 1},
    )
    found = result_of(CHECK, given)
    assert (found.outcome.value, found.message) == ("pass", "no interim fix is installed")


def test_passes_when_all_are_stable_on_either_end():
    for role in ("client", "master"):
        found = judge(table(row("S"), row("SP", "kernel", "IJ22222s1a", 2)), role=role)
        assert (found.outcome.value, found.where.value, len(found.evidence)) == ("pass", role, 2)


def test_near_miss_reboot_required_among_the_details_is_no_state():
    assert judge(details("STABLE", "PACKAGE openssl.base")).outcome.value == "pass"


@pytest.mark.parametrize("part", ["PACKAGE bos.net.tcp.client", "LOCATION /usr/sbin/tcpdump", "LOCATION /usr/bin/nice"])
def test_near_miss_an_unstable_fix_of_something_else_is_a_note(part):
    found = judge(details("BROKEN", part))
    assert (found.outcome.value, found.severity.value) == ("pass", "info")
    assert "IJ99999s1a is BROKEN" in found.message


@pytest.mark.parametrize("abstract", ["minimal fix", "openssh fix", "animation", "denim"])
def test_near_miss_words_that_only_look_like_nim(abstract):
    found = judge(table(row("*Q*", abstract, "81112ma")))
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "low", ("emgr -lv3",))


@pytest.mark.parametrize("state", ["Z", "*Z*", "?"])
def test_unknown_in_a_state_that_is_not_known(state):
    assert judge(table(row(state))).outcome.value == "unknown"


def test_unknown_when_the_details_tell_no_state():
    assert (
        judge(details("STABLE", "PACKAGE openssl.base").replace("EFIX STATE: STABLE\n", "")).outcome.value == "unknown"
    )


def test_unknown_when_one_fix_alone_was_listed():
    found = judge(table(row("S")), command="emgr -l -L IJ53757s1a")
    assert (found.outcome.value, found.missing) == ("unknown", ("emgr -lv3",))


@pytest.mark.parametrize("said", ["", "emgr: 0645-007 ATTENTION: you must be root\n"])
def test_unknown_when_emgr_tells_nothing(said):
    found = judge(said)
    assert (found.outcome.value, found.severity.value, found.missing) == ("unknown", "low", ("emgr -lv3",))


def test_unknown_without_the_command():
    found = result_of(CHECK, evidence())
    assert (found.outcome.value, found.missing) == ("unknown", ("emgr -lv3",))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples in ../shared/samples")
@pytest.mark.parametrize(("name", "outcome"), [(".1", "unknown"), (".2", "unknown"), (".3", "pass"), (".4", "pass")])
def test_recorded_listings_without_details_leave_open_what_a_fix_replaces(name, outcome):
    found = judge((SAMPLES / f"emgr_-l{name}").read_text("ascii"), command="emgr -l")
    assert found.outcome.value == outcome
