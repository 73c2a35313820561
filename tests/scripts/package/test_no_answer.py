"""A condition without an answer does not hold: in a package and in Python, whatever it is that says nothing."""

import os
from pathlib import Path
from typing import Callable, Dict, List, Set

import pytest
from programs import program

from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.planning import conditions as c

from ..conftest import ends_of
from ..host_states import C, M, asked, put, verdict
from .test_conditions import answers

LOOKING = {
    "file-is": "bytes and names of a file, by the shell and cksum",
    "file-absent": "a path at which nothing stands: that it is absent is what was seen",
    "renamable": "the kinds of two paths, and df, which is this machine's in a lab",
    "library-copy-is": "the size of a file",
    "mode-is": "the modes of a file and of what is above it",
    "tree-complete": "the names in three directories",
    "tftp-allowed": "the rules in a file; without that file tftpd serves all: that it is absent is what was seen",
    "niminfo-says": "a line of /etc/niminfo",
    "role-is": "a line of /etc/niminfo",
    "not-secure-master": "a line of /etc/niminfo, where that says that the host is a client; else lslpp is asked",
    "certificates-are": "the certificates themselves",
    "certificates-renewed": "the certificates themselves",
    "certificate-served": "the certificates themselves, and their modes",
}
"""Conditions that ask no command of the host, and what they look at."""

OF_BOTH_ENDS = {
    "shares-certificate": "the certificates of both ends, of which a script sees one",
    "fetch-unproved": "never holds",
    "tftp-answers": "asks another host",
    "certificate-new": "is about what a step did",
    "preview-touches-only": "a preview of the lab names what the plan asks for alone",
    "evidence-fresh": "is about evidence, of which a script reads none",
}
"""Conditions that hold in no script over a lab as it is, and why; what they say without an answer is shown elsewhere."""

STATUS_IS_AN_ANSWER = {"boot-row", "inetd-agrees", "not-owned", "tftp-served"}
"""Where a status other than 0 goes with an answer: of lsitab, lssrc of inetd, lslpp -w and rpm -qf."""


def stubs(text: str) -> Callable[[Lab], None]:
    """Every command of both ends is this script."""

    def lay(lab: Lab) -> None:
        for path in programs(lab):
            path.unlink()
            put(str(path), text, 0o755)

    return lay


def programs(lab: Lab) -> List[Path]:
    return [path for end in ("client", "master") for path in Path(lab.tree(end), "usr").glob("*bin/*")]


def gone(lab: Lab) -> None:
    for path in programs(lab):
        path.unlink()


def failing_after_all(lab: Lab) -> None:
    for path in programs(lab):
        lab.fault("client" if str(path).startswith(lab.client) else "master", path.name, "lie")


def emptied(lab: Lab) -> None:
    for end in ("client", "master"):
        for below in ("etc", "ssl_nimsh", "usr/lib"):
            for path in Path(lab.tree(end), below).rglob("*"):
                if path.is_file() and not path.is_symlink() and "inittab" not in path.name:
                    path.write_bytes(b"")


HAPPENED: Dict[str, Callable[[Lab], None]] = {
    "missing": gone,
    "silent": stubs("#!/bin/sh\nexit 0\n"),
    "failing": stubs("#!/bin/sh\necho '0042-001: processing error' >&2\nexit 3\n"),
    "failing silently": stubs("#!/bin/sh\nexit 3\n"),
    "garbage": stubs("#!/bin/sh\nprintf 'Segmentation fault\\001\\377 0 = : - active\\n\\n@@@ 1 2 3\\n'\n"),
}


