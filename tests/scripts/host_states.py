"""Conditions of every kind, and hosts to which this or that has happened, which both ways of asking are tried on."""

import hashlib
import os
from typing import Callable, Dict, List, Tuple

from nimdoctor.facts import Certificates
from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.planning import conditions as c
from nimdoctor.planning.checksum import cksum
from nimdoctor.planning.conditions.certificates import block_checksums
from nimdoctor.planning.ends import Elsewhere, Snapshot
from nimdoctor.system.refused import Refused

from .conftest import ends_of

C, M = Role.CLIENT, Role.MASTER
KEY = "/ssl_nimsh/keys/serverkey.pem"
LIBRARY = "/usr/lib/libssl.so.0.9.8"
PREVIEW = ("nim", "-o", "cust", "-a", "installp_flags=-apgQX", "-a", "lpp_source=lpp_7104", "-a", "accept_licenses=yes")


def asked(lab: Lab) -> List[c.Condition]:
    """Conditions of every kind, both ways round where there are two."""
    place = ends_of(lab).now().files(M)
    content = place.read("/etc/inetd.conf")
    sha, sum_of = hashlib.sha256(content).hexdigest(), cksum(content)
    look = ends_of(lab).now().files(C).stat(LIBRARY)
    size = look.size if look else 1
    found: Certificates = ends_of(lab).now().fact(M, Certificates)
    prints, sums = tuple(sorted(found.identities())), block_checksums(found)
    both = (True, False)
    return [
        c.FileIs(M, "/etc/inetd.conf", sha, sum_of),
        c.FileIs(M, "/etc/inetd.conf", "0" * 64, "1 2"),
        c.FileIs(C, "/etc/nothing", sha, sum_of),
        c.FileAbsent(C, LIBRARY),
        c.FileAbsent(C, "/nowhere/at/all"),
        c.Renamable(M, "/ssl_nimsh", "/ssl_nimsh_old.x"),
        c.Renamable(M, "/ssl_nimsh", "/etc"),
        c.Renamable(C, "/etc/niminfo", "/etc/niminfo.old.x"),
        c.LibraryCopyIs(C, LIBRARY, size),
        c.LibraryCopyIs(C, LIBRARY, size + 1),
        *(c.ModeIs(M, KEY, mode) for mode in (0o600, 0o644)),
        c.ModeIs(M, "/ssl_nimsh/keys", 0o755),
        c.ModeIs(M, "/ssl_nimsh/keys/none", 0o600),
        c.NotOwned(C, LIBRARY),
        c.NotOwned(C, "/usr/lib/libssl.a"),
        c.MemberKept(C, "libssl.a", "libssl.so.0.9.8"),
        c.MemberKept(C, "libssl.a", "libssl.so.7"),
        c.CanExtract(C, ""),
        c.CanExtract(C, "7.1.4.35"),
        *(c.SslSupport(M, on) for on in both),
        c.CertificatesAre(M, prints, sums),
        c.CertificatesAre(M, prints[:1], sums[:1]),
        c.CertificatesRenewed(M, prints, sums),
        c.CertificatesRenewed(M, ("0" * 64,), ("1 2",)),
        c.SharesCertificate(C),
        c.SecuredClientsAre(M, ("lpar8",), ("lpar7",)),
        c.SecuredClientsAre(M, ("lpar7", "lpar8"), ()),
        c.SecuredClientsAre(M, (), ("lpar7", "lpar8")),
        c.TreeComplete(M),
        c.TftpServed(M),
        c.TftpAllowed(M),
        c.AuditingOff(M),
        c.CertificateServed(M),
        c.FetchUnproved(C),
        c.InetdAgrees(M, "tftp"),
        c.InetdAgrees(C, "tftp"),
        c.InetdAgrees(M, "telnet"),
        c.NobodyFetches(M),
        c.TftpdIdle(M),
        c.ClientIdle(C),
        c.ClientIdle(C, True),
        c.MasterIdle(M, ("lpar7",)),
        c.MasterIdle(M, ("lpar8",), "lpar7"),
        c.NotHardened(C),
        c.NotSecureMaster(C),
        c.NotSecureMaster(M),
        c.RoleIs(M, "master"),
        c.RoleIs(C, "master"),
        c.NotInWpar(C),
        *(c.SubsystemIs(C, name, on) for name in ("nimsh", "inetd", "nothing") for on in both),
        c.SubsystemIs(M, "inetd", True),
        c.PortFree(C, 3901),
        c.PortFree(C, 7),
        c.PortFor(C, 3901, "nimsh"),
        c.PortFor(M, 3901, "nimsh"),
        c.PortFor(C, 22, "nothing"),
        *(c.CryptoIs(C, on) for on in both),
        *(c.PushIs(C, on) for on in both),
        *(c.BootRow(end, present) for end in (C, M) for present in both),
        c.NimInfoSays(C, "NIM_NAME", "lpar7"),
        c.NimInfoSays(C, "NIM_SHELL", "NIMSH"),
        c.NimInfoSays(C, "NIM_HOSTS", "x"),
        c.ObjectIsHosts(C, "lpar7", ("lpar7.example.com",)),
        c.ObjectIsHosts(C, "lpar7", ("lpar77",)),
        c.ObjectIsHosts(C, "master", ("nim1",)),
        c.FilesetsInstalled(C, ("openssl.base", "openssl.license")),
        c.FilesetsInstalled(C, ("bos.rte", "no.such")),
        c.FilesetsUnlocked(C, ("openssl.base",)),
        c.PreviewTouchesOnly(M, (*PREVIEW, "-a", "filesets=openssl.base", "lpar7"), "openssl."),
        c.PreviewTouchesOnly(M, (*PREVIEW, "-a", "filesets=openssl.base", "lpar7"), "other."),
    ]


