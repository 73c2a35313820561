"""Each kind of what must not leave, planted in a file, a command, its stderr, a path and a mail, leaves from none."""

import base64
import json
import random
from typing import Dict

import pytest
from hosts import MemoryTree, collected, niminfo

from nimdoctor.redaction import Redactor

KEY = b"nimdoctor" * 4
FILES = ("/etc/netsvc.conf", "/var/adm/ras/nimsh.log")
SECRET = "Qz7vT4x9"
drawn = random.Random(7)
RAW = bytes(drawn.randrange(256) for _ in range(1190))
LINES = base64.b64encode(RAW).decode("ascii")
BODY = [LINES[at : at + 64] for at in range(0, len(LINES), 64)]


def leaves(text: str, encoding: str = "utf-8") -> bytes:
    """All bytes that leave of a host that has the text everywhere, names of files too; through the gate."""
    tree = collected(
        files={"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.7:lpar7 "'), **dict.fromkeys(FILES, text.encode(encoding))},
        commands={"lslpp -lc": text.encode(encoding), "netstat -in": "", "lsnim -l": text.encode(encoding)},
        stderr={"lsnim -l": text, "netstat -in": text},
        paths={"/ssl_nimsh/keys": {"kind": "directory", "owner": "root", "group": "system"}},
    )
    redactor = Redactor(KEY)
    redactor.learn(MemoryTree(tree))
    redacted = redactor.redacted(MemoryTree(tree))
    redactor.check(redacted)
    found = b"".join(name.encode() + b"\n" + redacted.open(name).read() for name in redacted.names())
    redacted.close()
    return found + json.dumps(redactor.ledger.record()).encode()


PASSWORDS = """\
password {}
passwd: {}
keytool -storepass {} -list
openssl req -passin pass:{} -new
mksecldap -c -h nim1 -a cn=admin -p {}
curl -d password={} http://nim1/
curl --user-agent x --password={}
mysql --password={} nim
ipmitool -P {} power status
tool --secret {}
tool --password="{} and more"
<password>{}</password>
<ns:db-password type="plain">{}</ns:db-password>
<user name="joe" password="{}"/>
said {{"db_password": "a\\"{}", "port": 1}}
said {{\\"password\\": \\"{}\\"}}
input_password : '{}'
Kennwort {}
das Passwort von joe ist {}
Kennwort fuer den Benutzer joe lautet {}
contraseña {}
CONTRASEÑA: {}
mot de passe {}
le mot de passe est {}
senha {}
parola {}
hasło {}
Пароль {}
パスワード {}
密码 {}
the password for the user joe on lpar7 is {}
password was changed to {}
pass phrase for joe: {}
export DB_PASSWORD={}
export PGPASSWORD='{}'
bindpw {}
bindpwd:{}
community {}
snmp-server community {} RO
createUser joe MD5 {}
Authorization: Basic {}
Authorization: Bearer {}
http://joe:{}@nim1/x
http://joe:p@{}@nim1/x
echo root:{} | chpasswd
machine nim1 login joe password {}
Password:
  {}
  password = \\
{}
<password>
{}
Kennwort ist
{}
"""


def test_a_password_does_not_leave_whatever_word_stands_before_it() -> None:
    planted = PASSWORDS.format(*[f"{SECRET}{at:02d}" for at in range(PASSWORDS.count("{}"))])
    assert SECRET.encode() not in leaves(planted)


@pytest.mark.parametrize("text", ["contraseña", "Contraseña es", "CONTRASEÑA:", "Kennwort für joe ist", "lösenord"])
def test_words_with_accents_are_read_in_latin_1_too(text: str) -> None:
    assert SECRET.encode() not in leaves(f"{text} {SECRET}\n", "latin-1")


@pytest.mark.parametrize(
    "text",
    [
        "password authentication failed for user root",
        "password expired",
        "the password of root is not set",
        "your password has expired",
        "rsh: the password was changed by root",
        "Kennwort ist abgelaufen",
        "Das Kennwort von root ist abgelaufen",
        "mot de passe incorrect",
        "root can log in without a password, and pose as the master",
        "a passphrase is asked for, and nimsh has nobody to ask",
        "somebody likely put a passphrase on the key",
        "3004-610 You are required to change your password",
        "-rw------- 1 root security 512 Mar 14 10:05 /etc/security/passwd file",
        "Token Ring of tok0",
        "pass: all have begun; or SSL is off on that end.",
        "0xffffff00 00000000 20250314 12345678 4294967295 0x00000000",
        "devices.pciex.2514300014108c03.rte:6.1.4.0",
        "f1000e00012345b8 tcp4",
        "2025031410050312 and 12 13 14 15 16 17 18 19 20 21",
        "IV12345 IJ12345s1a 7200-05-03-2148 PID 7143628 inode 8212 10,5",
        "a/b/c/d/e/f/g/h/usr/lpp/bos/inst_root/etc/security",
        "/usr/lpp/bos/inst/root/export/lpp/source/installp/ppc",
        "of 3/14 and 1.5/2 and 7.2/7",
    ],
)
def test_what_a_sentence_says_of_passwords_stays_and_so_do_numbers_that_tell_nothing(text: str) -> None:
    assert text.encode() in leaves(text + "\n")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("ghp_abcdefghij0123456789ABCDEFGHIJ012345", "0123456789ABC"),
        ("github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "0abcdefghijkl"),
        ("AKIAIOSFODNN7EXAMPLE of ASIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
        ("AKIAIOSFODNN7EXAMPLE a8Kd93jfX0pQ/l2mZv7RtYw4Ns6Bc+1EhGqU5oIx", "l2mZv7RtYw4N"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", "dozjgNry"),
        ("xoxb-123456789012-abcdefABCDEF", "abcdefABCDEF"),
        ("glpat-abcdefABCDEF12345678", "abcdefABC"),
        ("sk_live_abcdefABCDEF12345678", "abcdefABC"),
        ("AIzaSyA-abcdefghijklmnopqrstuvwxyz01234", "abcdefghij"),
        ("root {smd5}abcdEF12/ghijklmnop", "ghijklmnop"),
        ("root {ssha512}06$abcdEF12$ghijklmnop", "ghijklmnop"),
        ("root:$6$salt$ghijklmnopqrst:1:1", "ghijklmnop"),
        ("lscfg WWPN C050760A1B2C0012", "C050760A1B2C"),
        ("fcstat 0x10000000C9123456", "0000C9123456"),
        ("10:00:00:00:c9:12:34:56", "c9:12:34:56"),
        ("10-00-00-00-c9-12-34-56", "c9-12-34-56"),
        ("hdisk0 00f6a1b24c0012ab rootvg active", "a1b24c0012ab"),
        ("pvid 00f6a1b24c0012ab0000000000000000", "a1b24c0012ab"),
        ("U9009.42A.783D5F7-V5-C4-T1", "783D5F7"),
        ("U78D3.001.WZSQABC-P1-C2 and wzsqabc", "WZSQABC"),
        ("arp fa16.3e1b.2201", "3e1b"),
        ("ether 251630192201 and again 251630192201", "251630192201"),
        ("lpar_uuid 4a1b2c3d-1111-2222-3333-44445555aaaa", "4a1b2c3d"),
        ("lpar_uuid 4a1b2c3d-1111-2222-3333-44445555aaaa", "5555aaaa"),
        ("SHA256:abcdefghijABCDEFGHIJ0123456789abcdefghijABC (RSA)", "abcdefghijABC"),
        ("MD5:a1:b2:c3:d4:e5:f6:a7:b8:c9:da:eb:fc:0d:1e:2f:30", "a1:b2:c3"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ jdoe@ws17", "ws17"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ laptop of Erika", "Erika"),
        ("db2 connect to nimdb user joe using Qz7vT4x9", "Qz7vT4x9"),
        ("mount -o credentials joe%Qz7vT4x9", "Qz7vT4x9"),
        ("com2sec local default Qz7vT4x9", "Qz7vT4x9"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB jdoe@ws17", "IB jdoe"),
        ("route 0x0a010107 0A010107", "0a010107"),
        ("address 167837959", "167837959"),
        ("10[.]1[.]1[.]7 and 10.1.1[.]7 and 10(dot)1(dot)1(dot)7", "10[.]1[.]1[.]7"),
        ("10[.]1[.]1[.]7 and 10.1.1[.]7 and 10(dot)1(dot)1(dot)7", "10.1.1[.]7"),
        ("10[.]1[.]1[.]7 and 10.1.1[.]7 and 10(dot)1(dot)1(dot)7", "10(dot)1(dot)"),
        (r"^10\.1\.1\.7$", r"10\.1\.1\.7"),
        ("0x0a.0x01.0x01.0x07", "0x0a.0x01.0x01"),
        ("zone 1.1.10.in-addr.arpa", "1.1.10.in"),
        ("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0.1.0.0.2"),
        ("zone 8.b.d.0.1.0.0.2.ip6.arpa", "8.b.d.0"),
        ("2001:DB8:1:2::7%en0", "DB8"),
        ("inet6 addr:2001:db8:1:2::7", "2001:db8"),
        ("2001:db8:1:2::10.1.1.7", "2001:db8"),
        ("64:ff9b::10.1.1.7 and ::ffff:10.1.1.7", "10.1.1.7"),
        ("net 172.29.4/22", "172.29.4/22"),
        ("net 10.77/16", "10.77"),
        ("From: Erika Mustermann <em@acme.bank>\nMustermann says", "Mustermann"),
        ("jane.doe@acme.bank wrote, and jane.doe, jane_doe too", "jane"),
        ("jdoe@acme.bank and jdoe", "jdoe"),
        ("ssh -p 22 jdoe@vault9 and vault9", "vault9"),
        ("3 host/vault9.acme.bank@ACME.BANK (0x1f2e3d4c5b6a79880123456789abcdef)", "1f2e3d4c5b6a"),
        ("3 host/vault9.acme.bank@ACME.BANK (0x1f2e3d4c5b6a79880123456789abcdef)", "ACME"),
    ],
)
def test_numbers_tokens_and_other_spellings_do_not_leave(text: str, secret: str) -> None:
    assert secret.lower().encode() not in leaves(text + "\n").lower().replace(rb"\\", b"\\")


def grouped(size: int, width: int) -> "list[str]":
    rows = [RAW[at : at + width].hex() for at in range(0, len(RAW), width)]
    return [" ".join(row[at : at + size * 2] for at in range(0, len(row), size * 2)) for row in rows]


WAYS = {
    "its first line alone": ["MIIEvgIBADANBgkqhkiG9w0BAQEFAASC"],
    "lines of 64": BODY,
    "quoted": ["> " + line for line in BODY],
    "one line": ["".join(BODY)],
    "escapes": ['"key": "' + r"\n".join(BODY) + '"'],
    "slashes escaped": ["".join(BODY).replace("/", r"\/")],
    "openssl -text": ["    " + RAW[at : at + 15].hex(":") + ":" for at in range(0, 1180, 15)]
    + ["    " + RAW[1185:].hex(":")],
    "od": [f"{at * 16:07o}  {row}" for at, row in enumerate(grouped(2, 16))],
    "xxd": [f"{at * 16:08x}: {row}  {'.' * 16}" for at, row in enumerate(grouped(2, 16))],
    "hexdump": [f"{at * 16:08x}  {row}" for at, row in enumerate(grouped(1, 16))],
    "xxd -p": grouped(30, 30),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_a_key_without_its_armour_does_not_leave_to_its_last_line(way: str) -> None:
    found = leaves("before\n" + "\n".join(WAYS[way]) + "\nbehind it\n").decode("utf-8", "replace")
    for line in WAYS[way]:
        for piece in line.replace(r"\n", " ").strip('> "').split():
            assert len(piece) < 8 or piece not in found or piece.startswith(("...", "0000"))
    assert "before\n" in found and "behind it\n" in found


def test_the_same_port_has_one_pseudonym_however_it_is_written() -> None:
    found = leaves("C0:50:76:0A:1B:2C:00:12\nC050760A1B2C0012\n").decode("utf-8", "replace")
    colons, plain = found.split("files/etc/netsvc.conf\n")[1].split("\n")[:2]
    assert colons.replace(":", "").upper() == plain and plain != "C050760A1B2C0012"


# -- the ends' own networks and names


def netstat(*rows: str) -> str:
    heading = "Name  Mtu   Network     Address            Ipkts Ierrs    Opkts Oerrs  Coll\n"
    return heading + "".join(row + "\n" for row in rows)


@pytest.mark.parametrize("network", ["10.77", "172.29.4/22", "10.77.0"])
def test_the_network_of_an_end_does_not_leave_with_its_address(network: str) -> None:
    tree = collected(
        files={"/etc/niminfo": niminfo(NIM_HOSTS='" 10.77.3.9:lpar7 "'), "/etc/hosts": "10.77.3.9 lpar7\n"},
        commands={"netstat -in": netstat(f"en0   1500  {network:<11} 10.77.3.9    5 0 5 0 0"), "hostname": "lpar7\n"},
    )
    found = redacted(tree)["commands/netstat_-in"]
    assert network not in found and "en0   1500  *" in found


def redacted(tree: Dict[str, bytes]) -> Dict[str, str]:
    redactor = Redactor(KEY)
    redactor.learn(MemoryTree(tree))
    found = redactor.redacted(MemoryTree(tree))
    redactor.check(found)
    return {name: found.open(name).read().decode("utf-8", "replace") for name in found.names()}


@pytest.mark.parametrize("answer", ["", "Host not found.\n", "it is 10.1.1.99\n"])
def test_a_name_that_was_looked_up_does_not_leave_though_the_answer_does_not_repeat_it(answer: str) -> None:
    tree = collected(
        files={"/etc/niminfo": niminfo(), FILES[0]: "again vault9 here\n"}, commands={"host vault9": answer}
    )
    assert "vault9" not in json.dumps(redacted(tree))


def test_a_name_that_only_the_name_of_a_file_made_by_hand_tells_does_not_leave() -> None:
    tree = {"commands/host_vault9": b"not found\n", "files/etc/netsvc.conf": b"again vault9 here\n"}
    assert "vault9" not in json.dumps(redacted(tree))


def test_the_ledger_says_what_cannot_be_known() -> None:
    redactor = Redactor(KEY)
    assert "free text" in str(redactor.ledger.record()["cannot_know"])
