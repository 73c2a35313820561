"""Conditions as data, and what those decide that no lab shows."""

import json

import pytest

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.model import Role
from nimdoctor.planning import conditions
from nimdoctor.planning.conditions import (
    AuditingOff,
    CanExtract,
    CertificateServed,
    ClientIdle,
    CryptoIs,
    EvidenceFresh,
    FilesetsInstalled,
    FilesetsUnlocked,
    InetdAgrees,
    NobodyFetches,
    NotHardened,
    NotInWpar,
    NotOwned,
    NotSecureMaster,
    ObjectIsHosts,
    PortFree,
    RoleIs,
    SharesCertificate,
    SslSupport,
    SubsystemIs,
    TftpAllowed,
    TftpServed,
    from_dict,
    kind_of,
    kinds,
)
from nimdoctor.planning.conditions.base import as_dict
from nimdoctor.planning.conditions.nim import PreviewTouchesOnly
from nimdoctor.planning.ends import Elsewhere, End, Ends
from nimdoctor.system.stat_result import Stat
from tests.hosts import (
    MASTER_STANZA,
    PLAIN_MASTER_STANZA,
    certificate,
    evidence,
    filesets,
    machine,
    members,
    niminfo,
    processes,
    subsystems,
)

VALUES = {"str": "words", "bool": True, "int": 3901, "Tuple": ("one", "two")}


def examples():
    """One condition of every kind, made from the types of its fields."""
    found = []
    for name in conditions.__all__:
        cls = getattr(conditions, name)
        fields = getattr(cls, "_fields", None)
        if fields and hasattr(cls, "decide"):
            hints = {field: str(hint) for field, hint in cls.__annotations__.items()}
            values = {
                field: Role.CLIENT
                if field == "where"
                else next(value for word, value in VALUES.items() if word in hints[field])
                for field in fields
            }
            found.append(cls(**values))
    return found


EXAMPLES = examples()


def test_there_is_an_example_of_every_kind():
    assert {kind_of(one) for one in EXAMPLES} == set(kinds())


@pytest.mark.parametrize("one", EXAMPLES, ids=kind_of)
def test_every_kind_is_read_back_the_same(one):
    document = json.loads(json.dumps(as_dict(one)))
    assert from_dict(document) == one and type(from_dict(document)) is type(one)
    assert document["says"] == one.words() and document["kind"] == kind_of(one)


@pytest.mark.parametrize("one", EXAMPLES, ids=kind_of)
def test_equal_conditions_are_one_and_those_of_other_kinds_never(one):
    again = from_dict(as_dict(one))
    assert again == one and hash(again) == hash(one)
    assert (again != one) is False
    assert one != tuple(one) and tuple(one) != one
    for other in EXAMPLES:
        assert (one == other) is (one is other)
    assert len({*EXAMPLES, again}) == len(EXAMPLES)


@pytest.mark.parametrize("one", EXAMPLES, ids=kind_of)
def test_what_a_condition_says_is_one_line_of_text(one):
    assert one.words().isascii() and "\n" not in one.words() and one.words() == one.words().strip()


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "no-such", "where": "client"},
        {"kind": "file-absent", "where": "nowhere", "path": "/x"},
        {"kind": "file-absent", "where": "client"},
        {"kind": "file-absent", "where": "client", "path": "/x", "more": 1},
        {"where": "client", "path": "/x"},
    ],
)
def test_what_is_no_condition_is_refused(document):
    with pytest.raises(ValueError):
        from_dict(document)


# -- what they decide


def moment(client=None, master=None, client_paths=None, master_paths=None, roles=None):
    """Both ends as recorded evidence, each from its parts; an end that is None was not given."""
    given = {Role.CLIENT: (client, client_paths), Role.MASTER: (master, master_paths)}
    ends = {}
    for where, (parts, paths) in given.items():
        if parts is not None:

            def opened(parts=parts, paths=paths, where=where):
                files = {name: text for name, text in parts.items() if name.startswith("/")}
                commands = {name: text for name, text in parts.items() if not name.startswith("/")}
                return evidence(where.value, files=files, commands=commands, paths=paths or {}, role=where.value)

            ends[where] = End(where, where.value, opened, roles or (where.value,))
    return Ends(ends, Catalog()).now()


def answer(condition, **ends):
    return condition.decide(moment(**ends), {})


