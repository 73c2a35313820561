#!/usr/bin/python
# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

DOCUMENTATION = r"""
module: fix
short_description: Repairs NIMSH over SSL on an AIX host
version_added: 0.1.0
description:
  - Plans what cures the findings of a scan, carries it out step by step with a journal, proves each step by a fresh look, and
    scans again. What goes wrong on the way is undone as far as that can be done.
  - In check mode it gives the plan, with its differences.
  - It fails where it refuses, where a step fails, where what it treated is found again, and where something is wrong or
    undecided that it cannot treat; a second time it changes nothing.
  - A client's repair rests on evidence of its master that was collected just before, see O(master_src). A plan that changes the
    master, too, is refused until that was repaired.
author:
  - The nimdoctor authors (!UNKNOWN)
extends_documentation_fragment:
  - nimdoctor.aix.common
  - nimdoctor.aix.common.master
options:
  expect:
    description:
      - The id of the plan that somebody approved, as RV(plan_id) in check mode. Another plan is refused; where nothing is left to
        do, none is needed.
    type: str
  affects:
    description:
      - How many other clients lose their push by the plan, see RV(affects). Without it such a plan is refused.
    type: int
  only:
    description: Ids of the only fixes that are planned, with what they need before them.
    type: list
    elements: str
    default: []
  accept_hung:
    description: A NIM client whose operation is proved hung and may be disturbed.
    type: str
    default: ''
  transient_tftp:
    description: Whether the master's tftp is on only while a certificate is fetched.
    type: bool
    default: false
  lpp_source:
    description: The lpp_source that has the filesets of OpenSSL.
    type: str
    default: ''
  change:
    description: The number of the change, for the journal.
    type: str
    default: ''
  evidence_age:
    description: For how many minutes evidence of the master counts.
    type: int
    default: 15
  probe:
    description: Whether the other end is asked over the network.
    type: bool
    default: false
  resume:
    description:
      - A run that did not come to its end, or V(last), is gone on with. Nothing is planned then.
    type: str
attributes:
  check_mode:
    description: What is done in check mode.
    support: full
    details: It plans, and nothing is carried out.
  diff_mode:
    description: Whether differences are shown.
    support: full
    details: Each step has its own, the lines of an edit or the command and its effect.
  async:
    description: Whether it can go on while nobody waits.
    support: full
    details: A run goes on to its own end when the task is given up or the connection is lost. What it did, the next task tells.
"""

EXAMPLES = r"""
- name: See what would be done to the master
  nimdoctor.aix.fix:
  check_mode: true
  diff: true
  register: planned

- name: Do what was approved
  nimdoctor.aix.fix:
    expect: "{{ planned.plan_id }}"
    change: CHG0012345
  register: fixed

- name: Repair a client with evidence of its master that was fetched just before
  nimdoctor.aix.fix:
    master_src: evidence/nim1.tar.gz
"""

RETURN = r"""
msg:
  description: What was done, or why not, in one line.
  returned: always
  type: str
plan_id:
  description: The id of the plan, for O(expect).
  returned: when there is a plan
  type: str
state:
  description:
    - How it ended. V(complete), also where there was nothing to do; V(applied-unverified) where only a push can prove it, see
      RV(pushes); V(planned) in check mode; V(refused), V(stopped) and V(restored) where it failed; V(advice) and V(undecided)
      where nimdoctor cannot do what is left.
  returned: when there is a plan
  type: str
steps:
  description: What was done to which end, or would be, and how each step ended.
  returned: when there is a plan
  type: list
  elements: dict
  contains:
    id:
      description: The step, as it is called in plan and journal.
      type: str
    where:
      description: V(client) or V(master).
      type: str
    title:
      description: What it does.
      type: str
    outcome:
      description: V(done), V(undone), V(failed) or another word of the journal; V(not-begun) in check mode.
      type: str
    says:
      description: What there is to say about it.
      type: str
run:
  description: The run, for M(nimdoctor.aix.rollback).
  returned: when one was begun
  type: str
run_directory:
  description: Where the node keeps its journal and its backups.
  returned: when one was begun
  type: str
rollback_command:
  description: The command that takes it back, to be typed on the controller.
  returned: when it can be taken back
  type: str
resume_command:
  description: The command that goes on with it, to be typed on the controller.
  returned: when it did not come to its end
  type: str
pushes:
  description: Commands for the master that prove it.
  returned: when there is a plan
  type: list
  elements: str
findings:
  description: What the plan treats, and after a run what became of each.
  returned: when there is a plan
  type: list
  elements: dict
caused:
  description: Checks that passed before and fail now.
  returned: when there is a plan
  type: list
  elements: str
undecided:
  description: What could not be decided, of severity medium or more.
  returned: when there is a plan
  type: list
  elements: dict
advice:
  description: What a person has to do.
  returned: when there is a plan
  type: list
  elements: dict
affects:
  description: The other clients that lose their push by it, and what they must do; none where it is null.
  returned: when there is a plan
  type: dict
cautions:
  description: What to know before it is carried out.
  returned: when there is a plan
  type: list
  elements: str
stands:
  description: What of a run that failed is not undone.
  returned: when there is a plan
  type: list
  elements: str
point_of_no_return:
  description: The first step that cannot be undone, or null.
  returned: when there is a plan
  type: str
"""

