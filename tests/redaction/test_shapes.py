"""Looking at lines by their shape finds what looking at each line by itself does."""

import os
import re
from collections import Counter
from ipaddress import IPv4Address
from typing import Dict, List, Set, Tuple
from unittest import mock

import pytest
from hosts import MemoryTree, collected, niminfo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nimdoctor.redaction import Redactor, rewriting
from nimdoctor.redaction.address_set import AddressSet
from nimdoctor.redaction.addresses import Addresses, numbers_4, printed_all_4
from nimdoctor.redaction.expressions import Expressions, shows_in_whole
from nimdoctor.redaction.finders import OPEN, TEXT, ShapeFinder, in_text
from nimdoctor.redaction.levels import is_level
from nimdoctor.redaction.replacements import Replacements
from nimdoctor.redaction.rewriting import Rewriter
from nimdoctor.redaction.shapes import Plan, Shapes, shape_of
from nimdoctor.redaction.site_names import SiteNames

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "fixtures")
KEY = b"nimdoctor" * 4
STAMP = rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} "

SINGLE = """
lpar7 LPAR7 nim1 lpar07 lpar7.acme.bank dns2.acme.bank acme 10.1.1.17 10.1.1.18 192.168.4.5 7.2.5.203 10.1.1 bos.rte level
openssl.base openssl 1.0.2.180 aix java db2.x fe80::17 2001:db8::7 fa:16:3e:1b:22:01 fa.16.3e.1b.22.1 00F6A1B24C00 c1 4711
783D5F7 1234567 jdoe /home/jdoe password=x1 passed, pass -p mysql curl jane@acme.bank ip-10-1-1-17 17.1.1.10.in-addr.arpa
ftp://joe:Sec@lpar7/x {ssha256}06$ab$cdef $6$salt$abcdefgh12 v1.2.3.4 1.2.3.4.5.6 10.01.1.1 300.1.1.1 0.0.0.0 12 12:30:45
a1:b2:c3:d4:e5:f6:a7:b8 (lpar7) lpar7, 10.1.1.17, 10.1.1.17:3901 10.1.1.17.3901 lpar7:bos.rte lpär7 %20lpar7 cpuid serial
number value '00F6A1B24C00' = : host is d41d8cd98f00b204e9800998ecf8427e user owner=jdoe host-bcdfghjk name-23456789
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ1x2y3z4a5b6c
"""
SAID = ["source hostname is :", "source addr is :", "host name", "address for host", "O = Acme Bank", "", ""]
ODD = ["x\tlpar7", "\\nlpar7", "\x1b[31mlpar7"]
WORDS = [*SINGLE.split(), *SAID, *ODD]
pieces = st.one_of(st.sampled_from(WORDS), st.text(alphabet="abz0189.-_:/@%$", max_size=12))
stamps = st.sampled_from(["", "", "Fri Mar 14 10:05:03 2025 ", "Sat Mar  1 23:00:59 2026 "])
lines = st.builds(lambda stamp, words: stamp + " ".join(words), stamps, st.lists(pieces, max_size=8))
texts = st.lists(lines, max_size=12).map("\n".join)
often = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def site() -> SiteNames:
    known = SiteNames(KEY)
    for name in ("lpar7", "nim1", "lpar7.acme.bank", "c1"):
        known.add(name, "host")
    known.add_user("jdoe")
    known.add_hardware("00F6A1B24C00")
    known.add_serial("783D5F7")
    known.add_serial("1234567")
    for address in ("10.1.1.17", "10.1.1.10", "fe80::17"):
        known.add_address(address)
    known.settle()
    return known


