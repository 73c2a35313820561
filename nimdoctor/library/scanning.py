"""A scan: one target, its master where given, the chosen checks; a report comes out."""

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Set, Tuple

from nimdoctor import facts
from nimdoctor.diagnosis import ignore
from nimdoctor.diagnosis.causes import Pair, rank, story_of
from nimdoctor.diagnosis.engine import Engine, Result
from nimdoctor.diagnosis.guidance import guidance_of
from nimdoctor.diagnosis.held_certificates import certificates_of
from nimdoctor.diagnosis.host import Host
from nimdoctor.diagnosis.settlement import what_to_send
from nimdoctor.evidence.catalog import IGNORE_FILE, LEVELS_FILE, Catalog
from nimdoctor.evidence.source import NO_SUCH_COMMAND, Evidence, TargetError
from nimdoctor.library.registry import Broken, Registry
from nimdoctor.model import EVERY_FETCH, EVERY_FIX, PUSH, Check, Outcome, Role, Severity, Topic, Traffic
from nimdoctor.model.text import BadEvidence, Text
from nimdoctor.report.scan_report import (
    HEALTHY,
    INCONCLUSIVE,
    PROBLEMS,
    Asked,
    Report,
    ScannedHost,
    leading,
)

if TYPE_CHECKING:
    from nimdoctor.diagnosis.timeline import Turn

_ORDER = [Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE]


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
    pictures: bool = False,
    since: Optional[datetime] = None,
) -> Report:
    """Runs the checks over the target and, where given, its master.

    `role` client or master overrides what the evidence says; `only` and `skip` are check ids;
    `rules` come on top of the ones in the target's own ignore file. Only with `probe` is anything
    sent: each live host then asks the other end over the network. `pictures` asks for facts that
    only a report with pictures has a use for. Sessions before `since`, in the host's local time, are not looked at.
    """
    engine = open_hosts(target, master, registry=registry, role=role, since=since)
    report = scan_hosts(engine, registry=registry, only=only, skip=skip, fail_on=fail_on, rules=rules, now=now)
    report = with_ways(report, engine, registry)
    if pictures or not only:
        # a scan of all checks has read them already
        hosts = [engine.target, *([engine.master] if engine.master else [])]
        report = report._replace(certificates=certificates_of(hosts, registry.checks()))
    if probe:
        from nimdoctor.probe import ask

        report = report._replace(probes=ask([engine.target, engine.master]))
    if pictures:
        report = with_pictures(report, engine)
    return report


def local_rules() -> Sequence[ignore.Rule]:
    """This host's own ignore file, for recorded evidence; a live host's file is read as its evidence."""
    if not os.path.isfile(IGNORE_FILE):
        return []
    try:
        return ignore.parse(Text(IGNORE_FILE, lambda: open(IGNORE_FILE, "rb")))[0]
    except BadEvidence:
        return []


def with_ways(report: Report, engine: Engine, registry: Registry) -> Report:
    """The report of these hosts with what a plan for them holds; a scan that finds nothing to plan loads nothing of it."""
    if not any(found.fix for found in report.story.findings):
        return report
    from nimdoctor.planning.outlook import ways

    day = report.generated.strftime("%Y%m%d")
    try:
        return _what_rules_out_first(
            report._replace(ways=ways(engine, registry.fixes, report.results, report.story, day))
        )
    except Exception as error:  # a plug-in's fix or condition may raise anything; what was found is told all the same
        remark = f"what a plan holds is not known: {type(error).__name__}: {error}"
        return report._replace(remarks=(*report.remarks, remark))


def _what_rules_out_first(report: Report) -> Report:
    """The report that begins with what rules out the cure of the finding it would begin with."""
    way = report.way(report.first) if report.first else None
    ruling = next((one for one in way.ruled_by if one.fix != report.first.fix), None) if way and report.first else None
    return report._replace(first=ruling) if ruling else report


def with_pictures(report: Report, engine: Engine) -> Report:
    """The report of these hosts with what can be shown as a picture."""
    from nimdoctor.diagnosis.pictures import pictures_of

    return report._replace(pictures=pictures_of(engine, report.results, lambda: pair_of(engine)))


def open_hosts(
    target: Evidence,
    master: Optional[Evidence] = None,
    *,
    registry: Registry,
    role: Optional[str] = None,
    since: Optional[datetime] = None,
) -> Engine:
    """The hosts of a scan, not yet read: where no master is given, the one that recorded evidence brings along.

    Raises TargetError where the names of one are pseudonyms and not the other's.
    """
    master = master or (None if target.live else target.paired)
    alike(target, master)
    host = Host(target, registry.catalog, (role,) if role else None, since)
    other = Host(master, registry.catalog, ("master",), since) if master else None
    return Engine(host, other, registry.traits)


