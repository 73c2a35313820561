"""Puts faults into a copy of the tree, one at a time, and says which of them the tests see.

`python benchmarks/faults.py --count 20 --seed 1 --room redaction`, once for each room where none is named. For each fault
the tests that belong to its module run, the nearest first: those called like it, with its own examples; then those that
name it; then those of its room; with `--rest` all others as well. A test that fails without the fault too says nothing
and is left out. What is not seen is shown with its line before and after, so that it can be judged; what was judged to
change nothing that anybody could see stands in faults.json, with the reason, and is counted by itself.
"""

import argparse
import ast
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

REPOSITORY = Path(__file__).resolve().parents[1]
JUDGED = REPOSITORY / "benchmarks" / "faults.json"
ROOMS: Dict[str, Tuple[Tuple[str, ...], Tuple[str, ...]]] = {
    "checks": (("checks",), ("tests/checks",)),
    "diagnosis": (
        ("nimdoctor/diagnosis", "nimdoctor/library/scanning.py"),
        ("tests/diagnosis", "tests/library", "tests/planning/test_outlook.py", "tests/cli"),
    ),
    "facts": (("nimdoctor/facts",), ("tests/facts", "tests/checks")),
    "evidence": (("nimdoctor/evidence",), ("tests/evidence", "tests/test_unreadable.py", "tests/cli")),
    "planning": (("nimdoctor/planning",), ("tests/planning", "tests/fixes")),
    "applying": (("nimdoctor/applying",), ("tests/applying", "tests/fixes")),
    "fixes": (("fixes",), ("tests/fixes", "tests/lab", "tests/planning/test_planner.py")),
    "redaction": (
        ("nimdoctor/redaction", "nimdoctor/model/private_keys.py"),
        ("tests/redaction", "tests/model/test_private_keys.py", "tests/cli/test_report.py"),
    ),
}
"""Each room's sources, and the tests that are tried after the nearest ones."""
DEAR = ("tests/applying/test_kill.py", "tests/installed", "tests/collection/test_large_log.py")
"""Not tried for a fault unless they are the nearest or all others are asked for: they take many minutes."""
SAMPLES = "tests/checks/test_samples.py"
"""Runs what stands in fixtures/checks of each check."""
DEADLINE = 600.0
"""Seconds for one run of tests; a fault that lets them go on for longer is seen."""
OPPOSITE = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
REPEATED = re.compile(r"(?<!\\)(?:[+*?]|\{\d*,?\d*\})(?=[^+*?]|$)")
ANCHOR = re.compile(r"(?<![\\\[])[\^$]|\\[bBAZ]|\(\?[=!<][^()]*\)")
FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.M)


class Fault(NamedTuple):
    """What is changed: characters `start` to `end` of a file become `instead`."""

    kind: str
    file: str
    line: int
    start: int
    end: int
    instead: str

    def planted(self, source: str) -> str:
        return source[: self.start] + self.instead + source[self.end :]

    def lines(self, source: str) -> Tuple[str, str]:
        """The lines it touches, before and after, each without what only breaks or indents them."""
        first = source.rfind("\n", 0, self.start) + 1
        last = source.find("\n", self.end)
        before = source[first : last if last >= 0 else None]
        after = source[first : self.start] + self.instead + source[self.end : last if last >= 0 else None]
        return " ".join(before.split()), " ".join(after.split())

    def within(self, source: str) -> str:
        """The function that it is in or behind, by its name; empty before the first."""
        return next(iter(re.findall(r"^\s*def (\w+)", source[: self.start], re.M)[::-1]), "")


