"""The ksh script that collects where there is no Python: what it reads comes from the catalog, as for `collect`."""

from typing import Iterable, List, Mapping

from nimdoctor import __version__
from nimdoctor.collection.collect import TRUST, path_rows_of, rows_of
from nimdoctor.collection.record import NAME_LENGTH, recorded_name
from nimdoctor.evidence.catalog import EVERY, Kind, Row
from nimdoctor.evidence.shell import BLOCK, BLOCKS, KEY_ENDS, NO_ALIASES, source
from nimdoctor.facts import LevelTables
from nimdoctor.model.private_keys import REMOVED
from nimdoctor.scripts.package.library import functions
from nimdoctor.scripts.quoting import quoted, words

SHARED = ("keys.sh", "states.sh", "seen.sh")
"""Parts that are sent over ssh too."""

_HEAD = """\
#!/bin/ksh
# collect.ksh, made by nimdoctor {version}: collects what nimdoctor reads of a NIM client or master.
# Usage: collect.ksh [DIRECTORY]   as root, on the host; it changes nothing but that directory.
# It makes HOST.nimdoctor-RAW.UTC.tar there, compressed where the host can, and says its name. The archive is RAW: names and
# addresses are in it as they are; private keys are not. Read it with: nimdoctor scan ARCHIVE
# A command that does not end within {timeout} s is ended, and so are all that it started.
# Not yet run on AIX: tried under ksh93, mksh and dash against simulated hosts.
# chains of conditions; what awk, perl and other shells are to expand; variables and functions used by name; several numbers
# shellcheck disable=SC2015,SC2016,SC2034,SC2046,SC2317
"""
_TAIL = """\
START=$(pwd)
begin_script
PATH=$PATH:/usr/ios/cli
ROOT={root}
# not in a function: ksh88 would take the last for the end of that function
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP
trap 'clean_up' EXIT
main "$@"
"""


def collector(catalog: Iterable[Row], root: str = "", timeout: int = 30) -> str:
    """The script; `root` is the directory that holds the host's files and commands, empty for the host itself.

    `timeout` is a command's, in whole seconds.
    """
    known = constants()
    rows = rows_of(catalog, ())
    body = [_file(row) if row.kind is Kind.FILE else _run(row, known) for row in rows if row.kind is not Kind.PATHS]
    parts = [
        "# rows: every file and command of the catalog\n" + _function("rows", body),
        "# path_rows: every path whose state is read\n" + _function("path_rows", map(_path, path_rows_of(rows))),
        source("collect.sh", "nimdoctor.collection"),
        *map(source, SHARED),
        functions()["end_tree"],
        _TAIL.format(root=quoted(root)),
    ]
    variables = {
        "NAME": "collect.ksh",
        "COLLECTOR": f"nimdoctor {__version__} collect --script",
        "TIMEOUT": str(timeout),
        "BLOCK": str(BLOCK),
        "BLOCKS": str(BLOCKS),
        "NAME_LENGTH": str(NAME_LENGTH),
        "KEY_ENDS": KEY_ENDS,
        "REMOVED": REMOVED.decode("ascii"),
        "DATE_FILE": recorded_name("date -u +%Y-%m-%dT%H:%M:%SZ"),
        "HOST_FILE": recorded_name("hostname"),
        "ROLES": "",
        "HUNG": "",
        "SPENT": "0",
    }
    head = _HEAD.format(version=__version__, timeout=timeout) + NO_ALIASES
    assigned = "".join(f"{name}={quoted(value)}\n" for name, value in variables.items())
    return head + assigned + "\n" + "\n".join(parts)


def constants() -> Mapping[str, str]:
    """Placeholders whose value the script knows: the APARs of nimdoctor's own tables, not those that a site adds."""
    return {"APARS": " ".join(LevelTables.derive(None).apars())}


def _function(name: str, lines: Iterable[str]) -> str:
    return f"{name}() {{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def _role(row: Row) -> str:
    return "every" if row.roles == EVERY else next(iter(row.roles))


def _file(row: Row) -> str:
    if row.streamed:
        return f"copy_newest {_role(row)} {quoted(row.name)}"
    if row.name == TRUST:
        return f"copy_trust {_role(row)} {quoted(row.name)}"
    if "/*" in row.name:
        directory, _, rest = row.name.partition("/*")
        return f"copy_all {_role(row)} {quoted(directory)} {quoted(rest)}"
    return f"copy {_role(row)} {quoted(row.name)}"


def _path(row: Row) -> str:
    if row.name.endswith("/**"):
        return f"path_below {_role(row)} {quoted(row.name[:-3])}"
    if row.name.endswith("*"):
        return f"path_star {_role(row)} {quoted(row.name[:-1])}"
    return f"path {_role(row)} {quoted(row.name)}"


def _run(row: Row, known: Mapping[str, str]) -> str:
    shown: List[str] = []
    needed = "-"
    for word in row.name.split():
        name = word.strip("{}")
        if not word.startswith("{"):
            shown.append(quoted(word))
        elif name in known:
            shown.append(quoted(known[name]))
        else:
            shown.append(f'"${name}"')
            needed = name
    when = "known" if row.when_known else "always"
    return f"run {_role(row)} {when} {words([row.label])} {needed} {' '.join(shown)}"
