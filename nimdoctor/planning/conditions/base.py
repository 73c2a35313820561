"""What every condition has in common."""

from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Protocol, Tuple, Type, TypeVar

from nimdoctor.model import Role
from nimdoctor.planning.ends import Snapshot

Was = Mapping[str, Any]
"""State of the step's end just before the step (`ends.state_of`); empty where it does not matter."""


class Answer(NamedTuple):
    """Whether a condition holds (None: it cannot be told), and what was seen, in words."""

    holds: Optional[bool]
    says: str


class Condition(Protocol):
    """A condition about one end. Records; equal ones are the same condition."""

    @property
    def where(self) -> Role:
        """The end it is about."""

    def words(self) -> str:
        """What must hold, for people."""

    def shell(self) -> Tuple[str, ...]:
        """The same as a line of shell, its words, for a change package on that end; empty where no script can ask it.

        Words without a meaning of their own are the functions of `parts/change.sh` and `readers.sh`.
        """

    def decide(self, now: Snapshot, was: Was) -> Answer:
        """Whether it holds at that moment. Raises Elsewhere when that end cannot be read, Refused for files led astray."""

    def _asdict(self) -> Dict[str, Any]:
        """Its fields, as a NamedTuple gives them."""


_KINDS: Dict[str, Type[Any]] = {}
_SHELL: Dict[str, str] = {}


def _equal(one: Any, other: Any) -> bool:
    # tuples of different kinds with equal fields are equal; conditions must not be
    return type(one) is type(other) and tuple.__eq__(one, other)


_COMPARED: Mapping[str, Callable[..., Any]] = {
    "__eq__": _equal,
    "__ne__": lambda one, other: not _equal(one, other),
    "__hash__": lambda one: hash((type(one).__name__, tuple(one))),
}
C = TypeVar("C")


def condition(kind: str, shell: str = "") -> Callable[[Type[C]], Type[C]]:
    """Names a condition's kind, by which a plan refers to it. `shell` are the functions (ksh88) that its line of shell
    calls: 0 where it holds, anything else where it does not or cannot be told, and SEEN is what was seen.
    """

    def register(cls: Type[C]) -> Type[C]:
        _KINDS[kind] = cls
        _SHELL[kind] = shell.lstrip("\n")
        for name, method in _COMPARED.items():
            setattr(cls, name, method)
        return cls

    return register


def kinds() -> Tuple[str, ...]:
    """Every kind there is."""
    return tuple(sorted(_KINDS))


def shell_of(one: Condition) -> Tuple[str, ...]:
    """Its line of shell as words; empty where there is none, as for one that somebody else made for Python alone."""
    words: Tuple[str, ...] = getattr(one, "shell", tuple)()
    return words


def shell_functions() -> str:
    """The functions of shell of all conditions."""
    return "\n".join(filter(None, _SHELL.values()))


def kind_of(one: Condition) -> str:
    """The name of its kind."""
    return next(kind for kind, cls in _KINDS.items() if type(one) is cls)


def as_dict(one: Condition) -> Dict[str, Any]:
    """The condition as JSON values."""
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in one._asdict().items()}
    fields["where"] = one.where.value
    return {"kind": kind_of(one), "says": one.words(), **fields}


def from_dict(document: Mapping[str, Any]) -> Condition:
    """The condition that `as_dict` wrote. Raises ValueError for an unknown kind or wrong fields."""
    fields = {name: value for name, value in document.items() if name not in ("kind", "says")}
    cls = _KINDS.get(str(document.get("kind")))
    if cls is None:
        raise ValueError(f"unknown condition {document.get('kind')!r}")
    fields["where"] = Role(fields["where"])
    try:
        found: Condition = cls(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
        )
    except TypeError as error:
        raise ValueError(f"condition {document.get('kind')}: {error}") from error
    return found
