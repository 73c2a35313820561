"""master-id-changed: NIM_MASTERID against the master's own machine id."""

import pytest
from hosts import MASTER_STANZA, evidence, loose, machine, niminfo, quoted, result_of

CHECK = "master-id-changed"
ID, OTHER = "00F6A1B14C00", "00F6A1B94C00"
LSNIM = MASTER_STANZA + machine()


def client(stored=ID, own="00F6A1B24C00", role="client", **more):
    commands = {"uname -m": own + "\n"} if own else {}
    return evidence(files={"/etc/niminfo": niminfo(NIM_MASTERID=stored, **more)}, commands=commands, role=role)


def master(own=ID, lsnim=LSNIM, name="nim1"):
    given = {"uname -m": own and own + "\n", "lsnim -l": lsnim, "hostname": name and name + "\n"}
    return evidence(commands={key: text for key, text in given.items() if text}, host="nim1", role="master")


def judge(*given):
    return result_of(CHECK, *given)


def test_fails_when_the_master_has_another_id():
    found = judge(client(), master(OTHER))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.fix, found.where.value) == (None, "client")
    assert quoted(found) == [("/etc/niminfo", 6, f"export NIM_MASTERID={ID}"), ("uname -m", 1, OTHER)]


def test_fails_also_when_the_master_moved_to_the_clients_machine():
    found = judge(client(own=OTHER), master(OTHER))
    assert found.outcome.value == "fail"


def test_fails_though_nothing_names_the_master_and_says_what_would_make_it_surer():
    found = judge(client(), master(OTHER, lsnim=None, name=None))
    assert (found.outcome.value, found.missing) == ("fail", ("lsnim -l", "hostname"))


def test_passes_on_the_same_id():
    found = judge(client(), master())
    assert found.outcome.value == "pass"
    assert quoted(found) == [("/etc/niminfo", 6, f"export NIM_MASTERID={ID}"), ("uname -m", 1, ID)]


@pytest.mark.parametrize("stored", [ID.lower(), f'"{ID}"'])
def test_near_miss_capitals_and_quotes_do_not_matter(stored):
    assert judge(client(stored), master()).outcome.value == "pass"


def test_near_miss_client_and_master_on_one_machine():
    assert judge(client(own=ID), master()).outcome.value == "pass"


def test_unknown_when_another_master_was_given():
    found = judge(client(master="nim0"), master(OTHER))
    assert found.outcome.value == "unknown" and "nim0" in found.message


def test_near_miss_an_alias_of_the_master_in_niminfo_is_the_master():
    known = client(master="nimprod", NIM_HOSTS='" 10.1.1.10:nimprod:nim1 "')
    assert judge(known, master(OTHER)).outcome.value == "fail"


@pytest.mark.parametrize("stored", ["", "4711", "00F6A1B14C00X"])
def test_unknown_without_an_id_in_niminfo(stored):
    assert judge(client(stored), master()).outcome.value == "unknown"


def test_unknown_when_the_masters_id_was_not_collected():
    found = judge(client(), master(None))
    assert (found.outcome.value, found.missing) == ("unknown", ("uname -m",))


@pytest.mark.parametrize("role", ["client", "client,master", None])
def test_not_applicable_on_one_host_alone_whatever_its_role(role):
    assert judge(client(OTHER, role=role)).outcome.value == "not-applicable"


def test_not_applicable_on_an_alternate_master_alone():
    text = niminfo(NIM_CONFIGURATION="alternate_master", NIM_MASTERID=OTHER)
    alone = evidence(files={"/etc/niminfo": text}, commands={"uname -m": ID + "\n"}, role=None)
    assert judge(alone).outcome.value == "not-applicable"


def test_not_applicable_on_loose_files_of_which_nobody_knows_the_end():
    given = loose({"niminfo": niminfo(NIM_MASTERID=OTHER), "uname.txt": f"# uname -m\n{ID}\n"})
    assert judge(given).outcome.value == "not-applicable"


def test_not_applicable_on_a_master_alone():
    assert judge(master()).outcome.value == "not-applicable"
