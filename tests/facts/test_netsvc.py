"""/etc/netsvc.conf."""

import pytest

from nimdoctor.facts.netsvc import NetsvcConf
from nimdoctor.model.text import BadEvidence, Text


def netsvc(content):
    return NetsvcConf.parse(Text.of(content, "/etc/netsvc.conf"))


def test_the_order_is_as_written():
    conf = netsvc("# x\nhosts=local4,bind=auth , bind6 # end\naliases = files\n")
    assert conf.order == ("local4", "bind=auth", "bind6")
    assert conf.whole().line == 2


@pytest.mark.parametrize("content", ["# hosts = local\n", "aliases = files\n"])
def test_a_file_that_sets_no_order_is_evidence(content):
    assert netsvc(content).order == () and netsvc(content).at is None


def test_the_missing_file_sets_nothing():
    assert NetsvcConf.absent("/etc/netsvc.conf").order == ()
    assert not NetsvcConf.absent("/etc/netsvc.conf").exists


@pytest.mark.parametrize("junk", ["", "  \n", "cat: cannot open\n", "hosts local\n"])
def test_anything_else_is_no_evidence(junk):
    with pytest.raises(BadEvidence):
        netsvc(junk)
