"""A guard without an answer refuses: in the scripts and in Python, whatever it is that says nothing."""

from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from nimdoctor.lab import Lab
from nimdoctor.planning import conditions as c

from .conftest import Scripts, ends_of, script_ends
from .test_conditions import C, M, asked, plan_with, put, verdict

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
    "shares-certificate": "the certificates themselves",
    "certificate-served": "the certificates themselves, and their modes",
}
"""Conditions that ask no command of the host, and what they look at."""

NEVER_HERE = {
    "fetch-unproved": "never holds",
    "tftp-answers": "asks another host",
    "certificate-new": "is about what a step did",
    "preview-touches-only": "a preview of the lab names what the plan asks for alone",
    "evidence-fresh": "has no line of shell: a plan that asks it is refused as a script",
}
"""Conditions that do not hold in a lab as it is, and why; what they say without an answer is shown elsewhere."""

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


def guards(lab: Lab) -> List[c.Condition]:
    """Conditions of every kind, and those that silence would satisfy."""
    return [
        *asked(lab),
        c.SecuredClientsAre(M, (), ("lpar7", "lpar8")),
        c.MasterIdle(M),
        c.SubsystemIs(C, "no-such", False),
        c.FilesetsUnlocked(C, ("openssl.base", "openssl.license")),
    ]


def digits(made: Scripts, lines: str = "") -> str:
    """What a script says of each of its conditions; `lines` go just before they are read."""
    made.patch(
        "apply.ksh",
        'main "$@"\n',
        f"ACT='client master' FIRST=client\nmake_state\nname_run\na_new_moment\n{lines}look_at step_1_before\n"
        'say "verdicts $VERDICTS"\n',
    )
    done = made.run("apply.ksh", yes=False)
    found = done.out.rpartition("verdicts ")[2].strip()
    assert found, done
    return found


def held(lab: Lab, conditions: List[c.Condition]) -> List[str]:
    now = ends_of(lab).now()
    return [verdict(one, now)[0] for one in conditions]


@pytest.fixture
def healthy(lab_of: Callable[[str], Lab], tmp_path: Path) -> Tuple[Lab, List[c.Condition], Callable[[str], Scripts]]:
    """A lab, conditions that hold there, and their script under a shell."""
    lab = lab_of("stale-ssl-libs")
    holding = [one for one, mine in zip(guards(lab), held(lab, guards(lab))) if mine == "0"]
    document = plan_with(holding, lab).as_dict()
    return lab, holding, lambda shell: Scripts(document, script_ends(lab), str(tmp_path), shell)


def test_of_every_kind_there_is_one_that_holds_where_all_is_well(
    healthy: Tuple[Lab, List[c.Condition], Callable[[str], Scripts]], shell: str
) -> None:
    _, holding, made = healthy
    assert {c.kind_of(one) for one in holding} | set(NEVER_HERE) == set(c.kinds())
    assert set(digits(made(shell))) == {"0"}


@pytest.mark.parametrize("happened", HAPPENED)
def test_commands_that_give_no_answer_let_no_condition_hold(
    happened: str, healthy: Tuple[Lab, List[c.Condition], Callable[[str], Scripts]], dash: str
) -> None:
    lab, holding, made = healthy
    HAPPENED[happened](lab)

    in_python, in_shell = held(lab, holding), digits(made(dash))

    assert len(in_shell) == len(holding)
    for condition, *found in zip(holding, in_python, in_shell):
        if c.kind_of(condition) not in LOOKING:
            assert "0" not in found, condition


def test_a_command_that_failed_gave_a_script_no_answer_whatever_it_printed(
    healthy: Tuple[Lab, List[c.Condition], Callable[[str], Scripts]], dash: str
) -> None:
    lab, holding, made = healthy
    failing_after_all(lab)

    for condition, found in zip(holding, digits(made(dash))):
        assert (found == "0") is (c.kind_of(condition) in {*LOOKING, *STATUS_IS_AN_ANSWER}), condition


@pytest.mark.parametrize("tool", ["awk", "ls", "cksum", "grep", "sort"])
def test_where_a_tool_fails_no_condition_that_rests_on_it_holds(
    tool: str, healthy: Tuple[Lab, List[c.Condition], Callable[[str], Scripts]], tmp_path: Path, dash: str
) -> None:
    _, holding, made = healthy
    put(
        str(tmp_path / "bin" / tool),
        "#!/bin/sh\necho 'Input line cannot be longer than 3,000 bytes.' >&2\nexit 2\n",
        0o755,
    )

    found = dict(zip(map(c.kind_of, holding), digits(made(dash), f"PATH={tmp_path}/bin:$PATH\n")))

    still = {kind for kind, mine in found.items() if mine == "0"}
    assert not still & RESTING_ON[tool], still & RESTING_ON[tool]


RESTING_ON = {
    # a condition of can-extract asks for a level by grep, another for members by awk
    "awk": {*c.kinds()}
    - {"file-is", "file-absent", "library-copy-is", "mode-is", "tree-complete", "tftp-allowed", "can-extract"},
    "ls": {
        "file-is",
        "library-copy-is",
        "mode-is",
        "certificate-served",
        "niminfo-says",
        "certificates-are",
        "tree-complete",
    },
    "cksum": {"file-is", "certificates-are", "certificates-renewed", "shares-certificate"},
    "grep": {"not-hardened", "object-is-hosts", "shares-certificate", "can-extract"},
    "sort": {"secured-clients-are", "certificates-are"},
}
"""What each tool is asked for by a condition that holds in the lab."""


def test_files_that_hold_nothing_let_no_condition_about_what_they_hold_hold(
    healthy: Tuple[Lab, List[c.Condition], Callable[[str], Scripts]], dash: str
) -> None:
    lab, holding, made = healthy
    emptied(lab)

    in_python, in_shell = held(lab, holding), digits(made(dash))

    contents = {"file-is", "library-copy-is", "niminfo-says", "tftp-served", "inetd-agrees"}
    contents |= {"certificates-are", "certificates-renewed", "shares-certificate", "certificate-served"}
    for condition, *found in zip(holding, in_python, in_shell):
        if c.kind_of(condition) in contents:
            assert "0" not in found, condition


def test_a_push_is_not_proved_to_hang_by_a_find_that_finds_nothing_since_it_fails(
    lab_of: Callable[[str], Lab], tmp_path: Path, dash: str
) -> None:
    lab = lab_of("create-bio-hang")
    lab.hang()
    document = plan_with([c.ClientIdle(C, True), c.MasterIdle(M, ("lpar7",), "lpar7")], lab).as_dict()
    put(str(tmp_path / "bin/find"), "#!/bin/sh\nexit 1\n", 0o755)

    assert digits(Scripts(document, script_ends(lab), str(tmp_path), dash)) == "00"
    again = digits(Scripts(document, script_ends(lab), str(tmp_path), dash), f"PATH={tmp_path}/bin:$PATH\n")
    assert "0" not in again
