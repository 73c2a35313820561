"""How a fileset of NIM stands to each security generation: carried, lacking or not known, and what shows it."""

from typing import Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.emgr import InterimFix, InterimFixes
from nimdoctor.facts.generation import proof
from nimdoctor.facts.instfix import Apars
from nimdoctor.facts.level import Level
from nimdoctor.facts.level_table import LevelRow, technology_level
from nimdoctor.facts.lslpp import CLIENT_FILESET, MASTER_FILESET, Filesets
from nimdoctor.facts.oslevel import IosLevel, OsLevel
from nimdoctor.facts.site_levels import LevelTables
from nimdoctor.model.text import Quote

NIM_CLIENT, NIM_MASTER = CLIENT_FILESET, MASTER_FILESET
CARRIED, LACKING, NOT_KNOWN = "carried", "lacking", "not known"

_INFERRED = "C"
_ONE_SOURCE = "B"


class Standing(NamedTuple):
    """How a fileset stands to one generation: `state` is carried, lacking or not known, `why` is in words.

    `sure` is the mark of what that rests on, `site` that it rests on a site's own row alone; `against` speaks against
    it, `missing` names what would tell, `waiting` are labels of interim fixes that bring it with the next reboot.
    """

    generation: str
    state: str
    why: str
    sure: str = "A"
    evidence: Tuple[Quote, ...] = ()
    against: Tuple[Quote, ...] = ()
    missing: Tuple[str, ...] = ()
    site: bool = False
    waiting: Tuple[str, ...] = ()


class FilesetStanding(NamedTuple):
    """One installed fileset of NIM; `generations` in order, the lowest first."""

    fileset: str
    level: str
    at: Quote
    generations: Tuple[Standing, ...]

    @property
    def proved(self) -> Optional[str]:
        """The highest generation that is carried, G0 where the lowest is known to lack; None where neither is known."""
        carried = [found.generation for found in self.generations if found.state == CARRIED]
        return max(carried) if carried else "G0" if self.generations[0].state == LACKING else None

    def standing(self, generation: str) -> Standing:
        """How it stands to that generation."""
        unlisted = Standing(generation, NOT_KNOWN, f"no table tells of {generation}")
        return next((found for found in self.generations if found.generation == generation), unlisted)