# what may have happened to a host


def put(path: str, content: str, mode: int = 0o644) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as stream:
        stream.write(content)
    os.chmod(path, mode)


def nothing(lab: Lab) -> None:
    pass


def commands_gone(lab: Lab) -> None:
    for end in ("client", "master"):
        for name in os.listdir(lab.tree(end) + "/usr/bin"):
            os.unlink(f"{lab.tree(end)}/usr/bin/{name}")


def more_commands_gone(lab: Lab) -> None:
    for end in ("client", "master"):
        for name in os.listdir(lab.tree(end) + "/usr/sbin"):
            os.unlink(f"{lab.tree(end)}/usr/sbin/{name}")


def commands_fail(lab: Lab) -> None:
    for name in ("lsnim", "lssrc", "ps", "lslpp", "ar", "audit", "netstat", "nim", "uname"):
        for end in ("client", "master"):
            lab.fault(end, name, "fail")


def files_gone(lab: Lab) -> None:
    os.unlink(lab.master + "/etc/inetd.conf")
    os.unlink(lab.client + "/etc/niminfo")
    for name in ("/etc/tftpaccess.ctl", LIBRARY):
        for root in (lab.master, lab.client):
            if os.path.exists(root + name):
                os.unlink(root + name)
    for name in os.listdir(lab.master + "/ssl_nimsh/certs"):
        os.unlink(f"{lab.master}/ssl_nimsh/certs/{name}")


def at_work(lab: Lab) -> None:
    put(lab.client + "/.lab/proc/999", "7799162 1 - /usr/sbin/nimsh -s\n")
    put(lab.master + "/.lab/proc/998", "1 1 - nim -o lslpp lpar7\n")
    put(lab.master + "/.lab/proc/997", "1 1 - /usr/sbin/tftpd -n\n")


def enabled(lab: Lab) -> None:
    for name in os.listdir(lab.master + "/.lab/objects"):
        path = f"{lab.master}/.lab/objects/{name}"
        with open(path, encoding="ascii") as stream:
            text = stream.read()
        if "lpar8" in name:
            text = text.replace("ready for a NIM operation", "customization is being performed")
        put(path, text.replace("ssl_support         = yes\n", "").replace("nimsh (secure)", "NIMSH  (secure)"))


def denied(lab: Lab) -> None:
    put(lab.master + "/etc/tftpaccess.ctl", "# NIM\nallow:/\n deny : /ssl_nimsh/certs/\n")
    put(lab.master + "/.lab/auditing", "")


def hidden_rules(lab: Lab) -> None:
    put(lab.master + "/etc/tftpaccess.ctl", "deny:/\n", 0o600)


def rules_of_prose(lab: Lab) -> None:
    put(lab.master + "/etc/tftpaccess.ctl", "only what we like\n")


