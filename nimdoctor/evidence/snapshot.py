"""When the evidence was taken, as far as its source tells by itself."""

import time
from typing import Optional

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.source import Evidence


class EvidenceMoment:
    """`collected` is when a manifest says that the evidence was taken, `now` this process's clock (epoch seconds);
    `live` says that the host is this one, so that its clock is this process's.
    """

    def __init__(self, evidence: Evidence, catalog: Catalog) -> None:
        collected = getattr(evidence, "collected", None)
        self.collected: Optional[int] = collected if isinstance(collected, int) else None
        self.now = int(time.time())
        self.live = evidence.live and not getattr(evidence, "remote", False)
