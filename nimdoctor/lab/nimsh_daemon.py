"""nimsh of one tree: listens on a loopback port, and does the handshake of a push with the tree's own files.

Run by the stand-ins as `python nimsh_daemon.py TREE PID [STARTED]`, with nothing but the standard
library; it comes back when it listens. A handshake that fails is not ended: both ends stay connected and
silent, which is the hang that people see. It ends when told, when its tree is gone or has another
nimsh, and some time after the lab's own process has ended.
"""

import os
import select
import signal
import socket
import ssl
import sys
import time
from datetime import datetime
from typing import Dict, List, Optional

PATIENCE = 120.0
"""Seconds that a daemon goes on after the process that built the lab has ended, unless .lab/patience says otherwise."""
_TICK = 0.5


class Nimsh:
    """The daemon; `pid` is the process id that the lab shows for it, `started` when it seems to have
    started (epoch seconds), None for now, which it then logs."""

    def __init__(self, root: str, pid: str, started: Optional[str] = None) -> None:
        self.root = root
        self.lab = os.path.join(root, ".lab")
        self.pid = pid
        self.started = started
        self.host = self._host()
        self.arguments = self._read("nimsh_args")
        self._left_at: Optional[float] = None

    def start(self) -> None:
        """Returns in the caller once the daemon listens, and never in the daemon."""
        ready, writer = os.pipe()
        if os.fork():
            os.close(writer)
            # nothing comes through when the daemon died before it listened
            sys.exit(0 if os.read(ready, 1) else 1)
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(16)
            self._write("nimsh_port", f"{listener.getsockname()[1]}\n")
            if self.started is None:
                self.log("NIM Service Handler started from SRC")
            since = self.started or int(time.time())
            self._write(f"proc/{self.pid}", f"3211664 {since} {os.getpid()} /usr/sbin/nimsh {self.arguments}\n")
            os.write(writer, b".")
            os.close(writer)
            os.close(ready)
            self._serve(listener)
        os._exit(0)

    def _serve(self, listener: socket.socket) -> None:
        while self._wanted():
            if not select.select([listener], [], [], _TICK)[0]:
                continue
            connection, _ = listener.accept()
            if os.fork():
                connection.close()
                continue
            listener.close()
            self._child(connection)

    def _wanted(self) -> bool:
        """Whether tree, process row and lab are still there."""
        if not os.path.exists(os.path.join(self.lab, "proc", self.pid)):
            return False
        return self._lab_lives()

    def _lab_lives(self) -> bool:
        try:
            os.kill(int(self._read("owner")), 0)
        except PermissionError:
            pass
        except (OSError, ValueError):
            now = time.monotonic()
            self._left_at = self._left_at or now
            return now - self._left_at < float(self._read("patience") or PATIENCE)
        self._left_at = None
        return True

    # -- one connection

    def _child(self, connection: socket.socket) -> None:
        row = str(4194304 + os.getpid() % 100000 * 64 + 4)
        self._write(f"proc/{row}", f"{self.pid} {int(time.time())} {os.getpid()} /usr/sbin/nimsh {self.arguments}\n")
        try:
            self._talk(connection)
        except OSError:
            pass  # the master went away
        finally:
            try:
                os.unlink(os.path.join(self.lab, "proc", row))
            except OSError:
                pass
            os._exit(0)

    def _talk(self, connection: socket.socket) -> None:
        request = _lines(connection, 6)
        query, machine, master_id, command, master, setting = request
        self.log(
            "",
            "file descriptor is : 6",
            f"source addr is : {self.host['MASTER_ADDRESS']}",
            f"source hostname is : {master}",
            "getting 2nd port",
            f"success: we got 1st write query is {query}",
            f"success: we got 2nd write local id is {machine}",
            f"success: we got 3rd write remote id is {master_id}",
            f"success: we got 4th write command is {command}",
            f"success: we got 5th write Master hostname is {master}",
            f"success: we got 6th write Openssl setting is {setting}",
        )
        own = "1" if "-c" in self.arguments.split() else "0"
        for passed, known in ((machine, self.host["MACHINE_ID"]), (master_id, self.host["MASTER_ID"]), (setting, own)):
            if passed != known:
                self.log(f"error: remote value passed, '{passed}', does not match environment value '{known}'")
                connection.sendall(b"authentication failed\n")
                return
        if setting == "0":
            self.log("sending ack to client..")
            connection.sendall(b"ack\n")
            return
        self._handshake(connection)

    def _handshake(self, connection: socket.socket) -> None:
        pem = os.path.join(self.root, "ssl_nimsh", "certs", "server.pem")
        self.log("Loading certificates..", "")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            context.load_verify_locations(pem)
            self.log("Negotiating SSL_CTX object using SSLv23_method", "Loading private key file..")
            context.load_cert_chain(pem)
        except OSError:
            connection.sendall(b"Connection reset by peer\n")
            return
        self.log("create BIO")
        if self._read("nimsh_libraries") != "fresh":
            self.log("Error connecting to SSL object")
            connection.sendall(b"Error connecting to SSL object\n")
            return
        connection.sendall(b"tls\n")
        secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
            # TLS 1.3: only the master's first word tells that it took our certificate
            if not secured.recv(16):
                return
        except ssl.SSLError:
            self._hang(secured)
            return
        self.log("sending ack to client..")
        secured.sendall(b"ack\n")

    def _hang(self, connection: socket.socket) -> None:
        """Until the master goes away, or the lab does."""
        while os.path.exists(self.lab) and self._lab_lives():
            if select.select([connection], [], [], _TICK)[0] and not socket.socket.recv(connection, 65536):
                return

    # -- files of the tree

    def log(self, *lines: str) -> None:
        """Lines of nimsh.log, each with its stamp; an empty one has none."""
        now = datetime.now()
        stamp = f"{now:%a %b} {now.day:2} {now:%H:%M:%S %Y}"
        with open(os.path.join(self.root, "var", "adm", "ras", "nimsh.log"), "a", encoding="ascii") as stream:
            stream.write("".join(f"{stamp} {line}\n" if line else "\n" for line in lines))

    def _read(self, name: str) -> str:
        try:
            with open(os.path.join(self.lab, name), encoding="utf-8") as stream:
                return stream.read().strip()
        except OSError:
            return ""

    def _write(self, name: str, text: str) -> None:
        place = os.path.join(self.lab, f"new.{os.getpid()}")
        with open(place, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(place, os.path.join(self.lab, name))

    def _host(self) -> Dict[str, str]:
        pairs = (line.partition("=") for line in self._read("host").splitlines())
        return {name: value.strip("'") for name, _, value in pairs}


def _lines(connection: socket.socket, number: int) -> List[str]:
    """That many lines of the dialog in clear; raises OSError when the other end stops before."""
    raw = b""
    while raw.count(b"\n") < number:
        chunk = connection.recv(4096)
        if not chunk:
            raise ConnectionError("the dialog was broken off")
        raw += chunk
    return raw.decode("ascii", "replace").splitlines()[:number]


if __name__ == "__main__":
    Nimsh(*sys.argv[1:]).start()
