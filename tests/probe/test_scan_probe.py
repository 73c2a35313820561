"""`scan --probe`: the answers stand in the report; without it nothing is ever sent."""

import json
from pathlib import Path

import jsonschema
import pytest
from hosts import machine, niminfo, write_evidence

from nimdoctor.cli import main

from .conftest import LOOPBACK, audited

REPOSITORY = Path(__file__).resolve().parents[2]
NOT_FOUND = b"\0\5\0\1File not found\0"


@pytest.fixture
def client(root, tftp, closed_port):
    """A client below a directory, whose master is on loopback and serves tftp alone."""
    return root(
        {
            "/etc/niminfo": niminfo(NIM_MASTER_PORT=str(closed_port), NIM_REGISTRATION_PORT=str(closed_port)),
            "/etc/hosts": f"{LOOPBACK} nim1\n",
            "/etc/services": f"tftp {tftp(NOT_FOUND).port}/udp\n",
        }
    )


def test_answers_are_notes_in_the_text(client, capsys):
    main(["scan", f"root:{client}", "--probe"])
    said = " ".join(capsys.readouterr().out.split())
    assert "- probe: tftp on nim1 (127.0.0.1 port " in said
    assert "/udp): tftp on 127.0.0.1 answers: error 1 File not found" in said
    assert said.count("/tcp): refuses connections: nothing listens there") == 2


def test_answers_have_a_place_in_the_json(client, capsys):
    main(["scan", f"root:{client}", "--probe", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    schema = json.loads((REPOSITORY / "nimdoctor/report/report-1.schema.json").read_text())
    jsonschema.validate(report, schema)
    assert schema["properties"]["probes"]["items"]["required"] == ["where", "what", "answered", "says"]
    assert [(found["where"], found["answered"]) for found in report["probes"]] == [
        ("client", True),
        ("client", False),
        ("client", False),
    ]
    assert not any("probe" in remark for remark in report["remarks"])


def test_answers_change_neither_verdict_nor_exit_status(client, capsys):
    statuses = [main(["scan", f"root:{client}", "--format", "json", *more]) for more in ([], ["--probe"])]
    plain, probed = map(json.loads, capsys.readouterr().out.replace("}\n{", "}\0{").split("\0"))
    assert statuses[0] == statuses[1]
    assert plain.pop("probes") == []
    probed.pop("probes")
    assert {**plain, "generated": ""} == {**probed, "generated": ""}


def test_a_live_master_is_asked_about_its_clients_beside_the_client(client, tmp_path, closed_port, capsys):
    master = tmp_path / "master"
    (master / "etc").mkdir(parents=True)
    (master / "etc/hosts").write_text(f"{LOOPBACK} lpar7\n")
    (master / "etc/services").write_text(f"nimsh {closed_port}/tcp\n")
    (master / "usr/bin").mkdir(parents=True)
    (master / "usr/bin/lsnim").write_text(f"#!/bin/sh\ncat <<'end'\nmaster:\n   type = master\n{machine()}end\n")
    (master / "usr/bin/lsnim").chmod(0o755)
    main(["scan", f"root:{client}", "--master", f"root:{master}", "--probe", "--format", "json"])
    probes = json.loads(capsys.readouterr().out)["probes"]
    assert [found["where"] for found in probes] == ["client", "client", "client", "master"]
    assert probes[-1]["what"] == f"nimsh on lpar7 (127.0.0.1 port {closed_port}/tcp)"


def test_a_recorded_master_does_not_hinder_a_live_client(client, tmp_path, capsys):
    recorded = write_evidence(tmp_path / "master", host="nim1", role="master", commands={"lsnim -l": machine()})
    assert main(["scan", f"root:{client}", "--master", str(recorded), "--probe"]) == 1
    assert "probe: tftp" in capsys.readouterr().out


def test_recorded_evidence_cannot_be_probed(client, tmp_path, capsys):
    recorded = write_evidence(tmp_path / "lpar7", files={"/etc/niminfo": niminfo()})
    for targets in ([str(recorded)], [f"root:{client}", str(recorded)]):
        assert main(["scan", *targets, "--probe"]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.splitlines() == [
            f"nimdoctor: --probe asks the network from the host that is scanned, and {recorded} is recorded evidence: "
            "run it on that host (no TARGET), or give root:DIR"
        ]


AUDITED = """
import sys
asked = []
sys.addaudithook(lambda event, _: asked.append(event) if event.startswith("socket.") else None)
from nimdoctor.cli import main
main(sys.argv[1:])
print(*sorted(set(asked) - {"socket.gethostname"}), file=sys.stderr)
"""


def network_events(*words):
    """What a process of its own that runs this command line does with sockets."""
    return audited(AUDITED, *words).split()


def test_without_the_option_no_socket_is_made(client):
    assert "socket.__new__" in network_events("scan", f"root:{client}", "--probe")
    assert network_events("scan", f"root:{client}") == []
    assert network_events("scan", f"root:{client}", "--master", f"root:{client}") == []
    assert network_events("scan") == []
    assert network_events("scan", "fixtures/hosts/healthy/client", "--master", "fixtures/hosts/healthy/master") == []
