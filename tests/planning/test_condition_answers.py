"""What each condition answers, word for word: files of every kind, certificates, inetd, and a host at work."""

import hashlib
import os

import pytest

from nimdoctor.facts import Certificates, NimObjects, Processes, TlsAttempt
from nimdoctor.facts.nimsh_session import SessionEnd
from nimdoctor.model import Role
from nimdoctor.model.text import Quote
from nimdoctor.planning.conditions import (
    BootRow,
    CertificateNew,
    CertificatesAre,
    CertificateServed,
    CertificatesRenewed,
    ClientIdle,
    FileAbsent,
    FileIs,
    InetdAgrees,
    LibraryCopyIs,
    MasterIdle,
    ModeIs,
    NimInfoSays,
    NobodyFetches,
    NotSecureMaster,
    PortFor,
    PortFree,
    PushIs,
    Renamable,
    SecuredClientsAre,
    SharesCertificate,
    SubsystemIs,
    TftpdIdle,
    TreeComplete,
)
from nimdoctor.planning.conditions.certificates import block_checksums
from nimdoctor.planning.conditions.guards import Hanging, hanging, proved_hung
from nimdoctor.system.host_files import HostFiles
from tests.hosts import (
    MASTER_STANZA,
    PLAIN_MASTER_STANZA,
    PS,
    certificate,
    filesets,
    listening,
    machine,
    niminfo,
    processes,
    subsystems,
)
from tests.planning.test_conditions import answer, moment

C, M = Role.CLIENT, Role.MASTER
KEY = b"-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAq7BFUpkGp3+LQmlQ\n-----END PRIVATE KEY-----\n"


class Now:
    """A moment at which one host has these files, and what is given of its facts."""

    def __init__(self, root, facts=()):
        self._files, self.facts = HostFiles(str(root)), dict(facts)

    def files(self, where):
        return self._files

    def fact(self, where, kind):
        return self.facts.get(kind)


# -- files


@pytest.fixture
def host(tmp_path):
    """A tree with one path of each kind, and whether a condition about it holds and why."""
    for directory in ("etc", "usr/lib", "d", "open"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "etc/f").write_bytes(b"12345")
    (tmp_path / "etc/key").write_bytes(KEY)
    (tmp_path / "etc/two").write_bytes(b"12345")
    os.link(tmp_path / "etc/two", tmp_path / "etc/two.other")
    (tmp_path / "etc/link").symlink_to("f")
    os.mkfifo(tmp_path / "etc/fifo")
    (tmp_path / "open/f").write_bytes(b"12345")
    for path, bits in (("etc/f", 0o640), ("open", 0o777), ("open/f", 0o640), ("", 0o755), ("etc", 0o775)):
        (tmp_path / path).chmod(bits)
    return lambda condition: tuple(condition.decide(Now(tmp_path), {}))


SUM = hashlib.sha256(b"12345").hexdigest()
SAME = "{} has the bytes the plan says"
OTHER = "{} has other bytes than the plan says"
FILES = [
    # path, its sum is the plan's, FileIs, ModeIs 0640, LibraryCopyIs 5
    ("/etc/f", (True, SAME), (True, "{} has mode 0640"), (True, "{} is a file of 5 bytes")),
    ("/etc/key", (False, "{} holds a private key, and its backup would too: take it out first"), None, (False, f"{{}} is a file of {len(KEY)} bytes")),
    ("/etc/two", (False, "{} has 2 hard links"), (False, "{} has 2 hard links"), (False, "{} is a file with 2 links")),
    ("/etc/link", (False, "{} is no regular file but a link"), (False, "{} is no regular file but a link"), (False, "{} is a link with 1 links")),
    ("/etc/fifo", (False, "{} is no regular file but a other"), (False, "{} is no regular file but a other"), (False, "{} is a other with 1 links")),
    ("/d", (False, "{} is no regular file but a dir"), (False, "{} is no regular file but a dir"), None),
    ("/etc/none", (False, "{} does not exist"), (False, "{} does not exist"), (False, "{} does not exist")),
    ("/open/f", (True, SAME), (False, "others may write in /open (mode 0777)"), (True, "{} is a file of 5 bytes")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "bytes_", "mode", "copy"), FILES, ids=[one[0] for one in FILES])
