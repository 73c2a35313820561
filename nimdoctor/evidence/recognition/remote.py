"""A command that was run on another host than the one where it was typed."""

import re
import shlex
from typing import List, NamedTuple, Optional, Tuple

_SHELLS = frozenset({"ssh", "rsh", "remsh", "rexec", "plink"})
_WITH_VALUE = frozenset("bcDEeFIiJLlmOopQRSWw")
"""Options of ssh that take a word."""
_SPREADERS = frozenset({"dsh", "xdsh", "psh", "pssh", "clcmd"})
_ADDRESS = re.compile(r"(?:[\w.-]+@)?(?P<host>[A-Za-z0-9][\w.-]*)")


class Remote(NamedTuple):
    """What was run on other hosts: the `command` as it ran there, empty for a login, and the `hosts` that were named."""

    command: str
    hosts: Tuple[str, ...]


def remote(command: str) -> Optional[Remote]:
    """What a command ran elsewhere; None where it ran where it was typed.

    >>> remote("ssh -l root lpar7 'lssrc -s nimsh'")
    Remote(command='lssrc -s nimsh', hosts=('lpar7',))
    >>> remote('nim -o fix_query -a fixes="IJ55968 IJ53757" lpar7')
    Remote(command='instfix -ik IJ55968 IJ53757', hosts=('lpar7',))
    """
    words = _words(command)
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if program in _SHELLS:
        return _over_a_shell(words[1:])
    if program in _SPREADERS:
        return _spread(words[1:])
    if program == "c_rsh" and len(words) > 2:
        return Remote(" ".join(words[2:]), (words[1],))
    if program == "nim" and "fix_query" in words:
        fixes = " ".join(word[6:] for word in words if word.startswith("fixes="))
        return Remote(f"instfix -ik {fixes}".strip(), tuple(_targets(words[-1:])))
    return None


def _words(command: str) -> List[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quote that is not closed
        return command.split()


def _over_a_shell(words: List[str]) -> Optional[Remote]:
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at][-1:] in _WITH_VALUE and len(words[at]) == 2 else 1
    hosts = _targets(words[at : at + 1])
    if not hosts:
        return None
    rest = words[at + 1 :]
    while rest[:1] == ["-l"] or (rest and rest[0] in ("-n", "-q", "-t", "-T")):  # `rsh lpar7 -l root date`
        rest = rest[2 if rest[0] == "-l" else 1 :]
    return Remote(" ".join(rest), tuple(hosts))


def _spread(words: List[str]) -> Remote:
    hosts: List[str] = []
    at = 0
    while at < len(words) and words[at].startswith("-"):
        if words[at] in ("-n", "-w", "-h", "-H"):
            hosts += _targets(words[at + 1 : at + 2])
        at += 2 if words[at] in ("-n", "-w", "-h", "-H", "-N", "-l", "-f", "-t", "-o", "-a", "-D") else 1
    return Remote(" ".join(words[at:]), tuple(hosts))


def _targets(words: List[str]) -> List[str]:
    found = [_ADDRESS.fullmatch(name) for word in words for name in word.split(",")]
    return [match["host"] for match in found if match]
