"""What an operation of NIM prints when it fails, number by number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.message_numbers import explained, numbered
from nimdoctor.facts.operation_lines import LINE, Failure, operation_errors
from nimdoctor.model.text import Text

WRAPPER = '0042-001 nim: processing error encountered on "master":'


def errors(*lines):
    return operation_errors(Text.of("\n".join(lines), "nim -o cust lpar7").quotes())


def only(*lines):
    (found,) = errors(*lines)
    return found


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ("0042-002 nim: an interrupt signal was received", Failure.INTERRUPTED),
        ("0042-006 m_lslpp: (From_Master) connect Connection refused", Failure.REFUSED),
        ("0042-006 m_lslpp: (exec_nimsh_cmd) exec_cmd Connection timed out", Failure.NO_ANSWER),
        ("0042-006 m_lslpp: (exec_nimsh_cmd) exec_cmd No route to host", Failure.NO_ANSWER),
        ("0042-006 m_lslpp: (exec_nimsh_cmd) exec_cmd Error 0", Failure.NO_CONNECTION),
        ("0042-006 m_lslpp: (exec_nimsh_cmd) exec_cmd Connexion refus", Failure.NO_CONNECTION),
        ("0042-006 m_lslpp: (exec_nimsh_cmd) exec_cmd Error connecting to SSL object", Failure.TLS),
        ("0042-008 nimsh: Request denied - wrong_cpuid", Failure.DENIED),
        ("0042-032 m_mkbosi: the name must be unique", Failure.OTHER),
        ("0042-052 m_rmmac: unable to remove", Failure.OTHER),
        ("0042-053 lsnim: there is no NIM object", Failure.OTHER),
        ("0042-081 m_mk_lpp_source: a resource exists there", Failure.OTHER),
        ("0042-154 c_stat: the file or directory does not exist", Failure.OTHER),
        ("0042-175 c_installp: An unexpected result", Failure.OTHER),
        ("0042-207 m_alloc: unable to allocate", Failure.OTHER),
        ("0503-420 installp: locked", Failure.OTHER),
        ("mount: 1831-008 giving up on nim1:/export", Failure.OTHER),
        ("mount: 1831-011 access denied for nim1:/export", Failure.OTHER),
        ("Error setting up SSL connection (BIO object)", Failure.TLS),
        ("Error setting up SSL connection (SSL object)", Failure.TLS),
        ("Error with peer certificate: certificate has expired", Failure.TLS),
        ("^C", Failure.INTERRUPTED),
        ("{'lpar7': 'timedout', 'lpar8': '7200-05-03-2148'}", Failure.TIMED_OUT),
    ],
)
def test_each_message_is_known_by_its_number_or_its_words(line, failure):
    found = only(WRAPPER, line)
    assert found.failure is failure
    assert found.at.line == 2 and [quote.line for quote in found.lines] == [1, 2]
    assert not found.number or numbered(found.number)


def test_the_second_channel_is_told_by_the_line_below():
    found = only(WRAPPER, "   0042-006 m_cust: (exec_nimsh_cmd) exec_cmd Error 0", "   poll: setup failure")
    assert found.failure is Failure.SECOND_CHANNEL and found.by_nimsh and found.method == "m_cust"


def test_a_reason_that_goes_on_in_the_next_line_is_read():
    assert only("0042-006 m_cust: (From_Master) connect Connection", "        refused").failure is Failure.REFUSED


def test_of_nested_numbers_the_innermost_tells_and_the_wrapper_never_where_another_stands():
    found = only(WRAPPER, WRAPPER.replace("nim:", "m_mk:"), "   0042-154 c_stat: x does not exist")
    assert (found.number, found.method) == ("0042-154", "c_stat")
    assert only(WRAPPER).number == "0042-001"


def test_what_mount_said_tells_more_than_that_it_failed():
    found = only(WRAPPER, '0042-175 c_script: An unexpected result by the "/usr/sbin/mount" command:', "1831-011 x")
    assert (found.number, found.program) == ("1831-011", "/usr/sbin/mount")


def test_a_number_that_nobody_knows_does_not_stand_before_one_of_nim():
    assert only("0042-175 c_installp: An unexpected result", "0503-999 installp: x").number == "0042-175"


def test_two_operations_in_one_text_are_two_errors():
    found = errors(WRAPPER, "0042-053 a: x", WRAPPER, "0042-052 b: y", "", "", "", "0042-053 c: z")
    assert [one.number for one in found] == ["0042-053", "0042-052", "0042-053"]


def test_the_same_number_in_lines_one_below_the_other_is_told_of_each():
    assert len(errors("lpar7: 0042-006 c_rsh: a", "lpar8: 0042-006 c_rsh: b")) == 2


def test_an_automations_string_is_quoted_from_its_number_on_with_the_client_it_names():
    found = only(
        """fatal: [lpar7 -> nim1]: FAILED! => {"msg": "stderr: '0042-006 c_rsh: (exec_nimsh_cmd) exec_cmd X'"}"""
    )
    assert found.client == "lpar7"
    assert found.words == "0042-006 c_rsh: (exec_nimsh_cmd) exec_cmd X"


@pytest.mark.parametrize(
    "line", ["warning: 0042-006 m_cust: x", "10042-006 m_cust: x", "0042-0061 x", "tel. 0042-006-12x", "", "0509-036 x"]
)
def test_warnings_and_what_only_looks_like_a_number_are_no_errors(line):
    assert [one for one in errors(line) if one.number not in ("", "0042-006") or "warning" in line] == []


def test_a_number_without_a_row_is_said_to_be_unknown_and_no_meaning_is_made_up():
    assert "not in nimdoctor's table" in explained("0042-999") and numbered("0042-999") is None


PIECES = [
    WRAPPER, "0042-006 m: Connection refused", "0042-175 c: x", "poll: setup failure", "", "  words", "0509-150 x",
    "warning: 0042-001 x", "^C", "1831-011 x", "z" * (LINE + 5), "'a': 'timedout'",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_order_of_lines_gives_errors_whose_lines_are_in_order_and_of_one_error_each(lines):
    found = errors(*lines)
    numbers = [quote.line for one in found for quote in one.lines]
    assert numbers == sorted(set(numbers))
    assert all(one.at in one.lines and len(one.words) <= 203 for one in found)
