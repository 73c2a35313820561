"""netstat: who listens and who is connected."""

import pytest

from nimdoctor.facts.netstat import Sockets
from nimdoctor.model.text import BadEvidence, Text

HEAD = (
    "Active Internet connections (including servers)\n"
    "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n"
)
AIX = HEAD + (
    "tcp        0      0  *.3901                 *.*                    LISTEN\n"
    "tcp4       0      0  10.1.1.7.3901          10.1.1.2.1021          ESTABLISHED\n"
    "tcp6       0      0  ::1.3902               fe80::1%en0.1020       ESTABLISHED\n"
    "tcp4       0      0  10.1.1.7.1023          10.1.1.9.3901          ESTABLISHED\n"
    "udp4       0      0  *.69                   *.*\n"
    "\nActive UNIX domain sockets\n"
    "SADR/PCB         Type   Recv-Q Send-Q Inode            Conn             Refs             Nextref Addr\n"
    "f1000e00068a4808 dgram       0      0 f1000a0140c5f420                0                0  0 /dev/log\n"
)


def sockets(content):
    return Sockets.parse(Text.of(content, "netstat -an"))


def test_ports_are_parted_by_the_last_dot():
    told = sockets(AIX)
    assert [(row.local_address, row.local_port, row.remote_address, row.remote_port) for row in told.rows] == [
        ("*", 3901, "*", None),
        ("10.1.1.7", 3901, "10.1.1.2", 1021),
        ("::1", 3902, "fe80::1%en0", 1020),
        ("10.1.1.7", 1023, "10.1.1.9", 3901),
        ("*", 69, "*", None),
    ]
    assert told.rows[-1].state == ""


def test_listening_and_established_go_by_the_local_port():
    told = sockets(AIX)
    assert [row.quote().line for row in told.listening(3901)] == [3]
    assert [row.remote_address for row in told.established(3901)] == ["10.1.1.2"]
    assert told.listening(3902) == ()


def test_port_39010_is_not_port_3901():
    assert sockets("tcp 0 0 *.39010 *.* LISTEN\n").listening(3901) == ()


def test_the_control_block_column_is_skipped():
    told = sockets(
        "PCB/ADDR         Proto Recv-Q Send-Q  Local Address      Foreign Address    (state)\n"
        "f1000e000012abc8 tcp4       0      0  *.3901             *.*                LISTEN\n"
    )
    assert len(told.listening(3901)) == 1


def test_other_systems_write_colons():
    told = sockets(
        "tcp        0      0 0.0.0.0:3901            0.0.0.0:*               LISTEN      77/nimsh\n"
        "tcp6       0      0 :::3902                 :::*                    LISTEN\n"
        "udp        0      0 0.0.0.0:69              0.0.0.0:*                           80/in.tftpd\n"
    )
    assert told.listening(3901)[0].local_address == "0.0.0.0"
    assert told.listening(3902)[0].local_address == "::"
    assert told.rows[2].state == ""


def test_headers_alone_say_that_nobody_listens():
    assert sockets(HEAD).rows == ()


@pytest.mark.parametrize("content", ["", "ksh: netstat:  not found.\n", "tcp port 3901 is open\n", "nimsh 3901/tcp\n"])
def test_what_is_no_list_of_sockets_is_refused(content):
    with pytest.raises(BadEvidence):
        sockets(content)
