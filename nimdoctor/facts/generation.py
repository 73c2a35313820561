"""Which security generation of NIM a host carries, proved by APAR, interim fix or service pack."""

from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Tuple

from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.facts.instfix import Apars
from nimdoctor.facts.level import Level
from nimdoctor.facts.level_table import LevelRow, table, technology_level
from nimdoctor.facts.lslpp import CLIENT_FILESET, Filesets
from nimdoctor.facts.oslevel import IosLevel, OsLevel
from nimdoctor.facts.site_levels import LevelTables
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote

_FIRST_CONCERNED = Level((7, 2, 5))
"""The level of nim.client from which on the fixes were made."""


@fact()
class NimGeneration(NamedTuple):
    """The highest generation the evidence proves, and those it rules out.

    `proved` is G0 to G3, or None when nothing is proved: that is unknown, never unpatched. G0 is
    proved where no fix was ever made for the level (before 7.2 TL5), or where every APAR of the
    level was asked for and none, nor an interim fix, is there. `concerned` says that the level is
    one of those for which the fixes were made; where nothing else tells it, that of nim.client does.
    `proof` are the commands that would prove it, in the order in which they are typed.
    """

    proved: Optional[str]
    concerned: bool
    ruled_out: FrozenSet[str] = frozenset()
    evidence: Tuple[Quote, ...] = ()
    proof: Tuple[Tuple[str, ...], ...] = ()

    @classmethod
    def derive(
        cls,
        apars: Optional[Apars],
        fixes: Optional[InterimFixes],
        level: Optional[OsLevel],
        ios: Optional[IosLevel],
        tables: LevelTables,
        filesets: Optional[Filesets] = None,
    ) -> "NimGeneration":
        """Raises BadEvidence when there is nothing to judge by."""
        nim_client = filesets.vrmf(CLIENT_FILESET) if filesets else None
        if apars is None and fixes is None and level is None and ios is None and nim_client is None:
            raise BadEvidence("no level, APAR or interim fix is known")
        rows = tables.rows("generations")
        line = level.technology_level if level else technology_level(nim_client) if nim_client else ""
        commands = _proof(rows, apars, fixes, line)
        proofs: Dict[str, Tuple[Quote, ...]] = {}
        for row in rows:
            quote = proof(row, apars, fixes, level, ios)
            if quote:
                proofs.setdefault(row.text("generation"), (quote, row.at) if row.at else (quote,))
        if proofs:
            highest = max(proofs)
            ruled_out = _ruled_out(rows, apars, fixes, level, highest)
            settled = all(row.text("generation") <= highest or row.text("generation") in ruled_out for row in rows)
            return cls(highest, True, ruled_out, proofs[highest], () if settled else commands)
        concerned = ios is not None or (level is not None and fixes_were_made(level))
        if not concerned and level is not None:
            return cls("G0", False, frozenset({"G1", "G2", "G3"}), (level.at,))
        if level is None and nim_client is not None:
            concerned = concerned or nim_client >= _FIRST_CONCERNED
        ruled_out = _ruled_out(rows, apars, fixes, level, "G0")
        made = {
            row.text("generation")
            for row in rows
            if row.get("apar") and level and row.text("tl") == level.technology_level
        }
        # a fix of G2 that waits for a reboot brings G2, whatever is not there of G1
        none = {"G1", "G2"} <= ruled_out and made <= ruled_out
        evidence = (level.at,) if level else (filesets.quote(CLIENT_FILESET),) if filesets and nim_client else ()
        return cls("G0" if none else None, concerned, ruled_out, evidence, () if none else commands)

    @staticmethod
    def proof_of_any_level(tables: LevelTables) -> Tuple[Tuple[str, ...], ...]:
        """The commands that prove a generation where not even the level is known."""
        return _proof(tables.rows("generations"), None, None, "")

    def at_least(self, generation: str) -> bool:
        """Whether that generation, or a higher one, is proved."""
        return self.proved is not None and self.proved >= generation

    @property
    def may_be_hardened(self) -> bool:
        """Proved G2 or later, or unknown at a level for which G2 was made: then no classic cure is safe."""
        return self.at_least("G2") or (self.concerned and "G2" not in self.ruled_out and self.proved != "G0")


def _proof(
    rows: Iterable[LevelRow], apars: Optional[Apars], fixes: Optional[InterimFixes], line: str
) -> Tuple[Tuple[str, ...], ...]:
    """What was not asked of that technology level yet, of every one where the level is not known."""
    named = dict.fromkeys(row.text("apar") for row in rows if row.get("apar") and line in ("", row.text("tl")))
    asked = apars is not None and all(apars.installed(apar) is not None for apar in named)
    commands = [] if asked or not named else [("instfix", "-ik", *named)]
    return (*commands, *([] if fixes and fixes.complete else [("emgr", "-lv3")]))


def later_apars(generation: str) -> Tuple[str, ...]:
    """The APARs of nimdoctor's own table that bring that generation or a later one."""
    rows = table("generations").rows
    return tuple(row.text("apar") for row in rows if row.get("apar") and row.text("generation") >= generation)


def fixes_were_made(level: OsLevel) -> bool:
    """Whether the level is one for which the fixes were made: 7.2 TL5 and 7.3, and what is later."""
    return level.version >= 7300 or (level.version == 7200 and (level.tl is None or level.tl >= 5))


def proof(
    row: LevelRow,
    apars: Optional[Apars],
    fixes: Optional[InterimFixes],
    level: Optional[OsLevel],
    ios: Optional[IosLevel],
) -> Optional[Quote]:
    """The line that shows the host to carry what the row of `generations` says; None where nothing shows it."""
    apar, tl = row.get("apar"), row.text("tl")
    if apar and (level is None or level.technology_level in ("", tl)):
        # an APAR belongs to its technology level
        if apars and apars.installed(apar):
            return apars.quote(apar)
        if fixes and apar in fixes.stable_apars():
            return fixes.quote(apar)
    first = row.level("first")
    if first and level and level.technology_level == tl and level.sp is not None:
        return level.at if level.order >= first else None
    if first and ios and tl == ios.release and ios.order >= first:
        return ios.at
    return None


def _ruled_out(
    rows: Iterable[LevelRow],
    apars: Optional[Apars],
    fixes: Optional[InterimFixes],
    level: Optional[OsLevel],
    highest: str,
) -> FrozenSet[str]:
    """Generations above `highest` whose every APAR of this level is known to be neither installed nor an interim fix.

    An interim fix in whatever state keeps one from being ruled out, since it may take effect with a reboot; so does
    a site's row, which never rules one out.
    """
    if apars is None or fixes is None or not fixes.complete or level is None:
        return frozenset()
    listed = {apar for fix in fixes.fixes for apar in fix.apars}
    by_generation: Dict[str, List[LevelRow]] = {}
    for row in rows:
        if row.get("apar") and row.text("tl") == level.technology_level:
            by_generation.setdefault(row.text("generation"), []).append(row)
    return frozenset(
        generation
        for generation, named in by_generation.items()
        if generation > highest
        and not all(row.of_site for row in named)
        and all(apars.installed(row.text("apar")) is False and row.text("apar") not in listed for row in named)
    )
