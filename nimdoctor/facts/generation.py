"""Which security generation of NIM a host carries, proved by APAR, interim fix or service pack."""

import json
import pkgutil
from functools import lru_cache
from typing import Any, Dict, FrozenSet, NamedTuple, Optional, Tuple

from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.facts.instfix import Apars
from nimdoctor.facts.oslevel import IosLevel, OsLevel
from nimdoctor.text import BadEvidence, Quote


class NimGeneration(NamedTuple):
    """The highest generation the evidence proves, and those it rules out.

    `proved` is G0 to G3, or None when nothing is proved: that is unknown, never unpatched. G0 is
    proved where no fix was ever made for the level (before 7.2 TL5), or where every APAR of the
    level was asked for and none, nor an interim fix, is there. `concerned` says that the level is
    one of those for which the fixes were made.
    """

    proved: Optional[str]
    concerned: bool
    ruled_out: FrozenSet[str] = frozenset()
    evidence: Tuple[Quote, ...] = ()

    @classmethod
    def derive(
        cls,
        apars: Optional[Apars],
        fixes: Optional[InterimFixes],
        level: Optional[OsLevel],
        ios: Optional[IosLevel],
    ) -> "NimGeneration":
        """Raises BadEvidence when there is nothing to judge by."""
        if apars is None and fixes is None and level is None and ios is None:
            raise BadEvidence("no level, APAR or interim fix is known")
        proofs: Dict[str, Quote] = {}
        for row in rows():
            quote = _proof(row, apars, fixes, level, ios)
            if quote:
                proofs[row["generation"]] = quote
        if proofs:
            highest = max(proofs)
            return cls(highest, True, _ruled_out(apars, fixes, level, highest), (proofs[highest],))
        concerned = ios is not None or (level is not None and (level.version >= 7300 or _is_72_tl5(level)))
        if not concerned and level is not None:
            return cls("G0", False, frozenset({"G1", "G2", "G3"}), (level.at,))
        ruled_out = _ruled_out(apars, fixes, level, "G0")
        return cls("G0" if "G1" in ruled_out else None, concerned, ruled_out, (level.at,) if level else ())

    def at_least(self, generation: str) -> bool:
        """Whether that generation, or a higher one, is proved."""
        return self.proved is not None and self.proved >= generation

    @property
    def may_be_hardened(self) -> bool:
        """Proved G2 or later, or unknown at a level for which G2 was made: then no classic cure is safe."""
        return self.at_least("G2") or (self.concerned and "G2" not in self.ruled_out and self.proved != "G0")


@lru_cache(maxsize=1)
def rows() -> Tuple[Dict[str, Any], ...]:
    """The table of generations, a row per technology level and APAR, each with its source."""
    raw = pkgutil.get_data("nimdoctor.facts", "data/generations.json")
    return tuple(json.loads((raw or b'{"rows": []}').decode("utf-8"))["rows"])


def apars() -> Tuple[str, ...]:
    """Every APAR of the table: what `instfix -ik` is asked for."""
    return tuple(row["apar"] for row in rows() if row["apar"])


def _is_72_tl5(level: OsLevel) -> bool:
    return level.version == 7200 and (level.tl is None or level.tl >= 5)


def _proof(
    row: Dict[str, Any],
    apars: Optional[Apars],
    fixes: Optional[InterimFixes],
    level: Optional[OsLevel],
    ios: Optional[IosLevel],
) -> Optional[Quote]:
    if row["apar"] and (level is None or level.technology_level in ("", row["tl"])):
        # an APAR belongs to its technology level
        if apars and apars.installed(row["apar"]):
            return apars.quote(row["apar"])
        if fixes and row["apar"] in fixes.stable_apars():
            return fixes.quote(row["apar"])
    if row["first"] and level and level.technology_level == row["tl"] and level.sp is not None:
        return level.at if level.sp >= int(row["first"].split("-")[2]) else None
    if row["first"] and ios and row["tl"] == "VIOS " + ".".join(ios.level.split(".")[:3]):
        have, need = ios.level.split("."), row["first"].split(".")
        if len(have) > 3 and have[3].isdigit() and int(have[3]) >= int(need[3]):
            return ios.at
    return None


def _ruled_out(
    apars: Optional[Apars], fixes: Optional[InterimFixes], level: Optional[OsLevel], highest: str
) -> FrozenSet[str]:
    """Generations above `highest` whose every APAR of this level is known to be neither installed nor an interim fix."""
    if apars is None or fixes is None or level is None:
        return frozenset()
    gone = set()
    for generation in ("G1", "G2", "G3"):
        asked = [
            row["apar"] for row in rows() if row["generation"] == generation and row["tl"] == level.technology_level
        ]
        if generation > highest and asked and all(apars.installed(apar) is False for apar in asked):
            gone.add(generation)
    return frozenset(gone)
