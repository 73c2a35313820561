"""What a report can show as a picture and nowhere else: sessions in time, the links of two ends.

Made at the end of a scan, and only for a format that shows it: it asks for facts that no check may have asked for.
Nothing here draws.
"""

from typing import Callable, Iterator, List, NamedTuple, Sequence, Tuple, TypeVar

from nimdoctor.diagnosis.causes import Pair
from nimdoctor.diagnosis.engine import Engine, Result
from nimdoctor.diagnosis.pictures.links import HostLinks, ends_of
from nimdoctor.diagnosis.pictures.sessions import Timeline, timeline_of

T = TypeVar("T")


class Pictures(NamedTuple):
    """One entry a host for what one host tells. `unmade` says what could not be made because nimdoctor broke."""

    ends: HostLinks
    timelines: Tuple[Timeline, ...] = ()
    unmade: Tuple[str, ...] = ()


def pictures_of(engine: Engine, results: Sequence[Result], pair: Callable[[], Pair]) -> Pictures:
    """The pictures of one scan, from its hosts and from what the checks said of them."""
    unmade: List[str] = []
    target, master = engine.target, engine.master
    timelines = _made(lambda: timeline_of(target, master), "sessions", unmade)
    if master:
        timelines += _made(lambda: timeline_of(master, target), "master's sessions", unmade)
    return Pictures(ends_of(engine, results, pair), tuple(timelines), tuple(unmade))


def _made(make: Callable[[], Iterator[T]], what: str, unmade: List[str]) -> List[T]:
    """A parser that breaks costs its picture and not the report: the checks that use it say so."""
    try:
        return list(make())
    except Exception as error:
        unmade.append(f"no picture of the {what}: {type(error).__name__}")
        return []