from typing import Any, Dict, List, Mapping, NoReturn

from ansible_collections.nimdoctor.aix.plugins.module_utils.engine import (
    EXCLUSIVE,
    WITH_MASTER,
    Answer,
    Engine,
    new_module,
)

ARGUMENTS: Dict[str, Dict[str, Any]] = {
    **WITH_MASTER,
    "expect": {"type": "str"},
    "affects": {"type": "int"},
    "only": {"type": "list", "elements": "str", "default": []},
    "accept_hung": {"type": "str", "default": ""},
    "transient_tftp": {"type": "bool", "default": False},
    "lpp_source": {"type": "str", "default": ""},
    "change": {"type": "str", "default": ""},
    "evidence_age": {"type": "int", "default": 15},
    "probe": {"type": "bool", "default": False},
    "resume": {"type": "str"},
}
PLANNED = ("only", "accept_hung", "transient_tftp", "lpp_source", "change", "evidence_age", "probe")
APPLIED = ("expect", "affects", "change", "evidence_age")
RESUMED = ("evidence_age", "probe")
GOOD = ("complete", "applied-unverified")
DEADLINE = 60.0
SPARE = 900.0
"""Seconds for a step that tells none, and for what a run does beside its steps."""


def main() -> None:
    """Runs the module."""
    module = new_module(ARGUMENTS, mutually_exclusive=[*EXCLUSIVE, ("resume", "expect"), ("resume", "only")])
    engine = Engine(module)
    if module.params["resume"]:
        _resume(engine)
    plan = engine.ask("plan", master=engine.master or None, **_given(engine, PLANNED)).document
    _end_where_nothing_is_applied(engine, plan)
    answer = engine.ask("apply", wait=_patience(plan), plan=plan, other=_other(engine, plan), **_given(engine, APPLIED))
    _ended(engine, answer)


def _given(engine: Engine, names: tuple[str, ...]) -> Dict[str, Any]:
    return {name: engine.module.params[name] for name in names}


def _other(engine: Engine, plan: Mapping[str, Any]) -> Any:
    """Evidence of the other end, where the plan is of two hosts."""
    return engine.master or None if len({host["target"] for host in plan["hosts"].values()}) > 1 else None


def _patience(plan: Mapping[str, Any]) -> float:
    return SPARE + 2 * sum(float(step["do"].get("deadline", DEADLINE)) for step in plan["steps"])


def _end_where_nothing_is_applied(engine: Engine, plan: Mapping[str, Any]) -> None:
    """Ends the module where the plan is refused, where there is nothing to do, and in check mode."""
    params, check = engine.module.params, engine.module.check_mode
    if "result" in plan:
        engine.fail(str(plan["result"]["why"]), **_about(plan, "refused"))
    if plan["unfinished"]:
        _refuse(engine, plan, [*plan["unfinished"], "give resume, or use nimdoctor.aix.rollback"])
    if not plan["steps"]:
        _nothing_to_do(engine, plan)
    if params["expect"] is not None and params["expect"] != plan["id"]:
        _refuse(engine, plan, [f"the plan is not the one that was approved: its id is {plan['id']}"])
    elsewhere = sorted({step["where"] for step in plan["steps"]})
    if len(elsewhere) > 1 and len({host["target"] for host in plan["hosts"].values()}) > 1:
        master = plan["hosts"]["master"]["name"]
        _refuse(
            engine,
            plan,
            [f"the plan changes the master {master} too: repair that first, then collect its evidence anew"],
        )
    if plan["refusals"]:
        _refuse(engine, plan, [_refusal(one) for one in plan["refusals"]])
    if check:
        number = len(plan["steps"])
        engine.exit(
            f"{number} {'step' if number == 1 else 'steps'} would be done: " + "; ".join(_titles(plan)),
            changed=True,
            **_about(plan, "planned"),
            **_diff(engine, plan["steps"]),
        )


def _nothing_to_do(engine: Engine, plan: Mapping[str, Any]) -> NoReturn:
    # what a master is told of its clients is for their own tasks
    own = [str(one["text"]) for one in plan["advice"] if one["where"] in plan["hosts"]]
    elsewhere = [str(one["text"]) for one in plan["advice"] if one["where"] not in plan["hosts"]]
    if own:
        words, state = f"a person has to see to it: {'; '.join(own)}", "advice"
    elif plan["undecided"]:
        said = "; ".join(f"{one['check']}: {one['message']}" for one in plan["undecided"])
        words, state = f"nothing is found that nimdoctor would change, and not all is known: {said}", "undecided"
    else:
        words = "; ".join(["nothing to do here", *elsewhere])
        engine.exit(words, changed=False, **_about(plan, "complete"))
    if engine.module.check_mode:
        engine.exit(words, changed=False, **_about(plan, state))
    engine.fail(words, **_about(plan, state))