def test_a_file_is_the_plans_only_as_a_regular_one_of_one_name(path, bytes_, mode, copy, host):
    for condition, expected in ((FileIs(C, path, SUM, ""), bytes_), (ModeIs(C, path, 0o640), mode), (LibraryCopyIs(C, path, 5), copy)):  # fmt: skip
        if expected is not None:
            assert host(condition) == (expected[0], expected[1].format(path)), condition


def test_other_bytes_another_mode_another_size(host):
    assert host(FileIs(C, "/etc/f", SUM[::-1], "")) == (False, OTHER.format("/etc/f"))
    assert host(ModeIs(C, "/etc/f", 0o644)) == (False, "/etc/f has mode 0640")
    for size in (4, 6):
        assert host(LibraryCopyIs(C, "/etc/f", size)) == (False, "/etc/f is a file of 5 bytes")


@pytest.mark.parametrize(
    ("path", "kind"), [("/etc/f", "file"), ("/d", "dir"), ("/etc/link", "link"), ("/etc/fifo", "other")]
)
def test_whatever_stands_at_a_path_is_there(path, kind, host):
    assert host(FileAbsent(C, path)) == (False, f"{path} exists: a {kind}")
    assert host(FileAbsent(C, path + "x")) == (True, f"{path}x does not exist")


@pytest.mark.parametrize(
    ("path", "to", "holds", "says"),
    [
        ("/etc/f", "/etc/g", True, "/etc/f can be renamed"),
        ("/d", "/e", True, "/d can be renamed"),
        ("/etc/none", "/etc/g", False, "/etc/none does not exist"),
        ("/etc/link", "/etc/g", False, "/etc/link is a link"),
        ("/etc/fifo", "/etc/g", False, "/etc/fifo is a other"),
        ("/etc/two", "/etc/g", False, "/etc/two has 2 hard links"),
        ("/d", "/etc/link", False, "/etc/link exists already"),
        ("/d", "/open", False, "/open exists already"),
    ],
)
def test_what_can_be_renamed(path, to, holds, says, host):
    assert host(Renamable(C, path, to)) == (holds, says)


def test_a_mount_point_cannot_be_renamed(host, monkeypatch):
    monkeypatch.setattr(HostFiles, "mount_point", lambda self, path: path == "/d")
    assert host(Renamable(C, "/d", "/e")) == (False, "/d is a mount point")
    assert host(Renamable(C, "/etc/f", "/e")) == (True, "/etc/f can be renamed")


