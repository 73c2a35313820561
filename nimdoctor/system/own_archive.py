"""The zip that nimdoctor itself may be run from."""

import zipimport
from typing import Optional

import nimdoctor


def own_archive() -> Optional[str]:
    """Its path; None where nimdoctor lies in a directory."""
    loader = nimdoctor.__spec__.loader if nimdoctor.__spec__ else None
    return loader.archive if isinstance(loader, zipimport.zipimporter) else None