def alike(target: Evidence, master: Optional[Evidence]) -> None:
    """Raises TargetError where only one of two ends was redacted: its pseudonyms stand nowhere in the other."""
    ends = [end for end in (target, master) if end is not None]
    redacted = [end.target for end in ends if end.redacted]
    plain = [end.target or "this host" for end in ends if not end.redacted]
    if redacted and plain:
        raise TargetError(
            f"{redacted[0]} is redacted and {plain[0]} is not, so the names of the one are not in the other: collect it "
            "anew with nimdoctor collect --no-redact, or give both redacted with one key (--redact-key)"
        )


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
    broken = [one for one in registry.broken if (not only or one.name in only) and one.name not in skip]
    own_end = Role.CLIENT if "client" in host.roles or not host.roles else Role.MASTER
    results += [_of_broken(one, own_end) for one in broken]
    remarks = list(target.remarks) + (list(master.remarks) if master else [])
    remarks += [remark for end in (host, master_host) if end for remark in _remarks_on_levels(end)]
    remarks += [remark for end in (host, master_host) if end for remark in _remarks_on_sessions(end)]
    all_rules = list(rules)
    for evidence in [target, *([master] if master else [])]:
        own, more = _own_rules(evidence, registry.catalog)
        all_rules += own
        remarks += more
    results, ignored, more = ignore.apply(results, all_rules)
    remarks += more
    story = story_of(results, lambda: pair_of(engine))
    results = sorted(results, key=lambda one: _rank(one, story.findings))
    known = registry.ids()
    ids = {check.id for check in chosen} | known.intersection(one.name for one in broken)
    judgement = verdict(results, fail_on)
    dated = {check.id for check in chosen if check.timeline}
    turn = _turn(host, master_host) if any(_began_some_day(one) for one in results if one.check in dated) else None
    return Report(
        generated=now or datetime.now(timezone.utc),
        host=_named(host),
        master=_named(master_host) if master_host else None,
        verdict=judgement,
        results=tuple(results),
        ignored=tuple(ignored),
        remarks=tuple(dict.fromkeys(remarks)),
        problems=tuple(_problems([host, master_host], results)),
        turn=turn,
        first=_first(story.findings, chosen) if leading(story.findings, judgement) else None,
        story=story,
        guidance=guidance_of(engine, results, turn.words() if turn else None),
        redacted=all(one.redacted for one in (target, master) if one is not None),
        # a scan for a few checks reads nothing more for this
        advice_only=engine.may_be_hardened() if not only else any(result.advice_only for result in results),
        to_send=what_to_send(results, host, master_host),
        asked=Asked(len(ids - _taken_out(results, ignored)), len(known), len(ignored), host.left_out()),
    )


def verdict(results: Sequence[Result], fail_on: Severity) -> str:
    """That of operation: problems when a fail reaches the bar, else inconclusive when an unknown or error does or
    nothing passed, else healthy. Where only exposures were asked, one of them must have passed.
    """
    operation = [result for result in results if result.topic is Topic.OPERATION]
    at_bar = [result for result in operation if result.severity.rank >= fail_on.rank]
    if any(result.outcome is Outcome.FAIL for result in at_bar):
        return PROBLEMS
    if any(result.outcome in (Outcome.UNKNOWN, Outcome.ERROR) for result in at_bar):
        return INCONCLUSIVE
    return HEALTHY if any(result.outcome is Outcome.PASS for result in operation or results) else INCONCLUSIVE


def _turn(host: Host, master: Optional[Host]) -> "Optional[Turn]":
    from nimdoctor.diagnosis.timeline import turn_of

    return turn_of(host, master)


def _began_some_day(result: Result) -> bool:
    """Whether it is wrong since some day, or not tried since some day."""
    push = result.settled_by is not None and result.settled_by.kind == PUSH
    return result.outcome is Outcome.FAIL or push


def _taken_out(results: Sequence[Result], ignored: Sequence[ignore.Ignored]) -> Set[str]:
    """Checks that an ignore file silenced: nothing is left of what they said."""
    left = {result.check for result in results if result.outcome is not Outcome.NOT_APPLICABLE}
    return {item.result.check for item in ignored} - left


