"""One push from this master to one of its clients, for whoever repairs many: it alone proves that pushes work."""

import contextlib
from typing import Any, Dict

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import is_asked_now, open_target
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.library.errors import UsageError
from nimdoctor.model.wording import visible
from nimdoctor.probe.push import PUSH_TIMEOUT
from nimdoctor.probe.push import push as pushed

SCHEMA = "nimdoctor.push/1"


def push(client: str, target: str = "", timeout: float = PUSH_TIMEOUT) -> Dict[str, Any]:
    """What came of `nim -o lslpp CLIENT` on the target, a NIM master, within that many seconds: a document, schema
    nimdoctor.push/1. `proved` says that it came through with SSL, `says` what came of it in one line.

    Raises UsageError for recorded evidence, TargetError.
    """
    if not is_asked_now(target):
        raise UsageError(f"a push is made on the master itself, and {visible(target)} is recorded evidence")
    catalog = Catalog()
    with contextlib.closing(open_target(target, timeout=timeout, catalog=catalog)) as master:
        found = pushed(Host(master, catalog), client, timeout)
    return {"schema": SCHEMA, "proved": found.proved, **found._asdict()}