class GenerationJudge:
    """Everything that is known of a host, asked fileset by fileset."""

    def __init__(
        self,
        filesets: Filesets,
        apars: Optional[Apars],
        fixes: Optional[InterimFixes],
        level: Optional[OsLevel],
        ios: Optional[IosLevel],
        tables: LevelTables,
    ) -> None:
        self.filesets = filesets
        self.apars = apars
        self.fixes = fixes
        self.level = level
        self.ios = ios
        self.table = tables.rows("generations")
        self.affected = tables.rows("nim_affected")
        self._affected_rows: Dict[str, List[LevelRow]] = {}
        every = {row.text("generation") for row in (*self.table, *tables.rows("nim_cves"))}
        self.generations = tuple(sorted(every))
        lines = self._lines()
        here = [row for row in self.table if row.text("tl") in lines]
        self._here = {one: tuple(row for row in here if row.text("generation") == one) for one in self.generations}
        self.known_apars: FrozenSet[str] = frozenset(row.text("apar") for row in self.table if row.get("apar"))

    def line(self, name: str) -> str:
        """The release of a VIOS, else the technology level of AIX, by the fileset's level where nothing else tells."""
        if self.ios:
            return self.ios.release
        if self.level and self.level.technology_level:
            return self.level.technology_level
        vrmf = self.filesets.vrmf(name)
        return technology_level(vrmf) if vrmf else ""

    def rows(self, generation: str) -> Tuple[LevelRow, ...]:
        """Rows by which this host's line can carry that generation."""
        return self._here.get(generation, ())

    def cures(self, generation: str) -> Tuple[LevelRow, ...]:
        """Rows of what can be installed here for it: on a VIOS only its own, where there are any of VIOS."""
        vios = [
            row for row in self.table if row.text("generation") == generation and row.text("tl").startswith("VIOS ")
        ]
        rows = self.rows(generation)
        return tuple(row for row in rows if row in vios) if self.ios and vios else rows

    def fileset(self, name: str) -> FilesetStanding:
        """How it stands to every generation: a higher one includes the lower, and lacks what a lower one lacks."""
        found: List[Standing] = []
        for generation in self.generations:
            lower = next((one for one in found if one.state == LACKING), None)
            found.append(self._standing(name, generation, lower))
        for place, one in enumerate(found):
            # what is said of a higher one against all expectation holds for the lower too
            for higher in found[place + 1 :]:
                if higher.state == CARRIED or (one.state, higher.state) == (LACKING, NOT_KNOWN):
                    found[place] = one = higher._replace(generation=one.generation) if one.state != CARRIED else one
        row = self.filesets.get(name)
        return FilesetStanding(
            name, self.filesets.level(name) or "", row.at if row else self.filesets.whole(), tuple(found)
        )

    def _standing(self, name: str, generation: str, lower: Optional[Standing]) -> Standing:
        carried = self._carried(name, generation)
        affected = self._affected(name, generation)
        if affected:
            return affected._replace(against=carried.evidence) if carried else affected
        denied = self._denied(generation)
        if carried and denied and carried.evidence[0] in self._level_quotes():
            why = f"{carried.evidence[0].source} and {denied[0].source} contradict each other"
            return Standing(generation, NOT_KNOWN, why, evidence=carried.evidence + denied)
        if carried:
            return carried
        if lower:
            return lower._replace(generation=generation, waiting=self._waiting(generation))
        none_made = self._none_made(name, generation)
        if none_made:
            return none_made
        return self._by_apars(name, generation, denied)

    # what carries it

    def _carried(self, name: str, generation: str) -> Optional[Standing]:
        """What shows the generation there, nimdoctor's own rows before a site's."""
        rows = sorted(self.rows(generation), key=lambda row: row.of_site)
        for row in rows:
            quote = proof(row, self.apars, None, self.level, self.ios)
            if quote:
                return _carried(generation, row, quote)
        fix = self._by_interim_fix(name, generation)
        if fix:
            return _carried(generation, fix.row, fix.at, fix.unsure)
        vrmf = self.filesets.vrmf(name)
        for row in self._ranges(name):
            found = row.range("affected")
            if row.text("generation") == generation and vrmf and found and vrmf > found.high:
                return _carried(generation, row, self.filesets.quote(name))
        return None

    def _by_interim_fix(self, name: str, generation: str) -> Optional["_ByFix"]:
        """A stable fix of that generation or a higher one that covers the fileset; without emgr's list, one that instfix
        says is installed.

        There are fixes of their own for clients and for masters, and `lslpp` shows which filesets one locks.
        """
        locked = [one for one in (NIM_CLIENT, NIM_MASTER) if self.filesets.efix_locked(one)]
        if locked and name not in locked:
            return None
        for row in sorted(self.rows(generation), key=lambda row: row.of_site):
            for fix in self.fixes.fixes if self.fixes and row.get("apar") else ():
                if fix.stable and row.get("apar") in fix.apars:
                    return _ByFix(row, fix.at)
            told = self.apars.by_interim_fix(row.text("apar")) if self.apars and self.fixes is None else None
            if told:
                return _ByFix(row, told.at, f"by interim fix {told.interim_fix}, whose state instfix does not tell")
        return None

    # what lacks it

    def _affected(self, name: str, generation: str) -> Optional[Standing]:
        """The fileset's own level is one that a bulletin lists, for this generation or a lower one.

        An interim fix leaves the level as it is, so emgr must show that none treats it.
        """
        vrmf = self.filesets.vrmf(name)
        if vrmf is None or self._treated(name, generation):
            return None
        for row in self._ranges(name):
            found = row.range("affected")
            if row.text("generation") <= generation and found and vrmf in found:
                quotes = (self.filesets.quote(name), *([row.at] if row.at else []))
                why = f"{name} {self.filesets.level(name)} is among the levels listed, {found}"
                cured = [one for one in self.generations if one < generation and self._treated(name, one)]
                if row.text("generation") in cured:
                    # the list speaks of what the interim fix cured; the level still tells that nothing later came
                    why = f"{name} {self.filesets.level(name)} is from before {generation}, and its interim fix is of {cured[-1]}"
                if self.fixes is None or not self.fixes.complete:
                    unless = "a later one" if cured else "an interim fix"
                    return Standing(
                        generation, NOT_KNOWN, f"{why}, unless {unless} is there", "A", quotes, (), ("emgr -lv3",)
                    )
                if self._unexplained_lock(name):
                    return self._locked(name, generation)
                waiting = self._waiting(generation)
                return Standing(generation, LACKING, why, row.sure, quotes, site=row.of_site, waiting=waiting)
        return None

    def _treated(self, name: str, generation: str) -> bool:
        return any(self._by_interim_fix(name, one) for one in self.generations if one >= generation)

    def _denied(self, generation: str) -> Tuple[Quote, ...]:
        """instfix's answers, where it knows of none of this line's APARs; a site's row alone says nothing."""
        named = [row for row in self.rows(generation) if row.get("apar")]
        if not self.apars or all(row.of_site for row in named):
            return ()
        answers = [self.apars.row(row.text("apar")) for row in named]
        if not all(answer and answer.installed is False for answer in answers):
            return ()
        return tuple(answer.at for answer in answers if answer)

    def _by_apars(self, name: str, generation: str, denied: Tuple[Quote, ...]) -> Standing:
        if denied and self.fixes is not None and self.fixes.complete and not self._unexplained_lock(name):
            # "Not all filesets" may be said for the sake of another one
            partly = any("Not all" in quote.text for quote in denied)
            sure = max(_INFERRED if partly else "A", *(row.sure for row in self.rows(generation)))
            pending = [fix for fix in self.fixes.fixes if not fix.stable and self._is_of(fix, generation)]
            why = "; ".join(f"interim fix {fix.label} is there, but in state {fix.state}" for fix in pending)
            lacking = "neither its APAR nor an interim fix is there"
            if partly:
                lacking = "its APAR is there in part, likely not for NIM, and no interim fix is"
            quotes = (*denied, *(fix.at for fix in pending)) if pending else (*denied, self.fixes.whole())
            return Standing(generation, LACKING, why or lacking, sure, quotes, waiting=self._waiting(generation))
        if self._unexplained_lock(name):
            return self._locked(name, generation)
        if not self.rows(generation):
            if not self._lines():
                return Standing(generation, NOT_KNOWN, "the level of the host is not known", missing=("oslevel -s",))
            why = f"{self._lines()[-1]} is newer than the newest level known to carry {generation}: likely included"
            if not any(row.text("generation") == generation for row in self.table):
                why = f"no table says which level carries {generation}"
            return Standing(generation, NOT_KNOWN, why, evidence=self._basis(name))
        named = ", ".join(row.text("apar") for row in self.rows(generation) if row.get("apar"))
        missing = [] if denied or not named else ["instfix -ik APARS"]
        missing += ["emgr -lv3"] if self.fixes is None or not self.fixes.complete else []
        why = f"nothing shows whether {generation} is there" + (f" (APAR {named})" if named else "")
        return Standing(generation, NOT_KNOWN, why, missing=tuple(missing or ["oslevel -s"]))

    def _locked(self, name: str, generation: str) -> Standing:
        why = f"an interim fix locks {name}, and no table knows its APAR"
        return Standing(generation, NOT_KNOWN, why, evidence=(self.filesets.quote(name),), missing=("emgr -lv3",))

    def _none_made(self, name: str, generation: str) -> Optional[Standing]:
        """A technology level, or release of VIOS, older than the oldest for which the fix was made."""
        lines = self._lines()
        # a VIOS is judged by its own release where the table has rows of VIOS at all
        for line in reversed(lines):
            made = [row.text("tl") for row in self.table if row.text("generation") == generation]
            alike = [tl for tl in made if tl.startswith("VIOS ") == line.startswith("VIOS ")]
            if line in alike:
                return None
            if alike:
                older = _older_than_all(line, alike)
                if not older or self._unexplained_lock(name):
                    return None
                why = f"likely no fix of {generation} or later was made for {line}"
                return Standing(
                    generation, LACKING, why, _INFERRED, self._level_quotes() or (self.filesets.quote(name),)
                )
        return None

    # what is known

    def _lines(self) -> Tuple[str, ...]:
        """The technology level of AIX, then the release of VIOS."""
        aix = self.level.technology_level if self.level else ""
        if not aix:
            vrmf = self.filesets.vrmf(NIM_CLIENT) or self.filesets.vrmf(NIM_MASTER)
            aix = technology_level(vrmf) if vrmf else ""
        return tuple(line for line in (aix, self.ios.release if self.ios else "") if line)

    def _level_quotes(self) -> Tuple[Quote, ...]:
        return tuple(found.at for found in (self.level, self.ios) if found)

    def _basis(self, name: str) -> Tuple[Quote, ...]:
        """The lines that tell the technology level."""
        return self._level_quotes() or (self.filesets.quote(name),)

    def _is_of(self, fix: InterimFix, generation: str) -> bool:
        return any(row.get("apar") in fix.apars for row in self.rows(generation))

    def _waiting(self, generation: str) -> Tuple[str, ...]:
        fixes = self.fixes.fixes if self.fixes else ()
        return tuple(fix.label for fix in fixes if fix.waits_for_reboot and self._is_of(fix, generation))

    def _ranges(self, name: str) -> Sequence[LevelRow]:
        if name not in self._affected_rows:
            tl = technology_level(self.filesets.vrmf(name) or Level(()))
            found = [row for row in self.affected if row.text("fileset") == name and row.text("tl") == tl]
            self._affected_rows[name] = found
        return self._affected_rows[name]

    def _unexplained_lock(self, name: str) -> bool:
        """Whether an interim fix locks the fileset that no listed fix with an APAR of the tables accounts for."""
        if not self.filesets.efix_locked(name):
            return False
        return not any(self.known_apars & set(fix.apars) for fix in (self.fixes.fixes if self.fixes else ()))


