"""Which members of libssl.a and libcrypto.a `nimclient -c` takes: the current ones, or those of 0.9.8 whatever is current."""

from typing import NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.facts.instfix import Apars
from nimdoctor.facts.level import Level
from nimdoctor.facts.level_table import LevelRow
from nimdoctor.facts.lslpp import CLIENT_FILESET, Filesets
from nimdoctor.facts.site_levels import LevelTables
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote


@fact()
class Extractor(NamedTuple):
    """The extractor in the installed bos.sysmgt.nim.client, of that `level`.

    `cured` says that it takes the members of the installed OpenSSL (IBM isg1fixinfo181111); one that does not takes
    those of 0.9.8. `row` is the row of its technology level, None where that began after the cure or is older than any
    with it. `says` is why, in words, `evidence` what shows it beside the level.
    """

    level: Level
    cured: bool
    row: Optional[LevelRow]
    says: str
    evidence: Tuple[Quote, ...] = ()

    @classmethod
    def derive(
        cls, filesets: Filesets, tables: LevelTables, apars: Optional[Apars], fixes: Optional[InterimFixes]
    ) -> "Extractor":
        """Raises BadEvidence when the level cannot be told."""
        level = filesets.vrmf(CLIENT_FILESET)
        if level is None:
            raise BadEvidence(f"the level of {CLIENT_FILESET} cannot be told from {filesets.source}")
        installed = f"{CLIENT_FILESET} is {level}"
        row, older = _row_for(level, tables.rows("nimclient_members"))
        if row is None:
            if older:
                return cls(
                    level, False, None, f"{installed}, of a technology level that is older than any with the cure"
                )
            return cls(level, True, None, f"{installed}, of a technology level that began after the cure")
        wanted, apar = row.level("level"), row.text("apar")
        if wanted and level >= wanted:
            return cls(level, True, row, f"{installed}, at or above {wanted}, which has the cure")
        if apars and apars.installed(apar):
            return cls(level, True, row, f"APAR {apar}, which has the cure, is installed", (apars.quote(apar),))
        if fixes and apar in fixes.stable_apars():
            return cls(
                level, True, row, f"an interim fix carries APAR {apar}, which has the cure", (fixes.quote(apar),)
            )
        told = apars.by_interim_fix(apar) if apars and fixes is None else None
        if told:
            says = f"interim fix {told.interim_fix}, whose state is not told, carries APAR {apar}, which has the cure"
            return cls(level, True, row, says, (told.at,))
        evidence = (apars.quote(apar),) if apars and apars.installed(apar) is False else ()
        below = f"{installed}, below {row.text('level')} (APAR {apar})"
        return cls(level, False, row, below, (*evidence, *((row.at,) if row.at else ())))


def _row_for(nim: Level, rows: Sequence[LevelRow]) -> Tuple[Optional[LevelRow], bool]:
    """The row of the technology level that the fileset is of; without one, whether that is older than the cure.

    A technology level later than the last row of its version began with the cure; so did a later version (inferred).
    """
    lines = [(Level(level.fields[:3]), row) for row in rows for level in [row.level("level")] if level]
    own = next((row for line, row in lines if nim.on_line(line)), None)
    same_version = [line for line, _ in lines if line.fields[:2] == nim.fields[:2]]
    last = max(same_version or [line for line, _ in lines], default=None)
    return own, own is None and last is not None and Level(nim.fields[:3]) < last
