"""Writes the file trees of a setup: what AIX keeps where, and below .lab what the stand-ins act on."""

import calendar
import os
import pkgutil
import shlex
import shutil
import subprocess
import sys
import time
from typing import Dict, List, Optional, Tuple, Union

from nimdoctor.lab import texts
from nimdoctor.lab.certificates import KINDS, NEW_KEY, Chain, LabCannotBeBuilt, make_chain
from nimdoctor.lab.setup import CURRENT, NEWER, Client, LabCertificates, LabSetup, Master
from nimdoctor.system.command import command_environment

SRCMSTR = 3211664
NIMSH = 7799162
MESSAGE_SERVER = 9961816
LIBRARIES = ("libssl", "libcrypto")

_BIN = ("ar", "chmod", "date", "df", "host", "hostname", "ls", "lslpp", "lssrc", "openssl", "oslevel", "ps", "refresh", "startsrc", "stopsrc", "tftp", "uname")  # fmt: skip
_SBIN = ("audit", "emgr", "instfix", "lsitab", "mkitab", "netstat", "rmitab")
_MASTER_SBIN = ("lsnim", "nim", "nimconfig")
_CLIENT_SBIN = ("nimclient", "niminit")


class Trees:
    """Writes one lab below `place`: a tree for the master, named like it, and one for each client."""

    def __init__(self, setup: LabSetup, place: str, *, daemons: bool, key: str) -> None:
        self.setup = setup
        self.place = place
        self.daemons = daemons
        self.key = key
        self.now = int(time.time())
        self.offset = _offset(self.now)
        self.openssl = real_openssl()
        self._chains: Dict[LabCertificates, Chain] = {}

    def write(self) -> None:
        """Raises LabCannotBeBuilt when openssl fails, OSError when the place cannot be written."""
        self._master(self.setup.master)
        for client in self.setup.clients:
            self._client(client)

    # -- hosts

    def _master(self, master: Master) -> None:
        tree = _Tree(os.path.join(self.place, master.name), self.now)
        self._common(
            tree, master.openssl, master.booted, is_master=True, machine_id=master.machine_id, name=master.name
        )
        tree.put("etc/niminfo", texts.master_niminfo(master))
        conf = texts.inetd_conf(master.tftp_row)
        tree.put("etc/inetd.conf", conf)
        active = texts.services_of_inetd(conf)
        if not master.tftp_active:
            active = "".join(line for line in active.splitlines(True) if not line.startswith("tftp\t"))
        tree.put(".lab/inetd", active)
        for kind in KINDS:
            tree.put(f"usr/samples/nim/ssl/SSL_{kind}.cnf", texts.ssl_config(kind, master.name), age=900 * 86400)
        if master.recycled_from:
            self._ssl_tree(tree, "ssl_nimsh_old", master.recycled_from, {})
        if master.certificates:
            changed = {"server": "Example Ltd"} if master.changed_config else {}
            self._ssl_tree(tree, "ssl_nimsh", master.certificates, changed)
        if master.tftp_rules is not None:
            tree.put("etc/tftpaccess.ctl", master.tftp_rules, age=400 * 86400)
        if master.auditing:
            tree.put(".lab/auditing", "")
        if not master.nimesis_active:
            _stop(tree, "nimesis")
        for part in master.empty:
            for name in os.listdir(tree.path(f"ssl_nimsh/{part}")):
                os.unlink(tree.path(f"ssl_nimsh/{part}/{name}"))
        self._nimsh(tree, "-s -c" if master.ssl_support else "-s", True, master.booted - 70, "fresh")
        tree.put("var/adm/ras/nimsh.log", self._started(master.booted - 70), age=master.booted - 70)
        for number, (name, stanza) in enumerate(texts.objects(master, self.setup.clients), 10):
            tree.put(f".lab/objects/{number}.{name}", stanza)
        for client in self.setup.clients:
            tree.put(f".lab/peers/{client.name}", f"../{client.name}\n")
        tree.put(f".lab/lpp_sources/{texts.LPP_SOURCE}", texts.lpp_source(master.lpp_source_has_openssl))
        for level in (CURRENT, NEWER):
            self._openssl(tree, f".lab/media/{level}", f".lab/media/{level}", level)
            tree.put(f".lab/media/{level}/version", texts.VERSIONS[level] + "\n")

    def _client(self, client: Client) -> None:
        tree = _Tree(os.path.join(self.place, client.name), self.now)
        master = self.setup.master
        self._common(
            tree, client.openssl, client.booted, is_master=False, machine_id=client.machine_id, name=client.name,
            address=client.address, nim_client=client.nim_client,
        )  # fmt: skip
        tree.put("etc/niminfo", texts.client_niminfo(client, master, self.setup.clients))
        conf = texts.inetd_conf(tftp=False, rsh=client.connect == "shell")
        tree.put("etc/inetd.conf", conf)
        tree.put(".lab/inetd", texts.services_of_inetd(conf))
        tree.put(".lab/df", texts.df(client.full))
        if client.clock:
            tree.put(".lab/clock", f"{client.clock}\n")
        if not client.services_of_nimsh:
            tree.put("etc/services", texts.without_nimsh(texts.SERVICES))
        if not client.at_boot:
            tree.put("etc/inittab", texts.without_nimsh(texts.INITTAB))
        if client.port_held:
            tree.put(f".lab/proc/{MESSAGE_SERVER}", f"1 {self.now - client.booted + 600} - {texts.MESSAGE_SERVER}\n")
            tree.put(".lab/held", "3901\n")
        if client.rhosts is not None:
            tree.put(".rhosts", client.rhosts, mode=0o600, age=400 * 86400)
        if client.copies:
            for library in LIBRARIES:
                name = f"{library}.so.0.9.8"
                tree.put(f"usr/lib/{name}", texts.member(name, client.copies), mode=0o755, age=client.copies_made)
        if client.certificates:
            tree.put("ssl_nimsh/certs/server.pem", self._chain(client.certificates).server, age=client.fetched)
        self._nimsh(tree, client.nimsh, client.nimsh_active, client.nimsh_started, client.libraries_loaded)
        self._log(tree, client, master)

    def _common(
        self,
        tree: "_Tree",
        openssl: List[Tuple[str, int]],
        booted: int,
        *,
        is_master: bool,
        machine_id: str,
        name: str,
        address: str = "",
        nim_client: int = 131 * 86400,
    ) -> None:
        """What every host has."""
        master = self.setup.master
        for directory in ("etc", "usr/lib", "usr/sbin", "usr/bin", "var/adm/ras", "tmp", ".lab/fault"):
            os.makedirs(tree.path(directory))
        tree.put("etc/hosts", texts.hosts_file(master, self.setup.clients))
        tree.put("etc/services", texts.SERVICES)
        tree.put("etc/netsvc.conf", texts.NETSVC)
        tree.put("etc/nimdoctor.ignore", texts.IGNORED)
        tree.put("etc/inittab", texts.INITTAB)
        level = openssl[-1][0] if openssl else None
        tree.put(".lab/filesets", texts.filesets(level, master=is_master))
        tree.put(".lab/history", self._history(openssl, nim_client, is_master))
        tree.put(".lab/built", f"{self.now}\n")
        tree.put(".lab/oslevel", texts.OSLEVEL + "\n")
        tree.put(".lab/apars", "".join(f"{apar}\n" for apar in texts.APARS))
        tree.put(".lab/df", texts.df())
        owned = "/usr/sbin/installp bos.rte.install\n"
        if level:
            self._openssl(tree, "usr/lib", ".lab/members", level, age=openssl[-1][1])
            tree.put(".lab/openssl_version", texts.VERSIONS[level] + "\n")
            owned += "".join(f"/usr/lib/{library}.a openssl.base\n" for library in LIBRARIES)
        tree.put(".lab/owned", owned)
        tree.put(".lab/owner", f"{os.getpid()}\n")
        self._programs(tree, is_master, bool(level))
        self._processes(tree, booted, is_master)
        settings = {
            "NAME": name,
            "NIM_NAME": "master" if is_master else name,
            "MACHINE_ID": machine_id,
            "ADDRESS": address or master.address,
            "MASTER": f"../{master.name}",
            "MASTER_HOST": master.name,
            "MASTER_ID": master.machine_id,
            "MASTER_ADDRESS": master.address,
            "OPENSSL": self.openssl,
            "NEW_KEY": " ".join(NEW_KEY[self.key]),
            "PYTHON": sys.executable,
            "DAEMONS": "yes" if self.daemons else "no",
        }
        tree.put(".lab/host", "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items()))

    # -- parts of a host

    @staticmethod
    def _programs(tree: "_Tree", is_master: bool, has_openssl: bool) -> None:
        places = [("usr/bin", _BIN), ("usr/sbin", _SBIN + (_MASTER_SBIN if is_master else _CLIENT_SBIN))]
        for directory, names in places:
            for name in names:
                content = _shipped(f"stand_ins/{name}")
                if name == "openssl":
                    tree.put(".lab/openssl", content, mode=0o755)
                    if not has_openssl:
                        continue
                tree.put(f"{directory}/{name}", content, mode=0o755)
        tree.put(".lab/lib.sh", _shipped("stand_ins/lib.sh"))
        for name in ("nimsh_daemon.py", "push.py"):
            tree.put(f".lab/{name}", _shipped(name))

    def _processes(self, tree: "_Tree", booted: int, is_master: bool) -> None:
        started = self.now - booted
        rows = {1: (0, "/etc/init"), 2687364: (1, "/usr/sbin/syncd 60"), SRCMSTR: (1, "/usr/sbin/srcmstr")}
        for name, (group, pid) in texts.subsystems(master=is_master).items():
            tree.put(f".lab/src/{name}", f"{group} {pid or '-'}\n")
            if pid:
                rows[pid] = (SRCMSTR, f"/usr/sbin/{name}")
        for number, (pid, (parent, arguments)) in enumerate(rows.items()):
            tree.put(f".lab/proc/{pid}", f"{parent} {started + number} - {arguments}\n")

    def _nimsh(self, tree: "_Tree", arguments: str, active: bool, started: int, loaded: str) -> None:
        tree.put(".lab/nimsh_args", arguments + "\n")
        tree.put(".lab/nimsh_libraries", loaded + "\n")
        tree.put(".lab/src/nimsh", f"nimclient {NIMSH if active else '-'}\n")
        if active:
            tree.put(f".lab/proc/{NIMSH}", f"{SRCMSTR} {self.now - started} - /usr/sbin/nimsh {arguments}\n")

    @staticmethod
    def _openssl(tree: "_Tree", archives: str, members: str, level: str, age: Optional[int] = None) -> None:
        for library in LIBRARIES:
            tree.put(f"{archives}/{library}.a", texts.archive(f"{library}.a", level), age=age)
            name = f"{library}.so.0.9.8"
            tree.put(f"{members}/{name}", texts.member(name, level))

    def _history(self, openssl: List[Tuple[str, int]], nim_client: int, is_master: bool) -> str:
        rows = [("openssl.base", level, self._when(age, "%m/%d/%y:%H;%M;%S")) for level, age in openssl]
        nim = ("bos.sysmgt.nim.client", *(("bos.sysmgt.nim.master",) if is_master else ()))
        for fileset in nim:
            for level, age in (("7.1.4.0", 900 * 86400), (texts.AIX_LEVEL, nim_client)):
                rows.append((fileset, level, self._when(age, "%m/%d/%y:%H;%M;%S")))
        return texts.history(rows)

    def _ssl_tree(self, tree: "_Tree", directory: str, certificates: LabCertificates, changed: Dict[str, str]) -> None:
        chain = self._chain(certificates)
        age = certificates.made
        for kind in KINDS:
            content = chain.server if kind == "server" else chain.certificates[kind]
            config = texts.ssl_config(kind, self.setup.master.name, changed.get(kind, "Example"))
            tree.put(f"{directory}/configs/SSL_{kind}.cnf", config, age=age)
            tree.put(f"{directory}/certs/{kind}.pem", content, age=age)
            mode = self.setup.master.key_mode if directory == "ssl_nimsh" else 0o600
            tree.put(f"{directory}/keys/{kind}key.pem", chain.keys[kind], mode=mode, age=age)
        foreign = self.setup.master.foreign_key
        if foreign and directory == "ssl_nimsh":
            earlier = self._chain(certificates._replace(made=certificates.made + 365 * 86400))
            tree.put(f"{directory}/keys/{foreign}key.pem", earlier.keys[foreign], mode=0o600, age=age)

    def _chain(self, certificates: LabCertificates) -> Chain:
        if certificates not in self._chains:
            configs = {kind: texts.ssl_config(kind, self.setup.master.name) for kind in KINDS}
            since = self.now - certificates.made
            made = make_chain(self.openssl, self.key, configs, since, since + certificates.holds, certificates.digest)
            self._chains[certificates] = made
        return self._chains[certificates]

    def _log(self, tree: "_Tree", client: Client, master: Master) -> None:
        entries = [
            (push.age, self._stamped(push.age, texts.session(client, master, push.method, push.end)))
            for push in client.pushes
        ]
        entries.append((client.nimsh_started, self._started(client.nimsh_started)))
        entries.sort(reverse=True)
        tree.put("var/adm/ras/nimsh.log", "".join(text for _, text in entries), age=entries[-1][0])

    def _started(self, age: int) -> str:
        return self._stamped(age, ["NIM Service Handler started from SRC"])

    def _stamped(self, age: int, messages: List[str]) -> str:
        when = time.gmtime(self.now + self.offset - age)
        stamp = f"{time.strftime('%a %b', when)} {when.tm_mday:2} {time.strftime('%H:%M:%S %Y', when)}"
        return "".join(f"{stamp} {message}\n" if message else "\n" for message in messages) + "\n"

    def _when(self, age: int, form: str) -> str:
        return time.strftime(form, time.gmtime(self.now + self.offset - age))


def _stop(tree: "_Tree", name: str) -> None:
    """Makes a subsystem inoperative."""
    with open(tree.path(f".lab/src/{name}"), encoding="ascii") as stream:
        group, pid = stream.read().split()
    os.unlink(tree.path(f".lab/proc/{pid}"))
    tree.put(f".lab/src/{name}", f"{group} -\n")


class _Tree:
    """Writes files below one directory."""

    def __init__(self, root: str, now: int) -> None:
        self.root = root
        self.now = now
        self._made = {root}
        os.mkdir(root)

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def put(self, name: str, content: Union[str, bytes], *, mode: int = 0o644, age: Optional[int] = None) -> None:
        """A file with that mode; `age` is seconds since its last change, None for now."""
        place = self.path(name)
        directory = os.path.dirname(place)
        if directory not in self._made:
            os.makedirs(directory, exist_ok=True)
            self._made.add(directory)
        with open(place, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(place, mode)
        if age is not None:
            os.utime(place, (self.now - age, self.now - age))


def real_openssl() -> str:
    """Absolute path of the `openssl` command. Raises LabCannotBeBuilt without one."""
    found = shutil.which("openssl", path="/usr/bin:/usr/local/bin:/opt/freeware/bin:/usr/sbin:/bin") or shutil.which(
        "openssl"
    )
    if not found:
        raise LabCannotBeBuilt("the lab makes real certificates, and there is no openssl command on this host")
    return os.path.abspath(found)


def _shipped(name: str) -> bytes:
    content = pkgutil.get_data("nimdoctor.lab", name)
    if content is None:
        raise LabCannotBeBuilt(f"nimdoctor.lab was installed without its {name}")
    return content


def _offset(now: int) -> int:
    """Seconds east of UTC of the zone in which the stand-ins run, which is that of an empty environment."""
    shown = subprocess.run(
        ["/bin/date", "+%Y %m %d %H %M %S"],
        env=command_environment(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    local = calendar.timegm((*(int(word) for word in shown.split()), 0, 0, 0))
    return (local - now + 450) // 900 * 900
