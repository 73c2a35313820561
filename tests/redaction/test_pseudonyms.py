"""Pseudonyms keep equality and shape, whatever the names: properties over many."""

import ipaddress
import json
import re
from typing import Dict

from effort import examples
from hosts import MemoryTree, collected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nimdoctor.redaction import Redactor
from nimdoctor.redaction.addresses import Addresses, is_special_4
from nimdoctor.redaction.alternation import alternation
from nimdoctor.redaction.pseudonyms import Pseudonyms
from nimdoctor.redaction.site_names import SiteNames
from nimdoctor.redaction.words import vocabulary

keys = st.binary(min_size=32, max_size=32)
ipv4 = st.integers(0, 2**32 - 1)
labels = st.from_regex(r"[a-z]{2,6}[0-9]{1,3}", fullmatch=True).filter(lambda word: word not in vocabulary())
slow = settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow], deadline=None)
COMMON = "/etc/netsvc.conf"


def common_bits(one: int, other: int, length: int) -> int:
    return length - (one ^ other).bit_length()


@given(keys, ipv4, st.integers(1, 31))
def test_an_address_has_the_same_pseudonym_whatever_was_asked_before(key: bytes, one: int, shift: int) -> None:
    near = [one >> shift, (one << shift) & 0xFFFFFFFF, one ^ 1 << shift]
    asked = Addresses(key)
    assert [asked.ipv4(other) for other in (one, *near)] == [Addresses(key).ipv4(other) for other in (one, *near)]


@given(keys, ipv4, ipv4)
def test_addresses_share_as_much_as_before_and_none_is_its_own_pseudonym(key: bytes, one: int, other: int) -> None:
    addresses = Addresses(key)
    a, b = addresses.ipv4(one), addresses.ipv4(other)
    if is_special_4(one):
        assert a == one
    else:
        assert a != one and not is_special_4(a)
        assert ipaddress.IPv4Address(a).is_private == ipaddress.IPv4Address(one).is_private or one >> 24 in (
            192,
            198,
            203,
        )
    if not is_special_4(one) and not is_special_4(other):
        assert common_bits(a, b, 32) == common_bits(one, other, 32)
    assert (a == b) == (one == other)
    assert (a & 255 in (0, 255)) == (one & 255 in (0, 255))


@given(keys, st.integers(0, 2**16 - 1), st.integers(1, 254))
def test_private_networks_stay_private(key: bytes, net: int, host: int) -> None:
    for start in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"):
        network = ipaddress.ip_network(start)
        address = int(network.network_address) + ((net << 8 | host) % network.num_addresses)
        assert ipaddress.IPv4Address(Addresses(key).ipv4(address)) in network


@given(keys, st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1))
def test_ipv6_addresses_of_one_network_stay_in_one(key: bytes, one: int, host: int) -> None:
    other = one >> 64 << 64 | host
    addresses = Addresses(key)
    a, b = addresses.ipv6(one), addresses.ipv6(other)
    assert common_bits(a, b, 128) == common_bits(one, other, 128)
    assert a >> 120 == one >> 120


@given(keys, st.lists(st.from_regex(r"00[0-9A-F]{6}4C00|[0-9A-F]{12}", fullmatch=True), unique=True, max_size=30))
def test_cpu_ids_stay_twelve_digits_and_apart(key: bytes, ids: "list[str]") -> None:
    known = SiteNames(key)
    for digits in ids:
        known.add_hardware(digits)
    found = [known.cpu_id(digits) for digits in ids]
    assert len(set(found)) == len(ids)
    for digits, pseudonym in zip(ids, found):
        assert re.fullmatch(r"[0-9A-F]{12}", pseudonym) or digits == digits.lower()
        assert pseudonym.lower() not in known.hardware
        if re.fullmatch(r"00.{6}4C00", digits):
            assert re.fullmatch(r"(?i)00.{6}4C00", pseudonym)


@given(keys, st.lists(labels, unique=True, min_size=1, max_size=40))
def test_names_stay_apart_are_labels_and_none_is_or_holds_a_real_one(key: bytes, names: "list[str]") -> None:
    known = SiteNames(key)
    for name in names:
        known.add(name, "host")
    found = [known.word(name) for name in names]
    assert len(set(found)) == len(names)
    for pseudonym in found:
        assert re.fullmatch(r"host-[a-z0-9]{8}", pseudonym)
        assert not [name for name in names if name in pseudonym.split("-")[1] or name == pseudonym]


def test_two_hosts_with_one_key_agree_and_another_key_does_not() -> None:
    one, other = Pseudonyms(b"k" * 32, lambda _: False), Pseudonyms(b"k" * 32, lambda _: False)
    assert one.word("nim1", "host") == other.word("NIM1", "host").lower()
    assert one.cpu_id("00F6A1B24C00") == other.cpu_id("00f6a1b24c00").upper()
    assert one.word("nim1", "host") != Pseudonyms(b"l" * 32, lambda _: False).word("nim1", "host")