class Guards:
    """Conditions that hold in a lab, and how they are asked there."""

    def __init__(self, lab: Lab, place: str, shell: str) -> None:
        self.lab, self.place, self.shell = lab, place, shell
        more = (
            c.SecuredClientsAre(M, (), ("lpar7", "lpar8")),
            c.MasterIdle(M),
            c.SubsystemIs(C, "no-such", False),
            c.FilesetsUnlocked(C, ("openssl.base", "openssl.license")),
        )
        self.conditions = [one for one in (*asked(lab), *more) if one.shell()]
        self.conditions = [one for one, holds in zip(self.conditions, self.in_python()) if holds]
        self.conditions = [one for one, holds in zip(self.conditions, self.in_shell()) if holds]

    def in_python(self) -> List[bool]:
        now = ends_of(self.lab).now()
        return [verdict(one, now)[0] == "0" for one in self.conditions]

    def in_shell(self) -> List[bool]:
        found = {}
        for where in Role.CLIENT, Role.MASTER:
            mine = [one for one in self.conditions if one.where is where]
            found.update(zip(mine, answers(mine, self.lab, where, self.place, self.shell)))
        return [found[one] == "yes" for one in self.conditions]

    def still(self) -> Set[str]:
        """Kinds of which one holds in shell by now."""
        return {c.kind_of(one) for one, holds in zip(self.conditions, self.in_shell()) if holds}


@pytest.fixture
def guards(lab_of: Callable[[str], Lab], tmp_path: Path) -> Guards:
    # the one with ksh88's aliases rests on cksum itself
    return Guards(lab_of("stale-ssl-libs"), str(tmp_path), program("dash"))


def test_of_every_kind_there_is_one_that_holds_where_all_is_well(guards: Guards) -> None:
    assert guards.still() == set(c.kinds()) - set(OF_BOTH_ENDS)


@pytest.mark.parametrize("happened", HAPPENED)
def test_commands_that_give_no_answer_let_no_condition_hold(happened: str, guards: Guards) -> None:
    HAPPENED[happened](guards.lab)

    for condition, *found in zip(guards.conditions, guards.in_python(), guards.in_shell()):
        if c.kind_of(condition) not in LOOKING:
            assert not any(found), condition


def test_a_command_that_failed_gave_no_answer_whatever_it_printed(guards: Guards) -> None:
    failing_after_all(guards.lab)

    for condition, holds in zip(guards.conditions, guards.in_shell()):
        assert holds is (c.kind_of(condition) in {*LOOKING, *STATUS_IS_AN_ANSWER}), condition


def test_files_that_hold_nothing_let_no_condition_about_what_they_hold_hold(guards: Guards) -> None:
    emptied(guards.lab)
    contents = {"file-is", "library-copy-is", "niminfo-says", "tftp-served", "inetd-agrees"}
    contents |= {"certificates-are", "certificates-renewed", "certificate-served"}

    for condition, *found in zip(guards.conditions, guards.in_python(), guards.in_shell()):
        if c.kind_of(condition) in contents:
            assert not any(found), condition


BY_ANOTHER_TOOL = {
    "file-absent",
    "tree-complete",
    "file-is",
    "library-copy-is",
    "mode-is",
    "tftp-allowed",
    "not-hardened",
    "not-owned",
    "can-extract",
    "certificate-served",
}
RESTING_ON: Dict[str, Set[str]] = {
    "awk": {*c.kinds()} - BY_ANOTHER_TOOL,
    "ls": {"file-is", "library-copy-is", "mode-is", "niminfo-says"},
    "find": {"certificates-are", "certificates-renewed"},
    "cksum": {"file-is", "certificates-are", "certificates-renewed"},
    "grep": {"not-hardened"},
    "sort": {"secured-clients-are", "certificates-are"},
}
"""What each tool is asked for by a condition that holds in the lab."""


@pytest.mark.parametrize("tool", RESTING_ON)
def test_where_a_tool_fails_no_condition_that_rests_on_it_holds(
    tool: str, guards: Guards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the state directory is looked at before anything is asked
    own = 'case "$*" in */adm/nimdoctor*) exec /bin/ls "$@" ;; esac\n' if tool == "ls" else ""
    said = "echo 'Input line cannot be longer than 3,000 bytes.' >&2\nexit 2\n"
    put(str(tmp_path / "bin" / tool), "#!/bin/sh\n" + own + said, 0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")

    still = guards.still() & RESTING_ON[tool]
    assert not still