class Places:
    """Where the nodes of a source stand, in characters."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """`column` counts bytes of UTF-8, as a node's does."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def of(self, node: ast.AST) -> Tuple[int, int]:
        return (
            self.at(node.lineno, node.col_offset),  # type: ignore[attr-defined]
            self.at(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
        )

    def text(self, node: ast.AST) -> str:
        start, end = self.of(node)
        return self.source[start:end]


def means_another(fault: Fault, source: str) -> bool:
    """Whether a source with that fault still compiles, and is not the same program."""
    try:
        return ast.dump(ast.parse(fault.planted(source))) != ast.dump(ast.parse(source))
    except (SyntaxError, ValueError):
        return False


def faults(file: str, source: str) -> Iterator[Fault]:
    """What may be put into a source; not all of it compiles."""
    places = Places(source)
    tree = ast.parse(source)
    idle = set(_that_do_nothing(tree))

    def put(kind: str, node: ast.AST, instead: str, span: Optional[Tuple[int, int]] = None) -> Fault:
        start, end = span or places.of(node)
        return Fault(kind, file, node.lineno, start, end, instead)  # type: ignore[attr-defined]

    for node in ast.walk(tree):
        if node in idle:
            continue
        text = places.text(node) if hasattr(node, "lineno") else ""
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            yield put("condition negated", node.test, f"(not ({places.text(node.test)}))")
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield put("condition negated", test, f"(not ({places.text(test)}))")
        elif isinstance(node, ast.BoolOp):
            word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for left, right in zip(node.values, node.values[1:]):
                start, end = places.of(left)[1], places.of(right)[0]
                between = re.sub(rf"\b{word}\b", other, source[start:end], count=1)
                yield put("and, or", left, between, (start, end))
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for operator, left, right in zip(node.ops, sides, sides[1:]):
                was, now = OPPOSITE[type(operator)]
                start, end = places.of(left)[1], places.of(right)[0]
                if was in source[start:end]:
                    yield put("comparison", left, source[start:end].replace(was, now, 1), (start, end))
        elif isinstance(node, ast.Constant) and text:
            yield from (put(kind, node, instead) for kind, instead in _constants(node.value, text))
        elif isinstance(node, (ast.List, ast.Set, ast.Tuple)) and isinstance(
            getattr(node, "ctx", None), (ast.Load, type(None))
        ):
            if len(node.elts) > 1:
                for at, element in enumerate(node.elts):
                    beside = node.elts[at + 1 :] or node.elts[at - 1 : at]
                    start, end = places.of(element)
                    span = (
                        (start, places.of(beside[0])[0]) if at + 1 < len(node.elts) else (places.of(beside[0])[1], end)
                    )
                    instead = "," if isinstance(node, ast.Tuple) and len(node.elts) == 2 and at == 1 else ""
                    yield put("element dropped", element, instead, span)
        elif isinstance(node, ast.Dict):
            for key, _, after in zip(node.keys, node.values, node.keys[1:]):
                if key and after:
                    yield put("element dropped", key, "", (places.of(key)[0], places.of(after)[0]))
        elif isinstance(node, ast.Return) and node.value is not None and text != "return None":
            yield put("returns nothing", node, "return None")
        elif isinstance(node, (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)):
            yield put("statement dropped", node, "pass")
        elif isinstance(node, ast.FunctionDef):
            first = next((one for one in node.body if one not in idle), None)
            if first is not None and not isinstance(first, (ast.Return, ast.Pass)):
                start = places.of(first)[0]
                yield put("returns early", first, "return None\n" + " " * first.col_offset, (start, start))


def _that_do_nothing(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings and hints, whole; names of files that are imported; parts of strings with values in them."""
    for node in ast.walk(tree):
        hints = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            hints.append(node)
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
            hints.append(node)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("TypeVar", "NewType", "cast")
        ):
            hints += node.args[:1]
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id[0].isupper():
            hints.append(node.slice)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            hints.append(node)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            hints.append(node)
        for hint in hints:
            if isinstance(hint, ast.AST):
                yield from ast.walk(hint)


def _constants(value: object, text: str) -> Iterator[Tuple[str, str]]:
    if isinstance(value, bool):
        yield "constant", str(not value)
    elif isinstance(value, int):
        yield "constant", str(value + 1)
    elif isinstance(value, float):
        yield "constant", str(value * 2 + 1)
    elif isinstance(value, (str, bytes)) and value:
        opening = re.match(r"[a-zA-Z]*(?:\"\"\"|'''|\"|')", text)
        if opening is None or text.count("\n"):
            return
        if "r" in opening.group().lower():
            for kind, pattern in (("repetition removed", REPEATED), ("anchor removed", ANCHOR)):
                for match in pattern.finditer(text, opening.end(), len(text) - 1):
                    instead = text[: match.start()] + text[match.end() :]
                    if _compiles(instead):
                        yield kind, instead
        else:
            blank = b" " if isinstance(value, bytes) else " "
            if value.count(blank) < 2:  # type: ignore[arg-type]  # a sentence is the page's matter
                yield "string altered", text[: opening.end()] + "x" + text[opening.end() :]


def _compiles(literal: str) -> bool:
    try:
        re.compile(ast.literal_eval(literal))
    except (re.error, SyntaxError, ValueError):
        return False
    return True


class Copy:
    """A copy of the tree with an environment of its own, in which nimdoctor is that copy, whoever starts it."""

    def __init__(self, place: str) -> None:
        self.root = Path(place) / "tree"
        named = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout.decode()
        for name in filter(None, named.split("\0")):
            if os.path.lexists(REPOSITORY / name):
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, self.root / name, follow_symlinks=False)
        subprocess.run(["git", "init", "-q", "."], cwd=self.root, check=True)
        self.python = self._environment(Path(place) / "venv")

    def _environment(self, place: Path) -> str:
        """What is installed here, seen from there, but for the lines that say where nimdoctor is."""
        venv.create(place, symlinks=True)
        own = Path(sysconfig.get_path("purelib"))
        there = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
        there.mkdir(parents=True, exist_ok=True)
        for path in own.glob("__editable__*"):
            (there / path.name).write_text(path.read_text("utf-8").replace(str(REPOSITORY), str(self.root)), "utf-8")
        (there / "installed.pth").write_text(f"{own}\n", "utf-8")
        for script in (Path(sys.executable).parent / "nimdoctor",):
            if script.exists():
                text = script.read_text("utf-8").replace(str(Path(sys.executable).parent), str(place / "bin"))
                (place / "bin" / script.name).write_text(text, "utf-8")
                (place / "bin" / script.name).chmod(0o755)
        return str(place / "bin" / "python")

    def write(self, file: str, source: str) -> None:
        """Makes a file's text another; what was compiled of it goes, since it is known by its time and length alone."""
        path = self.root / file
        path.write_text(source, "utf-8")
        for old in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            old.unlink()

    def failing(self, words: Sequence[str]) -> Optional[str]:
        """The first test that fails, by its id; the kind of end where none did, but pytest; None where all is well."""
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [self.python, "-m", "pytest", "-x", "-q", "-rfE", "-p", "no:cacheprovider", "-p", "no:xdist", *words],
                cwd=self.root,
                env={**os.environ, "NIMDOCTOR_TESTS": "fewer", "COLUMNS": "400"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                status = process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                return f"no end after {DEADLINE:.0f} s"
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()
            output.seek(0)
            said = output.read().decode("utf-8", "replace")
        if status in (0, 5):
            return None
        match = FAILED.search(said)
        return match.group(1) if match else f"pytest ended with {status}"


class Tests:
    """Which tests belong to a module."""

    def __init__(self, root: Path) -> None:
        self.texts = {
            path.relative_to(root).as_posix(): path.read_text("utf-8")
            for path in sorted((root / "tests").rglob("test_*.py"))
        }

    def nearest(self, file: str) -> List[str]:
        """Those that are called like it, and its own examples; of a check its samples too."""
        called = [name for name in self.texts if Path(name).stem == f"test_{Path(file).stem}"]
        called += [SAMPLES] if file.startswith("checks/") else []
        return called + ([file] if file.startswith("nimdoctor/") else [])

    def naming(self, file: str) -> List[str]:
        """Those that name it, or something that stands in it alone."""
        word = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(_names(file))))})\b")
        return [name for name, text in self.texts.items() if not name.startswith(DEAR) and word.search(text)]

    def of_room(self, room: str) -> List[str]:
        places = ROOMS[room][1]
        return [
            name
            for name in self.texts
            if any(name == place or name.startswith(place + "/") for place in places) and not name.startswith(DEAR)
        ]


