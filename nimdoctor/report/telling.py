"""What every report for people says of a scan, in plain words and without any format: nothing here is made visible
or escaped yet, so whatever writes it must do that.
"""

from typing import Dict, List, Optional, Sequence, Tuple

from nimdoctor.engine import Result
from nimdoctor.model import Outcome, Quote, Severity, Topic
from nimdoctor.named_tuple import NamedTuple
from nimdoctor.plan.typed import as_typed
from nimdoctor.scan import HEALTHY, INCONCLUSIVE, Report, ScannedHost
from nimdoctor.wording import count, named

_ELSEWHERE = "run it on the NIM client or master, or give evidence of one; nimdoctor demo shows a simulation"
_NOTHING_PASSED = "not known: nothing that was asked passed here, so nothing was seen to be well"
_ASK_MORE = "ask more: scan without --check, --skip and --role, and look at what the ignore file silences"
_GIVE_MORE = "give more of the host's evidence, or run it there as root"
EXPOSURES = "Exposures"
STOP_NO_PUSH = "They stop no push, and bear on no verdict and no exit status but by --fail-on-exposure."
"""What a report says of its section of exposures."""
_OR_BY_HAND = "shows the plan; or by hand,"


def counts(report: Report) -> List[str]:
    """Of operation: `1 critical problem`, `2 checks undecided`: the worst first, nothing for what there is none of."""
    found = [
        count(number, f"{severity.value} problem")
        for severity in reversed(Severity)
        for number in [sum(1 for one in report.with_outcome(Outcome.FAIL, Topic.OPERATION) if one.severity is severity)]
        if number
    ]
    unknown = len(report.undecided(Topic.OPERATION))
    return found + ([f"{count(unknown, 'check')} undecided"] if unknown else [])


def exposed(report: Report) -> str:
    """`10 known vulnerabilities are open, the worst 10.0`; empty where nothing is open."""
    found = report.exposure
    said = []
    if found.open:
        many = "vulnerability is" if found.open == 1 else "vulnerabilities are"
        said.append(f"{found.open} known {many} open")
        said += [f"the worst {found.worst}"] if found.worst is not None else []
    # beside vulnerabilities what is low is left to the section
    bar = Severity.MEDIUM if said else Severity.INFO
    failed = report.with_outcome(Outcome.FAIL, Topic.EXPOSURE)
    others = named([one.check for one in failed if not one.vulnerabilities and one.severity.rank >= bar.rank])
    said += [f"besides {others}" if said else others] if others else []
    said += [f"more than --fail-on-exposure {report.fail_on_exposure} allows"] if report.not_allowed else []
    return ", ".join(said)


def asked(report: Report) -> str:
    """`1 of 47 checks asked, 1 finding ignored`; empty where all was asked that could be."""
    found = report.asked
    said = [f"{found.checks} of {count(found.of, 'check')} asked"] if found.checks < found.of else []
    said += [f"{count(found.ignored, 'finding')} ignored"] if found.ignored else []
    said += [f"not asked as {' and '.join(found.not_as)}"] if found.not_as else []
    return ", ".join(said)


def verdict(report: Report) -> str:
    """What the verdict is, and of what: `HEALTHY, BUT EXPOSED (46 of 47 checks asked)`."""
    open_ = (", BUT EXPOSED" if report.verdict == HEALTHY else ", AND EXPOSED") if report.exposure.checks else ""
    narrowed = asked(report)
    return report.verdict.upper() + open_ + (f" ({narrowed})" if narrowed else "")


def found(report: Report) -> str:
    """What the verdict rests on, operation first: `1 low problem; 10 known vulnerabilities are open, the worst 10.0`."""
    return "; ".join(filter(None, (", ".join(counts(report)), exposed(report))))


def headline(report: Report) -> str:
    """The verdict and what was found, as every format has it in its first line: `PROBLEMS: 1 critical problem`."""
    return ": ".join(filter(None, (verdict(report), found(report))))


def host(one: ScannedHost) -> str:
    """A host with its role and level."""
    level = f", AIX {one.oslevel}" if one.oslevel else ""
    role = one.role.replace(",", " and ") if one.role != "unknown" else "role not known"
    return f"{one.label} ({role}{level})"


def hosts(report: Report) -> str:
    """Both ends."""
    return host(report.host) + (f" with {host(report.master)}" if report.master else "")


