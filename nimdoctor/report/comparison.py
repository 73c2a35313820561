"""What has become of the findings of an earlier report: which are new, which are gone, which have changed.

A finding is gone only where its check passes now: what is not decided, not asked or ignored now is changed, since nobody
knows that it is over. Messages are not compared, for they hold ages and counts.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.engine import Result
from nimdoctor.model import Outcome, Role, Severity
from nimdoctor.model.wording import count, named
from nimdoctor.report.scan_report import Report

IGNORED = "ignored"
"""Stands for the outcome of what an ignore file takes out."""
_FAIL, _PASS = Outcome.FAIL.value, Outcome.PASS.value

Key = Tuple[str, str, Optional[str]]
"""A check, the end it judged and the host's name."""
Said = Sequence[Tuple[str, "State"]]
"""All that a report says of one check on one host, each with the check's title."""


class State(NamedTuple):
    """What one report says of a check on a host: an entry of its results. `vulnerabilities` are their ids."""

    outcome: str
    severity: str
    confidence: Optional[str] = None
    message: str = ""
    objects: Tuple[str, ...] = ()
    vulnerabilities: Tuple[str, ...] = ()

    @property
    def compared(self) -> Tuple[Any, ...]:
        """What makes a finding another one than before."""
        return (self.outcome, self.severity, self.confidence, sorted(self.objects), sorted(self.vulnerabilities))


class Change(NamedTuple):
    """A finding in one of two reports, or in both. `before` and `after` are None where a report asked nothing of it."""

    check: str
    title: str
    where: str
    host: Optional[str]
    before: Optional[State]
    after: Optional[State]

    @property
    def place(self) -> str:
        """Where it was found."""
        return self.host or f"the {self.where}"


class Earlier(NamedTuple):
    """An earlier report as it was read. `generated` is its time as it writes it, `states` what it says, by check and host;
    `source` names it in errors.
    """

    source: str
    generated: str
    version: str
    verdict: str
    host: Optional[str]
    master: Optional[str]
    redacted: bool
    states: Mapping[Key, Said]


class Comparison(NamedTuple):
    """A report beside an earlier one of the same host. `notes` are what a reader should know of it."""

    earlier: Earlier
    new: Tuple[Change, ...] = ()
    gone: Tuple[Change, ...] = ()
    changed: Tuple[Change, ...] = ()
    notes: Tuple[str, ...] = ()

    def to_dict(self) -> Dict[str, Any]:
        """As values of JSON: the field `compared` of a report."""
        earlier = self.earlier
        return {
            "before": {"generated": earlier.generated, "version": earlier.version, "verdict": earlier.verdict},
            "new": [_as_dict(one) for one in self.new],
            "gone": [_as_dict(one) for one in self.gone],
            "changed": [_as_dict(one) for one in self.changed],
            "notes": list(self.notes),
        }


def compared(report: Report, earlier: Earlier, version: str) -> Comparison:
    """The report beside that one; `version` is that of the nimdoctor which made the report."""
    before, after = _under_names_of(report, earlier), _states(report)
    new: List[Change] = []
    gone: List[Change] = []
    changed: List[Change] = []
    for key in sorted({**before, **after}, key=lambda one: (one[0], one[1], one[2] or "")):
        for change in _changes(key, before.get(key, ()), after.get(key, ())):
            was = change.before is not None and change.before.outcome == _FAIL
            now = change.after is not None and change.after.outcome == _FAIL
            if was and now:
                changed.append(change)
            elif now:
                new.append(change)
            elif change.after is not None and change.after.outcome == _PASS:
                gone.append(change)
            else:
                changed.append(change)
    notes = tuple(_notes(report, earlier, version))
    return Comparison(earlier, _worst_first(new), _worst_first(gone), _worst_first(changed), notes)


