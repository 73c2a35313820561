"""`lsitab nimsh`."""

import pytest

from nimdoctor.facts.inittab import Inittab
from nimdoctor.model.text import BadEvidence, Extent, Text

ROW = "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1\n"


def inittab(content, **more):
    return Inittab.parse(Text.of(content, "lsitab nimsh", command=True, **more))


def test_the_row_starts_nimsh_at_boot():
    assert inittab(ROW).present and inittab(ROW).at_boot and inittab(ROW).at.line == 1


def test_a_row_that_is_off_is_present_but_starts_nothing():
    assert inittab(ROW.replace("wait", "off")).present
    assert not inittab(ROW.replace("wait", "off")).at_boot


@pytest.mark.parametrize("status", [None, 1])
def test_empty_output_means_no_row(status):
    assert inittab("\n", status=status).present is False


@pytest.mark.parametrize("status", [0, 127])
def test_empty_output_of_a_command_that_was_not_found_or_found_a_row_means_nothing(status):
    with pytest.raises(BadEvidence):
        inittab("", status=status)


@pytest.mark.parametrize("junk", ["ksh: lsitab:  not found.\n", "nimshx:2:wait:/x\n", "nimsh is off\n"])
def test_anything_else_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        inittab(junk)


@pytest.mark.parametrize(
    ("old", "new", "at_boot"),
    [(":2:", "::", True), (":2:", ":234:", True), (":2:", ":3:", False), ("wait", "respawn", True), ("wait", "ondemand", False)],
)  # fmt: skip
def test_init_acts_at_boot_by_run_level_and_action(old, new, at_boot):
    assert inittab(ROW.replace(old, new, 1)).at_boot is at_boot


@pytest.mark.parametrize(
    ("command", "starts"),
    [
        ("/usr/bin/startsrc -g nimclient >/dev/console 2>&1", True),
        ("startsrc -s nimsh", True),
        ("/usr/sbin/nimsh -s", True),
        ("/usr/bin/startsrc -g nim", False),
        ("/usr/bin/startsrc -g nimclients", False),
        ("/usr/bin/echo startsrc", False),
        ("# startsrc -s nimsh", False),
        ("", False),
    ],
)
def test_the_command_tells_whether_it_starts_nimsh(command, starts):
    assert inittab(f"nimsh:2:wait:{command}\n").starts_nimsh is starts


def test_no_row_starts_nothing():
    assert not inittab("\n").starts_nimsh and not inittab("\n").at_boot


def test_the_whole_table_without_the_row_says_that_there_is_none_and_a_part_of_it_does_not():
    table = "init:2:initdefault:\nbrc::sysinit:/sbin/rc.boot 3 >/dev/console 2>&1\nsrcmstr:23456789:respawn:/usr/sbin/srcmstr\n"
    assert Inittab.parse(Text.of(table, "mail", name="lsitab -a", command=True)).present is False
    assert Inittab.parse(Text.of(table + ROW, "mail", name="lsitab -a", command=True)).at.line == 4
    with pytest.raises(BadEvidence):
        Inittab.parse(Text.of(table, "mail", name="lsitab -a | grep -v x", command=True, extent=Extent.FILTERED))
