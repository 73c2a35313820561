"""Whether tftp lives on a host: one read request for a file that cannot exist (RFC 1350).

An error answer is as good as a file: somebody read the request. Nothing is written anywhere, and
only an answer that goes on (a data packet) is answered, so that the transfer ends.
"""

import os
import selectors
import socket
import struct
import sys
from typing import NamedTuple, Optional, Set, Tuple

from nimdoctor.probe.answer import Address, Deadline, ProbeAnswer, addresses, reason, shown, unreachable

PREFIX = "nimdoctor-probe-"
"""How the name that is asked for begins; random digits follow, and no directory stands before it."""

_READ_REQUEST, _DATA, _ERROR = 1, 3, 5
_STOP = struct.pack("!HH", _ERROR, 0) + b"not wanted\0"
_DATAGRAMS = 64
"""Datagrams read at one go before the clock is looked at again."""

# Linux shares a port among sockets of SO_REUSEADDR and spreads what comes over those of
# SO_REUSEPORT; BSD and its heirs, AIX among them, want SO_REUSEPORT
_SHARING = [socket.SO_REUSEADDR] + ([] if sys.platform == "linux" else [socket.SO_REUSEPORT])


class Reply(NamedTuple):
    """One packet that a tftp server sends: an error with its code and text, or data."""

    data: bool
    code: int = 0
    text: str = ""


def parse(packet: bytes) -> Optional[Reply]:
    """What a server's packet means, None for anything that is no answer to a read request.

    >>> parse(b"\\0\\5\\0\\1File not found\\0")
    Reply(data=False, code=1, text='File not found')
    >>> parse(b"\\0\\3\\0\\1...").data, parse(b"garbage")
    (True, None)
    """
    if len(packet) < 4:
        return None
    kind, number = struct.unpack("!HH", packet[:4])
    if kind == _DATA:
        return Reply(True)
    if kind == _ERROR:
        return Reply(False, number, packet[4:].split(b"\0", 1)[0].decode("ascii", "backslashreplace"))
    return None


def tftp_answer(host: str, port: int = 69, timeout: float = 5.0) -> ProbeAnswer:
    """Asks the host for a file that cannot exist; True for any answer of tftp within `timeout` seconds.

    False when the host refuses or keeps silent, None when it could not be asked. An unanswered
    request is repeated once, at half of the time. Raises nothing for trouble of the network.
    """
    deadline = Deadline(timeout)
    found = addresses(host, port, socket.SOCK_DGRAM, deadline)
    if isinstance(found, str):
        return ProbeAnswer(None, found)
    known = {address.number for address in found}
    answer = ProbeAnswer(None, f"{shown(host)} has no address")
    for position, address in enumerate(found):
        # a later address is asked only where an earlier one was of no use, so the time is shared
        share = Deadline(deadline.left() / (len(found) - position))
        answer = _ask(address, known, share, shown(host), deadline.words())
        if answer.answered:
            break
    return answer


def _ask(address: Address, known: Set[str], deadline: Deadline, host: str, within: str) -> ProbeAnswer:
    try:
        with _Ask(address) as ask:
            reply = ask.reply(known, deadline)
    except ConnectionRefusedError:
        return ProbeAnswer(False, f"port {address.place[1]}/udp is refused: tftp is off there")
    except OSError as error:
        if unreachable(error):
            return ProbeAnswer(False, f"cannot be reached: {reason(error)}")
        return ProbeAnswer(None, f"cannot be asked: {reason(error)}")
    if reply is None:
        besides = f"; {ask.stray}" if ask.stray else ""
        return ProbeAnswer(False, f"no answer within {within} (a firewall, or tftp is off){besides}")
    if reply.data:
        return ProbeAnswer(True, f"tftp on {host} answers: it sends data for a name that cannot exist")
    return ProbeAnswer(True, f"tftp on {host} answers: {shown(f'error {reply.code} {reply.text}')}")


class _Ask:
    """One read request under way.

    tftp answers from another port than the one that was asked, which only a socket that is not
    connected hears; that the host refuses reaches only one that is. So there are two, on one port.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.stray = ""
        name = PREFIX + os.urandom(8).hex()
        self._request = struct.pack("!H", _READ_REQUEST) + name.encode("ascii") + b"\0octet\0"
        self._listening = socket.socket(address.family, socket.SOCK_DGRAM)
        self._sockets = [self._listening]
        try:
            self._listening.setblocking(False)
            self._listening.bind(("", 0))
            self._asking = self._connected()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "_Ask":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for one in self._sockets:
            one.close()

    def reply(self, known: Set[str], deadline: Deadline) -> Optional[Reply]:
        """The first answer from one of the known addresses, None when there is none in time. Raises OSError."""
        with selectors.DefaultSelector() as selector:
            for one in self._sockets:
                selector.register(one, selectors.EVENT_READ)
            for until in (deadline.seconds / 2, 0.0):
                self._send()
                while deadline.left() > until:
                    for key, _ in selector.select(deadline.left() - until):
                        found = self._read(key.fileobj, known)  # type: ignore[arg-type]
                        if found:
                            return found
        return None

    def _connected(self) -> Optional[socket.socket]:
        """A second socket on the same port, None where this system does not share one."""
        one = socket.socket(self.address.family, socket.SOCK_DGRAM)
        self._sockets.append(one)
        one.setblocking(False)
        try:
            for option in _SHARING:
                self._listening.setsockopt(socket.SOL_SOCKET, option, 1)
                one.setsockopt(socket.SOL_SOCKET, option, 1)
            one.bind(self._listening.getsockname())
        except OSError:
            self._sockets.remove(one)
            one.close()
            return None
        one.connect(self.address.place)
        return one

    def _send(self) -> None:
        if self._asking:
            self._asking.send(self._request)
        else:
            self._listening.sendto(self._request, self.address.place)

    def _read(self, one: socket.socket, known: Set[str]) -> Optional[Reply]:
        for _ in range(_DATAGRAMS):
            try:
                packet, sender = one.recvfrom(65536)
            except BlockingIOError:
                break
            found = parse(packet)
            number = shown(str(sender[0]).split("%", 1)[0])
            if found and number in known:
                if found.data:
                    self._end(sender)
                return found
            self.stray = f"{number} answered, which is another address" if found else "what came back is not tftp"
        return None

    def _end(self, sender: Tuple[str, int]) -> None:
        try:
            self._listening.sendto(_STOP, sender)
        except OSError:
            pass  # the server gives up by itself after a while
