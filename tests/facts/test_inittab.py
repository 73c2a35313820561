"""`lsitab nimsh`."""

import pytest

from nimdoctor.facts.inittab import Inittab
from nimdoctor.text import BadEvidence, Text

ROW = "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1\n"


def inittab(content, **more):
    return Inittab.parse(Text.of(content, "lsitab nimsh", command=True, **more))


def test_the_row_starts_nimsh_at_boot():
    assert inittab(ROW).present and inittab(ROW).at_boot and inittab(ROW).at.line == 1


def test_a_row_that_is_off_is_present_but_starts_nothing():
    assert inittab(ROW.replace("wait", "off")).present
    assert not inittab(ROW.replace("wait", "off")).at_boot


@pytest.mark.parametrize("status", [None, 0, 1])
def test_empty_output_means_no_row(status):
    assert inittab("\n", status=status).present is False


def test_empty_output_of_a_command_that_was_not_found_means_nothing():
    with pytest.raises(BadEvidence):
        inittab("", status=127)


@pytest.mark.parametrize("junk", ["ksh: lsitab:  not found.\n", "nimshx:2:wait:/x\n", "nimsh is off\n"])
def test_anything_else_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        inittab(junk)
