"""Guards of the scripts that are no conditions: each refuses where what it asks gives no answer."""

import os
import subprocess
from pathlib import Path
from typing import Callable, List

import pytest

from nimdoctor.evidence.shell import NO_ALIASES, part
from nimdoctor.lab import Lab
from nimdoctor.scripts.library import functions, with_library

from .conftest import Make
from .test_conditions import put

AIX_LS = """\
#!/bin/sh
# as that of AIX: -e shows one more column, a plus where there is an access control list, and nothing else does
case $1 in
    -dile) shift; /bin/ls -dil "$@" | sed 's/^\\( *[0-9]* ..........\\)[.+]*/\\1{column}/' ;;
    *) /bin/ls "$@" | sed 's/^\\( *[0-9]* ..........\\)[.+]*/\\1/' ;;
esac
"""


class Functions:
    """Functions of the scripts under one shell, with programs of the test's own before all others."""

    def __init__(self, shell: str, place: Path) -> None:
        self.shell = shell
        self.place = place

    def program(self, name: str, text: str) -> None:
        put(str(self.place / "bin" / name), text, 0o755)

    def run(self, own: str, *words: str) -> "subprocess.CompletedProcess[str]":
        begin = "LISTED='' ROOT='' WORK='' CHILD='' KNOWN='' LENIENT='' NOTED=''\nPATH=" + f"{self.place}/bin:$PATH\n"
        text = NO_ALIASES + "\n".join([*with_library(own), begin, own])
        return subprocess.run([self.shell, "-c", text, "name", *words], capture_output=True, text=True, timeout=30)


@pytest.fixture
def made(shell: str, tmp_path: Path) -> Functions:
    return Functions(shell, tmp_path)


# -- access control lists, which ls of AIX shows only with -e


@pytest.mark.parametrize(("column", "fine"), [("-", True), ("+", False), ("", False)])
def test_on_aix_a_directory_is_root_s_own_only_where_ls_says_that_no_list_gives_it_to_others(
    column: str, fine: bool, made: Functions
) -> None:
    made.program("uname", "#!/bin/sh\necho AIX\n")
    made.program("ls", AIX_LS.replace("{column}", column))
    state = made.place / "state"
    state.mkdir(mode=0o700)

    done = made.run('own_directory "$1"\necho mine\n', str(state))

    assert (done.stdout == "mine\n") is fine, done
    assert fine or "may be written by others" in done.stderr


@pytest.mark.parametrize(("column", "status"), [("-", 0), ("+", 1), ("", 1)])
def test_on_aix_a_mode_is_what_it_is_only_where_no_list_adds_to_it(column: str, status: int, made: Functions) -> None:
    made.program("uname", "#!/bin/sh\necho AIX\n")
    made.program("ls", AIX_LS.replace("{column}", column))
    put(str(made.place / "etc/key"), "x", 0o600)
    own = (
        'CLIENT_ROOT=$1 CLIENT_HERE=yes CLIENT_STATE=$1/state PLAN16=x\nmode_is client /etc/key -rw-------\necho "$?"\n'
    )

    assert made.run(own, str(made.place)).stdout == f"{status}\n"


def test_where_ls_says_nothing_a_directory_is_nobody_s(made: Functions) -> None:
    made.program("ls", "#!/bin/sh\nexit 2\n")
    done = made.run('own_directory "$1"\necho mine\n', str(made.place))
    assert done.stdout == "" and "ls does not tell" in done.stderr


# -- processes


@pytest.mark.parametrize(
    ("ps", "runs"),
    [
        ("echo COMMAND; echo /usr/sbin/nimclient -c", True),
        ("echo COMMAND; echo /usr/bin/vi", False),
        ("echo COMMAND; echo '<defunct>'", False),
        ("exit 1", True),
        ("exit 0", True),
        ("echo COMMAND", True),
    ],
)
def test_a_process_that_lives_is_ours_unless_ps_says_what_else_it_is(ps: str, runs: bool, made: Functions) -> None:
    made.program("ps", f"#!/bin/sh\n{ps}\n")
    done = made.run('runs_still "$1" nimclient && echo runs\n', str(os.getpid()))
    assert (done.stdout == "runs\n") is runs


