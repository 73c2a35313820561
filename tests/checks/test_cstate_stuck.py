"""cstate-stuck: an operation that is said to be under way although nothing runs."""

from hosts import MASTER_STANZA, PS, evidence, machine, niminfo, processes, result_of

CHECK = "cstate-stuck"
READY = "ready for a NIM operation"
RUNS = "customization is being performed"


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


def test_near_miss_the_state_before_is_not_the_state():
    assert RUNS in stanza()
    assert result_of(CHECK, client(), master(READY)).severity.value == "medium"