def _names(file: str) -> Set[str]:
    """How a test names a module: by its import, by the check or fix it is, or by a class that stands in it alone."""
    path = Path(file)
    dotted = ".".join(path.with_suffix("").parts)
    names = {dotted, f"nimdoctor.{dotted}"}
    if path.parts[0] in ("checks", "fixes"):
        names.add(path.stem.replace("_", "-"))
    else:
        names |= {
            node.name
            for node in ast.parse((REPOSITORY / file).read_text("utf-8")).body
            if isinstance(node, ast.ClassDef) and len(node.name) > 5 and not node.name.startswith("_")
        }
    return names


class Seen(NamedTuple):
    """By which tests a fault was seen, and the one that failed; None where it was not."""

    where: str
    test: Optional[str]


def tried(copy: Copy, tests: Tests, room: str, fault: Fault, rest: bool, known: Set[str]) -> Seen:
    """Runs the tests with a fault; `known` are those that fail without it too, and grows."""
    source = (REPOSITORY / fault.file).read_text("utf-8")
    done: List[str] = []
    stages = [
        ("nearest", tests.nearest(fault.file)),
        ("naming", tests.naming(fault.file)),
        ("room", tests.of_room(room)),
    ]
    if rest:
        stages.append(("rest", [*tests.texts, "nimdoctor"]))
    for where, named in stages:
        words = [name for name in named if name not in done]
        done += words
        while words:
            copy.write(fault.file, fault.planted(source))
            test = copy.failing([*words, *(f"--deselect={one}" for one in sorted(known))])
            copy.write(fault.file, source)
            if test is None:
                break
            if "::" not in test or copy.failing([test]) is None:
                return Seen(where, test)
            known.add(test)
    return Seen("not seen", None)