def test_a_process_that_is_gone_does_not_run_whatever_ps_says(made: Functions) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    made.program("ps", "#!/bin/sh\necho COMMAND; echo nimclient\n")
    assert made.run('runs_still "$1" nimclient && echo runs\n', str(dead.pid)).stdout == ""


@pytest.mark.parametrize("said", ["", "nothing\n"])
def test_a_mark_of_a_running_command_that_names_no_process_is_looked_at_by_a_person(
    said: str, lab_of: Callable[[str], Lab], scripts: Make, dash: str
) -> None:
    lab = lab_of("nimsh-inactive")
    made = scripts(lab, dash)
    put(made.directory("client") + "/child", said)
    os.chmod(lab.client + "/var/adm/nimdoctor", 0o700)

    done = made.apply()

    assert done.status == 1 and "/child names no process" in done.err


# -- tools


@pytest.mark.parametrize("script", ["apply.ksh", "rollback.ksh"])
def test_a_script_does_not_begin_without_the_tools_it_looks_with(
    script: str, lab_of: Callable[[str], Lab], scripts: Make, dash: str, tmp_path: Path
) -> None:
    lab = lab_of("nimsh-inactive")
    made = scripts(lab, dash)
    (tmp_path / "few").mkdir()
    made.patch(script, "PATH=/usr/bin:/usr/sbin:/sbin:/bin\n", f"PATH={tmp_path}/few\n")
    before = lab.snapshot("client")

    done = made.run(script)

    assert done.status == 1 and done.err.startswith("refused: this host has no command awk")
    assert lab.snapshot("client") == before


def test_a_sum_of_what_cannot_be_read_is_equal_to_no_other(made: Functions) -> None:
    own = 'sum_of "$1"\necho "$? $SUM"\nsum_of "$1"\necho "$? $SUM"\n'
    first, second = made.run(own, str(made.place / "none")).stdout.splitlines()
    assert first != second and first.startswith("1 unread") and second.startswith("1 unread")


@pytest.mark.parametrize(("answer", "closed"), [("return 2", False), ("SERVES=yes", False), ("SERVES=no", True)])
def test_what_was_opened_is_closed_only_where_inetd_says_so(answer: str, closed: bool, made: Functions) -> None:
    stubs = "".join(
        f"{name}() {{\n    {body}\n}}\n"
        for name, body in {
            "step": "END=master REREADS=inetd KEEP=/x",
            "plain": "FILE=/x",
            "sum_of": "SUM=old",
            "reread": ":",
            "a_new_moment": ":",
            "serves": f"SAYS='not known'\n    {answer}",
        }.items()
    )
    done = made.run(stubs + 'close_opened 2 1 lines old new && echo closed || echo "$WHY"\n')
    assert (done.stdout == "closed\n") is closed, done


# -- keys


def key_reader(made: Functions, grep: str) -> "subprocess.CompletedProcess[str]":
    made.program("grep", f"#!/bin/sh\n{grep}\n")
    text = (
        "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 3 + "-----END PRIVATE KEY-----\nlast\n"
    )
    put(str(made.place / "text"), text)
    from nimdoctor.evidence.shell import KEY_ENDS

    own = f"KEY_ENDS='{KEY_ENDS}' REMOVED=removed BLOCK=1024\n{part('keys.sh')}\n"
    own += functions("collect.sh", "nimdoctor.collection")["first_part"]
    return made.run(own + 'first_part "$1"\nwithout_keys "$1"\n', str(made.place / "text"))


@pytest.mark.parametrize("grep", ["exit 2", "exit 127", "exit 0"])
def test_where_grep_cannot_tell_whether_a_key_is_there_it_is_taken_out(grep: str, made: Functions) -> None:
    done = key_reader(made, grep)
    assert "MII" not in done.stdout and done.stdout.count("last") == 2, done


def test_without_a_key_a_text_is_left_as_it_is(made: Functions) -> None:
    lines: List[str] = key_reader(made, "exit 1").stdout.splitlines()
    assert lines[-1] == "last" and "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" in lines
