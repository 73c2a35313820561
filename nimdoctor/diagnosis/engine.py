"""Runs checks over hosts: resolves what they ask for, turns what they say into results.

A check that breaks becomes a result of outcome error and the others go on. Nothing passes without
evidence: a check that says nothing passes on the facts it was given, and only on them.
"""

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor import facts
from nimdoctor.diagnosis.broken_check import broke
from nimdoctor.diagnosis.host import FactAbsent, Host
from nimdoctor.diagnosis.parameters import asks_for_diagnosis, parameters
from nimdoctor.diagnosis.scanned_ends import GIVE, CheckRun, NotNamed, ScannedEnds
from nimdoctor.diagnosis.settlement import settlement_of
from nimdoctor.model import (
    Check,
    Confidence,
    Diagnosis,
    Finding,
    FixTraits,
    Missing,
    NotApplicable,
    Note,
    Outcome,
    Passed,
    Quote,
    Role,
    RuledOut,
    Settlement,
    Severity,
    Subject,
    Topic,
    Traffic,
    Unknown,
    Verdict,
    Vulnerability,
    severity_of,
    worst_score,
)

QUOTED_LINES = 20
"""Lines of evidence a result quotes at most."""

HARDENED = (
    "advice only: from NIM security generation G2 on, keys and certificates travel in another way "
    "(IBM node/7251173, node/7283157)"
)
LOOK_AT = (
    "likely places to look at instead are the generations of the two ends, then the ports and the path between them, the "
    "names both ways, the clocks and the dates of the certificates"
)


class Result(NamedTuple):
    """One entry of a report: a check, a host and a finding, or a check without one.

    Field by field as in the schema nimdoctor.report/1; `run`, `touches` and `against` are as in `Finding`.
    `causes` are the ids of the checks whose findings this one may be the cause of, `explained_by` those whose findings
    may be the cause of this one. `named_only` says that its fix
    is planned only by `--only`, whatever the severity, `fetches` that it ends with a fetch of the client's certificate.
    `topic`, `breaks` and `subject` are those of the check, `vulnerabilities` are as in
    `Finding`. `rules_out` are the steps that no plan of this scan may hold, each with its end and its reason.
    `settled_by` is what would settle an unknown, its `where` filled in; None where nothing that can be named does.
    `advice_only` says that its cure is of the time before security generation G2, and nimdoctor does not carry it out.
    """

    check: str
    title: str
    outcome: Outcome
    severity: Severity
    where: Role
    host: Optional[str]
    message: str
    confidence: Optional[Confidence] = None
    cause: Optional[str] = None
    impact: Optional[str] = None
    cure: Optional[str] = None
    fix: Optional[str] = None
    objects: Tuple[str, ...] = ()
    evidence: Tuple[Quote, ...] = ()
    missing: Tuple[str, ...] = ()
    references: Tuple[str, ...] = ()
    run: Optional[str] = None
    touches: int = 0
    against: Tuple[Quote, ...] = ()
    causes: Tuple[str, ...] = ()
    named_only: bool = False
    fetches: bool = False
    breaks: Tuple[Traffic, ...] = ()
    topic: Topic = Topic.OPERATION
    vulnerabilities: Tuple[Vulnerability, ...] = ()
    rules_out: Tuple[RuledOut, ...] = ()
    settled_by: Optional[Settlement] = None
    advice_only: bool = False
    explained_by: Tuple[str, ...] = ()
    subject: str = ""

    @property
    def planned_by_itself(self) -> bool:
        """Whether `nimdoctor fix` plans its fix without being told the name."""
        return self.severity.rank >= Severity.MEDIUM.rank and not self.named_only


class _Lacking(Exception):
    """A fact that a check cannot do without cannot be had of that end."""

    def __init__(self, absent: FactAbsent, where: Role) -> None:
        super().__init__(absent.message)
        self.absent = absent
        self.where = where


_NOBODY = Check("", "", Role.BOTH, Severity.INFO, lambda: None)
"""Stands for the check where something else asks for facts."""


