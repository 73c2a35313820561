"""Entry points of a group, read straight from the installed distributions' metadata files.

importlib.metadata gives the same and costs half of a scan's start-up time, so it is asked only for
what is not a plain directory (a zip application).
"""

import os
import re
import sys
from functools import lru_cache
from typing import Dict, Iterator, List, NamedTuple, Tuple


class EntryPoint(NamedTuple):
    """One line of a group: `name = module` or `name = module:attribute`, and its distribution."""

    name: str
    module: str
    attribute: str
    distribution: str


def entry_points(group: str) -> List[EntryPoint]:
    """Entry points of the group, in the order of sys.path; a distribution found twice counts once."""
    texts = _texts(tuple(sys.path))
    return [point for name, text in texts.items() for point in _parse(text, group, name)]


@lru_cache(maxsize=1)
def _texts(places: Tuple[str, ...]) -> Dict[str, str]:
    """Distributions on these places and the text of their entry points."""
    found: Dict[str, str] = {}
    for place in places:
        for distribution, text in _metadata(place or os.curdir):
            found.setdefault(distribution, text)
    return found


def _metadata(place: str) -> Iterator[Tuple[str, str]]:
    if os.path.isfile(place):
        yield from _zipped(place)
        return
    try:
        names = sorted(os.listdir(place))
    except OSError:
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            distribution = re.sub(r"[-_.]+", "-", name.rsplit(".", 1)[0].split("-")[0]).lower()
            try:
                with open(os.path.join(place, name, "entry_points.txt"), encoding="utf-8") as stream:
                    yield distribution, stream.read()
            except (OSError, UnicodeDecodeError):
                yield distribution, ""


def _zipped(place: str) -> Iterator[Tuple[str, str]]:
    from importlib import metadata

    for distribution in metadata.distributions(path=[place]):
        yield str(distribution.metadata["Name"]).lower(), distribution.read_text("entry_points.txt") or ""


def _parse(text: str, group: str, distribution: str) -> Iterator[EntryPoint]:
    section = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == group and "=" in line and line[0] not in "#;":
            name, _, value = line.partition("=")
            module, _, attribute = value.split("[")[0].strip().partition(":")
            yield EntryPoint(name.strip(), module.strip(), attribute.strip(), distribution)
