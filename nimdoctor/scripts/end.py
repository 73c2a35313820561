"""One of the two hosts of a plan, as its scripts see it."""

from typing import NamedTuple, Optional


class ScriptEnd(NamedTuple):
    """An end as a script sees it. `root` is None or empty for the host itself, else the directory that holds
    its files; `state` its state directory, absolute where the script runs.
    """

    root: Optional[str]
    state: str
