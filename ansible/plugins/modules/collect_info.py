#!/usr/bin/python
# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

DOCUMENTATION = r"""
module: collect_info
short_description: Fetches the evidence of an AIX host as an archive
version_added: 0.1.0
description:
  - Reads what nimdoctor knows a host by, and fetches it as one archive, which C(nimdoctor scan) and the other modules take.
    Nothing is changed on the host.
  - Names and addresses are in it as they are; private keys and passwords are not.
author:
  - The nimdoctor authors (!UNKNOWN)
extends_documentation_fragment:
  - nimdoctor.aix.common
options:
  dest:
    description:
      - The file on the controller, whose name ends in C(.tar.gz) or C(.tgz). Its mode is 0600. One that is there is replaced.
      - A directory, also one whose name ends in a slash and is yet to be made, gets C(HOST.tar.gz) by the name in the inventory.
    type: path
    required: true
attributes:
  check_mode:
    description: What is done in check mode.
    support: full
    details: It is the same. The file on the controller is written, so that a plan in check mode can rest on it.
  diff_mode:
    description: Whether differences are shown.
    support: none
  async:
    description: Whether it can go on while nobody waits.
    support: none
"""

EXAMPLES = r"""
- name: Fetch the evidence of the NIM master, on which repairs of its clients rest for 15 minutes
  nimdoctor.aix.collect_info:
    dest: evidence/
  register: collected

- name: Fetch it to a file of another name
  nimdoctor.aix.collect_info:
    dest: evidence/master.tar.gz
"""

RETURN = r"""
msg:
  description: What was fetched, in one line.
  returned: always
  type: str
dest:
  description: The file on the controller.
  returned: success
  type: str
host:
  description: The NIM name of the host.
  returned: success
  type: str
collected:
  description: When the evidence was collected, in UTC by the host's own clock.
  returned: success
  type: str
  sample: '2026-03-01T12:00:05Z'
size:
  description: The size of the archive in bytes.
  returned: success
  type: int
sha256:
  description: The checksum of the archive.
  returned: success
  type: str
not_collected:
  description: What could not be had, by its name, and why.
  returned: success
  type: dict
"""

import base64
import os
import shutil
import tempfile

from ansible_collections.nimdoctor.aix.plugins.module_utils.engine import Engine, new_module

LIMIT = 64 << 20
"""Bytes of an archive that are fetched: it comes as text, and is held in memory here and there."""


def main() -> None:
    """Runs the module."""
    module = new_module({"dest": {"type": "path", "required": True}})
    engine = Engine(module)
    place = tempfile.mkdtemp(prefix="nimdoctor-", dir=module.tmpdir)
    module.add_cleanup_file(place)
    output = os.path.join(place, "evidence.tar.gz")
    try:
        told = engine.ask("collect", output=output).document
        if told["size"] > LIMIT:
            engine.fail(f"the evidence is {told['size']} bytes, and no more than {LIMIT} are fetched this way")
        with open(output, "rb") as stream:
            content = base64.b64encode(stream.read()).decode("ascii")
    except OSError as error:
        engine.fail(f"{error.filename or output}: {error.strerror}")
    finally:
        shutil.rmtree(place, ignore_errors=True)
    engine.exit(
        f"{told['host'] or 'this host'}: {told['size']} bytes of evidence, collected {told['collected']}",
        changed=False,
        _content=content,
        **{name: told[name] for name in ("host", "collected", "size", "sha256", "not_collected")},
    )


if __name__ == "__main__":
    main()
