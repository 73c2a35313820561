"""A scan: one target, its master where given, the chosen checks; a report comes out."""

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor import ignore
from nimdoctor.engine import Engine, Result
from nimdoctor.evidence.catalog import IGNORE_FILE, Catalog
from nimdoctor.evidence.source import Evidence
from nimdoctor.host import Host
from nimdoctor.model import Check, Outcome, Role, Severity
from nimdoctor.registry import Registry
from nimdoctor.timeline import what_changed

if TYPE_CHECKING:
    from nimdoctor.probe import Probe

HEALTHY, PROBLEMS, INCONCLUSIVE = "healthy", "problems", "inconclusive"
EXIT_STATUS = {HEALTHY: 0, PROBLEMS: 1, INCONCLUSIVE: 3}

_ORDER = [Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE]


class ScannedHost(NamedTuple):
    """How a report names a host; `name` and `oslevel` are None where the evidence does not tell."""

    name: Optional[str]
    role: str
    oslevel: Optional[str]
    target: str

    @property
    def label(self) -> str:
        """Its name, or the target where the name is not known."""
        return self.name or self.target


class Report(NamedTuple):
    """What a scan came to. `results` are ordered worst first; `problems` names evidence that could not be had."""

    generated: datetime
    host: ScannedHost
    master: Optional[ScannedHost]
    verdict: str
    results: Tuple[Result, ...]
    ignored: Tuple[ignore.Ignored, ...] = ()
    remarks: Tuple[str, ...] = ()
    problems: Tuple[Tuple[str, str, str], ...] = ()
    changed: Optional[str] = None
    first: Optional[Result] = None
    """The finding to cure first: the root, or what its cure cannot do without."""
    probes: "Tuple[Probe, ...]" = ()
    """What was asked over the network, and the answers; empty unless the scan was told to ask."""

    @property
    def exit_status(self) -> int:
        """0 healthy, 1 problems, 3 inconclusive."""
        return EXIT_STATUS[self.verdict]

    def root(self) -> Optional[Result]:
        """The finding to begin with: the worst that no other finding is the cause of."""
        failed = [result for result in self.results if result.outcome is Outcome.FAIL]
        return failed[0] if failed else None

    def with_outcome(self, outcome: Outcome) -> List[Result]:
        """Results of that outcome, worst first."""
        return [result for result in self.results if result.outcome is outcome]


def scan(
    target: Evidence,
    master: Optional[Evidence] = None,
    *,
    registry: Registry,
    role: Optional[str] = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    fail_on: Severity = Severity.MEDIUM,
    rules: Sequence[ignore.Rule] = (),
    now: Optional[datetime] = None,
    probe: bool = False,
) -> Report:
    """Runs the checks over the target and, where given, its master.

    `role` client or master overrides what the evidence says; `only` and `skip` are check ids;
    `rules` come on top of the ones in the target's own ignore file. Only with `probe` is anything
    sent: each live host then asks the other end over the network.
    """
    engine = open_hosts(target, master, registry=registry, role=role)
    report = scan_hosts(engine, registry=registry, only=only, skip=skip, fail_on=fail_on, rules=rules, now=now)
    if probe:
        from nimdoctor.probe import ask

        report = report._replace(probes=ask([engine.target, engine.master]))
    return report


def open_hosts(
    target: Evidence, master: Optional[Evidence] = None, *, registry: Registry, role: Optional[str] = None
) -> Engine:
    """The hosts of a scan, not yet read."""
    host = Host(target, registry.catalog, (role,) if role else None)
    return Engine(host, Host(master, registry.catalog, ("master",)) if master else None)