def drawn(room: str, count: int, chance: random.Random) -> List[Fault]:
    """So many faults of a room, of each kind as many as of another, however often it could be planted."""
    files = []
    for place in ROOMS[room][0]:
        path = REPOSITORY / place
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    by_kind: Dict[str, List[Fault]] = collections.defaultdict(list)
    sources = {path.relative_to(REPOSITORY).as_posix(): path.read_text("utf-8") for path in files}
    for file, source in sources.items():
        for fault in dict.fromkeys(faults(file, source)):
            by_kind[fault.kind].append(fault)
    chosen: List[Fault] = []
    for kind in sorted(by_kind):
        chance.shuffle(by_kind[kind])
    while len(chosen) < count and any(by_kind.values()):
        kinds = sorted(kind for kind, left in by_kind.items() if left)
        chance.shuffle(kinds)
        for kind in kinds:
            fault = by_kind[kind].pop()
            while not means_another(fault, sources[fault.file]) and by_kind[kind]:
                fault = by_kind[kind].pop()
            chosen.append(fault)
    return chosen[:count]


def judged() -> Dict[Tuple[str, str, str, str], str]:
    """The reasons why faults change nothing, by file, function, and the lines before and after."""
    rows = json.loads(JUDGED.read_text("utf-8"))
    return {(row["file"], row["within"], row["before"], row["after"]): row["reason"] for row in rows}


def main(words: Sequence[str]) -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--count", type=int, default=10, metavar="N", help="faults a room, 10 unless told")
    asked.add_argument("--seed", type=int, default=1, metavar="S", help="which faults are drawn")
    asked.add_argument("--room", action="append", choices=sorted(ROOMS), help="may be given several times; else all")
    asked.add_argument("--rest", action="store_true", help="try all other tests too before a fault counts as not seen")
    asked.add_argument("--list", action="store_true", help="show the faults that would be planted, and run nothing")
    chosen = asked.parse_args(words)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    reasons = judged()
    counts: Dict[str, collections.Counter[str]] = {}
    unseen: List[str] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        copy = None if chosen.list else Copy(place)
        tests = Tests(REPOSITORY)
        known: Set[str] = set()
        for room in chosen.room or sorted(ROOMS):
            counts[room] = collections.Counter()
            for fault in drawn(room, chosen.count, random.Random(f"{chosen.seed} {room}")):
                source = (REPOSITORY / fault.file).read_text("utf-8")
                before, after = fault.lines(source)
                what = f"{fault.file}:{fault.line} {fault.kind}\n    - {before}\n    + {after}"
                if copy is None:
                    print(what)
                    continue
                since = time.monotonic()
                reason = reasons.get((fault.file, fault.within(source), before, after))
                seen = Seen("judged", None) if reason else tried(copy, tests, room, fault, chosen.rest, known)
                counts[room][seen.where] += 1
                print(
                    f"{seen.where} ({time.monotonic() - since:.0f} s) {seen.test or reason or ''}\n  {what}", flush=True
                )
                if seen.where == "not seen":
                    unseen.append(what)
    if copy is not None:
        _report(counts, unseen, known)
    return 0


def _report(counts: "Dict[str, collections.Counter[str]]", unseen: Sequence[str], known: Set[str]) -> None:
    print("\n| room | faults | seen | by the nearest tests | by others | not seen | change nothing |")
    print("|---|---|---|---|---|---|---|")
    for room, count in counts.items():
        judged_by = count["judged"]
        total = sum(count.values()) - judged_by
        seen = total - count["not seen"]
        rate = f"{100 * seen // total} %" if total else "-"
        others = count["naming"] + count["room"] + count["rest"]
        print(f"| {room} | {total} | {rate} | {count['nearest']} | {others} | {count['not seen']} | {judged_by} |")
    for what in unseen:
        print(f"\nnot seen: {what}")
    for test in sorted(known):
        print(f"\nfails without a fault, and was left out: {test}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