def names(report: Report) -> str:
    """Whether the names in the report are those of the site."""
    if report.redacted:
        return "redacted: hosts, addresses and numbers are pseudonyms"
    return "not redacted: read it before you send it; nimdoctor report makes an archive without the site's names"


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
    said = quote.text if quote.text or quote.line is not None else "the whole of it"
    return said.strip()


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

    `plan` is the command that shows a plan, where there is one, and `said` what stands after it.
    """

    cause: str
    next: str
    touches: str
    plan: str = ""
    said: str = ""


def head(report: Report, room: int = 0) -> Head:
    """In a report of limited width `room` are the characters a command may have with its targets."""
    root, first = report.root(), report.first
    if root and first:
        touches = count(root.touches, "other host") if root.touches else "no other host"
        plan, said = _plan(report, first, room) if first.fix else ("", "")
        cause = f"{root.cause or root.message} ({chain(report)})"
        return Head(cause, by_hand(report, first), touches, plan, said)
    if report.verdict == INCONCLUSIVE:
        open_ = next(iter(report.undecided(Topic.OPERATION) + report.undecided(Topic.EXPOSURE)), None)
        elsewhere = next((remark for remark in report.remarks if ", not AIX" in remark), None)
        if open_ is None:
            more = _ASK_MORE if report.asked.narrowed else _GIVE_MORE
            silent = "".join(
                f" ({one.check}: {one.message})" for one in report.with_outcome(Outcome.NOT_APPLICABLE)[:1]
            )
            cause = elsewhere or f"{_NOTHING_PASSED}{silent}"
            return Head(cause, _ELSEWHERE if elsewhere else more, "no other host")
        cause = elsewhere or f"not known: {open_.message} ({open_.check})"
        return Head(cause, _ELSEWHERE if elsewhere else _settled_by(open_), "no other host")
    return Head("none: no check found a fault", "nothing to do", "no other host")


def by_hand(report: Report, result: Result) -> str:
    """What a person would type or do next about a finding, and where."""
    where = f"on {place(result, report)}: " if result.run and not result.run.startswith("on ") else ""
    return f"{where}{result.run or result.cure or 'nimdoctor explain ' + result.check}"


def _plan(report: Report, first: Result, room: int) -> Tuple[str, str]:
    only = [] if _planned(first) else ["--only", str(first.fix)]
    master = ["--master", report.master.target] if report.master else []
    target = [report.host.target] if report.host.target else []
    bare = as_typed(["nimdoctor", "fix", *only])
    if ", " in report.host.target:  # several files in one heap: no TARGET of a fix
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


def cure(report: Report, result: Result) -> str:
    """What a person would do about a finding: first about what surely explains it."""
    causes = [str(number(report, cause)) for cause, sure in report.story.causes(result) if sure]
    first = f"first what {' and '.join(causes)} {'says' if len(causes) == 1 else 'say'}, then scan again. If it stays: "
    return f"{first if causes else ''}{result.cure}"


def fix(result: Result) -> Optional[str]:
    """The command that shows the plan of a finding's fix, None where there is none."""
    if not result.fix:
        return None
    planned = _planned(result)
    command = "nimdoctor fix" if planned else f"nimdoctor fix --only {result.fix}"
    return f"{command} shows the plan{f' ({result.fix})' if planned else ''}"


def _planned(result: Result) -> bool:
    """Whether `nimdoctor fix` plans the finding's fix without being told its name."""
    return result.severity.rank >= Severity.MEDIUM.rank and not result.named_only


def missing(result: Result) -> str:
    """What would make a finding surer."""
    return f"{', '.join(result.missing)}: with it this would be surer"


def read(result: Result) -> str:
    """Where to read on."""
    return f"nimdoctor explain {result.check}; {'; '.join(result.references)}"


def undecided(report: Report, result: Result) -> str:
    """What could not be decided, in one line."""
    return f"{result.severity.value} {result.check} on {place(result, report)}: {result.message}"


def notes(report: Report) -> List[str]:
    """What is worth knowing beside the findings, one line each."""
    told = [found for found in report.with_outcome(Outcome.PASS) if found.severity is Severity.INFO]
    lines = [f"{found.check} on {place(found, report)}: {found.message}" for found in told]
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


def _settled_by(result: Result) -> str:
    if result.missing:
        return f"give {', '.join(_words(result.missing))}, then scan again"
    return (
        f"nimdoctor explain {result.check}"
        if "On the master:" not in result.message
        else ("on the master: " + result.message.split("On the master: ", 1)[1])
    )


def _words(names: Sequence[str]) -> List[str]:
    return [f"the output of `{name}`" if not name.startswith("/") else name for name in names]
