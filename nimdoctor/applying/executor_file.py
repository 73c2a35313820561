"""The one file that nimdoctor may run from: its name, and all of it taken into memory before a host is changed.

A zip that is replaced or removed while it runs breaks whatever is imported later.
"""

import importlib
import os
import re
import zipfile
from contextlib import suppress
from functools import cache
from typing import Optional

from nimdoctor.facts.level_table import data_of
from nimdoctor.system.own_archive import own_archive

_NAME = re.compile(r"nimdoctor-[0-9a-f]{64}\.pyz")
_MODULE = re.compile(r"(nimdoctor/.+?)(?:/__init__)?\.py")
_DATA = re.compile(r"nimdoctor/facts/data/([^/]+)\.json")


def executor() -> Optional[str]:
    """The name of the file that was sent here and is running; None for a nimdoctor that was installed otherwise."""
    path = own_archive()
    name = os.path.basename(path) if path else ""
    return name if _NAME.fullmatch(name) else None


@cache
def import_the_rest() -> None:
    """Where nimdoctor runs from a zip, takes what is not in memory yet: its modules, and the data of facts. Raises OSError."""
    path = own_archive()
    if path is None:
        return
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    for name in names:
        data, module = _DATA.fullmatch(name), _MODULE.fullmatch(name)
        if data:
            data_of(data.group(1))
        elif module and not name.endswith("__main__.py"):
            with suppress(ImportError):  # of a library that is not here: what needs it does without
                importlib.import_module(module.group(1).replace("/", "."))
