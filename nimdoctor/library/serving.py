"""What the one file does where it runs: a request as JSON on standard input, results as JSON, one object a line.

    {"request": "scan", "target": "", "master": null, ...}

`request` is scan, plan, apply, resume, rollback, runs, machines, collect or push; all else are the parameters of the function of
that name, the target this host where none is given. `apply` carries a plan out as it is: what it is about was planned
elsewhere. While hosts are changed, each line that a person should see is an object of its own, schema
nimdoctor.progress/1, before the result; what cannot be done is one of schema nimdoctor.failure/1, a refusal the document
that says so. Exit status is the command line's.
"""

import contextlib
import inspect
import io
import json
import os
import sys
from typing import Any, Callable, ContextManager, Dict, Mapping, Optional, Tuple

from nimdoctor.evidence.source import TargetError
from nimdoctor.library import interface
from nimdoctor.library.carrying import CarriedRepair, CarriedSession
from nimdoctor.library.errors import Refused, UsageError
from nimdoctor.library.interruption import Interruption
from nimdoctor.library.machines import machines
from nimdoctor.library.pushes import push
from nimdoctor.library.registry import Incomplete
from nimdoctor.library.repair import Interrupted, never
from nimdoctor.library.run_commands import RecordedRun, RunsRequest, list_runs
from nimdoctor.library.session import UNINTERRUPTED, read_plan, registry_of_fixes
from nimdoctor.model.wording import visible, went_wrong
from nimdoctor.planning.ends import EVIDENCE_AGE
from nimdoctor.planning.fix import Options
from nimdoctor.probe.push import PUSH_TIMEOUT
from nimdoctor.report.plan_json import rollback_refused_as_dict, rolled_back_as_dict
from nimdoctor.report.scan_report import FAILED, UNREADABLE, Failure
from nimdoctor.system.own_archive import own_archive

PROGRESS = "nimdoctor.progress/1"
INTERRUPTED = 130
USAGE = "usage"
"""Kind of failure: the request is none that can be answered."""
REQUEST_LIMIT = 64 << 20
"""Characters of a request; a plan is some thousands of them."""

Say = Callable[[str], None]
Entered = ContextManager[Interrupted]
"""Tells whether somebody interrupted."""
Answer = Tuple[int, Dict[str, Any]]
"""Exit status and document."""


def _scan(say: Say, target: str = "", **given: Any) -> Answer:
    report = interface.scan(target, **{"pictures": False, **given})
    return report.exit_status, report.to_dict()


def _plan(say: Say, target: str = "", **given: Any) -> Answer:
    made = interface.plan(target, say=say, **given)
    return made.exit_status, made.to_dict()


def _apply(
    say: Say, plan: Mapping[str, Any], *, interruption: Entered, target: str = "", other: str = "", run: str = "",
    expect: Any = None, affects: Any = None, change: str = "", parts: Mapping[str, Any] = {}, state_dir: Any = None,
    timeout: float = 30.0, evidence_age: int = EVIDENCE_AGE,
) -> Answer:  # fmt: skip
    carried = CarriedRepair(
        read_plan(plan), target, other or None, state_dir, timeout, change, evidence_age, run or None, parts or None
    )
    with contextlib.closing(CarriedSession(carried, registry=registry_of_fixes(), say=say)) as session:
        result = session.apply(expect=expect, affects=affects, interruption=interruption)
    return result.exit_status, result.to_dict()


def _resume(
    say: Say, run: str = "last", *, interruption: Entered, target: str = "", other: str = "", state_dir: Any = None,
    timeout: float = 30.0, probe: bool = False, evidence_age: int = EVIDENCE_AGE,
) -> Answer:  # fmt: skip
    where = RunsRequest(target, state_dir, timeout, other or None)
    with contextlib.closing(RecordedRun(where, run, registry=registry_of_fixes(), say=say)) as recorded:
        options = Options(probe=probe, evidence_age=evidence_age)
        result = recorded.resume(options, interruption=interruption)
    return result.exit_status, result.to_dict()


def _rollback(
    say: Say, run: str = "last", *, interruption: Entered, target: str = "", other: str = "", state_dir: Any = None,
    timeout: float = 30.0, only: Any = (),
) -> Answer:  # fmt: skip
    where = RunsRequest(target, state_dir, timeout, other or None)
    with contextlib.closing(RecordedRun(where, run, registry=registry_of_fixes(), say=say)) as recorded:
        try:
            done = recorded.roll_back(only, interruption=interruption)
        except Refused as error:
            return 1, rollback_refused_as_dict(recorded.run.name, error.reasons, error.stands)
    return 0 if done.good else 1, rolled_back_as_dict(done)


def _runs(say: Say, target: str = "", *, state_dir: Any = None, followed: Any = None, prune: Any = None) -> Answer:
    found = list_runs(RunsRequest(target, state_dir), followed=followed, prune_days=prune, say=say)
    for reason in found.refused:
        say(f"refused: {reason}")
    return 1 if found.refused else 0, found.to_dict()


def _machines(say: Say, target: str = "", *, listing: str = "", timeout: float = 30.0) -> Answer:
    return 0, machines(target, listing, timeout)


def _collect(say: Say, output: str, *, target: str = "", timeout: float = 30.0) -> Answer:
    from nimdoctor.library.evidence_archive import evidence_archive

    return 0, evidence_archive(output, target, timeout)


