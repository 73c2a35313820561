# Copyright: The nimdoctor authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence of a host without Python: a script goes there, an archive comes back, and nothing is left."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.nimdoctor.aix.plugins.plugin_utils.one_file import NotAnswered, answered

COLLECTOR = os.path.join(os.path.dirname(__file__), os.pardir, os.pardir, "files", "collect.ksh")
MADE = re.compile(r"/[A-Za-z0-9_.@+-]+(\.nimdoctor-RAW\.\d{8}T\d{6}Z\.tar(?:\.gz|\.Z)?)\Z")
"""What follows the directory in the path that the collector says it made."""
PLACE = re.compile(r"/[A-Za-z0-9_./-]*\Z")
GRAVE = ("critical", "high", "medium")
OPTIONS = {
    "dest": {"type": "path", "required": True},
    "place": {"type": "path", "default": "/tmp"},
    "scan": {"type": "bool", "default": True},
    "master": {"type": "path"},
    "scan_timeout": {"type": "int", "default": 300},
}


class ActionModule(ActionBase):
    """plugins/modules/collect_by_script.py says what it takes and gives."""

    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """The task's result. Raises AnsibleError."""
        result = super().run(tmp, task_vars)
        given = self.validate_argument_spec(OPTIONS)[1]
        if not os.path.isfile(COLLECTOR):
            raise AnsibleActionFail("the collection carries no collect.ksh: it is built by make collection")
        if not PLACE.match(given["place"]):
            raise AnsibleActionFail(f"place: {given['place']!r} is no absolute path of plain letters")
        host = re.sub(r"[^A-Za-z0-9_.+-]", "_", (task_vars or {}).get("inventory_hostname") or "host")
        archive = self._collected(given["place"], _private(given["dest"]), host)
        result.update(changed=False, archive=archive)
        if given["scan"]:
            result.update(_judged(archive, given["master"], given["scan_timeout"]))
        return result

    # -- on the host

    def _collected(self, place: str, dest: str, host: str) -> str:
        """The archive's path on the controller."""
        login = self._said("id -un", "the name of the user who logs in", sudoable=False)
        if self._said("id -u", "who it is run by") != "0":
            raise AnsibleActionFail("root is needed to collect: log in as root, or say become")
        directory = f"{place.rstrip('/')}/nimdoctor-collect-{secrets.token_hex(8)}"
        # mkdir without -p: a name that is there already, were it a link, is refused
        self._said(f"umask 077; mkdir {directory} {directory}/out && echo made", "make a directory", sudoable=False)
        try:
            script = f"{directory}/collect.ksh"
            self._connection.put_file(os.path.realpath(COLLECTOR), script)
            made = self._said(f"umask 077; /bin/ksh {script} {directory}/out", "collect")
            found = MADE.match(made[len(directory) + 4 :]) if made.startswith(f"{directory}/out/") else None
            if not found:
                raise AnsibleActionFail(f"the collector ended with {made[:200]!r}, which is no archive of its own")
            size = self._said(
                f"chown {shlex.quote(login)} {made} && wc -c < {made}", "give the archive to who fetches it"
            )
            return self._fetched(made, int(size), os.path.join(dest, host + found[1]))
        finally:
            self._removed(directory)

    def _said(self, line: str, what: str, sudoable: bool = True) -> str:
        """The last line that a line of shell says. Raises AnsibleActionFail where its status is not 0."""
        ended = self._low_level_execute_command(line, sudoable=sudoable)
        said = _lines(ended["stdout"])
        if ended["rc"] or not said:
            # over a terminal all of it is standard output
            words = [*said, *_lines(ended["stderr"])] or ["nothing was said"]
            raise AnsibleActionFail(f"could not {what}: status {ended['rc']}: {words[-1][:400]}")
        return said[-1]

    def _fetched(self, source: str, size: int, target: str) -> str:
        part = f"{target}.part"
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600))
        try:
            self._connection.fetch_file(source, part)
            came = os.path.getsize(part)
            if came != size:
                raise AnsibleActionFail(f"the archive has {size} bytes on the host, and {came} came")
            os.chmod(part, 0o600)
            os.rename(part, target)
        finally:
            if os.path.lexists(part):
                os.unlink(part)
        return target

    def _removed(self, directory: str) -> None:
        try:
            ended = self._low_level_execute_command(f"rm -rf {directory}")
            left = ended["stderr"].strip() if ended["rc"] else ""
        except AnsibleError as error:
            left = str(error)
        if left:
            self._display.warning(f"{directory} may be left on the host: {left}")


def _lines(text: str) -> list[str]:
    """Those that say something, without what ssh says of itself."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("Shared connection to ")]


# -- on the controller


def _private(directory: str) -> str:
    """The directory, made for its owner alone where it is not there."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    return directory


def _judged(archive: str, master: str | None, timeout: int) -> dict[str, Any]:
    """What a scan says. Raises AnsibleActionFail."""
    try:
        report = answered({"request": "scan", "target": archive, "master": master}, timeout)
    except NotAnswered as error:
        raise AnsibleActionFail(f"{archive} was collected and cannot be judged: {error}") from None
    path = f"{archive}.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as stream:
        json.dump(report, stream, indent=1)
    return {
        "report": path,
        "verdict": report["verdict"],
        "findings": [_short(one) for one in report["results"] if one["outcome"] == "fail"],
        "undecided": [
            _short(one)
            for one in report["results"]
            if one["outcome"] in ("unknown", "error") and one["severity"] in GRAVE
        ],
    }


def _short(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in ("check", "severity", "host", "message", "fix")}
