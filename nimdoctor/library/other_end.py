"""Evidence of the other end, packed for a host that is changed over ssh: it sees of that end what was collected just now."""

import json
import os
import shutil
import tempfile
from datetime import datetime, timezone
from typing import Callable, Optional

from nimdoctor.applying.state import STAMP
from nimdoctor.collection.archive import write_archive
from nimdoctor.collection.collect import Collection, collect
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.manifest import MANIFEST
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import Evidence, TargetError
from nimdoctor.model import Role
from nimdoctor.planning.document import Plan
from nimdoctor.redaction.without_keys import KeylessTree


def other_end(plan: Plan) -> Optional[Role]:
    """The end of which evidence is given to the host that carries out a plan, or a part of one; None where none is."""
    changed = next((where for where in plan.hosts if plan.touches(where)), Role.CLIENT)
    others = [where for where in plan.hosts if where is not changed] if plan.two_hosts else []
    return next((where for where in others if where is Role.MASTER or plan.asked_of(where)), None)


def packed(opened: Callable[[], Evidence], catalog: Catalog, clock: str) -> bytes:
    """An evidence directory as a compressed archive, whole, with its names and without private keys.

    What was collected before keeps its time; what is collected now has that of the host it is for, by whose `clock`
    (`20260301T120005Z`) it is now: of two hosts the clocks differ. Raises TargetError.
    """
    place = tempfile.mkdtemp(prefix="nimdoctor-")
    evidence = opened()
    try:
        path = os.path.join(place, "other.tar.gz")
        if isinstance(evidence, RecordedEvidence) and not evidence.loose:
            write_archive(KeylessTree(evidence.tree), path, evidence.collected or 0)
        else:
            inside = os.path.join(place, "evidence")
            os.mkdir(inside, 0o700)
            collection = collect(evidence, catalog, inside)
            if evidence.live:
                _set_time(collection, datetime.strptime(clock, STAMP).replace(tzinfo=timezone.utc))
            write_archive(collection, path, collection.collected)
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise TargetError(
            f"{evidence.target or 'this host'}: its evidence cannot be packed in {tempfile.gettempdir()}: "
            f"{error.strerror or error}"
        ) from error
    finally:
        evidence.close()
        shutil.rmtree(place, ignore_errors=True)


def _set_time(collection: Collection, now: datetime) -> None:
    path = os.path.join(collection.path, MANIFEST)
    with open(path, "rb") as stream:
        manifest = json.load(stream)
    manifest["collected"] = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    with open(path, "w", encoding="ascii") as changed:
        json.dump(manifest, changed)