@pytest.mark.parametrize("part", ["certs", "configs", "keys"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_tree_that_lacks_a_part_is_not_complete(part, how, tmp_path):
    for name in ("certs", "configs", "keys"):
        (tmp_path / "ssl_nimsh" / name).mkdir(parents=True)
        (tmp_path / "ssl_nimsh" / name / "one").write_bytes(b"x")
    assert tuple(TreeComplete(M).decide(Now(tmp_path), {})) == (True, "/ssl_nimsh is complete")
    (tmp_path / "ssl_nimsh" / part / "one").unlink()
    if how == "missing":
        (tmp_path / "ssl_nimsh" / part).rmdir()
    assert tuple(TreeComplete(M).decide(Now(tmp_path), {})) == (False, f"missing or empty: /ssl_nimsh/{part}")


# -- certificates

PEM = "/ssl_nimsh/certs/server.pem"


def identities(*numbers):
    if not numbers:
        return ()
    text = "".join(map(certificate, numbers))
    return tuple(sorted(moment(client={PEM: text}).fact(C, Certificates).identities()))


def test_certificates_are_the_same_only_as_a_whole():
    one, two = identities(1), identities(1, 2)
    host = {"client": {PEM: certificate(1)}}
    assert tuple(answer(CertificatesAre(C, one, ()), **host)) == (True, "the certificates are unchanged")
    for others in (two, identities(2), ()):
        assert tuple(answer(CertificatesAre(C, others, ()), **host)) == (False, "the certificates are others by now")


@pytest.mark.parametrize(
    ("held", "former", "expected"),
    [
        ((1,), (1,), (False, "an old certificate is still there")),
        ((1, 2), (1,), (False, "an old certificate is still there")),
        ((2,), (1,), (True, "all certificates are new")),
        ((2,), (), (True, "all certificates are new")),
        ((), (1,), (False, "no certificate is below /ssl_nimsh/certs")),
    ],
)
def test_certificates_are_renewed_when_none_of_the_old_is_left(held, former, expected):
    found = answer(
        CertificatesRenewed(M, identities(*former), ()), master={PEM: "".join(map(certificate, held)) or "x"}
    )
    assert tuple(found) == expected


@pytest.mark.parametrize(
    ("client", "master", "expected"),
    [
        ((1,), (1,), (True, "they share a certificate")),
        ((1, 2), (2, 3), (True, "they share a certificate")),
        ((1,), (2,), (False, "they share no certificate")),
        (None, (1,), (None, "the client's certificates are not known")),
    ],
)
def test_one_certificate_in_common_is_enough(client, master, expected, monkeypatch):
    from nimdoctor.planning.conditions import EvidenceFresh
    from nimdoctor.planning.conditions.base import Answer

    monkeypatch.setattr(EvidenceFresh, "decide", lambda *_: Answer(True, ""))
    ends = {
        "client": {"hostname": "lpar7\n"} if client is None else {PEM: "".join(map(certificate, client))},
        "master": {PEM: "".join(map(certificate, master))},
    }
    assert tuple(answer(SharesCertificate(C), **ends)) == expected


def test_a_checksum_is_that_of_each_block_once_and_sorted():
    found = moment(client={PEM: certificate(1) + certificate(2) + certificate(1)}).fact(C, Certificates)
    alone = [block_checksums(moment(client={PEM: certificate(n)}).fact(C, Certificates))[0] for n in (1, 2)]
    assert block_checksums(found) == tuple(sorted(alone)) and block_checksums(None) == ()


@pytest.mark.parametrize(
    ("before", "holds"),
    [
        ({}, True),
        ({PEM: "the same"}, False),
        ({PEM: "another time"}, True),
        ({PEM: "another inode"}, True),
        ({PEM: "another size"}, True),
        ({PEM: "other bytes"}, True),
        (None, None),
    ],
)
def test_a_certificate_is_new_by_time_inode_size_or_bytes(before, holds, tmp_path):
    place = tmp_path / PEM[1:]
    place.parent.mkdir(parents=True)
    place.write_text(certificate(1))
    (place.parent / "note.pem").write_text("no certificate\n")
    now = Now(tmp_path, {Certificates: moment(client={PEM: certificate(1)}).fact(C, Certificates)})
    from nimdoctor.planning.ends import certificate_files

    state = certificate_files(now, C)[PEM]
    which = {"another time": 0, "another inode": 1, "another size": 2, "other bytes": 3}
    was = {}
    if before is not None:
        was["certificates"] = {
            path: [None if which.get(what) == at else one for at, one in enumerate(state)]
            for path, what in before.items()
        }
    found = CertificateNew(C).decide(now, was)
    says = {
        True: f"{PEM} is new",
        False: "no certificate file below /ssl_nimsh/certs is new",
        None: "what was below /ssl_nimsh/certs before is not known",
    }
    assert tuple(found) == (holds, says[holds])
    # one that is there, and holds no certificate, is none that was fetched
    gone = Now(tmp_path, {Certificates: None})
    assert CertificateNew(C).decide(gone, {"certificates": {}}).holds is False


@pytest.mark.parametrize(
    ("mode", "directory", "expected"),
    [
        ("0644", "0755", (True, f"{PEM} holds a certificate")),
        ("0640", "0755", (False, f"{PEM} cannot be read by nobody, as whom tftpd serves it")),
        (None, None, (None, f"whether nobody can read {PEM}, as whom tftpd serves it, is not known")),
    ],
)
def test_a_certificate_is_served_where_nobody_can_read_it(mode, directory, expected):
    paths = {"/ssl_nimsh": {"mode": "0755", "kind": "dir"}}
    if mode:
        paths.update({PEM: {"mode": mode, "kind": "file"}, "/ssl_nimsh/certs": {"mode": directory, "kind": "dir"}})
    found = answer(CertificateServed(M), master={PEM: certificate(1)}, master_paths=paths)
    assert tuple(found) == expected


@pytest.mark.parametrize(
    ("names", "besides", "expected"),
    [
        (("lpar7", "lpar8"), (), (True, "the other secured clients are the same")),
        (("lpar8", "lpar7"), (), (True, "the other secured clients are the same")),
        (("lpar8",), ("lpar7",), (True, "the other secured clients are the same")),
        (("lpar7",), (), (False, "the other secured clients are lpar7, lpar8")),
        (("lpar7", "lpar8", "lpar9"), (), (False, "the other secured clients are lpar7, lpar8")),
        ((), ("lpar7", "lpar8"), (True, "the other secured clients are the same")),
        (("lpar7",), ("lpar7", "lpar8"), (False, "the other secured clients are none")),
    ],
)
def test_the_clients_that_lose_their_push_are_exactly_those_that_were_named(names, besides, expected):
    listing = machine() + machine("lpar8") + machine("plain", connect="nimsh")
    assert tuple(answer(SecuredClientsAre(M, names, besides), master={"lsnim -l": listing})) == expected


# -- inetd and tftpd

CONF = "ftp stream tcp6 nowait root /usr/sbin/ftpd ftpd -l\ntftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"
SERVING = """Subsystem         Group            PID          Status
 inetd            tcpip            3867068      active

Debug         Not active

Signal        Purpose
 SIGHUP       Rereads the configuration database and reconfigures services.

Service       Command                  Description              Status
"""


def served(*rows):
    """`lssrc -ls inetd` with these services."""
    return SERVING + "".join(f" {name:<12} {program:<24} {words:<24} active\n" for name, program, words in rows)


FTP, TFTP = ("ftp", "/usr/sbin/ftpd", "ftpd -l"), ("tftp", "/usr/sbin/tftpd", "tftpd -n")


@pytest.mark.parametrize(
    ("conf", "rows", "expected"),
    [
        (CONF, [FTP], (True, "a refresh changes no other service")),
        (CONF, [FTP, TFTP], (True, "a refresh changes no other service")),
        (CONF, [TFTP], (False, "refresh -s inetd would start ftp")),
        (CONF, [FTP, ("login", "/usr/sbin/rlogind", "rlogind")], (False, "refresh -s inetd would stop login")),
        (CONF.replace("ftp stream", "#ftp stream"), [FTP], (False, "refresh -s inetd would stop ftp")),
        (CONF, [("ftp", "/opt/ftpd", "ftpd -l")], (False, "refresh -s inetd would change ftp (from /opt/ftpd to /usr/sbin/ftpd)")),
        (CONF, [("ftp", "/usr/sbin/ftpd", "ftpd -x")], (False, "refresh -s inetd would change ftp (from 'ftpd -x' to 'ftpd -l')")),
        (CONF, [("ftp", "/usr/sbin/ftpd", "ftpd")], (True, "a refresh changes no other service")),
    ],
)  # fmt: skip
def test_a_refresh_of_inetd_changes_nothing_but_tftp(conf, rows, expected):
    found = answer(InetdAgrees(M, "tftp"), master={"/etc/inetd.conf": conf, "lssrc -ls inetd": served(*rows)})
    assert tuple(found) == expected


@pytest.mark.parametrize(
    ("state", "tftpd", "idle", "fetching"),
    [
        ("ready for a NIM operation", "", (True, "no tftpd runs"), (True, "no tftpd runs and no network boot is enabled")),
        ("BOS installation has been enabled", "", (True, "no tftpd runs"), (False, "lpar7: BOS installation has been enabled")),
        ("customization is being performed", "", (True, "no tftpd runs"), (False, "lpar7: customization is being performed")),
        ("ready for a NIM operation", " 4711 1 00:10 tftpd -n\n", (False, "tftpd serves somebody right now: it ends by itself when nobody asks any more"), (False, "tftpd serves somebody right now")),
    ],
)  # fmt: skip
def test_tftp_is_nobodys_while_no_tftpd_runs_and_nothing_boots(state, tftpd, idle, fetching):
    master = {"lsnim -l": machine() + f"   Cstate         = {state}\n", PS: processes() + tftpd}
    assert tuple(answer(TftpdIdle(M), master=master)) == idle
    assert tuple(answer(NobodyFetches(M), master=master)) == fetching


# -- a host at work


@pytest.mark.parametrize(("age", "proved"), [(None, False), (0, False), (599, False), (600, True), (601, True)])
def test_a_push_is_proved_to_hang_after_ten_minutes(age, proved):
    found = Hanging(age, "LINE", "no clock")
    assert found.proved is proved
    said = found.words()
    if age is None:
        assert said == "it stands at create BIO since LINE; for how long is not known (no clock), so it is not proved to hang and is not waived"  # fmt: skip
    elif proved:
        assert said == "it stands at create BIO since LINE, 10 min ago, more than 10 minutes: that proves that it hangs, and --accept-hung waives it"  # fmt: skip
    else:
        assert said.startswith("it stands at create BIO since LINE, ") and "; at 10 minutes, in " in said


@pytest.mark.parametrize(
    ("elapsed", "age", "theirs"),
    [(600, 720, True), (600, 721, False), (600, 719, True), (None, 720, True), (600, None, True), (0, 120, True), (0, 121, False)],
)  # fmt: skip
def test_a_process_that_began_two_minutes_after_the_session_stopped_is_another_one(elapsed, age, theirs):
    row = moment(client={PS: processes()}).fact(C, Processes).named("nimsh")[0]
    assert Hanging(age, "").accounts_for(row._replace(elapsed=elapsed)) is theirs


class Attempt:
    """A client's newest TLS session."""

    def __init__(self, end, age=700, why=""):
        self.age, self.why = age, why
        self.session = type("S", (), {"end": end, "last": Quote("nimsh.log", 7, " create BIO ")})() if end else None


@pytest.mark.parametrize("end", [*SessionEnd, None])
def test_only_a_session_that_hangs_is_one_that_hangs(end, tmp_path):
    now = Now(tmp_path, {TlsAttempt: Attempt(end)})
    found = hanging(now)
    assert (found is not None) is (end is SessionEnd.HUNG) and (proved_hung(now) is not None) is (found is not None)
    assert found is None or tuple(found) == (700, "nimsh.log line 7: create BIO", "")
    young = Now(tmp_path, {TlsAttempt: Attempt(end, 599)})
    assert (hanging(young) is not None) is (found is not None) and proved_hung(young) is None
    assert hanging(Now(tmp_path)) is None and proved_hung(Now(tmp_path)) is None


CHILD = " 9306482  7799162 {} /usr/sbin/nimsh -s -c\n"
UNDER_WAY = "nimsh has a child: a push is under way (process 9306482)"
HANGS = "nimsh's child 9306482 belongs to a push that hangs (nimsh.log line 7: create BIO), which is accepted"


@pytest.mark.parametrize(
    ("children", "attempt", "accepted", "holds", "says"),
    [
        ("", None, False, True, "nimsh has no child and no installation runs"),
        ("", Attempt(SessionEnd.HUNG), True, True, "nimsh has no child and no installation runs"),
        (CHILD.format("11:40"), Attempt(SessionEnd.HUNG), True, True, HANGS),
        (CHILD.format("11:40"), Attempt(SessionEnd.HUNG), False, False, f"{UNDER_WAY}; it stands at create BIO since nimsh.log line 7: create BIO, 11 min ago, more than 10 minutes: that proves that it hangs, and --accept-hung waives it"),
        (CHILD.format("09:59"), Attempt(SessionEnd.HUNG, 599), True, False, None),
        (CHILD.format("00:10"), Attempt(SessionEnd.HUNG), True, False, f"{UNDER_WAY}, which began after the one that stands at create BIO"),
        (CHILD.format("11:40"), Attempt(SessionEnd.WENT_ON), True, False, f"{UNDER_WAY}, and nothing in nimsh.log shows that it hangs: wait until it has ended"),
        (CHILD.format("11:40"), None, True, False, f"{UNDER_WAY}, and nothing in nimsh.log shows that it hangs: wait until it has ended"),
        (" 4711 1 00:10 /usr/sbin/installp -acgXd /mnt all\n", Attempt(SessionEnd.HUNG), True, False, "installp runs (process 4711)"),
    ],
)  # fmt: skip
def test_a_client_is_idle_but_for_the_push_that_hangs_and_is_accepted(
    children, attempt, accepted, holds, says, tmp_path
):
    from nimdoctor.facts import NimshMode

    table = moment(client={PS: processes(children=children)}).fact(C, Processes)
    facts = {Processes: table, NimshMode: NimshMode.derive(table, None), TlsAttempt: attempt}
    found = ClientIdle(C, accepted).decide(Now(tmp_path, facts), {})
    assert (found.holds, says or found.says) == (holds, found.says)


NIM = " 9437574 1 {} nim -o lslpp {}\n"
RUNS = "a nim command runs: nim -o lslpp {} (process 9437574)"


@pytest.mark.parametrize(
    ("nim", "state", "attempt", "accepted", "expected"),
    [
        ("", "ready", None, "", (True, "no nim command runs")),
        ("", "customization is being performed", None, "", (False, "lpar7: customization is being performed")),
        ("", "customization is being performed", Attempt(SessionEnd.HUNG), "lpar7", (True, "no nim command runs")),
        ("", "customization is being performed", Attempt(SessionEnd.HUNG, 599), "lpar7", (False, "lpar7: customization is being performed")),
        (NIM.format("11:40", "lpar7"), "ready", None, "", (False, RUNS.format("lpar7"))),
        (NIM.format("11:40", "lpar7"), "ready", Attempt(SessionEnd.HUNG), "", (False, RUNS.format("lpar7") + ": it belongs to the push that hangs, and --accept-hung waives it")),
        (NIM.format("11:40", "lpar7"), "ready", Attempt(SessionEnd.HUNG), "lpar7", (True, "no nim command runs")),
        (NIM.format("11:40", "lpar7"), "ready", None, "lpar7", (False, RUNS.format("lpar7"))),
        (NIM.format("11:40", "lpar8"), "ready", Attempt(SessionEnd.HUNG), "lpar7", (False, RUNS.format("lpar8"))),
        (NIM.format("11:40", "lpar8"), "ready", Attempt(SessionEnd.HUNG), "", (False, RUNS.format("lpar8"))),
        (NIM.format("11:40", "lpar7"), "ready", Attempt(SessionEnd.HUNG), "lpar8", (False, RUNS.format("lpar7"))),
        (NIM.format("00:10", "lpar7"), "ready", Attempt(SessionEnd.HUNG), "lpar7", (False, RUNS.format("lpar7"))),
        (NIM.format("00:10", "lpar7"), "ready", Attempt(SessionEnd.HUNG), "", (False, RUNS.format("lpar7"))),
    ],
)  # fmt: skip
def test_a_master_is_idle_but_for_the_push_that_hangs_and_is_accepted(
    nim, state, attempt, accepted, expected, tmp_path
):
    host = moment(master={PS: processes() + nim, "lsnim -l": machine() + f"   Cstate         = {state}\n"})
    facts = {kind: host.fact(M, kind) for kind in (Processes, NimObjects)}
    found = MasterIdle(M, ("lpar7",), accepted).decide(Now(tmp_path, {**facts, TlsAttempt: attempt}), {})
    assert tuple(found) == expected
    # another machine's operation is no matter of this plan
    if "is being performed" in state:
        assert MasterIdle(M, ("lpar8",)).decide(Now(tmp_path, facts), {}).holds


@pytest.mark.parametrize(("port", "holds"), [(3900, True), (3901, False), (3902, True)])
def test_a_port_is_free_where_nothing_listens_on_it(port, holds):
    host = {"netstat -an": listening(3901), "lssrc -a": subsystems("nimsh nimclient inoperative")}
    says = f"nothing listens on {port}" if holds else "something listens on 3901: tcp        0      0  *.3901                 *.*                    LISTEN"  # fmt: skip
    assert tuple(answer(PortFree(C, port), client=host)) == (holds, says)
    assert tuple(answer(PortFor(C, port, "nimsh"), client=host)) == (holds, says)
    host["lssrc -a"] = subsystems("nimsh nimclient active")
    assert tuple(answer(PortFor(C, port, "nimsh"), client=host)) == (True, "nimsh is active")


@pytest.mark.parametrize(("words", "on"), [("-s", True), ("-s -P", False)])
def test_pushes_are_taken_unless_nimsh_runs_with_p(words, on):
    host = {PS: processes(nimsh=words)}
    for wanted in (True, False):
        found = answer(PushIs(C, wanted), client=host)
        assert tuple(found) == (wanted is on, f"nimsh {'takes' if on else 'refuses'} pushes")


@pytest.mark.parametrize("status", ["active", "inoperative"])
def test_a_subsystem_is_what_src_says(status):
    for wanted in (True, False):
        found = answer(SubsystemIs(C, "nimsh", wanted), client={"lssrc -a": subsystems(f"nimsh nimclient {status}")})
        assert tuple(found) == (wanted is (status == "active"), f"nimsh is {status}")


@pytest.mark.parametrize(
    ("row", "at_boot", "absent"),
    [
        ("nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1", True, False),
        ("nimsh:2:off:/usr/bin/startsrc -g nimclient >/dev/console 2>&1", False, False),
    ],
)
def test_a_row_of_inittab_is_there_or_starts_something(row, at_boot, absent):
    host = {"lsitab nimsh": row + "\n"}
    assert tuple(answer(BootRow(C, True), client=host)) == (at_boot, f"lsitab nimsh shows {row}")
    assert tuple(answer(BootRow(C, False), client=host)) == (absent, f"lsitab nimsh shows {row}")


@pytest.mark.parametrize(("value", "holds"), [("nimsh", True), ("NIMSH", True), ("shell", False), ("", False)])
def test_a_variable_of_niminfo_has_its_value_whatever_its_case(value, holds):
    found = answer(NimInfoSays(C, "NIM_SHELL", value), client={"/etc/niminfo": niminfo()})
    assert tuple(found) == (holds, "/etc/niminfo has NIM_SHELL=nimsh")


@pytest.mark.parametrize(
    ("listing", "word", "holds"), [(MASTER_STANZA, "with", False), (PLAIN_MASTER_STANZA, "without", True)]
)
def test_a_host_with_objects_of_its_own_is_a_master_whatever_else_is_not_known(listing, word, holds):
    says = f"the host is itself a NIM master {word} SSL"
    alone = {"lsnim -l": listing}
    told = {**alone, "/etc/niminfo": niminfo(NIM_CONFIGURATION="master")}
    lacking = {**alone, "lslpp -lc": filesets("bos.sysmgt.nim.client 7.1.4.0")}
    for host in (alone, told, lacking):
        assert tuple(answer(NotSecureMaster(C), client=host, roles=("client", "master"))) == (holds, says)
