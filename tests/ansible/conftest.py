"""A fleet for Ansible: one NIM master of the lab and its clients, each reached over a real sshd as a host of its own.

NIMDOCTOR_ANSIBLE is the venv whose ansible-core is the controller; NIMDOCTOR_ANSIBLE_MANAGED the version of the Python
that the hosts have, by default that of the tests.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pytest
from loopback import OWN, Loopback, python_home, why_not
from programs import absent

from nimdoctor.lab import Lab
from nimdoctor.lab.trees import real_openssl
from nimdoctor.remote.one_file import agent

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CONTROLLER, MANAGED = "NIMDOCTOR_ANSIBLE", "NIMDOCTOR_ANSIBLE_MANAGED"
CLIENTS = tuple(f"lpar{number}" for number in range(1, 12))
MASTER = "nim1"
DEADLINE = 600.0
"""Seconds that one run of Ansible may take."""
_RECAP = re.compile(r"^(\S+)\s*: (ok=.*)$", re.MULTILINE)


class Played(NamedTuple):
    """How a run of ansible-playbook ended. `recap` is by host what Ansible counted: changed, failed, unreachable …"""

    status: int
    out: str
    err: str

    @property
    def recap(self) -> Dict[str, Dict[str, int]]:
        return {
            host: {word.partition("=")[0]: int(word.partition("=")[2]) for word in counts.split()}
            for host, counts in _RECAP.findall(self.out)
        }

    def changed(self) -> List[str]:
        """The hosts that something was changed on."""
        return sorted(host for host, counts in self.recap.items() if counts["changed"])

    def __str__(self) -> str:
        return f"status {self.status}\n{self.out}\n{self.err}"


class Fleet:
    """The hosts, and the controller that knows them by an inventory. `home` is what the controller keeps."""

    def __init__(self, place: Path, lab: Lab, controller: Path, collections: Path) -> None:
        self.place = place
        self.lab = lab
        self.home = place / "controller"
        self.home.mkdir()
        self.inventory = self.home / "inventory.yml"
        self._controller = controller
        self._collections = collections
        self.collection = collections / "ansible_collections/nimdoctor/aix"
        self.sshd = Loopback(str(place / "sshd"))
        for name, tree in {MASTER: lab.master, **lab.clients}.items():
            # where the tree is the root, /usr/bin is the lab's own
            host = Path(tree, ".lab/host")
            host.write_text(
                re.sub("^OPENSSL=.*", f"OPENSSL=/bin/{Path(real_openssl()).name}", host.read_text(), flags=re.M)
            )
            self.sshd.add(name, tree, lab.place, python=os.environ.get(MANAGED) or OWN)
        self.knows(list(lab.clients))

    def knows(self, clients: Sequence[str], **hosts: Dict[str, Any]) -> None:
        """What stands in the inventory: the master, those clients, and hosts with variables of their own."""
        children = {
            "nim_masters": {"hosts": {MASTER: {}}},
            "nim_clients": {"hosts": {**{name: {} for name in clients}, **hosts}},
        }
        common = {
            "ansible_ssh_executable": self.sshd.ssh,
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_remote_tmp": "/tmp/.ansible",
            "ansible_async_dir": "/tmp/.ansible_async",
            "ansible_ssh_retries": 0,
        }
        self.inventory.write_text(json.dumps({"all": {"vars": common, "children": children}}))

    def environment(self) -> Dict[str, str]:
        config = self.home / "ansible.cfg"
        config.write_text("[defaults]\n")
        return {
            "PATH": f"{self._controller}/bin:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.home / "tmp"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.place / "cp"),
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_FORKS": "12",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOST_KEY_CHECKING": "0",
        }

    def command(self, *words: str, **given: Any) -> Tuple[str, ...]:
        """The command line of a playbook; `given` are extra variables."""
        extra = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
        return (f"{self._controller}/bin/ansible-playbook", "-i", str(self.inventory), *words, *extra)

    def start(self, *words: str, **given: Any) -> "subprocess.Popen[str]":
        """Begins it, in a process group of its own."""
        return subprocess.Popen(
            self.command(*words, **given),
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def play(self, *words: str, **given: Any) -> Played:
        """Runs it to its end."""
        running = self.start(*words, **given)
        try:
            out, err = running.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            out, err = running.communicate()
            pytest.fail(f"it hangs:\n{out[-3000:]}\n{err[-3000:]}")
        return Played(running.returncode, out, err)

    def ledger(self) -> Dict[str, Dict[str, Any]]:
        """What the ledger says of each client, the last line of each."""
        lines = map(json.loads, (self.home / f"{MASTER}.ledger").read_text().splitlines())
        return {one["client"]: one for one in lines if "client" in one}

    def states(self) -> Dict[str, List[str]]:
        """The clients of the ledger by their state."""
        found: Dict[str, List[str]] = {}
        for name, one in self.ledger().items():
            found.setdefault(one["state"], []).append(name)
        return {state: sorted(names) for state, names in found.items()}

    def at_work(self) -> bool:
        """Whether nimdoctor runs on one of the hosts."""
        return bool(self.sshd.running("/agent/nimdoctor-"))

    def close(self) -> None:
        self.sshd.close()
        self.lab.close()


@pytest.fixture(scope="session")
def controller() -> Path:
    """The venv with ansible-core."""
    found = os.environ.get(CONTROLLER)
    if not found or not os.path.exists(f"{found}/bin/ansible-playbook"):
        absent(f"ansible-core in the venv that {CONTROLLER} names")
    return Path(found).resolve()


def collection_in(place: Path) -> Path:
    """A copy of the collection below a directory where Ansible finds it, yet without what the build puts in it."""
    target = place / "ansible_collections/nimdoctor/aix"
    shutil.copytree(REPOSITORY / "ansible", target, ignore=shutil.ignore_patterns("files", "at_host.py"))
    return target


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Ansible finds the collection, with the one file in it."""
    place = tmp_path_factory.mktemp("collections")
    build = [sys.executable, REPOSITORY / "tools/build_collection.py", collection_in(place)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    return place


@pytest.fixture(scope="session")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Makes of a root one that had the one file before: to send and to unpack it takes the longest."""
    directory = tmp_path_factory.mktemp("placed")
    file = directory / agent().name
    file.write_bytes(agent().content)
    file.chmod(0o600)
    python = f"{python_home(os.environ.get(MANAGED) or OWN)}/bin/python3"
    subprocess.run([python, "-I", str(file), "unpack"], check=True, timeout=120)

    def place(root: str) -> None:
        state = Path(root, "var/adm/nimdoctor")
        state.mkdir(mode=0o700, exist_ok=True)
        shutil.copytree(directory, state / "agent")
        (state / "agent").chmod(0o700)

    return place


@pytest.fixture(scope="session")
def fleet_of(
    controller: Path, collections: Path, placed: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Fleet]]:
    """A fleet of a scenario of the lab: those clients have it, all others of CLIENTS are well and had the one file before."""
    reason = why_not()
    if reason:
        pytest.skip(f"no sshd on loopback: {reason}")
    fleets: List[Fleet] = []

    def get(scenario: str, troubled: Sequence[str] = CLIENTS) -> Fleet:
        place = tmp_path_factory.mktemp("fleet")
        others = [name for name in CLIENTS if name not in troubled]
        lab = Lab.build(scenario, str(place / "lab"), clients=troubled, beside=others)
        for name in others:
            placed(lab.clients[name])
        fleets.append(Fleet(place, lab, controller, collections))
        return fleets[-1]

    yield get
    for one in fleets:
        one.close()


def eventually(
    true: Callable[[], Any], patience: float = 60.0, running: "Optional[subprocess.Popen[str]]" = None
) -> None:
    """Waits until it is so."""
    until = time.monotonic() + patience
    while not true():
        assert time.monotonic() < until, "it has not come about"
        assert running is None or running.poll() is None, running.communicate() if running else ""
        time.sleep(0.05)
