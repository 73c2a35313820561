"""Facts: what the evidence of a host says, parsed; one module each, loaded when first asked for as `facts.NAME`, so
that a scan loads only those that its checks ask for.

A fact is an immutable record (a NamedTuple here, since ninety frozen dataclasses cost half of a
scan's start-up; a third party may use either) with one or more of these class methods:

- `parse(text)`: from one file's or command's `Text`; raises `BadEvidence` and nothing else.
- `combine(parts)`: from several pieces of evidence, each parsed; without it the best piece counts.
- `absent(path)`: what it is when the file is known not to exist.
- `derive(...)`: from other facts, named by type as a check's parameters are.
- `of_record(record)`: from what a source of evidence knows by itself, without a text: the states of paths.

What only the side of the evidence can do for a fact (read a certificate, tell the time) a `derive` or a check asks
for as for a fact, by a type of `nimdoctor.model.host_readers`; the host gives it.
"""

import importlib
from typing import TYPE_CHECKING, Any, List

from nimdoctor.facts.names import MODULES

if TYPE_CHECKING:
    # for the type checker; at run time each is loaded when it is first asked for
    from nimdoctor.facts.names import *  # noqa: F403


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> List[str]:
    return sorted([*globals(), *MODULES])
