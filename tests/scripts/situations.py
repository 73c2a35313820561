"""Labs that a plan mends, and what is left of their trees when runs are compared."""

import re
from typing import Dict, Tuple

from nimdoctor.planning.fix import Options

from .conftest import Tree

SITUATIONS: Dict[str, Options] = {
    "tftp-disabled": Options(),
    "tftp-not-refreshed": Options(),
    "create-bio-hang": Options(),
    "create-bio-hang-master": Options(),
    "both-known-issues": Options(),
    "stale-ssl-libs": Options(),
    "openssl-missing": Options(),
    "nimsh-inactive": Options(),
    "nimesis-inactive": Options(),
    "tftp-denied": Options(),
    "key-exposed": Options(),
    "ssl-not-configured": Options(),
    "client-uses-rsh": Options(),
    "rhosts-left-over": Options(only=("remove-rhosts",)),
    "services-missing": Options(),
    "push-disabled": Options(only=("allow-push",)),
    "nimsh-not-at-boot": Options(only=("start-at-boot",)),
    "healthy": Options(only=("disable-client-ssl",)),
}
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}")


def comparable(tree: Tree, fresh: bool, run: "re.Pattern[str]" = _RUN) -> Dict[str, Tuple[object, ...]]:
    """A tree without the name of a run, which `run` finds, and where keys are made anew without the bytes that no two runs share."""
    found = {}
    for path, entry in tree.items():
        content = None if fresh and path.startswith("/ssl_nimsh/") else entry.content
        found[run.sub("RUN", path)] = (entry.kind, entry.mode, entry.uid, entry.gid, content)
    return found
