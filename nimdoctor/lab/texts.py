"""Texts of the simulated hosts, in the shape AIX prints or keeps them; every name and number is invented."""

from typing import Dict, List, Optional, Tuple

from nimdoctor.lab.setup import CURRENT, NEWER, OLD, Client, Master

OSLEVEL = "7100-04-08-1914"
AIX_LEVEL = "7.1.4.35"
APARS = ("IV58877", "IJ13756")
OPENSSL_FILESETS = ("openssl.base", "openssl.license", "openssl.man.en_US")
LPP_SOURCE = "lpp_7104"

VERSIONS = {
    OLD: "OpenSSL 1.0.1e 11 Feb 2013",
    CURRENT: "OpenSSL 1.1.1t  7 Feb 2023",
    NEWER: "OpenSSL 1.1.1w  11 Sep 2023",
}

_BUILT = {OLD: "Sep 23 10:02 2016", CURRENT: "Mar 14 04:41 2023", NEWER: "Oct  9 05:20 2023"}
_SIZES = {OLD: (4211, 6902), CURRENT: (4876, 7713), NEWER: (5139, 8240)}
"""Bytes of the 32-bit members libssl.so.0.9.8 and libcrypto.so.0.9.8; those of AIX are a hundred times as large."""

_FILESETS = (
    ("bos.mp64", "F", "Base Operating System 64-bit Multiprocessor Runtime"),
    ("bos.net.tcp.client", "F", "TCP/IP Client Support"),
    ("bos.net.tcp.server", "F", "TCP/IP Server"),
    ("bos.rte", "F", "Base Operating System Runtime"),
    ("bos.rte.install", "F", "LPP Install Commands"),
    ("bos.sysmgt.nim.client", "F", "Network Install Manager - Client Tools"),
    ("bos.sysmgt.sysbr", "F", "System Backup and BOS Install Utilities"),
)
_MASTER_FILESETS = (
    ("bos.sysmgt.nim.master", "F", "Network Install Manager - Master Tools"),
    ("bos.sysmgt.nim.spot", "F", "Network Install Manager - SPOT"),
)
_OPENSSL_WORDS = {
    "openssl.base": "Open Secure Socket Layer",
    "openssl.license": "Open Secure Socket License",
    "openssl.man.en_US": "Open Secure Socket Layer",
}
_ROOT_PARTS = ("bos.net.tcp.client", "bos.net.tcp.server", "bos.rte", "bos.sysmgt.nim.client", "bos.sysmgt.nim.master")

_DF = """Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on
/dev/hd4           983040       548212   45%    11204     8% /
/dev/hd2          4587520      1270816   73%    48117    19% /usr
/dev/hd9var       2097152      1538204   27%     1764     1% /var
/dev/hd3          1048576       998312    5%      121     1% /tmp
/proc                   -            -    -         -     -  /proc
/dev/hd10opt       786432       301128   62%     9120    12% /opt
"""

SERVICES = """# Network services, Internet style
ftp                21/tcp
ssh                22/tcp
telnet             23/tcp
bootps             67/udp
bootpc             68/udp
tftp               69/udp
ntp               123/udp
shell             514/tcp        cmd
nim              1058/tcp
nimreg           1059/tcp
nimsh            3901/tcp
nimaux           3902/tcp
"""

IGNORED = "nim-vulnerable simulated at AIX 7.1, which never got the fixes, and staying there\n"
"""/etc/nimdoctor.ignore: what every host of the lab has and no setup is about."""

NETSVC = "# order of name resolution\nhosts=local,bind\n"

INITTAB = """init:2:initdefault:
brc::sysinit:/sbin/rc.boot 3 >/dev/console 2>&1 # Phase 3 of system boot
srcmstr:23456789:respawn:/usr/sbin/srcmstr # System Resource Controller
nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1
"""

MESSAGE_SERVER = "/usr/sap/PRD/ASCS01/exe/ms.sapPRD_ASCS01 pf=/usr/sap/PRD/SYS/profile/PRD_ASCS01_lpar7"
"""Arguments of a program that listens on nimsh's port: SAP's message server of instance 01."""


