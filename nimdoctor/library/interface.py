"""nimdoctor as a library: what a program may call, what comes back, and what may be raised.

All of it is imported from `nimdoctor` itself; whatever is not in `nimdoctor.__all__` may change from version to version.

>>> import nimdoctor
>>> report = nimdoctor.scan("fixtures/hosts/healthy/client", "fixtures/hosts/healthy/master")
>>> report.verdict, report.host.name, report.exit_status
('healthy', 'lpar7', 0)
>>> plan = nimdoctor.plan("fixtures/hosts/healthy/client", "fixtures/hosts/healthy/master")
>>> len(plan.steps), plan.exit_status, nimdoctor.apply(plan).state
(0, 0, 'complete')

A target is what it is on the command line: "" this host, `root:DIR`, `ssh:[USER@]HOST`, or the path of recorded evidence.
Nothing is printed and no signal is caught; `say`, where it is a parameter, is told in one line what a person should know
while something goes on.
"""

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional, Sequence, Union

from nimdoctor.evidence import hosts_of
from nimdoctor.evidence.source import TargetError
from nimdoctor.library.earlier_reports import EarlierReports, Given, read
from nimdoctor.library.errors import Refused, UsageError
from nimdoctor.library.registry import Incomplete
from nimdoctor.library.repair import RepairTarget, never
from nimdoctor.library.run_commands import silent
from nimdoctor.library.session import RepairSession, Result, read_plan, registry_of_fixes
from nimdoctor.library.since import local_time
from nimdoctor.library.targets import ScanRequest, each
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan
from nimdoctor.planning.ends import EVIDENCE_AGE
from nimdoctor.planning.fix import Options
from nimdoctor.report.scan_report import Failure, Report

if TYPE_CHECKING:
    from nimdoctor.evidence.source import Progress

Targets = Union[str, Sequence[str]]


def scan(
    target: Targets = "",
    master: Optional[str] = None,
    *,
    role: str = "auto",
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    fail_on: str = "medium",
    fail_on_exposure: Optional[float] = None,
    probe: bool = False,
    pictures: bool = True,
    timeout: float = 30.0,
    progress: "Optional[Progress]" = None,
    compare: Optional[Given] = None,
    since: Union[str, datetime, None] = None,
) -> Report:
    """The report on one host, and on its NIM master where that is given.

    `target` is one target, or several loose files that are about one host. `role` is auto, client or master, `only` and
    `skip` are ids of checks, `fail_on` is the severity from which the verdict is "problems", `fail_on_exposure` the CVSS
    score from which an exposure moves `exit_status`. Only with `probe` is anything sent to the other end. `pictures` are
    for the page that notebooks show; without them a scan reads less. `timeout` is in seconds, for one command. `compare`
    is an earlier report of the host, as its `to_dict()` or the file of JSON it was written to; then `compared` says what
    has become of its findings. Sessions of nimsh.log before `since`, a local time of the host, are not looked at. Raises TargetError, UsageError, Incomplete.

    >>> report = scan("fixtures/hosts/healthy/client", only=["rhosts-left-over"])
    >>> [(one.check, one.outcome.value) for one in report.results], report.asked.checks
    ([('rhosts-left-over', 'pass')], 1)
    >>> report.to_dict()["schema"], report._repr_html_()[:15]
    ('nimdoctor.report/1', '<!DOCTYPE html>')
    >>> again = scan("fixtures/hosts/healthy/client", only=["rhosts-left-over"], compare=report.to_dict())
    >>> again.compared.new, again.compared.gone
    ((), ())
    """
    names = _names(target)
    request = ScanRequest(
        role,
        tuple(only),
        tuple(skip),
        fail_on,
        fail_on_exposure,
        probe,
        pictures,
        timeout,
        progress,
        _earlier(compare),
        None if since is None else local_time(since),
    )
    registry = request.checked(names)
    hosts = hosts_of(names)
    if len(hosts) > 1:
        raise UsageError(f"these are {len(hosts)} hosts: scan_many gives a record of each")
    with contextlib.ExitStack() as stack:
        end = stack.enter_context(contextlib.closing(request.open_master(master, registry))) if master else None
        return request.scan(hosts[0], end, registry)


