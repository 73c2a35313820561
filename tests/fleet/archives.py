"""Bundles on disk for tests: the ends of a scenario as archives, and what is wrong with some."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Mapping, Tuple

from scenarios import scenario


def tgz(path: Path, files: Mapping[str, bytes]) -> str:
    """An archive of an evidence directory, in one folder; gives its path."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(f"evidence/{name}")
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    path.write_bytes(gzip.compress(raw.getvalue(), 1, mtime=0))
    return str(path)


def pair_of(name: str, place: Path) -> Tuple[str, str]:
    """Client and master of a scenario, as archives in that directory."""
    ends = scenario(name)
    client, master = (tgz(place / f"{end}.tgz", ends[end].files) for end in ("client", "master"))
    return client, master
