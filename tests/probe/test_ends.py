"""Each end asks the other where its own files say that it is."""

import re
import socket

import pytest
from hosts import MASTER_STANZA, NETWORK_AND_RESOURCE, evidence, machine, niminfo

from nimdoctor.diagnosis.host import Host
from nimdoctor.library.registry import Registry
from nimdoctor.probe import ProbeAnswer, ends, probe_client, probe_master, tftp_address

from .conftest import LOOPBACK, PATIENT

NOT_FOUND = b"\0\5\0\1File not found\0"
HOSTS = f"{LOOPBACK} localhost nim1.example.com nim1 lpar7 lpar8\n"
MASTER = "export NIM_NAME=master\nexport NIM_CONFIGURATION=master\n"


@pytest.fixture(autouse=True)
def no_resolver(monkeypatch):
    """Only numbers are resolved: no test asks a name server."""
    real = socket.getaddrinfo

    def numbers_only(name, port, family=0, kind=0, protocol=0, flags=0):
        return real(name, port, family, kind, protocol, flags | socket.AI_NUMERICHOST)

    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)


@pytest.fixture
def asked(monkeypatch):
    """Nothing is sent; gives what would be asked."""
    calls = []

    def answering(kind):
        return lambda host, port, timeout: calls.append((kind, host, port, timeout)) or ProbeAnswer(True, "yes")

    monkeypatch.setattr(ends, "tftp_answer", answering("tftp"))
    monkeypatch.setattr(ends, "port_answer", answering("port"))
    return calls


# -- a client


def test_a_client_asks_its_master_for_tftp_and_its_ports(live, tftp, listener, closed_port):
    server, open_port = tftp(NOT_FOUND), listener.getsockname()[1]
    client = live(
        {
            "/etc/niminfo": niminfo(NIM_MASTER_PORT=str(open_port), NIM_REGISTRATION_PORT=str(closed_port)),
            "/etc/hosts": HOSTS,
            "/etc/services": f"tftp {server.port}/udp\n",
        }
    )
    assert probe_client(client, PATIENT) == [
        (
            f"tftp on nim1 (127.0.0.1 port {server.port}/udp)",
            ProbeAnswer(True, "tftp on 127.0.0.1 answers: error 1 File not found"),
        ),
        (f"nim on nim1 (127.0.0.1 port {open_port}/tcp)", ProbeAnswer(True, "accepts connections")),
        (
            f"nimreg on nim1 (127.0.0.1 port {closed_port}/tcp)",
            ProbeAnswer(False, "refuses connections: nothing listens there"),
        ),
    ]
    assert len(server.requests) == 1


def test_ports_by_convention_where_no_file_says_another(live, asked):
    probe_client(live({"/etc/niminfo": niminfo()}))
    assert [call[:3] for call in asked] == [("tftp", "nim1", 69), ("port", "nim1", 1058), ("port", "nim1", 1059)]


@pytest.mark.parametrize(("timeout", "waits"), [(30.0, 5.0), (2.0, 2.0)])
def test_an_answer_is_waited_for_five_seconds_or_the_timeout(live, asked, timeout, waits):
    probe_client(live({"/etc/niminfo": niminfo()}, timeout=timeout))
    assert {call[3] for call in asked} == {waits}


@pytest.mark.parametrize(
    ("services", "port"),
    [
        ("tftp 69/udp\ntftp 1069/udp\n", 69),
        ("tftp 1069/udp\n", 1069),
        ("tftp 1069/tcp\n", 69),
        ("#tftp 1069/udp\n", 69),
        ("ftp-trivial 1069/udp tftp\n", 1069),
    ],
)
def test_the_port_of_tftp_is_the_one_of_etc_services(live, services, port):
    client = live({"/etc/niminfo": niminfo(), "/etc/services": services})
    assert tftp_address(client) == ("nim1", port)


@pytest.mark.parametrize(
    ("hosts", "address"),
    [
        ("10.1.1.5 nim1.example.com nim1\n", "10.1.1.5"),
        ("10.1.1.6 NIM1\n10.1.1.5 nim1\n", "10.1.1.6"),
        ("fd00::5 nim1\n", "fd00::5"),
        ("10.1.1.6 nim2\n", "nim1"),
        ("# 10.1.1.6 nim1\n", "nim1"),
    ],
)
def test_the_hosts_own_file_comes_before_the_resolver(live, hosts, address):
    assert tftp_address(live({"/etc/niminfo": niminfo(), "/etc/hosts": hosts})) == (address, 69)


