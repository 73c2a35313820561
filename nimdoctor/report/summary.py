"""What every report for people says of a scan, in plain words and without any format: nothing here is made visible
or escaped yet, so whatever writes it must do that.
"""

from typing import Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.diagnosis.engine import HARDENED, Result
from nimdoctor.evidence.source import AIX, not_aix
from nimdoctor.model import Outcome, Quote, Role, Settlement, Severity, Topic
from nimdoctor.model.wording import count, named
from nimdoctor.planning.typed import as_typed
from nimdoctor.report import advice_only
from nimdoctor.report.headline import exposed as exposed
from nimdoctor.report.headline import found as found
from nimdoctor.report.headline import headline as headline
from nimdoctor.report.headline import in_short as in_short
from nimdoctor.report.headline import narrowing as narrowing
from nimdoctor.report.headline import outcomes as outcomes
from nimdoctor.report.headline import seen_before as seen_before
from nimdoctor.report.headline import verdict as verdict
from nimdoctor.report.scan_report import HEALTHY, INCONCLUSIVE, Report, ScannedHost
from nimdoctor.report.sending import SENDING, ends_of
from nimdoctor.report.undecided import healthy_as_sent, settling_push
from nimdoctor.report.undecided import why_undecided as why_undecided

_ELSEWHERE = "run it on the NIM client or master, or give evidence of one; nimdoctor demo shows a simulation"
_NOTHING_PASSED = "not known: nothing that was asked passed here, so nothing was seen to be well"
_ASK_MORE = "ask more: scan without --check, --skip and --role, and look at what the ignore file silences"
_GIVE_MORE = "give more of the host's evidence, or run it there as root"
EXPOSURES = "Exposures"
STOP_NO_PUSH = "They stop no push, and bear on no verdict and no exit status but by --fail-on-exposure."
"""What a report says of its section of exposures."""
ADVICE_ONLY = (
    "advice only on certificates, libraries and tftp: NIM is hardened (G2 on), or may be, on an end: IBM node/7251173, "
    "node/7283157"
)
"""What a report says on its first page where the fixes of the time before are not carried out."""
DOES_THERE = (
    "advice only on certificates, libraries and tftp: NIM is hardened (G2 on), or may be, and how keys travel there is not "
    "public; daemons and services are mended; what else to look at, and IBM's pages: --all"
)
"""The same where something is wrong: what nimdoctor does there all the same, and what it cannot do."""
_NO_FAULT = "none: no check found a fault"
_OR_BY_HAND = "shows the plan; or by hand,"


def host(one: ScannedHost) -> str:
    """A host with its role and level."""
    level = f", VIOS {one.ioslevel or 'of unknown level'}" if one.vios else ""
    level += f", AIX {one.oslevel}" if one.oslevel else ""
    role = one.role.replace(",", " and ") if one.role != "unknown" else "role not known"
    return f"{one.label} ({role}{level})"


def hosts(report: Report) -> str:
    """Both ends."""
    return host(report.host) + (f" with {host(report.master)}" if report.master else "")


def names(report: Report) -> str:
    """Whether the names in the report are those of the site."""
    if report.redacted:
        return "redacted: hosts, addresses and numbers are pseudonyms"
    return "not redacted: read it before you send it (nimdoctor report redacts)"


def place(result: Result, report: Report) -> str:
    """The host that a result is about, with the end it is judged as."""
    if result.host:
        return f"{result.host} ({result.where.value})"
    known = report.master if report.master and result.where.value == "master" else None
    return f"the {result.where.value}" if not known else f"{known.label} ({result.where.value})"


def source(quote: Quote) -> str:
    """Where a quote stands."""
    return quote.source if quote.line is None else f"{quote.source} line {quote.line}"


def quoted(quote: Quote) -> str:
    """What a quote says."""
    words = quote.text if quote.text or quote.line is not None else "the whole of it"
    return words.strip()


def levels(report: Report) -> List[List[str]]:
    """The first finding and what follows from it: ids by their depth."""
    found: Dict[int, List[str]] = {}
    for result, depth in report.story.chain():
        level = found.setdefault(depth, [])
        level += [result.check] if result.check not in level else []
    return [found[depth] for depth in sorted(found)]


def chain(report: Report) -> str:
    """The cause and what follows from it, by ids: `a -> b + c -> d`."""
    return " -> ".join(" + ".join(level) for level in levels(report))