M, C = Role.MASTER, Role.CLIENT
KEY = "/ssl_nimsh/keys/serverkey.pem"
SATISFIED_BY_SILENCE = [
    conditions.CertificatesAre(M, (), ()),
    conditions.SecuredClientsAre(M, ()),
    conditions.MasterIdle(M),
    conditions.PushIs(C, True),
    conditions.BootRow(C, False),
    conditions.FileAbsent(C, "/etc/niminfo"),
    SubsystemIs(C, "nimsh", False),
    SslSupport(M, False),
    CryptoIs(C, False),
    NotHardened(M),
]
"""With values that a host of which nothing is known would have."""


@pytest.mark.parametrize("one", [*EXAMPLES, *SATISFIED_BY_SILENCE], ids=kind_of)
def test_a_host_of_which_nothing_is_known_lets_no_condition_hold(one):
    if kind_of(one) == "tftp-answers":
        pytest.skip("asks another host")
    try:
        found = answer(one, client={}, master={})
    except Elsewhere:
        return
    assert found.holds is not True


CONF = "tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"
SERVED = "Service       Command                  Description              Status\n tftp         /usr/sbin/tftpd          tftpd -n                 active\n"
LISTED = (
    "Subsystem         Group            PID          Status\n inetd            tcpip            4128994      active\n\n"
)


@pytest.mark.parametrize(
    ("condition", "master", "holds"),
    [
        (TftpServed(M), {"/etc/inetd.conf": CONF, "lssrc -t tftp": SERVED}, True),
        (TftpServed(M), {"/etc/inetd.conf": "#" + CONF, "lssrc -t tftp": SERVED}, False),
        (TftpServed(M), {"/etc/inetd.conf": "ftp stream tcp6 nowait root /usr/sbin/ftpd ftpd\n", "lssrc -t tftp": SERVED}, False),
        (TftpServed(M), {"/etc/inetd.conf": CONF}, None),
        (TftpServed(M), {"lssrc -t tftp": SERVED}, None),
        (TftpServed(M), {"lssrc -t tftp": SERVED.replace(" active\n", " inoperative\n")}, False),
        (TftpServed(M), {}, None),
        (AuditingOff(M), {"audit query": "auditing on\nbin processing off\n"}, False),
        (AuditingOff(M), {"audit query": "auditing off\n"}, True),
        (AuditingOff(M), {}, None),
        (TftpAllowed(M), {"/etc/tftpaccess.ctl": "allow:/ssl_nimsh/certs\n"}, True),
        (TftpAllowed(M), {"/etc/tftpaccess.ctl": "allow:/tftpboot\n"}, False),
        (TftpAllowed(M), {"/etc/tftpaccess.ctl": "allow:/\ndeny:/ssl_nimsh/certs/server.pem\n"}, False),
        (TftpAllowed(M), {}, None),
        (CertificateServed(M), {}, None),
        (SslSupport(M, True), {"lsnim -l": MASTER_STANZA}, True),
        (SslSupport(M, True), {"lsnim -l": PLAIN_MASTER_STANZA}, False),
        (SslSupport(M, False), {"lsnim -l": PLAIN_MASTER_STANZA}, True),
        (SslSupport(M, True), {"lsnim -l": machine()}, None),
        (InetdAgrees(M, "tftp"), {"/etc/inetd.conf": CONF, "lssrc -ls inetd": LISTED + SERVED}, True),
        (InetdAgrees(M, "tftp"), {"/etc/inetd.conf": CONF, "lssrc -t tftp": SERVED}, None),
        (NobodyFetches(M), {"lsnim -l": MASTER_STANZA + machine(), "ps -eo pid,ppid,etime,args": processes()}, True),
        (NobodyFetches(M), {"lsnim -l": MASTER_STANZA, "ps -eo pid,ppid,etime,args": processes() + " 9 1 00:10 /usr/sbin/tftpd -n\n"}, False),
        (NobodyFetches(M), {"lsnim -l": MASTER_STANZA + machine() + "   Cstate = BOS installation has been enabled\n",
                            "ps -eo pid,ppid,etime,args": processes()}, False),
        (NobodyFetches(M), {"lsnim -l": MASTER_STANZA}, None),
        (RoleIs(M, "master"), {"/etc/niminfo": niminfo(NIM_CONFIGURATION="master")}, True),
        (RoleIs(M, "master"), {"/etc/niminfo": niminfo()}, False),
        (RoleIs(M, "master"), {"lsnim -l": MASTER_STANZA}, True),
    ],
)  # fmt: skip
def test_of_a_master(condition, master, holds):
    assert answer(condition, master=master).holds is holds


