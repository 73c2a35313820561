# Copyright (c) the nimdoctor authors
# Licensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0
"""The ledger of a repair is kept on the controller, by this."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.nimdoctor.aix.plugins.plugin_utils.ledger import (
    STATES,
    Claim,
    Entry,
    Ledger,
    LedgerError,
    LedgerFile,
)
from ansible_collections.nimdoctor.aix.plugins.plugin_utils.one_file import NotAnswered, answered

NIM_NAME = "nim_name"
"""The variable of a host that names its NIM machine."""
READ_WITHIN = 120.0
"""Seconds in which the clients of a master are read out of its evidence."""
SPECIFICATION = {
    "path": {"type": "path", "required": True},
    "operation": {"type": "str", "choices": ["open", "record", "close", "read"], "default": "read"},
    "master": {"type": "str"},
    "evidence": {"type": "path"},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "renew": {"type": "str", "default": ""},
    "take_over": {"type": "bool", "default": False},
    "clients": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "client": {"type": "str", "required": True},
            "state": {"type": "str", "choices": list(STATES), "required": True},
            "host": {"type": "str"},
            "plan_id": {"type": "str"},
            "run": {"type": "str"},
            "message": {"type": "str", "default": ""},
        },
    },
}


class ActionModule(ActionBase):
    """Asks nothing of the managed host."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        """Raises AnsibleActionFail."""
        result: Dict[str, Any] = super().run(tmp, task_vars)
        _checked, given = self.validate_argument_spec(
            argument_spec=SPECIFICATION, required_if=[("operation", "open", ("master", "evidence"))]
        )
        # this is a worker of the process that a person started
        file = LedgerFile(given["path"], Claim.of(os.getppid()))
        try:
            found = self._done(file, given, task_vars or {})
        except LedgerError as error:
            raise AnsibleActionFail(str(error)) from None
        if given["operation"] in ("read", "close"):
            result["clients"] = [one._asdict() for _name, one in sorted(found.entries.items())]
        result.update(
            changed=False,
            counts={state: _count(found, state) for state in STATES},
            complete=found.complete(),
            not_in_inventory=found.not_in_inventory(),
            not_known=found.not_known(),
            words=found.words(),
        )
        return result

    def _done(self, file: LedgerFile, given: Dict[str, Any], task_vars: Dict[str, Any]) -> Ledger:
        """What the ledger says afterwards. Raises LedgerError, AnsibleActionFail."""
        writes = not self._task.check_mode
        if given["operation"] == "open" and writes:
            known = _clients(given["evidence"])
            hosts = {host: _machine(host, task_vars["hostvars"][host]) for host in given["hosts"]}
            return file.open(given["master"], known, hosts, take_over=given["take_over"], renew=given["renew"])
        if given["operation"] == "record" and writes:
            return file.record([Entry(**one) for one in given["clients"]])
        if given["operation"] == "close" and writes:
            return file.close()
        return file.read() or Ledger(given["master"] or "the master", {})


def _count(ledger: Ledger, state: str) -> int:
    return sum(one.known and one.state == state for one in ledger.entries.values())


def _machine(host: str, variables: Mapping[str, Any]) -> str:
    """The name of the NIM machine that a host of the inventory is."""
    return str(variables.get(NIM_NAME) or host.partition(".")[0])


def _clients(evidence: str) -> Dict[str, Optional[str]]:
    """The clients that the master of that evidence knows, each with its `connect`. Raises AnsibleActionFail."""
    try:
        document = answered({"request": "machines", "target": os.path.abspath(evidence)}, READ_WITHIN)
    except NotAnswered as error:
        raise AnsibleActionFail(f"which clients the master knows is not told by {evidence}: {error}") from None
    if not document["complete"]:
        # whoever is missing there would be forgotten
        raise AnsibleActionFail(f"lsnim -l of the master is not whole: {'; '.join(document['remarks'])}")
    return {one["name"]: one["connect"] for one in document["machines"]}
