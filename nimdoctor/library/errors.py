"""What may be in the way of what somebody asks of the library."""

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from nimdoctor.planning.document import Plan
    from nimdoctor.probe import Probe


class UsageError(Exception):
    """What was asked for cannot be done as it was asked, by anybody, on any host: one line, with what can be."""

    status = 2
    """Exit status of a command line that asked for it."""


class Refused(Exception):
    """Nothing was changed, to be on the safe side: `reasons` say why, each a line of what, where and what to do.

    `plan` is the plan that was not applied, where there is one, `unfinished` are lines about runs that must be ended
    first, `probes` what was asked over the network, `stands` what of a run cannot be undone.
    """

    def __init__(
        self,
        reasons: Sequence[str],
        plan: "Optional[Plan]" = None,
        unfinished: Sequence[str] = (),
        probes: "Sequence[Probe]" = (),
        stands: Sequence[str] = (),
    ) -> None:
        self.reasons: Tuple[str, ...] = tuple(dict.fromkeys(reasons))
        super().__init__("; ".join(self.reasons))
        self.plan = plan
        self.unfinished = tuple(unfinished)
        self.probes = tuple(probes)
        self.stands = tuple(stands)

    def to_dict(self) -> Dict[str, Any]:
        """The plan, where there is one, with why nothing was done: schema nimdoctor.plan/1."""
        from nimdoctor.report.plan_json import refused_as_dict

        reasons: List[str] = list(self.reasons)
        return refused_as_dict(self.plan, reasons, self.unfinished, self.probes)


class PlanRefused(Refused):
    """The plan itself is what is refused, so that it is worth being looked at."""
