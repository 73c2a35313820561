"""The door through which checks, fixes and facts come in: three entry-point groups, for us as for others.

An entry point names a module, a package or one decorated thing; of a module or package, every
decorated thing in it counts.
"""

import difflib
import importlib
import json
import os
import pkgutil
from types import ModuleType
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from nimdoctor import facts
from nimdoctor.evidence.catalog import ROWS, Catalog, Kind, Row, path_matches
from nimdoctor.library.entry_points import EntryPoint, entry_points
from nimdoctor.model import Check, FixTraits, Severity
from nimdoctor.model.rows import rows_of
from nimdoctor.model.wording import named

CHECKS, FIXES, FACTS = "nimdoctor.checks", "nimdoctor.fixes", "nimdoctor.facts"
LIST = "own.json"
"""Names of the modules of nimdoctor's own checks and fixes, which setup.py writes into what it builds."""

if TYPE_CHECKING:
    from nimdoctor.planning.fix import Fix

F = TypeVar("F")


class Incomplete(Exception):
    """Something of nimdoctor's own is not there: what it would have said nobody knows. One line, with what to do."""


class Broken(NamedTuple):
    """What could not be loaded, and why, in one line: an error of that severity.

    `name` is the entry point's, of nimdoctor's own modules (`own`) the id that it would have.
    """

    name: str
    reason: str
    severity: Severity = Severity.HIGH
    own: bool = False


class Registry:
    """What the entry points hold, loaded once; nimdoctor's own first, whatever the order on the path.

    `wanted` are check ids: then only modules named like one of them are imported, where that
    finds them all, so that a scan of one check does not load forty. Raises Incomplete where a check of nimdoctor's own
    is not there, and `fixes` where a fix is not.
    """

    def __init__(self, wanted: Sequence[str] = ()) -> None:
        self.broken: List[Broken] = []
        self._checks: Dict[str, Check] = {}
        self._fixes: Optional[Dict[str, Fix]] = None
        self._complete = not wanted
        self._own = _own_ids(CHECKS)
        self.catalog = Catalog(self._third_party_rows())
        if wanted:
            self._load_checks({name.replace("-", "_") for name in wanted})
            if not set(wanted) <= {*self._checks, *(one.name for one in self.broken)}:
                self._load_all()
        else:
            self._load_all()

    def _load_all(self) -> None:
        self._complete = True
        self._load_checks(None)
        self._all_there(CHECKS, self._own, self._checks)

    def checks(self) -> Tuple[Check, ...]:
        """Every check loaded, by id."""
        return tuple(self._checks[name] for name in sorted(self._checks))

    def all_checks(self) -> Tuple[Check, ...]:
        """Every check there is, by id."""
        if not self._complete:
            self._load_all()
        return self.checks()

    def ids(self) -> FrozenSet[str]:
        """Ids of every check there is, of nimdoctor's own also what was not loaded, or does not load."""
        if not self._complete:
            points = [point for point in _own_first(CHECKS) if not _within(point.module, CHECKS)]
            self._take(points, CHECKS, Check, self._own, self._checks, None)
        return self._own | frozenset(self._checks)

    def unloaded(self) -> Tuple[Broken, ...]:
        """What of nimdoctor's own is there and does not load; without it no plan is to be trusted."""
        return tuple(one for one in self.broken if one.own)

    def fixes(self) -> "Tuple[Fix, ...]":
        """Every fix, by id; loaded when first asked for."""
        if self._fixes is None:
            # a scan needs none of them
            from nimdoctor.planning.fix import Fix

            own = _own_ids(FIXES)
            found: Dict[str, Fix] = {}
            self._take(_own_first(FIXES), FIXES, Fix, own, found, None)
            self._all_there(FIXES, own, found)
            self._fixes = found
        return tuple(self._fixes[name] for name in sorted(self._fixes))

    def traits(self, fix: str) -> FixTraits:
        """What the fix of that id says of itself; what is not there says nothing, and whoever plans with it is told."""
        try:
            found = self.fixes()
        except Incomplete:
            return FixTraits()
        return next((one.traits for one in found if one.id == fix), FixTraits())

    def _load_checks(self, modules: Optional[Set[str]]) -> None:
        self._take(_own_first(CHECKS), CHECKS, Check, self._own, self._checks, modules)

    def _take(
        self,
        points: Sequence[EntryPoint],
        group: str,
        kind: Type[F],
        own: FrozenSet[str],
        known: Dict[str, F],
        modules: Optional[Set[str]],
    ) -> None:
        """Adds to the `known` what the entry points hold of that kind; whoever comes later to an id is not taken."""
        for point in points:
            for thing in self._things(point, modules):
                if not isinstance(thing, kind) or known.get(thing.id) is thing:  # type: ignore[attr-defined]
                    continue
                name = thing.id  # type: ignore[attr-defined]
                ours = name in own and not _within(thing.function.__module__, group)  # type: ignore[attr-defined]
                if name in known or ours:
                    whose = "nimdoctor's own" if name in own else "taken by another module"
                    why = f"the id {name} is {whose}: what {point.module} has under it is not loaded"
                    self._break(point, why, getattr(known.get(name), "severity", Severity.HIGH))
                else:
                    known[name] = thing

    def _all_there(self, group: str, own: FrozenSet[str], known: Iterable[str]) -> None:
        """Raises Incomplete where a module of nimdoctor's own loads and has not what it is named for."""
        empty = own.difference(known, (one.name for one in self.unloaded()))
        if empty:
            raise Incomplete(_not_whole(f"nothing of that id stands in the module of {_of(group)} {_listing(empty)}"))

    def _third_party_rows(self) -> List[Row]:
        points = entry_points(FACTS)
        if not points:
            return []
        own = Catalog()
        taken = {*dir(facts), *(name for row in ROWS for name in row.facts)}
        rows: List[Row] = []
        for point in points:
            for thing in self._things(point, None):
                given = rows_of(thing)
                if given is None:
                    continue
                if thing.__name__ in taken:
                    self._break(point, f"the fact {thing.__name__} is nimdoctor's own: this one is not loaded")
                    continue
                borrowed = next((row for row in given if isinstance(row, str)), None)
                if borrowed is not None:
                    why = f"{borrowed} is no row of its own: {thing.__name__} is not loaded"
                    self._break(point, why)
                    continue
                fed = [row for row in given if isinstance(row, Row)]
                row = next((row for row in fed if _is_own(row, own, taken)), None)
                if row:
                    self._break(
                        point,
                        f"{row.label} feeds a fact of nimdoctor's own: {thing.__name__} and its rows are not loaded",
                    )
                    continue
                rows += [row for row in fed if row not in rows]
        return rows

    def _things(self, point: EntryPoint, modules: Optional[Set[str]]) -> Iterator[Any]:
        try:
            module = importlib.import_module(point.module)
            if point.attribute:
                yield getattr(module, point.attribute)
                return
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._break(point, f"{point.module} cannot be loaded: {_why(error)}")
            return
        for found in self._modules(point, module, modules):
            yield from vars(found).values()

    def _modules(self, point: EntryPoint, module: ModuleType, wanted: Optional[Set[str]]) -> Iterator[ModuleType]:
        yield module
        for entry in pkgutil.iter_modules(getattr(module, "__path__", [])):
            if wanted is not None and entry.name not in wanted:
                continue
            name = f"{module.__name__}.{entry.name}"
            try:
                found = importlib.import_module(name)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self._break(point, f"{name} cannot be loaded: {_why(error)}", module=name)
                continue
            if entry.ispkg:
                yield from self._modules(point, found, None)
            else:
                yield found

    def _break(self, point: EntryPoint, reason: str, severity: Severity = Severity.HIGH, module: str = "") -> None:
        own = _within(module, CHECKS) or _within(module, FIXES)
        broken = Broken(_id_of(module) if own else point.name, reason, severity, own)
        if all((one.name, one.reason) != (broken.name, reason) for one in self.broken):
            self.broken.append(broken)


