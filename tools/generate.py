"""Writes what is made of the checks, fixes and facts themselves; `make generate` runs it, tests/test_generated.py holds
what is committed current.

    python tools/generate.py
"""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Set, Tuple

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tools")]

from nimdoctor import facts as package  # noqa: E402
from nimdoctor.model.rows import MASTER, Kind, Row, rows_of  # noqa: E402

MADE = "made by tools/generate.py (`make generate`): what is changed here by hand is lost"
ORDER = (Kind.FILE, Kind.PATHS, Kind.COMMAND, Kind.REHEARSAL)


class Wrong(ValueError):
    """What stands on the facts contradicts itself."""


# -- facts


def facts() -> List[type]:
    """Every fact of nimdoctor, by module, and in a module as they stand there."""
    found: Dict[str, type] = {}
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        for thing in vars(module).values():
            if rows_of(thing) is not None and thing.__module__ == module.__name__:
                if thing.__name__ in found:
                    raise Wrong(f"two facts are named {thing.__name__}")
                found[thing.__name__] = thing
    return list(found.values())


def fact_names() -> str:
    """nimdoctor/facts/names.py."""
    places = [(one.__module__, one.__name__) for one in facts()]
    imports = [
        f"    from {module} import {name} as {name}"
        for module, name in sorted(places, key=lambda place: (place[0], place[1].lower()))
    ]
    rows = [
        f'    "{name}": "{module.rpartition(".")[2]}",' for module, name in sorted(places, key=lambda place: place[1])
    ]
    return "\n".join(
        [
            f'"""The facts, and the module of each; {MADE}."""',
            "",
            "from typing import TYPE_CHECKING, Dict",
            "",
            "if TYPE_CHECKING:",
            *imports,
            "",
            "MODULES: Dict[str, str] = {",
            *rows,
            "}",
            "",
        ]
    )


# -- the catalog


def collected() -> List[Row]:
    """The rows of all facts: files, paths, commands; of each kind by module, and those of one fact the best first."""
    given = {one.__name__: rows_of(one) or () for one in facts()}
    own = [row for rows in given.values() for row in rows if isinstance(row, Row)]
    by_name = {row.name: row for row in own if row.kind is not Kind.PATHS}
    fed: Dict[Row, Tuple[str, ...]] = {row: row.facts for row in own}
    if len(fed) != len(own) or len(by_name) + sum(row.kind is Kind.PATHS for row in own) != len(own):
        raise Wrong("a row stands on two facts: it belongs on one, and the other gives its name")
    wanted: List[List[Row]] = []
    for name, rows in given.items():
        found = []
        for row in rows:
            if not isinstance(row, Row):
                if row not in by_name:
                    raise Wrong(f"{name} is fed by {row!r}, which stands on no fact")
                row = by_name[row]
                fed[row] += (name,)
            found.append(row)
        wanted.append(found)
    placed = list(dict.fromkeys(row for rows in wanted for row in _in_order(rows, wanted, set())))
    placed.sort(key=lambda row: ORDER.index(row.kind))
    for rows in wanted:
        if sorted(rows, key=placed.index) != rows:
            raise Wrong(f"{rows[0].name} and what follows it: files come before paths, and these before commands")
    return [row._replace(facts=fed[row]) for row in placed]


def _in_order(rows: List[Row], wanted: List[List[Row]], above: Set[Row]) -> Iterator[Row]:
    """The rows, each behind those that some fact takes before it."""
    for row in rows:
        if row in above:
            raise Wrong(f"{row.name} is better than another row for one fact, and worse for another")
        for others in wanted:
            if row in others[1:]:
                yield from _in_order(others[: others.index(row)], wanted, above | {row})
        yield row


def catalog_rows() -> str:
    """nimdoctor/evidence/collected_rows.py."""
    return "\n".join(
        [
            f'"""The rows that stand on the facts; {MADE}."""',
            "",
            "from nimdoctor.model.rows import ONLY_CLIENT, ONLY_MASTER, Kind, Row",
            "",
            "COLLECTED = (",
            *(f"    {_written(row)}," for row in collected()),
            ")  # fmt: skip",
            "",
        ]
    )


def _written(row: Row) -> str:
    words = [_literal(row.name), f"Kind.{row.kind.name}", _literal(row.facts)]
    for name, usual in Row._field_defaults.items():
        value = getattr(row, name)
        if name == "facts" or value == usual:
            continue
        if name == "roles":
            words.append(f"roles={'ONLY_MASTER' if MASTER in value else 'ONLY_CLIENT'}")
        else:
            words.append(f"{name}={_literal(value)}")
    return f"Row({', '.join(words)})"


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    return f'"{value}"' if isinstance(value, str) else repr(value)


# -- documents


def checks_document() -> str:
    """docs/checks.md."""
    from nimdoctor.library.registry import Registry
    from nimdoctor.manual.checks_document import markdown

    registry = Registry()
    return markdown(registry.checks(), registry.catalog, registry.fixes())


def aix_commands() -> str:
    """docs/aix-commands.md."""
    from aix_commands import document

    return document()


def not_yet_on_aix() -> str:
    """docs/not-yet-on-aix.md, whose list of what is only believed is made anew."""
    from aix_commands import believed_part

    before, begin, rest = (REPOSITORY / "docs/not-yet-on-aix.md").read_text("utf-8").partition("<!-- believed -->\n")
    _, end, after = rest.partition("<!-- end -->")
    return before + begin + believed_part() + end + after


def recognised_text() -> str:
    """docs/recognised.md."""
    from recognised import document

    return document()


def sanity_ignored() -> str:
    """ansible/tests/sanity/ignore-VERSION.txt: what of the collection is otherwise than ansible-test would have it."""
    plugins = REPOSITORY / "ansible/plugins"
    found = sorted(
        path.relative_to(REPOSITORY / "ansible").as_posix()
        for kind in ("inventory", "modules")
        for path in (plugins / kind).glob("*.py")
    )
    # they are under Apache-2.0
    return "".join(f"{name} validate-modules:missing-gplv3-license\n" for name in found)


LISTS: Dict[str, Callable[[], str]] = {
    "nimdoctor/facts/names.py": fact_names,
    "nimdoctor/evidence/collected_rows.py": catalog_rows,
}
"""What the checks are loaded with; the rest is made after it."""
DOCUMENTS: Dict[str, Callable[[], str]] = {
    "docs/checks.md": checks_document,
    "docs/aix-commands.md": aix_commands,
    "docs/not-yet-on-aix.md": not_yet_on_aix,
    "docs/recognised.md": recognised_text,
    "ansible/tests/sanity/ignore-2.20.txt": sanity_ignored,
    "ansible/tests/sanity/ignore-2.21.txt": sanity_ignored,
}


def write(made: Dict[str, Callable[[], str]]) -> None:
    """Writes what has changed, and says so."""
    for name, make in made.items():
        path, text = REPOSITORY / name, make()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"written: {name}")


if __name__ == "__main__":
    if sys.argv[1:] == ["documents"]:
        write(DOCUMENTS)
    else:
        write(LISTS)
        sys.exit(subprocess.run([sys.executable, __file__, "documents"], check=False).returncode)