def plainly(plain: Replacements, expressions: Expressions, raw: bytes) -> Tuple[bytes, Dict[str, int]]:
    """Each line by itself, each word of it by the one expression for all."""
    found: List[bytes] = []
    plain._counting = {}

    def replaced(text: bytes, before: bytes = b"") -> bytes:
        plain._before = before
        text = expressions.line.sub(plain._replaced, text)
        plain._before = b""
        return text

    for line in raw.split(b"\n"):
        stamp = rewriting._STAMP.match(line)
        start = stamp.end() if stamp else 0
        message = line[start:]
        if shows_in_whole(message):
            found.append(line[:start] + replaced(message))
            continue
        words = message.split(b" ")
        for at, word in enumerate(words):
            # what stands before matters to numbers that may be a level
            words[at] = replaced(word, b" ".join([*words[:at], b""]) if re.search(rb"\d\.\d", word) else b"")
        found.append(line[:start] + b" ".join(words))
    return b"\n".join(found), plain._counting


def compare(raw: bytes, software: bool, large: bool) -> None:
    known = site()
    for gate in (False, True):
        expressions = Expressions(known, gate=gate)
        rewriter = Rewriter(known, expressions, software=software, gate=gate)
        counts: Counter[str] = Counter()
        # what goes on beyond its line has tests of its own
        with mock.patch.object(rewriting, "_LARGE", -1 if large else 1 << 40), mock.patch.object(rewriter, "_beyond"):
            # a second time from what was remembered of the first
            rewriter.rewrite(raw, Counter())
            found = rewriter.rewrite(raw, counts)
        plain = Replacements(known, expressions, software=software, gate=gate, strict=True)
        expected, counted = plainly(plain, expressions, raw)
        assert dict(counts) == counted
        assert found == (raw if gate else expected)
        raw = expected


@often
@given(texts, st.booleans(), st.booleans())
def test_a_text_is_rewritten_as_each_of_its_words_is(text: str, software: bool, large: bool) -> None:
    compare(text.encode(), software, large)


@often
@given(st.binary(max_size=200), st.booleans())
def test_bytes_of_any_kind_are_rewritten_as_each_word_is(raw: bytes, large: bool) -> None:
    compare(raw + b"\nlpar7 \xe4 10.1.1.17 " + raw, False, large)


def recorded() -> List[str]:
    return sorted(
        os.path.join(place, name)
        for place, _, names in os.walk(FIXTURES)
        for name in names
        if os.path.getsize(os.path.join(place, name)) < 64 * 1024
    )


@pytest.mark.parametrize("software", [False, True])
def test_recorded_evidence_is_rewritten_as_each_of_its_words_is(software: bool) -> None:
    raws: Set[bytes] = set()
    for path in recorded():
        with open(path, "rb") as stream:
            raws.update(stream.read().split(b"\n"))
    compare(b"\n".join(sorted(raws)), software, True)


def by_shape(raw: bytes) -> Set[Tuple[int, str]]:
    found: Set[Tuple[int, str]] = set()
    shapes = Shapes(re.compile(STAMP), ShapeFinder().look)
    for line, plan in zip(raw.split(b"\n"), shapes.plans(raw)):
        for start, end, what, base in plan:
            if what in (TEXT, OPEN):
                found |= in_text(line[base:].decode())
            else:
                found.add((what, line[start:end].decode().lower()))
    return found


@often
@given(texts)
def test_names_are_learnt_from_shapes_as_from_each_line(text: str) -> None:
    expected: Set[Tuple[int, str]] = set()
    for line in text.encode().split(b"\n"):
        expected |= in_text(re.sub(rb"\A" + STAMP, b"", line).decode())
    assert {(what, name.lower()) for what, name in by_shape(text.encode())} == {
        (what, name.lower()) for what, name in expected
    }


@often
@given(texts)
def test_a_shape_is_as_long_as_its_line_and_has_the_plan_of_all_that_are_alike(text: str) -> None:
    raw = text.encode()
    assert len(shape_of(raw)) == len(raw)

    def look(new: "List[Tuple[bytes, Plan]]") -> None:
        for shape, plan in new:
            plan.append((0, len(shape), 0, 0))

    plans = Shapes(re.compile(STAMP), look).plans(raw + b"\n" + shape_of(raw))
    half = len(plans) // 2
    assert plans[:half] == plans[half:]
    assert [plan[0][1] for plan in plans[:half]] == [len(line) for line in raw.split(b"\n")]


