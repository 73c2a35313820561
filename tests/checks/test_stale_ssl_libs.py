"""stale-ssl-libs: copies of libssl and libcrypto in /usr/lib against their members and the installation."""

import pytest
from hosts import (
    AR_CRYPTO,
    AR_SSL,
    HISTORY,
    LOCAL,
    UTC,
    evidence,
    filesets,
    installed,
    loose,
    members,
    quoted,
    result_of,
)

CHECK = "stale-ssl-libs"
SSL, CRYPTO = "/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8"
INSTALLED = 1730816411
"""2024-11-05T14:20:11Z."""
NEWER, OLDER = INSTALLED + 15 * 86400, INSTALLED - 86400
LEVEL = filesets("openssl.base 1.0.2.1800")
MEMBERS = {AR_SSL: members("libssl.a", 512318, 585206), AR_CRYPTO: members("libcrypto.a", 2405971, 2702844)}
WHEN = {
    HISTORY: installed("openssl.base 1.0.2.1800 11/05/24 16;20;11"),
    UTC: "2025-03-15T09:53:20Z\n",
    LOCAL: "2025-03-15T11:53:20\n",
}


def copy(size=512318, mtime=NEWER, kind="file"):
    return {"kind": kind, "mode": "0755", "size": size, "mtime": mtime}


def client(paths=None, **commands):
    given = {SSL: copy()} if paths is None else paths
    return evidence(commands=commands.get("commands", {}), paths=given)


def judge(paths=None, commands=None):
    return result_of(CHECK, client(paths, commands={"lslpp -lc": LEVEL} if commands is None else commands))


def verdict(found):
    return (found.outcome.value, found.confidence.value if found.confidence else None)


def test_fails_when_the_size_is_not_the_members():
    found = judge({SSL: copy(494526)}, MEMBERS)
    assert verdict(found) == ("fail", "certain")
    assert (found.severity.value, found.fix, found.objects) == ("high", "refresh-ssl-libs", (SSL,))
    assert quoted(found)[0][0] == SSL and "size 494526" in quoted(found)[0][2]
    assert (AR_SSL, 2, "rwxr-xr-x     0/0     512318 Mar 14 04:41 2019 libssl.so.0.9.8") in quoted(found)


def test_fails_when_the_member_is_gone_from_the_archive():
    gone = {AR_SSL: members("libssl.a", 741023, version="1.1"), AR_CRYPTO: MEMBERS[AR_CRYPTO]}
    found = judge({SSL: copy()}, gone)
    assert verdict(found) == ("fail", "certain")
    assert "libssl.a has no member libssl.so.0.9.8 any more" in found.message


def test_fails_when_older_than_the_installation_though_of_the_members_size():
    found = judge({SSL: copy(mtime=OLDER)}, {**MEMBERS, **WHEN})
    assert verdict(found) == ("fail", "certain")
    assert any(source == HISTORY and line == 2 for source, line, _ in quoted(found))


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("1.0.1.500", ("fail", "possible")),
        ("1.0.2.1800", ("fail", "possible")),
        ("20.13.101.500", ("fail", "possible")),
        ("0.9.8.2400", ("unknown", None)),
        ("1.0.1.499", ("unknown", None)),
    ],
)
def test_with_nothing_to_compare_with_the_level_alone_decides(level, expected):
    assert verdict(judge({SSL: copy()}, {"lslpp -lc": filesets(f"openssl.base {level}")})) == expected


def test_fails_for_both_copies_as_one_finding():
    found = judge({SSL: copy(1), CRYPTO: copy(2)}, MEMBERS)
    assert set(found.objects) == {CRYPTO, SSL}
    assert found.message.startswith("2 copies")


def test_fails_for_the_stale_copy_alone_when_the_other_is_fresh():
    assert judge({SSL: copy(), CRYPTO: copy(2)}, MEMBERS).objects == (CRYPTO,)


@pytest.mark.parametrize("size", [512318, 585206], ids=["32 bit", "64 bit"])
def test_passes_when_equal_to_either_of_two_members_of_its_name(size):
    found = judge({SSL: copy(size)}, MEMBERS)
    assert found.outcome.value == "pass"
    assert quoted(found)[0][0] == SSL


def test_passes_when_of_its_members_size_and_newer_than_the_installation():
    assert judge({SSL: copy(), CRYPTO: copy(2405971)}, {**MEMBERS, **WHEN}).outcome.value == "pass"


def test_passes_when_newer_than_the_installation_and_no_archive_was_listed():
    assert judge({SSL: copy()}, WHEN).outcome.value == "pass"


def test_near_miss_a_copy_extracted_with_an_old_date_counts_by_its_time_of_change_alone():
    # `ar -tv` dates the member 2019, the copy is of 2024: dates are not compared
    assert judge({SSL: copy()}, {**MEMBERS, **WHEN}).outcome.value == "pass"


def test_passes_when_it_is_known_that_no_copy_is_there():
    found = judge({SSL: None, CRYPTO: None}, MEMBERS)
    assert found.outcome.value == "pass"
    assert "no extracted copy" in found.message


@pytest.mark.parametrize("kind", ["link", "dir"])
def test_near_miss_what_is_no_file_is_no_copy(kind):
    assert judge({SSL: copy(1, kind=kind)}, MEMBERS).outcome.value == "pass"


def test_near_miss_a_listing_that_is_not_whole_does_not_prove_that_a_member_is_gone():
    one_mode = {"ar -tv /usr/lib/libssl.a": members("libssl.a", version="1.0.0")}
    found = judge({SSL: copy()}, {**one_mode, "lslpp -lc": filesets("openssl.base 1.0.1.400")})
    assert found.outcome.value == "unknown"


def test_unknown_when_nothing_tells():
    found = judge({SSL: copy()}, {})
    assert found.outcome.value == "unknown"
    assert AR_SSL in found.missing


def test_unknown_when_usr_lib_was_not_collected():
    found = judge({}, MEMBERS)
    assert (found.outcome.value, found.missing) == ("unknown", ("/usr/lib/libssl.so*",))


def test_passes_at_the_level_of_the_guides_own_healthy_client():
    commands = {**MEMBERS, HISTORY: installed("openssl.base 1.0.1.516 06/12/18 11;30;00"),
                "lslpp -lc": filesets("openssl.base 1.0.1.516"), UTC: WHEN[UTC], LOCAL: WHEN[LOCAL]}  # fmt: skip
    assert judge({SSL: copy(), CRYPTO: copy(2405971)}, commands).outcome.value == "pass"


def test_fails_on_a_loose_listing_with_its_archives():
    listing = f"# ls -l {SSL}\n-rwxr-xr-x    1 root     system       494526 Nov 20 08:14 {SSL}\n"
    found = result_of(CHECK, loose({"mail.txt": f"{listing}# {AR_SSL}\n{members('libssl.a', 512318)}"}))
    assert verdict(found) == ("fail", "certain")
    assert quoted(found)[0][:2] == ("mail.txt", 2)


def test_not_applicable_on_a_master():
    found = result_of(CHECK, evidence(paths={SSL: copy(1)}, host="nim1", role="master"))
    assert found.outcome.value == "not-applicable"
