"""However a nimsh.log is read, from its end as far as somebody looks, forward in chunks, or line by line, it says the same;
and what is read of it for the newest verdict does not grow with it.
"""

import io
import subprocess
import sys
import textwrap
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimdoctor.facts import nimsh_session
from nimdoctor.facts.nimsh_lines import SessionStep, stamp, step_of
from nimdoctor.facts.nimsh_log import NimshLog
from nimdoctor.facts.nimsh_part import LogPart
from nimdoctor.facts.nimsh_session import Session, SessionEnd
from nimdoctor.facts.nimsh_stream import Limits, first_since, lines_before, newest_part, older_part
from nimdoctor.model.text import LINE_LIMIT, BadEvidence, Text, decode

LOG = "/var/adm/ras/nimsh.log"
BEGUN = datetime(2025, 3, 14, 10, 0, 0)
MESSAGES = [
    "file descriptor is : 0",
    "source addr is : 10.20.30.40",
    "source hostname is : nim1",
    "Loading certificates..",
    "Negotiating SSL_CTX object using SSLv23_method",
    "Loading private key file..",
    "create BIO",
    "getting 2nd port",
    "success: we got 1st write query is 0",
    "success: we got 1st write query is 1",
    "success: we got 5th write master hostname is nim1",
    "success: we got 6th write Openssl setting is 0",
    "success: we got 6th write Openssl setting is 1",
    "sending ack to client..",
    "command to exec __ /usr/bin/uname -m",
    "Error connecting to SSL object",
    "error: remote value passed, '00F6A1B24C00', does not match environment value '00F6A1B14C00'",
    "NIM Service Handler started from SRC",
    "a line that nobody has described",
    "\0\0\0",
    "caf\u00e9 " * 40,
    "",
]
STEPS = [0, 0, 0, 0, 1, 5, 121, 4000, -3600]


@st.composite
def logs(draw, most=40):
    """Text of a log: CR LF here and there, NULs, lines without a stamp, too long or half, stamps that jump back."""
    when, lines = BEGUN, []
    for _ in range(draw(st.integers(1, most))):
        when += timedelta(seconds=draw(st.sampled_from(STEPS)))
        stamped = draw(st.sampled_from(["", "2025 ", *[f"{when:%a %b %d %H:%M:%S %Y}        "] * 8]))
        message = draw(st.sampled_from(MESSAGES)) if draw(st.integers(0, 9)) else ""
        lines.append((stamped + message if message else "") + draw(st.sampled_from(["\n"] * 9 + ["\r\n"])))
    raw = "".join(lines).encode()
    return raw[draw(st.integers(0, 20)) : len(raw) - draw(st.integers(0, 20))]


CONNECT, TLS, ANSWER = MESSAGES[:3], MESSAGES[3:7], ["success: we got 1st write query is 0", "sending ack to client.."]
PIECES = [
    *([message] for message in MESSAGES[:-1]),
    *([CONNECT, [*CONNECT, *TLS], TLS[:2], TLS[:3], TLS[1:]]),
    *([[*CONNECT, *TLS, *ANSWER], [*TLS, *ANSWER], [*CONNECT, *ANSWER], ANSWER] * 2),
]


@st.composite
def pushes(draw):
    """Text of a log of whole sessions and pieces of such as run beside each other."""
    when, lines = BEGUN, []
    for piece in draw(st.lists(st.sampled_from(PIECES), max_size=25)):
        when += timedelta(seconds=draw(st.sampled_from(STEPS)))
        lines += [f"{when:%a %b %d %H:%M:%S %Y}        {message}\n" for message in piece]
    return "".join(lines).encode()


def told(session: Session):
    """All that a session says."""
    return {
        name: getattr(session, name)
        for name in (
            *("place", "end", "first", "last", "started", "ended", "loaded", "bio", "error", "setting", "setting_line"),
            *("overlapped", "master", "went_on", "cut", "may_be_a_remark"),
        )
    }


def read(raw: bytes, **limits: int) -> NimshLog:
    return NimshLog.of([LogPart(Text.of(raw, LOG), Limits(**limits))])