def test_recorded_evidence_knows_the_address_too():
    recorded = Host(evidence(files={"/etc/niminfo": niminfo(), "/etc/hosts": "10.1.1.5 nim1\n"}), Registry().catalog)
    assert tftp_address(recorded) == ("10.1.1.5", 69)


def test_a_name_that_nobody_resolves_is_not_known(live):
    answers = probe_client(live({"/etc/niminfo": niminfo()}), PATIENT)
    assert [answer.answered for _, answer in answers] == [None, None, None]
    assert all("nim1 cannot be resolved" in answer.says for _, answer in answers)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "not asked: /etc/niminfo does not exist on this host"),
        ({"/etc/niminfo": niminfo(master="")}, "not asked: /etc/niminfo has no NIM_MASTER_HOSTNAME"),
    ],
)
def test_without_a_master_nobody_is_asked(live, asked, files, says):
    client = live({"/etc/x": "", **files})
    assert probe_client(client) == [("the master", ProbeAnswer(None, says))]
    assert tftp_address(client) is None
    assert asked == []


@pytest.mark.parametrize("said", ["nim", "-1", "0x10", "10 58", "\u0661", "999999999999", "0"])
def test_a_port_that_is_none_is_not_asked(live, said):
    client = live({"/etc/niminfo": niminfo(NIM_MASTER_PORT=said, NIM_REGISTRATION_PORT=said), "/etc/hosts": HOSTS})
    for _, answer in probe_client(client, PATIENT)[1:]:
        assert answer.answered is None
        assert answer.says.endswith("is no port")


def test_what_a_file_says_reaches_no_terminal_as_it_is(live, asked):
    client = live({"/etc/niminfo": niminfo(master="nim\x1b[2J1", NIM_MASTER_PORT="\x1b]0;x\x07")})
    for what, answer in probe_client(client):
        assert re.fullmatch("[ -~]+", what + answer.says)


# -- a master


def listing(*stanzas):
    return {"lsnim": "cat <<'end'\n" + MASTER_STANZA + NETWORK_AND_RESOURCE + "".join(stanzas) + "end\n"}


def test_a_master_asks_nimsh_of_each_client(live, listener):
    port = listener.getsockname()[1]
    master = live(
        {"/etc/niminfo": MASTER, "/etc/hosts": f"{HOSTS}127.0.0.2 lpar9\n", "/etc/services": f"nimsh {port}/tcp\n"},
        listing(machine("lpar7"), machine("eight", interface="lpar8"), machine("lpar9"), machine("gone")),
    )
    answers = probe_master(master, PATIENT)
    assert answers[:2] == [
        (f"nimsh on lpar7 (127.0.0.1 port {port}/tcp)", ProbeAnswer(True, "accepts connections")),
        (f"nimsh on eight (127.0.0.1 port {port}/tcp)", ProbeAnswer(True, "accepts connections")),
    ]
    assert answers[2][1].answered is False
    assert answers[3][1] == ProbeAnswer(None, answers[3][1].says)
    assert answers[3][1].says.startswith("gone cannot be resolved")


def test_nimsh_has_its_port_by_convention(live, asked):
    probe_master(live({"/etc/niminfo": MASTER}, listing(machine())))
    assert [call[:3] for call in asked] == [("port", "lpar7", 3901)]


def test_a_client_without_an_interface_is_not_asked(live, asked):
    stanza = machine().replace("   if1            = net_10_1 lpar7 0\n", "")
    assert probe_master(live({"/etc/niminfo": MASTER}, listing(stanza))) == [
        ("nimsh on lpar7", ProbeAnswer(None, "not asked: lsnim shows no host name in its if1"))
    ]


def test_fifty_clients_are_asked_and_the_rest_counted(live, asked):
    names = [f"lpar{number}" for number in range(53)]
    answers = probe_master(live({"/etc/niminfo": MASTER}, listing(*map(machine, names))))
    assert sorted(call[1] for call in asked) == sorted(names[:50])
    assert len(answers) == 51
    assert answers[-1] == ("3 more clients", ProbeAnswer(None, "not asked: only the first 50 are"))


