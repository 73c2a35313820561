"""instfix: which APARs are installed."""

import pytest

from nimdoctor.facts.instfix import Apars
from nimdoctor.model.text import BadEvidence, Extent, Text

ANSWERS = (
    "    All filesets for IJ13756 were found.\r\n"
    "    Not all filesets for IJ53757 were found.\r\n"
    "    There was no data for IJ55968 in the fix database.\r\n"
)


def apars(content, **more):
    return Apars.parse(Text.of(content, "instfix -ik", **more))


def test_each_answer_is_kept_for_its_apar():
    told = apars(ANSWERS, status=249)
    assert told.installed("IJ13756") is True
    assert told.installed("IJ53757") is False
    assert told.installed("ij55968") is False
    assert told.quote("IJ53757").line == 2


def test_an_apar_not_asked_for_is_unknown():
    told = apars(ANSWERS)
    assert told.installed("IJ59566") is None
    assert told.quote("IJ59566") == told.whole()


def test_answers_of_several_calls_are_joined():
    both = Apars.combine([apars("All filesets for IV1 were found.\n"), apars(ANSWERS)])
    assert both.installed("IV1") is True
    assert both.installed("IJ53757") is False


@pytest.mark.parametrize("content", ["", "  \n", "ksh: instfix:  not found.\n", "All filesets were found.\n"])
def test_empty_or_foreign_text_is_no_evidence(content):
    with pytest.raises(BadEvidence):
        apars(content)


def test_an_apar_that_an_interim_fix_carries_is_neither_installed_nor_lacking():
    told = apars(
        "    All filesets for IJ13756 were found.\n"
        "    Interim fix 'IJ55968s9a' associated with IJ55968 is installed.\n"
        "    Interim fix 'IJ55968s9a' associated with IJ54258 is installed.\n"
        "    There was no data for IJ59566 in the fix database.\n"
    )
    assert [told.installed(one) for one in ("IJ13756", "IJ55968", "IJ54258", "IJ59566")] == [True, None, None, False]
    assert told.by_interim_fix("IJ54258").interim_fix == "IJ55968s9a"
    assert told.quote("IJ55968").line == 2
    assert told.by_interim_fix("IJ13756") is None and told.by_interim_fix("IJ59566") is None


def test_rows_by_fileset_say_together_whether_an_apar_is_installed():
    head = "#Keyword:Fileset:ReqLevel:InstLevel:Status:Abstract\n"
    rows = (
        "IJ09232:bos.sysmgt.nim.client:7.2.4.0:7.2.5.200:+:NIMCLIENT FAILS\n"
        "IJ09232:bos.sysmgt.nim.master:7.2.4.0:7.2.4.0:=:NIMCLIENT FAILS\n"
        "IJ53757:bos.sysmgt.nim.client:7.2.5.204:7.2.5.200:-:NIM SECURITY\n"
        "IJ53757:bos.sysmgt.nim.master:7.2.5.204:7.2.5.204:=:NIM SECURITY\n"
        "IJ12345:bos.sysmgt.nim.spot:7.2.5.204:0.0.0.0:!:OF WHAT IS NOT THERE\n"
    )
    told = apars(head + rows)
    assert [told.installed(one) for one in ("IJ09232", "IJ53757", "IJ12345")] == [True, False, None]
    assert told.quote("IJ53757").line == 4
    part = apars(rows, extent=Extent.FILTERED)
    assert [part.installed(one) for one in ("IJ09232", "IJ53757")] == [None, False]
