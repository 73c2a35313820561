"""niminfo-wrong-master: the name in niminfo against the interfaces of the masters."""

import pytest
from hosts import MASTER_STANZA, evidence, loose, machine, niminfo, quoted, result_of

CHECK = "niminfo-wrong-master"
LSNIM = MASTER_STANZA + machine()
HOSTS = "127.0.0.1 loopback localhost\n10.1.1.10 nim1\n10.1.1.17 lpar7\n"
ALTERNATE = machine("nim2", kind="alternate_master")


def client(master="nim1", hosts=HOSTS, **more):
    files = {"/etc/niminfo": niminfo(master=master, **more)}
    if hosts is not None:
        files["/etc/hosts"] = hosts
    return evidence(files=files)


def master(lsnim=LSNIM, hosts=HOSTS, command="lsnim -l"):
    files = {} if hosts is None else {"/etc/hosts": hosts}
    return evidence(files=files, commands={command: lsnim}, host="nim1", role="master")


def judge(*given):
    return result_of(CHECK, *given)


def test_fails_when_the_name_is_no_interface_of_any_master():
    found = judge(client("nim0"), master())
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "certain")
    assert (found.fix, found.where.value) == (None, "client")
    ruled_out = {one.argv for one in found.rules_out}
    assert {("nimclient", "-c"), ("nimclient", "-C"), ("nim", "-o", "cust")} <= ruled_out
    assert quoted(found) == [
        ("/etc/niminfo", 4, "export NIM_MASTER_HOSTNAME=nim0"),
        ("lsnim -l", 4, "   if1                 = net_10_1 nim1 0"),
    ]


def test_fails_less_surely_where_aliases_could_not_be_looked_up():
    found = judge(client("nim0", hosts=None), master())
    assert (found.outcome.value, found.confidence.value, found.missing) == ("fail", "likely", ("/etc/hosts",))


def test_fails_when_only_the_domain_differs():
    lsnim, hosts = MASTER_STANZA.replace("nim1 0", "nim1.b.example 0") + machine(), "10.1.1.17 lpar7\n"
    assert judge(client("nim1.a.example", hosts), master(lsnim, hosts)).outcome.value == "fail"


def test_fails_on_two_names_that_share_the_loopback_address_alone():
    shared = "127.0.0.1 localhost nim0 nim1\n10.1.1.17 lpar7\n"
    assert judge(client("nim0", shared), master(hosts=shared)).outcome.value == "fail"


def test_passes_on_the_masters_interface():
    found = judge(client(), master())
    assert found.outcome.value == "pass"
    assert [quote[:2] for quote in quoted(found)] == [("/etc/niminfo", 4), ("lsnim -l", 4)]


def test_passes_on_any_interface_and_on_an_alternate_master():
    second = MASTER_STANZA + "   if2                 = net_10_2 nim1b 0\n" + machine() + ALTERNATE
    assert judge(client("nim1b"), master(second)).outcome.value == "pass"
    found = judge(client("nim2"), master(second))
    assert found.outcome.value == "pass" and "nim2" in found.message


@pytest.mark.parametrize("name", ["NIM1", "nim1.example.com", "10.1.1.10"])
def test_near_miss_another_spelling_of_the_same_name(name):
    assert judge(client(name), master()).outcome.value == "pass"


@pytest.mark.parametrize(
    ("clients", "masters"),
    [
        ("10.1.1.10 nimprod nim1\n", HOSTS),
        (HOSTS, "10.1.1.10 nim1 nimprod\n"),
        ("10.1.1.10 nimprod\n", "10.1.1.10 nim1.example.com nim1\n"),
    ],
)
def test_near_miss_an_alias_in_either_table(clients, masters):
    assert judge(client("nimprod", clients), master(hosts=masters)).outcome.value == "pass"


def test_near_miss_the_address_that_niminfo_itself_gives():
    known = client("nimprod", NIM_HOSTS='" 10.1.1.17:lpar7 10.1.1.10:nimprod "')
    assert judge(known, master()).outcome.value == "pass"


def test_near_miss_another_machines_interface_is_not_the_masters():
    assert judge(client("lpar8"), master(MASTER_STANZA + machine() + machine("lpar8"))).outcome.value == "fail"


def test_on_the_client_alone_what_nimclient_shows_of_the_master_counts():
    seen = {"nimclient -l -l master": MASTER_STANZA, "nimclient -l -l lpar7": machine()}
    files = {"/etc/niminfo": niminfo(), "/etc/hosts": HOSTS}
    assert judge(evidence(files=files, commands=seen)).outcome.value == "pass"
    files["/etc/niminfo"] = niminfo(master="nim0")
    found = judge(evidence(files=files, commands=seen))
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))


def test_unknown_when_the_given_master_does_not_know_this_client():
    found = judge(client("nim0"), master(MASTER_STANZA + machine("lpar9", cpuid="00F6A1B44C00")))
    assert found.outcome.value == "unknown" and "no machine object for lpar7" in found.message


def test_unknown_when_the_listing_does_not_show_the_master():
    assert judge(client("nim0"), master(machine(), command="lsnim -l lpar7")).missing == ("lsnim -l",)


def test_unknown_without_the_name():
    assert judge(client(""), master()).missing == ("/etc/niminfo",)


def test_not_applicable_without_anything_of_the_master():
    assert judge(client()).outcome.value == "not-applicable"


def test_not_applicable_on_a_master_alone():
    assert judge(master()).outcome.value == "not-applicable"


def test_loose_files_of_both_ends_are_judged_together():
    text = niminfo(master="nim0", NIM_HOSTS='" 10.1.1.17:lpar7 "')
    given = loose({"niminfo": text, "lsnim.txt": "# lsnim -l\n" + MASTER_STANZA + machine()})
    assert judge(given).outcome.value == "fail"
