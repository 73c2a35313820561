"""Every text of shell in the project holds under ksh88 and with the commands of AIX."""

import re
import subprocess
from pathlib import Path

import pytest
import shell_texts
from shell_texts import Code
from shells import ALIASES, SHELLS, shell_named, with_system_v

from nimdoctor.model import Role
from nimdoctor.planning.conditions import TftpdIdle
from nimdoctor.planning.document import Affected, Plan, PlanHost
from nimdoctor.planning.steps import Change, Phase, Remove, RunCommand, Step, Transient, make_edit

ALIASED = tuple(re.findall(r"(\w+)=", ALIASES))
BUILT_IN = [
    "alias",
    "bg",
    "break",
    "cd",
    "command",
    "continue",
    "dirs",
    "echo",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fg",
    "getopts",
    "jobs",
    "kill",
    "let",
    "newgrp",
    "popd",
    "print",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readonly",
    "return",
    "set",
    "setgroups",
    "setsenv",
    "shift",
    "test",
    "time",
    "times",
    "trap",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
    "whence",
]
"""Commands that a shell has in itself: those that are special go before a function."""


def plan() -> Plan:
    """A plan with a step of each kind that has shell of its own."""
    edit = make_edit("/etc/inetd.conf", b"#tftp\n", [Change(1, "#tftp", "tftp"), Change(1, None, "x")], "inetd")
    dos = [
        Transient(edit),
        edit,
        Remove("/usr/lib/libssl.so.0.9.8"),
        RunCommand(("nimclient", "-c"), 300, half_made="/ssl_nimsh_half"),
        Transient(of="1"),
    ]
    then = (TftpdIdle(Role.CLIENT),)
    steps = [
        Step(Role.CLIENT, Phase.TFTP, "it's a title", do, "why", "effect", (), then, (), "undo", id=str(number))
        for number, do in enumerate(dos, 1)
    ]
    affected = Affected(("lpar8",), "why", (("nimclient", "-c"),))
    return Plan({Role.CLIENT: PlanHost("lpar7", "", None, None)}, (), tuple(steps), affects=affected)


SCRIPTS = shell_texts.scripts(plan())
TEXTS = {**SCRIPTS, **shell_texts.parts()}
WITHIN = {f"{name}: {at}": one for name, text in TEXTS.items() for at, one in enumerate(shell_texts.inner(text))}


def test_the_scripts_of_the_project_are_all_read() -> None:
    assert {"apply.ksh", "rollback.ksh", "clients/lpar8.ksh", "collect.ksh", "over ssh", "lab/stand_ins/ps"} <= set(
        SCRIPTS
    )
    assert len(WITHIN) > 2


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_first_command_of_a_script_takes_all_aliases_away(name: str) -> None:
    lines = [line for line in SCRIPTS[name].splitlines() if line.strip() and not line.startswith("#")]
    assert lines[0] == "unalias -a"


@pytest.mark.parametrize("name", TEXTS)
def test_no_function_has_the_name_of_an_alias_or_of_a_command_of_the_shell(name: str) -> None:
    found = {*ALIASED, *BUILT_IN} & set(Code(TEXTS[name]).functions())
    assert not found


@pytest.mark.parametrize("name", [*TEXTS, *WITHIN])
def test_no_command_is_a_word_that_ksh88_has_an_alias_for(name: str) -> None:
    found = set(ALIASED) & set(Code({**TEXTS, **WITHIN}[name]).commands())
    assert not found


@pytest.mark.parametrize("name", TEXTS)
def test_functions_share_options_and_traps_with_their_caller_as_far_as_posix_has_them(name: str) -> None:
    assert "function" not in Code(TEXTS[name]).commands()


@pytest.mark.parametrize("name", TEXTS)
def test_a_case_in_a_substitution_has_both_parentheses(name: str) -> None:
    for one in Code(TEXTS[name]).substitutions:
        words = re.findall(r"\b(case|esac)\b(?! *[=/])", one)
        # a pattern without the first would have ended the substitution
        assert words.count("case") == words.count("esac"), one


@pytest.mark.parametrize("name", TEXTS)
def test_tail_is_given_one_file(name: str) -> None:
    for words in re.findall(r"(?:^|[|;&(] *)tail ([^|;&)\n]*)", Code(TEXTS[name]).code, re.MULTILINE):
        files = [word for word in re.sub(r"-[cn] *\S+", "", words).split() if not word.startswith(("-", ">", "2>"))]
        assert len(files) <= 1, words


@pytest.mark.parametrize("name", TEXTS)
def test_the_second_string_of_tr_is_as_long_as_the_first_or_fills_itself(name: str) -> None:
    """A System V tr leaves alone what has no partner, and knows a range only in brackets."""
    for words in re.findall(r"(?:^|[|;&(] *)tr ([^|;&)\n]*)", TEXTS[name], re.MULTILINE):
        words = re.sub(r" *[<>].*", "", words)
        strings = [one.strip("'") for one in re.findall(r"'[^']*'|\S+", words) if not re.fullmatch(r"-[cds]+", one)]
        assert not re.search(r"\w-\w", re.sub(r"\[\w-\w\]", "", words)), words
        if not re.match(r"-d ", words):
            first, second = strings
            assert (second.startswith("[") and second.endswith(("*]", ":]"))) or _length(first) == _length(second), (
                words
            )


def _length(string: str) -> int:
    return len(re.sub(r"\\(\d{3}|.)", "x", string))


# -- that this would be seen


@pytest.mark.parametrize("way", ["file.ksh", "file", "-c"])
@pytest.mark.parametrize("shell", SHELLS)
def test_where_aliases_are_left_a_function_that_has_the_name_of_one_ends_nothing(
    shell: str, way: str, tmp_path: Path
) -> None:
    program = shell_named(shell)

    def run(text: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / way).write_text(text)
        words = ["-c", text, "name"] if way == "-c" else [str(tmp_path / way)]
        return subprocess.run([program, *words, "held"], capture_output=True, text=True)

    script = 'stop() {\n    echo "$*"\n    exit 3\n}\n[ -n "$1" ] && stop "somebody has $1"\necho went on\n'

    wrong, right = run(script), run("# a comment\n\nunalias -a\n" + script)

    assert wrong.returncode != 3
    assert (right.returncode, right.stdout) == (3, "somebody has held\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_the_aliases_and_takes_them_away(shell: str) -> None:
    program = shell_named(shell)
    listed = subprocess.run([program, "-c", "alias"], capture_output=True, text=True).stdout
    none = subprocess.run([program, "-c", "unalias -a\nalias"], capture_output=True, text=True)

    assert {re.split(r"=", line.removeprefix("alias "))[0] for line in listed.splitlines()} >= set(ALIASED)
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "")


def test_the_tr_that_goes_before_others_leaves_what_has_no_partner() -> None:
    text = with_system_v("begin() {\n    PATH=/usr/bin:/usr/sbin\n}\nbegin\nprintf a/b | tr -c 'A-Za-z' _\n")
    assert subprocess.run(["/bin/sh", "-c", text], capture_output=True).stdout == b"a/b"


def test_the_reader_of_shell_sees_what_it_is_to_see() -> None:
    code = Code(
        '# stop here\nat() { :; }\nif [ "$(type x)" = "stop it\'s" ] && ! true; then echo stop \'; r\'; fi\nx=$(case a in a) b;; esac)\n'
    )
    assert code.functions() == ["at"]
    assert {"type", "true", "echo", "if"} <= set(code.commands()) and not {"stop", "r"} & set(code.commands())
    assert "case" in code.substitutions[-1] and "esac" not in code.substitutions[-1]