@pytest.mark.parametrize("back", [1, 3, 50])
@given(raw=pushes() | logs(), first=st.integers(1, 2000))
def test_from_its_end_a_log_says_what_it_says_from_its_beginning(back, raw, first):
    with pytest.MonkeyPatch.context() as patch:
        # few lines are looked back by, so that of a short log, too, only the end is looked at
        patch.setattr(nimsh_session, "_LOOKED_BACK", back)
        try:
            forward = read(raw, first=len(raw) + 1)
        except BadEvidence:
            with pytest.raises(BadEvidence):
                read(raw, first=first)
            return
        backward = read(raw, first=first)
        everything = list(map(told, forward.sessions))
        one_by_one = [told(session) for session in backward.newest_first()]
    assert one_by_one[::-1] == everything
    assert backward.counts() == forward.counts()
    newest = next((one for one in one_by_one if one["loaded"]), None)
    assert (told(backward.newest_loaded()) if newest else None) == newest


@pytest.mark.parametrize("lines", [20, 40, 80])
def test_where_each_session_ends_beside_the_next_the_first_of_them_is_looked_for(monkeypatch, lines):
    """Each `create BIO` belongs to the session before, all the way back, which shows only to who looks so far."""
    monkeypatch.setattr(nimsh_session, "_LOOKED_BACK", 5)
    begins, ends = [CONNECT[0], *TLS[:3], "sending ack to client.."], [CONNECT[0], TLS[3]]
    written = [f"{BEGUN:%a %b %d %H:%M:%S %Y}        {message}\n" for message in begins + (begins + ends) * 12]
    raw = "".join(written).encode()
    backward = read(raw, first=len("".join(written[-lines:])) + 1)
    assert [told(one) for one in backward.newest_first()] == [told(one) for one in read(raw).newest_first()]


@given(raw=logs())
def test_each_line_that_is_quoted_stands_in_the_log_under_its_number(raw):
    lines = [decode(line).rstrip("\r") for line in (one[:LINE_LIMIT] for one in raw.split(b"\n"))]
    try:
        log = read(raw, first=300)
    except BadEvidence:
        assert all(step_of(stamp(line)[1]) is SessionStep.OTHER for line in lines), "a line of it is known"
        return
    for session in log.newest_first():
        for quote in (session.first, session.last, session.loaded, session.bio, session.error, session.went_on):
            assert quote is None or lines[quote.line - 1] == quote.text
    assert log.lines == len(lines) - (not lines[-1])
    times = [when for when, _ in map(stamp, lines) if when]
    assert (log.first_time, log.last_time) == ((times[0], times[-1]) if times else (None, None))


def counted_line_by_line(raw: bytes) -> Counter:
    """Sessions by outcome, as the lines of an older part tell them, each looked at by itself."""
    found: Counter = Counter()
    waits = False
    for line in raw.decode("latin-1").split("\n"):
        bare = line.strip(" \t\r")
        if not bare:
            continue
        starts = ("file descriptor is", "source addr is", "Service Handler started", "Loading certificates")
        found["hung"] += waits and any(0 <= line.find(word) <= 40 for word in starts)
        waits = bare.rstrip(".").endswith("create BIO")
        found["loaded"] += line.count("Loading certificates")
        found["object-error"] += line.count("Error connecting to SSL object")
        found["plain"] += line.count("etting is 0")
    found["hung"] += waits
    return found


@given(raw=logs(), chunk=st.integers(5, 400))
def test_however_an_older_part_is_cut_into_chunks_its_sessions_are_counted_the_same(raw, chunk):
    raw = raw[: raw.rfind(b"\n") + 1]
    counts = older_part(io.BytesIO(raw), 0, len(raw), b"", chunk).counts
    expected = counted_line_by_line(raw)
    assert {one: counts.get(one, 0) for one in ("hung", "object-error", "plain")} == {
        one: expected[one] for one in ("hung", "object-error", "plain")
    }
    assert counts.get("went-on", 0) == max(0, expected["loaded"] - expected["hung"] - expected["object-error"])
    assert lines_before(io.BytesIO(raw), len(raw), chunk) == len(raw.split(b"\n")) - 1


@given(raw=logs(), window=st.integers(1, 3000), sessions=st.integers(1, 6))
def test_the_newest_part_is_the_end_of_the_log_from_a_line_on(raw, window, sessions):
    part = newest_part(io.BytesIO(raw), window, sessions)
    assert raw[part.begins :] == part.content and len(part.content) <= window
    begins_a_line = part.begins == 0 or raw[part.begins - 1 : part.begins] == b"\n"
    assert begins_a_line or b"\n" not in raw[-window:-1], "only a line longer than the window is cut"


def stamped(times):
    return [f"{when:%a %b %d %H:%M:%S %Y}        create BIO\n".encode() for when in times]


