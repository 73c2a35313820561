"""The shells that scripts are tried under, and the processes that they leave or do not leave behind."""

import atexit
import contextlib
import os
import re
import shlex
import shutil
import signal
import tempfile
import time
from functools import cache
from typing import List

from programs import program

LACKING = re.compile(
    r"\[\[|\+=|=~|\$'|<<<|\b(local|typeset|declare|mktemp|readlink|timeout|stat|seq|perl|head|setsid)\s|sed -i|grep -[a-zA-Z]*[oAP]\b"
    r"|-maxdepth|-mmin|date -d|tar z"
)
"""What ksh88 or AIX's commands do not have."""
SHELLS = ("ksh93", "mksh", "dash")

ALIASES = (
    "alias stop='kill -STOP' suspend='kill -STOP $$' type='whence -v' history='fc -l' r='fc -e -' hash='alias -t' local=typeset"
    " functions='typeset -f' integer='typeset -i' autoload='typeset -fu' false='let 0' true=: nohup='nohup '"
)
"""Those that ksh88 begins with; each beats a function of its name."""

_LIKE_KSH88 = """\
#!{shell}
# a shell that begins with the aliases of ksh88, whether a script comes as a file or after -c
case ${{1:-}} in
    -c)
        ksh88_text=$2
        shift 2
        ;;
    *.ksh)
        # by way of a file, since it may be longer than an argument; its name ends as that of the script does
        ksh88_sum=$(cksum < "$1")
        case $1 in /*) ksh88_copy={place}/${{ksh88_sum%% *}}$1 ;; *) ksh88_copy={place}/${{ksh88_sum%% *}}$PWD/$1 ;; esac
        if [ ! -f "$ksh88_copy" ]; then
            mkdir -p "${{ksh88_copy%/*}}" && printf '%s\\n' {aliases} > "$ksh88_copy.$$" && cat "$1" >> "$ksh88_copy.$$" || exit 97
            mv "$ksh88_copy.$$" "$ksh88_copy" || exit 97
        fi
        shift
        exec {shell} "$ksh88_copy" "$@"
        ;;
    -* | '') exec {shell} "$@" ;;
    *) ksh88_text=$(cat "$1") || exit 97 ;;
esac
exec {shell} -c {aliases}"
$ksh88_text" "$@"
"""


def like_ksh88(shell: str, place: str) -> str:
    """The text of a program that is that shell, but for the aliases with which it begins; it keeps copies in `place`."""
    return _LIKE_KSH88.format(shell=shell, place=place, aliases=shlex.quote(ALIASES))


@cache
def with_aliases(shell: str) -> str:
    """A program that runs scripts under that shell, with ksh88's aliases in front of them."""
    place = tempfile.mkdtemp(prefix="ksh88-", dir="/tmp")
    os.chmod(place, 0o755)  # for tests that become somebody else
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    wrapped = os.path.join(place, os.path.basename(shell))
    with open(wrapped, "w", encoding="ascii") as stream:
        stream.write(like_ksh88(shell, f"{place}/copies"))
    os.chmod(wrapped, 0o755)
    return wrapped


@cache
def as_on_system_v() -> str:
    """A directory of tools that go before others in PATH: a `tr` that leaves alone what has no partner in its second
    string, as that of System V does."""
    place = tempfile.mkdtemp(prefix="system-v-", dir="/tmp")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    tool = os.path.join(place, "tr")
    with open(tool, "w", encoding="ascii") as stream:
        stream.write(f'#!/bin/sh\nexec {shutil.which("tr")} -t "$@"\n')
    os.chmod(tool, 0o755)
    return place


def with_system_v(text: str) -> str:
    """The text of a script, which uses these tools."""
    with_them, places = re.subn(
        r"(?m)^(.* )?PATH=(\S*)/usr/bin:/usr/sbin", rf"\1PATH={as_on_system_v()}:\2/usr/bin:/usr/sbin", text
    )
    assert places == 1, "a script sets where its tools are just once"
    return with_them


def shell_named(name: str) -> str:
    """That shell, as one that begins with ksh88's aliases; without it the test is not tried."""
    return with_aliases(program(name))


def processes_of(word: str) -> List[int]:
    """Living processes with that word among their arguments or in their environment."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as arguments, open(f"/proc/{name}/environ", "rb") as environment:
                text = arguments.read() + environment.read()
            with open(f"/proc/{name}/stat", "rb") as state:
                zombie = b") Z" in state.read()
        except OSError:
            continue
        if word.encode() in text and not zombie:
            found.append(int(name))
    return found


def gone(word: str, patience: float = 10.0) -> bool:
    """Whether no such process is left, after a moment for what was just killed to go."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not processes_of(word):
            return True
        time.sleep(0.02)
    for pid in processes_of(word):
        kill(pid)
    return False


def kill(pid: int) -> None:
    """Kills a process, which may end by itself meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
