"""`lsnim -l` on the master, and `nimclient -l -l` on a client: NIM objects and their attributes."""

import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.model.rows import ONLY_CLIENT, ONLY_MASTER, Kind, Row, fact
from nimdoctor.model.text import BadEvidence, Extent, OnlyAPart, Quote, Text

_HEADING = re.compile(r"([A-Za-z0-9_.@+-]+):\s*$")
_ATTRIBUTE = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s?(.*)$")
_MACHINE_TYPES = ("standalone", "vios", "wpar", "alternate_master", "diskless", "dataless")
SECURE = "nimsh (secure)"
ERROR = "err_info"
"""The attribute with the text of the last error, over several lines; each line is a value."""
PERFORMED, ENABLED, READY = "being performed", "enabled", "ready"
"""What a machine's control state (Cstate) says of an operation."""
# the words of other languages are remembered, not documented; none of them stands in an English state
_STATES = (
    (PERFORMED, ("is being performed", "en cours", "wird ausgef", "wird durchgef", "in corso", "en curso")),
    (ENABLED, ("has been enabled", "a \xe9t\xe9 activ", "wurde aktiviert", "stato abilitat", "sido habilitad")),
    (READY, ("ready for ", "pr\xeat pour", "bereit f", "pronto per", "listo para", "preparado para")),
)


class Attribute(NamedTuple):
    """One attribute row of a stanza."""

    name: str
    value: str
    at: Quote


class NimObject(NamedTuple):
    """One stanza: repeated and unknown attributes are kept in order.

    `partial` says that only some rows were shown (a pipe into grep), so that an attribute which is
    not here may still exist.
    """

    name: str
    attributes: Tuple[Attribute, ...]
    at: Quote
    partial: bool = False

    def get(self, name: str) -> Optional[str]:
        """The attribute's first value, None when the stanza does not show it."""
        return next((found.value for found in self.attributes if found.name == name), None)

    def every(self, name: str) -> Tuple[str, ...]:
        """All values of a repeated attribute, in order."""
        return tuple(found.value for found in self.attributes if found.name == name)

    def quote(self, name: str) -> Quote:
        """The attribute's row, or the stanza's heading when it has none."""
        return next((found.at for found in self.attributes if found.name == name), self.at)

    @property
    def connect(self) -> Optional[str]:
        """`shell`, `nimsh` or `nimsh (secure)`; None where the stanza has no such row."""
        value = self.get("connect")
        return re.sub(r"\s+", " ", value.strip().lower()) if value else None

    @property
    def state(self) -> Tuple[str, bool]:
        """PERFORMED, ENABLED, READY, or empty for words that are not known; and whether they are English ones."""
        value = re.sub(r"\s+", " ", (self.get("Cstate") or "").lower())
        for state, words in _STATES:
            for word in words:
                if word in value and "not ready" not in value:
                    return state, word == words[0]
        return "", False

    @property
    def is_machine(self) -> bool:
        """Whether a push can go there; networks, resources, groups, hmc and cec are none, nor is the master."""
        kind = self.get("type")
        if kind == "master":
            return False
        return kind in _MACHINE_TYPES if kind else self.connect is not None

    def host_names(self) -> Tuple[str, ...]:
        """Host names of its interfaces if1, if2 …: the second word of each."""
        interfaces = [
            found.value.split() for found in self.attributes if found.name[:2] == "if" and found.name[2:].isdecimal()
        ]
        return tuple(words[1] for words in interfaces if len(words) > 1)


