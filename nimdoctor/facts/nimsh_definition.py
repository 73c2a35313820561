"""`lssrc -S -s nimsh`: how SRC starts nimsh, from the object class of its subsystems."""

from typing import NamedTuple

from nimdoctor.facts.src_lines import lines_of
from nimdoctor.model.rows import Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Quote, Text, first_words

_DEFAULT_ORDER = ("subsysname", "synonym", "cmdargs", "path")
_FIELDS = ("subsysname", "cmdargs", "path")


@fact(Row("lssrc -S -s nimsh", Kind.COMMAND, variants=("lssrc -Ss nimsh",)), reads_parts=True)
class NimshDefinition(NamedTuple):
    """How SRC starts nimsh, from `lssrc -S -s nimsh`; it holds even while nimsh is down.

    >>> nimsh = NimshDefinition.parse(Text.of('''#subsysname:synonym:cmdargs:path:uid:auditid:standin
    ... nimsh::-s -c:/usr/sbin/nimsh:0:0:/dev/console
    ... ''', "lssrc -S -s nimsh"))
    >>> nimsh.cmdargs, nimsh.path, nimsh.secure, nimsh.push_disabled
    ('-s -c', '/usr/sbin/nimsh', True, False)
    """

    source: str
    cmdargs: str
    path: str
    at: Quote

    @classmethod
    def parse(cls, text: Text) -> "NimshDefinition":
        """Raises BadEvidence for an empty text or one without a definition of nimsh."""
        places = {field: place for place, field in enumerate(_DEFAULT_ORDER)}
        columns = 0
        quotes = lines_of(text)
        for quote in quotes:
            fields = [field.strip() for field in quote.text.split(":")]
            if fields[0].lstrip("# ") == "subsysname" and "cmdargs" in fields and "path" in fields:
                fields[0] = "subsysname"
                places = {field: place for place, field in enumerate(fields)}
                columns = len(fields)
                continue
            if len(fields) <= max(places[field] for field in _FIELDS):
                continue
            surplus, start = len(fields) - columns, places["cmdargs"]
            if columns and surplus > 0 and not fields[places["path"]].startswith("/"):
                # more fields than headings: the arguments are the one free text and hold colons
                fields[start : start + surplus + 1] = [":".join(fields[start : start + surplus + 1])]
            path = fields[places["path"]] if len(fields) > places["path"] else ""
            if fields[places["subsysname"]] == "nimsh" and path.startswith("/"):
                return cls(text.source, fields[start], path, quote)
        raise BadEvidence(f"{text.source} holds no definition of nimsh: {first_words(quotes[0].text)}")

    @property
    def secure(self) -> bool:
        """Whether nimsh starts with cryptographic authentication on."""
        return "-c" in self.cmdargs.split()

    @property
    def push_disabled(self) -> bool:
        """Whether nimsh starts with push refused."""
        return "-P" in self.cmdargs.split()

    def whole(self) -> Quote:
        """A quote that means all of it."""
        return Quote(self.source, None, "")
