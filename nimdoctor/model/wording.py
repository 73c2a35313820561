"""How times, counts, names and the guide's commands are worded for people."""

import re
from datetime import datetime, timezone

REFRESH = "nimclient -C; nimclient -c"
"""Makes a client fetch its certificate anew."""

NIMINIT = "niminit -a name=CLIENT -a master=MASTER -a master_port=1058 -a connect=nimsh"
"""Makes a host the client of a master anew. Without connect=nimsh it makes rsh the protocol; five attributes are the most."""

REMOTE_MANAGEMENT = "remote_management [-interface INTERFACE] MASTER"
"""The same for a Virtual I/O Server, as padmin: niminit is not its way."""

UPDATEIOS = "updateios -dev DIRECTORY -install -accept"
"""Installs on a Virtual I/O Server, as padmin, which previews it and asks: installp and `nim -o cust` are not its way."""

OF_PADMIN = ("remote_management", "updateios", "ioslevel")
"""Commands of a Virtual I/O Server's own shell, padmin's; all others are AIX's, for root, whom oem_setup_env makes."""


def configure_client(vios: bool) -> str:
    """How a client is made known to a master anew, in words; a client that was secured is not by that alone.

    >>> configure_client(True)
    'as padmin (it is a VIOS) remote_management [-interface INTERFACE] MASTER; then as root nimclient -c, where it was secured'
    """
    if vios:
        return f"as padmin (it is a VIOS) {REMOTE_MANAGEMENT}; then as root nimclient -c, where it was secured"
    return (
        f"keep /etc/niminfo under another name, then {NIMINIT} (without connect=nimsh pushes would go by rsh again); "
        "then nimclient -c, where it was secured"
    )


def visible(text: str) -> str:
    """The text with everything unprintable (line ends, escape sequences) shown as an escape, never sent.

    >>> visible("a\\x1b[2J")
    'a\\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "backslashreplace").decode("ascii")
        for letter in text
    )


def went_wrong(error: BaseException) -> str:
    """What is said of an error that nobody expected.

    >>> went_wrong(RuntimeError("not today")), went_wrong(MemoryError())
    ('nimdoctor itself failed: RuntimeError: not today; NIMDOCTOR_DEBUG=1 shows where', 'nimdoctor itself failed: MemoryError; NIMDOCTOR_DEBUG=1 shows where')
    >>> went_wrong(ModuleNotFoundError("No module named 'tabulate'", name="tabulate"))
    'tabulate is not there, which nimdoctor needs: python3 -m pip install tabulate'
    """
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] != "nimdoctor":
        return f"{error.name} is not there, which nimdoctor needs: python3 -m pip install {error.name}"
    error_text = ": ".join(filter(None, (type(error).__name__, str(error))))
    return f"nimdoctor itself failed: {error_text}; NIMDOCTOR_DEBUG=1 shows where"


def as_file_name(host: str) -> str:
    """A host's name as a file's: usual ones pass unchanged.

    >>> as_file_name("lpar7"), as_file_name("../a b"), as_file_name("-x")
    ('lpar7', '_.._a_b', '_-x')
    """
    name = re.sub(r"[^A-Za-z0-9_.@+-]", "_", host)[:200]
    return name if name[:1].isalnum() else f"_{name}"


def ago(seconds: int) -> str:
    """A span in its two largest units.

    >>> ago(85696), ago(59), ago(3600), ago(3 * 86400 + 7200)
    ('23 h 48 min', '59 s', '1 h 0 min', '3 d 2 h')
    """
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 48:
        return f"{hours} h {minutes % 60} min"
    return f"{hours // 24} d {hours % 24} h"


def as_utc(utc: int) -> str:
    """`2034-11-18T08:05:33Z`.

    >>> as_utc(1732089933)
    '2024-11-20T08:05:33Z'
    """
    try:
        return datetime.fromtimestamp(utc, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{utc} s since 1970"


def count(number: int, noun: str) -> str:
    """`1 client`, `3 clients`.

    >>> count(1, "client"), count(3, "client")
    ('1 client', '3 clients')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def named(names: "list[str]", limit: int = 5) -> str:
    """The first few names, and how many more.

    >>> named(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    if len(names) <= limit:
        return ", ".join(names)
    return ", ".join(names[:limit]) + f" and {len(names) - limit} more"


def fetch_need(must: bool, cured: bool, waiting: "tuple[str, ...]") -> str:
    """The end of a message: who must still fetch a certificate. Empty where that is not known.

    >>> fetch_need(True, False, ("lpar9",)), fetch_need(False, False, ())
    ('; not secure yet, so it must still fetch: lpar9', '; no client has to fetch a certificate now')
    """
    if cured:
        return "; a cure of this scan runs nimclient -c, which needs it"
    if waiting:
        return f"; not secure yet, so it must still fetch: {named(list(waiting))}"
    return "" if must else "; no client has to fetch a certificate now"
