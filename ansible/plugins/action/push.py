# Copyright (c) the nimdoctor authors
# Apache License 2.0 (see https://www.apache.org/licenses/LICENSE-2.0)
"""Has nimdoctor at work on the node."""

from __future__ import annotations

from ansible_collections.nimdoctor.aix.plugins.plugin_utils.placing import OneFileAction


class ActionModule(OneFileAction):
    """The action of the module of this name."""

    MODULE = "push"