@pytest.mark.parametrize(
    ("condition", "client", "holds"),
    [
        (CryptoIs(C, True), {"ps -eo pid,ppid,etime,args": processes()}, True),
        (CryptoIs(C, True), {"ps -eo pid,ppid,etime,args": processes("-s")}, False),
        (CryptoIs(C, False), {}, None),
        (SubsystemIs(C, "nimsh", True), {"lssrc -a": subsystems("nimsh nimclient active")}, True),
        (SubsystemIs(C, "nimsh", True), {"lssrc -a": subsystems("nimsh nimclient inoperative")}, False),
        (SubsystemIs(C, "nimsh", True), {}, None),
        (PortFree(C, 3901), {}, None),
        (NotInWpar(C), {"uname -W": "0\n"}, True),
        (NotInWpar(C), {"uname -W": "3\n"}, False),
        (NotInWpar(C), {}, None),
        (FilesetsInstalled(C, ("openssl.base",)), {"lslpp -lc": filesets("openssl.base 1.0.2.1800")}, True),
        (FilesetsInstalled(C, ("openssl.base",)), {"lslpp -lc": filesets("openssl.base 1.0.2.1800 BROKEN")}, False),
        (FilesetsInstalled(C, ("openssl.base",)), {}, None),
        (FilesetsUnlocked(C, ("openssl.base",)), {"lslpp -lc": filesets("openssl.base 1.0.2.1800")}, True),
        (FilesetsUnlocked(C, ("openssl.base",)), {}, None),
        (NotHardened(C), {"oslevel -s": "7200-05-03-2148\n"}, False),
        (NotHardened(C), {"oslevel -s": "7300-02-00-0000\n"}, False),
        (NotHardened(C), {"oslevel -s": "7100-04-08-1914\n"}, True),
        (NotHardened(C), {"oslevel -s": "7200-04-03-2038\n"}, True),
        (NotHardened(C), {"oslevel -s": "7200-05-10-2520\n"}, False),
        (NotHardened(M), {"oslevel -s": "7200-05-03-2148\n"}, True),
        (NotSecureMaster(C), {"/etc/niminfo": niminfo()}, True),
    ],
)  # fmt: skip
def test_of_a_client(condition, client, holds):
    assert answer(condition, client=client).holds is holds


@pytest.mark.parametrize(
    ("listing", "holds"),
    [(MASTER_STANZA, False), (PLAIN_MASTER_STANZA, True), (machine(), None), ("", None)],
)
def test_a_client_that_is_a_master_too(listing, holds):
    client = {"/etc/niminfo": niminfo(NIM_CONFIGURATION="alternate_master"), "lsnim -l": listing}
    assert answer(NotSecureMaster(C), client=client, roles=("client", "master")).holds is holds


@pytest.mark.parametrize(
    ("stanza", "holds"),
    [
        (machine("lpar7"), True),
        (machine("lpar7", interface="lpar7.example.com"), True),
        (machine("lpar7", interface="lpar9"), False),
        (machine("lpar9", interface="lpar7"), False),
        (machine("lpar7", kind="spot", connect=None), False),
    ],
)
def test_an_object_is_the_hosts_by_name_and_interface(stanza, holds):
    condition = ObjectIsHosts(C, "lpar7", ("lpar7",))
    assert answer(condition, client={}, master={"lsnim -l": MASTER_STANZA + stanza}).holds is holds
    assert answer(condition, client={"nimclient -l -l lpar7": stanza}).holds is holds


def test_without_the_masters_objects_whose_it_is_is_not_known():
    assert answer(ObjectIsHosts(C, "lpar7", ("lpar7",)), client={}).holds is None


class Asked:
    """A moment in which a preview ended in some way."""

    def __init__(self, result):
        self.result = result

    def ask(self, where, argv, timeout):
        return self.result


def preview(text, status=0, timed_out=False):
    from nimdoctor.system.command import CommandResult

    result = CommandResult(status, text.encode(), b"", timed_out, False, None)
    return PreviewTouchesOnly(M, ("nim",), "openssl.").decide(Asked((result, "")), {})


