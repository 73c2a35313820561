#!/usr/bin/python
# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

DOCUMENTATION = r"""
module: push
short_description: Proves that a NIM master can push to a client
version_added: 0.1.0
description:
  - Lists the filesets of a client by C(nim -o lslpp) on its master, and reads what the master says of it then. No more is done
    to either host.
  - A push that hangs is ended when its time is up. It fails where the push did not come through.
author:
  - The nimdoctor authors (!UNKNOWN)
extends_documentation_fragment:
  - nimdoctor.aix.common
options:
  client:
    description: The client, by the name of its NIM machine.
    type: str
    required: true
attributes:
  check_mode:
    description: What is done in check mode.
    support: full
    details: Nothing is pushed.
  diff_mode:
    description: Whether differences are shown.
    support: none
  async:
    description: Whether it can go on while nobody waits.
    support: full
"""

EXAMPLES = r"""
- name: Prove that the master reaches the client
  nimdoctor.aix.push:
    client: lpar7
    timeout: 120
  register: pushed
"""

RETURN = r"""
msg:
  description: What came of it, in one line.
  returned: always
  type: str
  sample: nim -o lslpp lpar7 came through; connect = nimsh (secure)
secure:
  description: Whether the master says C(nimsh (secure)) of the client afterwards.
  returned: when it was pushed
  type: bool
timed_out:
  description: Whether it hung and was ended.
  returned: when it was pushed
  type: bool
"""

from ansible_collections.nimdoctor.aix.plugins.module_utils.engine import Engine, new_module


def main() -> None:
    """Runs the module."""
    module = new_module({"client": {"type": "str", "required": True}})
    engine = Engine(module)
    if module.check_mode:
        engine.exit("nothing is pushed in check mode", changed=False)
    found = engine.ask("push", client=module.params["client"]).document
    told = {name: found[name] for name in ("secure", "timed_out")}
    if not found["came_through"]:
        engine.fail(found["says"], **told)
    engine.exit(found["says"], changed=False, **told)


if __name__ == "__main__":
    main()
