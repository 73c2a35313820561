"""cstate-stuck: an operation that is said to be under way although nothing runs."""

import pytest
from hosts import MASTER_STANZA, PS, evidence, loose, machine, niminfo, processes, quoted, result_of

CHECK = "cstate-stuck"
READY = "ready for a NIM operation"
RUNS = "customization is being performed"
INSTALLS = "Base Operating System installation is being performed"
WAITS = "Base Operating System installation has been enabled"
NIM = " 9437574  8716698       05:10 nim -o cust -a lpp_source=lpp_7104 -a filesets=bos.adt {}\n"


def stanza(name="lpar7", state=READY):
    return machine(name) + f"   Cstate         = {state}\n   prev_state     = {RUNS}\n"


def master(*states, ps="", listing=None):
    names = ("lpar7", "lpar8", "lpar9")
    commands = {"lsnim -l": listing or MASTER_STANZA + "".join(map(stanza, names, states))}
    if ps is not None:
        commands[PS] = processes(children=ps)
    return evidence(commands=commands, host="nim1", role="master")


def client(**more):
    return evidence(files={"/etc/niminfo": niminfo()}, commands={PS: processes(**more)})


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence and found.confidence.value)


def test_fails_when_nothing_runs_on_either_end():
    found = result_of(CHECK, client(), master(RUNS))
    assert kind(found) == ("fail", "medium", "likely")
    assert (found.fix, found.objects) == (None, ("lpar7",))
    assert "nim -Fo reset lpar7" in found.cure and found.run is None and "not done by itself" in found.cure
    assert ("lsnim -l", 13, f"   Cstate         = {RUNS}") in quoted(found)


def test_fails_on_the_master_alone_and_is_only_possible_there():
    found = result_of(CHECK, master(RUNS, RUNS, WAITS))
    assert kind(found) == ("fail", "medium", "possible")
    assert found.objects == ("lpar7", "lpar8")
    assert found.missing == (f"{PS} of lpar7, lpar8",)


def test_fails_for_one_machine_while_nim_works_for_another():
    found = result_of(CHECK, master(RUNS, RUNS, ps=NIM.format("lpar8")))
    assert kind(found) == ("fail", "medium", "possible") and found.objects == ("lpar7",)


def test_passes_when_every_machine_is_ready():
    found = result_of(CHECK, master(READY, READY))
    assert found.outcome.value == "pass" and found.message == "2 machines ready by their Cstate"


def test_passes_without_any_ps_when_every_machine_is_ready():
    assert result_of(CHECK, master(READY, ps=None)).outcome.value == "pass"


@pytest.mark.parametrize(
    "row",
    [
        NIM.format("lpar7"),
        NIM.format("all_of_them"),
        " 9437574  5243246  05:10 /usr/lpp/bos.sysmgt/nim/methods/m_cust -a lpp_source=lpp_7104 lpar7\n",
        " 9437574  5243246  05:10 /bin/ksh /usr/lpp/bos.sysmgt/nim/methods/m_cust lpar7\n",
    ],
)
def test_near_miss_what_is_said_to_run_does_on_the_master(row):
    found = result_of(CHECK, client(), master(RUNS, ps=row))
    assert found.outcome.value == "pass" and "9437574" in found.message


@pytest.mark.parametrize(
    "row",
    [
        " 9306482  7799162  05:10 /usr/sbin/nimsh -s -c\n",
        " 9306482  7799300  05:10 /usr/sbin/nimclient -o cust -a lpp_source=lpp_7104\n",
        " 9306482  7799300  05:10 /bin/ksh /usr/lpp/bos.sysmgt/nim/methods/c_cust -a x=y\n",
        " 9306482  7799300  05:10 installp -acgXd /nim/lpp bos.adt\n",
    ],
)
def test_near_miss_what_is_said_to_run_does_on_the_client(row):
    assert result_of(CHECK, client(children=row), master(RUNS)).outcome.value == "pass"


def test_near_miss_a_prepared_operation_is_a_note():
    found = result_of(CHECK, master(READY, WAITS))
    assert (found.outcome.value, found.severity.value) == ("pass", "info") and "lpar8" in found.message


def test_near_miss_the_state_before_is_not_the_state():
    assert RUNS in stanza()
    assert result_of(CHECK, client(), master(READY)).severity.value == "medium"


def test_an_installation_over_the_network_needs_no_process_on_the_master():
    found = result_of(CHECK, master(READY, INSTALLS))
    assert kind(found) == ("unknown", "low", None) and "console" in found.message


def test_a_client_that_was_looked_at_is_not_being_installed():
    assert kind(result_of(CHECK, client(), master(INSTALLS))) == ("fail", "medium", "likely")


def test_unknown_without_ps():
    found = result_of(CHECK, master(RUNS, ps=None))
    assert kind(found) == ("unknown", "medium", None) and found.missing == (PS,)


def test_unknown_where_the_listing_shows_no_state():
    found = result_of(CHECK, master(listing=MASTER_STANZA + machine()))
    assert kind(found) == ("unknown", "medium", None) and found.missing == ("lsnim -l",)


def test_words_of_another_language_make_it_possible_and_strange_ones_unknown():
    french = result_of(CHECK, client(), master("la personnalisation est en cours"))
    assert kind(french) == ("fail", "medium", "possible")
    assert result_of(CHECK, client(), master("pr\xeat pour une op\xe9ration NIM")).outcome.value == "pass"
    strange = result_of(CHECK, client(), master("gata pentru o operatie"))
    assert kind(strange) == ("unknown", "low", None) and "LC_ALL=C" in strange.message


def test_a_name_that_begins_with_a_dash_is_no_option():
    found = result_of(CHECK, master(listing=MASTER_STANZA + stanza("-x", RUNS)))
    assert "reset NAME" in found.cure


def test_bare_files_of_a_master_are_judged():
    found = result_of(CHECK, loose({"lsnim.txt": MASTER_STANZA + stanza(state=RUNS), "ps.txt": processes()}))
    assert found.outcome.value == "fail"


def test_not_applicable_on_a_client_alone():
    assert result_of(CHECK, client()).outcome.value == "not-applicable"
