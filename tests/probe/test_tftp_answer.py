"""tftp is asked for a file that cannot exist; whatever comes back is told from silence and refusal."""

import errno
import re
import socket
import threading
import time

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.probe import ProbeAnswer, tftp_answer
from nimdoctor.probe import tftp as module
from nimdoctor.probe.tftp import parse

from .conftest import AGAIN, LOOPBACK, PATIENT, SLACK, TIMEOUT, TftpServer

NOT_FOUND = b"\0\5\0\1File not found\0"
DENIED = b"\0\5\0\2Access violation\0"
DATA = b"\0\3\0\1-----BEGIN"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_an_error_is_an_answer(tftp):
    server = tftp(NOT_FOUND)
    assert tftp_answer(LOOPBACK, server.port, PATIENT) == ProbeAnswer(
        True, "tftp on 127.0.0.1 answers: error 1 File not found"
    )


def test_a_refusal_by_tftpaccess_is_an_answer_too(tftp):
    server = tftp(DENIED)
    assert tftp_answer(LOOPBACK, server.port, PATIENT).says.endswith("answers: error 2 Access violation")


def test_one_read_request_is_sent_for_a_name_that_cannot_exist(tftp):
    server = tftp(NOT_FOUND)
    tftp_answer(LOOPBACK, server.port, PATIENT)
    tftp_answer(LOOPBACK, server.port, PATIENT)
    (first, sender), (second, _) = server.requests
    assert re.fullmatch(rb"\x00\x01nimdoctor-probe-[0-9a-f]{16}\x00octet\x00", first)
    assert first != second
    assert sender[1] >= 1024


def test_an_answer_from_the_port_that_was_asked_counts(tftp):
    server = tftp(NOT_FOUND)
    server.from_itself = True
    assert tftp_answer(LOOPBACK, server.port, PATIENT).answered is True


def test_data_is_an_answer_and_is_told_to_stop(tftp):
    server = tftp(DATA)
    answer = tftp_answer(LOOPBACK, server.port, PATIENT)
    assert answer == ProbeAnswer(True, "tftp on 127.0.0.1 answers: it sends data for a name that cannot exist")
    server.close()
    assert [packet[:4] for packet, _ in server.later] == [b"\0\5\0\0"]
    assert server.later[0][1] == server.requests[0][1]


def test_an_unanswered_request_is_repeated_once(tftp):
    server = tftp(None, NOT_FOUND)
    assert tftp_answer(LOOPBACK, server.port, AGAIN).answered is True
    (first, _), (second, _) = server.requests
    assert first == second


def test_silence_is_no_answer_and_ends_in_time(tftp):
    server = tftp(None)
    began = time.monotonic()
    answer = tftp_answer(LOOPBACK, server.port, TIMEOUT)
    assert TIMEOUT <= time.monotonic() - began < TIMEOUT + SLACK
    assert answer == ProbeAnswer(False, "no answer within 0.2 s (a firewall, or tftp is off)")
    server.close()
    assert len(server.requests) == 2


def test_a_closed_port_is_a_refusal_without_waiting(closed_port):
    began = time.monotonic()
    answer = tftp_answer(LOOPBACK, closed_port, 30)
    assert answer == ProbeAnswer(False, f"port {closed_port}/udp is refused: tftp is off there")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "packet", [b"", b"\0", b"\0\5\0", b"garbage", b"\0\1name\0octet\0", b"\0\4\0\1", b"\0\6blksize\0", b"\5\0\1\0x\0"]
)
def test_what_is_not_tftp_is_no_answer(tftp, packet):
    server = tftp(packet)
    answer = tftp_answer(LOOPBACK, server.port, 0.1)
    assert answer.answered is False
    assert answer.says.endswith("; what came back is not tftp")


def test_garbage_before_an_answer_does_not_hide_it(tftp):
    server = tftp(b"garbage", NOT_FOUND)
    assert tftp_answer(LOOPBACK, server.port, AGAIN).answered is True


def test_an_answer_from_another_address_does_not_count(tftp):
    server = tftp(NOT_FOUND)
    server.answers_as = "127.0.0.2"
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind((server.answers_as, 0))
    except OSError:
        pytest.skip("this system has one address on loopback")
    answer = tftp_answer(LOOPBACK, server.port, TIMEOUT)
    assert answer.answered is False
    assert answer.says.endswith("; 127.0.0.2 answered, which is another address")


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on loopback")
def test_ipv6(tftp, closed_port):
    server = tftp(NOT_FOUND, address="::1")
    assert tftp_answer("::1", server.port, PATIENT).says == "tftp on ::1 answers: error 1 File not found"
    assert tftp_answer("::1", closed_port, PATIENT).answered is False


def test_a_later_address_is_asked_where_an_earlier_one_refuses(tftp, closed_port, monkeypatch):
    server = tftp(NOT_FOUND)
    rows = [(socket.AF_INET, 0, 0, "", (LOOPBACK, port)) for port in (closed_port, server.port)]
    rows.insert(0, (12345, 0, 0, "", ("an address of no known family",)))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: rows)
    assert tftp_answer("nim1", 69, PATIENT) == ProbeAnswer(True, "tftp on nim1 answers: error 1 File not found")


