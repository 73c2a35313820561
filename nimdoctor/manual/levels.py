"""What the tables of levels say of a name: a CVE, an APAR, a bulletin, an interim fix, a security generation."""

import re
from typing import Dict, Iterator, List, Sequence, Tuple

from nimdoctor.facts.level_table import TABLES, LevelRow, table
from nimdoctor.manual.topic_pages import SURE, known_of

_NAME = re.compile(
    r"CVE-\d{4}-\d{4,7}(?!\d)|(?<![A-Za-z0-9])(?:I[A-Z]\d{5}|isg[0-9][A-Za-z0-9]{5,20}|openssl_advisory\d{1,4}|\d{6}[a-z]{1,2})"
    r"(?![A-Za-z0-9])|(?<![a-z])node/\d{5,8}(?!\d)",
    re.IGNORECASE,
)
_GENERATION = re.compile(r"(?<![\w.+-])G[0-9](?![\w.-])")
_CHECKS: Dict[str, Tuple[str, ...]] = {
    "generations": ("nim-vulnerable", "hardening-skew", "hardening-order"),
    "nim_affected": ("nim-vulnerable",),
    "nim_cves": ("nim-vulnerable",),
    "nimclient_members": ("nimclient-extracts-old-libs",),
    "openssl_support": ("openssl-unsupported",),
}
_ROWS_SHOWN = 20


def names_in(text: str) -> List[str]:
    """The names of that kind in a text, each once, in order."""
    return list(dict.fromkeys(found.group() for found in _NAME.finditer(text)))


def generations_in(text: str) -> List[str]:
    """The security generations named in a text, each once."""
    return list(dict.fromkeys(_GENERATION.findall(text)))


def rows_of(name: str) -> List[LevelRow]:
    """The rows that are about a name: that hold it as a value, or rest on that bulletin."""
    wanted = name.lower()
    return [row for row in _rows() if any(_is_about(value, wanted) for _, value in row.values)]


def _is_about(value: str, wanted: str) -> bool:
    return value.lower() == wanted or wanted in re.split(r"[ ,;]+", value.lower())


def rows_of_generation(generation: str) -> List[LevelRow]:
    """What brings a generation, and what it cures."""
    return [row for row in _rows() if row.get("generation") == generation and row.table in ("nim_cves", "generations")]


def rows_of_openssl() -> List[LevelRow]:
    """What is known of the support of OpenSSL."""
    return list(table("openssl_support").rows)


def _rows() -> Iterator[LevelRow]:
    for name in TABLES:
        yield from table(name).rows


def said(rows: Sequence[LevelRow]) -> List[str]:
    """What the rows say, a sentence each."""
    lines = list(dict.fromkeys(_sentence(row) for row in rows))
    return [*lines[:_ROWS_SHOWN], *([f"And {len(lines) - _ROWS_SHOWN} more."] if len(lines) > _ROWS_SHOWN else [])]


def _sentence(row: LevelRow) -> str:
    value = row.text
    if row.table == "generations":
        by = f"APAR {value('apar')}" if row.get("apar") else "no APAR that is named"
        first = f"; the first service pack with it is {value('first')}" if row.get("first") else ""
        return f"{value('tl')}: {value('generation')} comes with {by}{first}."
    if row.table == "nim_cves":
        about = ", ".join(part for part in (row.get("score"), row.get("says"), row.get("fileset")) if part)
        return f"{value('cve')}{f' ({about})' if about else ''}: cured by generation {value('generation')}."
    if row.table == "nim_affected":
        return f"{value('tl')}: {value('fileset')} {value('affected')} is open to what {value('generation')} cures."
    if row.table == "nimclient_members":
        return (
            f"{value('tl')}: from {value('fileset')} {value('level')} on (APAR {value('apar')}) nimclient -c extracts the "
            "current member of libssl.a, not libssl.so.0.9.8."
        )
    what = f"openssl.base {value('affected')}" if row.get("affected") else f"OpenSSL {value('line')}"
    if row.get("interim_fix"):
        return f"{what}: vulnerable without interim fix {value('interim_fix')} ({value('advisory')}, {value('since')})."
    return f"{what}: without support since {value('since')}."


def sure_of(rows: Sequence[LevelRow]) -> str:
    """How sure they are, and where they are from: the least sure counts."""
    marks = [row.sure for row in rows]
    least = next(mark for mark in reversed(SURE) if mark in marks)
    return f"How sure: {SURE[least]}. Source: {', '.join(dict.fromkeys(row.source for row in rows))}."


def checks_of(rows: Sequence[LevelRow], known: Sequence[str]) -> List[str]:
    """The checks that judge by these rows, of those that are installed."""
    return known_of(list(dict.fromkeys(id for row in rows for id in _CHECKS.get(row.table, ()))), known)
