"""Commands as a person types them, so that no name out of evidence becomes shell text."""

from typing import Optional, Sequence

_ON_MASTER = "On the master: "


def as_typed(words: Sequence[str]) -> str:
    """The command line; a word that a shell would take for more stands in quotes.

    >>> as_typed(["nim", "-o", "lslpp", "a;b"])
    "nim -o lslpp 'a;b'"
    """
    import shlex

    return " ".join(shlex.quote(word) for word in words)


def push_named_in(message: str) -> Optional[str]:
    """The push that a check's message names as what would settle it.

    >>> push_named_in("not tried since nimsh was started. On the master: nim -o lslpp lpar7"), push_named_in("fine")
    ('nim -o lslpp lpar7', None)
    """
    _, found, push = message.partition(_ON_MASTER)
    return as_typed(push.split()) if found else None
