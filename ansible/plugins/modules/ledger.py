#!/usr/bin/python
# Copyright (c) the nimdoctor authors
# Licensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger
short_description: Keep a record of how far each client of a NIM master is
description:
  - Keeps one file on the controller in which every client that a NIM master knows has a state, so that a repair which
    takes days forgets nobody. Clients that the inventory lacks are named, and hosts that the master does not know.
  - One controller at a time holds a ledger. A controller that was killed holds it no longer.
  - Nothing is asked of a managed host and nothing on one is changed, so that RV(ignore:changed) is always false.
version_added: 0.1.0
author:
  - The nimdoctor authors (@nimdoctor)
attributes:
  check_mode:
    description: Can run in check mode, and writes nothing then.
    support: full
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none
  platform:
    description: Where it runs.
    support: full
    platforms: posix
options:
  path:
    description:
      - The file on the controller, made with mode 0600. One master has one ledger.
    type: path
    required: true
  operation:
    description:
      - V(open) claims the ledger for this run of Ansible and writes down who is to be in it.
      - V(record) writes down what became of O(clients).
      - V(close) gives it free.
      - V(read) only says what stands in it.
    type: str
    choices: [open, record, close, read]
    default: read
  master:
    description:
      - The name of the NIM master, for O(operation=open).
    type: str
  evidence:
    description:
      - Evidence of the master on the controller, as M(nimdoctor.aix.collect_info) fetches it. Its C(lsnim -l) says which
        clients the master knows. For O(operation=open).
    type: path
  hosts:
    description:
      - The hosts of the inventory that are to be in it. The NIM machine of each is named by its variable C(nim_name), else
        by the first part of its name. For O(operation=open).
    type: list
    elements: str
    default: []
  renew:
    description:
      - Why nobody is done any more, such as new certificates on the master. For O(operation=open).
    type: str
    default: ""
  take_over:
    description:
      - Takes the ledger from a controller on another machine that is gone. For O(operation=open).
    type: bool
    default: false
  clients:
    description:
      - What became of clients. For O(operation=record).
    type: list
    elements: dict
    default: []
    suboptions:
      client:
        description: The name of its NIM machine.
        type: str
        required: true
      state:
        description: How far it is.
        type: str
        choices: [done, not yet, unreachable, failed]
        required: true
      host:
        description: Its name in the inventory.
        type: str
      plan_id:
        description: The plan that was carried out on it.
        type: str
      run:
        description: The run on it.
        type: str
      message:
        description: Why it is not done.
        type: str
        default: ""
seealso:
  - module: nimdoctor.aix.collect_info
  - module: nimdoctor.aix.fix
"""

EXAMPLES = r"""
- name: Open the ledger of the master
  nimdoctor.aix.ledger:
    path: nim1.ledger
    operation: open
    master: nim1
    evidence: nim1.tar.gz
    hosts: "{{ groups['nim_clients'] }}"

- name: Write down that a client is done
  nimdoctor.aix.ledger:
    path: nim1.ledger
    operation: record
    clients:
      - client: lpar7
        state: done

- name: Give the ledger free
  nimdoctor.aix.ledger:
    path: nim1.ledger
    operation: close

- name: Say who is left
  nimdoctor.aix.ledger:
    path: nim1.ledger
"""

RETURN = r"""
clients:
  description: Every client of the ledger with its state, time, plan_id, run, message, host, known and connect.
  returned: for O(operation=read) and O(operation=close)
  type: list
  elements: dict
counts:
  description: How many clients that the master knows are in each state.
  returned: always
  type: dict
  sample: {"done": 9, "not yet": 1, "unreachable": 1, "failed": 0}
complete:
  description: Whether every client that the master knows is done.
  returned: always
  type: bool
not_in_inventory:
  description: Clients that the master knows and the inventory does not have.
  returned: always
  type: list
  elements: str
not_known:
  description: Hosts of the inventory that the master does not know.
  returned: always
  type: list
  elements: str
words:
  description: What a person should know, a line each.
  returned: always
  type: list
  elements: str
  sample: ["12 clients of nim1: 11 done, 1 left", "unreachable: lpar4"]
"""
