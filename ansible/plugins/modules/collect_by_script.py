# Copyright: The nimdoctor authors
# SPDX-License-Identifier: Apache-2.0
"""What plugins/action/collect_by_script.py takes and gives: it runs on the controller, and no Python on the host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: collect_by_script
short_description: Evidence of a host without Python, judged on the controller
version_added: 0.1.0
author:
  - The nimdoctor authors (!UNKNOWN)
description:
  - Runs nimdoctor's collector, a ksh script, on the host, fetches what it made and removes it there. No Python is needed
    on the host.
  - Then nimdoctor judges the evidence on the controller. Nothing of the host is changed.
  - The archive holds names and addresses as they are, and no private key. It and the report are readable by their owner
    alone.
attributes:
  check_mode:
    description: What it does is the same in check mode, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
options:
  dest:
    description: The directory on the controller that the archive and the report come into; it is made where it is not there.
    type: path
    required: true
  place:
    description:
      - The directory on the host in which a directory of a new name is made for the time of the run. It needs room for what
        is collected, mostly a few MiB, and twice that while it is packed.
    type: path
    default: /tmp
  scan:
    description: Whether the evidence is judged.
    type: bool
    default: true
  master:
    description: Evidence of the host's NIM master, an archive or directory on the controller, with which it is judged.
    type: path
  scan_timeout:
    description: Seconds that judging may take.
    type: int
    default: 300
notes:
  - Root is needed, by login or by C(become). With C(become) the archive belongs to the user who logs in until it is removed.
  - A connection that is lost leaves a directory C(nimdoctor-collect-*) below O(place), which only its owner can enter.
  - Tried on simulated hosts, not yet on AIX.
seealso:
  - module: ansible.builtin.raw
"""

EXAMPLES = r"""
- name: Collect what has no Python
  nimdoctor.aix.collect_by_script:
    dest: /var/lib/nimdoctor/evidence

- name: Judge a client with its master, whose evidence is there already
  nimdoctor.aix.collect_by_script:
    dest: /var/lib/nimdoctor/evidence
    master: /var/lib/nimdoctor/evidence/nim1.nimdoctor-RAW.20261130T120000Z.tar.gz
"""

RETURN = r"""
archive:
  description: The evidence, on the controller.
  returned: success
  type: str
  sample: /var/lib/nimdoctor/evidence/lpar7.nimdoctor-RAW.20261130T120000Z.tar.gz
report:
  description: The file of the report, schema nimdoctor.report/1, beside the archive.
  returned: when judged
  type: str
verdict:
  description: What the scan says, C(healthy), C(problems) or C(inconclusive).
  returned: when judged
  type: str
findings:
  description: What fails, the gravest first.
  returned: when judged
  type: list
  elements: dict
  sample: [{check: nimsh-inactive, severity: high, host: lpar7, message: SRC says that nimsh is inoperative, fix: start-nimsh}]
undecided:
  description: What of medium severity or more could not be decided, in the same form.
  returned: when judged
  type: list
  elements: dict
"""
