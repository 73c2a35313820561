"""Members of libssl.a and libcrypto.a."""

import pytest

from nimdoctor.facts.ar import LibraryArchives
from nimdoctor.model.text import BadEvidence, Text

ROW = "rwxr-xr-x     0/0     745320 Mar 05 04:15 2019 libssl.so.0.9.8\n"
COMMAND = "ar -X32_64 -tv /usr/lib/libssl.a"


def archives(content, command=COMMAND):
    return LibraryArchives.parse(Text.of(content, command, command=True))


def test_two_members_of_one_name_are_both_kept():
    found = archives(ROW + ROW.replace("745320", "801112"))
    assert [member.size for member in found.members_named("libssl.a", "libssl.so.0.9.8")] == [745320, 801112]
    assert found.listed("libssl.a") and not found.listed("libcrypto.a")
    assert found.members[1].at.line == 2


def test_owners_by_name_are_read_too():
    assert archives("rwxr-xr-x root/system 745320 Mar 05 04:15 2019 libssl.so.0.9.8\n").members[0].size == 745320


def test_a_plain_table_gives_members_without_size():
    found = archives("libssl.so.0.9.8\nlibssl.so\n", "ar -X32_64 -t /usr/lib/libssl.a")
    assert [(member.name, member.size) for member in found.members] == [("libssl.so.0.9.8", None), ("libssl.so", None)]
    assert found.listed("libssl.a")


@pytest.mark.parametrize(
    "command",
    [
        "ar -tv /usr/lib/libssl.a",
        "ar -X32_64 -tv /usr/lib/libssl.a | grep 0.9.8",
        "ar -X32_64 -tv /usr/lib/libssl.a libssl.so.0.9.8",
    ],
)
def test_a_partial_listing_is_not_taken_for_the_whole(command):
    assert not archives(ROW, command).listed("libssl.a")


def test_the_file_name_of_a_recorded_command_names_the_archive():
    found = archives("rwxr-xr-x 0/0 7 Mar 05 04:15 2019 shr.o\n", "ar_-X32_64_-tv_usr_lib_libcrypto.a")
    assert found.members[0].archive == "libcrypto.a" and found.listed("libcrypto.a")


def test_without_a_command_the_members_name_their_archive():
    found = archives(ROW + ROW.replace("libssl", "libcrypto"), "members.txt")
    assert found.archives == ("libssl.a", "libcrypto.a")


@pytest.mark.parametrize(
    "junk", ["", " \n", "ar: 0707-113 Cannot open file /usr/lib/libssl.a.\n", "ksh: ar:  not found.\n"]
)
def test_an_error_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        archives(junk)


def test_a_whole_listing_is_preferred_over_a_partial_one():
    partial = archives(ROW.replace("745320", "1"), "ar -tv /usr/lib/libssl.a")
    other = archives(ROW.replace("libssl", "libcrypto"), "ar -X32_64 -tv /usr/lib/libcrypto.a")
    both = LibraryArchives.combine([partial, archives(ROW), other])
    assert [member.size for member in both.members_named("libssl.a", "libssl.so.0.9.8")] == [745320]
    assert set(both.archives) == {"libssl.a", "libcrypto.a"}
