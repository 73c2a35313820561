"""What is read from a host: rows, which stand on the facts that they feed.

```python
@fact(Row("/etc/site.conf", Kind.FILE))
class SiteConf(NamedTuple): ...
```
"""

import enum
import re
from functools import cache
from typing import (
    AbstractSet,
    Callable,
    FrozenSet,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
    Union,
)

CLIENT, MASTER = "client", "master"
EVERY = frozenset({CLIENT, MASTER})
ONLY_CLIENT, ONLY_MASTER = frozenset({CLIENT}), frozenset({MASTER})
NAME_LIMIT = 200
"""Bytes of a command's file name in an evidence directory."""
PATHS_FACT = "Paths"
"""The fact that the states of paths feed, whichever fact asks for them."""
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9.=+-]+")
_ROWS_OF_FACT = "__nimdoctor_rows__"
_READS_PARTS = "__nimdoctor_reads_parts__"

F = TypeVar("F")


class Kind(enum.Enum):
    """What a row reads."""

    FILE = "file"
    COMMAND = "command"
    PATHS = "paths"
    REHEARSAL = "rehearsal"


class Row(NamedTuple):
    """One thing that is read.

    `name` is an absolute path (its last part, or one before it, may be `*`), a command as typed, or for PATHS
    a path whose last part may end in `*` and which covers everything below it when it ends in `/**`; a REHEARSAL
    is held on a live host and cannot be recorded. `facts` are class names; `fact` fills them in. Commands may hold placeholders in braces, filled from facts.
    `live` is False for what is only ever recorded by somebody. `variants` are beginnings of other
    command lines whose recorded output serves as well. `empty_means_none` says that empty output
    is an answer. `streamed` marks what may be too large to read whole. `live_for` are facts for which a
    live host runs it although `live` is False: what a scan need not know, but a fix must. `when_known`
    marks a command that is left out, without a word, where a placeholder of it has no value. `bears_refusal` marks
    output that serves also where the command says that it was refused a part of it.
    """

    name: str
    kind: Kind
    facts: Tuple[str, ...] = ()
    roles: FrozenSet[str] = EVERY
    live: bool = True
    variants: Tuple[str, ...] = ()
    empty_means_none: bool = False
    streamed: bool = False
    live_for: Tuple[str, ...] = ()
    when_known: bool = False
    bears_refusal: bool = False

    def argv(self, names: Mapping[str, str]) -> Optional[List[str]]:
        """The command as a list of words; None when a placeholder has no value."""
        words = []
        for word in self.name.split():
            if word.startswith("{"):
                value = names.get(word.strip("{}"))
                if not value:
                    return None
                word = value
            words.append(word)
        return words

    @property
    def label(self) -> str:
        """The name as people write it: placeholders without their braces."""
        return self.name.replace("{", "").replace("}", "")

    def serves(self, recorded: str) -> bool:
        """Whether a recorded command line, or the file name made of one, is this row's."""
        return self.matched_length(file_name(strip_directory(recorded))) > 0

    def matched_length(self, found: str) -> int:
        """How much of a recorded command's file name this row accounts for; 0 is no match, exact counts more."""
        best = 0
        for wanted, open_ended in _patterns(self):
            if found == wanted:
                best = max(best, 2 * len(wanted) + 1)
            elif open_ended and found.startswith(wanted + "_"):
                best = max(best, 2 * len(wanted))
        return best


@cache
def _patterns(row: Row) -> Tuple[Tuple[str, bool], ...]:
    """File names a row's commands have, and whether further words may follow."""
    found = []
    for line in (row.name, *row.variants):
        fixed = line.split("{")[0].strip()
        found.append((file_name(fixed), fixed != line or line in row.variants))
    return tuple(found)


def file_name(command: str) -> str:
    """The file a command's output has in an evidence directory without a manifest.

    >>> file_name("ar -X32_64 -tv /usr/lib/libssl.a")
    'ar_-X32_64_-tv_usr_lib_libssl.a'
    """
    return _NO_FILE_NAME.sub("_", command.strip())[:NAME_LIMIT]


def strip_directory(command: str) -> str:
    """The command line with its program's directory taken off: `/usr/bin/lssrc -a` is `lssrc -a`."""
    words = command.strip().split(" ", 1)
    words[0] = words[0].rsplit("/", 1)[-1]
    return " ".join(words)


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path is one the pattern of a row covers.

    >>> path_matches("/usr/lib/libssl.so*", "/usr/lib/libssl.so.0.9.8")
    True
    >>> path_matches("/ssl_nimsh/**", "/ssl_nimsh/keys/serverkey.pem")
    True
    >>> path_matches("/ssl_nimsh/certs/*", "/ssl_nimsh/certs/a/b")
    False
    >>> path_matches("/var/adm/nimdoctor/runs/*/journal.jsonl", "/var/adm/nimdoctor/runs/1/journal.jsonl")
    True
    """
    if "/*/" in pattern:
        start, _, end = pattern.partition("*")
        inside = path[len(start) : len(path) - len(end)]
        return path.startswith(start) and path.endswith(end) and bool(inside) and "/" not in inside
    if pattern.endswith("/**"):
        return path == pattern[:-3] or path.startswith(pattern[:-2])
    if pattern.endswith("*"):
        start = pattern[:-1]
        return path.startswith(start) and "/" not in path[len(start) :] and path != start
    return path == pattern


def matching(pattern: str, paths: AbstractSet[str]) -> List[str]:
    """The paths that the pattern of a row covers, in order."""
    if "*" not in pattern:
        return [pattern] if pattern in paths else []
    return sorted(path for path in paths if path_matches(pattern, path))


def fact(*rows: Union[Row, str], reads_parts: bool = False) -> Callable[[Type[F]], Type[F]]:
    """Makes a class a fact, fed by those rows, the best source first; a fact made of others has none.

    A row stands on the fact that it was written for; another that reads the same gives its name. A fact with `reads_parts`
    is made of an excerpt or of filtered lines too, and takes nothing for absent that is not in them; any other is not
    known then.
    """

    def register(cls: Type[F]) -> Type[F]:
        setattr(cls, _ROWS_OF_FACT, tuple(_fed(row, cls.__name__) for row in rows))
        setattr(cls, _READS_PARTS, reads_parts)
        return cls

    return register


def _fed(row: Union[Row, str], name: str) -> Union[Row, str]:
    if isinstance(row, str) or row.facts:
        return row
    return row._replace(facts=(PATHS_FACT if row.kind is Kind.PATHS else name,))


def rows_of(thing: object) -> Optional[Sequence[Union[Row, str]]]:
    """The rows and the names of rows that a fact was given; None for what is no fact."""
    found: Optional[Sequence[Union[Row, str]]] = vars(thing).get(_ROWS_OF_FACT) if isinstance(thing, type) else None
    return found


def reads_parts(thing: type) -> bool:
    """Whether a fact can be made of a text that is not whole."""
    return bool(vars(thing).get(_READS_PARTS))
