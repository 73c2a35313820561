"""The arrows of the design: who may import whom, and what a scan loads."""

import ast
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LAZY = ("psutil", "OpenSSL", "rich", "distributed", "pyarrow")
PAGES = ("jinja2", "markupsafe")
"""Of the extra `cluster`: the overview of a fleet is the one page made by a template."""
_SCAN = ("model", "system", "evidence", "facts", "diagnosis")
_PLAN = (*_SCAN, "probe", "planning")
_REPAIR = (*_PLAN, "applying")
ROOMS = {
    "model": (),
    "system": ("model",),
    "evidence": ("model", "system"),
    "facts": ("model",),
    "checks": ("model", "facts"),
    "diagnosis": ("model", "evidence", "facts"),
    "probe": _SCAN,
    "planning": (*_SCAN, "probe"),
    "fixes": ("model", "facts", "planning"),
    "applying": (*_SCAN, "planning"),
    "redaction": _SCAN,
    "collection": (*_SCAN, "redaction"),
    "scripts": (*_PLAN, "collection"),
    "remote": _REPAIR,
    "manual": (*_SCAN, "planning"),
    "report": (*_REPAIR, "redaction", "manual"),
    "library": (*_REPAIR, "redaction", "collection", "scripts", "remote", "manual", "report"),
    "fleet": (*_REPAIR, "redaction", "collection", "scripts", "remote", "manual", "report", "library"),
    "lab": ("system",),
    "cli": (*_REPAIR, "redaction", "collection", "scripts", "library", "fleet", "lab", "manual", "report"),
}
"""Each room, and the rooms it may import; from the lowest to the highest."""


class Import(NamedTuple):
    """One import: the module imported, where, and whether it happens when the file is loaded, or only to check types."""

    module: str
    file: Path
    line: int
    eager: bool
    types: bool = False

    def __str__(self) -> str:
        return f"{self.file.relative_to(REPOSITORY)} line {self.line} imports {self.module}"


def sources(*places: str) -> "list[Path]":
    found = []
    for place in places:
        path = REPOSITORY / place
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    assert found
    return found


def module_name(path: Path) -> str:
    parts = list(path.relative_to(REPOSITORY).with_suffix("").parts)
    if parts[0] in ("checks", "fixes"):
        parts.insert(0, "nimdoctor")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(*places: str) -> Iterator[Import]:
    for path in sources(*places):
        yield from imports_of(path)


@cache
def imports_of(path: Path) -> "tuple[Import, ...]":
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8")), path, True, False))


