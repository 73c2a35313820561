"""The redacted tree: rows that leave, certificates without their bytes, large files, evidence that is broken."""

import json
import os
from typing import Dict

import pytest
from hosts import MemoryTree, collected, listening, niminfo, processes, results_of
from scenarios import ENDS, scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import TargetError
from nimdoctor.redaction import Redactor

KEY = b"0123456789abcdef" * 2
LOG = "files/var/adm/ras/nimsh.log"
NIMINFO = {"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 10.1.1.10:nim1 "')}


def redact(tree: MemoryTree) -> "tuple[Dict[str, bytes], Redactor]":
    redactor = Redactor(KEY)
    redactor.learn(tree)
    found = redactor.redacted(tree)
    redactor.check(found)
    return {name: found.open(name).read() for name in found.names()}, redactor


def of_file(path: str, text: str) -> "tuple[list[str], Dict[str, str]]":
    found, redactor = redact(MemoryTree(collected(files={**NIMINFO, path: text})))
    return found["files" + path].decode().split("\n"), redactor.map()


def of_command(line: str, text: str) -> "list[str]":
    found, _ = redact(MemoryTree(collected(files=NIMINFO, commands={line: text})))
    (name,) = (name for name in found if name.startswith("commands/"))
    return found[name].decode().split("\n")


# -- rows


def test_of_etc_hosts_only_the_ends_leave_on_their_lines() -> None:
    text = (
        "# the floor plan is in room 12\n10.1.1.10 nim1.acme.bank nim1 # of Jane\n10.1.1.99 payroll\n10.1.1.98 vault\n\n"
        "10.1.1.17 lpar7\n10.1.1.17 alias7\n127.0.0.1 loopback localhost\n"
    )
    lines, names = of_file("/etc/hosts", text)
    assert len(lines) == len(text.split("\n"))
    assert lines[0].startswith("# 1 line left out") and lines[2].startswith("# 4 lines") is False
    assert lines[1].split() == [names["10.1.1.10"], f"{names['nim1']}.{names['acme']}.{names['bank']}", names["nim1"]]
    assert lines[2] == "# 3 lines left out" and lines[3:5] == ["", ""]
    assert lines[5].split() == [names["10.1.1.17"], names["lpar7"]]
    assert not [word for word in ("payroll", "vault", "Jane", "room", "localhost") if word in "\n".join(lines)]


def test_of_ps_only_nim_tftp_inetd_and_their_like_leave() -> None:
    more = (
        " 7799170  7799162       05:10 /usr/bin/somebody\n 5000001        1       05:10 /opt/payroll/run jdoe\n"
        " 5000002        1       05:10 /usr/sbin/inetd\n 5000003        1       05:10 rsh lpar7 date\n"
    )
    text = processes(children=more)
    lines = of_command("ps -eo pid,ppid,etime,args", text)
    left = "\n".join(lines)
    assert "payroll" not in left and "jdoe" not in left and "lpar7" not in left
    for kept in ("PPID", "srcmstr", "/usr/sbin/nimsh -s -c", "somebody", "inetd", "rsh host-"):
        assert kept in left
    assert [at for at, line in enumerate(lines) if "nimsh" in line] == [
        at for at, line in enumerate(text.split("\n")) if "nimsh" in line
    ]


def test_of_netstat_only_the_ports_of_nim_and_the_traffic_of_the_ends_leave() -> None:
    text = listening(22, 3901, 8443, established=["10.1.1.17.3901"]) + (
        "tcp4       0     48  10.1.1.17.22           10.1.5.40.51822        ESTABLISHED\n"
        "tcp4       0     48  10.1.1.17.514          10.1.1.10.1000         ESTABLISHED\n"
        "tcp4       0     48  10.1.1.17.3901         10.9.9.9.1000          ESTABLISHED\n"
        "Active UNIX domain sockets\nf1000e0002a3bc08 dgram 0 0 f1000a05c0142c20 0 0 0 /dev/log\n"
    )
    left = "\n".join(of_command("netstat -an", text))
    assert "*.3901" in left and "*.22" not in left and "8443" not in left and ".51822" not in left
    assert left.count("ESTABLISHED") == 3 and ".514" in left and "UNIX" not in left and "/dev/log" not in left


def test_of_interfaces_neither_networks_nor_hardware_addresses_leave() -> None:
    text = (
        "Name  Mtu   Network     Address            Ipkts Ierrs    Opkts Oerrs  Coll\n"
        "en0   1500  link#2      fa.16.3e.1b.22.1 1503388     0   702011     0     0\n"
        "en0   1500  10.1.1      10.1.1.17        1503388     0   702011     0     0\n"
        "en1   1500  10.77       10.77.3.4        1503388     0   702011     0     0\n"
    )
    left = "\n".join(of_command("netstat -in", text))
    assert "fa.16" not in left and "10.1.1 " not in left and "10.77" not in left and "link#" not in left
    assert left.count("en0") == 1


# -- certificates


@pytest.mark.parametrize("name", ["healthy", "certificate-weak", "certificate-mismatch", "create-bio-hang"])
def test_certificates_leave_as_what_they_say_and_ends_still_share_them(name: str) -> None:
    trees = scenario(name)
    told = {}
    for end in ENDS:
        found, _ = redact(MemoryTree(trees[end].files))
        assert not [file for file in found if file.startswith("files/ssl_nimsh/certs/")]
        assert not [file for file, raw in found.items() if b"BEGIN CERTIFICATE" in raw]
        told[end] = {
            one["identity"]
            for file in json.loads(found["manifest.json"])["certificates"]
            for one in file["certificates"]
        }
    shared = bool(told["client"] & told["master"])
    assert shared == (name != "certificate-mismatch")


def test_a_key_beside_a_certificate_and_a_damaged_block_are_told_without_their_bytes() -> None:
    pem = scenario("healthy")["client"].files["files/ssl_nimsh/certs/server.pem"].decode()
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n"
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nMIIE\n"
    files = {**NIMINFO, "/ssl_nimsh/certs/server.pem": pem + key + broken, "/ssl_nimsh/certs/empty.pem": ""}
    tree = MemoryTree(collected(files=files))
    found, _ = redact(tree)
    for word in (b"MIIE", b"AAAA", b"PRIVATE KEY"):
        assert not [name for name, raw in found.items() if word in raw]
    before = results_of("certificate-expired", RecordedEvidence("a", tree))
    after = results_of("certificate-expired", RecordedEvidence("b", MemoryTree(found)))
    assert [(one.outcome, len(one.evidence), one.missing) for one in before] == [
        (one.outcome, len(one.evidence), one.missing) for one in after
    ]
    entry = next(file for file in json.loads(found["manifest.json"])["certificates"] if "server" in file["path"])
    assert (entry["beside_key"], entry["damaged"], len(entry["damaged_blocks"])) == (True, 2, 1)


@pytest.mark.parametrize("entries", [None, 7, [1], [{"path": 3}], [{"path": "/x", "certificates": [{}]}], {"a": 1}])
def test_a_manifest_with_strange_certificates_is_done_without_them(entries: object) -> None:
    manifest = json.dumps({"schema": "nimdoctor.evidence/1", "certificates": entries}).encode()
    evidence = RecordedEvidence("case", MemoryTree({"manifest.json": manifest}))
    assert evidence.redacted_certificates == () and any("certificates" in remark for remark in evidence.remarks)


def test_what_was_redacted_can_be_redacted_again_and_keeps_its_findings() -> None:
    once, _ = redact(MemoryTree(scenario("certificate-expired")["client"].files))
    again, redactor = redact(MemoryTree(once))
    assert json.loads(again["manifest.json"])["host"] != json.loads(once["manifest.json"])["host"]
    for found in (once, again):
        (result,) = results_of("certificate-expired", RecordedEvidence("case", MemoryTree(found)))
        assert result.outcome.value == "fail"
    assert redactor.map()


# -- large and broken


def test_a_large_log_waits_in_a_file_without_a_name_and_keeps_its_lines(tmp_path: object) -> None:
    line = "Fri Mar 14 10:05:03 2025 source hostname is : lpar7\n"
    text = line * 60_000 + "Fri Mar 14 10:05:03 2025 " + "x" * 3_000_000 + " lpar7\nlast lpar7"
    tree = MemoryTree(collected(files={**NIMINFO, LOG[5:]: text}))
    redactor = Redactor(KEY, place=str(tmp_path))
    redactor.learn(tree)
    found = redactor.redacted(tree)
    assert found.size(LOG) > 1 << 20 and os.listdir(str(tmp_path)) == []
    with found.open(LOG) as one, found.open(LOG) as other:
        assert one.read(100) == other.read(100)
        raw = b"".join([other.read(), b"\n"])
    assert b"lpar7" not in raw and raw.count(b"\n") == text.count("\n")
    assert raw.endswith(b"\nlast host-" + raw[-9:])
    assert redactor.ledger.by_file()[LOG]["host"] >= 60_001
    redactor.check(found)
    found.close()


@pytest.mark.parametrize("filler", [0, 1, 40, 64, 65])
def test_a_block_on_the_edge_of_a_piece_is_not_parted(filler: int) -> None:
    body = "MIIEvgIBADANBgkqhkiG9w0BAQEF\n" * 20
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"
    before = "0123456789abcde\n" * (65536 - 20 + filler % 8)
    text = before + "y" * filler + "\n" + key + key.replace("RSA PRIVATE KEY", "CERTIFICATE") + "lpar7\n" * 100
    found, _ = redact(MemoryTree(collected(files={**NIMINFO, LOG[5:]: text})))
    assert b"MIIE" not in found[LOG] and found[LOG].count(b"\n") == text.count("\n")


def test_a_damaged_manifest_does_not_leave_and_one_of_another_schema_is_refused() -> None:
    tree = MemoryTree({**collected(files=NIMINFO), "manifest.json": b'{"host": "lpar7", '})
    found, redactor = redact(tree)
    assert b"lpar7" not in found["manifest.json"] and redactor.ledger.left_out() == {"a damaged manifest": 1}
    with pytest.raises(TargetError):
        Redactor(KEY).learn(MemoryTree({"manifest.json": b'{"schema": "other/2"}'}))


def test_a_disk_that_is_full_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = MemoryTree(collected(files={**NIMINFO, LOG[5:]: "lpar7\n" * 400_000}))
    redactor = Redactor(KEY, place="/nowhere/at/all")
    redactor.learn(tree)
    found = redactor.redacted(tree)
    with pytest.raises(OSError):
        found.size(LOG)


def test_the_same_evidence_and_key_give_the_same_bytes() -> None:
    tree = scenario("create-bio-hang")["master"]
    assert redact(MemoryTree(tree.files))[0] == redact(MemoryTree(tree.files))[0]
