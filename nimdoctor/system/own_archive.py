"""The zip that nimdoctor itself may be run from, be it out of its unpacked copy."""

import os
import re
import zipimport
from typing import Optional

import nimdoctor

_COPY = re.compile(r"(nimdoctor-[0-9a-f]{64})\.d")


def own_place() -> str:
    """Where nimdoctor lies, as it may stand in sys.path: a directory or a zip."""
    return os.path.dirname(nimdoctor.__path__[0])


def own_archive() -> Optional[str]:
    """Its path; None where nimdoctor was installed, or lies in a source tree."""
    loader = nimdoctor.__spec__.loader if nimdoctor.__spec__ else None
    if isinstance(loader, zipimport.zipimporter):
        return loader.archive
    above, name = os.path.split(own_place())
    copy = _COPY.fullmatch(name)
    return os.path.join(above, f"{copy.group(1)}.pyz") if copy else None
