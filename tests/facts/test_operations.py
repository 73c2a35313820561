"""Recorded operations: whose they are, and which came through."""

import pytest

from nimdoctor.facts.operations import RecordedOperations, may_be, typed_command
from nimdoctor.model.text import Text

REFUSED = "0042-006 m_lslpp: (From_Master) connect Connection refused\n"
ROW = "bos.mp64                   7.2.5.200    C     F    Base Operating System 64-bit\n"


def every(content, command="nim -o lslpp lpar7"):
    return RecordedOperations.parse(Text.of(content, command, command=True)).all


def said(content, command="nim -o lslpp lpar7"):
    (found,) = every(content, command)
    return found


@pytest.mark.parametrize(
    ("line", "program", "operation", "client"),
    [
        ("nim -o lslpp lpar7", "nim", "lslpp", "lpar7"),
        ("/usr/sbin/nim -Fo cust -a lpp_source=L lpar7 2>&1", "nim", "cust", "lpar7"),
        ("nim -a lpp_source=L -o cust lpar7", "nim", "cust", "lpar7"),
        ("/usr/lpp/bos.sysmgt.nim/methods/c_rsh lpar7 /usr/bin/oslevel -s", "c_rsh", "", "lpar7"),
        ("dsh -n lpar7 date", "dsh", "", "lpar7"),
        ("nimclient -l", "nimclient", "", None),
        ("mail.txt", "mail.txt", "", None),
        ("", "", "", None),
    ],
)
def test_a_command_line_tells_program_operation_and_client(line, program, operation, client):
    assert typed_command(line) == (program, operation, client)


def test_a_row_of_filesets_says_that_the_client_was_reached():
    assert said(ROW).came_back.line == 1 and not said(ROW).errors


def test_any_answer_of_c_rsh_does_where_it_names_no_error():
    assert said("7200-05-03-2148\n", "c_rsh lpar7 oslevel -s").came_back.line == 1
    assert said(REFUSED, "c_rsh lpar7 oslevel -s").came_back is None


def test_a_form_that_a_text_was_recognised_by_is_no_command_that_somebody_typed():
    assert said(REFUSED, "nim -o lslpp").label == "a recorded operation"
    assert said(REFUSED).label == "nim -o lslpp lpar7"


def test_who_asked_whom_is_told_by_the_command_else_by_who_spoke():
    assert said("0042-006 lsnim: x\n", "nimclient -l -l lpar7").pulled
    assert said("0042-006 nimclient: x\n", "nimclient").pulled
    assert not said(REFUSED).pulled


def test_rows_of_an_object_are_no_errors_of_the_listing():
    assert not every("lpar7:\n   class = machines\n   err_info = 0042-175 c_installp: x\n   0042-001 y\n", "lsnim -l")
    assert said('0042-053 lsnim: there is no NIM object named "x"\n', "lsnim -l x").errors[0].number == "0042-053"


@pytest.mark.parametrize("content", ["", "\n", "Good morning\n"])
def test_a_text_may_tell_of_no_operation(content):
    assert every(content) == ()


def test_a_log_of_earlier_operations_tells_of_none():
    assert every(REFUSED, "nim -o showlog lpar7") == ()


def test_what_two_rows_read_is_there_once():
    one = RecordedOperations.parse(Text.of(REFUSED, "nim -o lslpp lpar7", command=True))
    assert len(RecordedOperations.combine([one, one]).all) == 1


def test_a_client_whose_name_is_not_told_may_be_any():
    assert may_be(None, ["lpar7"]) and may_be("lpar7", []) and not may_be("lpar8", ["lpar7"])