def _own_ids(group: str) -> FrozenSet[str]:
    """Ids of nimdoctor's own checks, or fixes: as the build listed them, in a source tree those in the directory.

    Raises Incomplete where a module of one is not there.
    """
    there, why = _own_modules(group)
    listed = _listed().get(_of(group), there)
    absent = frozenset(listed) - there
    if not there:
        raise Incomplete(_not_whole(f"its {_of(group)} are not found, since {why}"))
    if absent:
        raise Incomplete(_not_whole(f"of its {_of(group)} these are not there: {_listing(map(_id_of, absent))}"))
    return frozenset(map(_id_of, listed))


def _own_modules(group: str) -> Tuple[FrozenSet[str], str]:
    """Names of the modules in nimdoctor's own package of that group, and why there are none."""
    if not any(point.module == group for point in entry_points(group)):
        return frozenset(), "no entry point names them: a copy without its .dist-info, or a source tree not installed"
    try:
        package = importlib.import_module(group)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return frozenset(), f"{group} cannot be loaded: {_why(error)}"
    found = frozenset(entry.name for entry in pkgutil.iter_modules(package.__path__) if entry.name[:1] != "_")
    return found, f"{group} is empty"


def _listed() -> Dict[str, List[str]]:
    """Names of the modules that the build put into this installation, by group; empty where no build was."""
    try:
        raw = pkgutil.get_data("nimdoctor", LIST)
    except OSError:
        return {}
    return json.loads(raw or b"{}")  # type: ignore[no-any-return]


def _own_first(group: str) -> List[EntryPoint]:
    return sorted(entry_points(group), key=lambda point: not _within(point.module, group))


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _is_own(row: Row, own: Catalog, facts: Set[str]) -> bool:
    """Whether a third party's row feeds a fact of nimdoctor's, or would be read in the place of a row of its."""
    if row.kind is Kind.PATHS:
        return not {"Paths"}.issuperset(facts.intersection(row.facts))
    if not facts.isdisjoint(row.facts):
        return True
    if row.kind is Kind.COMMAND:
        return any(own.command(line) for line in (row.label, *row.variants))
    return any(row.name == one.name or path_matches(one.name, row.name) for one in own if one.kind is row.kind)


def _not_whole(wrong: str) -> str:
    place = os.path.dirname(os.path.dirname(__file__))
    return f"nimdoctor in {place} is not whole: {wrong}; install it again (pip install)"


def _of(group: str) -> str:
    return group.rpartition(".")[2]


def _id_of(module: str) -> str:
    return module.rpartition(".")[2].replace("_", "-")


def _listing(names: Iterable[str]) -> str:
    return named(sorted(names))


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def close_ids(name: str, things: "Iterable[Union[Check, Fix]]") -> List[str]:
    """Ids of checks or fixes that look like the one asked for."""
    return difflib.get_close_matches(name.lower().replace("_", "-"), [thing.id for thing in things], 3, 0.5)