def test_a_master_without_clients_asks_nobody(live, asked):
    assert probe_master(live({"/etc/niminfo": MASTER}, listing())) == []


def test_a_master_without_a_listing_says_why(live):
    assert probe_master(live({"/etc/niminfo": MASTER}))[0] == (
        "the clients",
        ProbeAnswer(None, "not asked: lsnim -l: no such command on this host"),
    )


def test_when_the_time_is_used_up_nobody_else_is_asked(live, asked, monkeypatch):
    monkeypatch.setattr(ends, "TIMES_THE_TIMEOUT", 0)
    answers = probe_master(live({"/etc/niminfo": MASTER}, listing(machine("lpar7"), machine("lpar8"))))
    assert [answer for _, answer in answers] == [
        ProbeAnswer(None, "not asked: the time for all clients was used up")
    ] * 2
    assert asked == []


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("echo name:x; echo _ssl:yes; echo _sslver:1.2\n", ProbeAnswer(True, "nimsh answers: _ssl:yes")),
        ("echo '  _ssl:NO'\n", ProbeAnswer(True, "nimsh answers: _ssl:no")),
        ("echo host:x\n", ProbeAnswer(True, "nimsh answers, and says nothing of _ssl")),
        ("echo no_ssl:yes\n", ProbeAnswer(True, "nimsh answers, and says nothing of _ssl")),
        ("echo '0042-006 trouble' >&2; exit 1\n", ProbeAnswer(False, "failed with status 1: 0042-006 trouble")),
        ("while :; do sleep 1; done\n", ProbeAnswer(False, "hung and was ended after 0.2 s")),
    ],
)
def test_nimquery_tells_whether_a_client_speaks_ssl(live, asked, script, answer):
    master = live({"/etc/niminfo": MASTER}, {**listing(machine(interface="lpar7.example.com")), "nimquery": script})
    timeout = 0.2 if answer.says.startswith("hung") else PATIENT
    answers = probe_master(master, timeout)
    assert answers[1] == ("nimquery -a host=lpar7.example.com", answer)


def test_nimquery_is_given_the_host_name_alone(live, asked, tmp_path):
    script = f'echo "$*" >> {tmp_path}/said\n'
    probe_master(
        live({"/etc/niminfo": MASTER}, {**listing(machine(), machine("x", interface="-a;b")), "nimquery": script})
    )
    assert (tmp_path / "said").read_text() == "-a host=lpar7\n"


def test_a_client_that_does_not_answer_is_not_asked_by_nimquery(live, monkeypatch, tmp_path):
    monkeypatch.setattr(ends, "port_answer", lambda *_: ProbeAnswer(False, "no answer"))
    master = live({"/etc/niminfo": MASTER}, {**listing(machine()), "nimquery": f"touch {tmp_path}/ran\n"})
    assert len(probe_master(master)) == 1
    assert not (tmp_path / "ran").exists()


# -- both


def test_who_waits_is_told_for_what(live, asked):
    said = []

    class Progress:
        def start(self, label):
            said.append(label)

        def end(self):
            said.append("")

    probe_client(live({"/etc/niminfo": niminfo()}, progress=Progress()))
    assert said == [
        "tftp on nim1 (port 69/udp)",
        "",
        "nim on nim1 (port 1058/tcp)",
        "",
        "nimreg on nim1 (port 1059/tcp)",
        "",
    ]


def test_a_host_is_asked_by_the_roles_it_plays(live, asked):
    both = live({"/etc/niminfo": niminfo().replace("=standalone", "=alternate_master")}, listing(machine("lpar8")))
    assert [(found.where, found.what.split()[0]) for found in ends.ask([both, None])] == [
        ("client", "tftp"),
        ("client", "nim"),
        ("client", "nimreg"),
        ("master", "nimsh"),
    ]


def test_recorded_evidence_is_not_asked(asked):
    recorded = Host(evidence(files={"/etc/niminfo": niminfo()}), Registry().catalog)
    assert ends.ask([recorded]) == ()
    assert asked == []
