"""df: free space."""

import pytest

from nimdoctor.facts.df import FileSystems
from nimdoctor.model.text import BadEvidence, Text

BLOCKS = (
    "Filesystem    512-blocks      Free %Used    Iused %Iused Mounted on\n"
    "/dev/hd4         1000000    500001   50%     4107     7% /\n"
    "/dev/hd2        20000000   2000000   90%    49625     4% /usr\n"
    "/proc                  -         -    -        -      - /proc\n"
    "/ahafs                 -         -    -       35     1% /aha\n"
    "nimmaster:/export/nim     1000     100   90%     3     1% /usr/sys/inst.images\n"
)


def systems(content, name="df"):
    return FileSystems.parse(Text.of(content, "evidence", name=name))


def test_the_heading_tells_the_unit():
    assert systems(BLOCKS).for_path("/").free_kib == 250000
    assert systems(BLOCKS, "df -k").for_path("/").free_kib == 250000
    assert systems(BLOCKS.replace("512-", "1024-")).for_path("/").free_kib == 500001
    megabytes = "Filesystem    MB blocks      Free %Used    Iused %Iused Mounted on\n/dev/hd4 64.00 1.50 98% 1 1% /\n"
    assert systems(megabytes, "df -m").for_path("/").free_kib == 1536


def test_the_command_tells_it_where_the_heading_is_lost_and_else_it_is_unknown():
    rows = "".join(BLOCKS.splitlines(keepends=True)[1:])
    assert systems(rows, "df -k").for_path("/").free_kib == 500001
    assert systems(rows, "attachment").for_path("/").free_kib is None
    assert systems(rows, "attachment").for_path("/").used_percent == 50


def test_the_longest_mount_point_holds_the_path():
    told = systems(BLOCKS)
    assert told.for_path("/usr/lib/libssl.so.0.9.8").mount == "/usr"
    assert told.for_path("/usr").mount == "/usr"
    assert told.for_path("/usrlocal").mount == "/"
    assert told.for_path("/usr/sys/inst.images/x").device == "nimmaster:/export/nim"
    assert told.for_path("/usr/lib").quote().line == 3


def test_a_dash_is_unknown():
    proc = systems(BLOCKS).for_path("/proc/1")
    assert (proc.free_kib, proc.used_percent) == (None, None)


def test_posix_columns_and_a_wrapped_device_are_read():
    told = systems(
        "Filesystem           1024-blocks      Used Available Capacity Mounted on\n"
        "a.very.long.server.name:/export/filesystem\n"
        "                         1000      400       600      40% /mnt\n"
    )
    assert (told.for_path("/mnt").free_kib, told.for_path("/mnt").used_percent) == (600, 40)
    assert told.for_path("/mnt").device == "a.very.long.server.name:/export/filesystem"


def test_a_translated_heading_is_survived():
    told = systems(BLOCKS.replace("Filesystem    512-blocks", "Sys.fich.     512-blocs "), "attachment")
    assert told.for_path("/").free_kib == 250000


@pytest.mark.parametrize(
    "content", ["", BLOCKS.splitlines()[0], "df: /nosuch: No such file or directory\n", "usage is 90% on /usr\n"]
)
def test_what_lists_no_file_system_is_refused(content):
    with pytest.raises(BadEvidence):
        systems(content)


@pytest.mark.parametrize(
    ("command", "complete"),
    [("df", True), ("df -k", True), ("df.txt", True), ("df -k /usr", False), ("df -k | grep usr", False)],
)
def test_a_command_that_names_file_systems_does_not_list_all(command, complete):
    assert systems(BLOCKS, command).complete is complete