def headline(found: Comparison) -> str:
    """The comparison in one line: `2026-11-01 10:00:00 UTC (problems then): 1 gone (tftp-disabled), 1 new (key-exposed)`."""
    moved = [change for change in found.changed if change.after is not None and change.after.outcome == _FAIL]
    open_ = [change for change in found.changed if change not in moved]
    parts = [
        f"{len(changes)} {word} ({named(list(dict.fromkeys(one.check for one in changes)))})"
        for changes, word in (
            (found.gone, "gone"),
            (found.new, "new"),
            (moved, "changed"),
            (open_, "found then and not decided now"),
        )
        if changes
    ]
    failed = sum(1 for said in found.earlier.states.values() for _, state in said if state.outcome == _FAIL)
    same = f"the same {count(failed, 'finding')}" if failed else "no findings, as then"
    return f"{since(found)} ({found.earlier.verdict} then): {', '.join(parts) or same}"


def since(found: Comparison) -> str:
    """The time of the earlier report."""
    return found.earlier.generated.replace("T", " ").replace("Z", " UTC")


def sentences(found: Comparison) -> List[str]:
    """A sentence for each new, gone and changed finding, then the notes."""
    lines = [f"gone: {one.check} on {one.place}: {_said(one.after)}" for one in found.gone]
    lines += [f"new: {one.check} on {one.place}: {_said(one.after)}{_then(one.before)}" for one in found.new]
    asked = [one for one in found.changed if one.after is not None]
    lines += [f"{_kind(one)}: {one.check} on {one.place}: {_moved(one)}" for one in asked]
    unasked = [f"{one.check} on {one.place}" for one in found.changed if one.after is None]
    lines += [f"found then, and not asked now: {', '.join(unasked)}"] if unasked else []
    return lines + list(found.notes)


def same_host(one: Optional[str], other: Optional[str]) -> bool:
    """Whether two names may be of one host: where one is not known, and where one is the beginning of the other up to a dot.

    >>> same_host("lpar7", "LPAR7.example.com"), same_host("lpar7", "lpar70"), same_host(None, "lpar7")
    (True, False, True)
    """
    if not one or not other:
        return True
    short, long = sorted((one.lower(), other.lower()), key=len)
    return short == long or long.startswith(f"{short}.")


def _under_names_of(report: Report, earlier: Earlier) -> Dict[Key, Said]:
    """What the earlier report says, its hosts named as in this one: a name may have been short then, or not known."""
    master = report.master.name if report.master and same_host(earlier.master, report.master.name) else earlier.master
    own_ends = (*report.host.role.split(","), Role.BOTH.value)
    found: Dict[Key, Said] = {}
    for (check, where, host), said in earlier.states.items():
        name = host
        if host == earlier.host and (host or where in own_ends):
            name = report.host.name
        elif host == earlier.master and host:
            name = master
        found[check, where, name] = said
    return found


def _states(report: Report) -> Dict[Key, Said]:
    found: Dict[Key, List[Tuple[str, State]]] = {}
    ignored = [item.result for item in report.ignored]
    for result in (*report.results, *ignored):
        taken_out = any(result is one for one in ignored)
        key = (result.check, result.where.value, result.host)
        found.setdefault(key, []).append((result.title, _state(result, taken_out)))
    return {key: tuple(said) for key, said in found.items()}


def _state(result: Result, taken_out: bool) -> State:
    return State(
        IGNORED if taken_out else result.outcome.value,
        result.severity.value,
        result.confidence.value if result.confidence else None,
        result.message,
        result.objects,
        tuple(one.id for one in result.vulnerabilities),
    )


