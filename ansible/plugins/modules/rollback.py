#!/usr/bin/python
# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback
short_description: Takes a repair of NIMSH over SSL back
version_added: 0.1.0
description:
  - Takes back what a run of M(nimdoctor.aix.fix) did on a node, step by step, as far as that can be done. The node's journal
    tells what that is, and the file that began the run does it.
  - It fails where something of the run cannot be undone, and says what stands.
author:
  - The nimdoctor authors (!UNKNOWN)
extends_documentation_fragment:
  - nimdoctor.aix.common
options:
  run:
    description: The run, as RV(nimdoctor.aix.fix#module:run) gave it, or V(last).
    type: str
    default: last
  only:
    description: Ids of the only fixes that are taken back.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: What is done in check mode.
    support: full
    details: It says which steps would be taken back. That a file was changed since is found only when it is done.
  diff_mode:
    description: Whether differences are shown.
    support: none
  async:
    description: Whether it can go on while nobody waits.
    support: full
"""

EXAMPLES = r"""
- name: See what would be taken back
  nimdoctor.aix.rollback:
  check_mode: true

- name: Take the last repair of this host back
  nimdoctor.aix.rollback:
    run: last
"""

RETURN = r"""
msg:
  description: What was taken back, or why not, in one line.
  returned: always
  type: str
run:
  description: The run.
  returned: when there is one
  type: str
state:
  description: How the run stands now.
  returned: when there is one
  type: str
  sample: rolled-back
undone:
  description: What was undone, step by step; in check mode what would be.
  returned: when there is one
  type: list
  elements: str
stands:
  description: What cannot be undone.
  returned: when there is one
  type: list
  elements: str
"""

from ansible_collections.nimdoctor.aix.plugins.module_utils.engine import Engine, new_module

WAIT = 7200.0
"""Seconds that are waited for steps to be undone."""


def main() -> None:
    """Runs the module."""
    arguments = {
        "run": {"type": "str", "default": "last"},
        "only": {"type": "list", "elements": "str", "default": []},
    }
    module = new_module(arguments)
    engine = Engine(module)
    asked = module.params["run"]
    runs = [one for one in engine.ask("runs").document["runs"] if asked in (one["run"], "last")]
    if not runs:
        engine.fail(f"there is no run {asked} in {engine.state}")
    run = runs[-1]
    about = {"run": run["run"], "state": run["state"], "stands": run["stands"], "undone": []}
    if run["state"] == "rolled-back":
        engine.exit(f"run {run['run']} is taken back already", changed=False, **about)
    if module.check_mode:
        if not run["rollback"]:
            engine.fail(f"run {run['run']} is {run['state']}: nothing of it can be taken back", **about)
        done = [step["title"] for step in reversed(run["steps"]) if step["state"] != "not-begun"]
        engine.exit(f"run {run['run']} would be taken back", changed=True, **{**about, "undone": done})
    file = engine.file_of(run["run"])
    only = module.params["only"]
    answer = engine.ask("rollback", wait=WAIT, file=file, run=run["run"], only=only)
    document = answer.document
    told = {name: document[name] for name in about if name in document}
    changed = bool(document.get("undone"))
    if answer.status:
        stands = document.get("stands") or []
        why = (document.get("why") or "not all of it can be undone").splitlines()[:1]
        engine.fail("; ".join([*why, *(one for one in stands if one not in why)]), changed=changed, **told)
    engine.exit(f"run {run['run']} was taken back", changed=changed, **told)


if __name__ == "__main__":
    main()
