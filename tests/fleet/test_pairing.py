"""Which bundle is that of a client's master: by its id, else its name, else a certificate, and never by a guess."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.fleet.identity import Identity
from nimdoctor.fleet.pairing import OF_MANY, Paired, pair

ID, OTHER = "00C1D2E34C00", "00C1D2E94C00"
DAY = 86400


def a_master(path: str = "nim1.tgz", *names: str, machine_id: "str | None" = ID, **more: object) -> Identity:
    return Identity(path, roles=("master",), names=names or ("nim1",), machine_id=machine_id)._replace(**more)


def a_client(path: str = "lpar7.tgz", *masters: str, master_id: "str | None" = ID, **more: object) -> Identity:
    return Identity(
        path, roles=("client",), names=("lpar7",), master_id=master_id, masters=masters or ("nim1",)
    )._replace(**more)


def of(client: Identity, *others: Identity) -> Paired:
    return pair([client, *others])[client.path]


def test_the_id_that_a_client_keeps_is_believed_before_any_name():
    right, named_alike = a_master("right.tgz", "nim9"), a_master("alike.tgz", "nim1", machine_id=OTHER)
    assert of(a_client(), named_alike, right) == ("right.tgz", f"found by NIM_MASTERID {ID}")


def test_a_master_of_another_id_is_not_taken_whatever_else_agrees():
    master = a_master(machine_id=OTHER, certificates=("aa",))
    found = of(a_client(certificates=("aa",)), master)
    assert found.master is None
    assert (
        f"machine id {OTHER}" in found.why and f"keeps {ID}" in found.why and "scan the two with --master" in found.why
    )


def test_a_name_tells_where_one_end_does_not_tell_the_id():
    assert of(a_client(master_id=None), a_master()) == ("nim1.tgz", "found by name (nim1)")
    assert of(a_client(), a_master(machine_id=None)) == ("nim1.tgz", "found by name (nim1)")


def test_of_two_masters_of_one_name_the_one_that_shares_a_certificate_is_its_own():
    sites = [
        a_master(f"{site}.tgz", machine_id=machine_id, certificates=(certificate,))
        for site, machine_id, certificate in (("a", ID, "aa"), ("b", OTHER, "bb"))
    ]
    found = of(a_client(master_id=None, certificates=("bb", "old")), *sites)
    assert found == ("b.tgz", "found by name (nim1) and certificate")


@pytest.mark.parametrize("ids", [(ID, OTHER), (None, None), (ID, None)])
def test_two_masters_of_one_name_that_nothing_tells_apart_are_not_guessed(ids):
    sites = [a_master(f"{number}.tgz", machine_id=one) for number, one in enumerate(ids)]
    found = of(a_client(master_id=None), *sites)
    assert found == (None, "several masters may be its own (0.tgz, 1.tgz), and nothing tells which")


@pytest.mark.parametrize(
    ("known", "own", "same"),
    [
        ("nim1", "nim1.a.example", True),
        ("nim1.a.example", "nim1", True),
        ("nim1.a.example", "nim1.b.example", False),
        ("nim1", "nim10", False),
    ],
)
def test_a_short_name_is_a_full_one_and_two_full_ones_only_themselves(known, own, same):
    assert bool(of(a_client("c", known, master_id=None), a_master("m", own)).master) is same


def test_a_certificate_alone_tells_only_where_no_name_is_known():
    master = a_master(certificates=("aa",))
    nameless = a_client(master_id=None, certificates=("aa",))._replace(masters=())
    assert of(nameless, master) == ("nim1.tgz", "found by certificate")
    assert of(a_client("c", "nim2", master_id=None, certificates=("aa",)), master) == (
        None,
        "a certificate of its is held by a master of another name than nim2 (nim1.tgz)",
    )


def test_a_certificate_that_an_image_gave_to_many_masters_tells_nothing():
    masters = [
        a_master(f"{one}", f"nim{one}", machine_id=f"{one:012X}", certificates=("aa",)) for one in range(OF_MANY + 1)
    ]
    nameless = a_client(master_id=None, certificates=("aa",))._replace(masters=())
    assert of(nameless, *masters).master is None
    assert of(a_client("c", "nim3", master_id=None, certificates=("aa",)), *masters) == ("3", "found by name (nim3)")


def test_what_names_no_master_says_so():
    assert of(Identity("nimsh.log")) == (None, "nothing in it names its master")
    assert of(a_client()) == (None, "no evidence of its master (nim1) is among the bundles")


# -- hosts that are more than one thing


def test_a_master_has_no_master():
    both = [a_master("a", "nim1"), a_master("b", "nim2", machine_id=OTHER, masters=("nim1",))]
    assert {one.why for one in pair(both).values()} == {"it is a master"}


def test_an_alternate_master_is_a_client_of_the_one_and_a_master_of_others():
    alternate = Identity("nim2", "nim2", ("client", "master"), ("nim2",), OTHER, ID, ("nim1",))
    found = pair([a_master("nim1"), alternate, a_client("c", "nim2", master_id=OTHER)])
    assert (found["nim2"].master, found["c"].master) == ("nim1", "nim2")


def test_a_host_that_took_over_is_its_own_master():
    took_over = Identity("nim2", "nim2", ("client", "master"), ("nim2",), OTHER, OTHER, ("nim2",))
    assert pair([took_over, a_master("nim1")])["nim2"] == (None, "it is its own master")


def test_a_bundle_of_both_ends_needs_no_other():
    found = of(a_client(paired=True), a_master())
    assert found == (None, "its master's evidence is in the same bundle")


def test_pseudonyms_pair_with_pseudonyms_of_one_key():
    plain, redacted = a_master("plain"), a_master("redacted", "host-k3vx7q2m", machine_id=OTHER, redacted=True)
    client = a_client("c", "host-k3vx7q2m", master_id=OTHER, redacted=True)
    assert of(client, plain, redacted).master == "redacted"
    assert of(a_client(master_id=OTHER), redacted).master is None
    # by another key a name is another one, and an id may be the same by chance
    alone = of(client._replace(masters=("host-bbbbbbbb",)), redacted)
    assert alone.master is None and alone.why.endswith("redacted with the same key")


# -- several bundles of one host


def test_of_several_bundles_of_a_master_the_one_nearest_in_time_counts():
    masters = [a_master(f"m{day}", collected=day * DAY) for day in (1, 5, 9)]
    clients = [a_client(f"c{day}", collected=day * DAY) for day in (0, 3, 4, 20)]
    found = pair([*masters, *clients])
    assert [found[f"c{day}"].master for day in (0, 3, 4, 20)] == ["m1", "m1", "m5", "m9"]
    assert found["c20"].why.endswith(", the nearest in time of several, collected 11 d 0 h before it")
    assert found["c4"].why.endswith("collected 24 h 0 min after it")


def test_without_a_time_the_newest_bundle_of_the_master_counts():
    masters = [a_master("undated"), a_master("new", collected=9), a_master("old", collected=5)]
    assert of(a_client(), *masters).master == "new"
    assert of(a_client(collected=1), *masters).master == "old"
    assert of(a_client(collected=1), masters[0]).master == "undated"


def test_of_bundles_of_one_time_the_one_beside_the_client_counts():
    masters = [a_master(f"/cases/{case}/nim1.tgz", collected=5) for case in (1, 2, 3)]
    assert of(a_client("/cases/2/lpar7.tgz", collected=5), *masters).master == "/cases/2/nim1.tgz"
    assert of(a_client("/else/lpar7.tgz", collected=5), *masters).master == "/cases/1/nim1.tgz"
    assert of(a_client("/cases/3/lpar7.tgz"), *masters).master == "/cases/3/nim1.tgz"
    newer = a_master("/cases/9/nim1.tgz", collected=6)
    assert of(a_client("/cases/2/lpar7.tgz", collected=7), *masters, newer).master == "/cases/9/nim1.tgz"


# -- what holds for all


NAMES = st.sampled_from(["nim1", "nim1.a.example", "nim1.b.example", "nim2", "adm"])
IDS = st.sampled_from([None, ID, OTHER, "00AA00004C00"])
HOSTS = st.builds(
    Identity,
    path=st.text("abcdefgh", min_size=1, max_size=6),
    roles=st.sampled_from([(), ("client",), ("client",), ("master",), ("client", "master")]),
    names=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    machine_id=IDS,
    master_id=IDS,
    masters=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    certificates=st.lists(st.sampled_from("abcd"), max_size=2, unique=True).map(tuple),
    collected=st.one_of(st.none(), st.integers(0, 9)),
    redacted=st.booleans(),
    paired=st.booleans(),
)
MANY = st.lists(HOSTS, max_size=12, unique_by=lambda one: one.path)


@given(MANY, st.randoms(use_true_random=False))
def test_the_order_of_the_bundles_changes_nothing(hosts, chance):
    mixed = list(hosts)
    chance.shuffle(mixed)
    assert pair(mixed) == pair(hosts)


@given(MANY)
def test_nobody_is_paired_with_a_master_that_cannot_be_its_own(hosts):
    known = {one.path: one for one in hosts}
    found = pair(hosts)
    assert set(found) == set(known) and all(one.why for one in found.values())
    for path, paired in found.items():
        if paired.master is None:
            continue
        client, master = known[path], known[paired.master]
        assert master is not client and "master" in master.roles and not master.paired
        assert client.roles != ("master",) and not client.paired
        assert not (client.master_id and master.machine_id) or client.master_id == master.machine_id
        assert client.redacted is master.redacted


@given(MANY, HOSTS)
def test_a_bundle_that_has_nothing_to_do_with_a_client_does_not_change_its_master(hosts, other):
    stranger = other._replace(
        path="stranger", names=("elsewhere",), machine_id="00FFFFFF4C00", certificates=(), roles=("master",)
    )
    with_it = pair([*hosts, stranger])
    assert {path: with_it[path] for path in pair(hosts)} == pair(hosts)


def test_a_hundred_thousand_bundles_are_paired_in_a_time_that_grows_as_they_do():
    def hosts(count: int) -> "list[Identity]":
        # the worst of names: every master has the same one, and half of the clients keep no id
        return [
            a_master(f"m{one}", machine_id=f"{one:012X}", certificates=(f"k{one}",))
            if one % 100 == 0
            else a_client(
                f"c{one}",
                master_id=f"{one // 100 * 100:012X}" if one % 2 else None,
                certificates=(f"k{one // 100 * 100}",),
            )
            for one in range(count)
        ]

    few, many = hosts(2_000), hosts(32_000)
    random.Random(1).shuffle(many)
    assert seconds(many) < 16 * seconds(few) * 6


def seconds(hosts: "list[Identity]") -> float:
    def once() -> float:
        before = time.process_time()
        pair(hosts)
        return time.process_time() - before

    return min(once() for _ in range(3))