def _changes(key: Key, before: Said, after: Said) -> List[Change]:
    """What differs between all that two reports say of one check on one host."""
    title = (after or before)[0][0]
    was = [state for _, state in before if state.outcome == _FAIL]
    now = [state for _, state in after if state.outcome == _FAIL]
    pairs: List[Tuple[Optional[State], Optional[State]]] = []
    for state in list(was):
        match = next((one for one in now if sorted(one.objects) == sorted(state.objects)), None)
        if match:
            pairs.append((state, match))
            was.remove(state)
            now.remove(match)
    if len(was) == 1 and len(now) == 1:
        pairs.append((was.pop(), now.pop()))
    pairs += [(state, _rest(after)) for state in was]
    pairs += [(_rest(before), state) for state in now]
    return [
        Change(*_named(key, title), old, new)
        for old, new in pairs
        if old is None or new is None or old.compared != new.compared
    ]


def _named(key: Key, title: str) -> Tuple[str, str, str, Optional[str]]:
    return key[0], title, key[1], key[2]


def _rest(said: Said) -> Optional[State]:
    """What a report says where it does not find that very thing: what is not decided before what is well."""
    states = [state for _, state in said]
    others = [state for state in states if state.outcome not in (_FAIL, _PASS)]
    if others or not states:
        # the place of what is ignored is not applicable
        return next((state for state in others if state.outcome == IGNORED), others[0]) if others else None
    passed = next((state for state in states if state.outcome == _PASS), None)
    # beside other findings of the check this one is seen not to be there
    return passed or State(_PASS, states[0].severity, None, "other findings of this check are left")


def _worst_first(changes: Sequence[Change]) -> Tuple[Change, ...]:
    rank = {one.value: one.rank for one in Severity}

    def worst(change: Change) -> int:
        return max(rank.get(state.severity, 0) for state in (change.before, change.after) if state)

    return tuple(sorted(changes, key=worst, reverse=True))


def _notes(report: Report, earlier: Earlier, version: str) -> List[str]:
    notes = []
    if earlier.version != version:
        notes.append(
            f"the earlier report is of nimdoctor {earlier.version}, this is {version}: checks may judge otherwise"
        )
    if not earlier.host or not report.host.name:
        whose = "the earlier report" if not earlier.host else "this evidence"
        notes.append(f"{whose} does not name its host: that both are of one host is taken for granted")
    now = report.master.name if report.master else None
    if bool(earlier.master) != bool(report.master) or not same_host(earlier.master, now):
        notes.append(f"the master was {earlier.master or 'not given'} then, and is {now or 'not given'} now")
    return notes


def _said(state: Optional[State]) -> str:
    return state.message if state else "not asked"


def _then(state: Optional[State]) -> str:
    if state is None:
        return " (not asked then)"
    return "" if state.outcome == _PASS else f" ({state.outcome} then)"


def _kind(change: Change) -> str:
    return "changed" if change.after and change.after.outcome == _FAIL else "not decided now"


def _moved(change: Change) -> str:
    before, after = change.before, change.after
    if before is None or after is None or after.outcome != _FAIL:
        return f"{after.outcome}: {after.message}" if after else "not asked"
    parts = [
        f"{was} then, {now} now"
        for was, now in ((before.severity, after.severity), (before.confidence, after.confidence))
        if was != now
    ]
    for was_all, now_all in ((before.objects, after.objects), (before.vulnerabilities, after.vulnerabilities)):
        added = [one for one in now_all if one not in was_all]
        dropped = [one for one in was_all if one not in now_all]
        parts += [f"now also {named(added)}"] if added else []
        parts += [f"no more {named(dropped)}"] if dropped else []
    return "; ".join(parts)


def _as_dict(change: Change) -> Dict[str, Any]:
    found = next(state for state in (change.after, change.before) if state and state.outcome == _FAIL)
    return {
        "check": change.check,
        "title": change.title,
        "where": change.where,
        "host": change.host,
        "objects": list(found.objects),
        "before": _state_as_dict(change.before),
        "after": _state_as_dict(change.after),
    }


def _state_as_dict(state: Optional[State]) -> Optional[Dict[str, Any]]:
    if state is None:
        return None
    return {**state._asdict(), "objects": list(state.objects), "vulnerabilities": list(state.vulnerabilities)}
