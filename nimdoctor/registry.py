"""The door through which checks, fixes and facts come in: three entry-point groups, for us as for others.

An entry point names a module, a package or one decorated thing; of a module or package, every
decorated thing in it counts.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from nimdoctor.entry_points import EntryPoint, entry_points
from nimdoctor.evidence.catalog import ROWS, Catalog, Row
from nimdoctor.model import Check
from nimdoctor.named_tuple import NamedTuple

CHECKS, FIXES, FACTS = "nimdoctor.checks", "nimdoctor.fixes", "nimdoctor.facts"

if TYPE_CHECKING:
    from nimdoctor.plan.fix import Fix

F = TypeVar("F")
_ROWS_OF_FACT = "__nimdoctor_rows__"


def fact(*rows: Row) -> Callable[[Type[F]], Type[F]]:
    """Makes a third party's class a fact and adds the catalog rows that feed it.

    Each row must name the class among its `facts`; a class whose rows exist already names none.
    """

    def register(cls: Type[F]) -> Type[F]:
        setattr(cls, _ROWS_OF_FACT, rows)
        return cls

    return register


class Broken(NamedTuple):
    """A plug-in that could not be loaded: its entry point's name and why, in one line."""

    name: str
    reason: str


class Registry:
    """What the entry points hold, loaded once.

    `wanted` are check ids: then only modules named like one of them are imported, where that
    finds them all, so that a scan of one check does not load forty.
    """

    def __init__(self, wanted: Sequence[str] = ()) -> None:
        self.broken: List[Broken] = []
        self._checks: Dict[str, Check] = {}
        self._fixes: Optional[Dict[str, Fix]] = None
        self._complete = not wanted
        rows = self._third_party_rows()
        self.catalog = Catalog(rows)
        self._points = entry_points(CHECKS)
        if wanted:
            self._load_checks({name.replace("-", "_") for name in wanted})
            if not set(wanted) <= set(self._checks):
                self._load_all()
        else:
            self._load_checks(None)

    def _load_all(self) -> None:
        self._complete = True
        self._load_checks(None)

    def checks(self) -> Tuple[Check, ...]:
        """Every check loaded, by id."""
        return tuple(self._checks[name] for name in sorted(self._checks))

    def all_checks(self) -> Tuple[Check, ...]:
        """Every check there is, by id."""
        if not self._complete:
            self._load_all()
        return self.checks()

    def fixes(self) -> "Tuple[Fix, ...]":
        """Every fix, by id; loaded when first asked for."""
        if self._fixes is None:
            # a scan needs none of them
            from nimdoctor.plan.fix import Fix

            self._fixes = {}
            for point in entry_points(FIXES):
                for thing in self._things(point, None):
                    if isinstance(thing, Fix) and self._fixes.get(thing.id) is not thing:
                        if thing.id in self._fixes:
                            self._break(point, f"fix id {thing.id} is taken by another module")
                        else:
                            self._fixes[thing.id] = thing
        return tuple(self._fixes[name] for name in sorted(self._fixes))

    def _load_checks(self, modules: Optional[Set[str]]) -> None:
        for point in self._points:
            for thing in self._things(point, modules):
                if isinstance(thing, Check) and self._checks.get(thing.id) is not thing:
                    if thing.id in self._checks:
                        self._break(point, f"check id {thing.id} is taken by another module")
                    else:
                        self._checks[thing.id] = thing

    def _third_party_rows(self) -> List[Row]:
        taken = {name for row in ROWS for name in row.facts}
        rows: List[Row] = []
        for point in entry_points(FACTS):
            for thing in self._things(point, None):
                own = getattr(thing, _ROWS_OF_FACT, None) if isinstance(thing, type) else None
                if own is None:
                    continue
                if thing.__name__ in taken:
                    self._break(point, f"the fact {thing.__name__} exists already")
                    continue
                rows += [row for row in own if row not in rows]
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
            self._break(point, f"{point.module} cannot be loaded: {type(error).__name__}: {error}")
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
                self._break(point, f"{name} cannot be loaded: {type(error).__name__}: {error}")
                continue
            if entry.ispkg:
                yield from self._modules(point, found, None)
            else:
                yield found

    def _break(self, point: EntryPoint, reason: str) -> None:
        broken = Broken(point.name, reason)
        if broken not in self.broken:
            self.broken.append(broken)


def close_ids(name: str, things: "Iterable[Union[Check, Fix]]") -> List[str]:
    """Ids of checks or fixes that look like the one asked for."""
    import difflib

    return difflib.get_close_matches(name.lower().replace("_", "-"), [thing.id for thing in things], 3, 0.5)
