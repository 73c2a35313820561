"""`NamedTuple` as `typing` has it, in a fifth of the time a class takes to make.

A scan makes 140 such classes before it reads anything, and uses half of them; `typing.NamedTuple` takes 0.08 ms
for each, checking every annotation and compiling a constructor. Here annotations are left alone and the constructor
is compiled when the first record is made. Type checkers see `typing.NamedTuple` itself.
"""

import sys
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Dict, Iterable, Tuple, Type

if TYPE_CHECKING or sys.version_info >= (3, 14):
    # from 3.14 on annotations are not evaluated when a class is made, which leaves less to be saved
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter as _field

    class _Record(tuple):
        """What every record can do beside being a tuple: as `collections.namedtuple` has it."""

        __slots__ = ()
        _fields: Tuple[str, ...] = ()
        _field_defaults: Dict[str, Any] = {}

        @classmethod
        def _make(cls, values: Iterable[Any]) -> Any:
            found = tuple.__new__(cls, values)
            if len(found) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(found)}")
            return found

        def _replace(self, **changed: Any) -> Any:
            found = self._make(map(changed.pop, self._fields, self))
            if changed:
                raise TypeError(f"Got unexpected field names: {list(changed)!r}")
            return found

        __replace__ = _replace

        def _asdict(self) -> Dict[str, Any]:
            return dict(zip(self._fields, self))

        def __repr__(self) -> str:
            fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self))
            return f"{self.__class__.__name__}({fields})"

        def __getnewargs__(self) -> Tuple[Any, ...]:
            return tuple(self)

    class _Maker(type):
        """Makes a subclass of tuple of every class whose only base is NamedTuple."""

        def __new__(cls, name: str, bases: Tuple[type, ...], namespace: Dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            if len(bases) > 1:
                raise TypeError("can only inherit from a NamedTuple type and nothing else")
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace.pop(field) for field in fields if field in namespace}
            required = len(fields) - len(defaults)
            if any(field in defaults for field in fields[:required]):
                raise TypeError(f"{name}: a field without a default follows one with a default")
            for field in fields:
                if field.startswith("_"):
                    raise ValueError(f"Field names cannot start with an underscore: {field!r}")
            for index, field in enumerate(fields):
                namespace[field] = _field(index, f"Alias for field number {index}")
            namespace.update(
                __slots__=(), _fields=fields, _field_defaults=defaults, __match_args__=fields, __new__=_first_of
            )
            return type(name, (_Record,), namespace)

    def _first_of(cls: Type[Any], *args: Any, **kwargs: Any) -> Any:
        """The constructor of a class of which there is no record yet: gives it its own, and calls that."""
        owner = next(base for base in cls.__mro__ if base.__base__ is _Record)
        owner.__new__ = _constructor(owner)
        return owner.__new__(cls, *args, **kwargs)

    def _constructor(owner: Type[Any]) -> Any:
        fields = owner._fields
        code = _template(len(fields)).replace(co_varnames=("_cls", *fields), co_name="__new__")
        if sys.version_info >= (3, 11):
            code = code.replace(co_qualname=f"{owner.__qualname__}.__new__")
        given = {"_new": tuple.__new__, "__builtins__": {}, "__name__": owner.__module__}
        return FunctionType(code, given, "__new__", tuple(owner._field_defaults.values()))

    @cache
    def _template(count: int) -> CodeType:
        """The constructor for that many fields, which takes other names of its arguments for each class."""
        names = "".join(f"_{index}, " for index in range(count))
        code: CodeType = eval(f"lambda _cls, {names}: _new(_cls, ({names}))").__code__
        return code

    class NamedTuple(metaclass=_Maker):
        """The base of a record: fields are the annotated names, defaults what is assigned to them."""