class Head(NamedTuple):
    """The first lines of a report: the cause, what to run or do next, whom it touches.

    `plan` is the command that shows a plan, where there is one, and `after` what stands after it.
    """

    cause: str
    next: str
    touches: str
    plan: str = ""
    after: str = ""


class Next(NamedTuple):
    """The one command to run next, and the end to run it on: None is the host that nimdoctor runs on."""

    command: Optional[str]
    where: Optional[Role]


def head(report: Report, room: int = 0) -> Head:
    """In a report of limited width `room` are the characters a command may have with its targets."""
    if report.verdict == INCONCLUSIVE:
        foreign = next((one for one in (report.host, report.master) if one and one.system not in (None, AIX)), None)
        cause, settling = (not_aix(foreign.label, str(foreign.system)), _ELSEWHERE) if foreign else _open(report)
        return Head(cause, settling, "no other host")
    root, first = report.root(), to_begin_with(report)
    if root is None or first is None:
        return Head(_NO_FAULT, "nothing to do", "no other host")
    if _left_to_a_person(report, first):
        below = f"{root.cause or root.message} ({chain(report)})"
        cause = below if root.topic is Topic.OPERATION else _NO_FAULT
        return Head(cause, f"nothing to do for a push (nimdoctor explain {first.check})", "no other host")
    way = report.way(first)
    plan, after = _plan(report, first, room) if way and way.steps else ("", "")
    cause = _NO_FAULT if root.topic is Topic.EXPOSURE else f"{root.cause or root.message} ({chain(report)})"
    touches = count(root.touches, "other host") if root.touches else "no other host"
    return Head(cause, by_hand(report, first), touches, plan, after)


def to_begin_with(report: Report) -> Optional[Result]:
    """The finding of which the first lines say what to do: of exposures one that a plan treats."""
    first = report.first
    if first is None or first.topic is Topic.OPERATION:
        return first
    treated = (one for one in report.story.findings for way in [report.way(one)] if way and way.steps)
    return next(treated, first)


def _left_to_a_person(report: Report, first: Result) -> bool:
    """Whether what is found stops no push, and nothing of it is done by a command: no move of a level comes of that."""
    way = report.way(first)
    typed = first.run or (way and (way.steps or way.run))
    return report.verdict == HEALTHY and not typed


def next_command(report: Report) -> Next:
    """The first line's command for programs."""
    open_, first = _gravest(report), to_begin_with(report)
    if open_:
        settled_by = open_.settled_by
        typed = typed_settlement(settled_by)
        return Next(typed, settled_by.where) if settled_by and typed else Next(None, None)
    if first is None:
        return Next(None, None)
    way = report.way(first)
    if way and way.steps:
        # what is done on two hosts, or in an editor, is no one command
        if way.typed and len(way.steps) == 1:
            return Next(way.steps[0][1], way.steps[0][0])
        return Next(_plan(report, first, 0)[0], way.steps[0][0] if _heap(report) else None)
    if way and (way.run or way.refused):
        return Next(way.run, way.where)
    if first.advice_only and report.guidance:
        where, commands = report.guidance.next
        return Next("; ".join(map(as_typed, commands)), where)
    return Next(first.run, first.where if first.run else None)


def _gravest(report: Report) -> Optional[Result]:
    """What was not decided and matters most, where that is what the verdict rests on."""
    open_ = report.undecided(Topic.OPERATION)
    return min(open_, key=lambda one: -one.severity.rank) if open_ and report.verdict == INCONCLUSIVE else None


def _open(report: Report) -> Tuple[str, str]:
    """Why an inconclusive report is so, and what settles it."""
    open_ = _gravest(report)
    if open_:
        ends = " and ".join(place for place, _ in ends_of(report))
        well = healthy_as_sent(report) if ends else []
        if well:
            number = sum(len(wanted) for _, wanted in ends_of(report))
            more = f'to say more: {count(number, "command")} under "{SENDING}", on {ends}'
            return f"none in what was sent: it is healthy ({', '.join(well)})", more
        return f"not known: {open_.message} ({open_.check})", _settling(report, open_)
    silent = "".join(f" ({one.check}: {one.message})" for one in report.with_outcome(Outcome.NOT_APPLICABLE)[:1])
    return f"{_NOTHING_PASSED}{silent}", _ASK_MORE if report.asked.narrowed else _GIVE_MORE


