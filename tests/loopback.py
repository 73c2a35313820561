"""A real sshd on loopback behind which each host of a lab looks like a host: its tree is `/` for what is run there.

The forced command of a host's key runs the line that came in a mount namespace of its own, in whose root the lab's
tree stands beside the shell and tools of this machine, and a python of it where an AIX host may have one. So `ssh:lpar7`
is what a user types, and nothing in nimdoctor knows of it; only the program that NIMDOCTOR_SSH names reads a configuration
made for the test.
"""

import glob
import os
import re
import socket
import subprocess
import sys
import time
from typing import Dict, List, Optional

from programs import absent, program
from shells import kill, like_ksh88, processes_of

_STAGE = """\
# ROOT MOUNTPOINT LAB SHELL TEXT PYTHON PLACE: makes the tree a root, in which sh and ksh are that shell with the text
# before it, and PLACE is the python installed in that directory; says so and keeps it
mount --make-rprivate / && mount --bind "$1" "$2" || exit 96
cd "$2" && mkdir bin lib lib64 dev proc etc/alternatives && cp -a /etc/passwd /etc/group etc || exit 96
awk=$(readlink -f "$(command -v awk)") && ln -s "/bin/${awk##*/}" etc/alternatives/awk || exit 96
ln -s /bin/dash etc/alternatives/ksh && mount --bind /usr/bin bin || exit 96
mount --bind /usr/lib lib && mount --rbind /dev dev && mount --rbind /proc proc || exit 96
[ ! -d /lib64 ] || mount --bind /lib64/. lib64 || exit 96
mount -t tmpfs none tmp && mkdir -p ".$3" && mount --bind "$3" ".$3" || exit 96
cp "/usr/bin/$4" tmp/shell && printf '%s' "$5" > tmp/sh && chmod 755 tmp/sh && mount --bind tmp/sh bin/dash || exit 96
if [ -n "$6" ]; then
    mkdir -p ".$6" ".${7%/*}" && mount --bind "$6" ".$6" && ln -sf "$6/bin/python3" ".$7" || exit 96
    # nothing is installed there
    for one in ".$6"/lib/python3.*/site-packages; do mount -t tmpfs none "$one" || exit 96; done
fi
# a stand-in finds the other hosts beside its own
for one in "$3"/*; do
    mkdir "${one##*/}" && mount --bind "$one" "${one##*/}" || exit 96
done
echo staged
exec sleep 3600
"""

_FORCED = """\
#!/bin/sh
# enter PROCESS MOUNTPOINT: runs the line that came over ssh in that process's mounts, where the mount point is /
exec nsenter -t "$1" -m -- chroot "$2" /bin/sh -c "cd /; $SSH_ORIGINAL_COMMAND"
"""

_SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {place}/host_key
PidFile none
AuthorizedKeysFile {place}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxSessions 20
MaxStartups 100
Subsystem sftp /lib/openssh/sftp-server
SetEnv HOME={place}
"""


def why_not() -> Optional[str]:
    """Why no sshd can be run here with a lab behind it, the programs aside; None where one can."""
    for name in ("ssh", "ssh-keygen", "unshare", "nsenter", "sshd", "ps"):
        program(name)
    if os.geteuid() != 0:
        return "a lab's tree becomes / for what comes over ssh in a mount namespace, which root alone may make"
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        return "this machine lets no mount namespace be made"
    return None


OWN = "{}.{}".format(*sys.version_info)
"""The version of the python that the tests run on."""


def python_home(version: str) -> str:
    """Where a python of that version is installed on its own; without it the test is not tried."""
    if version == OWN and not sys.base_prefix.startswith("/usr"):
        return sys.base_prefix
    found = sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python3")))
    return os.path.dirname(os.path.dirname(found[0])) if found else absent(f"python {version} below ~/.pyenv")


class Loopback:
    """The daemon, and the program `ssh` that knows its hosts by name."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.ssh = os.path.join(place, "bin", "ssh")
        self._stages: Dict[str, subprocess.Popen[bytes]] = {}
        os.makedirs(os.path.dirname(self.ssh))
        self._write("enter", _FORCED, 0o755)
        self._write("bin/ssh", f'#!/bin/sh\nexec {program("ssh")} -F {place}/config "$@"\n', 0o755)
        self._keygen("host_key")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._write("sshd_config", _SSHD.format(port=self.port, place=place))
        self._write("known_hosts", f"[127.0.0.1]:{self.port} {self._read('host_key.pub')}")
        self._write("authorized_keys", "")
        self._write("config", "")
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self._daemon = subprocess.Popen(
            [program("sshd"), "-D", "-f", f"{place}/sshd_config", "-E", f"{place}/log"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait()

    def add(
        self,
        name: str,
        root: str,
        lab: str,
        *,
        command: str = "",
        known_hosts: str = "known_hosts",
        shell: str = "dash",
        python: str = "",
        place: str = "/usr/bin/python3",
    ) -> None:
        """From now on `ssh NAME` comes to that tree of that lab, under that shell; `command` takes the place of the way
        there. At `place` is a `python` of that version, none where that is empty."""
        self._keygen(f"key-{name}")
        home = python_home(python) if python and not command else ""
        forced = (
            command or f"{self.place}/enter {self._stage(name, root, lab, shell, home, place)} {self.place}/root-{name}"
        )
        with open(f"{self.place}/authorized_keys", "a", encoding="ascii") as stream:
            stream.write(f'restrict,command="{forced}" {self._read(f"key-{name}.pub")}')
        with open(f"{self.place}/config", "a", encoding="ascii") as stream:
            stream.write(
                f"Host {name}\n  HostName 127.0.0.1\n  Port {self.port}\n  User root\n  IdentitiesOnly yes\n"
                f"  IdentityFile {self.place}/key-{name}\n  UserKnownHostsFile {self.place}/{known_hosts}\n"
                "  GlobalKnownHostsFile none\n"
            )

    def _stage(self, name: str, root: str, lab: str, shell: str, python: str, place: str) -> int:
        os.makedirs(f"{self.place}/root-{name}")
        text = like_ksh88("/tmp/shell", "/tmp/copies")
        stage = subprocess.Popen(
            [
                "unshare",
                "-m",
                "/bin/sh",
                "-c",
                _STAGE,
                "sh",
                root,
                f"{self.place}/root-{name}",
                lab,
                shell,
                text,
                python,
                place,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._stages[name] = stage
        assert stage.stdout and stage.stdout.readline() == b"staged\n", "the lab's tree cannot be made a root"
        return stage.pid

    @property
    def process(self) -> int:
        """The daemon."""
        return self._daemon.pid

    def within(self, name: str, *argv: str) -> None:
        """Runs a program of this machine in the mounts of that host, whose root is `root-NAME` in this place."""
        enter = ["nsenter", "-t", str(self._stages[name].pid), "-m", "--", *argv]
        subprocess.run(enter, check=True, cwd=self.place)

    @staticmethod
    def made_for_it(path: str) -> bool:
        """Whether a path of a tree is there only because the tree is a root."""
        return (
            re.match(
                "/(bin|lib|lib64|dev|proc|(opt|root)(/.*)?|nim1|lpar[0-9]|etc/(passwd|group|alternatives/?.*))$", path
            )
            is not None
        )

    def leave(self, name: str) -> None:
        """Nobody comes to that host any more, and its mounts go."""
        stage = self._stages.pop(name)
        stage.kill()
        stage.wait()
        if stage.stdout:
            stage.stdout.close()

    def drop_connections(self) -> None:
        """Ends every connection that is open, as a firewall or a reboot would; the daemon goes on."""
        for pid in _children(self._daemon.pid):
            kill(pid)

    def running(self, word: str) -> List[int]:
        """What runs behind this daemon with that word among its arguments."""
        # each process there has the daemon's port in its environment
        return [pid for pid in processes_of(f"127.0.0.1 {self.port}") if word.encode() in _arguments(pid)]

    def ended(self, word: str, patience: float = 2.0) -> bool:
        """Whether none such is left, after a moment; what is left is killed."""
        until = time.monotonic() + patience
        while self.running(word) and time.monotonic() < until:
            time.sleep(0.02)
        left = self.running(word)
        for pid in left:
            kill(pid)
        return not left

    def close(self) -> None:
        self.drop_connections()
        self._daemon.kill()
        self._daemon.wait()
        for name in list(self._stages):
            self.leave(name)

    def _keygen(self, name: str) -> None:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", f"{self.place}/{name}"],
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def _write(self, name: str, text: str, mode: int = 0o600) -> None:
        path = os.path.join(self.place, name)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(text)
        os.chmod(path, mode)

    def _read(self, name: str) -> str:
        with open(os.path.join(self.place, name), encoding="ascii") as stream:
            return stream.read()

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._daemon.poll() is None, self._read("log")
            time.sleep(0.02)
        raise AssertionError(self._read("log"))


def _arguments(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _children(pid: int) -> List[int]:
    """Of one process, from ps."""
    listing = subprocess.run([program("ps"), "-eo", "pid,ppid"], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in listing.splitlines()[1:]]
    return [int(child) for child, parent in rows if int(parent) == pid]
