"""The engine: five outcomes, facts by type, both ends, and checks that break."""

from typing import Iterator, Optional

import pytest
from hosts import evidence, loose, niminfo, registry

from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import InetdConf, MachineId, NimInfo, NimObjects
from nimdoctor.model import (
    Diagnosis,
    Finding,
    Missing,
    NotApplicable,
    Note,
    OnClient,
    OnMaster,
    Passed,
    Role,
    RuledOut,
    Severity,
    Subject,
    Unknown,
    Verdict,
    check,
)

INFO = {"/etc/niminfo": niminfo()}
MASTER = evidence(commands={"uname -m": "00F6A1B14C00\n", "hostname": "nim1\n"}, host="nim1", role="master")


def named(id="sample", role=Role.CLIENT, severity=Severity.HIGH, **more):
    return check(id, title="A sample", role=role, severity=severity, source="a page", **more)


def ask(checked, target, master=None, diagnosis=None):
    host = Host(target, registry().catalog)
    other = Host(master, registry().catalog, ("master",)) if master else None
    return Engine(host, other).ask(checked, diagnosis)


def only(checked, target, master=None):
    (result,) = ask(checked, target, master)
    return result


def test_a_finding_takes_from_the_check_what_it_does_not_say_itself():
    @named(fix="mend", cause="a cause", cure="a cure")
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """What it breaks."""
        yield Finding("wrong", [info.quote("NIM_NAME")])

    found = only(sample, evidence(files=INFO))
    assert (found.outcome.value, found.severity.value, found.confidence.value) == ("fail", "high", "likely")
    assert (found.cause, found.impact, found.cure, found.fix) == ("a cause", "What it breaks.", "a cure", "mend")
    assert (found.where.value, found.host, found.references) == ("client", "lpar7", ("a page",))


def test_two_findings_are_two_entries():
    @named()
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield Finding("one", [info.whole()])
        yield Passed("not shown beside findings", [info.whole()])
        yield Finding("two", [info.whole()])

    assert [found.message for found in ask(sample, evidence(files=INFO))] == ["one", "two"]


def test_a_check_that_yields_nothing_passes_on_the_facts_it_was_given():
    @named()
    def sample(info: NimInfo, machine: Optional[MachineId]) -> Iterator[Verdict]:
        """Sample."""
        yield from ()

    found = only(sample, evidence(files=INFO))
    assert found.outcome.value == "pass"
    assert [quote.source for quote in found.evidence] == ["/etc/niminfo"]


def test_without_any_fact_nothing_passes():
    @named()
    def sample(machine: Optional[MachineId]) -> Iterator[Verdict]:
        """Sample."""
        yield Passed("all well")

    assert only(sample, evidence(files=INFO)).outcome.value == "unknown"


def test_a_required_fact_that_is_absent_is_unknown_and_named():
    @named()
    def sample(machine: MachineId) -> Iterator[Verdict]:
        """Sample."""
        yield Finding("never reached", [machine.at])

    found = only(sample, evidence(files=INFO))
    assert (found.outcome.value, found.missing, found.message) == (
        "unknown",
        ("uname -m",),
        "uname -m was not collected",
    )


def test_a_requirement_that_shows_on_the_way_is_unknown():
    @named()
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        raise Missing("/etc/netsvc.conf")
        yield

    found = only(sample, evidence(files=INFO))
    assert (found.outcome.value, found.missing) == ("unknown", ("/etc/netsvc.conf",))


@pytest.mark.parametrize(
    ("said", "outcome", "severity"),
    [
        (Unknown("cannot tell", ["x"]), "unknown", "high"),
        (Unknown("cannot tell", ["x"], severity=Severity.LOW), "unknown", "low"),
        (NotApplicable("by design"), "not-applicable", "high"),
    ],
)
def test_what_a_check_says_without_a_finding(said, outcome, severity):
    @named()
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield said

    found = only(sample, evidence(files=INFO))
    assert (found.outcome.value, found.severity.value, found.message) == (outcome, severity, said.message)
    assert (found.confidence, found.cause, found.impact, found.fix) == (None, None, None, None)


