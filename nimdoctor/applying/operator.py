"""Who began, resumed or took back a run: the login behind root, as far as that is known, and what says so."""

import os
import pwd
from typing import Callable, Dict, Mapping, Optional

TERMINAL, ENVIRONMENT = "terminal", ("SUDO_USER", "LOGNAME", "USER")
"""What may name the login: the system, which knows who logged in at this terminal; and variables, in the order in
which they are asked, which whoever started nimdoctor could have set to anything.
"""
_LONGEST = 64

Operator = Dict[str, Optional[str]]


def current_operator(
    environment: Mapping[str, str] = os.environ, login: Callable[[], str] = os.getlogin, uid: Optional[int] = None
) -> Operator:
    """`login`, what it is known by (terminal, or the name of a variable), and the `user` that the process runs as.

    `login` and `by` are None where nothing names one, and a variable that says root of root says nothing.

    >>> def nobody():
    ...     raise OSError(25, "no terminal")
    >>> current_operator({"SUDO_USER": "ada"}, nobody, 0), current_operator({"LOGNAME": "root"}, nobody, 0)
    ({'login': 'ada', 'by': 'SUDO_USER', 'user': 'root'}, {'login': None, 'by': None, 'user': 'root'})
    """
    user = _name_of(os.geteuid() if uid is None else uid)
    try:
        found = _cleaned(login())
    except OSError:  # cron, a daemon, a pipe over ssh
        found = ""
    if found:
        return {"login": found, "by": TERMINAL, "user": user}
    for name in ENVIRONMENT:
        found = _cleaned(environment.get(name, ""))
        if found and found != user:
            return {"login": found, "by": name, "user": user}
    return {"login": None, "by": None, "user": user}


def operator_words(who: object) -> str:
    """A recorded operator in words; empty where nobody is known.

    >>> operator_words({"login": "ada", "by": "terminal", "user": "root"}), operator_words({"login": "ada", "by": "LOGNAME", "user": "root"})
    ('ada, who logged in at its terminal', 'ada, as LOGNAME says')
    """
    if not isinstance(who, dict) or not who.get("login"):
        return ""
    how = "who logged in at its terminal" if who.get("by") == TERMINAL else f"as {who.get('by')} says"
    return f"{who['login']}, {how}"


def _cleaned(name: str) -> str:
    return name[:_LONGEST] if name.isprintable() else ""


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return str(uid)
