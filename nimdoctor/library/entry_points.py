"""Entry points of a group, as importlib.metadata reads them, but for what one broken distribution does to all others."""

import re
import sys
from functools import lru_cache
from importlib import metadata
from typing import Dict, List, NamedTuple, Tuple

from nimdoctor.system.own_archive import own_archive, own_place


class EntryPoint(NamedTuple):
    """One line of a group: `name = module` or `name = module:attribute`."""

    name: str
    module: str
    attribute: str


def entry_points(group: str) -> List[EntryPoint]:
    """Entry points of the group, in the order of sys.path and there by name; a distribution found twice counts once.

    One file that is carried to a host holds its own: what is installed there was not seen by whoever approved a plan.
    """
    places = (own_place(),) if own_archive() else tuple(sys.path)
    return [_entry_point(one) for one in _installed(places) if one.group == group]


@lru_cache(maxsize=1)
def _installed(places: Tuple[str, ...]) -> List[metadata.EntryPoint]:
    # metadata.entry_points() of 3.9 counts one found twice, every other's order in a place is the file system's, and
    # one file that cannot be parsed, of whatever distribution, is the error of all
    found: Dict[str, List[metadata.EntryPoint]] = {}
    for place in places:
        here: Dict[str, List[metadata.EntryPoint]] = {}
        for distribution in metadata.distributions(path=[place]):
            try:
                name = distribution.metadata.get("Name")
                if name:
                    here.setdefault(re.sub(r"[-_.]+", "-", name).lower(), list(distribution.entry_points))
            except Exception:
                continue
        for name in sorted(here):
            found.setdefault(name, here[name])
    return [one for points in found.values() for one in points]


def _entry_point(one: metadata.EntryPoint) -> EntryPoint:
    # its own `module` is an error where the value is no name of a module
    module, _, attribute = one.value.split("[")[0].partition(":")
    return EntryPoint(one.name, module.strip(), attribute.strip())