def test_a_note_is_a_pass_of_severity_info():
    @named()
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield Note("worth knowing", [info.whole()])

    found = only(sample, evidence(files=INFO))
    assert (found.outcome.value, found.severity.value) == ("pass", "info")


@pytest.mark.parametrize("error", [IndexError("list index out of range"), SystemExit(3), RecursionError()])
def test_a_check_that_breaks_is_an_error_that_names_the_line(error):
    @named()
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        raise error
        yield

    found = only(sample, evidence(files=INFO))
    assert found.outcome.value == "error"
    assert f"the check broke: {type(error).__name__} in diagnosis.test_engine, line " in found.message


def test_a_check_that_yields_something_else_breaks():
    @named()
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield "a string"

    assert "which is no verdict" in only(sample, evidence(files=INFO)).message


def test_the_other_end_is_not_applicable_when_not_named_and_unknown_when_named_without_evidence():
    @named()
    def sample(objects: OnMaster[NimObjects]) -> Iterator[Verdict]:
        """Sample."""
        yield Passed("seen", [objects.whole()])

    alone = only(sample, evidence(files=INFO))
    assert (alone.outcome.value, alone.message) == ("not-applicable", "about the master: give --master")
    both = only(sample, evidence(files=INFO), MASTER)
    assert (both.outcome.value, both.missing) == ("unknown", ("lsnim -l",))


def test_facts_of_either_end_come_in_by_type():
    @named(role=Role.MASTER)
    def sample(own: MachineId, client: OnClient[NimInfo], master: OnMaster[MachineId]) -> Iterator[Verdict]:
        """Sample."""
        yield Passed(f"{own.machine_id} {client.get('NIM_NAME')} {master.machine_id}", [own.at])

    found = only(sample, evidence(files=INFO), MASTER)
    assert (found.message, found.host, found.where.value) == ("00F6A1B14C00 lpar7 00F6A1B14C00", "nim1", "master")


def test_what_nimclient_shows_counts_as_evidence_of_the_master():
    @named(role=Role.MASTER)
    def sample(objects: NimObjects) -> Iterator[Verdict]:
        """Sample."""
        yield Passed("seen", [objects.ssl_quote()])

    shown = "master:\n   class       = machines\n   type        = master\n   ssl_support = yes\n"
    found = only(sample, evidence(files=INFO, commands={"nimclient -l -l master": shown}))
    assert (found.outcome.value, found.host, found.evidence[0].line) == ("pass", None, 4)