def pair_of(engine: Engine) -> Pair:
    """Who belongs together in a scan, as far as the master's objects tell."""
    target, master = engine.target, engine.master
    masters: List[Optional[str]] = [None]
    if master:
        masters.append(master.name)
    elif target.evidence.loose or not target.roles:
        # pieces of both ends may lie in one heap
        masters.append(target.name)
    objects = (master or target).optional(facts.NimObjects)
    if objects is None:
        return Pair(masters=frozenset(masters))
    identity = target.optional(facts.NimIdentity) if "client" in target.roles or not target.roles else None
    if identity and target.name:
        identity = identity.known_as(target.name)
    own = identity.object_in(objects)[0] if identity else None
    clients = [found.name for found in objects.machines()]
    return Pair(frozenset([own.name] if own else []), frozenset(clients), frozenset(masters))


def _first(failed: Sequence[Result], checks: Sequence[Check]) -> Optional[Result]:
    if not failed:
        return None
    precedes = {check.id: check.precedes for check in checks}
    # what is low stands in no cure's way
    weighty = [found for found in failed if found.severity.rank >= Severity.MEDIUM.rank]
    wanted = {failed[0].fix, EVERY_FIX} if failed[0].fix else set()
    wanted |= {EVERY_FETCH} if failed[0].fetches else set()
    return next((found for found in weighty if wanted.intersection(precedes.get(found.check, ()))), failed[0])


def _rank(result: Result, story: Sequence[Result]) -> Tuple[Any, ...]:
    """Operation before exposures; of each what is wrong as it is told, then what is not."""
    place = next((number for number, one in enumerate(story) if one is result), len(story))
    return (result.topic is Topic.EXPOSURE, place, _ORDER.index(result.outcome), *rank(result))


def _named(host: Host) -> ScannedHost:
    ioslevel, vios = host.vios
    return ScannedHost(
        host.name, host.role, host.oslevel, host.evidence.target, host.evidence.system, ioslevel=ioslevel, vios=vios
    )


def _of_broken(broken: Broken, end: Role) -> Result:
    """What cannot be loaded is shown as a check that broke, so that it is not simply gone."""
    title = "A check or a fix of nimdoctor's own" if broken.own else "A plug-in of nimdoctor"
    # which traffic it would have told of nobody knows
    breaks = tuple(Traffic) if broken.own else ()
    return Result(broken.name, title, Outcome.ERROR, broken.severity, end, None, broken.reason, breaks=breaks)


def _own_rules(evidence: Evidence, catalog: Catalog) -> Tuple[List[ignore.Rule], List[str]]:
    row = catalog.file(IGNORE_FILE)
    rules: List[ignore.Rule] = []
    remarks: List[str] = []
    for text in evidence.texts(row, {}) if row else ():
        found, more = ignore.parse(text)
        rules += found
        remarks += more
    return rules, remarks


def _remarks_on_levels(host: Host) -> Sequence[str]:
    """What of the site's own rows of levels is not obeyed."""
    row = host.catalog.file(LEVELS_FILE)
    if not row or not host.evidence.texts(row, {}):
        return ()
    # the tables are loaded only where there is such a file
    site = host.optional(facts.SiteLevels)
    return site.remarks if site else ()


def _remarks_on_sessions(host: Host) -> Sequence[str]:
    """What of a host's nimsh.log was not looked at, since nobody asked for it."""
    log = host.optional(facts.NimshLog) if host.since else None
    if not log or not host.since:
        return ()
    if log.has_no_times:
        return (f"--since: {log.source} has no times, so all of it was looked at",)
    return (f"--since: of {log.source} only sessions from {host.since:%Y-%m-%d %H:%M:%S} on were looked at",)


def _problems(hosts: Sequence[Optional[Host]], results: Sequence[Result]) -> List[Tuple[str, str, str]]:
    """What could not be had; a command that a host does not have only where something was decided without it."""
    lacked = {name for result in results for name in result.missing}
    found: Dict[Tuple[str, str], str] = {}
    for host in hosts:
        if host:
            for name, reason in host.unread_evidence.items():
                if reason != NO_SUCH_COMMAND or name in lacked:
                    found[(host.name or host.evidence.target, name)] = reason
    return [(host_name, name, reason) for (host_name, name), reason in sorted(found.items())]


__all__ = ["HEALTHY", "INCONCLUSIVE", "PROBLEMS", "Report", "ScannedHost", "local_rules", "scan", "scan_hosts"]
