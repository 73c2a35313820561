"""What other redactors let through does not get through: names planted in every place, every output searched."""

import json
import re
from ipaddress import IPv6Address
from typing import Callable, Dict

import pytest
from hosts import MemoryTree, collected, niminfo

from nimdoctor.redaction import Leak, Redactor

KEY = b"nimdoctor" * 4
NETSVC = "/etc/netsvc.conf"
LOG = "/var/adm/ras/nimsh.log"


def redact(tree: MemoryTree, key: bytes = KEY) -> "tuple[Dict[str, str], Redactor]":
    """The redacted files, through the gate; and who made them."""
    redactor = Redactor(key)
    redactor.learn(tree)
    redacted = redactor.redacted(tree)
    redactor.check(redacted)
    return {name: redacted.open(name).read().decode("utf-8", "replace") for name in redacted.names()}, redactor


def redacted_text(text: "str | bytes", **more: object) -> str:
    """A text of this site as it leaves, in a file that everybody has."""
    parts = {"files": {"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 10.1.1.10:nim1 "'), NETSVC: text}, **more}
    found, _ = redact(MemoryTree(collected(**parts)))  # type: ignore[arg-type]
    return found["files" + NETSVC]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("push of lpar7 hangs", "lpar7"),
        ("push of LPAR7 hangs", "lpar7"),
        ("root@lpar7:/ # nimclient -c", "lpar7"),
        ("/export/lpar7_backup", "lpar7"),
        ("mksysb-lpar7-2025.log", "lpar7"),
        ("LPAR7.EXAMPLE.COM is down", "example.com"),
        ("lpar7.Example.Com", "lpar7"),
        ("lpar7.acme.bank and dns2.acme.bank", "dns2"),
        ("lpar7.acme.bank of ACME", "acme"),
        ("lpar7.tar.gz", "lpar7"),
        ("see ntp1.corp.example.com too", "ntp1"),
        (r'{"said": "first\nlpar7 second"}', "lpar7"),
        ("\x1b[31mlpar7\x1b[0m", "lpar7"),
        ("http://x/%20lpar7%20", "lpar7"),
        ("l\0p\0a\0r\0007", "lpar7"),
        ("address 10.1.1.17.", "10.1.1.17"),
        ("tcp4 0 0 10.1.1.17.3901 10.1.1.10.1021 ESTABLISHED", "10.1.1.17"),
        ("in 10.1.1/24", "10.1.1"),
        ("ip-10-1-1-17", "10-1-1-17"),
        ("17.1.1.10.in-addr.arpa", "17.1.1.10"),
        ("an unknown one, 192.168.77.5", "192.168.77.5"),
        ("2001:db8:1:2::7 is lpar7", "2001:db8:1:2::7"),
        ("fe80::f816:3eff:fe1b:2201%en0", "f816:3eff"),
        ("::ffff:10.1.1.17", "10.1.1.17"),
        ("en0 1500 link#2 fa.16.3e.1b.22.1 5 0", "fa.16.3e"),
        ("hardware address fa:16:3e:1b:22:01", "fa:16:3e"),
        ("FA163E1B2201", "FA163E1B2201"),
        ("uname -m says 00F6A1B24C00", "00F6A1B24C00"),
        ("systemid        IBM,02783D5F7   Hardware system identifier", "783D5F7"),
        ("Machine Serial Number: 783D5F7\nServer-8286-42A-SN783D5F7", "783D5F7"),
        ("Serial Number...............YL10HA45E012", "YL10HA45E012"),
        ("mail to jane.doe@example.com", "jane.doe"),
        ("mail to jane.doe@example.com", "example"),
        ("/home/jdoe/.profile of jdoe", "jdoe"),
        ("-rw-r--r--    1 jdoe     dba           512 Mar 14 10:05 notes", "jdoe"),
        ("-rw-r--r--    1 jdoe     dba           512 Mar 14 10:05 notes", "dba"),
        ("sshd: jdoe@pts/0", "jdoe"),
        ("password=Secret123", "Secret123"),
        ("passwd: Secret123", "Secret123"),
        ('"db_password" : "Secret 123"', "Secret"),
        ("PASSWORD = two words here", "words"),
        ("input_password = Secret123", "Secret123"),
        ("mysql -u root -pSecret123 nim", "Secret123"),
        ("sshpass -p Secret123 ssh lpar7", "Secret123"),
        ("snmpwalk -v 2c -c Secret123 10.1.1.17", "Secret123"),
        ("rocommunity Secret123", "Secret123"),
        ("--password Secret123", "Secret123"),
        ("openssl req -passin pass:Secret123", "Secret123"),
        ("ftp://joe:Secret123@lpar7/file", "Secret123"),
        ("root:{ssha256}06$abcdefgh$Secret123", "Secret123"),
        ("root:$6$salt$Secret123456789", "Secret123456789"),
        ("Authorization: Basic U2VjcmV0MTIz", "U2VjcmV0MTIz"),
        ("MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ1x2y3z4a5b6c", "MIIEvgIBADAN"),
        ("> MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ1x2y3z4a5b6c", "MIIEvgIBADAN"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvgIBADAN\n-----END RSA PRIVATE KEY-----", "MIIEvgIBADAN"),
        ("# -----BEGIN CERTIFICATE-----\n# MAMCAQEB\n# -----END CERTIFICATE-----", "MAMCAQEB"),
        ("-----BEGIN CERTIFICATE-----\nMAMCAQEB\n", "MAMCAQEB"),
        ("-----BEGIN OPENSSH PUBLIC KEY-----\nMAMCAQEB\n-----END OPENSSH PUBLIC KEY-----", "MAMCAQEB"),
        ("SHA1 Fingerprint=" + ":".join(["A7"] * 20), "A7:A7"),
    ],
)
def test_what_others_let_through_does_not_leave(text: str, secret: str) -> None:
    found = redacted_text(text + "\n")
    assert secret.lower() not in found.replace("\0", "").lower()
    assert found.count("\n") == text.count("\n") + 1


def test_host1_and_host11_stay_two_hosts() -> None:
    hosts = "10.1.1.1 host1\n10.1.1.11 host11\n"
    found = redacted_text(
        "host1 host11 host1 host111 HOST1\n", commands={"host host1": "host1 is 10.1.1.1\n"}, host="host11"
    )
    one, eleven, again, unknown, capital = found.split()
    assert one == again == capital.lower() and one != eleven and hosts
    assert re.fullmatch(r"host-[a-z0-9]{8}", one) and re.fullmatch(r"host-[a-z0-9]{8}", eleven)
    assert unknown == "host111"


@pytest.mark.parametrize(
    "text",
    [
        "openssl.base 1.0.2.180 and bos.rte.install 7.2.5.203\n",
        "oslevel 7.1.4.35\n",
        "bos.sysmgt.nim.client:7.2.5.203\n",
        "level 7.2.5.203, before level 7.2.5.204\n",
        "bos.sysmgt.nim.client 7.2.5.0-203\n",
        "7200-05-03-2148 OpenSSL 1.0.2r  26 Feb 2019\n",
        "libssl.so.0.9.8 of openssl.base 3.0.8.100\n",
        "0.0.0.0 127.0.0.1 255.255.255.0 255.255.255.255 224.0.0.1 :: ::1\n",
        "Loading private key file..\ncreate BIO\n",
        "a machine which controls the NIM environment: master, boot, nim_script\n",
        "root daemon bin nobody system staff\n",
        "Fri Mar 14 10:05:03 2025 success: we got 1st write query is 0\n",
        "/usr/lpp/bos.sysmgt/nim/methods/c_instp\n",
        "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1\n",
    ],
)
def test_what_tells_nothing_about_a_site_stays(text: str) -> None:
    assert redacted_text(text) == text


def test_levels_in_the_output_of_commands_that_list_software_stay_and_addresses_there_do_not() -> None:
    text = (
        "/usr/lib/objrepos:bos.rte:7.1.4.35::COMMITTED:F:Base Operating System Runtime:\n"
        "/usr/lib/objrepos:acme.tools:7.1.4.35::COMMITTED:F:From 10.1.1.17:\n"
        "  acme.tools                 7.1.4.35  COMMITTED  Words\n"
        "0042-001 nim: processing error encountered on 10.1.1.99\n"
    )
    found, _ = redact(
        MemoryTree(
            collected(files={"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 "')}, commands={"lslpp -lc": text})
        )
    )
    left = found["commands/lslpp_-lc"]
    assert left.count("7.1.4.35") == 3 and "10.1.1.17" not in left and "10.1.1.99" not in left


def test_an_address_that_looks_like_a_level_is_an_address_where_no_software_is_named() -> None:
    found = redacted_text("source addr is : 7.2.5.203\nbos.rte 7.2.5.203\n")
    assert not found.startswith("source addr is : 7.2.5.203") and found.endswith("bos.rte 7.2.5.203\n")


def test_names_of_files_and_all_of_the_manifest_are_redacted() -> None:
    tree = MemoryTree(
        collected(
            files={"/etc/niminfo": niminfo(), "/ssl_nimsh/configs/lpar7.cnf": "CN = lpar7\n"},
            commands={
                "nimclient -l -l lpar7": "lpar7:\n   class = machines\n",
                "host 10.1.1.17": "lpar7 is 10.1.1.17\n",
                "host fe80::17": "",
            },
            paths={"/ssl_nimsh/keys/lpar7.pem": {"kind": "file", "owner": "jdoe", "group": "dba"}},
            stderr={"host 10.1.1.17": "host: lpar7 of jdoe, password=Secret123\n"},
        )
    )
    found, redactor = redact(tree)
    everything = json.dumps(found).lower()
    for original in ("lpar7", "nim1", "10.1.1.17", "jdoe", "dba", "secret123", "fe80::17", "fe80_17"):
        assert original not in everything, original
    manifest = json.loads(found["manifest.json"])
    assert manifest["redacted"] is True
    assert all(entry["file"] in found for entry in manifest["commands"].values())
    assert redactor.ledger.by_kind()["user"] >= 2


def test_files_that_nobody_knows_do_not_leave() -> None:
    tree = MemoryTree(
        {
            **collected(
                files={"/etc/niminfo": niminfo(), "/etc/security/passwd": "root:\n password = x\n"},
                commands={"cat /etc/secret": "x\n"},
            ),
            "notes.txt": b"hello\n",
            "files/ssl_nimsh/keys/serverkey.pem": b"x",
        }
    )
    found, redactor = redact(tree)
    assert sorted(found) == ["files/etc/niminfo", "manifest.json"]
    assert "/etc/secret" not in found["manifest.json"]
    assert sum(redactor.ledger.left_out().values()) == 4


def test_the_ledger_holds_no_original_and_the_map_leads_back() -> None:
    tree = MemoryTree(collected(files={"/etc/niminfo": niminfo(), NETSVC: "lpar7 10.1.1.17 jane@example.com\n"}))
    found, redactor = redact(tree)
    told = json.dumps(redactor.ledger.record()) + "".join(redactor.ledger.lines())
    assert not [name for name in ("lpar7", "10.1.1.17", "jane", "example") if name in told]
    assert redactor.ledger.by_file()["files" + NETSVC] == {"address": 1, "e-mail address": 1, "host": 1}
    name, address, mail = found["files" + NETSVC].split()
    back = {pseudonym: original for original, pseudonym in redactor.map().items()}
    assert (back[name], back[address], back[mail.split("@")[0]]) == ("lpar7", "10.1.1.17", "jane")


# -- the gate


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        ("lpar7", "host"),
        ("LPAR7", "host"),
        ("x 10.1.1.17 y", "address"),
        ("10.9.9.9", "address"),
        ("00F6A1B24C00", "hardware"),
        ("fa.16.3e.1b.22.1", "hardware"),
        ("password=abc", "password"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "a private key"),
        ("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "a certificate"),
        ("MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDJ1x2y3z4a5b6c", "key-like text"),
        ("jane@example.org", "e-mail address"),
        ("2001:db8::7", "address"),
        ("host-bcdfghjk lpar7", "host"),
    ],
)
def test_what_is_left_in_finished_output_is_refused(planted: str, kind: str) -> None:
    tree = MemoryTree(collected(files={"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 "'), NETSVC: "x\n"}))
    found, redactor = redact(tree)
    redactor.check(MemoryTree({name: text.encode() for name, text in found.items()}))
    for name in ("files/etc/netsvc.conf", "commands/hostname"):
        with pytest.raises(Leak) as caught:
            redactor.check(
                MemoryTree({**{name: text.encode() for name, text in found.items()}, name: f"ok\n{planted}\n".encode()})
            )
        assert caught.value.file == name and kind in caught.value.kind
        assert planted not in str(caught.value)


def test_a_name_left_in_the_name_of_a_file_is_refused_without_saying_it() -> None:
    tree = MemoryTree(collected(files={"/etc/niminfo": niminfo()}))
    _, redactor = redact(tree)
    with pytest.raises(Leak) as caught:
        redactor.check(MemoryTree({"commands/host_lpar7": b""}))
    assert "lpar7" not in str(caught.value)


def test_reports_beside_the_evidence_are_looked_through_for_what_is_known() -> None:
    tree = MemoryTree(collected(files={"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7 "')}))
    _, redactor = redact(tree)
    redactor.check(MemoryTree({"report.html": b"<p>for example 8.8.8.8, see https://www.ibm.com/support 1.2.3.4</p>"}))
    for planted in (b"<b>lpar7</b>", b"<td>10.1.1.17</td>"):
        with pytest.raises(Leak):
            redactor.check(MemoryTree({"report.html": planted}))


def test_no_end_is_learnt_after_the_first_was_redacted() -> None:
    tree = MemoryTree(collected(files={"/etc/niminfo": niminfo()}))
    _, redactor = redact(tree)
    with pytest.raises(RuntimeError):
        redactor.learn(tree)


@pytest.mark.parametrize(
    "host", ["lpar7 (payroll)", "lpar7 of Payroll, 3rd floor", "lpar7\ufffd/payroll", "lpar7;payroll"]
)
def test_a_host_whose_name_no_host_may_have_leaves_without_its_words(host: str) -> None:
    manifest = {"schema": "nimdoctor.evidence/1", "host": host, "role": "client", "commands": {}, "paths": {}}
    content = {"manifest.json": json.dumps(manifest).encode(), "files" + LOG: b"nothing of lpar7\n"}
    found, redactor = redact(MemoryTree(content))
    assert not any("lpar7" in text.lower() or "payroll" in text.lower() for text in found.values())
    assert "payroll" in redactor.map()


def test_a_reversed_address_of_ipv6_is_the_pseudonym_reversed() -> None:
    found = redacted_text(
        "at 2001:db8:1:2::7\n7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa\n"
    )
    plain, reverse = found.splitlines()
    pseudonym = int(IPv6Address(plain.split()[1]))
    assert reverse == ".".join(f"{pseudonym:032x}"[::-1]) + ".ip6.arpa"


@pytest.mark.parametrize(
    "begin", [lambda redactor, tree: redactor.redacted(tree), lambda redactor, _: redactor.text("x")]
)
def test_no_end_is_learnt_after_one_was_redacted(begin: Callable[[Redactor, MemoryTree], object]) -> None:
    tree = MemoryTree(collected(files={"/etc/niminfo": niminfo()}))
    redactor = Redactor(KEY)
    redactor.learn(tree)
    begin(redactor, tree)
    with pytest.raises(RuntimeError, match="all ends are learnt before the first is redacted"):
        redactor.learn(tree)
