# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)
"""Fetches what nimdoctor collected on the node."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from typing import Any, Dict

from ansible.errors import AnsibleActionFail
from ansible_collections.nimdoctor.aix.plugins.plugin_utils.placing import OneFileAction

ENDINGS = (".tar.gz", ".tgz")


class ActionModule(OneFileAction):
    """The action of the module of this name."""

    MODULE = "collect_info"

    def _answered(self, variables: Dict[str, Any], later: bool) -> Dict[str, Any]:
        self._dest = self._destination(str(self._task.args.get("dest") or ""), variables)
        return super()._answered(variables, later)

    def _destination(self, dest: str, variables: Dict[str, Any]) -> str:
        """The file on the controller. Raises AnsibleActionFail."""
        if not dest:
            raise AnsibleActionFail("missing required arguments: dest")
        path = self._loader.path_dwim(os.path.expanduser(dest))
        if dest.endswith("/") or os.path.isdir(path):
            host = str(variables.get("inventory_hostname", "host")).replace("/", "_")
            path = os.path.join(path, f"{host}.tar.gz")
        if not path.endswith(ENDINGS):
            raise AnsibleActionFail(f"dest {dest} must be a directory, or end in {' or '.join(ENDINGS)}")
        return path

    def _finished(self, found: Dict[str, Any], variables: Dict[str, Any]) -> Dict[str, Any]:
        content = found.pop("_content", None)
        if found.get("failed"):
            return found
        try:
            raw = base64.b64decode(content or "", validate=True)
        except ValueError:
            raw = b""
        if hashlib.sha256(raw).hexdigest() != found.get("sha256"):
            return {"failed": True, "changed": False, "msg": "the evidence did not arrive whole: nothing was written"}
        try:
            _write(self._dest, raw)
        except OSError as error:
            return {"failed": True, "changed": False, "msg": f"{self._dest} cannot be written: {error.strerror}"}
        return {**found, "dest": self._dest}


def _write(path: str, raw: bytes) -> None:
    """It appears whole or not at all, for its owner alone. Raises OSError."""
    above = os.path.dirname(path)
    os.makedirs(above, mode=0o700, exist_ok=True)
    descriptor, new = tempfile.mkstemp(prefix=".nimdoctor-", dir=above)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise
