# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)
"""What the modules' documentation has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module, and of those that may rest on evidence of a client's NIM master."""

    DOCUMENTATION = r"""
options:
  target:
    description:
      - V(root:DIR) for a host whose root is a directory of the node, such as one of C(nimdoctor demo --keep); that is how
        the modules are tried.
      - Without it, the node itself.
    type: str
    default: ''
  state_dir:
    description:
      - The directory of the node in which nimdoctor keeps its runs, and in C(agent) the file that does the work.
      - Without it C(/var/adm/nimdoctor), with O(target) below its root. Its parent must be there.
    type: path
  timeout:
    description: How many seconds one command of the node may take.
    type: float
    default: 30.0
  _one_file:
    description: Given by the action plugin; not for playbooks. The name that the file has on the node.
    type: str
  _source:
    description: Given by the action plugin; not for playbooks. Where the file was sent to, if it was.
    type: path
  _place:
    description: Given by the action plugin; not for playbooks. Whether the file is to be put in its place and nothing more.
    type: bool
    default: false
  _typed:
    description: Given by the action plugin; not for playbooks. The command by which a person gives the node a task.
    type: str
    default: ''
notes:
  - The node needs Python 3.9 or newer and nothing else. Where there is none, use the role P(nimdoctor.aix.collect#role).
  - The first task on a node sends it nimdoctor as one file of 2 MB, in check mode too, and unpacks it beside it where 64 MiB
    are free. It lies in O(state_dir), named by its sha256 and checked before each use.
  - Use C(become) unless the connection is root's.
"""

    MASTER = r"""
options:
  master:
    description:
      - Evidence of the node's NIM master, as a path on the node; of a O(target) also V(root:DIR).
    type: str
    default: ''
  master_src:
    description:
      - Evidence of the node's NIM master, as a path on the controller, such as O(nimdoctor.aix.collect_info#module:dest).
      - It is sent to a temporary file of mode 0600, which is gone when the task ends.
    type: path
  _master_file:
    description: Given by the action plugin; not for playbooks. Where the file of O(master_src) was sent to.
    type: path
"""
