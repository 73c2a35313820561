"""niminfo-wrong-master: the name in niminfo against the interfaces of the masters."""

from hosts import MASTER_STANZA, evidence, machine, niminfo, quoted, result_of

CHECK = "niminfo-wrong-master"
LSNIM = MASTER_STANZA + machine()
HOSTS = "127.0.0.1 loopback localhost\n10.1.1.10 nim1\n10.1.1.17 lpar7\n"


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


def test_on_the_client_alone_what_nimclient_shows_of_the_master_counts():
    seen = {"nimclient -l -l master": MASTER_STANZA, "nimclient -l -l lpar7": machine()}
    files = {"/etc/niminfo": niminfo(), "/etc/hosts": HOSTS}
    assert judge(evidence(files=files, commands=seen)).outcome.value == "pass"
    files["/etc/niminfo"] = niminfo(master="nim0")
    found = judge(evidence(files=files, commands=seen))
    assert (found.outcome.value, found.missing) == ("unknown", ("lsnim -l",))