class _ByFix(NamedTuple):
    """An interim fix of a row of `generations`: the line that shows it, and what is not sure of it."""

    row: LevelRow
    at: Quote
    unsure: str = ""


def _carried(generation: str, row: LevelRow, quote: Quote, unsure: str = "") -> Standing:
    quotes = (quote, row.at) if row.at else (quote,)
    why = f"{generation} is there{unsure and ' ' + unsure} ({row.source})"
    return Standing(
        generation, CARRIED, why, max(row.sure, _ONE_SOURCE) if unsure else row.sure, quotes, site=row.of_site
    )


def _older_than_all(line: str, others: Sequence[str]) -> bool:
    """Whether a line is older than all of its version's, or than every version of which there are some.

    >>> _older_than_all("7100-05", ["7200-05", "7300-02"]), _older_than_all("7300-01", ["7200-05", "7300-02"])
    (True, True)
    >>> _older_than_all("7300-05", ["7200-05", "7300-02"]), _older_than_all("VIOS 3.1.4", ["VIOS 4.1.0"])
    (False, True)
    """
    here, there = _order(line), [_order(other) for other in others]
    same_version = [other for other in there if other[:1] == here[:1]]
    return here < min(same_version or there)


def _order(line: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in line.replace("VIOS ", "").replace(".", "-").split("-"))
