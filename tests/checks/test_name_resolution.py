"""name-resolution: the other end's name, there and back."""

import pytest
from hosts import MASTER_STANZA, evidence, machine, niminfo, quoted, result_of

CHECK = "name-resolution"
HOSTS = "127.0.0.1 loopback localhost\n10.1.1.10 nim1\n10.1.1.17 lpar7\n"
NETSVC = "hosts=local,bind\n"
NO_ADDRESS = "host: 0827-803 Cannot find address for host nim1.\n"
INTERFACES = """Name  Mtu   Network     Address            Ipkts Ierrs    Opkts Oerrs  Coll
en0   1500  10.1.1      {}        1503388     0   702011     0     0
lo0   16896 127         127.0.0.1           4188     0     4188     0     0
"""


def client(hosts=HOSTS, netsvc=NETSVC, master="nim1", **commands):
    files = {"/etc/hosts": hosts, "/etc/netsvc.conf": netsvc, "/etc/niminfo": niminfo(master=master)}
    given = {name.replace("_", " "): text for name, text in commands.items()}
    return evidence(files={path: text for path, text in files.items() if text is not None}, commands=given)


def answers(forward, back=None):
    given = {"host nim1": forward, "host 10.1.1.10": back}
    files = {"/etc/niminfo": niminfo()}
    return evidence(files=files, commands={command: text for command, text in given.items() if text is not None})


def master(hosts=HOSTS, lsnim=None, netstat=None, netsvc=NETSVC):
    commands = {"lsnim -l": lsnim or MASTER_STANZA + machine()}
    if netstat:
        commands["netstat -in"] = INTERFACES.format(netstat)
    return evidence(
        files={"/etc/hosts": hosts, "/etc/netsvc.conf": netsvc}, commands=commands, host="nim1", role="master"
    )


def judge(*given, where="client"):
    return result_of(CHECK, *given, where=where)


def kind(found):
    return (found.outcome.value, found.severity.value, found.confidence and found.confidence.value)


def test_fails_when_the_masters_name_does_not_resolve():
    found = judge(answers(NO_ADDRESS))
    assert kind(found) == ("fail", "high", "certain")
    assert (found.fix, found.run) == (None, "host nim1")
    assert quoted(found) == [("host nim1", 1, NO_ADDRESS.strip())]


def test_fails_when_the_masters_name_leads_to_the_client_itself():
    found = judge(client("127.0.0.1 localhost nim1\n10.1.1.17 lpar7\n"))
    assert kind(found) == ("fail", "high", "certain") and "this host itself" in found.message


def test_fails_when_the_address_leads_back_to_another_host():
    found = judge(client("10.1.1.10 backup1\n10.1.1.10 nim1\n"))
    assert kind(found) == ("fail", "high", "likely")
    assert quoted(found) == [("/etc/hosts", 2, "10.1.1.10 nim1"), ("/etc/hosts", 1, "10.1.1.10 backup1")]


def test_fails_when_the_address_leads_back_to_nothing():
    gone = "host: 0827-801 Host name 10.1.1.10 does not exist.\n"
    found = judge(answers("nim1 is 10.1.1.10\n", gone))
    assert kind(found) == ("fail", "high", "likely") and "no name" in found.message


def test_fails_when_the_master_does_not_have_that_address():
    found = judge(client(), master(netstat="10.1.1.11"))
    assert kind(found) == ("fail", "high", "likely")
    assert [source for source, _, _ in quoted(found)] == ["/etc/hosts", "netstat -in"]


def test_no_more_than_possible_when_the_name_is_an_alias_of_another():
    found = judge(answers("nimprod is 10.1.1.10,  Aliases:   nim1\n", "nimprod is 10.1.1.10,  Aliases:   nim1\n"))
    assert kind(found) == ("fail", "medium", "possible")


def test_passes_there_and_back():
    found = judge(client(), master(netstat="10.1.1.10"))
    assert found.outcome.value == "pass"
    assert quoted(found) == [("/etc/hosts", 2, "10.1.1.10 nim1")]


def test_passes_on_answers_whatever_the_table_says():
    files = {"/etc/niminfo": niminfo(), "/etc/hosts": "10.1.1.99 nim1\n", "/etc/netsvc.conf": NETSVC}
    said = {"host nim1": "nim1 is 10.1.1.10\n", "host 10.1.1.10": "nim1 is 10.1.1.10\n"}
    assert judge(evidence(files=files, commands=said)).outcome.value == "pass"


def test_near_miss_short_against_full_is_a_note():
    found = judge(client("10.1.1.10 nim1.example.com nim1\n"))
    assert (found.outcome.value, found.severity.value) == ("pass", "info")
    assert "nim1.example.com" in found.message


def test_near_miss_capitals_are_none():
    assert kind(judge(client("10.1.1.10 NIM1\n"))) == ("pass", "high", None)


def test_near_miss_one_host_that_stands_for_both_ends_is_not_held_against_itself():
    text = niminfo(NIM_CONFIGURATION="alternate_master")
    alone = evidence(
        files={"/etc/niminfo": text, "/etc/hosts": HOSTS, "/etc/netsvc.conf": NETSVC},
        commands={"netstat -in": INTERFACES.format("10.1.1.17")},
        role=None,
    )
    assert judge(alone).outcome.value == "pass"