def _refuse(engine: Engine, plan: Mapping[str, Any], reasons: List[str]) -> NoReturn:
    engine.fail(f"nothing was changed: {'; '.join(reasons)}", **_about(plan, "refused"), **_diff(engine, plan["steps"]))


def _refusal(one: Mapping[str, Any]) -> str:
    return f"it must be that {one['must']}, and {one['seen']}" if one["seen"] else f"it must be that {one['must']}"


def _titles(plan: Mapping[str, Any]) -> List[str]:
    return [f"{step['title']} ({step['where']})" for step in plan["steps"]]


def _resume(engine: Engine) -> NoReturn:
    """Goes on with a run, by the file that began it."""
    run = engine.module.params["resume"]
    if engine.module.check_mode:
        engine.exit(f"run {run} would be gone on with", changed=True, state="planned")
    other = engine.master or None
    answer = engine.ask(
        "resume", wait=4 * SPARE, file=engine.file_of(run), run=run, other=other, **_given(engine, RESUMED)
    )
    _ended(engine, answer)


def _ended(engine: Engine, answer: Answer) -> NoReturn:
    """Tells how a run ended."""
    plan, result = answer.document, answer.document["result"]
    about = {**_about(plan, result["state"]), **_run(engine, result)}
    done = [step["id"] for step in result["steps"] if step["outcome"] == "done"]
    more = {
        "changed": bool(done),
        **about,
        **_diff(engine, [one for one in plan.get("steps", []) if one["id"] in done]),
    }
    if answer.status == 0 and result["state"] in GOOD:
        pushes = result["pushes"]
        proof = f"; what proves it is a push: {', '.join(pushes)}" if pushes and result["state"] != "complete" else ""
        engine.exit(f"{len(done)} of {len(result['steps'])} steps done{proof}", **more)
    again = [f"{one['check']}: {one['says']}" for one in result["findings"] if one["outcome"] == "failed"]
    caused = [f"{check} passed before and fails now" for check in result["caused"]]
    why = [result["why"]] if result["why"] else []
    engine.fail(f"{result['state']}: {'; '.join([*why, *again, *caused]) or 'see steps and findings'}", **more)


def _about(plan: Mapping[str, Any], state: str) -> Dict[str, Any]:
    """What is told of a plan, whatever becomes of it."""
    ended = plan.get("result") or {}
    outcomes = {step["id"]: step for step in ended.get("steps", [])}
    return {
        "plan_id": plan.get("id"),
        "state": state,
        "steps": [
            {
                **{name: step[name] for name in ("id", "where", "title")},
                "outcome": outcomes.get(step["id"], {}).get("outcome", "not-begun"),
                "says": outcomes.get(step["id"], {}).get("says", ""),
            }
            for step in plan.get("steps", [])
        ],
        "findings": ended.get("findings") or plan.get("findings", []),
        "caused": ended.get("caused", []),
        "stands": ended.get("stands", []),
        "pushes": ended.get("pushes", plan.get("pushes", [])),
        **{name: plan.get(name, []) for name in ("undecided", "advice", "cautions")},
        **{name: plan.get(name) for name in ("affects", "point_of_no_return")},
    }


def _run(engine: Engine, result: Mapping[str, Any]) -> Dict[str, Any]:
    """Where a run is kept, and the ways on from it."""
    run = result["run"]
    if not run:
        return {}
    told = {"run": run, "run_directory": f"{result['state_directory'] or engine.state}/runs/{run}"}
    if result["rollback"]:
        told["rollback_command"] = _typed(engine, "rollback", f"run={run}")
    if result["resume"]:
        told["resume_command"] = _typed(engine, "fix", f"resume={run}")
    return told


def _typed(engine: Engine, module: str, words: str) -> str:
    place = [f"{name}={engine.module.params[name]}" for name in ("target", "state_dir") if engine.module.params[name]]
    arguments = " ".join([words, *place])
    return f"{engine.module.params['_typed']} -m nimdoctor.aix.{module} -a '{arguments}'"


def _diff(engine: Engine, steps: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Before and after of each step, where that was asked for."""
    return {"diff": [_difference(step) for step in steps]} if engine.module._diff else {}


def _difference(step: Mapping[str, Any]) -> Dict[str, str]:
    do = step["do"]
    changes = do.get("changes")
    name = do.get("path") or " ".join(do.get("argv") or ()) or step["title"]
    header = f"{name} ({step['where']}, step {step['id']})"
    if changes:
        before, after = ("".join(f"{one[end]}\n" for one in changes if one[end] is not None) for end in ("old", "new"))
    else:
        before, after = "", f"{step['title']}\n{step['effect']}\n"
    return {"before_header": header, "after_header": header, "before": before, "after": after}


if __name__ == "__main__":
    main()
