"""The evidence of a live host as an archive on that host, for whoever fetches it: the other end of a repair, for one."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from datetime import datetime, timezone
from typing import Any, Dict

from nimdoctor.collection.archive import ENDINGS, write_archive
from nimdoctor.collection.collect import collect
from nimdoctor.evidence import open_target
from nimdoctor.evidence.source import TargetError
from nimdoctor.library.errors import UsageError
from nimdoctor.library.registry import Registry

SCHEMA = "nimdoctor.collected/1"
_CHUNK = 1 << 20


def evidence_archive(output: str, target: str = "", timeout: float = 30.0) -> Dict[str, Any]:
    """Writes the archive to `output`, an absolute path, mode 0600, and gives what it holds: schema nimdoctor.collected/1.

    Names and addresses stay as they are, private keys are left out. Raises UsageError, TargetError; then nothing is left.
    """
    if not (os.path.isabs(output) and output.endswith(ENDINGS)):
        raise UsageError(f"collect: output is an absolute path that ends in {', '.join(ENDINGS)}")
    try:
        return _written(output, target, timeout)
    except OSError as error:
        where, why = error.filename or output, error.strerror or error
        raise TargetError(f"{target or 'this host'}: its evidence cannot be kept: {where}: {why}") from error


def _written(output: str, target: str, timeout: float) -> Dict[str, Any]:
    place = tempfile.mkdtemp(prefix=".nimdoctor-", dir=os.path.dirname(output))
    try:
        registry = Registry()
        with contextlib.closing(open_target(target, timeout=timeout, catalog=registry.catalog)) as evidence:
            if not evidence.live:
                raise UsageError(f"{target} is recorded evidence already: collect reads a host")
            collection = collect(evidence, registry.catalog, place)
            write_archive(collection, output, collection.collected)
            return {
                "schema": SCHEMA,
                "host": collection.host,
                "collected": f"{datetime.fromtimestamp(collection.collected, timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
                "output": output,
                "size": os.path.getsize(output),
                "sha256": _sha256(output),
                "not_collected": dict(collection.not_collected),
            }
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()
