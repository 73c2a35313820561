"""Takes the private keys of NIMSH over SSL away from everybody but their owner."""

import re
from typing import Iterator, Optional

from nimdoctor.facts import SslKeys
from nimdoctor.facts.ssl_keys import KEYS, KeyFile
from nimdoctor.model import OnMaster, Role
from nimdoctor.planning.client_crypto import at_rest, below_g2
from nimdoctor.planning.conditions import ModeIs, RoleIs
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix
from nimdoctor.planning.steps import Phase, RunCommand, Step, Undo
from nimdoctor.planning.typed import as_typed

CLOSED = 0o600
CHMOD_DEADLINE = 30
"""Seconds."""
_PATH = re.compile(re.escape(KEYS) + r"(/[A-Za-z0-9_+@][A-Za-z0-9._+@-]*)+")


@fix(
    "restrict-keys",
    title="Take the keys away from everybody but their owner",
    where=Role.MASTER,
    risk="a program that is not root and reads these keys can no longer do so; NIM itself runs as root",
    source="CVE-2025-36096 (IBM node/7251173) for what a key is worth; the mode is inferred",
    classic=True,
    runs=(("chmod",),),
)
def restrict_keys(case: FixContext, keys: Optional[OnMaster[SslKeys]]) -> Iterator[PlanItem]:
    """`chmod 600` of each file below /ssl_nimsh/keys that its group or others can read or write."""
    if not case.given(Role.MASTER) or keys is None:
        return
    exposed = [key for key in keys.files if key.open_by_mode]
    odd = tuple(key.path for key in exposed if not _PATH.fullmatch(key.path))
    if odd:
        yield Advice(
            f"below {KEYS} stands what is named like no key, so it is left alone: {', '.join(odd)!a}",
            f"ls -lR {KEYS}",
            Role.MASTER,
            odd,
        )
    if exposed and keys.open_directories:
        yield Advice(
            f"others may write in {', '.join(keys.open_directories)}, and so put any file in the place of a key: look at "
            "what is there, take that right away (chmod o-w), then plan again",
            as_typed(["chmod", "o-w", *keys.open_directories]),
            Role.MASTER,
            keys.open_directories,
        )
        return
    for key in exposed:
        if key.path not in odd:
            yield _restricted(case, key)


def _restricted(case: FixContext, key: KeyFile) -> Step:
    back = (Undo(argv=("chmod", f"{key.mode:o}", key.path)),)
    return Step(
        where=Role.MASTER,
        # before a recycle, which renames the tree that it stands in
        phase=Phase.TFTP,
        title=f"take {key.path} away from everybody but its owner",
        do=RunCommand(("chmod", f"{CLOSED:o}", key.path), CHMOD_DEADLINE, back, back),
        why=f"its mode is {key.mode:04o}: whoever has this key can pose as the master to its clients",
        effect=f"{key.path} has mode {CLOSED:04o}; its owner and what is in it stay",
        before=(
            *below_g2(),
            RoleIs(Role.MASTER, "master"),
            *at_rest(case, Role.MASTER),
            ModeIs(Role.MASTER, key.path, key.mode),
        ),
        verify=(ModeIs(Role.MASTER, key.path, CLOSED),),
        undo=f"chmod {key.mode:o} {key.path}, its former mode",
        impact="none: NIM runs as root",
        risk="low",
    )
