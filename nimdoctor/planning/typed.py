"""Commands as a person types them, so that no name out of evidence becomes shell text."""

import shlex
from typing import Optional, Sequence

from nimdoctor.model import PUSH, Settlement


def as_typed(words: Sequence[str]) -> str:
    """The command line; a word that a shell would take for more stands in quotes.

    >>> as_typed(["nim", "-o", "lslpp", "a;b"])
    "nim -o lslpp 'a;b'"
    """
    return " ".join(shlex.quote(word) for word in words)


def push_of(settled_by: Optional[Settlement]) -> Optional[str]:
    """The push that settles a verdict, None where something else does, or the client's name is not known.

    >>> from nimdoctor.model import File, Push
    >>> push_of(Push("lpar7")), push_of(Push(None)), push_of(File("/etc/niminfo"))
    ('nim -o lslpp lpar7', None, None)
    """
    argv = settled_by.argv if settled_by and settled_by.kind == PUSH else None
    return as_typed(argv) if argv else None