@given(
    steps=st.lists(st.integers(0, 100), min_size=1, max_size=60),
    undated=st.sets(st.integers(0, 59)),
    asked=st.integers(-10, 4000),
    block=st.integers(40, 300),
)
def test_the_place_of_a_time_is_found_as_by_reading_every_line(steps, undated, asked, block):
    times = [BEGUN + timedelta(seconds=sum(steps[: n + 1])) for n in range(len(steps))]
    lines = [b"no time\n" if n in undated else line for n, line in enumerate(stamped(times))]
    when = BEGUN + timedelta(seconds=asked)
    late = [n for n, time in enumerate(times) if n not in undated and time >= when]
    raw = b"".join(lines)
    expected = len(b"".join(lines[: late[0]])) if late else len(raw)
    assert first_since(io.BytesIO(raw), when, len(raw), block) == expected


@given(steps=st.lists(st.integers(-90, 100), min_size=1, max_size=60), asked=st.integers(-10, 2000))
def test_where_the_clock_was_put_back_it_is_a_place_where_the_log_passes_that_time(steps, asked):
    times = [BEGUN + timedelta(seconds=sum(steps[: n + 1])) for n in range(len(steps))]
    lines, when = stamped(times), BEGUN + timedelta(seconds=asked)
    raw = b"".join(lines)
    place = first_since(io.BytesIO(raw), when, len(raw), 60) // len(lines[0])
    if place < len(times):
        assert times[place] >= when and (place == 0 or times[place - 1] < when)
    else:
        assert times[-1] < when


def test_of_a_line_that_is_too_long_the_beginning_is_quoted():
    line = stamped([BEGUN])[0].rstrip() + b" " + b"x" * LINE_LIMIT
    log = read(line + b"\n" + stamped([BEGUN])[0])
    assert log.sessions[0].first.text == line[:LINE_LIMIT].decode() and log.lines == 2


def test_lines_of_a_hundred_megabytes_are_read_past_in_bounded_memory(tmp_path):
    place = tmp_path / "nimsh.log"
    session = b"".join(stamped([BEGUN])).replace(b"create BIO", b"Loading certificates..") + stamped([BEGUN])[0]
    with open(place, "wb") as stream:
        stream.write(session)
        for _ in range(100):
            stream.write(b"x" * (1 << 20))
        stream.write(b"\n" + session)
    script = textwrap.dedent(
        f"""
        import resource
        from nimdoctor.facts.nimsh_log import NimshLog
        from nimdoctor.model.text import Text
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        log = NimshLog.parse(Text("nimsh.log", lambda: open({str(place)!r}, "rb")))
        print(log.newest_loaded().last.line, sorted((end.value, many) for end, many in log.counts().items()))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    told, grown = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert told == "5 [('hung', 1), ('went-on', 1)]"
    assert int(grown) < 24 * 1024, "KiB"


class Counted(io.BytesIO):
    """A stream that says how much was read of it."""

    taken = 0

    def read(self, size=-1):
        found = super().read(size)
        Counted.taken += len(found)
        return found


@pytest.fixture
def made(monkeypatch):
    """How many rows of sessions were put together, and how many sessions were made."""
    counts: Counter = Counter()
    for kind in (Session, nimsh_session.SessionRow):

        def noted(self, *given, kind=kind, original=kind.__init__, **named):
            counts[kind.__name__] += 1
            original(self, *given, **named)

        monkeypatch.setattr(kind, "__init__", noted)
    return counts


def test_the_newest_verdict_reads_no_more_of_a_longer_log_and_makes_one_session(made):
    """Work, not time: bytes read, and sessions made."""
    push = b"".join(
        stamped([BEGUN])[0].replace(b"create BIO", message.encode())
        for message in ("file descriptor is : 0", *MESSAGES[3:7], "success: we got 1st write query is 0")
    )
    work = []
    for pushes in (20_000, 80_000):
        raw = push * pushes
        Counted.taken = 0
        made.clear()
        log = NimshLog.parse(Text(LOG, lambda raw=raw: Counted(raw)))
        assert log.newest_loaded().end is SessionEnd.WENT_ON
        work.append((Counted.taken, dict(made)))
    assert work == [(4 << 20, {"SessionRow": pytest.approx(32 * 1024 / len(push), abs=1), "Session": 1})] * 2
    # what a quote costs is the rest, once
    assert log.newest_loaded().last.line == 80_000 * 6
    assert Counted.taken <= len(raw) + (4 << 20) + 4096