def _imports(node: ast.AST, path: Path, eager: bool, types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for name in child.names:
                yield Import(name.name, path, child.lineno, eager, types)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{path} line {child.lineno}: a relative import hides its arrow"
            for name in child.names:
                whole = f"{child.module}.{name.name}"
                yield Import(whole if _is_module(whole) else str(child.module), path, child.lineno, eager, types)
        else:
            only_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            lazy = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or only_for_types
            yield from _imports(child, path, eager and not lazy, types or only_for_types)


def _is_module(name: str) -> bool:
    if not name.startswith("nimdoctor."):
        return False
    path = REPOSITORY.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def standard(module: str) -> bool:
    top = module.split(".")[0]
    if hasattr(sys, "stdlib_module_names"):
        return top in sys.stdlib_module_names or top == "__future__"
    # Python 3.9 has no such list; what is known not to be standard must do
    return top not in ("nimdoctor", "site_nim", "typer", "click", "tabulate", "rich", "pydantic", "attr", *PAGES, *LAZY)


def wrong(places: "tuple[str, ...]", allowed: "tuple[str, ...]") -> "list[str]":
    found = (one for one in imports(*places) if not standard(one.module) and one.module != "nimdoctor")
    return [str(one) for one in found if not within(one.module, *allowed)]


def test_every_room_has_its_arrows_and_they_run_one_way():
    found = {path.name for path in (REPOSITORY / "nimdoctor").iterdir() if (path / "__init__.py").exists()}
    assert found == set(ROOMS) - {"checks", "fixes"}
    for number, (room, allowed) in enumerate(ROOMS.items()):
        assert not set(allowed) - set(list(ROOMS)[:number]), f"{room} imports a room that stands above it"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_the_standard_library_itself_and_the_rooms_it_may(room):
    place = room if room in ("checks", "fixes") else f"nimdoctor/{room}"
    rooms = [f"nimdoctor.{one}" for one in (room, *ROOMS[room])]
    assert wrong((place,), (*rooms, "typer", "tabulate", *PAGES, *LAZY)) == []


def test_what_runs_a_plan_over_ssh_has_the_connection_and_none_of_the_evidence():
    ways = tuple(f"nimdoctor.evidence.{name}" for name in ("catalog", "connection", "source"))
    found = [one for one in imports("nimdoctor/remote") if within(one.module, "nimdoctor.evidence")]
    assert found and [str(one) for one in found if not within(one.module, *ways)] == []


LONGEST = 400
"""Lines of a module, of which a person still knows the whole."""


def test_no_module_is_longer_than_a_person_can_hold():
    lines = {
        path.relative_to(REPOSITORY).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources("nimdoctor", "checks", "fixes")
    }
    longer = {name for name, count in lines.items() if count > LONGEST}
    assert longer == set(), "these part by what they do"


def test_no_check_imports_another():
    assert [str(one) for one in imports("checks") if within(one.module, "nimdoctor.checks", "checks")] == []


def test_nothing_imports_a_check_or_a_fix_by_name():
    assert [
        str(one)
        for one in imports("nimdoctor")
        if within(one.module, "nimdoctor.checks", "nimdoctor.fixes", "checks", "fixes")
    ] == []


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("typer", ("nimdoctor/cli/",)),
        ("tabulate", ("nimdoctor/cli/", "nimdoctor/report/")),
        ("psutil", ("nimdoctor/evidence/", "nimdoctor/system/")),
        ("OpenSSL", ("nimdoctor/evidence/",)),
        ("jinja2", ("nimdoctor/report/fleet/overview.py",)),
        ("markupsafe", ("nimdoctor/report/fleet/",)),
        ("cryptography", ()),
        ("click", ()),
        ("rich", ("nimdoctor/cli/fleet_progress.py",)),
        ("distributed", ("nimdoctor/fleet/cluster.py",)),
        ("pyarrow", ("nimdoctor/fleet/outputs.py",)),
        ("pydantic", ()),
    ],
)
def test_a_library_is_imported_only_where_it_belongs(library, places):
    found = [one for one in imports("nimdoctor", "checks", "fixes") if within(one.module, library)]
    assert [
        str(one) for one in found if not one.file.relative_to(REPOSITORY).as_posix().startswith(tuple(places) or "-")
    ] == []


def test_everything_else_is_standard_library():
    known = ("nimdoctor", "typer", "tabulate", *PAGES, *LAZY)
    assert wrong(("nimdoctor", "checks", "fixes"), known) == []


def test_what_is_slow_to_import_is_imported_in_the_functions_that_use_it():
    slow = (*LAZY, "tabulate")
    found = [str(one) for one in imports("nimdoctor", "checks") if one.eager and within(one.module, *slow)]
    assert [one for one in found if not one.startswith("nimdoctor/evidence/rehearsal/performance.py")] == []


COMMANDS = tuple(
    f"nimdoctor/cli/{name}.py"
    for name in ("ask", "collect", "ending", "field_test", "fleet", "reference", "repair", "report", "runs", "scan")
)
ANYTHING = ("nimdoctor",)
IN_FUNCTIONS = (
    ((), (*LAZY, "tabulate", "nimdoctor.evidence.rehearsal.performance"), "slow, and mostly not needed"),
    (
        ("nimdoctor/__init__.py", "nimdoctor/__main__.py", "nimdoctor/cli/__init__.py"),
        ANYTHING,
        "what every start loads",
    ),
    (COMMANDS, ANYTHING, "the help lists every command, and runs none"),
    ((), ("nimdoctor.report",), "one format of several"),
    (("nimdoctor/evidence/__init__.py",), ("nimdoctor.evidence",), "one kind of target of several, each built on this"),
    (("nimdoctor/evidence/pasted.py",), ("nimdoctor.evidence.wrapping",), "only for what somebody pasted"),
    (("nimdoctor/cli/collecting.py", "nimdoctor/library/"), ("nimdoctor.scripts",), "only where a script is asked for"),
    (("nimdoctor/evidence/wrapping/__init__.py",), ("nimdoctor.evidence.wrapping.page",), "only for what was a page"),
    (("nimdoctor/library/",), ("nimdoctor.probe",), "only where the network is asked"),
    (("nimdoctor/library/",), ("nimdoctor.library.evidence_archive",), "only where evidence is to be fetched"),
    (("nimdoctor/collection/record.py",), ("nimdoctor.redaction",), "only for a heap of files, which no host is"),
    (
        ("nimdoctor/library/",),
        (
            "nimdoctor.evidence.ssh",
            "nimdoctor.evidence.connection",
            "nimdoctor.library.repair_over_ssh",
            "nimdoctor.library.runs_over_ssh",
        ),
        "only over ssh",
    ),
    (
        ("nimdoctor/library/scanning.py",),
        ("nimdoctor.planning.outlook", "nimdoctor.diagnosis.pictures", "nimdoctor.diagnosis.timeline"),
        "only for findings",
    ),
    (("nimdoctor/library/registry.py",), ("nimdoctor.planning.fix",), "only where there is something to fix"),
    (("nimdoctor/library/run_commands.py",), ("nimdoctor.library.run_records",), "only where a run is to be looked at"),
)
"""What is imported inside functions: where (everywhere, where that is empty), what, and why. All else stands at the top."""