@fact(
    Row("lsnim -l", Kind.COMMAND, roles=ONLY_MASTER, variants=("lsnim -l", "lsnim -Z -l", "lsnim -lZ")),
    reads_parts=True,
)
class NimObjects(NamedTuple):
    """Every stanza of a listing. `complete` says that it lists all objects of the master, `cut` that the listing itself
    was not given whole: then every stanza is partial.

    >>> objects = NimObjects.parse(Text.of('''master:
    ...    class               = machines
    ...    type                = master
    ...    ssl_support         = yes
    ... lpar7:
    ...    class          = machines
    ...    type           = standalone
    ...    connect        = nimsh (secure)
    ...    if1            = net_10_1 lpar7 0
    ... ''', "lsnim -l"))
    >>> [machine.name for machine in objects.machines()], objects.ssl_support()
    (['lpar7'], True)
    """

    source: str
    objects: Tuple[NimObject, ...]
    complete: bool = False
    cut: bool = False

    @classmethod
    def parse(cls, text: Text) -> "NimObjects":
        """Raises BadEvidence for an empty text or one without a stanza (an error message)."""
        operand, piped = _operand(text.name)
        cut = piped or not text.is_whole
        stanzas: List[Tuple[str, Quote, List[Attribute], bool]] = []
        error = ""
        for quote in text.quotes():
            heading = _HEADING.match(quote.text)
            if heading:
                stanzas.append((heading.group(1), quote, [], cut))
                continue
            row = _ATTRIBUTE.match(quote.text)
            if row and stanzas and cut and not operand and not _is_of(stanzas[-1][2], row.group(1), text):
                # lines are missing before it, the heading of its own object perhaps among them
                stanzas.append(("", quote, [], True))
            elif row and stanzas:
                stanzas[-1][2].append(Attribute(row.group(1), row.group(2).strip(), quote))
            elif row is None and stanzas and _goes_on(stanzas[-1][2], quote):
                stanzas[-1][2].append(Attribute(ERROR, quote.text.strip(), quote))
            elif row and operand and quote.text[:1] != "#":
                # `lsnim -l lpar7 | grep connect` shows the row without its stanza
                stanzas.append((operand, quote, [Attribute(row.group(1), row.group(2).strip(), quote)], True))
            elif re.search(r"\b0042-\d{3}\b", quote.text) and not error:
                error = quote.text.strip()
        objects = tuple(
            NimObject(name, tuple(rows), at, partial) for name, at, rows, partial in stanzas if rows and name
        )
        if not objects and stanzas and cut:
            raise OnlyAPart(f"only a part of {text.name} was given, and whose attributes it shows is not told")
        if not objects:
            nothing = f": {error or 'no NIM object in it'}" if text.read().strip() else " is empty"
            raise BadEvidence(f"{text.source}{nothing}")
        has_master = any(found.name == "master" for found in objects)
        whole = not cut and not operand and (text.name.split()[:1] in (["lsnim"], ["nimclient"]) or has_master)
        return cls(text.source, objects, whole and not error, cut)

    @classmethod
    def combine(cls, parts: Sequence["NimObjects"]) -> "NimObjects":
        """All listings together; of one object the fuller stanza counts."""
        found: Dict[str, NimObject] = {}
        for part in parts:
            for item in part.objects:
                known = found.get(item.name)
                if known is None or (known.partial and not item.partial):
                    found[item.name] = item
                elif known.partial and item.partial:
                    found[item.name] = NimObject(item.name, known.attributes + item.attributes, known.at, True)
        complete = any(part.complete for part in parts)
        cut = not complete and any(part.cut for part in parts)
        return cls(parts[0].source, tuple(found.values()), complete, cut)

    def get(self, name: str) -> Optional[NimObject]:
        """The object of that name."""
        return next((found for found in self.objects if found.name == name), None)

    def master(self) -> Optional[NimObject]:
        """The master's own stanza."""
        return self.get("master") or next((found for found in self.objects if found.get("type") == "master"), None)

    def machines(self) -> Tuple[NimObject, ...]:
        """Objects a push can go to."""
        return tuple(found for found in self.objects if found.is_machine)

    def connected(self, connect: str) -> Tuple[NimObject, ...]:
        """Machines whose `connect` has that value."""
        return tuple(found for found in self.machines() if found.connect == connect)

    def resources(self, kind: str) -> Tuple[NimObject, ...]:
        """Objects of that type, such as lpp_source."""
        return tuple(found for found in self.objects if found.get("type") == kind)

    def ssl_support(self) -> Optional[bool]:
        """Whether SSL is on; off shows as the attribute's absence; None where the stanza is not shown whole."""
        stanza = self.master()
        if stanza is None:
            return None
        value = stanza.get("ssl_support")
        if value is not None:
            return value.strip().lower() == "yes"
        return None if stanza.partial else False

    def ssl_quote(self) -> Quote:
        """The ssl_support row, or the master's heading when it has none."""
        stanza = self.master()
        return stanza.quote("ssl_support") if stanza else self.whole()

    def find_client(self, nim_name: Optional[str], names: Iterable[str], cpuid: Optional[str]) -> Tuple[NimObject, ...]:
        """The client's object by NIM name, else by an interface's host name, else by cpuid; none or several is possible."""
        if nim_name:
            # a master may have thousands of objects: the name is looked at before what kind they are
            known = [found for found in self.objects if found.name == nim_name and found.is_machine]
            if known:
                return tuple(known)
        wanted = {name.lower() for name in names if name}
        known = [found for found in self.machines() if wanted & {name.lower() for name in found.host_names()}]
        if not known:
            short = {name.split(".")[0] for name in wanted}
            known = [
                found
                for found in self.machines()
                if short & {name.lower().split(".")[0] for name in found.host_names()}
            ]
        if not known and cpuid:
            known = [found for found in self.machines() if (found.get("cpuid") or "").upper() == cpuid.upper()]
        return tuple(known)

    def whole(self) -> Quote:
        """A quote that means the whole listing."""
        return Quote(self.source, None, "")


@fact(
    Row(
        "nimclient -l -l {NIM_NAME}",
        Kind.COMMAND,
        roles=ONLY_CLIENT,
        variants=("nimclient -l -l", "nimclient -ll", "nimclient -l -L"),
        bears_refusal=True,
    ),
    Row("nimclient -l -l master", Kind.COMMAND, roles=ONLY_CLIENT, bears_refusal=True),
    reads_parts=True,
)
class NimclientObjects(NimObjects):
    """What a client can see of its master's objects: `nimclient -l -l NAME`, `nimclient -l -l master`."""


def _is_of(before: Sequence[Attribute], name: str, text: Text) -> bool:
    """Whether an attribute belongs to the heading above it, where lines may be missing in between."""
    if text.extent is Extent.FILTERED and not text.coverage.words:
        return False
    # what an object has once begins the next one's; lsnim prints the class first
    return name not in ("class", "type", "connect", "Cstate", "cpuid", "if1") or all(row.name != name for row in before)


def _goes_on(rows: Sequence[Attribute], quote: Quote) -> bool:
    """Whether a line belongs to the error above it: it comes right below, and is not blank."""
    last = rows[-1] if rows else None
    below = last is not None and last.at.line is not None and quote.line == last.at.line + 1
    return below and last is not None and last.name == ERROR and bool(quote.text.strip())


def _operand(command: str) -> Tuple[str, bool]:
    """The object a command line names, if any, and whether its output went through a pipe."""
    first, _, rest = command.partition("|")
    words = [word for word in first.split() if not word.startswith("-")]
    if words[:1] not in (["lsnim"], ["nimclient"]):
        return "", bool(rest)
    return (words[1] if len(words) > 1 else ""), bool(rest)