@pytest.mark.parametrize(("netsvc", "more"), [(None, ("/etc/netsvc.conf",)), ("hosts=bind,local\n", ())])
def test_unknown_where_dns_may_answer_first_and_was_not_asked(netsvc, more):
    found = judge(client(netsvc=netsvc))
    assert kind(found) == ("unknown", "high", None)
    assert found.missing == ("host MASTER_HOSTNAME", *more)


def test_unknown_and_low_when_only_the_way_back_was_not_asked():
    found = judge(answers("nim1 is 10.1.1.10\n"))
    assert kind(found) == ("unknown", "low", None)
    assert found.missing == ("host MASTER_ADDRESS", "/etc/hosts", "/etc/netsvc.conf")


@pytest.mark.parametrize("path", ["/etc/hosts", "/etc/netsvc.conf"])
def test_a_table_that_was_given_and_is_damaged_is_said_to_be(path):
    files = {"/etc/niminfo": niminfo(), "/etc/hosts": HOSTS, "/etc/netsvc.conf": NETSVC, path: b"\x1f\x8b\x08\0\0\0"}
    found = judge(evidence(files=files))
    assert found.outcome.value == "unknown" and f"{path}: given but not understood" in found.message


def test_unknown_without_a_master_in_niminfo():
    assert judge(client(master="")).missing == ("/etc/niminfo",)


def test_on_the_master_the_clients_name_is_asked():
    given = client(), master()
    found = judge(*given, where="master")
    assert found.outcome.value == "pass" and "lpar7" in found.message
    without = HOSTS.replace("10.1.1.17 lpar7\n", "")
    assert judge(client(), master(without, netsvc="hosts=local\n"), where="master").severity.value == "high"


def test_on_the_master_another_name_back_is_medium():
    found = judge(client(), master("10.1.1.17 old7\n10.1.1.17 lpar7\n"), where="master")
    assert kind(found) == ("fail", "medium", "likely")


def test_on_the_master_the_name_is_that_of_the_clients_interface():
    lsnim = MASTER_STANZA + machine(interface="lpar7-adm")
    found = judge(client(), master(HOSTS + "10.2.1.17 lpar7-adm\n", lsnim), where="master")
    assert found.outcome.value == "pass" and "lpar7-adm" in found.message


def test_not_applicable_on_a_master_alone():
    assert judge(master(), where="master").outcome.value == "not-applicable"


# -- an address on which forward and back agree, and nobody else does

WRONG = "10.1.1.99 nim1\n10.1.1.17 lpar7\n"


def told(address="10.1.1.10", hosts=WRONG):
    info = niminfo(NIM_HOSTS=f'" 127.0.0.1:loopback 10.1.1.17:lpar7 {address}:nim1 "')
    return evidence(files={"/etc/hosts": hosts, "/etc/netsvc.conf": NETSVC, "/etc/niminfo": info})


def test_fails_where_niminfo_and_the_masters_own_hosts_contradict_an_address_that_leads_back():
    found = judge(told(), master())
    assert kind(found) == ("fail", "high", "likely")
    assert [where for where, _, _ in quoted(found)] == ["/etc/hosts", "/etc/niminfo", "/etc/hosts"]
    assert quoted(found)[0][2] == "10.1.1.99 nim1" and quoted(found)[2][2] == "10.1.1.10 nim1"


def test_fails_as_possible_where_the_masters_own_hosts_alone_contradict_it():
    found = judge(client(WRONG), master())
    assert kind(found) == ("fail", "high", "possible") and found.missing == ("netstat -in",)


def test_fails_as_possible_where_the_two_that_contradict_it_differ_from_each_other():
    assert kind(judge(told("10.1.1.20"), master())) == ("fail", "high", "possible")


@pytest.mark.parametrize("given", [(), (master(hosts="127.0.0.1 localhost nim1\n"),)])
def test_unknown_where_only_niminfo_contradicts_it_which_no_move_of_a_host_renews(given):
    found = judge(told(), *given)
    assert found.outcome.value == "unknown" and found.missing == ("netstat -in",)
    assert ("/etc/niminfo", "10.1.1.10:nim1") in [(source, text.split()[-2]) for source, _, text in quoted(found)][-1:]


def test_near_miss_one_witness_that_agrees_is_enough():
    assert judge(told("10.1.1.99"), master()).outcome.value == "pass"
    assert judge(told("10.1.1.20", HOSTS), master()).outcome.value == "pass"


def test_near_miss_the_masters_interfaces_decide_whatever_others_say():
    assert judge(told(), master(netstat="10.1.1.99")).outcome.value == "pass"


def test_the_master_is_judged_by_the_same_rule_of_its_client():
    wrong = "10.1.1.10 nim1\n10.1.1.98 lpar7\n"
    found = judge(told(hosts=HOSTS), master(wrong), where="master")
    assert kind(found)[0] == "fail" and "10.1.1.98" in found.message and "10.1.1.17" in found.message
