"""What a listing or a manifest says of paths, and what it leaves open."""

import pytest

from nimdoctor.facts.paths import Paths
from nimdoctor.model.path_state import PathRecord, PathState
from nimdoctor.model.text import BadEvidence, Extent, Text

SSL = "/usr/lib/libssl.so.0.9.8"


def listing(content, command, **more):
    return Paths.parse(Text.of(content, command, command=True, **more))


def test_a_relative_name_is_placed_in_the_directory_of_the_command():
    paths = listing(
        "total 8\n-rwxr-xr-x    1 root     system       745320 Mar 05 04:15 libssl.so.0.9.8\n", "ls -l /usr/lib"
    )
    assert paths.get(SSL) == PathState("file", 0o755, "root", "system", 745320, None)
    assert paths.quote(SSL).line == 2


def test_a_year_instead_of_the_hour_is_accepted_and_no_mtime_is_claimed():
    paths = listing("-r-xr-xr-x 1 bin bin 745320 Mar 05 2019 /usr/lib/libssl.so.0.9.8\n", "ls -l /usr/lib/libssl.so*")
    assert paths.get(SSL).mtime is None
    assert paths.get(SSL).mode == 0o555


@pytest.mark.parametrize(
    "row",
    [
        "  4711 -rwxr-xr-x    1 root     system       745320 Mar 05 04:15 /usr/lib/libssl.so.0.9.8",
        "-rwxr-xr-x+   1 root     system       745320 Mar 05 04:15 /usr/lib/libssl.so.0.9.8  ",
        "-rwxr-xr-x. 1 root root 745320 2019-03-05 04:15 /usr/lib/libssl.so.0.9.8",
        "-rwxr-xr-x    1 root     system       745320 05 M\xe4r 04:15 /usr/lib/libssl.so.0.9.8\r",
        "  4711  728 -rwxr-xr-x  1 root  system  745320 Mar  5 04:15 /usr/lib/libssl.so.0.9.8",
    ],
)
def test_other_varieties_of_a_row_are_read(row):
    assert Paths.parse(Text.of(row.encode("latin-1") + b"\n", "ls -lid /usr/lib/libssl.so*")).get(SSL).size == 745320


def test_sections_of_a_recursive_listing_are_known_whole():
    paths = listing(
        """total 0
drwxr-xr-x    2 root     system          256 Mar 05 04:15 certs
drwx------    2 root     system          256 Mar 05 04:15 keys

/ssl_nimsh/certs:
total 8
-rw-r--r--    1 root     system         2788 Mar 05 04:15 server.pem

/ssl_nimsh/keys:
total 0
""",
        "ls -lR /ssl_nimsh",
    )
    assert list(paths.below("/ssl_nimsh/certs")) == ["/ssl_nimsh/certs/server.pem"]
    assert paths.below("/ssl_nimsh/keys") == {}
    assert paths.absent("/ssl_nimsh/certs/client.pem") is True
    assert paths.absent("/ssl_nimsh/configs/SSL_root.cnf") is True
    assert paths.get("/ssl_nimsh/keys").mode == 0o700
    assert paths.listed("/ssl_nimsh/**")
    assert paths.listed("/ssl_nimsh/certs/*")


def test_a_section_without_its_total_was_not_readable_and_is_not_known():
    paths = listing(
        "total 0\ndrwx------ 2 root system 256 Mar 05 04:15 keys\n\n/ssl_nimsh/keys:\n", "ls -lR /ssl_nimsh"
    )
    assert paths.absent("/ssl_nimsh/keys/serverkey.pem") is None
    assert not paths.listed("/ssl_nimsh/**")


def test_the_dot_row_gives_the_directory_itself_and_its_parent_is_left_alone():
    paths = listing(
        "total 8\ndrwxr-x---  2 root system 256 Mar 05 04:15 .\ndrwxr-xr-x 5 root system 256 Mar 05 04:15 ..\n",
        "ls -la /ssl_nimsh/certs",
    )
    assert paths.get("/ssl_nimsh/certs").mode == 0o750
    assert list(paths.states) == ["/ssl_nimsh/certs"]
    assert paths.absent("/ssl_nimsh/certs/.hidden") is True


