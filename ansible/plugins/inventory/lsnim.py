# Copyright: The nimdoctor authors
# SPDX-License-Identifier: Apache-2.0
"""Hosts and groups from what a NIM master lists of its machines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lsnim
short_description: The machines of a NIM master
version_added: 0.1.0
author:
  - The nimdoctor authors (!UNKNOWN)
description:
  - Makes the master and every machine that C(lsnim -l) lists a host, and groups them by how they are pushed to, by type,
    by state and by NIM machine group.
  - The listing is read by nimdoctor itself, from a file, from evidence that nimdoctor collected, or over ssh.
  - A machine that is missing would be forgotten by whatever is done with this inventory. So a listing that is visibly not
    whole is refused, unless O(partial) allows it.
  - A file that names this plugin ends in C(lsnim.yml), C(lsnim.yaml), C(nimdoctor.yml) or C(nimdoctor.yaml).
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
notes:
  - Host variables are data of the master and never templates, whatever stands in them.
  - "Each host has these variables: C(nim_name), its NIM name; C(nim_master), its master's name in this inventory; C(nim_type),
    C(nim_connect), C(nim_cpuid); C(nim_state), one of C(ready), C(enabled), C(being performed), or null where the words
    are not known; C(nim_host_names), those of its interfaces; C(nim_attributes), every attribute by its name, each a
    list of its values in order."
  - C(ansible_host) is the host name of its first interface.
  - "The groups are C(nim_masters); C(nim_clients), all others; C(nim_connect_shell), C(nim_connect_nimsh),
    C(nim_connect_nimsh_secure); C(nim_type_standalone), C(nim_type_vios) and so on; C(nim_state_ready),
    C(nim_state_enabled), C(nim_state_being_performed), C(nim_state_unknown); C(nim_mstate_running),
    C(nim_mstate_not_running), C(nim_mstate_unknown); C(nim_group_NAME) for each NIM machine group; and
    C(nim_same_address), machines that share a host name with another one."
  - Tried with recorded and simulated listings, not yet on AIX.
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [nimdoctor.aix.lsnim]
  file:
    description:
      - The output of C(lsnim -l) in a file, or evidence of the master that nimdoctor collected, as a directory or archive.
      - A relative path counts from the directory of the inventory file.
      - Exactly one of O(file) and O(master) is given.
    type: str
  master:
    description:
      - The NIM master, as ssh is told it, C(host) or C(user@host). C(lsnim -l) is run there.
      - ssh asks for no password and accepts no unknown key; all else is as its own configuration says.
    type: str
  lsnim:
    description: The program on the master.
    type: path
    default: /usr/sbin/lsnim
  ssh_executable:
    description: The program ssh on the controller.
    type: str
    default: ssh
    env:
      - name: ANSIBLE_SSH_EXECUTABLE
    ini:
      - section: ssh_connection
        key: ssh_executable
  ssh_args:
    description: Further arguments for ssh, one an item.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that the listing may take.
    type: int
    default: 60
  partial:
    description: Whether a listing that is not whole is taken, with a warning. Hosts may be missing then.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
# nim1.lsnim.yml: asked over ssh whenever Ansible starts, and kept for an hour
plugin: nimdoctor.aix.lsnim
master: root@nim1
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/nimdoctor
cache_timeout: 3600
---
# recorded.lsnim.yml: on the master, lsnim -l > nim1.lsnim.txt
plugin: nimdoctor.aix.lsnim
file: nim1.lsnim.txt
---
# by network, and by a group of one's own
plugin: nimdoctor.aix.lsnim
file: nim1.lsnim.txt
keyed_groups:
  - prefix: net
    key: nim_attributes.if1[0].split()[0]
groups:
  insecure: nim_connect is defined and nim_connect != 'nimsh (secure)'
compose:
  ansible_python_interpreter: "'/opt/freeware/bin/python3'"
"""

import os
import re
import subprocess
from collections.abc import Iterable
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.nimdoctor.aix.plugins.plugin_utils.one_file import NotAnswered, answered

