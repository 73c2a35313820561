"""master-id-changed: NIM_MASTERID against the master's own machine id."""

from datetime import datetime, timedelta, timezone

import pytest
from hosts import (
    LOCAL,
    LOG,
    MASTER_STANZA,
    UTC,
    connection,
    evidence,
    loose,
    machine,
    niminfo,
    plain_push,
    query,
    quoted,
    result_of,
    service_start,
    stamped,
    tls_push,
)

from nimdoctor.model import Push

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


# -- what nimsh.log says of its own refusal

PUSH = datetime(2025, 3, 14, 12, 5, 4)


def refusal(passed=OTHER, kept=ID, when=PUSH, master=None):
    """A push that nimsh refused for an id."""
    named = stamped(when, f"success: we got 5th write Master hostname is {master}") if master else ""
    said = stamped(when, f"error: remote value passed, '{passed}', does not match environment value '{kept}'")
    return connection(when) + named + said


def logged(log, **more):
    files = {"/etc/niminfo": niminfo(NIM_MASTERID=ID), LOG: log}
    commands = {"uname -m": "00F6A1B24C00\n", UTC: "2025-03-15T09:53:20Z\n", LOCAL: "2025-03-15T11:53:20\n"}
    return evidence(files=files, commands={**commands, **more.pop("commands", {})}, **more)


def test_fails_as_possible_where_the_log_says_that_a_push_was_refused_for_the_id():
    found = judge(logged(tls_push(PUSH - timedelta(days=1)) + refusal(master="nim1")))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "possible")
    said = f"error: remote value passed, '{OTHER}', does not match environment value '{ID}'"
    assert quoted(found)[0][2].endswith(said) and quoted(found)[1] == ("/etc/niminfo", 6, f"export NIM_MASTERID={ID}")
    assert found.fix is None


def test_the_refusal_is_shown_beside_the_masters_own_id():
    found = judge(logged(refusal()), master(OTHER))
    assert (found.outcome.value, found.confidence.value) == ("fail", "likely")
    assert [source for source, _, _ in quoted(found)] == ["/etc/niminfo", "uname -m", LOG]


def test_the_masters_own_id_is_believed_before_the_log():
    assert judge(logged(refusal()), master()).outcome.value == "pass"


@pytest.mark.parametrize("later", [tls_push, plain_push, lambda when: tls_push(when, end="")])
def test_near_miss_a_later_push_that_came_past_the_ids_supersedes_the_refusal(later):
    assert judge(logged(refusal() + later(PUSH + timedelta(hours=1)))).outcome.value == "not-applicable"


def test_a_query_supersedes_nothing():
    assert judge(logged(refusal() + query(PUSH + timedelta(hours=1)))).outcome.value == "fail"


def test_near_miss_another_master_is_refused_as_it_should_be():
    assert judge(logged(refusal(master="drmaster"))).outcome.value == "not-applicable"


@pytest.mark.parametrize("kept", ["00F6A1B24C00", "00F6A1B95C00"])
def test_near_miss_a_refusal_for_another_value_is_not_about_the_master(kept):
    assert judge(logged(refusal(kept=kept))).outcome.value == "not-applicable"


def test_unknown_when_nimsh_was_started_since():
    found = judge(logged(refusal() + service_start(PUSH + timedelta(hours=1))))
    assert found.outcome.value == "unknown"
    assert "not tried since nimsh was started" in found.message and found.settled_by == Push("lpar7")


def test_unknown_when_niminfo_was_written_since():
    at = int((PUSH - timedelta(hours=2)).replace(tzinfo=timezone.utc).timestamp())
    paths = {LOG: {"mode": "0644", "mtime": at}, "/etc/niminfo": {"mode": "0644", "mtime": at + 3600}}
    found = judge(logged(refusal(), paths=paths))
    assert found.outcome.value == "unknown" and "/etc/niminfo was written" in found.message
