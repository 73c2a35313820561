"""`netstat -in`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import Interfaces
from nimdoctor.model.text import BadEvidence, Text

TABLE = """Name  Mtu   Network     Address                 Ipkts Ierrs        Opkts Oerrs  Coll
en0   1500  link#2      fa.16.3e.1b.22.1       150338     0       702011     0     0
en0   1500  10.1.1      10.1.1.17              150338     0       702011     0     0
en1*  9000  10.2.2      10.2.2.17                   0     0            0     0     0
en0   1500  fe80::f816:3eff:fe1b:2201          150338     0       702011     0     0
en0   1500  2001:db8::  2001:db8::17           150338     0       702011     0     0
lo0   16896 127         127.0.0.1                4188     0         4188     0     0
lo0   16896 ::1%1                                4188     0         4188     0     0
"""


def interfaces(text):
    return Interfaces.parse(Text.of(text, "netstat -in"))


def test_an_address_leads_to_its_interface_and_a_hardware_address_to_none():
    found = interfaces(TABLE)
    assert [found.of_address(address) for address in ("10.1.1.17", "10.2.2.17", "2001:db8::17", "127.0.0.1")] == [
        "en0", "en1", "en0", "lo0",
    ]  # fmt: skip
    assert found.of_address("fa.16.3e.1b.22.1") is None and found.of_address("10.1.1.1") is None
    assert found.rows[0].quote() == ("netstat -in", 3, TABLE.splitlines()[2])


@pytest.mark.parametrize(
    "text", ["", "\n\n", "ksh: netstat: not found.\n", TABLE.splitlines()[0] + "\n", TABLE.splitlines()[1]]
)
def test_what_shows_no_address_is_no_evidence(text):
    with pytest.raises(BadEvidence):
        interfaces(text)


@given(st.text(max_size=300))
def test_any_text_is_read_or_is_no_evidence(text):
    try:
        found = interfaces(text)
    except BadEvidence:
        return
    assert all(row.name.rstrip("0123456789").isalpha() for row in found.rows)
