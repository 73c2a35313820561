"""A host that a directory holds asks the lab, and never the network in which its addresses belong to somebody else."""

import json
from pathlib import Path

import pytest
from hosts import machine, niminfo

from nimdoctor.probe import ProbeAnswer, ask_tftp, ends, probe_client, probe_master

from .conftest import audited

REPOSITORY = Path(__file__).resolve().parents[2]
AUDITED = """
import sys
from ipaddress import ip_address
left = []
def heard(event, given):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        name = str((given[1] if event in ("socket.connect", "socket.sendto", "socket.sendmsg") else given)[0])
        try:
            inside = ip_address(name).is_loopback
        except ValueError:
            inside = False
        if not inside:
            left.append((event, name))
sys.addaudithook(heard)
from nimdoctor.cli import main
main(sys.argv[1:])
print(repr(left), file=sys.stderr)
"""


def left_the_host(*words):
    """What a process of its own sent, or looked up, beyond loopback."""
    return audited(AUDITED, *words)


@pytest.mark.parametrize("command", ["scan", "fix"])
@pytest.mark.parametrize("with_master", [True, False])
def test_no_probe_of_a_lab_leaves_this_machine(command, with_master, originals):
    lab = originals("create-bio-hang-master")
    master = ["--master", lab.master_target] if with_master else []
    assert left_the_host(command, lab.client_target, *master, "--probe") == "[]"


def test_no_probe_of_a_labs_master_leaves_this_machine(originals):
    assert left_the_host("scan", originals("healthy").master_target, "--probe") == "[]"


@pytest.fixture
def nothing_sent(monkeypatch):
    """Any packet or connection fails the test."""

    def sent(*given):
        raise AssertionError(given)

    monkeypatch.setattr(ends, "tftp_answer", sent)
    monkeypatch.setattr(ends, "port_answer", sent)


FILES = {"/etc/niminfo": niminfo(), "/etc/hosts": "10.1.1.10 nim1\n"}


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        (
            "echo 'Error code 1: File not found'; exit 1\n",
            ProbeAnswer(True, "tftp 10.1.1.10: Error code 1: File not found"),
        ),
        (
            "echo 'tftp: Transfer timed out.' >&2; exit 1\n",
            ProbeAnswer(False, "tftp 10.1.1.10: tftp: Transfer timed out."),
        ),
        ("exit 0\n", ProbeAnswer(False, "tftp 10.1.1.10: it said nothing")),
    ],
)
def test_the_roots_own_tftp_is_asked(script, answer, live, nothing_sent):
    client = live(FILES, {"tftp": script}, network=False)
    (what, said), *ports = probe_client(client)
    assert (what, said) == ("tftp on nim1 (10.1.1.10 port 69/udp)", answer)
    assert {one.answered for _, one in ports} == {None}
    assert {one.says for _, one in ports} == {
        "not asked: a host that a directory holds asks nobody in the network of this one"
    }


@pytest.mark.parametrize(
    "hosts", ["10.1.1.10 nim1\n", "fd00::10 nim1\n", ""], ids=["IPv4", "IPv6", "a name of nobody's"]
)
def test_without_a_tftp_of_its_own_nobody_is_asked(hosts, live, nothing_sent):
    client = live({**FILES, "/etc/hosts": hosts}, network=False)
    assert {one.answered for _, one in probe_client(client)} == {None}


def test_another_port_than_the_programs_is_not_asked(live, nothing_sent):
    client = live({**FILES, "/etc/services": "tftp 1069/udp\n"}, {"tftp": "exit 1\n"}, network=False)
    assert ask_tftp(client, "10.1.1.10", 1069) == ProbeAnswer(
        None, "not asked: the program tftp asks port 69, not 1069"
    )


def test_a_master_below_another_root_asks_its_own_nimquery_and_connects_to_nobody(live, nothing_sent):
    listing = f"cat <<'end'\nmaster:\n   class = machines\n   type = master\n{machine()}end\n"
    commands = {"lsnim": listing, "nimquery": "echo _ssl:yes\n"}
    master = live(
        {"/etc/niminfo": "export NIM_NAME=master\nexport NIM_CONFIGURATION=master\n"}, commands, network=False
    )
    connect, query = probe_master(master)
    assert connect[1].answered is None
    assert query[1] == ProbeAnswer(True, "nimsh answers: _ssl:yes")


def test_the_labs_tftp_answers_as_its_master_serves(lab_of, capsys):
    from nimdoctor.cli import main

    for scenario, answers in (("healthy", True), ("tftp-disabled", False), ("tftp-blocked-by-audit", False)):
        lab = lab_of(scenario)
        capsys.readouterr()
        main(["scan", lab.client_target, "--probe", "--format", "json"])
        assert json.loads(capsys.readouterr().out)["probes"][0]["answered"] is answers, scenario
