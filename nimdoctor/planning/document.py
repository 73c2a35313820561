"""The plan: what it holds, how it is written, and its id."""

import hashlib
import json
from functools import cache
from typing import (
    Any,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from nimdoctor.model import Role, Topic
from nimdoctor.planning.conditions import Condition
from nimdoctor.planning.fix import Options
from nimdoctor.planning.steps import Step, step_as_dict, step_from_dict

SCHEMA = "nimdoctor.plan/1"
_CORE = ("schema", "hosts", "levels", "checks", "steps")
"""What the id rests on; of each host its name and machine id, and not how it is reached."""


class BadPlan(ValueError):
    """A saved plan that cannot be used; one line says why."""


class PlanHost(NamedTuple):
    """One end of the plan: `target` is absolute, `machine` its machine id (uname -m), `level` its oslevel; None where not known."""

    name: Optional[str]
    target: str
    machine: Optional[str]
    level: Optional[str]

    @property
    def reached(self) -> str:
        """The host as it is reached over ssh."""
        return self.target if self.target.startswith("ssh:") else f"ssh:{self.name or 'HOST'}"


class Treated(NamedTuple):
    """A finding that the plan treats, as an auditor reads it; `evidence` are (source, line, text)."""

    check: str
    where: Role
    host: Optional[str]
    title: str
    message: str
    fix: str
    evidence: Tuple[Tuple[str, Optional[int], str], ...]
    topic: str = Topic.OPERATION.value


class PlannedAdvice(NamedTuple):
    """Something a person must do: for which check or fix, in words, with the command and why it is not done here.

    Where it stands for one finding, `finding` is the message of that, with which `text` begins, and `beside` is what
    `text` says beside the finding's message and cure; empty where `run` on the end `where` says it all.
    """

    about: str
    text: str
    run: Optional[str]
    where: Optional[str]
    objects: Tuple[str, ...] = ()
    finding: str = ""
    beside: str = ""


class Undecided(NamedTuple):
    """What a scan could not decide: a check, the end and host, what it says, and in the catalog's terms what would
    settle it."""

    check: str
    where: str
    host: Optional[str]
    severity: str
    message: str
    missing: Tuple[str, ...] = ()


class Affected(NamedTuple):
    """Other secured clients that lose their push, and the commands each must run."""

    clients: Tuple[str, ...]
    why: str
    cure: Tuple[Tuple[str, ...], ...]


class Refusal(NamedTuple):
    """A precondition that does not hold now: `step` is an id, or empty for the whole plan."""

    step: str
    must: str
    seen: str
    run: Optional[str] = None
    """The command that helps, where there is one."""


class Plan(NamedTuple):
    """One plan for all findings.

    Its id rests on schema, hosts, levels, check ids and steps alone, none of which holds a time or a target, so that the
    same evidence gives the same id at every call, whichever way it was read: on the host itself, over ssh, from a directory.
    """

    hosts: Mapping[Role, PlanHost]
    checks: Tuple[str, ...]
    steps: Tuple[Step, ...]
    options: Options = Options()
    findings: Tuple[Treated, ...] = ()
    advice: Tuple[PlannedAdvice, ...] = ()
    below: Tuple[PlannedAdvice, ...] = ()
    """Findings below medium that no step treats."""
    affects: Optional[Affected] = None
    cautions: Tuple[str, ...] = ()
    refusals: Tuple[Refusal, ...] = ()
    first: Optional[str] = None
    pushes: Tuple[str, ...] = ()
    """Pushes that settle a "not tried since"."""
    exposures: Tuple[PlannedAdvice, ...] = ()
    """What stands open to others and no step closes."""
    undecided: Tuple[Undecided, ...] = ()
    """What of operation, of medium and more, is not known and no push settles."""
    unfinished: Tuple[str, ...] = ()
    """Lines about runs that must be ended first; they are not saved with it."""
    probes: Tuple[Any, ...] = ()
    """What was asked over the network, and the answers: each a `Probe`."""

    @property
    def exit_status(self) -> int:
        """Of a plan that was not applied: 1 something waits, 3 nothing does but not all is known, 0 all is well."""
        return 1 if self.unfinished or self.waits else 3 if self.undecided else 0

    @property
    def waits(self) -> bool:
        """Whether there is something to be done: steps, or advice on operation."""
        return bool(self.steps or self.advice)

    @property
    def id(self) -> str:
        """SHA-256 of the canonical JSON of what the id rests on, as hexadecimal."""
        return id_of(self.core())

    @property
    def targets(self) -> Dict[Role, str]:
        """The ends as on a command line."""
        return {where: host.target for where, host in self.hosts.items()}

    @property
    def point_of_no_return(self) -> Optional[Step]:
        """The first step that cannot be undone."""
        return next((step for step in self.steps if step.no_undo and not step.restores), None)

    @property
    def risk(self) -> str:
        """high, medium or low: that of its riskiest step."""
        words = [step.risk.split(":")[0].split()[0] for step in self.steps]
        return next((level for level in ("high", "medium") if level in words), "low")

    def touches(self, where: Role) -> bool:
        """Whether a step is done on that end."""
        return any(step.where is where for step in self.steps)

    @property
    def two_hosts(self) -> bool:
        """Whether the ends are two hosts, by how they are reached."""
        return len({host.target for host in self.hosts.values()}) > 1

    def part(self, where: Role) -> "Plan":
        """What of it is done on one end: that end's steps and findings, and its id. Both hosts stay in it.

        What it does to other clients goes with the master's.
        """
        findings = tuple(found for found in self.findings if found.where is where)
        return Plan(
            hosts=self.hosts,
            checks=tuple(sorted({found.check for found in findings})),
            steps=tuple(step for step in self.steps if step.where is where),
            options=self.options,
            findings=findings,
            affects=self.affects if where is Role.MASTER else None,
        )

    def asked_of(self, where: Role) -> Tuple[Condition, ...]:
        """What must hold on that end for steps that are done on the other, before each of them or just before it."""
        steps = [step for step in self.steps if step.where is not where]
        return tuple(one for step in steps for one in (*step.before, *step.then) if one.where is where)

    def inseparable(self) -> List[Refusal]:
        """What keeps its parts from being carried out one after the other, each by the host that it is about."""
        found = []
        for number, step in enumerate(self.steps):
            if step.where is Role.MASTER and self.steps[number - 1].where is Role.CLIENT and number:
                found.append(Refusal(step.id, "the master is done with before the client begins", "it comes after a step "
                                     "of the client"))  # fmt: skip
            for one in step.verify:
                if one.where is not step.where:
                    found.append(Refusal(step.id, "what shows that it worked is seen where it is done", f"it is "
                                         f"{one.words()}, on the {one.where.value}"))  # fmt: skip
        return found

    def core(self) -> Dict[str, Any]:
        """What the id rests on, and how each host is reached."""
        return {
            "schema": SCHEMA,
            "hosts": {
                where.value: {"name": host.name, "target": host.target, "machine": host.machine}
                for where, host in self.hosts.items()
            },
            "levels": {where.value: host.level for where, host in self.hosts.items()},
            "checks": list(self.checks),
            "steps": [step_as_dict(step) for step in self.steps],
        }

    def to_dict(self) -> Dict[str, Any]:
        """The plan as plain values of JSON, schema nimdoctor.plan/1, with what is known of this moment alone."""
        probes = [one._asdict() for one in self.probes]
        return {**self.as_dict(), "unfinished": list(self.unfinished), "probes": probes}

    def as_dict(self) -> Dict[str, Any]:
        """The plan as it is saved; `id` first."""
        no_return = self.point_of_no_return
        return {
            "id": self.id,
            **self.core(),
            "options": {
                name: list(one) if isinstance(one, tuple) else one for name, one in self.options._asdict().items()
            },
            "point_of_no_return": no_return.id if no_return else None,
            "risk": self.risk,
            "findings": [
                {
                    **found._asdict(),
                    "where": found.where.value,
                    "evidence": [
                        {"source": source, "line": line, "text": text} for source, line, text in found.evidence
                    ],
                }
                for found in self.findings
            ],
            "advice": [{**one._asdict(), "objects": list(one.objects)} for one in self.advice],
            "below": [{**one._asdict(), "objects": list(one.objects)} for one in self.below],
            "affects": {
                "clients": list(self.affects.clients),
                "why": self.affects.why,
                "cure": [list(argv) for argv in self.affects.cure],
            }
            if self.affects
            else None,
            "cautions": list(self.cautions),
            "refusals": [one._asdict() for one in self.refusals],
            "first": self.first,
            "pushes": list(self.pushes),
            "exposures": [{**one._asdict(), "objects": list(one.objects)} for one in self.exposures],
            "undecided": [{**one._asdict(), "missing": list(one.missing)} for one in self.undecided],
        }


def canonical(value: Any) -> bytes:
    """JSON in one spelling: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def id_of(document: Mapping[str, Any]) -> str:
    """The id of a plan by what is written of it, whether or not this version knows all of its steps.

    Raises KeyError, TypeError, ValueError for what is no plan.
    """
    resting = {name: document[name] for name in _CORE}
    resting["hosts"] = {
        where: {"name": host["name"], "machine": host["machine"]} for where, host in dict(document["hosts"]).items()
    }
    return hashlib.sha256(canonical(resting)).hexdigest()


def parse(raw: bytes) -> Plan:
    """The plan that `as_dict` wrote as JSON. Raises BadPlan, also where its id does not fit."""
    try:
        document = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadPlan(f"it is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else None
        raise BadPlan(f"its schema is {found!r}, not {SCHEMA!r}")
    try:
        plan = _from_dict(document)
        for name in misfits(plan, Plan, "plan"):
            raise BadPlan(f"it is damaged: {name} is of another type than it should be")
        made, written = plan.core(), {name: document.get(name) for name in plan.core()}
        # what stands in the file is compared too: a diff that was changed would be approved and not done
        unchanged = plan.id == document.get("id") and canonical(written) == canonical(made)
    except BadPlan:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadPlan(f"it is damaged: {type(error).__name__}: {error}") from error
    if not unchanged:
        raise BadPlan("its id does not fit what it says: it was changed after it was made")
    return plan


def misfits(value: Any, hint: Any, name: str) -> Iterator[str]:
    """Names of the values within a record that are not of the types that their fields have.

    >>> list(misfits(Refusal("", "must", 7), Refusal, "refusal"))
    ['refusal.seen']
    """
    kinds, origin = get_args(hint), get_origin(hint)
    if origin is Union:
        if all(any(misfits(value, kind, name)) for kind in kinds):
            yield name
    elif origin is tuple and isinstance(value, tuple):
        each = [kinds[0]] * len(value) if kinds[-1] is Ellipsis else kinds
        if len(each) != len(value):
            yield name
        for one, kind in zip(value, each):
            yield from misfits(one, kind, name)
    elif not _is_of(value, origin or hint):
        yield name
    elif isinstance(value, Mapping) and kinds:
        for key, one in value.items():
            yield from misfits(key, kinds[0], name)
            yield from misfits(one, kinds[1], name)
    else:
        record: Any = type(value)
        for field, kind in _kinds(record).items() if hasattr(record, "_fields") else ():
            yield from misfits(getattr(value, field), kind, f"{name}.{field}")


def _is_of(value: Any, kind: Any) -> bool:
    if kind is Any or getattr(kind, "_is_protocol", False):  # a condition is made by its kind
        return True
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


@cache
def _kinds(record: Any) -> Dict[str, Any]:
    """The types of a record's fields."""
    return {name: kind for name, kind in get_type_hints(record).items() if name in record._fields}


def _from_dict(document: Mapping[str, Any]) -> Plan:
    options: Dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in document["options"].items()
    }
    affects = document["affects"]
    return Plan(
        hosts={
            Role(where): PlanHost(host["name"], host["target"], host["machine"], document["levels"].get(where))
            for where, host in document["hosts"].items()
        },
        checks=tuple(document["checks"]),
        steps=tuple(step_from_dict(step) for step in document["steps"]),
        options=Options(**options),
        findings=tuple(_treated(found) for found in document["findings"]),
        advice=_counsel(document["advice"]),
        below=_counsel(document["below"]),
        affects=Affected(tuple(affects["clients"]), affects["why"], tuple(tuple(argv) for argv in affects["cure"]))
        if affects
        else None,
        cautions=tuple(document["cautions"]),
        refusals=tuple(Refusal(**one) for one in document["refusals"]),
        first=document["first"],
        pushes=tuple(document["pushes"]),
        exposures=_counsel(document["exposures"]),
        undecided=tuple(Undecided(**{**one, "missing": tuple(one["missing"])}) for one in document["undecided"]),
    )


def _counsel(entries: Sequence[Mapping[str, Any]]) -> Tuple[PlannedAdvice, ...]:
    return tuple(PlannedAdvice(**{**one, "objects": tuple(one["objects"])}) for one in entries)


def _treated(found: Mapping[str, Any]) -> Treated:
    evidence: List[Tuple[str, Optional[int], str]] = [
        (quote["source"], quote["line"], quote["text"]) for quote in found["evidence"]
    ]
    fields = {**found, "where": Role(found["where"]), "evidence": tuple(evidence)}
    return Treated(**fields)