def inetd_differs(lab: Lab) -> None:
    path = lab.master + "/etc/inetd.conf"
    with open(path, encoding="ascii") as stream:
        text = stream.read()
    put(path, text.replace("telnetd -a", "telnetd -b") + "exec stream tcp6 nowait root /usr/sbin/rexecd rexecd\n")


def stopped(lab: Lab) -> None:
    lab.run("client", "stopsrc", "-s", "nimsh")
    lab.run("master", "stopsrc", "-s", "inetd")


def port_taken(lab: Lab) -> None:
    lab.run("client", "stopsrc", "-s", "nimsh")
    put(lab.client + "/.lab/held", "3901\n")


def pushes_off(lab: Lab) -> None:
    lab.run("client", "nimclient", "-P")


def pushes_off_for_later(lab: Lab) -> None:
    lab.run("client", "stopsrc", "-s", "nimsh")
    put(lab.client + "/.lab/nimsh_args", "-s -P\n")


def no_boot_row(lab: Lab) -> None:
    lab.run("client", "rmitab", "nimsh")
    put(lab.master + "/etc/inittab", "init:2:initdefault:\nnimsh:2:off:/usr/bin/startsrc -g nimclient\n")


def other_boot_rows(lab: Lab) -> None:
    put(lab.client + "/etc/inittab", "nimsh:34:wait:/usr/bin/startsrc -g nimclient\n")
    put(lab.master + "/etc/inittab", "nimsh::once:/usr/bin/startsrc -s nimsh:\n")


def links(lab: Lab) -> None:
    for path in (lab.master + "/etc/inetd.conf", lab.master + "/ssl_nimsh"):
        os.rename(path, path + ".real")
        os.symlink(path + ".real", path)


def niminfo_written_by_hand(lab: Lab) -> None:
    put(
        lab.client + "/etc/niminfo",
        "# x\nNIM_NAME='lpar7' # me\nexport NIM_SHELL=nimsh  # was shell\nNIM_CONFIGURATION=Alternate_Master\n"
        'NIM_HOSTS=" 1:a\n  2:b "\nNIM_HOSTNAME=lpar7',
    )


def client_has_other_certificates(lab: Lab) -> None:
    path = lab.client + "/ssl_nimsh/certs/server.pem"
    if os.path.exists(path):
        os.unlink(path)
    put(path, "junk\n-----BEGIN CERTIFICATE-----\r\nMAMC\r\nAQE=\r\n-----END CERTIFICATE-----\r\n")


def broken_filesets(lab: Lab) -> None:
    path = lab.client + "/.lab/filesets"
    with open(path, encoding="ascii") as stream:
        text = stream.read()
    put(
        path,
        text.replace("openssl.license:", "openssl.gone:").replace("COMMITTED:I:Open Secure", "BROKEN:I:Open Secure"),
    )


def keys_open(lab: Lab) -> None:
    os.chmod(lab.master + KEY, 0o644)


def keys_replaceable(lab: Lab) -> None:
    os.chmod(lab.master + "/ssl_nimsh", 0o777)


def keys_linked(lab: Lab) -> None:
    os.link(lab.master + KEY, lab.master + "/tmp/key")


def hung(lab: Lab) -> None:
    lab.hang(age=3600)


HAPPENED: Dict[str, Callable[[Lab], None]] = {
    one.__name__: one
    for one in (
        nothing, commands_gone, more_commands_gone, commands_fail, files_gone, at_work, enabled, denied, hidden_rules,
        rules_of_prose, inetd_differs, stopped, port_taken, pushes_off, pushes_off_for_later, no_boot_row,
        other_boot_rows, links, niminfo_written_by_hand, client_has_other_certificates,
        broken_filesets, keys_open, keys_replaceable, keys_linked, hung,
    )
}  # fmt: skip


def verdict(condition: c.Condition, now: Snapshot) -> Tuple[str, str]:
    """0 where Python says that it holds, 1 where it does not, 2 where it cannot be told, 3 of an end that is elsewhere; and why."""
    try:
        answer = condition.decide(now, {})
    except (Refused, OSError) as error:
        return "1", str(error)
    except Elsewhere as error:
        return "3", str(error)
    return {True: "0", False: "1", None: "2"}[answer.holds], answer.says
