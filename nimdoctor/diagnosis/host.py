"""One host under diagnosis: its evidence, and the facts made of it when somebody asks."""

import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple, Type, TypeVar

from nimdoctor import facts
from nimdoctor.diagnosis.parameters import parameters
from nimdoctor.evidence.catalog import Catalog, Kind, Row, path_matches
from nimdoctor.evidence.date_reader import DateReader
from nimdoctor.evidence.source import Evidence
from nimdoctor.evidence.x509 import X509Reader
from nimdoctor.model.host_readers import CertificateReader, ClockReader, EvidenceTime
from nimdoctor.model.language import NOT_ENGLISH, is_english
from nimdoctor.model.rows import reads_parts
from nimdoctor.model.text import BadEvidence, Extent, OnlyAPart, Text, Unreadable, first_words
from nimdoctor.model.unreadable import denial

T = TypeVar("T")

_UNREAD = "cannot be read: "
ONLY_A_PART = "only a part of it was given, and the whole tells"
LPP_SOURCES = 20
"""lpp_sources of a live master that are listed for a fix."""


class _Absence(NamedTuple):
    """What a FactAbsent says. The exception itself would hold on to all that was at work when it was raised."""

    missing: Tuple[str, ...]
    message: str


class FactAbsent(Exception):
    """A fact cannot be had; `missing` are the catalog names that would serve, the message says why."""

    def __init__(self, missing: Tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.missing = missing
        self.message = message


class Host:
    """A host: `roles` it plays (client, master; empty when unknown), its name, its facts.

    `fact` parses what the evidence holds, once. Nothing is read before it is asked for.
    """

    def __init__(self, evidence: Evidence, catalog: Catalog, roles: Optional[Tuple[str, ...]] = None) -> None:
        self.evidence = evidence
        self.catalog = catalog
        self._facts: Dict[Any, Any] = {}
        self._names: Optional[Dict[str, str]] = None
        self._unread: Dict[str, str] = {}
        self._parts: Dict[Any, str] = {}
        self._withheld: Set[str] = set()
        self._understood: Set[str] = set()
        self.client: Optional[Host] = None
        """The client that a master is scanned with: what is asked of the master about it is by its names."""
        self.role_stated = True
        self.role_given = roles is not None
        self.roles = roles or self._detect_roles()
        self.name = self._detect_name()

    def only_of(self, role: str, kind: Any) -> bool:
        """Whether evidence for that fact is there only on hosts of that role, so that it cannot be this host's own."""
        rows = self.catalog.rows_for(kind.__name__)
        return bool(rows) and all(row.roles == {role} for row in rows)

    def optional(self, kind: Type[T]) -> Optional[T]:
        """The fact, or None when it cannot be had."""
        try:
            return self.fact(kind)
        except FactAbsent:
            return None

    def fact(self, kind: Type[T]) -> T:
        """The fact of that class. Raises Absent; anything else means that its parser is broken."""
        if kind not in self._facts:
            try:
                self._facts[kind] = self._make(kind)
            except FactAbsent as absent:
                self._facts[kind] = _Absence(absent.missing, absent.message)
        found = self._facts[kind]
        if isinstance(found, _Absence):
            raise FactAbsent(*found)
        return found  # type: ignore[no-any-return]

    def _make(self, kind: Any) -> Any:
        if kind in _GIVEN:
            return _GIVEN[kind](self.evidence, self.catalog)
        if hasattr(kind, "derive"):
            return self._derive(kind)
        parts = []
        unread: Dict[str, str] = {}
        rows = self.catalog.rows_for(kind.__name__)
        if hasattr(kind, "of_record"):
            path_rows = [row for row in rows if row.kind is Kind.PATHS]
            parts.append(kind.of_record(self.evidence.paths(path_rows)))
            rows = [row for row in rows if row.kind is not Kind.PATHS]
        for row in rows:
            for text in self._texts(row, kind):
                try:
                    parts.append(_parsed(row, text, kind))
                    self._understood.add(row.label)
                except BadEvidence as error:
                    if isinstance(error, OnlyAPart):
                        self._parts[kind] = row.label
                    unread.setdefault(row.label, self._why_unread(row.label, text, error))
                    self._unread.setdefault(row.label, unread[row.label])
            if parts and not hasattr(kind, "combine"):
                break
        if parts:
            self._parts.pop(kind, None)
            return parts[0] if not hasattr(kind, "combine") else kind.combine(parts)
        if not unread and hasattr(kind, "absent"):
            for row in rows:
                if row.kind is Kind.FILE and self.absent(row.name):
                    return kind.absent(row.name)
        self._withheld.update(row.label for row in rows if kind in self._parts)
        raise self._absent(kind, rows)

    def only_a_part(self, kind: Any) -> str:
        """The catalog name of what that fact rests on where a part that says nothing sure was given of it; else empty."""
        return self._parts.get(kind, "")

    def withheld(self, name: str) -> bool:
        """Whether evidence of that catalog name was given only in a part that says nothing sure."""
        return name in self._withheld

    def _why_unread(self, label: str, text: Text, error: BadEvidence) -> str:
        """The words for a text that is there: that it cannot be read, or that it is not understood, and its first line."""
        why = str(error)
        if why.startswith(text.source):
            why = why[len(text.source) :].lstrip(": ")
        if isinstance(error, OnlyAPart):
            shown = [name for name in (text.name, text.source) if name != label]
            return f"{why} ({', '.join(dict.fromkeys(shown))})" if shown else why
        given = "" if self.evidence.live else "given but "
        where = f" ({text.source})" if text.source not in (label, text.name) or "*" in label else ""
        if isinstance(error, Unreadable):
            why = why[len(_UNREAD) :] if why.startswith(_UNREAD) else why
            return f"{given}{_UNREAD}{why}{where}"
        first = next((quote for quote in text.quotes() if quote.text.strip()), None)
        if first and first_words(first.text) not in why:
            why = f"{why}: line {first.line}: {first_words(first.text)}"
        if text.command and not is_english(text.read()):
            why = f"{NOT_ENGLISH} ({why})"
        return f"{given}not understood: {why}{where}"

    def _derive(self, kind: Any) -> Any:
        given: Dict[str, Any] = {}
        missing: List[str] = []
        reasons: List[str] = []
        for name, (wanted, _, optional) in parameters(kind.derive).items():
            try:
                given[name] = self.fact(wanted)
            except FactAbsent as absent:
                missing += [label for label in absent.missing if label not in missing]
                if not optional:
                    raise
                reasons.append(absent.message)
                given[name] = None
            finally:
                if wanted in self._parts:
                    self._parts.setdefault(kind, self._parts[wanted])
        try:
            return kind.derive(**given)
        except BadEvidence as error:
            if isinstance(error, OnlyAPart):
                self._withheld.update(error.missing)
                self._parts[kind] = next(iter(error.missing), kind.__name__)
            labels = missing or error.missing or [row.label for row in self.catalog.rows_for(kind.__name__)[:1]]
            reasons += list(filter(None, map(self.unread, error.missing)))
            raise FactAbsent(tuple(labels), "; ".join(dict.fromkeys(reasons)) or str(error)) from error

    def absent(self, path: str) -> bool:
        """Whether that path is known not to exist."""
        if self.evidence.file_absent(path):
            return True
        return bool(self.fact(facts.Paths).absent(path))

    def _absent(self, kind: Any, rows: List[Row]) -> FactAbsent:
        labels = tuple(row.label for row in rows[:1])
        if not labels:
            return FactAbsent((kind.__name__,), f"nothing in the catalog feeds {kind.__name__}")
        # what was there and could not be used says more than that another source of it was not
        reasons = (self.unread(row.label) for row in rows)
        return FactAbsent(labels, next(filter(None, reasons), "") or self.why_missing(labels[0]))

    def unread(self, name: str) -> str:
        """Why evidence of that catalog name, which is there or was asked for, could not be had or understood, in words.

        Empty where there is nothing of the kind: it was used, it is known to be absent, or nobody collected it.
        """
        known = {**self._unread, **self.evidence.problems}
        if name in known:
            return f"{name}: {known[name]}"
        if name.startswith("/"):
            return next((f"{path}: {known[path]}" for path in sorted(known) if _concerns(path, name)), "")
        return ""

    @property
    def all_understood(self) -> bool:
        """Whether all that was read so far was understood, and whole: what was not is told in other words from then on."""
        return not (self._unread or self._parts or self._withheld)

    @property
    def unread_evidence(self) -> Dict[str, str]:
        """What could not be had or understood so far, by catalog name: why."""
        unread = {name: why for name, why in self._unread.items() if name not in self._understood}
        return {**unread, **self.evidence.problems}

    def why_missing(self, name: str) -> str:
        """Why the evidence of that catalog name is not there, in words."""
        unread = self.unread(name)
        if unread:
            return unread
        if name.startswith("/") and self._known_absent(name):
            return f"{name} does not exist on this host"
        return f"{name} could not be had" if self.evidence.live else f"{name} was not collected"

    def _known_absent(self, name: str) -> bool:
        if "*" not in name:
            return self.absent(name)
        paths = self.fact(facts.Paths)
        return bool(paths.absent(name.partition("/*")[0]) or (paths.listed(name) and not paths.matching(name)))

    def _texts(self, row: Row, kind: Any) -> Iterator[Text]:
        if kind.__name__ in row.live_for and self.evidence.live:
            row = row._replace(live=True)
        names = self.placeholders(row)
        if "{LPP_SOURCE}" in row.name and row.live and self.evidence.live:
            objects = self.optional(facts.NimObjects)
            for found in objects.resources("lpp_source")[:LPP_SOURCES] if objects else ():
                yield from self.evidence.texts(row, {**names, "LPP_SOURCE": found.name})
            return
        if row.when_known and self.evidence.live and row.argv(names) is None:
            return
        yield from self.evidence.texts(row, names)

    def placeholders(self, row: Row) -> Mapping[str, str]:
        """What fills the placeholders of that row's command, as far as it is known; empty for recorded evidence."""
        return self._values() if "{" in row.name and self.evidence.live else {}

    def command(self, row: Row) -> Tuple[str, ...]:
        """The row's command with what is known in the places of its placeholders; a name that is not stays in capitals."""
        names = self._values() if "{" in row.name else {}
        return tuple(names.get(word.strip("{}"), word.strip("{}")) for word in row.name.split())

    def _values(self) -> Mapping[str, str]:
        if self._names is None:
            info = self.optional(facts.NimInfo)
            client = self.client.optional(facts.NimInfo) if self.client else info
            self._names = {"APARS": " ".join(self.fact(facts.LevelTables).apars())}
            for placeholder, value in (
                ("NIM_NAME", info.get("NIM_NAME") if info else None),
                ("CLIENT_HOSTNAME", client.get("NIM_HOSTNAME") if client else None),
                ("CLIENT_ADDRESS", client.address_of(client.get("NIM_HOSTNAME")) if client else None),
                ("MASTER_HOSTNAME", info.get("NIM_MASTER_HOSTNAME") if info else None),
                ("MASTER_ADDRESS", info.address_of(info.get("NIM_MASTER_HOSTNAME")) if info else None),
            ):
                # a name that begins with a dash would be read as an option by the command it is given to
                if value and not value.startswith("-"):
                    self._names[placeholder] = value
        return self._names

    def _detect_roles(self) -> Tuple[str, ...]:
        if self.evidence.roles:
            return tuple(self.evidence.roles)
        info = self.optional(facts.NimInfo)
        if info and info.roles:
            return info.roles
        # from here on the role is only guessed by what was collected
        self.role_stated = False
        if self.optional(facts.NimObjects):
            return ("master",)
        filesets = self.optional(facts.Filesets)
        # nim.client is installed on hosts of no master too, where SRC knows no nimsh
        subsystems = self.optional(facts.Subsystems) if filesets and filesets.of_client_alone else None
        if subsystems and subsystems.get("nimsh"):
            # of several files in one heap this one may be of another host
            self.role_stated = not self.evidence.loose
            return ("client",)
        if self.optional(facts.NimclientObjects) or self.optional(facts.NimshLog) or facts.NimshLog in self._parts:
            return ("client",)
        return ()

    def _detect_name(self) -> Optional[str]:
        if self.evidence.host:
            return self.evidence.host
        name = self.optional(facts.HostName)
        if name:
            return name.name
        info = self.optional(facts.NimInfo)
        if info:
            own = info.get("NIM_HOSTNAME") or info.get("NIM_NAME")
            if own:
                return own
        objects = self.optional(facts.NimObjects) if "master" in self.roles else None
        stanza = objects.master() if objects else None
        names = stanza.host_names() if stanza else ()
        return names[0] if names else None

    def left_out(self) -> Tuple[str, ...]:
        """Roles that its evidence states and that it is not looked at in, by the word of somebody."""
        if not self.role_given:
            return ()
        info = None if self.evidence.roles else self.optional(facts.NimInfo)
        stated = self.evidence.roles or (info.roles if info else ())
        return tuple(role for role in stated if role not in self.roles)

    @property
    def role(self) -> str:
        """The roles as one word for a report: client, master, `client,master` or unknown."""
        return ",".join(role for role in ("client", "master") if role in self.roles) or "unknown"

    @property
    def vios(self) -> Tuple[Optional[str], bool]:
        """The level of a Virtual I/O Server, and whether it is one, as far as the facts tell that somebody asked for."""
        asked = {kind.__name__: found for kind, found in self._facts.items() if not isinstance(found, _Absence)}
        ios, filesets = asked.get("IosLevel"), asked.get("Filesets")
        return (ios.level if ios else None), bool(ios or (filesets and filesets.of_vios))

    @property
    def oslevel(self) -> Optional[str]:
        """`7200-05-03-2136`, or None when it is not known."""
        level = self.optional(facts.OsLevel)
        return level.text if level else None


def _evidence_time(evidence: Evidence, catalog: Catalog) -> EvidenceTime:
    return EvidenceTime(evidence.collected, int(time.time()), evidence.live and not evidence.remote)


def _clock(evidence: Evidence, catalog: Catalog) -> ClockReader:
    return DateReader(evidence, catalog)


def _certificates(evidence: Evidence, catalog: Catalog) -> CertificateReader:
    return X509Reader(evidence, catalog)


_GIVEN: Dict[Any, Callable[[Evidence, Catalog], Any]] = {
    EvidenceTime: _evidence_time,
    ClockReader: _clock,
    CertificateReader: _certificates,
}
"""What the host itself gives to facts and checks that ask for it, once."""


def _parsed(row: Row, text: Text, kind: Any) -> Any:
    """The fact of that text. Raises BadEvidence, Unreadable also for output of which the command says that it was refused
    a part: nobody knows what is not in it.
    """
    if not (text.is_whole or reads_parts(kind)):
        raise OnlyAPart(ONLY_A_PART)
    if row.kind is not Kind.COMMAND:
        return kind.parse(text)
    refusal = denial(text.stderr) or denial(text.read(), text.name.split(" ", 1)[0])
    if refusal and not row.bears_refusal:
        raise Unreadable(refusal)
    if refusal:
        text.shortened(Extent.EXCERPT)
    try:
        return kind.parse(text)
    except BadEvidence as error:
        raise Unreadable(refusal) if refusal else error from error


def _concerns(path: str, name: str) -> bool:
    """Whether what is the matter with one path or pattern may be why another is missing."""
    if not path.startswith("/"):
        return False
    return path_matches(path, name) or path_matches(name, path) or name.startswith(f"{path}/")