def test_without_a_shared_port_answers_are_heard_and_a_refusal_is_silence(tftp, closed_port, monkeypatch):
    monkeypatch.setattr(module, "_SHARING", [])
    server = tftp(NOT_FOUND)
    assert tftp_answer(LOOPBACK, server.port, PATIENT).answered is True
    assert tftp_answer(LOOPBACK, closed_port, TIMEOUT).answered is False


# -- what cannot be asked


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("", 69, "no host is named"),
        (" ", 69, "no host is named"),
        (LOOPBACK, 0, "0 is no port"),
        (LOOPBACK, -1, "-1 is no port"),
        (LOOPBACK, 65536, "65536 is no port"),
        ("a\0b", 69, "a\\x00b cannot be resolved: "),
        ("x" * 70 + ".example.com", 69, "x.example.com cannot be resolved: "),
        ("\udcff", 69, "\\udcff cannot be resolved: "),
    ],
)
def test_nobody_to_ask_is_not_known(host, port, says, monkeypatch):
    real = socket.getaddrinfo

    def local_only(name, *rest):
        if name.replace("x", "") == ".example.com":
            raise UnicodeError("label too long")
        return real(name, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)
    answer = tftp_answer(host, port, TIMEOUT)
    assert answer.answered is None
    assert says in answer.says


def test_a_name_without_an_address_is_not_known(monkeypatch):
    def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Hostname and service name not provided or found")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert tftp_answer("nim1", 69, TIMEOUT) == ProbeAnswer(
        None, "nim1 cannot be resolved: Hostname and service name not provided or found"
    )
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [])
    assert tftp_answer("nim1", 69, TIMEOUT) == ProbeAnswer(None, "nim1 has no address")


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch):
    go_on = threading.Event()

    def hanging(name, port, family=0, kind=0, protocol=0, flags=0):
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        go_on.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    assert tftp_answer("nim1", 69, TIMEOUT) == ProbeAnswer(None, "nim1 was not resolved within 0.2 s")
    go_on.set()


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_is_no_span_ends_at_once(tftp, timeout):
    server = tftp(None)
    assert tftp_answer(LOOPBACK, server.port, timeout).answered is False


@pytest.mark.parametrize(
    ("number", "answered", "says"),
    [
        (errno.EHOSTUNREACH, False, "cannot be reached: "),
        (errno.ENETUNREACH, False, "cannot be reached: "),
        (errno.EPERM, None, "cannot be asked: "),
        (errno.ENOBUFS, None, "cannot be asked: "),
    ],
)
def test_trouble_of_the_network_is_an_answer_that_of_this_host_is_none(number, answered, says, monkeypatch):
    def connect(self, place):
        raise OSError(number, "as the system says")

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert tftp_answer(LOOPBACK, 69, TIMEOUT) == ProbeAnswer(answered, f"{says}as the system says")


def test_no_socket_at_all_is_not_known(monkeypatch):
    def none_left(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", none_left)
    assert tftp_answer(LOOPBACK, 69, TIMEOUT) == ProbeAnswer(None, "cannot be asked: Too many open files")


@pytest.mark.parametrize("step", ["bind", "setblocking"])
def test_no_socket_stays_open(step, monkeypatch, recwarn):
    def refused(self, *_):
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr(socket.socket, step, refused)
    assert tftp_answer(LOOPBACK, 69, TIMEOUT).answered is None
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]


# -- anything may come back


@given(st.binary(max_size=600))
def test_any_packet_is_an_error_data_or_nothing(packet):
    reply = parse(packet)
    assert (reply is not None) == (len(packet) >= 4 and packet[:2] in (b"\0\3", b"\0\5"))


@given(st.binary(max_size=600).filter(lambda packet: packet not in (b"", b"end") and packet[:2] != b"\0\3"))
@settings(max_examples=examples(40), deadline=None)
def test_any_packet_gives_one_printable_line(packet):
    server = TftpServer(packet, NOT_FOUND)
    try:
        answer = tftp_answer(LOOPBACK, server.port, 0.04)
    finally:
        server.close()
    assert re.fullmatch("[ -~]{1,250}", answer.says)
    assert answer.answered in (True, False)


@given(st.binary(min_size=200, max_size=600))
def test_a_long_message_is_cut(message):
    from nimdoctor.probe.answer import ANSWER_LIMIT, shown

    reply = parse(b"\0\5\0\0" + message)
    assert reply is not None
    assert re.fullmatch(f"[ -~]{{0,{ANSWER_LIMIT}}}", shown(reply.text))


def test_a_flood_ends_in_time(monkeypatch):
    stop = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((LOOPBACK, 0))

        def flood():
            _, sender = one.recvfrom(1024)
            while not stop.is_set():
                one.sendto(b"garbage", sender)

        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        began = time.monotonic()
        answer = tftp_answer(LOOPBACK, one.getsockname()[1], TIMEOUT)
        stop.set()
        assert answer.answered is False
        assert time.monotonic() - began < TIMEOUT + SLACK
        thread.join()