def without_nimsh(rows: str) -> str:
    """The rows of /etc/services or /etc/inittab, those of nimsh and nimaux left out."""
    return "".join(row for row in rows.splitlines(True) if not row.startswith(("nimsh", "nimaux")))


def df(full: str = "") -> str:
    """`df -k`; the file system of that mount point has nothing left."""
    rows = _DF.splitlines(True)
    for number, row in enumerate(rows):
        words = row.split()
        if words[-1] == full:
            rows[number] = row.replace(f"{words[2]:>12}", f"{0:>12}").replace(f"{words[3]:>5}", " 100%")
    return "".join(rows)


def inetd_conf(tftp: bool, rsh: bool = False) -> str:
    """With what a site's file has: remarks, tabs, ragged columns, a row that was switched off by hand,
    and no newline at its end."""
    return (
        "## Internet server configuration database - changed by hand, see change 4711\n"
        "##\n"
        "## service  socket    protocol  wait/    user     server            server program\n"
        "##  name    type                nowait            program           arguments\n"
        "##\n"
        "ftp     stream  tcp6    nowait  root    /usr/sbin/ftpd         ftpd\n"
        "telnet\tstream\ttcp6\tnowait\troot\t/usr/sbin/telnetd\ttelnetd -a\n"
        f"{'' if rsh else '#'}shell  stream  tcp6    nowait  root    /usr/sbin/rshd         rshd\n"
        "#login  stream  tcp6    nowait  root    /usr/sbin/rlogind      rlogind\n"
        "\n"
        "# network boot: asked for by the build team, off since the audit of 2023   \n"
        "#bootps dgram   udp     wait    root    /usr/sbin/bootpd       bootpd /etc/bootptab\n"
        f"{'' if tftp else '#'}tftp    dgram   udp6    SRC     nobody  /usr/sbin/tftpd        tftpd -n\n"
        "daytime  stream tcp     nowait  root    internal\n"
        "time\tstream  tcp     nowait  root    internal \n"
        "time    dgram   udp     wait    root    internal"
    )


