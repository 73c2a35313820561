"""What NIM's filesets are open to: per fileset and security generation, whether it is carried, lacking or not known."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.emgr import InterimFixes
from nimdoctor.facts.generation_standing import (
    LACKING,
    NIM_CLIENT,
    NIM_MASTER,
    NOT_KNOWN,
    FilesetStanding,
    GenerationJudge,
    Standing,
)
from nimdoctor.facts.instfix import Apars
from nimdoctor.facts.level_table import LevelRow
from nimdoctor.facts.lslpp import Filesets
from nimdoctor.facts.oslevel import IosLevel, OsLevel
from nimdoctor.facts.site_levels import LevelTables
from nimdoctor.model.rows import fact
from nimdoctor.model.text import BadEvidence, Quote
from nimdoctor.model.wording import UPDATEIOS


@fact()
class NimExposure(NamedTuple):
    """The filesets of NIM that are installed, client and master; `unlisted` are those of which lslpp does not tell.

    `line` is the host's technology level, or release of VIOS, and `cures` are the rows of `generations` for it.
    """

    filesets: Tuple[FilesetStanding, ...]
    unlisted: Tuple[str, ...]
    line: str
    cures: Tuple[LevelRow, ...]
    tables: LevelTables

    @classmethod
    def derive(
        cls,
        filesets: Filesets,
        apars: Optional[Apars],
        fixes: Optional[InterimFixes],
        level: Optional[OsLevel],
        ios: Optional[IosLevel],
        tables: LevelTables,
    ) -> "NimExposure":
        """Without NIM's filesets it is empty. Raises BadEvidence where lslpp tells of none of them."""
        installed = {name: filesets.installed(name) for name in (NIM_CLIENT, NIM_MASTER)}
        if all(there is None for there in installed.values()):
            raise BadEvidence(f"{filesets.source} does not tell of NIM's filesets")
        judge = GenerationJudge(filesets, apars, fixes, level, ios, tables)
        return cls(
            tuple(judge.fileset(name) for name, there in installed.items() if there),
            tuple(name for name, there in installed.items() if there is None),
            judge.line(next(name for name, there in installed.items() if there is not None)),
            tuple(row for generation in judge.generations for row in judge.cures(generation)),
            tables,
        )

    def get(self, fileset: str) -> Optional[FilesetStanding]:
        """What is known of that fileset; None where it is not installed or not listed."""
        return next((found for found in self.filesets if found.fileset == fileset), None)

    def way_to(self, generation: str) -> str:
        """What to install here for that generation, else to which technology levels to move."""
        here = [row for row in self.cures if row.text("generation") == generation]
        if here:
            return f"install {' or '.join(map(_carrier, here))} for {generation}{self._how}"
        made = [row.text("tl") for row in self.tables.rows("generations") if row.text("generation") == generation]
        alike = [tl for tl in made if tl.startswith("VIOS ") == self.line.startswith("VIOS ")] or made
        if not alike:
            return f"no table says which level carries {generation}: ask IBM"
        return (
            f"no fix of {generation} is made for {self.line or 'this level'}: move to {', '.join(alike)} or later, "
            f"the master before its clients{self._how}"
        )

    @property
    def _how(self) -> str:
        """A Virtual I/O Server is updated by a command of its own."""
        return f" ({UPDATEIOS}, as padmin)" if self.line.startswith("VIOS ") else ""

    def open_to(self, fileset: FilesetStanding, state: str = LACKING) -> Tuple[LevelRow, ...]:
        """Rows of `nim_cves` that concern the fileset and whose generation is of that state."""
        wanted = {found.generation for found in fileset.generations if found.state == state}
        return tuple(
            row
            for row in self.tables.rows("nim_cves")
            if row.text("generation") in wanted and row.get("fileset") in (None, fileset.fileset)
        )


class BothEnds(NamedTuple):
    """How a client's nim.client and its master's nim.master stand to one generation."""

    client: Standing
    master: Standing
    levels: Tuple[Quote, Quote]

    @classmethod
    def of(cls, client: NimExposure, master: NimExposure, generation: str) -> "BothEnds":
        """Raises LookupError, with the fileset, where an end's is not known to be installed."""
        own, other = client.get(NIM_CLIENT), master.get(NIM_MASTER)
        if own is None or other is None:
            raise LookupError(f"the level of {NIM_CLIENT if own is None else NIM_MASTER} is not known")
        return cls(own.standing(generation), other.standing(generation), (own.at, other.at))

    @property
    def states(self) -> Tuple[str, str]:
        """The client's, the master's."""
        return self.client.state, self.master.state

    @property
    def quotes(self) -> Tuple[Quote, ...]:
        """The lines that show both, each once."""
        own, other = self.levels
        return tuple(dict.fromkeys((own, *self.client.evidence, other, *self.master.evidence)))

    @property
    def against(self) -> Tuple[Quote, ...]:
        """The lines that speak against either."""
        return self.client.against + self.master.against

    @property
    def missing(self) -> Tuple[str, ...]:
        """What would tell where one is not known."""
        return self.client.missing + self.master.missing

    @property
    def unknown(self) -> str:
        """Which end is not known and why; empty where both are."""
        ends = (("client", self.client), ("master", self.master))
        return "; ".join(f"{end}: {found.why}" for end, found in ends if found.state == NOT_KNOWN)


def _carrier(row: LevelRow) -> str:
    first, apar = row.get("first"), row.get("apar")
    return f"{first} (APAR {apar})" if first and apar else first or f"APAR {apar}"
