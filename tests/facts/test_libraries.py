"""Copies of OpenSSL's libraries in /usr/lib: fresh, stale, or not to be told."""

from datetime import datetime, timedelta

import pytest

from nimdoctor.facts.ar import LibraryArchives
from nimdoctor.facts.clock import HostClock
from nimdoctor.facts.libraries import ExtractedLibraries
from nimdoctor.facts.lslpp import Filesets
from nimdoctor.facts.lslpp_history import FilesetHistory
from nimdoctor.facts.paths import Paths
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.text import Text

SSL = "/usr/lib/libssl.so.0.9.8"
INSTALLED = datetime(2025, 3, 14, 10, 5, 4)
EPOCH = int((INSTALLED - datetime(1970, 1, 1)).total_seconds())
UTC = HostClock(EPOCH + 10**6, 0, "date -u")


def paths(size=745320, mtime=None, kind="file"):
    return Paths.of_record(PathRecord({SSL: PathState(kind=kind, size=size, mtime=mtime)}))


def archive(*sizes, command="ar -X32_64 -tv /usr/lib/libssl.a", name="libssl.so.0.9.8"):
    rows = "".join(f"rwxr-xr-x     0/0     {size} Mar 05 04:15 2019 {name}\n" for size in sizes)
    return LibraryArchives.parse(Text.of(rows, command))


def history(when=INSTALLED):
    row = f"/usr/lib/objrepos:openssl.base:1.0.2.1800::APPLY:COMPLETE:{when:%m/%d/%y}:{when:%H;%M;%S}\n"
    return FilesetHistory.parse(Text.of(row, "lslpp -hc openssl.base"))


def level(vrmf):
    row = f"/usr/lib/objrepos:openssl.base:{vrmf}::COMMITTED:I:Open Secure Socket Layer:\n"
    return Filesets.parse(Text.of(row, "lslpp -lc"))


def judge(found, archives=None, installed=None, filesets=None, clock=None):
    (copy,) = ExtractedLibraries.derive(found, archives, installed, filesets, clock).copies
    return copy


def test_another_size_than_every_member_is_stale_for_certain():
    copy = judge(paths(605236), archive(745320, 801112))
    assert (copy.verdict, copy.certain) == ("stale", True)
    assert copy.reasons == ("its size is 605236 bytes, that of the member in libssl.a 745320 and 801112",)
    assert [quote.line for quote in copy.evidence] == [None, 1, 2]


def test_the_size_of_either_member_is_fresh():
    assert judge(paths(801112), archive(745320, 801112)).verdict == "fresh"


def test_a_size_that_differs_from_a_partial_listing_is_not_certain():
    copy = judge(paths(801112), archive(745320, command="ar -tv /usr/lib/libssl.a"))
    assert (copy.verdict, copy.certain) == ("stale", False)


def test_a_copy_whose_member_is_gone_is_stale():
    copy = judge(paths(), archive(612004, name="libssl.so.1.0.0"))
    assert (copy.verdict, copy.certain) == ("stale", True)
    assert copy.reasons == ("libssl.a has no member libssl.so.0.9.8 any more",)


def test_a_member_missing_from_a_partial_listing_is_not_gone():
    partial = archive(612004, name="libssl.so.1.0.0", command="ar -tv /usr/lib/libssl.a")
    assert judge(paths(), partial).verdict == "unknown"


def test_older_than_the_installation_is_stale_even_with_the_members_size():
    copy = judge(paths(mtime=EPOCH - 7200), archive(745320), history(), clock=UTC)
    assert (copy.verdict, copy.certain) == ("stale", True)
    assert copy.reasons[-1].startswith(
        "written 2025-03-14T08:05:04Z, before openssl.base, installed 2025-03-14 10:05:04"
    )


def test_newer_than_the_installation_is_fresh_without_any_size():
    assert judge(paths(mtime=EPOCH + 60), None, history(), level("1.0.2.1800"), UTC).verdict == "fresh"


def test_the_installation_is_local_time():
    east = HostClock(0, 2 * 3600, "date -u")
    assert judge(paths(mtime=EPOCH - 3600), None, history(), clock=east).verdict == "fresh"
    west = HostClock(0, -5 * 3600, "date -u")
    assert judge(paths(mtime=EPOCH + 3 * 3600), None, history(), clock=west).verdict == "stale"


def test_within_the_hour_that_summer_time_may_make_nothing_is_called_older():
    assert judge(paths(mtime=EPOCH - 1800), archive(745320), history(), clock=UTC).verdict == "fresh"
    assert judge(paths(mtime=EPOCH - 3601), archive(745320), history(), clock=UTC).verdict == "stale"


@pytest.mark.parametrize("hours, verdict", [(-17, "stale"), (-15, "unknown"), (13, "unknown"), (15, "fresh")])
def test_without_a_zone_only_what_holds_in_every_zone_is_said(hours, verdict):
    found = paths(mtime=EPOCH + int(timedelta(hours=hours).total_seconds()))
    assert judge(found, None, history()).verdict == verdict
    assert judge(found, None, history(), clock=HostClock(0, None, "date -u")).verdict == verdict


def test_an_unknown_age_does_not_spoil_a_matching_size():
    assert judge(paths(mtime=None), archive(745320), history(), level("1.0.2.1800"), UTC).verdict == "fresh"


@pytest.mark.parametrize(
    "vrmf, verdict",
    [
        ("0.9.8.2400", "unknown"),
        ("12.9.8.2400", "unknown"),
        ("1.0.1.499", "unknown"),
        ("1.0.1.500", "stale"),
        ("3.0.8.1000", "stale"),
        ("20.13.101.500", "stale"),
    ],
)
def test_with_nothing_to_compare_the_level_makes_it_possible_at_most(vrmf, verdict):
    copy = judge(paths(), filesets=level(vrmf))
    assert (copy.verdict, copy.certain) == (verdict, False)
    assert vrmf in copy.reasons[0]


def test_without_any_other_evidence_it_is_unknown():
    assert judge(paths()).verdict == "unknown"


@pytest.mark.parametrize("kind", ["link", "dir"])
def test_links_and_directories_are_no_copies(kind):
    found = ExtractedLibraries.derive(paths(kind=kind), archive(1), None, None, None)
    assert found.copies == () and found.listed


def test_no_copies_and_known_to_be_none():
    gone = Paths.of_record(PathRecord({SSL: None}))
    assert ExtractedLibraries.derive(gone, None, None, None, None).listed
    listed = Paths.of_record(PathRecord({}, ("/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*")))
    assert ExtractedLibraries.derive(listed, None, None, None, None).listed
    other = Paths.of_record(PathRecord({"/ssl_nimsh": None}, ("/usr/lib/libssl.so*",)))
    assert not ExtractedLibraries.derive(other, None, None, None, None).listed


def test_each_copy_is_judged_by_its_own_archive():
    record = PathRecord({SSL: PathState(size=1), "/usr/lib/libcrypto.so.0.9.8": PathState(size=2)})
    both = LibraryArchives.combine(
        [archive(1), archive(3, command="ar -X32_64 -tv /usr/lib/libcrypto.a", name="libcrypto.so.0.9.8")]
    )
    found = ExtractedLibraries.derive(Paths.of_record(record), both, None, None, None)
    assert [copy.path for copy in found.with_verdict("stale")] == ["/usr/lib/libcrypto.so.0.9.8"]
    assert [copy.path for copy in found.with_verdict("fresh")] == [SSL]
