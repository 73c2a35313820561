"""What the tests of the probes share: a tftp server on loopback that says what it is told to, and live hosts."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import pytest

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.live import LiveHost
from nimdoctor.library.registry import Registry

LOOPBACK = "127.0.0.1"
TIMEOUT = 0.2
"""Seconds, where nobody answers."""
PATIENT = 10.0
"""Seconds, where somebody answers: that ends the waiting, so only a busy machine needs them."""
AGAIN = 0.6
"""Seconds, where the second request is answered."""
SLACK = 2.0
"""Seconds by which a busy machine may be late."""

REPOSITORY = Path(__file__).resolve().parents[2]


def audited(program: str, *words: str) -> str:
    """The last line that a process of its own says of itself, which runs this program with these words."""
    ended = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=REPOSITORY,
        env=dict(os.environ),
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ended.stderr.splitlines()[-1]


Packets = List[Tuple[bytes, Tuple[Any, ...]]]


class TftpServer:
    """Answers each request with the next of `replies` (then with the last again), None being silence.

    `requests` and `later` hold what came, with its sender: at the port itself, and at the ports that
    the answers were sent from. As tftp does, every answer comes from a new port, unless
    `from_itself`; `answers_as` is the address it comes from.
    """

    def __init__(self, *replies: Optional[bytes], address: str = LOOPBACK) -> None:
        self.replies = list(replies)
        self.requests: Packets = []
        self.later: Packets = []
        self.from_itself = False
        self.answers_as = address
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(self._family, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; `later` is complete then."""
        if not self._thread.is_alive():
            return
        with socket.socket(self._family, socket.SOCK_DGRAM) as one:
            one.sendto(b"end", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            packet, sender = self._socket.recvfrom(1024)
            if packet == b"end":
                return
            self.requests.append((packet, sender))
            reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
            if reply is not None:
                self._answer(reply, sender)

    def _answer(self, reply: bytes, sender: Tuple[Any, ...]) -> None:
        if self.from_itself:
            self._socket.sendto(reply, sender)
            return
        with socket.socket(self._family, socket.SOCK_DGRAM) as one:
            one.bind((self.answers_as, 0))
            one.sendto(reply, sender)
            if reply[:2] == b"\0\3":
                one.settimeout(2)
                self.later.append(one.recvfrom(1024))


@pytest.fixture
def tftp() -> Iterator[Callable[..., TftpServer]]:
    """Starts a server with these replies."""
    started: List[TftpServer] = []

    def start(*replies: Optional[bytes], **more: Any) -> TftpServer:
        started.append(TftpServer(*replies, **more))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def closed_port() -> int:
    """A port of loopback, below those that connections get, on which nothing listens, tcp or udp."""
    for port in range(20000, 30000):
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with closing(socket.socket(socket.AF_INET, kind)) as one:
                    one.bind((LOOPBACK, port))
        except OSError:
            continue
        return port
    raise AssertionError("no free port")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket on loopback."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        one.listen(64)
        yield one


@pytest.fixture
def root(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file system below a directory: texts by path; commands are shell scripts by name."""

    def make(files: Optional[Dict[str, str]] = None, commands: Optional[Dict[str, str]] = None) -> Path:
        place = tmp_path / "root"
        for path, text in (files or {}).items():
            target = place / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        for name, script in (commands or {}).items():
            program = place / "usr" / "sbin" / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
        return place

    return make


@pytest.fixture
def live(root: Callable[..., Path]) -> Callable[..., Host]:
    """The same as a live host, with a short timeout. It stands for the running system, whose network is its own, unless
    `network` is False.
    """

    def make(
        files: Optional[Dict[str, str]] = None,
        commands: Optional[Dict[str, str]] = None,
        timeout: float = 5.0,
        network: bool = True,
        **more: Any,
    ) -> Host:
        evidence = LiveHost(str(root(files, commands)), timeout=timeout, **more)
        evidence.network = network
        return Host(evidence, Registry().catalog)

    return make