def by_hand(report: Report, result: Result) -> str:
    """What a person would type or do next about a finding, and where."""
    typed, way = command(report, result), report.way(result)
    if way is None or not way.words or way.steps:
        # what it would have been before generation G2 is nothing to do now
        cure = advice_only.next_words(report) or HARDENED if result.advice_only else result.cure
        return typed or cure or f"nimdoctor explain {result.check}"
    if way.refused:
        return _refused(way.words, way.planned) + (f"; {typed}" if typed else "")
    return f"{typed} ({way.words})" if typed else way.words


def command(report: Report, result: Result) -> Optional[str]:
    """What to type next about a finding, and where; None where there is nothing to type."""
    way = report.way(result)
    if way is None or not result.fix:
        where = f"on {place(result, report)}{as_whom(report, result.where, str(result.run))}"
        return f"{where}: {result.run}" if result.run else None
    if way.steps:
        done = [f"{place}: {line}" for place, line in steps(report, result)]
        return "; then ".join([*done, *([way.follow] if way.follow else [])])
    if not way.run or not way.where:
        return way.run
    others = f"{'each of ' if len(way.clients) > 1 else ''}{named(list(way.clients))}"
    as_ = "" if way.clients else as_whom(report, way.where, way.run)
    return f"on {others if way.clients else end(report, way.where)}{as_}: {way.run}"


def steps(report: Report, result: Result) -> List[Tuple[str, str]]:
    """What a plan does about a finding, as `on the master nim1` and what to type there."""
    way = report.way(result)
    found = way.steps if way else ()
    place_of = end if len(found) == 1 else _each
    return [(f"on {place_of(report, where)}{as_whom(report, where, line)}", line) for where, line in found]


def _each(report: Report, where: Role) -> str:
    """The same where several hosts are told in turn: which end it is comes first."""
    label = _label(report, where)
    return f"the {where.value} {label}" if label else f"the {where.value}"


def end(report: Report, where: Role) -> str:
    """The host that is that end, by its name where it was scanned."""
    label = _label(report, where)
    return f"{label} ({where.value})" if label else f"the {where.value}"


def _label(report: Report, where: Role) -> Optional[str]:
    """How the host that is that end is named; None where it was not scanned."""
    if where is Role.MASTER and report.master:
        return report.master.label
    return report.host.label if where.value in report.host.role.split(",") or report.host.role == "unknown" else None


def as_whom(report: Report, where: Role, command: str) -> str:
    """As whom a command is typed on that end where it is a Virtual I/O Server, whose shell is padmin's; empty elsewhere."""
    one = (where is Role.MASTER and report.master) or (report.host if _label(report, where) else None)
    return one.as_whom(command) if one else ""


def _heap(report: Report) -> bool:
    """Whether the target is several files in one heap, which is no TARGET of a fix."""
    return ", " in report.host.target


def _plan(report: Report, first: Result, room: int) -> Tuple[str, str]:
    only = [] if first.planned_by_itself else ["--only", str(first.fix)]
    master = ["--master", report.master.target] if report.master else []
    target = [report.host.target] if report.host.target else []
    bare = as_typed(["nimdoctor", "fix", *only])
    if _heap(report):
        return bare, f"on that host {_OR_BY_HAND}"
    shown = as_typed(["nimdoctor", "fix", *target, *master, *only])
    if room and len(f"{shown} {_OR_BY_HAND}") > room:
        return bare, f"with the same targets {_OR_BY_HAND}"
    return shown, _OR_BY_HAND


def number(report: Report, result: Result) -> int:
    """The number by which a finding is told, from 1."""
    return 1 + next(n for n, found in enumerate(report.story.findings) if found is result)


def wrong(result: Result) -> str:
    """What is wrong, in one line."""
    return f"{result.title}: {result.message}"


def causes_first(report: Report, result: Result) -> str:
    """That what surely explains a finding comes first; empty where nothing does."""
    causes = [str(number(report, cause)) for cause, sure in report.story.causes(result) if sure]
    return (
        f"first what {' and '.join(causes)} {'says' if len(causes) == 1 else 'say'}, then scan again" if causes else ""
    )