def _push(say: Say, client: str, target: str = "", *, timeout: float = PUSH_TIMEOUT) -> Answer:
    found = push(client, target, timeout)
    return 0 if found["proved"] else 1, found


REQUESTS: Dict[str, Callable[..., Answer]] = {
    "scan": _scan,
    "plan": _plan,
    "apply": _apply,
    "resume": _resume,
    "rollback": _rollback,
    "runs": _runs,
    "machines": _machines,
    "collect": _collect,
    "push": _push,
}
CHANGING = ("apply", "resume", "rollback")
"""Requests by which hosts are changed."""
_FUNCTIONS: Dict[str, Callable[..., Any]] = {"scan": interface.scan, "plan": interface.plan}
"""What a request hands its parameters on to, where it names none of them itself."""
_OURS = ("say", "progress", "interruption", "pictures")
"""Parameters that are no data."""


def answer(request: Mapping[str, Any], say: Say, interruption: Entered = UNINTERRUPTED) -> Answer:
    """What a request comes to: the exit status and the document. Raises KeyboardInterrupt, Incomplete."""
    target = str(request.get("target") or "")
    try:
        name, given = _understood(request)
        return REQUESTS[name](say, **given, **({"interruption": interruption} if name in CHANGING else {}))
    except Refused as error:
        return 1, error.to_dict()
    except UsageError as error:
        return 2, Failure(target, USAGE, str(error)).to_dict()
    except TargetError as error:
        return 2, Failure(target, UNREADABLE, str(error)).to_dict()
    except ModuleNotFoundError as error:
        if own_archive() is None:
            raise
        # other hosts and loose files are for whoever sends requests, and not for the file that answers them
        why = f"that cannot be asked of this file, which holds no {error.name}"
        return 2, Failure(target, USAGE, why).to_dict()


def _understood(request: Mapping[str, Any]) -> Tuple[str, Dict[str, Any]]:
    """The request's name and parameters; what is null counts as not given. Raises UsageError."""
    given = {name: value for name, value in request.items() if value is not None}
    name = given.pop("request", None)
    if not isinstance(name, str) or name not in REQUESTS:
        raise UsageError(f"there is no request {name!r}; there are {', '.join(REQUESTS)}")
    function = _FUNCTIONS.get(name) or REQUESTS[name]
    parameters = {
        one.name: one for one in inspect.signature(function).parameters.values() if one.name not in _OURS
    }  # fmt: skip
    for parameter, value in given.items():
        if parameter not in parameters:
            raise UsageError(f"{name} takes no {parameter!r}; it takes {', '.join(parameters)}")
        if not _fits(parameters[parameter].default, value):
            raise UsageError(f"{name}: {parameter} is no {type(value).__name__}")
    missing = [one.name for one in parameters.values() if one.default is one.empty and one.name not in given]
    if missing:
        raise UsageError(f"{name} needs {' and '.join(missing)}")
    return name, {one: tuple(value) if isinstance(value, list) else value for one, value in given.items()}


def _fits(default: Any, value: Any) -> bool:
    """Whether a value may stand where that default stands.

    >>> _fits("", "lpar7"), _fits(15, 60), _fits(15, True), _fits((), ["a"]), _fits((), [1]), _fits("", [])
    (True, True, False, True, False, False)
    """
    if isinstance(default, tuple):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float))
    if isinstance(default, (str, dict)):
        return isinstance(value, type(default))
    return not isinstance(value, list)


def _written(document: Mapping[str, Any], descriptor: int) -> None:
    """Writes an object as a line. Raises OSError."""
    # past the buffers of Python, which a handler of signals may not enter while they are at work; DEL is ASCII, and the
    # one control character that json leaves as it is
    rest = json.dumps(document, ensure_ascii=True).replace("\x7f", "\\u007f").encode("ascii") + b"\n"
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _answered(raw: str, say: Say) -> Tuple[int, Optional[Dict[str, Any]]]:
    """What a request as it was read comes to; no document where somebody interrupted for the second time."""
    target = ""
    try:
        try:
            request = json.loads(raw) if len(raw) <= REQUEST_LIMIT else None
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return 2, Failure("", USAGE, "the request is no JSON object").to_dict()
        target = str(request.get("target") or "")
        changing = request.get("request") in CHANGING
        with Interruption(say) if changing else contextlib.nullcontext(never) as interrupted:
            status, document = answer(request, say, contextlib.nullcontext(interrupted))
        return INTERRUPTED if status and interrupted() else status, document
    except KeyboardInterrupt:
        return INTERRUPTED, None
    except Incomplete as error:
        return 4, Failure(target, FAILED, str(error)).to_dict()
    except Exception as error:
        return 4, Failure(target, FAILED, went_wrong(error)).to_dict()


def main() -> int:
    """Answers the one request on standard input."""
    raw = io.TextIOWrapper(sys.stdin.buffer, "utf-8", "surrogateescape").read(REQUEST_LIMIT + 1)
    results = sys.stdout.fileno()

    def say(line: str) -> None:
        with contextlib.suppress(OSError):  # that nobody can be told stops nothing
            _written({"schema": PROGRESS, "says": visible(line)}, results)

    # whatever else is printed is no result
    with contextlib.redirect_stdout(sys.stderr):
        status, document = _answered(raw, say)
    try:
        if document is not None:
            _written(document, results)
    except OSError:
        return 4
    return status
