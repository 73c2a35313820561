"""client-uses-rsh: connect = shell on the master, NIM_SHELL on the client."""

from hosts import MASTER_STANZA, evidence, machine, quoted, result_of

CHECK = "client-uses-rsh"


def master(*stanzas):
    return evidence(commands={"lsnim -l": MASTER_STANZA + "".join(stanzas)}, host="nim1", role="master")


def test_fails_on_the_master_for_three_hundred_clients_as_one_finding():
    names = [f"old{number:03}" for number in range(300)]
    found = result_of(CHECK, master(*(machine(name, "shell") for name in names), machine()))
    assert (found.outcome.value, found.objects) == ("fail", tuple(names))
    assert quoted(found)[0] == ("lsnim -l", 10, "   connect        = shell")
    assert "old000" in found.message and len(found.message) < 200