def test_without_the_a_flag_nothing_is_known_of_hidden_names():
    paths = listing("total 8\n-rw-r--r-- 1 root system 12 Mar 05 04:15 smit.log\n", "ls -l /")
    assert paths.absent("/smit.script") is True
    assert paths.absent("/.rhosts") is None


def test_a_file_that_does_not_exist_is_absent_and_so_is_all_below_it():
    paths = listing("ls: 0653-341 The file /ssl_nimsh does not exist.\n", "ls -l /ssl_nimsh")
    assert paths.absent("/ssl_nimsh") is True
    assert paths.absent("/ssl_nimsh/certs/server.pem") is True
    assert paths.listed("/ssl_nimsh/**")
    assert "0653-341" in paths.quote("/ssl_nimsh").text


@pytest.mark.parametrize(
    "line",
    [
        "ls: 0653-341 The file /usr/lib/libssl.so* does not exist.",
        "ls: 0653-341 Le fichier /usr/lib/libssl.so* n'existe pas.",
        "ls: cannot access '/usr/lib/libssl.so*': No such file or directory",
        "ls: /usr/lib/libssl.so*: No such file or directory",
    ],
)
def test_a_glob_that_matched_nothing_was_listed_completely(line):
    paths = listing(line + "\n", "ls -l /usr/lib/libssl.so*", status=2)
    assert paths.listed("/usr/lib/libssl.so*")
    assert paths.absent(SSL) is True
    assert paths.quote(SSL).text == line


def test_a_narrower_pattern_is_covered_by_a_wider_one_but_not_the_reverse():
    paths = listing("-rwxr-xr-x 1 root system 745320 Mar 05 04:15 /usr/lib/libssl.a\n", "ls -l /usr/lib/libssl*")
    assert paths.listed("/usr/lib/libssl.so*")
    assert paths.absent(SSL) is True
    assert not paths.listed("/usr/lib/lib*")
    assert paths.absent("/usr/lib/libcrypto.so.0.9.8") is None


def test_a_filtered_listing_proves_no_absence():
    row = "-rwxr-xr-x 1 root system 745320 Mar 05 04:15 libssl.a\n"
    paths = Paths.parse(Text.of(row, "ls -l /usr/lib | grep ssl", extent=Extent.FILTERED))
    assert paths.absent("/usr/lib/libssl.a") is False
    assert paths.absent(SSL) is None


def test_a_permission_error_leaves_everything_else_open():
    paths = listing(
        "ls: 0653-345 /ssl_nimsh/keys: Permission denied.\n"
        "-rw-r--r-- 1 root system 9 Mar 05 04:15 /ssl_nimsh/certs/a.pem\n",
        "ls -l /ssl_nimsh/keys/* /ssl_nimsh/certs/*",
    )
    assert paths.absent("/ssl_nimsh/keys/serverkey.pem") is None


def test_a_glob_without_match_is_open_when_the_command_failed_and_its_errors_are_lost():
    row = "-rw-r--r-- 1 root system 9 Mar 05 04:15 /ssl_nimsh/certs/a.pem\n"
    paths = listing(row, "ls -l /ssl_nimsh/keys/* /ssl_nimsh/certs/*", status=2)
    assert not paths.listed("/ssl_nimsh/keys/*")
    assert paths.listed("/ssl_nimsh/certs/*")


def test_a_link_is_named_without_its_target():
    paths = listing(
        "lrwxrwxrwx    1 root     system           26 Oct 24 09:12 /usr/lib/libssl.so -> /opt/lib/libssl.so\n",
        "ls -l /usr/lib/libssl.so",
    )
    assert paths.get("/usr/lib/libssl.so").kind == "link"
    assert "/usr/lib/libssl.so -> /opt/lib/libssl.so" not in paths.states


def test_names_that_cannot_be_placed_are_left_out():
    with pytest.raises(BadEvidence, match="no path that could be recognised"):
        listing("-rwxr-xr-x 1 root system 745320 Mar 05 04:15 libssl.a\n", "ls -l libssl.a")


def test_the_listing_of_the_one_directory_a_glob_matched_is_not_taken_for_the_globs_own():
    row = "total 8\n-rwxr-xr-x 1 root system 745320 Mar 05 04:15 server.pem\n"
    with pytest.raises(BadEvidence):
        listing(row, "ls -l /ssl_nimsh_old*")


