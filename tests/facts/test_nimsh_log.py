"""Sessions of nimsh.log: where one ends and the next begins, how each ended, and logs too large to keep."""

import io
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts.nimsh_log import NimshLog
from nimdoctor.facts.nimsh_part import LogPart
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.facts.nimsh_stream import Limits
from nimdoctor.model.text import BadEvidence, Text

LOG = "/var/adm/ras/nimsh.log"
CONNECT = ["file descriptor is : 0", "source addr is : 10.1.1.10", "source hostname is : nim1"]
TLS = [
    "Loading certificates..",
    "Negotiating SSL_CTX object using SSLv23_method",
    "Loading private key file..",
    "create BIO",
]
QUERY = ["getting 2nd port", "success: we got 1st write query is 1", "sending ack to client.."]
PLAIN = [
    "getting 2nd port",
    "success: we got 1st write query is 0",
    "success: we got 6th write Openssl setting is 0",
    "sending ack to client..",
]
ANSWER = [line.replace("setting is 0", "setting is 1") for line in PLAIN]


def at(time, *groups):
    """Log lines, all stamped with that time of 14 March 2025."""
    return "".join(f"Fri Mar 14 {time} 2025        {line}\n" for group in groups for line in group)


def parse(text):
    return NimshLog.parse(Text.of(text, LOG))


def ends(text):
    return [session.end.value for session in parse(text).sessions]


def test_a_session_that_stops_at_create_bio_hung():
    log = parse(at("10:05:04", CONNECT, TLS))
    session = log.newest_loaded()
    assert session.end is SessionEnd.HUNG
    assert (session.last.line, session.last.text) == (7, "Fri Mar 14 10:05:04 2025        create BIO")
    assert session.ended == datetime(2025, 3, 14, 10, 5, 4)


def test_any_later_line_of_the_session_means_it_went_on():
    assert ends(at("10:05:04", CONNECT, TLS, ANSWER)) == ["went-on"]
    assert ends(at("10:05:04", CONNECT, TLS, ["a line nobody has described"])) == ["went-on"]


@pytest.mark.parametrize(
    ("later", "kind"),
    [
        (at("10:30:00", CONNECT, QUERY), "query"),
        (at("10:05:09", CONNECT, QUERY), "query"),
        (at("10:05:09", QUERY), "query"),
        (at("10:30:00", CONNECT, PLAIN), "plain"),
        (at("10:05:09", PLAIN), "plain"),
        (at("10:05:09", CONNECT), "other"),
        (at("10:05:09", CONNECT, ["getting 2nd port"]), "other"),
        (at("10:05:09", ["NIM Service Handler started from SRC"]), "service"),
        (at("13:00:00", ["connection ended by hand"]), "other"),
    ],
)
def test_lines_of_another_connection_do_not_end_a_hang(later, kind):
    assert ends(at("10:05:04", CONNECT, TLS) + later) == ["hung", kind]


def test_blank_lines_and_line_ends_of_another_system_change_nothing():
    text = at("10:05:04", CONNECT, TLS).replace("\n", "\r\n\r\n")
    session = parse(text).newest_loaded()
    assert (session.end, session.last.line) == (SessionEnd.HUNG, 13)


@pytest.mark.parametrize("prefix", ["", "2017 ", "  "])
def test_the_date_is_optional(prefix):
    session = parse("".join(f"{prefix}{line}\n" for line in TLS)).newest_loaded()
    assert (session.end, session.ended) == (SessionEnd.HUNG, None)


def test_a_remark_under_dated_lines_is_no_answer():
    assert ends(at("10:05:04", TLS) + "\nNIMSH will hang on key exchanges.\n") == ["hung"]


def test_a_second_push_that_begins_before_the_first_ended_is_marked():
    log = parse(at("10:05:04", CONNECT, TLS) + at("10:06:00", CONNECT, TLS))
    assert [(session.end.value, session.overlapped) for session in log.sessions] == [("hung", False), ("hung", True)]


