"""The master's end of a push, up to the client's acknowledgement.

Run by the stand-in `nim` as `python push.py MASTER_TREE CLIENT_TREE SETTING METHOD`. Exit 0 when
the client let us in, 1 with the reason on stdout when it refused; a handshake that fails never
comes back.
"""

import os
import socket
import ssl
import sys
import time
from typing import Dict


def main(master: str, client: str, setting: str, method: str) -> int:
    """The dialog in clear, then with SETTING 1 the handshake."""
    host = _host(master)
    machine = _host(client)["MACHINE_ID"]
    try:
        with open(os.path.join(client, ".lab", "nimsh_port"), encoding="ascii") as stream:
            port = int(stream.read())
        connection = socket.create_connection(("127.0.0.1", port))
    except (OSError, ValueError):
        return _refused("Connection refused")
    command = f"/usr/lpp/bos.sysmgt/nim/methods/{method}"
    dialog = ("0", machine, host["MACHINE_ID"], command, host["NAME"], setting)
    connection.sendall("".join(f"{word}\n" for word in dialog).encode("ascii"))
    answer = _line(connection)
    if answer == "ack":
        return 0
    if answer != "tls":
        return _refused(answer or "Connection reset by peer")
    own = os.path.join(master, "ssl_nimsh")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    try:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_verify_locations(os.path.join(own, "certs", "root.pem"))
        context.load_cert_chain(os.path.join(own, "certs", "client.pem"), os.path.join(own, "keys", "clientkey.pem"))
    except OSError:
        return _refused("/ssl_nimsh cannot be loaded")
    # its own files it takes as they are; of the other end an updated OpenSSL takes no SHA-1
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    secured = context.wrap_socket(connection, do_handshake_on_connect=False)
    try:
        secured.do_handshake()
        secured.sendall(b"push\n")
        if secured.recv(16) == b"ack\n":
            return 0
    except OSError:
        pass
    while os.path.exists(os.path.join(master, ".lab")):  # connected and silent
        time.sleep(0.5)
    return 1


def _refused(reason: str) -> int:
    print(reason)
    return 1


def _line(connection: socket.socket) -> str:
    """One line byte by byte, so that nothing of the handshake is taken away."""
    raw = b""
    while not raw.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        raw += byte
    return raw.decode("ascii", "replace").strip()


def _host(tree: str) -> Dict[str, str]:
    with open(os.path.join(tree, ".lab", "host"), encoding="utf-8") as stream:
        pairs = (line.partition("=") for line in stream.read().splitlines())
        return {name: value.strip("'") for name, _, value in pairs}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
