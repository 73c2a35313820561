"""A connect tells whether something listens; nothing is sent over it."""

import errno
import re
import socket
import time

import pytest

from nimdoctor.probe import ProbeAnswer, port_answer

from .conftest import LOOPBACK, PATIENT, SLACK, TIMEOUT


def test_a_listener_accepts_and_gets_nothing(listener):
    assert port_answer(LOOPBACK, listener.getsockname()[1], PATIENT) == ProbeAnswer(True, "accepts connections")
    accepted, _ = listener.accept()
    with accepted:
        accepted.settimeout(2)
        assert accepted.recv(1) == b""


def test_a_closed_port_refuses_without_waiting(closed_port):
    assert port_answer(LOOPBACK, closed_port, 30) == ProbeAnswer(False, "refuses connections: nothing listens there")


def test_a_later_address_is_tried_where_an_earlier_one_refuses(listener, closed_port, monkeypatch):
    rows = [(socket.AF_INET, 0, 0, "", (LOOPBACK, port)) for port in (closed_port, listener.getsockname()[1])]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: rows)
    assert port_answer("nim1", 1058, PATIENT).answered is True


def test_silence_ends_in_time():
    with socket.socket() as busy:
        busy.bind((LOOPBACK, 0))
        busy.listen(0)
        waiting = []
        for _ in range(8):  # nobody accepts: once the queue is full, the system drops what comes
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(busy.getsockname())
            waiting.append(one)
        began = time.monotonic()
        answer = port_answer(LOOPBACK, busy.getsockname()[1], TIMEOUT)
        passed = time.monotonic() - began
        for one in waiting:
            one.close()
    if answer.answered:
        pytest.skip("this system's queue is longer")
    assert answer == ProbeAnswer(False, "no answer within 0.2 s (a firewall, or the host is down)")
    assert passed < TIMEOUT + SLACK


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (socket.timeout("timed out"), False),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), False),
        (OSError(errno.EHOSTUNREACH, "No route to host"), False),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), False),
        (OSError(errno.ECONNRESET, "Connection reset by peer"), False),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), None),
        (OSError(errno.EMFILE, "Too many open files"), None),
    ],
)
def test_trouble_of_the_network_is_an_answer_that_of_this_host_is_none(error, answered, monkeypatch):
    def connect(self, place):
        raise error

    monkeypatch.setattr(socket.socket, "connect", connect)
    answer = port_answer(LOOPBACK, 3901, TIMEOUT)
    assert answer.answered is answered
    assert re.fullmatch("[ -~]+", answer.says)


@pytest.mark.parametrize(("host", "port"), [("", 3901), (LOOPBACK, 0), (LOOPBACK, 70000), ("a\0b", 3901)])
def test_nobody_to_ask_is_not_known(host, port):
    assert port_answer(host, port, TIMEOUT).answered is None
