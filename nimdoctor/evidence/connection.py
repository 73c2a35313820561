"""One connection to a host by way of the system's own `ssh`: its config, agent, known hosts and jump hosts.

Nothing is installed on the other side. Each question is one line of POSIX shell with every word quoted, each answer
stands between marks; all go over one connection, whose socket lies in a private directory and goes with it.
"""

import math
import os
import re
import shlex
import shutil
import tempfile
import weakref
from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.evidence.shell import NO_ALIASES, part
from nimdoctor.evidence.source import TargetError
from nimdoctor.model.text import decode
from nimdoctor.system.command import CommandResult, run, ssh_environment

PATIENCE = 5.0
"""Seconds that an answer may be late after the command's own deadline on the host."""
CONNECT = 20
"""Seconds to connect in at most, each hop."""

PLACES = ("/usr/bin/ssh", "/opt/freeware/bin/ssh", "/usr/local/bin/ssh")
"""Where the ssh program is looked for: a PATH may lead root to anybody's."""
NAMED_BY = "NIMDOCTOR_SSH"
"""The variable that names another, by its absolute path."""

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*\Z")
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*\Z")
_SOCKET_LENGTH = 70


class RemoteAnswer(NamedTuple):
    """`ending` is how it ended, in the words of the host's side; None where no end of it came."""

    stdout: bytes
    stderr: bytes
    ending: Optional[List[str]]
    result: CommandResult


def destination(target: str) -> str:
    """The [USER@]HOST of a target. Raises TargetError for what ssh could take for an option, or a shell for more.

    >>> destination("ssh:root@lpar7"), destination("ssh:fe80::1%en0")
    ('root@lpar7', 'fe80::1%en0')
    """
    where = target[len("ssh:") :]
    user, at, host = where.rpartition("@")
    if not _HOST.match(host) or (at and not _USER.match(user)):
        raise TargetError(
            f"{target}: names no host: give ssh:HOST or ssh:USER@HOST; ports and jump hosts stand in ssh's own config"
        )
    return where


def ssh_program(target: str) -> str:
    """The ssh program for that target. Raises TargetError, one line, where there is none."""
    named = os.environ.get(NAMED_BY)
    if named and not os.path.isabs(named):
        raise TargetError(
            f"{target}: {NAMED_BY} is {named}, which is no absolute path: give the ssh program's, or unset {NAMED_BY}"
        )
    for place in (named,) if named else PLACES:
        if os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    if named:
        raise TargetError(f"{target}: {NAMED_BY} is {named}, where no program is: correct it, or unset {NAMED_BY}")
    raise TargetError(
        f"{target}: there is no ssh program on this host, neither {' nor '.join(PLACES)}: install OpenSSH, name another "
        f"by its absolute path in {NAMED_BY}, or run nimdoctor on the host"
    )


class Connection:
    """The way to one host. Where it was lost, the next question opens it anew.

    `system` and `user` are what the host said of itself (`uname -s`, `id -u`). Raises TargetError, one line, where
    the host is no host's name, or there is no ssh here.
    """

    def __init__(self, target: str, timeout: float = 30.0) -> None:
        self.target = target
        self.destination = destination(target)
        self.system = self.user = ""
        self._program = program = ssh_program(target)
        self._timeout = timeout
        self._place = _private_place()
        self._options = _options(self._place, timeout)
        self._mark = f"nimdoctor-{os.urandom(8).hex()}"
        self._end = weakref.finalize(self, _hang_up, program, self._options, self.destination, self._place)

    def close(self) -> None:
        """Ends the connection and leaves nothing of it; also done when the process ends without."""
        self._end()

    def connect(self) -> None:
        """Opens it, and asks who answers. Raises TargetError, one line, where the host cannot be reached."""
        answer = self.ask(["answer.sh"], 'echo "$(uname -s) $(id -u)"; answered hello', (), min(self._timeout, CONNECT))
        if answer.ending != ["hello"]:
            raise TargetError(f"{self.target}: {_why(answer, self.destination)}")
        self.system, _, self.user = decode(answer.stdout).strip().partition(" ")

    def ask(
        self, parts: Sequence[str], program: str, words: Sequence[str], timeout: float, stdin: bytes = b""
    ) -> RemoteAnswer:
        """What the host answers to a program in shell, made of the parts and run with these words."""
        line = remote_line(parts, f"MARK={self._mark}\nanswer\n{program}", words)
        argv = [self._program, *self._options, "--", self.destination, line]
        result = run(argv, timeout=timeout + PATIENCE, env=ssh_environment(), stdin=stdin)
        return _answer(result, self._mark.encode())