def test_a_preview_is_read_by_its_rows_of_filesets_and_levels():
    only = "  Selected Filesets\n  -----------------\n  openssl.base 1.0.2.1800          # Open Secure Socket Layer\n"
    assert preview(only) == (True, "it would change openssl.base")
    more = only + "  Requisites\n  bos.rte.install  7.2.5.200        # LPP Install Commands\n"
    assert preview(more) == (False, "it would change others too: bos.rte.install")
    assert preview(more, 1) == (False, "it would change others too: bos.rte.install")
    assert preview(only, 1).holds is False
    assert preview("nothing here\n").holds is None
    assert preview(only, None, True).holds is None
    assert PreviewTouchesOnly(M, ("nim",), "openssl.").decide(Asked((None, "no such command")), {}).holds is None


class Owning:
    """A moment in which lslpp and rpm end in some way; `there` are paths, `known` whether lslpp knows any owner at all."""

    def __init__(self, rpm, lslpp=(1, b"", b"lslpp: not owned"), known=True, there=()):
        self.results = {"lslpp": lslpp, "rpm": rpm}
        self.known = known
        self.there = there

    def has_program(self, where, name):
        return self.results[name] is not None

    def files(self, where):
        return self

    def stat(self, path):
        return "a directory" if path in self.there else None

    def ask(self, where, argv, timeout=None):
        from nimdoctor.system.command import CommandResult

        status, out, err = self.results[argv[0]]
        if argv[-1] != PATH and self.known:
            out = f"  File  Fileset  Type\n  {argv[-1]}  bos.rte.install  File\n".encode()
        return CommandResult(status, out, err, status is None, False, None), ""


@pytest.mark.parametrize("listed", ["/ssl_nimsh/keys", "/ssl_nimsh", KEY])
def test_a_mode_tells_nothing_where_a_list_gives_more(listed):
    class Modes:
        def files(self, where):
            return self

        def stat(self, path):
            return Stat("file" if path == KEY else "dir", 0o600, 0, 0, 1, 0, 1, 1, 1, access_list=path == listed)

    found = conditions.ModeIs(M, KEY, 0o600).decide(Modes(), {})
    assert found.holds is False and "access control list" in found.says


PATH = "/usr/lib/libssl.so.0.9.8"


@pytest.mark.parametrize(
    ("moment_", "holds"),
    [
        (Owning(None), True),
        (Owning(None, there=("/opt/freeware",)), None),
        (Owning(None, known=False), None),
        (Owning(None, (0, b"", b""), known=False), None),
        (Owning((1, b"", b"file /usr/lib/libssl.so.0.9.8 is not owned by any package\n")), True),
        (Owning((1, b"file /usr/lib/libssl.so.0.9.8 is not owned by any package\n", b"")), True),
        (Owning((0, b"openssl-1.0.2t-1.ppc\n", b"")), False),
        (Owning((1, b"", b"error: cannot open Packages database in /var/opt/freeware/lib/rpm\n")), None),
        (Owning((None, b"", b"")), None),
        (Owning(None, (None, b"", b"")), None),
        (Owning(None, (0, f"  File  Fileset  Type\n  {PATH}  openssl.base  File\n".encode(), b"")), False),
        (Owning(None, (0, f"  File  Fileset  Type\n  {PATH}.old  openssl.base  File\n".encode(), b"")), True),
    ],
)
def test_a_file_is_nobodys_only_where_both_could_be_asked(moment_, holds):
    assert NotOwned(C, PATH).decide(moment_, {}).holds is holds


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        ("/usr/bin/ksh /usr/bin/mksysb -i /mnt/lpar7", False),
        ("/usr/bin/ksh -p /usr/sbin/nimadm -c lpar7", False),
        ("/bin/perl /usr/sbin/alt_disk_copy -d hdisk1", False),
        ("/usr/sbin/installp -acgXd /mnt all", False),
        ("/usr/bin/ksh -", True),
        ("vi /etc/mksysb", True),
        ("/usr/bin/ksh /opt/site/check installp", True),
    ],
)
def test_an_installer_is_known_by_its_own_name_also_where_a_shell_runs_it(arguments, holds):
    ps = processes() + f" 9000000        1       05:10 {arguments}\n"
    assert answer(ClientIdle(C), client={"ps -eo pid,ppid,etime,args": ps}).holds is holds


# -- recorded evidence of the other end, and what nimclient -c extracts