def test_steps_of_interleaved_sessions_go_to_the_session_that_lacks_them():
    mixed = [TLS[0], TLS[0], TLS[1], TLS[1], TLS[2], TLS[2], TLS[3], TLS[3]]
    log = parse(at("10:05:04", mixed))
    assert [(session.end.value, session.overlapped) for session in log.sessions] == [("hung", True), ("hung", True)]


RUN = ["command to exec __ /usr/bin/uname -m 2>/dev/null", "command to exec __ /usr/bin/chmod 755 /tmp/site_tool"]


def test_commands_that_were_run_are_a_push_that_came_through_and_say_nothing_of_tls():
    log = parse(at("07:21:00", RUN) + at("09:00:00", RUN))
    assert [session.end for session in log.sessions] == [SessionEnd.COMMANDS, SessionEnd.COMMANDS]
    assert log.newest_loaded() is None and log.newest_push().last.line == 4 and log.newest_setting() is None


def test_a_command_that_was_run_after_create_bio_means_that_the_handshake_went_on():
    log = parse(at("10:05:04", TLS, RUN[:1]) + at("11:00:00", TLS))
    assert ends(at("10:05:04", TLS, RUN[:1])) == ["went-on"]
    assert log.sessions[0].went_on.line == 5 and log.newest_loaded().end is SessionEnd.HUNG
    # hours later it is another push: the one at `create BIO` did hang
    assert ends(at("10:05:04", TLS) + at("12:00:00", RUN)) == ["hung", "commands"]
    assert ends(at("10:05:04", TLS[:3], RUN)) == ["went-on"]


@pytest.mark.parametrize("kept", [TLS[1:], TLS[2:], TLS[3:]])
@pytest.mark.parametrize("before", ["", "Hello, our log says:\n"])
def test_lines_of_a_handshake_whose_beginning_was_cut_off_may_be_a_hang(kept, before):
    log = parse(before + at("08:30:01", kept))
    session = log.newest_loaded()
    assert session.end is SessionEnd.HUNG and session.cut
    assert session.loaded.text.endswith(kept[0]) and session.last.text.endswith("create BIO")


def test_a_session_whose_beginning_was_cut_off_and_that_went_on_did_not_hang():
    log = parse(at("08:30:01", TLS[2:], ANSWER) + at("09:00:00", TLS, ANSWER))
    assert [session.end for session in log.sessions] == [SessionEnd.WENT_ON, SessionEnd.WENT_ON]
    assert [session.cut for session in log.sessions] == [True, False]


def test_only_the_first_session_of_a_text_can_have_lost_its_beginning():
    log = parse(at("08:30:01", TLS, ANSWER) + at("09:00:00", CONNECT, TLS[1:]))
    assert not any(session.cut for session in log.sessions)


@pytest.mark.parametrize("date", ["2017 ", "... 2017 ", ".. ", "\u2026 2017 "])
def test_a_date_that_was_cut_is_no_part_of_the_message(date):
    log = parse("".join(f"{date}{line}\n" for line in TLS))
    assert log.newest_loaded().end is SessionEnd.HUNG and not log.newest_loaded().cut


def test_the_object_error_is_quoted():
    session = parse(at("10:05:04", TLS, ["Error connecting to SSL object"])).newest_loaded()
    assert session.end is SessionEnd.OBJECT_ERROR
    assert session.error.text.endswith("Error connecting to SSL object")


def test_a_refused_cpu_id_is_a_refusal():
    error = "error: remote value passed, '00F6A1B24C00', does not match environment value '00F6A1B14C00'"
    assert ends(at("10:05:04", CONNECT, [error])) == ["refused"]


def test_the_setting_passed_is_kept_with_its_line():
    session = parse(at("10:05:04", CONNECT, PLAIN)).newest_setting()
    assert (session.setting, session.setting_line.line) == (0, 6)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\x00\x01\x02" * 50, b"root: 3 :: 5\nnothing here\n"])
