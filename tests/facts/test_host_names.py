"""Whether two names mean the same host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.host_names import is_loopback, known_as, same_host, same_name
from nimdoctor.facts.hosts import Hosts, is_address
from nimdoctor.model.text import Text

LABEL = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


def hosts(content):
    return Hosts.parse(Text.of(content, "/etc/hosts"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("nim1", "NIM1", True),
        ("nim1", "nim1.example.com", True),
        ("nim1.example.com.", "nim1.example.com", True),
        ("nim1.example", "nim1.example.com", False),
        ("nim1.a.example", "nim1.b.example", False),
        ("nim1", "nim10.example.com", False),
        ("10", "10.1.1.10", False),
        ("10.1.1.1", "10.1.1.10", False),
        ("", "", False),
        (".", "", False),
        ("", "nim1", False),
    ],
)
def test_a_short_name_equals_its_full_one_and_no_other(one, other, same):
    assert same_name(one, other) is same is same_name(other, one)


@given(LABEL, LABEL, LABEL)
def test_names_are_the_same_as_themselves_and_their_full_form_only(host, domain, other):
    full = f"{host}.{domain}.example"
    assert same_name(host, full.upper()) and same_name(full, full)
    assert same_name(other, full) == (other == host)
    assert not same_name(full, f"{host}.{domain}.test")


def test_names_of_one_row_are_one_host_and_the_loopback_row_joins_nobody():
    table = hosts("127.0.0.1 localhost nim1 lpar7\n10.1.1.10 nim1.example.com nimprod\n10.1.1.17 lpar7\n")
    assert known_as(["nim1"], table) == {"nim1", "nim1.example.com", "nimprod", "10.1.1.10"}
    assert not same_host(known_as(["nim1"], table), known_as(["lpar7"], table))


def test_one_table_leads_on_to_the_next():
    client, master = hosts("10.1.1.10 nimprod\n"), hosts("10.1.1.10 nim1\n")
    assert "nim1" in known_as(["nimprod"], client, master)
    assert "nim1" not in known_as(["nimprod"], client, None)


@pytest.mark.parametrize(
    ("address", "loopback"), [("127.0.0.1", True), ("::1", True), ("10.1.1.10", False), ("localhost", False)]
)
def test_loopback(address, loopback):
    assert is_loopback(address) is loopback


FORM = st.text(alphabet="aA1.:% ", max_size=7) | st.sampled_from(["10.1.1.10", "10", "::1", "fe80::1%en0", "a.a.", "."])


def by_definition(one, other):
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    short, full = sorted((one, other), key=len)
    addresses = is_address(one) or is_address(other)
    return bool(short) and (short == full or (not addresses and "." not in short and full.startswith(short + ".")))


@given(st.lists(FORM, max_size=5), st.lists(FORM, max_size=5))
def test_one_name_among_many_is_found_as_it_is_beside_each(ones, others):
    assert same_host(ones, others) == any(by_definition(one, other) for one in ones for other in others)


@given(st.lists(st.text(max_size=20), max_size=4), st.text(max_size=20))
def test_odd_words_never_break_it(names, word):
    assert same_host(known_as(names, hosts("10.1.1.10 nim1\n")), [word]) in (True, False)