NAMES = ("lsnim.yml", "lsnim.yaml", "nimdoctor.yml", "nimdoctor.yaml")
DESTINATION = re.compile(r"(?!-)[A-Za-z0-9_.@:%+-]+\Z")
"""What ssh may be told as a host, and what ansible_host may be: nothing that ssh takes for an option."""
RUNNING = {"currently running": "running", "not running": "not_running"}
LIMIT = 16 << 20
"""Characters of a listing."""


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Each machine of a NIM master."""

    NAME = "nimdoctor.aix.lsnim"

    def verify_file(self, path: str) -> bool:
        """Whether the file is named as one for this plugin."""
        return super().verify_file(path) and path.endswith(NAMES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Raises AnsibleParserError."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        found = self._kept(path, cache)
        self._add_machines(found)

    def _kept(self, path: str, cache: bool) -> dict[str, Any]:
        """The document, schema nimdoctor.machines/1, from the cache where that is wanted and has it."""
        key = self.get_cache_key(path)
        wanted = self.get_option("cache")
        if wanted and cache and key in self._cache:
            return self._cache[key]
        found = self._asked(path)
        if wanted:
            self._cache[key] = found
        return found

    def _asked(self, path: str) -> dict[str, Any]:
        file, master = self.get_option("file"), self.get_option("master")
        if bool(file) == bool(master):
            raise AnsibleParserError(f"{path}: give either file or master")
        timeout = self.get_option("timeout")
        if file:
            target = os.path.join(os.path.dirname(os.path.abspath(path)), os.path.expanduser(file))
            request = {"request": "machines", "target": target}
        else:
            request = {"request": "machines", "target": f"lsnim -l at {master}", "listing": self._listed(master)}
        try:
            found = answered(request, timeout)
        except NotAnswered as error:
            raise AnsibleParserError(f"{path}: {error}") from None
        if not found["complete"]:
            why = f"{found['source']} is not whole: {'; '.join(found['remarks'])}"
            if not self.get_option("partial"):
                raise AnsibleParserError(
                    f"{path}: {why}. Hosts may be missing, and would be forgotten: give all that lsnim -l prints, or "
                    "partial: true"
                )
            self.display.warning(f"{why}. Hosts may be missing from this inventory")
        return found

    def _listed(self, master: str) -> str:
        """What the master lists. Raises AnsibleParserError."""
        if not DESTINATION.match(master):
            raise AnsibleParserError(f"master: {master!r} is no host that ssh can be told")
        lsnim = self.get_option("lsnim")
        if not re.fullmatch(r"/[A-Za-z0-9_./-]+", lsnim):
            raise AnsibleParserError(f"lsnim: {lsnim!r} is no absolute path of a program")
        timeout = self.get_option("timeout")
        options = [
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            f"ConnectTimeout={min(timeout, 15)}",
            "-o",
            "ClearAllForwardings=yes",
        ]
        argv = [self.get_option("ssh_executable"), *options, *self.get_option("ssh_args"), "--", master]
        try:
            ended = subprocess.run(
                [*argv, f"LC_ALL=C {lsnim} -l"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AnsibleParserError(
                f"{master}: lsnim -l did not end within {timeout} s; it may still run there"
            ) from None
        except OSError as error:
            raise AnsibleParserError(f"{argv[0]} cannot be run: {error.strerror}") from None
        if ended.returncode or not ended.stdout.strip():
            said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise AnsibleParserError(f"{master}: lsnim -l ended with status {ended.returncode}: {said[0]}")
        if len(ended.stdout) > LIMIT:
            raise AnsibleParserError(f"{master}: lsnim -l gave more than 16 MiB, which no listing is")
        return ended.stdout.decode("utf-8", "surrogateescape")

    # -- hosts and groups

    def _add_machines(self, found: dict[str, Any]) -> None:
        for group in ("nim_masters", "nim_clients", "nim_same_address"):
            self.inventory.add_group(group)
        machines = found["machines"]
        added = [one["name"] for one in machines]
        host_names = [found["master"]] if found["master"] else []
        master = next((name for name in host_names if name not in added), "master")
        for one in machines:
            self._add(one["name"], one, master)
            self._join(one["name"], ["nim_clients", *_groups_of(one)])
        if found["master_attributes"]:
            stanza = {"name": "master", "type": "master", "connect": None, "state": None, "cpuid": None}
            attributes = found["master_attributes"]
            self._add(master, {**stanza, "host_names": host_names, "attributes": attributes}, master)
            self._join(master, ["nim_masters"])
            added.append(master)
        self._add_nim_groups(found["groups"])
        for address, sharing in found["same_address"].items():
            self.display.warning(f"{', '.join(sharing)} have one host name, {address}: they may be one host")
            for name in sharing:
                self._join(name, ["nim_same_address"])
        for name in added:
            self._construct(name)

    def _add(self, name: str, machine: dict[str, Any], master: str) -> None:
        self.inventory.add_host(name)
        variables = {
            "nim_name": machine["name"],
            "nim_master": master,
            "nim_type": machine["type"],
            "nim_connect": machine["connect"],
            "nim_state": machine["state"],
            "nim_cpuid": machine["cpuid"],
            "nim_host_names": machine["host_names"],
            "nim_attributes": machine["attributes"],
        }
        for address in machine["host_names"][:1]:
            if DESTINATION.match(address):
                variables["ansible_host"] = address
            else:
                self.display.warning(f"{name}: {address!r} is no host name, so that ansible_host is not set")
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, _as_data(value))

    def _join(self, name: str, groups: Iterable[str]) -> None:
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(group)), name)

    def _add_nim_groups(self, groups: dict[str, list[str]]) -> None:
        """Each NIM machine group; where two would become one group, neither does."""
        made: dict[str, list[str]] = {}
        for group in groups:
            made.setdefault(self._sanitize_group_name(f"nim_group_{group}"), []).append(group)
        for safe, of in made.items():
            if len(of) > 1:
                self.display.warning(
                    f"the NIM groups {', '.join(of)} would all be {safe}: none of them becomes a group"
                )
                continue
            self.inventory.add_group(safe)
            for name in groups[of[0]]:
                self._join(name, [safe])

    def _construct(self, name: str) -> None:
        strict = self.get_option("strict")
        variables = self.inventory.get_host(name).get_vars()
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        variables = self.inventory.get_host(name).get_vars()
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def _as_data(value: Any) -> Any:
    """The value, of which nothing is taken for a template: a comment in braces would be run on the controller."""
    if isinstance(value, dict):
        return {name: _as_data(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_data(inner) for inner in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value


def _groups_of(machine: dict[str, Any]) -> Iterable[str]:
    """Groups that its stanza puts it into, and not the NIM groups."""
    if machine["connect"]:
        yield "nim_connect_" + re.sub(r"\W+", "_", machine["connect"]).strip("_")
    if machine["type"]:
        yield f"nim_type_{machine['type']}"
    yield "nim_state_" + (machine["state"] or "unknown").replace(" ", "_")
    words = " ".join(machine["attributes"].get("Mstate", [])).lower()
    yield f"nim_mstate_{RUNNING.get(words, 'unknown')}"