def cure(report: Report, result: Result) -> str:
    """What a person would do about a finding: first about what surely explains it."""
    first = causes_first(report, result)
    if not first:
        return str(cure_of(report, result))
    way = report.way(result)
    return first if way and way.refused else f"{first}. If it stays: {cure_of(report, result)}"


def cure_of(report: Report, result: Result) -> Optional[str]:
    """What a person would do about it, in words: no more than a plan would."""
    way = report.way(result)
    if way is None or not result.cure:
        return way.words if way and way.words else result.cure
    if way.steps:
        # a step that serves other fixes too is not what the cure of one finding names
        done = str(command(report, result)) if way.shared or way.words else result.cure
        return f"{done}; {way.words}" if way.words else done
    if not way.words:
        return result.cure
    if way.refused:
        return _refused(way.words, way.planned)
    return f"{way.words}; then {result.cure}" if way.planned else f"{result.cure} ({way.words})"


def _refused(words: str, planned: bool) -> str:
    """Of a plan why it is not carried out; of advice its words."""
    return f"not as things are: {words}" if planned else words


def fix(report: Report, result: Result) -> Optional[str]:
    """The command that shows the plan of a finding's fix, None where there is none."""
    way = report.way(result)
    if not way or not way.planned:
        return None
    planned = result.planned_by_itself
    command = "nimdoctor fix" if planned else f"nimdoctor fix --only {result.fix}"
    refused = "" if way.steps else ", which is refused as things are"
    return f"{command} shows the plan{f' ({result.fix})' if planned else ''}{refused}"


def missing(result: Result) -> str:
    """What would make a finding surer."""
    return f"{', '.join(result.missing)}: with it this would be surer"


def read(result: Result) -> str:
    """Where to read on."""
    return f"nimdoctor explain {result.check}; {'; '.join(result.references)}"


def notes(report: Report, every: bool = True) -> List[str]:
    """What is worth knowing beside the findings, one line each; not `every` is what a reader must know of the evidence."""
    worth_knowing = [found for found in report.with_outcome(Outcome.PASS) if every and found.severity is Severity.INFO]
    lines = [f"{found.check} on {place(found, report)}: {found.message}" for found in worth_knowing]
    lines += _unread(report)
    lines += list(report.remarks)
    lines += list(report.pictures.unmade) if report.pictures else []
    return lines + [f"probe: {found.what}: {found.says}" for found in report.probes]


def ignored(report: Report) -> List[str]:
    """What a site lives with, one line a finding."""
    lines = []
    for item in report.ignored:
        names = f" [{', '.join(item.objects)}]" if item.objects else ""
        lines.append(f"{item.result.check}{names}: {item.reason} ({item.source} line {item.line})")
    return lines


def _unread(report: Report) -> List[str]:
    """One line a host and reason: on a host without NIM a dozen commands are missing for one reason."""
    grouped: Dict[Tuple[str, str], List[str]] = {}
    for host_name, name, reason in report.problems:
        grouped.setdefault((host_name, reason), []).append(name)
    return [f"{host_name}: {reason}: {', '.join(names)}" for (host_name, reason), names in grouped.items()]


def undecided(report: Report, result: Result) -> str:
    """What could not be decided, in one line: where, why, and the push that would settle it."""
    return f"{result.severity.value} {result.check} on {place(result, report)}: {why_undecided(result)}"


def typed_settlement(settled_by: Optional[Settlement]) -> Optional[str]:
    """The commands that settle a verdict, as they are typed; None where a file does, or a push of no known name."""
    if settled_by is None or settled_by.argv is None:
        return None
    return "; ".join(map(as_typed, (settled_by.argv, *settled_by.also)))


def _settling(report: Report, result: Result) -> str:
    """What settles a check that did not decide."""
    settled_by = result.settled_by
    if settled_by and settled_by.also and settled_by.where:
        return f"on {end(report, settled_by.where)}: {typed_settlement(settled_by)}; then scan again with the answers"
    names = [f"the output of `{name}`" if not name.startswith("/") else name for name in result.missing]
    push = settling_push(result)
    if push or not names:
        return push or f"nimdoctor explain {result.check}"
    more = sum(len(wanted) for _, wanted in ends_of(report)) > len(names)
    return f"give {', '.join(names)}, then scan again" + (
        f"; all that would say more: below, {SENDING}" if more else ""
    )