def scan_many(
    targets: Targets,
    master: Optional[str] = None,
    *,
    role: str = "auto",
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    fail_on: str = "medium",
    fail_on_exposure: Optional[float] = None,
    probe: bool = False,
    pictures: bool = False,
    timeout: float = 30.0,
    progress: "Optional[Progress]" = None,
    compare: Optional[Given] = None,
    since: Union[str, datetime, None] = None,
) -> Iterator[Union[Report, Failure]]:
    """One record for each host that the targets name, in order, as each is done: its report, or why there is none.

    The parameters are those of `scan`. What happens to one target never ends the others; of a master that cannot be
    read there is one failure, and nothing else. Plain files among the targets are one host together. Raises UsageError
    and Incomplete when it is called.

    >>> found = scan_many(["fixtures/hosts/healthy/client", "no/such/place"])
    >>> [(type(one).__name__, one.exit_status) for one in found]
    [('Report', 0), ('Failure', 2)]
    """
    names = _names(targets)
    request = ScanRequest(
        role,
        tuple(only),
        tuple(skip),
        fail_on,
        fail_on_exposure,
        probe,
        pictures,
        timeout,
        progress,
        _earlier(compare),
        None if since is None else local_time(since),
    )
    return each(request, names, master, request.checked(names))


def plan(
    target: str = "",
    master: Optional[str] = None,
    *,
    only: Sequence[str] = (),
    transient_tftp: bool = False,
    lpp_source: str = "",
    accept_hung: str = "",
    probe: bool = False,
    change: str = "",
    evidence_age: int = EVIDENCE_AGE,
    state_dir: Optional[str] = None,
    timeout: float = 30.0,
    progress: "Optional[Progress]" = None,
    say: Callable[[str], None] = silent,
) -> Plan:
    """One plan for all that is found on these hosts. Nothing is written.

    `only` are ids of fixes; `change` the number of the change it is made for; `evidence_age` how many minutes recorded
    evidence of the other end counts; `state_dir` where the target's runs are kept. `id` is a sha256, the same for the same
    hosts in the same state, however they are reached; `to_dict()` the plan as JSON values, which `apply` takes, too;
    `exit_status` 0 nothing to do, 1 something waits, 3 not all is known. Raises TargetError, UsageError, Refused where a
    check or a fix of nimdoctor's own does not load, Incomplete.
    """
    options = Options(tuple(only), transient_tftp, lpp_source, accept_hung, probe, change, evidence_age)
    where = RepairTarget(target, master, state_dir, timeout)
    registry = registry_of_fixes(options.only)
    session = RepairSession(where, options, registry=registry, progress=progress, say=say)
    with contextlib.closing(session):
        return session.plan


def apply(
    plan: Union[Plan, Mapping[str, Any]],
    *,
    expect: Optional[str] = None,
    affects: Optional[int] = None,
    target: Optional[str] = None,
    master: Optional[str] = None,
    probe: bool = False,
    change: str = "",
    evidence_age: int = EVIDENCE_AGE,
    state_dir: Optional[str] = None,
    timeout: float = 30.0,
    interrupted: Callable[[], bool] = never,
    progress: "Optional[Progress]" = None,
    say: Callable[[str], None] = silent,
) -> Result:
    """Carries a plan out, step by step, each proved by a fresh look, and scans again.

    The hosts are those of the plan, reached as when it was made, unless `target` and `master` say otherwise; they are
    scanned anew, and what would not be the very same plan now is refused as stale. `expect` is the id that it must have;
    `affects` must be the number of other clients that lose their push by it, where there are any. `interrupted` is asked
    before each step: once it says yes, what was done is undone, unless a step that cannot be was begun. Nobody is asked
    for a confirmation: calling it is one.

    Raises Refused where nothing was done, TargetError, UsageError, Incomplete. What was begun ends in a Result.

    >>> apply({"schema": "another"})
    Traceback (most recent call last):
    nimdoctor.library.errors.Refused: this is no plan that can be applied: its schema is 'another', not 'nimdoctor.plan/1'
    """
    saved = plan if isinstance(plan, Plan) else read_plan(plan)
    if target is None:
        leads = saved.hosts.get(Role.CLIENT) or saved.hosts.get(Role.MASTER)
        target = leads.target if leads else ""
    options = Options(probe=probe, change=change, evidence_age=evidence_age)
    where = RepairTarget(target, master, state_dir, timeout)
    registry = registry_of_fixes()
    session = RepairSession(where, options, registry=registry, saved=saved, progress=progress, say=say)
    with contextlib.closing(session):
        return session.apply(expect=expect, affects=affects, interruption=contextlib.nullcontext(interrupted))


def _earlier(compare: Optional[Given]) -> Optional[EarlierReports]:
    return None if compare is None else read(compare)


def _names(targets: Targets) -> Sequence[str]:
    return [targets] if isinstance(targets, str) else list(targets) or [""]


__all__ = [
    "Failure",
    "Incomplete",
    "Plan",
    "Refused",
    "Report",
    "Result",
    "TargetError",
    "UsageError",
    "apply",
    "plan",
    "scan",
    "scan_many",
]
