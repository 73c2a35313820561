"""lslpp -h: when the files of a fileset were written."""

from datetime import datetime

import pytest

from nimdoctor.facts.lslpp_history import FilesetHistory
from nimdoctor.model.text import BadEvidence, Text

HEAD = "#Path:Fileset:Level:PTF Id:Action:Status:Date:Time\n"
BASE = "/usr/lib/objrepos:openssl.base:"
TABLE = (
    "  Fileset         Level     Action       Status       Date         Time        \n"
    "  ----------------------------------------------------------------------------\n"
    "Path: /usr/lib/objrepos\n"
    "  openssl.base\n"
    "                1.1.2.2200   APPLY        COMPLETE     05/04/25     10:50:00    \n"
    "                1.1.2.2200   COMMIT       COMPLETE     06/01/25     08:00:00    \n"
    "\n"
    "  bos.sysmgt.nim.client\n"
    "                7.2.5.203    COMMIT       COMPLETE     12/05/98     12:15:19\n"
)


def history(content):
    return FilesetHistory.parse(Text.of(content, "lslpp -hc openssl.base"))


def test_an_apply_counts_and_its_later_commit_does_not():
    told = history(
        HEAD
        + BASE
        + "1.0.2.1800::COMMIT:COMPLETE:04/02/25:08;00;11\n"
        + BASE
        + "1.0.2.1800::APPLY:COMPLETE:03/14/25:10;05;04\n"
        + BASE
        + "1.0.2.1500::APPLY:COMPLETE:03/14/24:10;05;04\n"
    )
    row = told.installed_at("openssl.base")
    assert row.when == datetime(2025, 3, 14, 10, 5, 4)
    assert row.quote().line == 3
    assert told.installed_at("openssl.license") is None


def test_a_level_committed_at_once_was_written_by_the_commit():
    told = history(BASE + "1.0.2.1800::COMMIT:COMPLETE:04/02/25:08;00;11\n")
    assert told.installed_at("openssl.base").when == datetime(2025, 4, 2, 8, 0, 11)


def test_a_failed_action_wrote_nothing_that_counts():
    told = history(
        BASE
        + "1.0.2.1800::APPLY:COMPLETE:03/14/25:10;05;04\n"
        + BASE
        + "1.0.2.2100::APPLY:BROKEN:05/14/25:10;05;04\n"
        + BASE
        + "1.0.2.2200::APPLY:CANCELED:06/14/25:10;05;04\n"
    )
    assert told.installed_at("openssl.base").level == "1.0.2.1800"


def test_a_reject_puts_former_files_back_at_its_own_time():
    told = history(
        BASE
        + "1.0.2.1800::APPLY:COMPLETE:03/14/25:10;05;04\n"
        + BASE
        + "1.0.2.2100::APPLY:COMPLETE:05/14/25:10;05;04\n"
        + BASE
        + "1.0.2.2100::REJECT:COMPLETE:05/15/25:10;05;04\n"
    )
    assert told.installed_at("openssl.base").when == datetime(2025, 5, 15, 10, 5, 4)


def test_the_table_form_reads_the_same():
    told = history(TABLE)
    assert told.installed_at("openssl.base").when == datetime(2025, 5, 4, 10, 50)
    assert told.installed_at("openssl.base").root == "/usr/lib/objrepos"
    assert told.installed_at("bos.sysmgt.nim.client").when == datetime(1998, 12, 5, 12, 15, 19)


def test_translated_words_count_as_complete_and_the_first_row_as_the_apply():
    told = history(
        TABLE.replace("APPLY ", "APPLIQ")
        .replace("COMMIT ", "VALIDER")
        .replace("COMPLETE", "TERMINE ")
        .replace("Path", "Chemin ")
    )
    assert told.installed_at("openssl.base").when == datetime(2025, 5, 4, 10, 50)


def test_colons_in_the_time_are_survived():
    told = history(BASE + "1.0.2.1800::COMMIT:COMPLETE:04/02/25:08:00:11\n")
    assert told.rows[0].when == datetime(2025, 4, 2, 8, 0, 11)


def test_one_thirteenth_month_makes_every_date_of_the_text_uncertain():
    told = history(
        BASE
        + "1.0.2.1800::APPLY:COMPLETE:03/04/25:10;05;04\n"
        + BASE
        + "1.0.2.1900::APPLY:COMPLETE:14/03/25:10;05;04\n"
    )
    assert [row.when for row in told.rows] == [None, None]
    assert told.installed_at("openssl.base").level == "1.0.2.1900"


@pytest.mark.parametrize("stamp", ["02/30/25:10;05;04", "03/04/25:25;00;00", "soon:later", ":"])
def test_an_impossible_date_is_no_date(stamp):
    assert history(BASE + "1.0.2.1800::APPLY:COMPLETE:" + stamp + "\n").rows[0].when is None


def test_the_newest_of_a_family_of_filesets():
    told = history(TABLE)
    assert told.newest("openssl.").fileset == "openssl.base"
    assert told.newest("bos.sysmgt.nim").fileset == "bos.sysmgt.nim.client"
    assert told.newest("java") is None


def test_pieces_are_joined_without_doubles():
    both = FilesetHistory.combine([history(TABLE), history(TABLE)])
    assert len(both.rows) == 3


@pytest.mark.parametrize(
    "content", ["", HEAD, "ksh: lslpp:  not found.\n", "lslpp: 0504-132  Fileset openssl.base not installed.\n"]
)
def test_what_holds_no_history_is_refused(content):
    with pytest.raises(BadEvidence):
        history(content)