@given(st.lists(st.from_regex(r"[a-c1]{1,4}", fullmatch=True), max_size=12), st.text(alphabet="abc1 ", max_size=30))
def test_the_shared_expression_finds_what_a_plain_one_does(words: "list[str]", text: str) -> None:
    plain = "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"
    edges = r"(?<![a-c1])(?:{})(?![a-c1])"
    assert re.findall(edges.format(alternation(words)), text) == re.findall(edges.format(plain), text)


# -- whole texts


def redacted(key: bytes, names: "list[str]", text: str) -> "tuple[str, Dict[str, str]]":
    stanzas = "".join(
        f"{name}:\n   class = machines\n   type = standalone\n   if1 = net_1 {name} 0\n" for name in names
    )
    tree = MemoryTree(collected(files={COMMON: text}, commands={"lsnim -l": stanzas}, role="master", host=None))
    redactor = Redactor(key)
    redactor.learn(tree)
    found = redactor.redacted(tree)
    redactor.check(found)
    everything = {name: found.open(name).read().decode() for name in found.names()}
    for name in names:
        word = re.compile(rf"(?i)(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])")
        assert not [where for where, said in everything.items() if word.search(said) or word.search(where)]
    return everything["files" + COMMON], redactor.map()


@slow
@given(
    keys,
    st.lists(labels, unique=True, min_size=1, max_size=8),
    st.lists(
        st.tuples(
            st.integers(0, 7),
            st.sampled_from([" ", "/", "_", ":", " ", "\n", "-", "@", ",", "=", '"', "\t"]),
        ),
        max_size=20,
    ),
    st.booleans(),
)
def test_no_name_is_left_and_equal_words_are_equal_pseudonyms(
    key: bytes, names: "list[str]", pieces: "list[tuple[int, str]]", capitals: bool
) -> None:
    words = [names[at % len(names)] for at, _ in pieces]
    text = "".join((word.upper() if capitals else word) + mark for word, (_, mark) in zip(words, pieces))
    found, given_names = redacted(key, names, text + "\n")
    order = re.findall(r"(?:host|name|user)-[a-z0-9]{8}", found.lower())
    wanted = [given_names[word] for word in words]
    assert [word for word in order if word in wanted] == wanted


@slow
@given(keys, labels, st.sampled_from(["example.com", "Sub.Acme.Bank", "corp.local"]))
def test_a_name_with_its_domain_begins_as_the_short_one_and_has_as_many_labels(
    key: bytes, name: str, domain: str
) -> None:
    found, _ = redacted(key, [name], f"{name} {name}.{domain} x.{domain} {domain}\n")
    short, full, other, alone = found.lower().split()
    assert full.split(".")[0] == short and full.count(".") == domain.count(".") + 1
    assert full.split(".", 1)[1] == other.split(".", 1)[1] == alone
    assert not set(domain.lower().split(".")) & set(re.split("[^a-z0-9]+", found.lower()))


@slow
@given(keys, st.lists(ipv4, min_size=1, max_size=8), st.sampled_from(["", ".3901", "/24", ":", ",", ")"]))
def test_no_address_is_left(key: bytes, addresses: "list[int]", behind: str) -> None:
    printed = [str(ipaddress.IPv4Address(address)) for address in addresses]
    text = "".join(f"source addr is : {address}{behind}\n" for address in printed)
    found, _ = redacted(key, ["lpar7"], text)
    lines = found.splitlines()
    for address, one, line in zip(addresses, printed, lines):
        if is_special_4(address):
            assert line == f"source addr is : {one}{behind}"
        else:
            assert re.search(r"\d+(?:\.\d+){3}", line) and not re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)", line)
    assert len(set(lines)) == len(set(printed))


@slow
@given(keys, st.text(max_size=200), st.binary(max_size=200))
def test_any_text_will_do_and_passes_the_gate(key: bytes, text: str, raw: bytes) -> None:
    tree = MemoryTree(
        collected(
            files={COMMON: text.encode("utf-8", "replace"), "/etc/hosts": raw, "/etc/niminfo": raw},
            commands={"ps -ef": raw, "netstat -an": raw, "lsnim -l": raw, "lslpp -l": raw},
            stderr={"lsnim -l": text.encode("utf-8", "replace").decode()},
            host=None,
        )
    )
    redactor = Redactor(key)
    redactor.learn(tree)
    found = redactor.redacted(tree)
    redactor.check(found)
    for name in found.names():
        read = found.open(name).read()
        assert found.size(name) == len(read)
    json.loads(found.open("manifest.json").read())


def test_a_host_called_as_machine_ids_end_takes_no_pseudonym_from_them() -> None:
    redactor = Redactor(bytes(range(32)))
    redactor.learn(MemoryTree(collected(files={"/.rhosts": "c00 root\n"}, commands={"uname -m": "00F6A1B24C00\n"})))
    redactor.redacted(MemoryTree({}))
    assert redactor.text("c00 00F6A1B24C00", "uname -m").endswith("4C00")