def remote_line(parts: Sequence[str], program: str, words: Sequence[str]) -> str:
    """The command line that ssh hands to the login shell: a script for /bin/sh and its words, each quoted.

    >>> print(remote_line([], 'echo "$1"', ["it's"]))
    /bin/sh -c 'unalias -a
    echo "$1"' nimdoctor 'it'"'"'s'
    """
    script = NO_ALIASES + "".join(map(part, parts)) + program
    return " ".join(["/bin/sh", "-c", *map(shlex.quote, (script, "nimdoctor", *words))])


def _options(place: str, timeout: float) -> List[str]:
    """Those that must not depend on the user's configuration; all else is taken from it."""
    chosen = {
        "BatchMode": "yes",
        "ConnectTimeout": str(max(1, min(CONNECT, math.ceil(timeout)))),
        "ConnectionAttempts": "1",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
        "ControlMaster": "auto",
        "ControlPath": f"{place}/c".replace("%", "%%"),
        "ControlPersist": "60",
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PermitLocalCommand": "no",
        "RemoteCommand": "none",
        "LogLevel": "ERROR",
    }
    return ["-T", *(word for name, value in chosen.items() for word in ("-o", f"{name}={value}"))]


def _private_place() -> str:
    """A directory that nobody else may enter, with a path short enough for a socket in it."""
    directory = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="nimdoctor-ssh-", dir=directory if len(directory) < _SOCKET_LENGTH else "/tmp")


def _hang_up(program: str, options: Sequence[str], where: str, place: str) -> None:
    try:
        if os.path.exists(f"{place}/c"):
            run([program, *options, "-O", "exit", "--", where], timeout=PATIENCE, env=ssh_environment())
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _answer(result: CommandResult, mark: bytes) -> RemoteAnswer:
    """What stands between the marks; what a login printed before them is left out."""
    started, out = _after(result.stdout, mark)
    _, err = _after(result.stderr, mark)
    body, found, end = err.rpartition(b"\n" + mark + b" ")
    if not (started and found):
        return RemoteAnswer(out if started else b"", err, None, result)
    return RemoteAnswer(out, body, decode(end).split(), result)


def _after(stream: bytes, mark: bytes) -> Tuple[bool, bytes]:
    _, found, rest = stream.partition(mark + b"\n")
    return (True, rest) if found else (False, stream)


def last_line(stderr: bytes) -> str:
    lines = [line.strip() for line in decode(stderr).splitlines() if line.strip()]
    return ascii(lines[-1])[1:-1][:200] if lines else ""


_CURES = (
    ("host key verification failed", "log in once by hand (ssh {where}) and accept its key, after comparing it"),
    ("host identification has changed", "compare its key, then correct known_hosts"),
    ("permission denied", "nimdoctor asks for no password: give ssh a key or an agent that opens {where}"),
    ("could not resolve", "is the name right? ssh's own config may give it another"),
    ("", "try it by hand: ssh {where} true"),
)


def _why(answer: RemoteAnswer, where: str) -> str:
    """One line: what ssh said, and what to do next."""
    result = answer.result
    if result.error:
        return f"ssh cannot be run: {result.error}"
    if result.timed_out:
        return f"cannot connect: no answer in time; try it by hand: ssh {where} true"
    reason = last_line(answer.stderr)
    if result.status != 255 or not reason:
        return (
            f"its login shell did not run a line of POSIX shell (status {result.status}{', ' + reason if reason else ''}); "
            f"try it by hand: ssh {where} /bin/sh -c true"
        )
    whole = decode(answer.stderr).lower()
    cure = next(cure for words, cure in _CURES if words in whole)
    return f"cannot connect: {reason}; {cure.format(where=where)}"