def test_an_import_inside_a_function_has_a_reason():
    used = set()
    for one in imports("nimdoctor", "checks", "fixes"):
        if one.eager or one.types:
            continue
        name = one.file.relative_to(REPOSITORY).as_posix()
        reasons = [
            why for places, what, why in IN_FUNCTIONS if name.startswith(places or "") and within(one.module, *what)
        ]
        assert reasons, f"{one}: to the top with it"
        used.update(reasons)
    assert used == {why for _, _, why in IN_FUNCTIONS}, "these reasons nobody needs any more"


def test_what_loads_openssl_when_it_is_imported_is_imported_by_the_process_of_the_rehearsal_only():
    heart = "nimdoctor.evidence.rehearsal.performance"
    found = [one for one in imports("nimdoctor", "checks", "fixes") if within(one.module, heart)]
    assert {(one.file.name, one.eager) for one in found} == {("child.py", False)}


def test_every_check_module_is_named_like_its_check():
    from nimdoctor.library.registry import Registry

    modules = {path.stem for path in sources("checks") if path.stem != "__init__"}
    ids = {check.id for check in Registry().checks() if check.function.__module__.startswith("nimdoctor.checks.")}
    assert modules == {name.replace("-", "_") for name in ids}


def test_importing_a_module_makes_no_circle():
    eager = {}
    for path in sources("nimdoctor", "checks"):
        name = module_name(path)
        eager[name] = {
            one.module for one in imports(str(path.relative_to(REPOSITORY))) if one.eager and one.module != name
        }
    done, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in done or name not in eager:
            return
        path.append(name)
        for other in sorted(eager[name]):
            visit(other)
        path.pop()
        done.add(name)

    for name in sorted(eager):
        visit(name)


# -- what a scan loads


def loaded(*words: object, path: str = "") -> "set[str]":
    """The modules that a fresh interpreter holds after this command line."""
    program = (
        "import io, json, sys\n"
        "from nimdoctor.cli import main\n"
        "kept, sys.stdout = sys.stdout, io.StringIO()\n"
        "main(sys.argv[1:])\n"
        "json.dump(sorted(sys.modules), kept)\n"
    )
    environment = {**os.environ, "PYTHONPATH": path} if path else dict(os.environ)
    ended = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        cwd=REPOSITORY,
        env=environment,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return set(json.loads(ended.stdout))


def heavy(modules: "set[str]") -> "set[str]":
    """Modules of libraries that a scan has no use for."""
    # Typer below 0.19 looks whether there is a rich by importing its empty top, and nothing of it
    looked = {"rich", "rich._extension"} if "rich.console" not in modules and _old_typer() else set()
    return {name for name in modules - looked if within(name, "rich", "pydantic", "cryptography", *LAZY)}


def _old_typer() -> bool:
    from importlib.metadata import version

    return tuple(map(int, version("typer").split(".")[:2])) < (0, 19)


HOSTS = REPOSITORY / "fixtures" / "hosts"
ENGINES_OWN = {"names", "oslevel", "level"}
"""The table of all facts, and those the report itself asks for, whatever the checks: the level in its `host`. (The role and the
name ask for more, but only where a manifest does not state them.)"""


