"""client-uses-rsh: connect = shell on the master, NIM_SHELL on the client."""

import pytest
from hosts import MASTER_STANZA, NETWORK_AND_RESOURCE, evidence, loose, machine, niminfo, quoted, result_of, results_of

CHECK = "client-uses-rsh"


def master(*stanzas):
    return evidence(commands={"lsnim -l": MASTER_STANZA + "".join(stanzas)}, host="nim1", role="master")


def client(shell="nimsh", **commands):
    return evidence(files={"/etc/niminfo": niminfo(shell)}, commands=commands)


def test_fails_on_a_client_whose_niminfo_says_shell():
    found = result_of(CHECK, client("shell"))
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", "medium", "switch-to-nimsh")
    assert quoted(found) == [("/etc/niminfo", 5, 'export NIM_SHELL="shell"')]


def test_fails_when_only_connect_says_shell():
    found = result_of(CHECK, client(None, **{"nimclient -l -l lpar7": machine(connect="shell")}))
    assert found.outcome.value == "fail"
    assert quoted(found) == [("nimclient -l -l lpar7", 4, "   connect        = shell")]


def test_fails_on_the_master_for_three_hundred_clients_as_one_finding():
    names = [f"old{number:03}" for number in range(300)]
    found = result_of(CHECK, master(*(machine(name, "shell") for name in names), machine()))
    assert (found.outcome.value, found.objects) == ("fail", tuple(names))
    assert quoted(found)[0] == ("lsnim -l", 10, "   connect        = shell")
    assert "old000" in found.message and len(found.message) < 200


@pytest.mark.parametrize("kind", ["standalone", "vios", "wpar", "alternate_master"])
def test_fails_for_every_type_of_machine(kind):
    assert result_of(CHECK, master(machine("x1", "shell", kind=kind))).objects == ("x1",)


def test_near_miss_networks_resources_and_consoles_are_no_clients():
    console = "hmc1:\n   class          = management\n   type           = hmc\n   connect        = shell\n"
    found = result_of(CHECK, master(NETWORK_AND_RESOURCE, console, machine()))
    assert found.outcome.value == "pass"
    assert "none of 1 machine " in found.message


def test_passes_on_a_client_by_nimsh():
    found = result_of(CHECK, client())
    assert found.outcome.value == "pass"
    assert quoted(found) == [("/etc/niminfo", 5, 'export NIM_SHELL="nimsh"')]


def test_passes_on_a_master_all_of_whose_clients_are_by_nimsh():
    found = result_of(CHECK, master(machine(), machine("lpar8", "nimsh")))
    assert found.outcome.value == "pass"
    assert len(quoted(found)) == 2


def test_the_pair_has_an_entry_for_each_end():
    found = results_of(CHECK, client("shell"), master(machine(connect="shell")))
    assert {(one.where.value, one.outcome.value) for one in found} == {("client", "fail"), ("master", "fail")}


@pytest.mark.parametrize("value", ['NIM_SHELL="shell"', "NIM_SHELL=shell", "export NIM_SHELL='shell'"])
def test_fails_on_a_loose_niminfo_however_it_is_quoted(value):
    found = results_of(CHECK, loose({"niminfo": niminfo(None) + value}))
    assert [one.outcome.value for one in found] == ["fail"]


def test_unknown_when_neither_niminfo_nor_the_masters_object_is_there():
    found = result_of(CHECK, evidence())
    assert (found.outcome.value, found.missing) == ("unknown", ("/etc/niminfo",))


def test_unknown_on_a_master_without_its_objects():
    found = result_of(CHECK, evidence(host="nim1", role="master"))
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))
