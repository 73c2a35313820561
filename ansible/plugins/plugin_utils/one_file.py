# Copyright: The nimdoctor authors
# SPDX-License-Identifier: Apache-2.0
"""nimdoctor on the controller: the one file that the collection carries, asked in a process of its own.

So nothing of it is imported into Ansible, whatever nimdoctor is installed for its Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

FILE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "files", "nimdoctor.pyz"
)
"""As the collection carries it, beside its sha256."""
INSTALLED = "import sys; from nimdoctor.library.serving import main; sys.exit(main())"
"""Where the collection is a checkout, and nothing was built: the nimdoctor of Ansible's own Python."""


class NotAnswered(Exception):
    """A request came to no document: one line, with why."""


def answered(request: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    """The document that the request comes to, within so many seconds. Raises NotAnswered."""
    path = os.path.realpath(FILE)
    program = [path] if os.path.isfile(path) else ["-c", INSTALLED]
    try:
        ended = subprocess.run(
            [sys.executable, "-I", *program],
            input=json.dumps(request).encode("ascii"),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAnswered(f"nimdoctor did not end within {timeout:g} s") from None
    except OSError as error:
        raise NotAnswered(f"nimdoctor cannot be run: {error.strerror}") from None
    try:
        document = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"status {ended.returncode}"]
        built = "" if program[0] == path else f"; the collection carries no {os.path.basename(path)}: make collection"
        raise NotAnswered(f"nimdoctor gave no answer: {said[0]}{built}") from None
    if document.get("schema") == "nimdoctor.failure/1":
        raise NotAnswered(str(document.get("message")))
    return document