def services_of_inetd(conf: str) -> str:
    """The rows of a file that inetd has activated, as the lab keeps them."""
    rows = [line.split(None, 6) for line in conf.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return "".join(f"{row[0]}\t{row[5].strip()}\t{row[6] if len(row) > 6 else ''}\n" for row in rows)


def hosts_file(master: Master, clients: List[Client]) -> str:
    """/etc/hosts, the same on every host."""
    rows = [("127.0.0.1", "loopback localhost"), ("::1", "loopback localhost"), (master.address, master.name)]
    rows += [(client.address, client.name) for client in clients]
    return "".join(f"{address:<15} {names}\n" for address, names in rows)


def client_niminfo(client: Client, master: Master, clients: List[Client]) -> str:
    """With a variable of the site's own, routes, and NIM_HOSTS on several lines."""
    known = [(client.address, client.name), (master.address, master.name)]
    known += [(other.address, other.name) for other in clients if other.name != client.name]
    hosts = " \n ".join(f"{address}:{name}" for address, name in known)
    return (
        "#------------------ Network Install Manager ---------------\n"
        "# warning - this file contains NIM configuration information\n"
        "#       and should only be updated by NIM\n"
        f"export NIM_NAME={client.name}\n"
        f"export NIM_HOSTNAME={client.name}\n"
        "export NIM_CONFIGURATION=standalone\n"
        f"export NIM_MASTER_HOSTNAME={master.name}\n"
        "export NIM_MASTER_PORT=1058\n"
        "export NIM_REGISTRATION_PORT=1059\n"
        f'export NIM_SHELL="{"shell" if client.connect == "shell" else "nimsh"}"\n'
        f"export NIM_MASTERID={master.machine_id}\n"
        f'export NIM_HOSTS=" {hosts} "\n'
        'export ROUTES=" default:0:10.1.1.1 "\n'
        "# set by the build team, keep\n"
        'export SITE_PATCH_WINDOW="sun 02:00-04:00"'
    )


def master_niminfo(master: Master) -> str:
    """/etc/niminfo of the master."""
    return (
        "#------------------ Network Install Manager ---------------\n"
        "# warning - this file contains NIM configuration information\n"
        "#       and should only be updated by NIM\n"
        "export NIM_NAME=master\n"
        f"export NIM_HOSTNAME={master.name}\n"
        "export NIM_CONFIGURATION=master\n"
        f"export NIM_MASTER_HOSTNAME={master.name}\n"
        "export NIM_MASTER_PORT=1058\n"
        "export NIM_REGISTRATION_PORT=1059\n"
        f"export NIM_MASTERID={master.machine_id}\n"
    )


def ssl_config(kind: str, master: str, organisation: str = "Example") -> str:
    """SSL_root.cnf, SSL_server.cnf or SSL_client.cnf."""
    extensions = "x509_extensions     = ca\n" if kind == "root" else ""
    text = (
        "[ req ]\n"
        "default_bits        = 2048\n"
        "default_md          = sha256\n"
        f"{extensions}"
        "distinguished_name  = req_distinguished_name\n"
        "prompt              = no\n"
        "[ req_distinguished_name ]\n"
        "C                   = BG\n"
        f"O                   = {organisation}\n"
        "OU                  = NIM\n"
        f"CN                  = {master} NIM {kind}\n"
    )
    return text + ("[ ca ]\nbasicConstraints    = critical,CA:true\n" if kind == "root" else "")


def filesets(openssl: Optional[str], *, master: bool = False) -> str:
    """Rows of `lslpp -lc`, usr parts first."""
    rows = [(name, AIX_LEVEL, kind, words) for name, kind, words in _FILESETS + (_MASTER_FILESETS if master else ())]
    if openssl:
        rows += [(name, openssl, "I", _OPENSSL_WORDS[name]) for name in OPENSSL_FILESETS]
    text = "".join(
        f"/usr/lib/objrepos:{name}:{level}::COMMITTED:{kind}:{words}:\n" for name, level, kind, words in rows
    )
    parts = [row for row in rows if row[0] in _ROOT_PARTS]
    return text + "".join(
        f"/etc/objrepos:{name}:{level}::COMMITTED:{kind}:{words}:\n" for name, level, kind, words in parts
    )


def history(rows: List[Tuple[str, str, str]]) -> str:
    """Rows of `lslpp -hc` from fileset, level and time as printed."""
    return "".join(f"/usr/lib/objrepos:{name}:{level}::COMMIT:COMPLETE:{when}\n" for name, level, when in rows)


def lpp_source(openssl: bool) -> str:
    """What an lpp_source of the master holds, as the lab keeps it: fileset, level, description."""
    rows = [(name, AIX_LEVEL, words) for name, _, words in _FILESETS + _MASTER_FILESETS]
    if openssl:
        rows += [(name, CURRENT, _OPENSSL_WORDS[name]) for name in OPENSSL_FILESETS]
    return "".join(f"{name} {level} {words}\n" for name, level, words in rows)


def member(name: str, level: str) -> bytes:
    """Content of libssl.so.0.9.8 or libcrypto.so.0.9.8 at a level of openssl.base."""
    size = _SIZES[level][name.startswith("libcrypto")]
    line = f"\n{name} of openssl.base {level}: no library, a stand-in of the lab".encode()
    return (b"\x01\xdf" + line * (size // len(line) + 1))[:size]


def archive(name: str, level: str) -> str:
    """libssl.a or libcrypto.a: the archive's magic, then its members as `ar -tv` prints them, 32 bit before 64."""
    stem = name[:-2]
    size = _SIZES[level][stem == "libcrypto"]
    names = {f"{stem}.so": 3120, f"{stem}.so.1.0.0": 3120, f"{stem}.so.0.9.8": 0}
    rows = [(member, size + more + wide) for member, more in names.items() for wide in (0, 977)]
    return "<bigaf>\n" + "".join(f"rwxr-xr-x     0/0    {size:7} {_BUILT[level]} {member}\n" for member, size in rows)


def subsystems(*, master: bool) -> Dict[str, Tuple[str, Optional[int]]]:
    """Group and process id of every subsystem; nimsh is not among them."""
    found: Dict[str, Tuple[str, Optional[int]]] = {
        "syslogd": ("ras", 3539358),
        "portmap": ("portmap", 3932650),
        "inetd": ("tcpip", 4128994),
        "xntpd": ("tcpip", 4063686),
        "sshd": ("ssh", 3867068),
        "nimhttp": ("-", None),
        "tftpd": ("tcpip", None),
        "snmpd": ("tcpip", None),
        "qdaemon": ("spooler", None),
    }
    if master:
        found["nimesis"] = ("nim", 4180246)
    return found


def stanza(name: str, rows: List[Tuple[str, str]]) -> str:
    """One object as `lsnim -l` prints it."""
    width = max(len(attribute) for attribute, _ in rows)
    return f"{name}:\n" + "".join(f"   {attribute:<{width}} = {value}\n" for attribute, value in rows)


def objects(master: Master, clients: List[Client]) -> List[Tuple[str, str]]:
    """Name and stanza of every object of the master, in the order listed."""
    common = [("Rstate", "ready for use"), ("alloc_count", "0"), ("server", "master")]
    rows = {
        "master": [
            ("class", "machines"),
            ("type", "master"),
            ("max_nimesis_threads", "20"),
            ("comments", "machine which controls the NIM environment"),
            ("platform", "chrp"),
            ("netboot_kernel", "64"),
            ("if1", f"net_10_1 {master.name} 0"),
            ("cable_type1", "N/A"),
            ("Cstate", "ready for a NIM operation"),
            ("prev_state", "ready for a NIM operation"),
            ("Mstate", "currently running"),
            ("serves", "boot"),
            ("serves", LPP_SOURCE),
            ("serves", "nim_script"),
            ("master_port", "1058"),
            ("registration_port", "1059"),
            ("reserved", "yes"),
            *([("ssl_support", "yes")] if master.ssl_support else []),
        ],
        "boot": [("class", "resources"), ("type", "boot"), ("location", "/tftpboot"), *common],
        "nim_script": [("class", "resources"), ("type", "nim_script"), ("location", "/export/nim/scripts"), *common],
        "net_10_1": [
            ("class", "networks"),
            ("type", "ent"),
            ("Nstate", "ready for use"),
            ("net_addr", "10.1.1.0"),
            ("snm", "255.255.255.0"),
            ("routing1", "default 10.1.1.1"),
        ],
        LPP_SOURCE: [
            ("class", "resources"),
            ("type", "lpp_source"),
            ("arch", "power"),
            ("location", f"/export/nim/{LPP_SOURCE}"),
            ("simages", "yes"),
            *common,
        ],
    }
    for client in clients:
        rows[client.name] = [
            ("class", "machines"),
            ("type", "standalone"),
            ("connect", client.connect),
            ("platform", "chrp"),
            ("netboot_kernel", "64"),
            ("if1", f"net_10_1 {client.name} 0"),
            ("cable_type1", "N/A"),
            ("Cstate", client.state),
            ("prev_state", "customization is being performed"),
            ("Mstate", "currently running"),
            ("cpuid", client.machine_id),
            ("Cstate_result", "success"),
        ]
    return [(name, stanza(name, found)) for name, found in rows.items()]


def session(client: Client, master: Master, method: str, end: str) -> List[str]:
    """Messages of one session of nimsh.log, an empty one for an empty line; `end` as in a Push."""
    lines = [
        "file descriptor is : 6",
        f"source addr is : {master.address}",
        f"source hostname is : {master.name}",
        "getting 2nd port",
        f"success: we got 1st write query is {int(end == 'query')}",
    ]
    if end == "query":
        return [*lines, "sending ack to client.."]
    lines += [
        f"success: we got 2nd write local id is {client.machine_id}",
        f"success: we got 3rd write remote id is {master.machine_id}",
        f"success: we got 4th write command is /usr/lpp/bos.sysmgt/nim/methods/{method}",
        f"success: we got 5th write Master hostname is {master.name}",
        f"success: we got 6th write Openssl setting is {int(end != 'plain')}",
    ]
    if end == "plain":
        return [*lines, "sending ack to client.."]
    lines += [
        "Loading certificates..",
        "",
        "Negotiating SSL_CTX object using SSLv23_method",
        "Loading private key file..",
        "create BIO",
    ]
    last = {"ok": ["sending ack to client.."], "object-error": ["Error connecting to SSL object"], "hang": []}
    return lines + last[end]