def test_an_alternate_master_is_asked_as_both_ends():
    @named(role=Role.MASTER)
    def master_check(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield Passed("seen", [info.whole()])

    @named(role=Role.CLIENT)
    def client_check(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield Passed("seen", [info.whole()])

    info = niminfo().replace("standalone", "alternate_master")
    host = evidence(files={"/etc/niminfo": info}, role=None)
    assert Host(host, registry().catalog).role == "client,master"
    assert [only(one, host).outcome.value for one in (master_check, client_check)] == ["pass", "pass"]


def test_loose_files_of_a_client_do_not_speak_for_its_master():
    @named(role=Role.MASTER)
    def sample(conf: InetdConf) -> Iterator[Verdict]:
        """Sample."""
        yield Finding("taken for the master's", [conf.whole()])

    conf = "#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"
    assert only(sample, loose({"inetd.conf": conf})).outcome.value == "fail"
    client = loose({"inetd.conf": conf, "niminfo": niminfo()})
    assert only(sample, client).outcome.value == "not-applicable"


def test_the_diagnosis_tells_what_other_checks_found_whichever_were_chosen():
    @named("finder", fix="mend")
    def finder(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield Finding("wrong", [info.whole()])

    @named("asker")
    def asker(info: NimInfo, diagnosis: Diagnosis, subject: Subject) -> Iterator[Verdict]:
        """Sample."""
        yield Passed(f"{subject.name} {diagnosis.failing('finder')} {diagnosis.fixes()}", [info.whole()])

    engine = Engine(Host(evidence(files=INFO), registry().catalog))
    (found,) = engine.scan([asker], lambda: (asker, finder))
    assert found.message == "lpar7 True ('mend',)"


def test_a_classic_cure_is_advice_only_where_the_protocol_may_have_changed():
    @named(classic=True, fix="mend", cure="the old way")
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """Sample."""
        yield Finding("wrong", [info.whole()], run="a command")

    old = only(sample, evidence(files=INFO, commands={"oslevel -s": "7100-04-08-1914\n"}))
    assert (old.fix, old.run) == ("mend", "a command")
    new = only(sample, evidence(files=INFO, commands={"oslevel -s": "7300-03-03-2620\n"}))
    assert (new.fix, new.run) == (None, None)
    assert new.cure.startswith("advice only") and "7251173" in new.cure and "the old way" not in new.cure
    unproved = only(sample, evidence(files=INFO, commands={"oslevel -s": "7300-03-02-2546\n"}))
    assert unproved.fix is None and unproved.cure.endswith("if both ends prove to be below G2: the old way")


HANG_AND_OBJECTS = {
    "nimsh.log": "".join(
        f"Fri Mar 14 12:05:04 2025 {line}\n"
        for line in ("Loading certificates..", "Negotiating SSL_CTX object using SSLv23_method", "create BIO")
    ),
    "lsnim.txt": "master:\n   class = machines\n   type = master\n   if1 = net_10_1 nim1 0\n   ssl_support = yes\n"
    "lpar7:\n   class = machines\n   type = standalone\n   connect = nimsh (secure)\n",
}


def test_a_clients_log_beside_its_masters_objects_is_not_placed_on_the_master():
    target = Host(loose(HANG_AND_OBJECTS), registry().catalog)
    assert (target.name, target.role) == ("nim1", "master")
    hang = next(one for one in registry().checks() if one.id == "create-bio-hang")
    (found,) = Engine(target).ask(hang, None)
    assert (found.outcome.value, found.where, found.host) == ("fail", Role.CLIENT, None)
    assert "nim1" not in f"{found.message} {found.impact} {found.run} {found.cure}"


def test_what_the_same_files_say_of_the_master_is_placed_there():
    target = Host(loose(HANG_AND_OBJECTS), registry().catalog)
    tree = next(one for one in registry().checks() if one.id == "ssl-not-configured")
    (found,) = Engine(target).ask(tree, None)
    assert (found.where, found.host) == (Role.MASTER, "nim1")


def test_what_a_finding_rules_out_is_its_own_or_its_checks_with_its_end_and_its_words():
    general, special = RuledOut(None, ("startsrc",)), RuledOut(Role.MASTER, ("nim",), why="it would hang")

    @named(impact="no push arrives", rules_out=[general])
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """x"""
        quotes = [info.quote("NIM_NAME")]
        yield Finding("wrong", quotes)
        yield Finding("worse", quotes, rules_out=[special])
        yield Finding("harmless", quotes, rules_out=())

    results = ask(sample, evidence(files=INFO))
    assert [found.rules_out for found in results] == [
        (RuledOut(Role.CLIENT, ("startsrc",), why="wrong: no push arrives"),),
        (special,),
        (),
    ]


def test_what_is_no_finding_rules_nothing_out():
    @named(rules_out=[RuledOut(None, ("startsrc",))])
    def sample(info: NimInfo) -> Iterator[Verdict]:
        """x"""
        yield Passed("fine", [info.quote("NIM_NAME")])

    assert only(sample, evidence(files=INFO)).rules_out == ()
