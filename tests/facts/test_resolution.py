"""Names to addresses and back, from answers and from /etc/hosts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import Hosts, NameLookups, NetsvcConf, NimInfo
from nimdoctor.facts.resolution import Resolution
from nimdoctor.model.text import BadEvidence, Text

HOSTS = "127.0.0.1 localhost\n10.1.1.10 nim1.example.com nim1\n10.1.1.10 other\n"
FAILED = "host: 0827-803 Cannot find address for host nim1.\n"


def resolution(answers=None, hosts=HOSTS, order="local,bind"):
    parts = [NameLookups.parse(Text.of(text, command)) for command, text in (answers or {}).items()]
    return Resolution.derive(
        NameLookups.combine(parts) if parts else None,
        Hosts.parse(Text.of(hosts, "/etc/hosts")) if hosts else None,
        NetsvcConf.parse(Text.of(f"hosts={order}\n", "/etc/netsvc.conf")) if order else None,
    )


def test_an_answer_is_believed_before_the_table():
    found = resolution({"host nim1": "nim1 is 10.1.1.99\n", "host 10.1.1.99": "backup1 is 10.1.1.99\n"})
    assert found.forward("NIM1").address == "10.1.1.99"
    assert found.back("10.1.1.99").name == "backup1"


def test_the_table_counts_where_it_is_asked_first_and_its_first_row_leads_back():
    found = resolution()
    assert found.forward("nim1").at.line == 2
    assert (found.back("10.1.1.10").name, found.back("10.1.1.10").aliases) == ("nim1.example.com", ("nim1",))
    assert found.forward("lpar7") is None


@pytest.mark.parametrize("order", ["bind,local", "nis", "", None])
def test_the_table_is_not_asked_where_something_else_may_answer_first(order):
    found = resolution(order=order)
    assert found.forward("nim1") is None is found.back("10.1.1.10")


def test_a_name_that_stands_in_no_table_leads_nowhere_where_nothing_else_is_asked():
    found = resolution(order="local4,local6")
    assert found.forward("lpar7").address is None
    assert found.back("10.1.1.17").name is None


def test_a_failure_is_an_answer():
    assert resolution({"host nim1": FAILED}).forward("nim1").address is None
    assert (
        resolution({"host 10.1.1.9": "host: 0827-801 Host name 10.1.1.9 does not exist.\n"}).back("10.1.1.9").name
        is None
    )


def test_an_answer_to_a_command_that_nobody_noted_is_found_by_what_it_says():
    assert resolution({"answers.txt": "nim1 is 10.1.1.10\n"}, order=None).forward("nim1").address == "10.1.1.10"


def test_without_answers_and_table_there_is_nothing():
    with pytest.raises(BadEvidence):
        resolution(hosts=None)


@given(st.text(max_size=30), st.text("loca4bindnis,= []", max_size=30))
def test_odd_words_never_break_it(name, order):
    found = resolution(order=order)
    assert found.forward(name) is None or found.forward(name).at
    assert found.back(name) is None or found.back(name).at


def test_niminfo_tells_the_address_of_a_name():
    info = NimInfo.parse(
        Text.of('export NIM_HOSTS=" 10.1.1.17:lpar7 10.1.1.10:nim1:nim1.example.com"\n', "/etc/niminfo")
    )
    assert info.address_of("NIM1.example.com") == "10.1.1.10"
    assert info.address_of("10.1.1.10") is None is info.address_of(None)
