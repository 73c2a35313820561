"""Which name of the catalog a text of a known kind has."""

import functools
import re
from typing import FrozenSet, Optional, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row, path_matches

CERTIFICATES = "/ssl_nimsh/certs/"

# forms of output that two commands share: the file's name decides which it was
_SAME_FORM: Tuple[FrozenSet[str], ...] = (
    frozenset({"NimObjects", "NimclientObjects"}),
    frozenset({"Filesets", "RecordedPush"}),
    frozenset({"InetdServices", "Subsystems"}),
)
_OF_ERRORS = frozenset({"NimMessages", "RecordedOperations", "LoaderReports"})
"""Made of what any command of NIM prints where it fails: they tell no form."""
_TEXT_ENDINGS = (".txt", ".log", ".out", ".output", ".text", ".lst")


def named(key: str, text: str, hint: str) -> Optional[str]:
    """The catalog name of a kind; some are told apart only by what else stands in the text."""
    base = re.split(r"[/\\]", hint)[-1]
    if key == "pem":
        return CERTIFICATES + (base or "certificate.pem")
    if key == "cnf":
        return _config_name(hint, base)
    if key == "lssrc":
        return _lssrc_name(text)
    if key == "ar":
        crypto, ssl = text.count(" libcrypto"), text.count(" libssl")
        return "ar -X32_64 -tv /usr/lib/" + ("libcrypto.a" if crypto > ssl else "libssl.a")
    if key == "lsitab nimsh" and re.search(r"(?m)^:?init:\d:initdefault:", text):
        return "lsitab -a"
    if key == "df":
        return "df -k" if re.search(r"(?m)^Filesystem[ \t]+1024-blocks", text) else "df"
    if key == "lslpp -l" and re.search(r"(?m)^[ \t]*Fileset[ \t]+Level[ \t]+State[ \t]+Type", text):
        return "lslpp -L"
    return key


def _config_name(hint: str, base: str) -> Optional[str]:
    # any openssl.cnf has this form; only NIM's own names make it NIM's
    found = re.match(r"(?i)(SSL_(?:root|server|client)\.cnf)", base)
    if not found:
        return None
    directory = "/usr/samples/nim/ssl/" if "samples" in hint else "/ssl_nimsh/configs/"
    return directory + found.group(1)


def _lssrc_name(text: str) -> str:
    services = re.search(r"(?m)^[ \t]*Service[ \t]+Command[ \t]+\w+[ \t]+Status[ \t]*$", text)
    if services:
        if re.search(r"(?m)^[ \t]*inetd[ \t]+\S+[ \t]+\d*[ \t]*(?:active|inoperative)", text):
            return "lssrc -ls inetd"
        first = re.search(r"(?m)^[ \t]*([\w.-]+)[ \t]+(?:/\S+|internal)\b", text[services.end() :])
        return "lssrc -t " + (first.group(1) if first else "tftp")
    rows = re.findall(
        r"(?m)^[ \t]*([\w.-]+)[ \t]+(?:([A-Za-z][\w.-]*)[ \t]+)?(?:\d+[ \t]+)?(?:active|inoperative)[ \t]*$", text
    )
    if not rows:
        told = re.search(r"(?m)^[ \t]*0513-(?:085|036|004)\b.{0,80}?\b(?:The|the) ([\w.-]+) [Ss]ubsystem", text)
        if told:
            return f"lssrc -s {told.group(1)}"
    names, groups = {row[0] for row in rows}, {row[1] for row in rows}
    headers = len(re.findall(r"(?m)^[ \t]*Subsystem[ \t]+Group", text))
    if len(names) == 1:
        return f"lssrc -s {names.pop()}"
    if headers > 1:
        return "lssrc -s " + " ".join(sorted(names))
    if len(groups) == 1 and groups != {""}:
        return f"lssrc -g {groups.pop()}"
    # without its header it went through grep: not the whole list
    return "lssrc -a" if headers else "lssrc -a | grep"


@functools.lru_cache(maxsize=256)
def hinted_name(hint: str) -> Optional[str]:
    """The catalog name that a file's name stands for: a file of the host, or a command's output."""
    # what a mail made of the paths in an evidence directory
    base = re.sub(r"^(?:commands|files)_", "", re.split(r"[/\\]", hint)[-1])
    stem = base
    for ending in _TEXT_ENDINGS:
        if base.lower().endswith(ending) and base.lower() != "nimsh.log":
            stem = base[: -len(ending)]
    catalog = _catalog()
    for row in catalog:
        if row.kind is Kind.FILE and not row.name.endswith("*"):
            known = row.name.rsplit("/", 1)[1]
            if base in (known, row.name[1:].replace("/", "_")) or re.match(
                re.escape(known.lstrip(".")) + r"(?:[._~-].*)?$", base.lstrip(".")
            ):
                return row.name
    command = stem.replace("_", " ").strip()
    if command and catalog.command(command):
        return command
    return None


@functools.lru_cache(maxsize=256)
def facts_of(name: str) -> FrozenSet[str]:
    """The facts that the output of that command feeds."""
    row = _catalog().command(name)
    return frozenset(row.facts) if row else frozenset()


def by_hint(name: str, hinted: Optional[str]) -> str:
    """The name that the file's name says, where two commands share the form of the text."""
    if hinted and hinted != name and not hinted.startswith("/") and not name.startswith("/"):
        facts = (facts_of(name) | facts_of(hinted)) - _OF_ERRORS
        if any(facts <= form for form in _SAME_FORM):
            return hinted
    return name


def same_facts(name: str, row: Row) -> bool:
    """Whether a text of that name may be one of the row: it feeds the same fact, or one whose texts have the same form."""
    if name.startswith("/") or row.kind is Kind.FILE:
        return path_matches(row.name, name)
    facts, own = facts_of(name) - _OF_ERRORS, set(row.facts) - _OF_ERRORS
    return bool(facts & own) or any(facts | own <= form for form in _SAME_FORM)


@functools.cache
def _catalog() -> Catalog:
    return Catalog()