def redacted(text: str, **more: object) -> str:
    parts = {"files": {"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 "'), "/etc/netsvc.conf": text}, **more}
    tree = MemoryTree(collected(**parts))  # type: ignore[arg-type]
    redactor = Redactor(KEY)
    redactor.learn(tree)
    found = redactor.redacted(tree)
    redactor.check(found)
    return found.open("files/etc/netsvc.conf").read().decode()


def test_a_serial_number_of_digits_alone_does_not_leave() -> None:
    stanza = "lpar7:\n   class = machines\n   type = standalone\n   serial = 1234567\n"
    left = redacted("machine 1234567 of 2025\n" + "x 1234567\n" * 10_000, commands={"lsnim -l": stanza})
    assert "1234567" not in left and left.startswith("machine ") and " of 2025\n" in left


@pytest.mark.parametrize("words", ["source hostname is :", "host name", "hostname =", "lpär user:"])
def test_a_name_that_stands_on_the_next_line_is_learnt(words: str) -> None:
    assert "vault9" not in redacted(f"{words}\n\n  vault9\nfilled\nagain vault9 here\n")


def test_no_pseudonym_makes_the_address_behind_it_a_level() -> None:
    known = SiteNames(KEY)
    for at in range(30_000):
        line = f"{known.word(f'alien{at}', 'host')}.name-bcdfghjk 10.1.1.7".encode()
        assert not is_level(line, len(line) - 8, False, False)


# -- addresses


@often
@given(st.lists(st.integers(0, 2**32 - 1), max_size=40), st.integers(0, 2**32 - 1))
def test_a_set_of_addresses_is_a_set(addresses: "list[int]", other: int) -> None:
    many = [10 << 24 | at * 7 for at in range(200)]
    found = AddressSet()
    found.update(many)
    for address in addresses:
        found.add(address)
    expected = {*addresses, *many}
    for _ in range(2):
        assert (other in found) == (other in expected) and all(address in found for address in expected)
        assert set(found) == expected
        assert all(found.has_network(address >> 8) for address in expected)
        assert found.has_network(other >> 8) == (other >> 8 in {address >> 8 for address in expected})
    assert found.more_than(len(expected) - 1) and not found.more_than(len(expected))


def test_pseudonyms_of_addresses_are_those_of_former_versions() -> None:
    addresses = Addresses(bytes(range(32)), 1)
    for address, pseudonym in (
        ("10.1.1.7", "10.222.124.7"),
        ("10.1.1.8", "10.222.124.14"),
        ("10.1.2.255", "10.222.126.255"),
        ("172.16.0.0", "172.29.220.0"),
        ("172.20.3.4", "172.27.18.5"),
        ("192.168.4.5", "192.168.225.6"),
        ("169.254.7.7", "169.254.234.6"),
        ("100.64.9.1", "100.117.161.1"),
        ("100.1.2.3", "100.32.111.3"),
        ("8.8.8.8", "9.164.146.12"),
        ("127.0.0.1", "127.0.0.1"),
        ("224.0.0.5", "224.0.0.5"),
    ):
        assert str(IPv4Address(addresses.ipv4(int(IPv4Address(address))))) == pseudonym


@often
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20))
def test_many_addresses_are_read_and_written_at_once(addresses: "list[int]") -> None:
    printed = [str(IPv4Address(address)).encode() for address in addresses]
    assert list(numbers_4(printed) or ()) == addresses and printed_all_4(addresses) == printed
    for odd in (b"10.1", b"010.1.1.1", b"300.1.1.1", b"0x0a.1.1.1", b"1.2.3.4.5"):
        assert numbers_4([*printed, odd]) is None
