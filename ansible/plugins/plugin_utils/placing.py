# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)
"""Actions that have nimdoctor, as one file, at work on a node: it is sent there once, and what a task needs beside it."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from typing import Any, Dict, NamedTuple, Optional

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.nimdoctor.aix.plugins.plugin_utils.one_file import FILE

PYTHONS = ("/usr/bin/python3", *(f"/opt/freeware/bin/python3{version}" for version in ("", ".12", ".11", ".9")))
"""Where python is looked for on a host beside the places that Ansible knows, in this order."""
LOOK = """
for python in {0}; do
    [ -x "$python" ] || continue
    "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 9))' < /dev/null > /dev/null 2>&1 || continue
    echo "nimdoctor:$python"
    break
done
"""
NONE = "there is no Python 3.9 or newer on this host: the role nimdoctor.aix.collect reads it without, and {0}"
PACKAGE = "nimdoctor fix --script writes what repairs it by hand"
DISCOVERED = "discovered_interpreter_python"
"""The fact by which Ansible knows the python of a host where its inventory names none."""
NOT_FOUND = (126, 127)
"""Status of a shell that cannot start a program."""


REQUIRES = re.compile(r"(Ansible|ansible-core) requires .{0,40}Python")
"""How a module of Ansible says that its python is too old."""


class OneFile(NamedTuple):
    """The file as the collection carries it: where it is, and what it is called on a host."""

    path: str
    name: str


def one_file() -> OneFile:
    """Raises AnsibleActionFail where it is not what it was when the collection was built."""
    try:
        with open(FILE, "rb") as stream:
            found = hashlib.sha256(stream.read()).hexdigest()
        with open(f"{FILE}.sha256", encoding="ascii") as stream:
            expected = stream.read(64)
    except (OSError, ValueError) as error:
        raise AnsibleActionFail(f"the collection nimdoctor.aix was not built whole: {error}") from error
    if found != expected:
        raise AnsibleActionFail(
            f"{FILE} is damaged: its sha256 is {found}, not {expected}; install the collection anew"
        )
    return OneFile(FILE, f"nimdoctor-{found}.pyz")


def _unfit(found: Mapping[str, Any]) -> bool:
    """Whether a module did not run, since its python is not there or too old."""
    missing = found.get("rc") in NOT_FOUND or REQUIRES.match(str(found.get("msg")))
    return bool(found.get("_old_python") or (found.get("failed") and missing))


class OneFileAction(ActionBase):
    """What the actions have in common."""

    MODULE = ""

    def run(self, tmp: Optional[str] = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        """The result of the module, for which the file was sent where it was missing."""
        self._supports_check_mode = True
        self._supports_async = self.MODULE != "collect_info"
        result: Dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        hidden = [name for name in self._task.args if str(name).startswith("_")]
        if hidden:
            raise AnsibleActionFail(
                f"Unsupported parameters for (nimdoctor.aix.{self.MODULE}) module: {', '.join(hidden)}"
            )
        later = bool(self._task.async_val)
        left = later
        try:
            found = self._answered(variables, later)
        except BaseException:
            left = False
            raise
        finally:
            if not left and self._connection._shell.tmpdir:
                self._remove_tmp_path(self._connection._shell.tmpdir)
        result.update(self._finished(found, variables))
        return result

    def _answered(self, variables: Dict[str, Any], later: bool) -> Dict[str, Any]:
        """What the module answers; where nobody waits for it, only once the file is in its place."""
        file = one_file()
        arguments: Dict[str, Any] = {**self._task.args, "_one_file": file.name, "_typed": self._typed(variables)}
        source = arguments.get("master_src")
        if source:
            arguments["_master_file"] = self._sent(self._find_needle("files", str(source)), "master.tar.gz")
        found = self._with_python({**arguments, "_place": later}, variables)
        if found.get("_absent"):
            arguments["_source"] = self._sent(file.path, file.name)
            found = self._with_python({**arguments, "_place": later}, variables)
        if later and not found.get("failed"):
            found = self._module(arguments, variables, True)
        return found

    def _finished(self, found: Dict[str, Any], variables: Dict[str, Any]) -> Dict[str, Any]:
        """The result as the task has it."""
        return found

    def _module(self, arguments: Dict[str, Any], variables: Dict[str, Any], later: bool = False) -> Dict[str, Any]:
        name = f"nimdoctor.aix.{self.MODULE}"
        # what it is given is changed there
        given = dict(arguments)
        found: Dict[str, Any] = self._execute_module(
            module_name=name, module_args=given, task_vars=variables, wrap_async=later
        )
        if isinstance(found.get("invocation"), dict):
            shown = found["invocation"].get("module_args", {})
            found["invocation"]["module_args"] = {key: value for key, value in shown.items() if not key.startswith("_")}
        return found

    def _with_python(self, arguments: Dict[str, Any], variables: Dict[str, Any]) -> Dict[str, Any]:
        """What the module answers; where Ansible found no python that will do, by one of the places that AIX has."""
        found = self._module(arguments, variables)
        if not _unfit(found):
            return found
        answer = self._low_level_execute_command(LOOK.format(" ".join(map(shlex.quote, PYTHONS))), sudoable=False)
        there = re.search(r"^nimdoctor:(/\S+)$", answer.get("stdout", ""), re.MULTILINE)
        if there is None:
            return {"failed": True, "changed": False, "msg": NONE.format(PACKAGE)}
        facts = variables.setdefault("ansible_facts", {})
        known = facts.get(DISCOVERED)
        self._discovered_interpreter_key, self._discovered_interpreter = DISCOVERED, there.group(1)
        facts[DISCOVERED] = there.group(1)
        found = self._module(arguments, variables)
        if _unfit(found):
            facts[DISCOVERED] = known
            words = f"ansible_python_interpreter of this host is no Python 3.9 or newer; there is {there.group(1)}"
            return {"failed": True, "changed": False, "msg": words}
        return found

    def _sent(self, path: str, name: str) -> str:
        """Where a file of the controller is on the host, for its owner alone."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        place = self._connection._shell.tmpdir
        remote: str = self._connection._shell.join_path(place, name)
        self._transfer_file(path, remote)
        self._fixup_perms2((place, remote), execute=False)
        if not self._is_become_unprivileged():
            self._remote_chmod((remote,), "0600")
        return remote

    def _typed(self, variables: Dict[str, Any]) -> str:
        """The command by which a person gives this host a task."""
        become = " -b" if self._connection.become else ""
        return f"ansible {variables.get('inventory_hostname', 'HOST')}{become}"
