"""A master's /ssl_nimsh, made by the real openssl, to be broken by a test."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, List

from programs import program

from nimdoctor.evidence.rehearsal import rehearse
from nimdoctor.lab.certificates import KINDS, Chain, make_chain

DAY = 86400
SUBJECT = "[req]\nprompt = no\ndistinguished_name = name\n[name]\nO = Example\nCN = nim1 {}\n"


def chain_of(since: int = -DAY, until: int = 100 * DAY, key: str = "ec", digest: str = "sha256") -> Chain:
    now = int(time.time())
    names = {kind: SUBJECT.format(kind) for kind in KINDS}
    return make_chain(program("openssl"), key, names, now + since, now + until, digest)


def openssl(*words: object, stdin: bytes = b"") -> bytes:
    """What it prints; fails the test when it fails."""
    ended = subprocess.run([program("openssl"), *map(str, words)], input=stdin, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout


class Master:
    """A root directory with /ssl_nimsh in it, to be broken by a test."""

    def __init__(self, root: Path, chain: Chain) -> None:
        self.root = root
        for part in ("certs", "keys"):
            (root / "ssl_nimsh" / part).mkdir(parents=True)
        for kind in KINDS:
            self.put(f"certs/{kind}.pem", chain.server if kind == "server" else chain.certificates[kind])
            self.put(f"keys/{kind}key.pem", chain.keys[kind])

    def path(self, name: str) -> Path:
        return self.root / "ssl_nimsh" / name

    def put(self, name: str, content: bytes, mode: int = 0o600) -> None:
        self.path(name).write_bytes(content)
        self.path(name).chmod(mode)

    def rehearsed(self, timeout: float = 20) -> Dict[str, Any]:
        line = rehearse(str(self.root), timeout)
        assert "\n" not in line and "PRIVATE" not in line and "BEGIN" not in line
        return json.loads(line)

    def fits(self) -> List[List[str]]:
        found = self.rehearsed()
        assert found["rehearsal"] == "fits", found
        return found["sides"]

    def fails(self) -> Dict[str, str]:
        found = self.rehearsed()
        assert found["rehearsal"] == "fails", found
        return found