def test_what_is_no_log_is_no_evidence(content):
    with pytest.raises(BadEvidence):
        parse(content)


def test_rotated_logs_become_one_in_their_order():
    log = NimshLog.combine([parse(at("09:00:00", TLS, ANSWER)), parse(at("10:05:04", TLS))])
    assert [session.end.value for session in log.sessions] == ["went-on", "hung"]
    assert log.first_time == datetime(2025, 3, 14, 9, 0, 0)


KINDS = {
    "hung": (CONNECT, TLS),
    "went-on": (CONNECT, TLS, ANSWER),
    "query": (CONNECT, QUERY),
    "plain": (CONNECT, PLAIN),
}


@given(kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=30, max_size=90), window=st.integers(2000, 5000))
def test_a_log_larger_than_the_window_counts_as_one_read_whole(kinds, window):
    text = "".join(at(f"{10 + n // 60:02d}:{n % 60:02d}:00", *KINDS[kind]) for n, kind in enumerate(kinds))
    whole = parse(text)
    cut = NimshLog.of([LogPart(Text.of(text, LOG), Limits(window=window, chunk=512))])
    assert cut.lines == whole.lines
    newest, same = (
        (one.end, one.first, one.last, one.started, one.ended, one.loaded, one.went_on, one.setting_line)
        for one in (next(log.newest_first()) for log in (cut, whole))
    )
    assert newest == same, "line numbers and quotes are those of the whole file"
    counted = {end: count for end, count in cut.counts().items() if end is not SessionEnd.QUERY}
    assert counted == {end: count for end, count in whole.counts().items() if end is not SessionEnd.QUERY}
    assert (cut.first_time, cut.last_time) == (whole.first_time, whole.last_time)


def test_only_the_newest_thousand_sessions_are_kept_as_objects():
    log = parse("".join(at(f"{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}", TLS, ANSWER) for n in range(1500)))
    assert len(log.sessions) == 1000
    assert log.counts()[SessionEnd.WENT_ON] == 1500
    assert log.sessions[-1].last.line == 1500 * 8


def test_one_line_of_megabytes_is_cut_and_the_rest_still_read():
    log = parse(at("10:05:04", TLS, ANSWER) + "x" * 20_000_000 + "\n" + at("11:05:04", CONNECT, TLS))
    assert log.newest_loaded().end is SessionEnd.HUNG
    assert log.newest_loaded().last.line == 8 + 1 + 7


def test_of_a_log_beyond_two_gibibytes_the_newest_part_is_judged_and_nothing_before_it_is_read():
    text = at("10:05:04", CONNECT, TLS, ANSWER) * 20 + at("11:00:00", CONNECT, TLS)
    log = NimshLog.of([LogPart(Text.of(text, LOG), Limits(window=2000, largest=100))])
    session = log.newest_loaded()
    assert session.end is SessionEnd.HUNG
    assert (session.last.line, session.last.text) == (None, "Fri Mar 14 11:00:00 2025        create BIO")
    assert not log.all_counted and log.lines is None
    assert NimshLog.of([LogPart(Text.of(text, LOG), Limits(window=2000))]).all_counted


def test_a_log_that_is_rotated_while_it_is_read_is_quoted_without_numbers():
    old = at("10:05:04", CONNECT, TLS, ANSWER) * 20 + at("11:00:00", CONNECT, TLS)
    contents = [old.encode(), at("12:00:00", CONNECT).encode(), old.replace("11:00", "12:00").encode()]
    log = NimshLog.of([LogPart(Text(LOG, lambda: io.BytesIO(contents.pop(0))), Limits(window=2000))])
    assert log.newest_loaded().last == (LOG, None, "Fri Mar 14 11:00:00 2025        create BIO")
    assert not log.all_counted