def facts(modules: "set[str]") -> "set[str]":
    start = "nimdoctor.facts."
    return {name[len(start) :] for name in modules if name.startswith(start)}


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_scan_of_a_recorded_host_loads_no_heavy_library(format):
    modules = loaded("scan", HOSTS / "healthy/client", "--master", HOSTS / "healthy/master", "--format", format)
    assert not heavy(modules)
    assert format == "text" or "tabulate" not in modules


FORMATS = ("html", "markdown_report", "junit_report", "nagios_report", "markup", "cells")


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_scan_loads_nothing_of_the_formats_that_it_does_not_write(format):
    modules = loaded("scan", HOSTS / "healthy/client", "--format", format)
    others = [f"nimdoctor.report.{name}" for name in FORMATS]
    assert not [name for name in modules if within(name, "nimdoctor.diagnosis.pictures", *others)]
    assert format == "text" or not {name for name in modules if within(name, "nimdoctor.report.text_report", "html")}


def test_a_page_of_a_recorded_host_loads_no_tables_of_the_terminal():
    modules = loaded("scan", HOSTS / "healthy/client", "--format", "html")
    assert within("nimdoctor.report.html", *modules) and "tabulate" not in modules


@pytest.mark.parametrize(
    ("check", "end", "wanted"),
    [
        ("rhosts-left-over", "client", {"rhosts", "niminfo", "lsnim"}),
        ("openssl-missing", "client", {"lslpp"}),
        ("lpp-source-lacks-openssl", "master", {"showres"}),
    ],
)
def test_a_scan_by_one_check_loads_only_the_facts_that_it_asks_for(check, end, wanted):
    modules = loaded("scan", HOSTS / "healthy" / end, "--check", check, "--format", "json")
    assert wanted & facts(modules)
    # a fact may be made with the help of its siblings, and the check's module is imported whole
    from nimdoctor.library.registry import Registry

    (found,) = [one for one in Registry().checks() if one.id == check]
    assert facts(modules) <= asked_for(found) | ENGINES_OWN
    assert {name for name in modules if name.startswith("nimdoctor.checks.")} == {
        "nimdoctor.checks." + check.replace("-", "_")
    }


def asked_for(check) -> "set[str]":
    """Modules of the facts in a check's parameters, those behind derived facts, and what these import."""
    import importlib

    from nimdoctor.manual.explain import facts_of

    fact_package = importlib.import_module("nimdoctor.facts")
    start = "nimdoctor.facts."
    names = {fact_package.MODULES[name] for name in facts_of(check) if name in fact_package.MODULES}
    own = REPOSITORY / "checks" / (check.id.replace("-", "_") + ".py")
    names |= {one.module[len(start) :] for one in _module_imports(own) if one.module.startswith(start)}
    todo = list(names)
    while todo:
        path = REPOSITORY / "nimdoctor" / "facts" / (todo.pop().replace(".", "/") + ".py")
        for one in _module_imports(path):
            name = one.module[len(start) :]
            if one.eager and one.module.startswith(start) and name not in names:
                names.add(name)
                todo.append(name)
    return names


def _module_imports(path: Path) -> "list[Import]":
    return list(imports(str(path.relative_to(REPOSITORY)))) if path.exists() else []


def test_a_third_partys_check_alone_loads_none_of_our_facts_but_the_level(tmp_path):
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nimdoctor.checks]\nother = other_checks\n")
    package = tmp_path / "other_checks"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other_level.py").write_text(
        "from nimdoctor.facts import MachineId\n"
        "from nimdoctor.model import Passed, Role, Severity, check\n\n\n"
        "@check('other-level', title='x', role=Role.BOTH, severity=Severity.LOW)\n"
        "def other_level(found: MachineId):\n"
        "    'x'\n"
        "    yield Passed('seen', [])\n"
    )
    modules = loaded("scan", HOSTS / "healthy/client", "--check", "other-level", "--format", "json", path=str(tmp_path))
    assert "other_checks.other_level" in modules
    assert facts(modules) <= {"identity"} | ENGINES_OWN
    assert not [name for name in modules if name.startswith("nimdoctor.checks.")]


def test_help_and_version_load_neither_checks_nor_facts():
    for words in (["--version"], ["--help"], ["scan", "--help"]):
        modules = loaded(*words)
        assert not [name for name in modules if name.startswith(("nimdoctor.checks.", "nimdoctor.facts."))]
        assert not {name for name in modules if within(name, "pydantic", "tabulate", "cryptography", *LAZY)}
        assert _old_typer() or not heavy(modules)  # below 0.19 Typer's help loads rich, whatever it is told