class Engine:
    """The hosts of one scan: the target and, where given, its master. `traits` tells of a fix by its id."""

    def __init__(
        self, target: Host, master: Optional[Host] = None, traits: Callable[[str], FixTraits] = lambda _: FixTraits()
    ) -> None:
        self.traits = traits
        self.target = target
        self.master = master
        self._ends = ScannedEnds(target, master)
        if master:
            master.client = target

    def scan(self, checks: Sequence[Check], all_checks: Callable[[], Sequence[Check]]) -> List[Result]:
        """Results of the chosen checks, by id.

        A check that asks for the Diagnosis runs last and sees what every check of `all_checks`
        found, chosen or not, so that its verdict does not hang on the choice.
        """
        chosen = {check.id for check in checks}
        later = [check for check in checks if asks_for_diagnosis(check.function)]
        first = all_checks() if later else checks
        results: List[Result] = []
        for check in first:
            if not asks_for_diagnosis(check.function):
                results += self.ask(check, None)
        failed = [found for found in results if found.outcome is Outcome.FAIL]
        diagnosis = Diagnosis([(one.check, one.fix) for one in failed], any(one.fetches for one in failed))
        results = [found for found in results if found.check in chosen]
        for check in later:
            results += self.ask(check, diagnosis)
        return results

    def ask(self, check: Check, diagnosis: Optional[Diagnosis]) -> List[Result]:
        """Every result of one check, over each host it is for."""
        runs = list(self._ends.runs(check))
        if not runs:
            end = Role.CLIENT if check.role is Role.CLIENT else Role.MASTER
            return [self._plain(check, end, None, Outcome.NOT_APPLICABLE, GIVE[end])]
        return [result for run in runs for result in self._judge(run, diagnosis)]

    def feed(self, function: Any, supplied: Mapping[Any, Any]) -> Dict[str, Any]:
        """Arguments for a function that names facts as a check does; `supplied` are values by their type.

        A fact that cannot be had is None where the parameter is Optional. Raises Absent where it is not,
        and NotNamed for one of an end that was not given.
        """
        run = CheckRun(_NOBODY, self.target, Role.CLIENT if "client" in self.target.roles else Role.MASTER)
        given: Dict[str, Any] = {}
        for name, (kind, end, optional) in parameters(function).items():
            if kind in supplied:
                given[name] = supplied[kind]
                continue
            try:
                given[name] = self._ends.fact(run, kind, end)
            except (FactAbsent, NotNamed):
                if not optional:
                    raise
                given[name] = None
        return given

    def may_be_hardened(self) -> bool:
        """Whether either end is of generation G2 or later, or of unknown generation where G2 exists."""
        return any(generation.may_be_hardened for generation in self._generations())

    def is_hardened(self) -> bool:
        """Whether either end is proved to be of generation G2 or later."""
        return any(generation.at_least("G2") for generation in self._generations())

    def _generations(self) -> "List[facts.NimGeneration]":
        found = [host.optional(facts.NimGeneration) for host in (self.target, self.master) if host]
        return [generation for generation in found if generation]

    def _judge(self, run: CheckRun, diagnosis: Optional[Diagnosis]) -> List[Result]:
        check = run.check
        host_name = run.name
        try:
            arguments, sources, part = self._arguments(run, diagnosis)
            verdicts = list(check.function(**arguments) or ())
            for thing in verdicts:
                if not isinstance(thing, (Finding, Passed, Note, Unknown, NotApplicable)):
                    raise TypeError(f"{check.id} yielded {type(thing).__name__}, which is no verdict")
        except NotNamed as error:
            return [self._plain(check, run.where, host_name, Outcome.NOT_APPLICABLE, str(error))]
        except _Lacking as error:
            settled_by = settlement_of(error.absent.missing, error.where, self.target, self.master)
            return [self._unknown(run, host_name, error.absent.message, error.absent.missing, settled_by)]
        except Missing as error:
            message = error.message or ", ".join(self._why_missing(run, name) for name in error.missing)
            return [self._unknown(run, host_name, message, error.missing)]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plug-in may raise anything, SystemExit included
            return [self._plain(check, run.where, host_name, Outcome.ERROR, broke(error))]
        findings = [thing for thing in verdicts if isinstance(thing, Finding)]
        if findings:
            return [self._found(run, host_name, finding) for finding in findings]
        result = self._without_finding(run, host_name, verdicts, sources)
        if part and result.outcome is Outcome.PASS:
            # what is not in the part that was given may speak against it
            unknown = self._unknown(run, host_name, f"not known, {result.message}", (part,))
            return [unknown._replace(severity=result.severity, evidence=result.evidence)]
        return [result]

    def _arguments(
        self, run: CheckRun, diagnosis: Optional[Diagnosis]
    ) -> Tuple[Dict[str, Any], Tuple[Quote, ...], str]:
        """What the check asks for, quotes of all that it is made of, and the name of evidence of which only a part was given."""
        given: Dict[str, Any] = {}
        sources: List[Quote] = []
        part = ""
        for name, (kind, end, optional) in parameters(run.check.function).items():
            if kind is Subject:
                given[name] = self._ends.subject(run)
            elif kind is Diagnosis:
                given[name] = diagnosis or Diagnosis()
            else:
                try:
                    given[name] = self._ends.fact(run, kind, end)
                    source = getattr(given[name], "source", None)
                    if isinstance(source, str):
                        sources.append(Quote(source, None, ""))
                except NotNamed:
                    if not optional:
                        raise
                    given[name] = None
                except FactAbsent as absent:
                    if not optional:
                        raise _Lacking(absent, end or run.where) from absent
                    given[name] = None
                part = part or self._ends.host_of(run, end).only_a_part(kind)
        return given, tuple(sources), part

    def _found(self, run: CheckRun, host: Optional[str], finding: Finding) -> Result:
        """A finding that is only possible for want of evidence is none where that is there and could not be read; nor is
        one that wants for evidence of which a part was given.
        """
        failed = self._failed(run, finding)
        withheld = any(end.withheld(name) for name in failed.missing for end in self._ends_with(run, name))
        if withheld or (
            failed.confidence is Confidence.POSSIBLE and any(self._unread(run, name) for name in failed.missing)
        ):
            unknown = self._unknown(run, host, f"not known, {failed.message}", failed.missing)
            return unknown._replace(severity=failed.severity, evidence=failed.evidence)
        return failed

    def _failed(self, run: CheckRun, finding: Finding) -> Result:
        check = run.check
        fix = check.fix if finding.fix == "" else finding.fix
        cure = finding.cure or check.cure
        command = finding.run
        traits = self.traits(fix) if fix else FixTraits()
        classic = traits.classic if check.classic is None else check.classic
        advice_only = bool(classic and fix) and self.may_be_hardened()
        if advice_only:
            fix, command, traits = None, None, FixTraits()
            # where an end is proved to be of G2, what was right before is nothing to do
            below = LOOK_AT if self.is_hardened() else f"if both ends prove to be below G2: {cure}"
            cure = type(cure)(f"{HARDENED}; {below}") if cure else HARDENED
        score = worst_score(finding.vulnerabilities)
        return Result(
            check=check.id,
            title=check.title,
            outcome=Outcome.FAIL,
            severity=finding.severity or (check.severity if score is None else severity_of(score)),
            where=run.where,
            host=run.name,
            message=finding.message,
            confidence=finding.confidence or check.confidence,
            cause=finding.cause or check.cause,
            impact=finding.impact or check.impact or check.summary,
            cure=cure,
            fix=fix,
            objects=tuple(finding.objects),
            evidence=tuple(finding.evidence)[:QUOTED_LINES],
            references=tuple(finding.references) or ((check.source,) if check.source else ()),
            run=command,
            touches=0 if advice_only else finding.touches,
            against=tuple(finding.against)[:QUOTED_LINES],
            missing=tuple(dict.fromkeys(finding.missing)),
            causes=tuple(check.explains if finding.explains is None else finding.explains),
            explained_by=tuple(finding.explained_by),
            named_only=traits.named_only,
            fetches=traits.fetches,
            breaks=check.breaks,
            topic=check.topic,
            subject=check.subject,
            advice_only=advice_only,
            vulnerabilities=tuple(finding.vulnerabilities),
            rules_out=tuple(
                one._replace(where=one.where or run.where, why=one.why or _own_words(check, finding))
                for one in (check.rules_out if finding.rules_out is None else finding.rules_out)
            ),
        )

    def _without_finding(
        self, run: CheckRun, host: Optional[str], verdicts: List[Verdict], sources: Tuple[Quote, ...]
    ) -> Result:
        check = run.check
        for kind in (Unknown, Note, Passed, NotApplicable) if verdicts else ():
            thing = next((found for found in verdicts if isinstance(found, kind)), None)
            if isinstance(thing, Unknown):
                result = self._unknown(run, host, thing.message, thing.missing, thing.settled_by)
                return result._replace(severity=thing.severity or check.severity, evidence=tuple(thing.evidence))
            if isinstance(thing, NotApplicable):
                return self._plain(check, run.where, host, Outcome.NOT_APPLICABLE, thing.message)
            if isinstance(thing, (Note, Passed)):
                evidence = tuple(thing.evidence)[:QUOTED_LINES] or sources
                if not evidence:
                    return self._unknown(run, host, f"{thing.message} (but no evidence was given)", ())
                severity = Severity.INFO if isinstance(thing, Note) else check.severity
                return self._plain(check, run.where, host, Outcome.PASS, thing.message, severity, evidence)
        if not sources:
            return self._unknown(run, host, "there is no evidence to judge by", ())
        return self._plain(check, run.where, host, Outcome.PASS, f"no sign of it: {check.title}", evidence=sources)

    def _unknown(
        self,
        run: CheckRun,
        host: Optional[str],
        message: str,
        missing: Sequence[str],
        settled_by: Optional[Settlement] = None,
    ) -> Result:
        if run.uninvited:
            return self._plain(run.check, run.where, None, Outcome.NOT_APPLICABLE, GIVE[run.where])
        wanted = tuple(dict.fromkeys(missing))
        reasons = dict.fromkeys(self._unread(run, name) for name in wanted)
        why = [reason for reason in reasons if reason not in message]
        result = self._plain(run.check, run.where, host, Outcome.UNKNOWN, "; ".join([message, *why]))
        settled_by = settled_by or settlement_of(missing, run.where, self.target, self.master)
        if settled_by and settled_by.where is None:
            settled_by = settled_by._replace(where=run.where)
        return result._replace(missing=wanted, settled_by=settled_by)

    def _unread(self, run: CheckRun, name: str) -> str:
        """Why evidence of that catalog name could not be had or understood, on whichever end the check looks for it."""
        for end in self._ends_with(run, name):
            reason = end.unread(name)
            if reason:
                return reason if end is run.host else f"on {end.name or 'the other end'}: {reason}"
        return ""

    def _why_missing(self, run: CheckRun, name: str) -> str:
        return self._unread(run, name) or self._ends_with(run, name)[0].why_missing(name)

    def _ends_with(self, run: CheckRun, name: str) -> List[Host]:
        """The hosts of which the check may want that evidence, the likeliest first."""
        named = {end for _, end, _ in parameters(run.check.function).values()}
        ends = [run.host]
        ends += [self.master] if self.master and Role.MASTER in named else []
        ends += [self.target] if Role.CLIENT in named else []
        row = run.host.catalog.row(name)
        return sorted(dict.fromkeys(ends), key=lambda end: bool(row and not row.roles & set(end.roles)))

    @staticmethod
    def _plain(
        check: Check,
        where: Role,
        host: Optional[str],
        outcome: Outcome,
        message: str,
        severity: Optional[Severity] = None,
        evidence: Tuple[Quote, ...] = (),
    ) -> Result:
        return Result(
            check.id,
            check.title,
            outcome,
            severity or check.severity,
            where,
            host,
            message,
            evidence=evidence,
            breaks=check.breaks,
            topic=check.topic,
            subject=check.subject,
        )


def _own_words(check: Check, finding: Finding) -> str:
    """The reason for which a finding rules a step out, where it gives none apart."""
    impact = finding.impact or check.impact
    return f"{finding.message}: {impact}" if impact else finding.message
