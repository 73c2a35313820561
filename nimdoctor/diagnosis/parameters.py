"""What a check, or the `derive` of a fact, asks for: read from its annotations, once a process."""

import typing
from functools import cache
from typing import Any, Dict, Tuple, Union

from nimdoctor.model import Diagnosis


@cache
def parameters(function: Any) -> Dict[str, Tuple[Any, Any, bool]]:
    """What a check or a fact's `derive` asks for: name to (type, end, optional).

    `end` is Role.MASTER or Role.CLIENT for OnMaster[...] and OnClient[...], else None.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    hints.pop("return", None)
    return {name: _unwrap(hint) for name, hint in hints.items()}


def _unwrap(hint: Any) -> Tuple[Any, Any, bool]:
    optional, end = False, None
    for _ in range(3):
        if typing.get_origin(hint) is Union:
            inner = [kind for kind in typing.get_args(hint) if kind is not type(None)]
            optional = optional or len(inner) < len(typing.get_args(hint))
            hint = inner[0]
        elif hasattr(hint, "__metadata__"):
            end = hint.__metadata__[0]
            hint = typing.get_args(hint)[0]
    return hint, end, optional


@cache
def asks_for_diagnosis(function: Any) -> bool:
    """Whether a check asks for what all others found, and so runs after them."""
    try:
        return any(kind is Diagnosis for kind, _, _ in parameters(function).values())
    except Exception:
        # annotations that cannot be resolved break the check when it is asked, where it is reported
        return False