def collected(ago, limit=900):
    """A client that is changed, with evidence of its master that was collected so many seconds ago; None: not told."""
    import time

    def opened():
        found = evidence("master", commands={"lsnim -l": MASTER_STANZA}, role="master")
        found.collected = None if ago is None else int(time.time()) - ago
        return found

    held = {"/ssl_nimsh/certs/client.pem": certificate(1)}
    client = End(C, "client", lambda: evidence("client", files=held, role="client"), ("client",))
    return Ends({C: client, M: End(M, "master", opened, ("master",))}, Catalog(), limit).now()


@pytest.mark.parametrize(
    ("ago", "limit", "holds", "says"),
    [
        (60, 900, True, "collected 1 min ago; it counts for 15 min (--evidence-age)"),
        (14 * 60, 900, True, "collected 14 min ago"),
        (15 * 60 + 2, 900, False, "collected 15 min ago; it counts for 15 min (--evidence-age)"),
        (41 * 86400, 900, False, "collected 41 d 0 h ago; it counts for 15 min (--evidence-age)"),
        (41 * 86400, 60 * 60 * 24 * 42, True, "collected 41 d 0 h ago"),
        (0, 0, False, "it counts for 0 s"),
        (-3600, 900, None, "from now: one of the clocks is wrong, so its age is not known"),
        (None, 900, None, "when the evidence of the master was collected is not known"),
    ],
)
def test_recorded_evidence_counts_for_a_while_and_says_for_how_long(ago, limit, holds, says):
    found = EvidenceFresh(M).decide(collected(ago, limit), {})
    assert found.holds is holds and says in found.says
    assert "nimdoctor collect --no-redact on the master makes it anew" in found.says


def test_an_end_that_is_asked_now_or_was_not_given_is_never_too_old():
    remote = Ends({M: End(M, "ssh:nim1", lambda: 1 / 0, ("master",))}, Catalog()).now()
    assert EvidenceFresh(M).decide(remote, {}).holds is True
    assert EvidenceFresh(M).decide(moment(client={}), {}).holds is True


def test_certificates_are_not_compared_with_those_that_a_master_had_long_ago():
    found = SharesCertificate(C).decide(collected(41 * 86400), {})
    assert found.holds is True and found.says.startswith("not compared with the master's certificates: ")


NAMES = ("libssl.so", "libcrypto.so")


def client_with(level, version="0.9.8", archives=NAMES):
    """A client by the level of its nim.client, None for not known, and the members of the archives that are known."""
    lslpp = {"lslpp -lc": filesets(f"bos.sysmgt.nim.client {level}", "openssl.base 1.1.2.2200")} if level else {}
    names = [name.replace(".so", ".a") for name in archives]
    return {**lslpp, **{f"ar -X32_64 -tv /usr/lib/{name}": members(name, 700, version=version) for name in names}}


@pytest.mark.parametrize(
    ("client", "holds", "says"),
    [
        (client_with("7.1.4.34"), True, "have the members of 0.9.8, which any nim.client can take"),
        (client_with(None), True, "have the members of 0.9.8, which any nim.client can take"),
        (client_with("7.1.4.35", "1.1"), True, "7.1.4.35, at or above 7.1.4.35, which has the cure"),
        (client_with("7.1.4.35", archives=()), True, "which has the cure"),
        (client_with("7.2.5.1", "3"), True, "of a technology level that began after the cure"),
        (
            client_with("7.1.4.34", "1.1"),
            False,
            "below 7.1.4.35 (APAR IJ13756), and libssl.a has no member libssl.so.0.9.8",
        ),
        (client_with("7.1.3.9", "1.1"), False, "of a technology level that is older than any with the cure"),
        (
            client_with("7.1.4.34", archives=()),
            None,
            "below 7.1.4.35 (APAR IJ13756), and the members of libssl.a are not known",
        ),
        (client_with("7.1.4.34", archives=("libssl.so",)), None, "and not all members of libcrypto.a are known"),
        (client_with(None, "1.1"), False, "is not known (lslpp -lc), and libssl.a has no member libssl.so.0.9.8"),
        (client_with(None, archives=()), None, "the level of bos.sysmgt.nim.client is not known (lslpp -lc)"),
    ],
)
@pytest.mark.parametrize("cured_at", ["", "7.1.4.35"])
def test_what_nimclient_c_extracts_is_there_or_it_refuses(client, holds, says, cured_at):
    found = answer(CanExtract(C, cured_at), client=client)
    # with nothing known it refuses too, whatever the reason
    assert bool(found.holds) is bool(holds) and says in found.says