@pytest.mark.parametrize("junk", ["", "\n \n", "ksh: ls:  not found.\n", "\0\0\n", "total 0\n", "hello world\n"])
def test_what_lists_nothing_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        listing(junk, "ls -l libssl.so")


def test_an_empty_directory_is_evidence():
    paths = listing("total 0\n", "ls -l /ssl_nimsh/certs")
    assert paths.absent("/ssl_nimsh/certs") is False
    assert paths.absent("/ssl_nimsh/certs/server.pem") is True


def test_bare_absolute_names_are_present_and_nothing_more_is_known():
    paths = listing("/usr/lib/libssl.so.0.9.8  /usr/lib/libssl.so.1.0.0\n", "ls /usr/lib/libssl.so*")
    assert paths.get(SSL) == PathState()
    assert paths.absent("/usr/lib/libssl.so.1.1") is True


def test_find_lists_all_that_is_below():
    paths = listing("/ssl_nimsh\n/ssl_nimsh/certs\n", "find /ssl_nimsh -print")
    assert paths.absent("/ssl_nimsh/keys") is True
    assert listing("/ssl_nimsh\n", "find /ssl_nimsh -type d").absent("/ssl_nimsh/keys") is None


def test_a_path_a_manifest_does_not_name_was_not_collected():
    paths = Paths.of_record(PathRecord({SSL: PathState(size=1, mode=0o755, mtime=1551759300), "/ssl_nimsh": None}))
    assert paths.absent("/etc/hosts") is None and not paths.known("/etc/hosts")
    assert paths.known("/ssl_nimsh/certs")
    assert paths.absent("/usr/lib") is False
    assert paths.get("/usr/lib") == PathState(kind="dir")
    assert paths.quote(SSL) == (SSL, None, "size 1, mode 0755, mtime 2019-03-05T04:15:00Z")
    assert paths.quote("/ssl_nimsh").text == "does not exist"
    assert paths.quote("/etc/hosts").text == "not collected"


def test_a_pattern_the_source_listed_makes_the_rest_absent():
    paths = Paths.of_record(PathRecord({"/ssl_nimsh/certs/a": PathState()}, ("/ssl_nimsh/**", "/usr/lib/libssl.so*")))
    assert paths.absent(SSL) is True
    assert paths.absent("/ssl_nimsh/.x/y") is True
    assert paths.matching("/ssl_nimsh/*") == {}
    assert list(paths.matching("/ssl_nimsh/certs/*")) == ["/ssl_nimsh/certs/a"]
    assert list(paths.matching("/ssl_nimsh/**")) == ["/ssl_nimsh/certs/a"]


def test_combined_the_earlier_part_wins_unless_a_later_one_knows_more():
    manifest = Paths.of_record(PathRecord({SSL: PathState(size=1), "/a": None}, ("/ssl_nimsh/**",)))
    seen = listing(
        "-rwxr-xr-x 1 root system 2 Mar 05 04:15 /usr/lib/libssl.so.0.9.8\n"
        "-rwxr-xr-x 1 root system 2 Mar 05 04:15 /a\n",
        "ls -l /usr/lib/libssl.so* /a",
    )
    both = Paths.combine([manifest, seen])
    assert both.get(SSL).size == 2
    assert both.quote(SSL).line == 1
    assert both.absent("/a") is True
    assert both.complete == ("/ssl_nimsh/**", "/usr/lib/libssl.so*")


def test_times_beyond_the_calendar_and_broken_patterns_do_not_raise():
    paths = Paths.of_record(PathRecord({"/a": PathState(mtime=10**15)}, ("/[z-a]", "/[")))
    assert paths.quote("/a").text == f"mtime {10**15}"
    assert paths.absent("/b") is None


def test_two_blanks_after_a_year_are_no_part_of_the_name():
    paths = listing(
        "total 99\n"
        "-rwxr-xr-x    1 root     system       745320 Mar 05 2015  libssl.so.0.9.8\n"
        "drwxr-xr-x    2 root     system          256 Jan 19 2025  certs\n",
        "ls -l /usr/lib",
    )
    assert paths.get(SSL).size == 745320
    assert paths.absent("/usr/lib/certs") is False
