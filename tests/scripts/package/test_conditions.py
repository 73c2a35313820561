"""A condition's line of shell holds where `decide` says so, on hosts to which this or that has happened; nowhere else."""

import os
import subprocess
from typing import Callable, Dict, Iterator, List, Tuple

import pytest
from effort import EVERYTHING, one_in
from shells import SHELLS

from nimdoctor.lab import Lab
from nimdoctor.model import Role
from nimdoctor.planning import conditions as c
from nimdoctor.planning.conditions.base import shell_functions
from nimdoctor.scripts.package.library import called_by
from nimdoctor.scripts.package.render import CERTIFICATES
from nimdoctor.scripts.quoting import words

from ..conftest import STATE, ends_of
from ..host_states import HAPPENED, asked, verdict

STRICTER = {
    ("links", "inetd-agrees"),
    ("links", "tftp-served"),
    ("links", "tree-complete"),
    ("links", "certificate-served"),
    ("links", "certificates-are"),
    ("links", "certificates-renewed"),
    ("commands_gone", "not-hardened"),
    ("more_commands_gone", "not-hardened"),
    ("files_gone", "not-secure-master"),
    ("hung", "client-idle"),
    ("hung", "master-idle"),
    ("", "can-extract"),
}
"""Where a script cannot tell, and so refuses: it follows no link, wants to see that no later fix came and, where no
niminfo is, that SSL is off, only one of the two things that make an extraction possible, and a person whether a push
hangs."""
_HEAD = """\
NAME=try PLAN16=0123456789abcdef R={root} BASE={root}{state} HOST=h RUN=chg-0123456789abcdef CHECK='' YES='' ACTING='' LOCKED=''
STATE=$BASE/changes/$PLAN16
NIMDOCTOR_ROOT=$R && export NIMDOCTOR_ROOT
"""


def called(body: str, root: str, place: str, shell: str, *words: str) -> List[str]:
    """What these lines of shell say on that host, each of it behind the word said."""
    body = "own_state\n" + body
    text = "unalias -a\n" + _HEAD.format(root=root, state=STATE) + "".join(called_by(body)) + body + 'rm -rf "$WORK"\n'
    path = os.path.join(place, "try.ksh")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    done = subprocess.run([shell, path, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done
    return [line.split("said ", 1)[1].strip() for line in done.stdout.decode().splitlines() if "said " in line]


def answers(conditions: List[c.Condition], lab: Lab, where: Role, place: str, shell: str) -> List[str]:
    """For each condition `yes` or `no` and what was seen."""
    root = lab.tree(where.value)
    # each in a shell of its own: one that asks a person ends the script
    body = "".join(
        f'( SEEN=\'\'; {words(one.shell())} && SEEN=yes || SEEN="no $SEEN"; echo "$SEEN" > "$WORK/said" ) 2> /dev/null || echo no > "$WORK/said"\n'
        'echo "said $(tr "\\n" " " < "$WORK/said")"\n'
        for one in conditions
    )
    lines = called(body, root, place, shell)
    assert len(lines) == len(conditions), lines
    return lines


def in_turn() -> Iterator[Tuple[str, str]]:
    """What happened, and a shell: each line of shell is asked in every shell, each state of a host in one of them."""
    for number, happened in enumerate(one_in(4, HAPPENED)):
        for shell in SHELLS if EVERYTHING else (SHELLS[number % len(SHELLS)],):
            yield happened, shell


@pytest.mark.parametrize(("happened", "shell"), list(in_turn()), indirect=["shell"])
def test_a_line_of_shell_holds_where_python_says_so(
    happened: str, lab_of: Callable[[str], Lab], tmp_path: "os.PathLike[str]", shell: str
) -> None:
    lab = lab_of("stale-ssl-libs" if happened != "hung" else "healthy")
    conditions = [one for one in asked(lab) if one.shell()]
    HAPPENED[happened](lab)
    now = ends_of(lab).now()
    for where in (Role.CLIENT, Role.MASTER):
        mine = [one for one in conditions if one.where is where]
        for one, said in zip(mine, answers(mine, lab, where, os.fspath(tmp_path), shell)):
            holds = verdict(one, now)[0] == "0"
            kind = c.kind_of(one)
            if said == "yes" or {(happened, kind), ("", kind)}.isdisjoint(STRICTER):
                assert (said == "yes") is holds, (one, said, verdict(one, now))


def test_a_certificate_is_new_by_time_by_inode_or_by_name(
    lab_of: Callable[[str], Lab], tmp_path: "os.PathLike[str]", shell: str
) -> None:
    lab = lab_of("healthy")
    path = lab.client + "/ssl_nimsh/certs/server.pem"
    with open(path, "rb") as stream:
        content = stream.read()
    body = 'if [ -n "$1" ]; then\n' + "\n".join(CERTIFICATES) + '\n: > "$STATE/begun"\n'
    body += "elif certificate_new; then\necho said yes\nelse\necho said no\nfi\n"

    def remembered_and_then(change: Callable[[], None]) -> List[str]:
        called(body, lab.client, os.fspath(tmp_path), shell, "remember")
        change()
        return called(body, lab.client, os.fspath(tmp_path), shell)

    def another_inode() -> None:
        state = os.stat(path)
        with open(path + ".new", "wb") as stream:
            stream.write(content)
        os.rename(path + ".new", path)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    def another_name() -> None:
        with open(lab.client + "/ssl_nimsh/certs/other.pem", "wb") as stream:
            stream.write(content)
        os.utime(lab.client + "/ssl_nimsh/certs/other.pem", (1, 1))

    def no_certificate() -> None:
        with open(lab.client + "/ssl_nimsh/certs/notes.pem", "wb") as stream:
            stream.write(b"none\n")

    assert remembered_and_then(lambda: None) == ["no"]
    assert remembered_and_then(no_certificate) == ["no"]
    assert remembered_and_then(another_inode) == ["yes"]
    assert remembered_and_then(another_name) == ["yes"]
    assert remembered_and_then(lambda: os.utime(path, (2_000_000_000, 2_000_000_000))) == ["yes"]


def test_every_condition_has_a_line_of_shell_but_those_that_rest_on_the_other_end() -> None:
    own: Dict[str, bool] = {kind: bool(cls.shell) for kind, cls in c.base._KINDS.items()}

    assert own and all(own.values())
    assert "client_idle()" in shell_functions()
