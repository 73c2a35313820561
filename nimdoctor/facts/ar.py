"""`ar -X32_64 -tv`: the members of libssl.a and libcrypto.a, from which `nimclient -c` extracts."""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text

_VERBOSE = re.compile(
    r"\s*[-rwxsStT]{9}\s+[^\s/]+\s*/\s*\S+\s+(?P<size>\d{1,18})\s+\S+\s+\S+\s+\S+\s+\S+\s+(?P<name>\S+)\s*", re.ASCII
)
_NAME_ONLY = re.compile(r"\s*(?P<name>[A-Za-z0-9_+.-]{1,200}\.(?:so|o)(?:\.[A-Za-z0-9.]{1,50})?)\s*")
_ARCHIVE = re.compile(r"(?:^|[\s/_])(lib[A-Za-z0-9+-]+\.a)(?![\w.])")
_ANY_OBJECT_MODE = re.compile(r"-X\s*(?:32_64|any)")


class ArchiveMember(NamedTuple):
    """One member; `archive` is a name such as libssl.a, `size` bytes or None where not listed."""

    archive: str
    name: str
    size: Optional[int]
    at: Quote


@fact(
    Row("ar -X32_64 -tv /usr/lib/libssl.a", Kind.COMMAND, variants=("ar",)),
    Row("ar -X32_64 -tv /usr/lib/libcrypto.a", Kind.COMMAND),
)
class LibraryArchives(NamedTuple):
    """Members of the archives, in listing order; 32 and 64 bit members may share a name.

    `archives` are those known whole: neither filtered nor listed without -X32_64, which leaves
    out the 64-bit members.

    >>> found = LibraryArchives.parse(Text.of('''rwxr-xr-x     0/0     745320 Mar 05 04:15 2019 libssl.so.0.9.8
    ... rwxr-xr-x     0/0     801112 Mar 05 04:15 2019 libssl.so.0.9.8
    ... rwxr-xr-x     0/0     612004 Mar 05 04:15 2019 libssl.so.1.0.0
    ... ''', "ar -X32_64 -tv /usr/lib/libssl.a"))
    >>> [member.size for member in found.members_named("libssl.a", "libssl.so.0.9.8")]
    [745320, 801112]
    >>> found.archives
    ('libssl.a',)
    """

    source: str
    members: Tuple[ArchiveMember, ...]
    archives: Tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: Text) -> "LibraryArchives":
        """Raises BadEvidence when no member is listed, as with ar's own 0707 errors."""
        named = _ARCHIVE.search(text.name)
        any_text, members = False, []
        for quote in text.quotes():
            any_text = any_text or bool(quote.text.strip())
            row = _VERBOSE.fullmatch(quote.text) or _NAME_ONLY.fullmatch(quote.text)
            archive = named.group(1) if named else _archive_of(row.group("name")) if row else ""
            if row and archive:
                size = row.groupdict().get("size")
                members.append(ArchiveMember(archive, row.group("name"), int(size) if size else None, quote))
        if not any_text:
            raise BadEvidence(f"{text.source} is empty")
        if not members:
            raise BadEvidence(f"{text.source} lists no member of an archive")
        archives = tuple(dict.fromkeys(member.archive for member in members)) if _whole(text.name) else ()
        return cls(text.source, tuple(members), archives)

    @classmethod
    def combine(cls, parts: Sequence["LibraryArchives"]) -> "LibraryArchives":
        """One archive's members come from one part: the first that lists it whole, else the first."""
        members: List[ArchiveMember] = []
        complete = tuple(dict.fromkeys(archive for part in parts for archive in part.archives))
        for archive in dict.fromkeys(member.archive for part in parts for member in part.members):
            having = [part for part in parts if any(member.archive == archive for member in part.members)]
            best = next((part for part in having if part.listed(archive)), having[0])
            members += [member for member in best.members if member.archive == archive]
        sources = dict.fromkeys(part.source for part in parts)
        return cls(", ".join(sources), tuple(members), complete)

    def members_named(self, archive: str, name: str) -> Tuple[ArchiveMember, ...]:
        """The members of that name, two when there is one for each of 32 and 64 bit."""
        return tuple(member for member in self.members if member.archive == archive and member.name == name)

    def listed(self, archive: str) -> bool:
        """Whether every member of the archive is known, so that one not listed is gone."""
        return archive in self.archives

    def whole(self) -> Quote:
        """A quote that means the whole listing."""
        return Quote(self.source, None, "")


def _archive_of(member: str) -> str:
    if member.startswith("libssl"):
        return "libssl.a"
    return "libcrypto.a" if member.startswith("libcrypto") else ""


def _whole(command: str) -> bool:
    words = command.split()
    if not words or words[0].rsplit("/", 1)[-1].split("_")[0] != "ar":
        return True
    last = words[-1]
    return "|" not in command and bool(_ANY_OBJECT_MODE.search(command)) and (len(words) == 1 or last.endswith(".a"))