def scan_hosts(
    engine: Engine,
    *,
    registry: Registry,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    fail_on: Severity = Severity.MEDIUM,
    rules: Sequence[ignore.Rule] = (),
    now: Optional[datetime] = None,
) -> Report:
    """As `scan`, over hosts that somebody goes on asking."""
    host, master_host = engine.target, engine.master
    target, master = host.evidence, master_host.evidence if master_host else None
    chosen = [check for check in registry.checks() if (not only or check.id in only) and check.id not in skip]
    results = engine.scan(chosen, registry.all_checks)
    results += _broken(registry, only)
    remarks = list(target.remarks) + (list(master.remarks) if master else [])
    all_rules = list(rules)
    for evidence in [target, *([master] if master else [])]:
        own, said = _own_rules(evidence, registry.catalog)
        all_rules += own
        remarks += said
    results, ignored, said = ignore.apply(results, all_rules)
    remarks += said
    explained = {name for check in chosen for name in check.explains if _fails(results, check.id)}
    results.sort(key=lambda result: _rank(result, explained))
    failing = any(
        found.check in ("create-bio-hang", "ssl-object-error", "stale-ssl-libs")
        for found in results
        if found.outcome is Outcome.FAIL
    )
    return Report(
        generated=now or datetime.now(timezone.utc),
        host=_named(host),
        master=_named(master_host) if master_host else None,
        verdict=verdict(results, fail_on),
        results=tuple(results),
        ignored=tuple(ignored),
        remarks=tuple(dict.fromkeys(remarks)),
        problems=tuple(_problems([host, master_host])),
        changed=what_changed(host) if failing else None,
        first=_first(results, chosen),
    )


def verdict(results: Sequence[Result], fail_on: Severity) -> str:
    """problems when a fail reaches the bar, else inconclusive when an unknown or error does, else healthy."""
    at_bar = [result for result in results if result.severity.rank >= fail_on.rank]
    if any(result.outcome is Outcome.FAIL for result in at_bar):
        return PROBLEMS
    if any(result.outcome in (Outcome.UNKNOWN, Outcome.ERROR) for result in at_bar):
        return INCONCLUSIVE
    return HEALTHY


def _first(results: Sequence[Result], checks: Sequence[Check]) -> Optional[Result]:
    failed = [result for result in results if result.outcome is Outcome.FAIL]
    if not failed:
        return None
    precedes = {check.id: check.precedes for check in checks}
    return next((found for found in failed if failed[0].fix in precedes.get(found.check, ())), failed[0])


def _fails(results: Sequence[Result], check_id: str) -> bool:
    return any(found.check == check_id and found.outcome is Outcome.FAIL for found in results)


def _rank(result: Result, explained: "set[str]") -> Tuple[int, int, int, str, str]:
    confidence = ["certain", "likely", "possible", None].index(result.confidence.value if result.confidence else None)
    return (
        _ORDER.index(result.outcome),
        int(result.check in explained),
        -result.severity.rank * 4 + confidence,
        result.check,
        result.where.value,
    )


def _named(host: Host) -> ScannedHost:
    return ScannedHost(host.name, host.role, host.oslevel, host.evidence.target)


def _broken(registry: Registry, only: Sequence[str]) -> List[Result]:
    """A plug-in that cannot be loaded is shown as a check that broke, so that it is not simply gone."""
    return [
        Result(broken.name, "A plug-in of nimdoctor", Outcome.ERROR, Severity.LOW, Role.CLIENT, None, broken.reason)
        for broken in registry.broken
        if not only or broken.name in only
    ]


def _own_rules(evidence: Evidence, catalog: Catalog) -> Tuple[List[ignore.Rule], List[str]]:
    row = catalog.file(IGNORE_FILE)
    rules: List[ignore.Rule] = []
    remarks: List[str] = []
    for text in evidence.texts(row, {}) if row else ():
        found, said = ignore.parse(text)
        rules += found
        remarks += said
    return rules, remarks


def _problems(hosts: Sequence[Optional[Host]]) -> List[Tuple[str, str, str]]:
    found: Dict[Tuple[str, str], str] = {}
    for host in hosts:
        if host:
            for name, reason in host.evidence.problems.items():
                found[(host.name or host.evidence.target, name)] = reason
    return [(host_name, name, reason) for (host_name, name), reason in sorted(found.items())]
