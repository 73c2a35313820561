"""Every source of evidence, and every double of one, has all that its protocol declares, and nothing asks whether it has."""

import ast
import tarfile
from pathlib import Path
from typing import Any, Iterator, Set

from hosts import FIXTURES, AskedNow, evidence, loose

from nimdoctor.evidence import open_target
from nimdoctor.evidence.live import LiveHost
from nimdoctor.evidence.source import CollectedEvidence, Evidence, LiveEvidence
from nimdoctor.evidence.ssh import SshHost


class Reached:
    """A connection to a host that was reached."""

    destination, system, user = "lpar7", "AIX", "0"

    def connect(self) -> None:
        """Nothing to be done."""


def sources(place: Path) -> Iterator[Evidence]:
    healthy = FIXTURES / "healthy" / "client"
    yield open_target(str(healthy))
    with tarfile.open(place / "case.tar", "w") as archive:
        archive.add(healthy, "case")
    yield open_target(str(place / "case.tar"))
    yield loose({"niminfo": (healthy / "files/etc/niminfo").read_bytes()})
    yield LiveHost()
    yield LiveHost(str(place))
    connection: Any = Reached()
    yield SshHost("ssh:lpar7", connection=connection)
    yield AskedNow(evidence())


def members(kind: type) -> Set[str]:
    names = {name for one in kind.__mro__ for name in (*vars(one), *vars(one).get("__annotations__", {}))}
    return {name for name in names if not name.startswith("_")}


def test_every_source_has_what_its_protocol_declares(tmp_path: Path) -> None:
    for number, found in enumerate(sources(tmp_path)):
        wanted = members(LiveEvidence if found.live else CollectedEvidence)
        assert {name for name in wanted if not hasattr(found, name)} == set(), (number, type(found).__name__)
        found.close()


def test_nothing_asks_evidence_whether_it_has_an_attribute() -> None:
    # both protocols declare all that is used, so that the type checker sees what one of them lacks
    declared = members(CollectedEvidence) | members(LiveEvidence)
    assert {"run", "redacted_certificates", "collected"} <= declared
    found = []
    for place in ("nimdoctor", "checks", "fixes"):
        for path in sorted((FIXTURES.parents[1] / place).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr"):
                    of, name = node.args[:2]
                    if "evidence" in ast.unparse(of) or (isinstance(name, ast.Constant) and name.value in declared):
                        found.append(f"{path} line {node.lineno}: {ast.unparse(node)}")
    assert found == []
