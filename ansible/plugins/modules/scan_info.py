#!/usr/bin/python
# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

DOCUMENTATION = r"""
module: scan_info
short_description: Finds what is wrong with NIMSH over SSL on an AIX host
version_added: 0.1.0
description:
  - Scans a NIM master or client, and gives the findings with their evidence. Nothing is changed.
  - What is found does not make the task fail; use RV(verdict) for that.
author:
  - The nimdoctor authors (!UNKNOWN)
extends_documentation_fragment:
  - nimdoctor.aix.common
  - nimdoctor.aix.common.master
options:
  role:
    description: What the node is, where its evidence does not say so.
    type: str
    choices: [auto, client, master]
    default: auto
  only:
    description: Ids of the only checks that are asked.
    type: list
    elements: str
    default: []
  skip:
    description: Ids of checks that are not asked.
    type: list
    elements: str
    default: []
  fail_on:
    description: The severity from which RV(verdict) is V(problems).
    type: str
    choices: [critical, high, medium, low, info]
    default: medium
  probe:
    description: Whether the other end is asked over the network.
    type: bool
    default: false
attributes:
  check_mode:
    description: What is done in check mode.
    support: full
    details: It is the same.
  diff_mode:
    description: Whether differences are shown.
    support: none
  async:
    description: Whether it can go on while nobody waits.
    support: full
"""

EXAMPLES = r"""
- name: See what is wrong with a NIM client
  nimdoctor.aix.scan_info:
  register: scanned

- name: See what is wrong between a client and its master, whose evidence was fetched before
  nimdoctor.aix.scan_info:
    master_src: evidence/nim1.tar.gz
  register: scanned

- name: Stop where pushes cannot work
  ansible.builtin.assert:
    that: scanned.verdict == 'healthy'
    fail_msg: "{{ scanned.msg }}"
"""

RETURN = r"""
msg:
  description: The verdict and what it rests on, in one line.
  returned: always
  type: str
  sample: 'lpar7: problems: client-not-secure, tftp-disabled'
verdict:
  description: V(healthy), V(problems) or V(inconclusive).
  returned: success
  type: str
host:
  description: The NIM name of the host.
  returned: success
  type: str
findings:
  description: What is wrong, the gravest first, each as in RV(report).
  returned: success
  type: list
  elements: dict
undecided:
  description: What of severity medium or more could not be decided, and what would settle it, each as in RV(report).
  returned: success
  type: list
  elements: dict
exposure:
  description: Known vulnerabilities that are open and the worst score among them.
  returned: success
  type: dict
report:
  description: The whole report, of schema nimdoctor.report/1.
  returned: success
  type: dict
"""

from ansible_collections.nimdoctor.aix.plugins.module_utils.engine import (
    EXCLUSIVE,
    SEVERE,
    SOME,
    WITH_MASTER,
    Engine,
    new_module,
)

ARGUMENTS = {
    **WITH_MASTER,
    "role": {"type": "str", "choices": ["auto", "client", "master"], "default": "auto"},
    "only": {"type": "list", "elements": "str", "default": []},
    "skip": {"type": "list", "elements": "str", "default": []},
    "fail_on": {"type": "str", "choices": ["critical", "high", "medium", "low", "info"], "default": "medium"},
    "probe": {"type": "bool", "default": False},
}


def main() -> None:
    """Runs the module."""
    module = new_module(ARGUMENTS, mutually_exclusive=EXCLUSIVE)
    engine = Engine(module)
    given = {name: module.params[name] for name in ("role", "only", "skip", "fail_on", "probe")}
    report = engine.ask("scan", master=engine.master or None, **given).document
    findings = [one for one in report["results"] if one["outcome"] == "fail"]
    undecided = [one for one in report["results"] if one["outcome"] in SOME and one["severity"] in SEVERE]
    because = findings or undecided
    checks = ", ".join(dict.fromkeys(one["check"] for one in because)) or "every check that was asked passed"
    host = report["host"]["name"]
    engine.exit(
        f"{host or report['host']['target'] or 'this host'}: {report['verdict']}: {checks}",
        changed=False,
        verdict=report["verdict"],
        host=host,
        findings=findings,
        undecided=undecided,
        exposure=report.get("exposure"),
        report=report,
    )


if __name__ == "__main__":
    main()
