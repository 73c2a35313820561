"""Lets tftpd serve the certificate, where /etc/tftpaccess.ctl allows other files only."""

import re
from typing import Iterator, Optional

from nimdoctor.facts import TftpRules
from nimdoctor.facts.tftp_rules import ACCESS
from nimdoctor.model import OnMaster, Role
from nimdoctor.planning.client_crypto import at_rest, below_g2
from nimdoctor.planning.conditions import RoleIs, TftpAllowed, TftpdIdle
from nimdoctor.planning.fix import Advice, FixContext, PlanItem, fix
from nimdoctor.planning.steps import Change, Phase, Step, make_edit, unchanged, written

_PATH = re.compile(r"/ssl_nimsh/certs/[A-Za-z0-9._+@-]+")
_EDITOR = f"vi {ACCESS}"


@fix(
    "allow-tftp",
    title="Let tftp serve the certificate on the master",
    where=Role.MASTER,
    risk="whoever can reach tftp on the master can fetch that one file, as on a master without /etc/tftpaccess.ctl",
    source="IBM docs, tftpd daemon; isg3T1024615",
    classic=True,
)
def allow_tftp(case: FixContext, rules: Optional[OnMaster[TftpRules]]) -> Iterator[PlanItem]:
    """Adds an `allow:` line for the one file that `nimclient -c` fetches to /etc/tftpaccess.ctl."""
    if not case.given(Role.MASTER) or rules is None or not rules.denied():
        return
    path = rules.denied()[0]
    ruled = rules.access.rule(path)
    if ruled is not None:
        yield Advice(
            f"line {ruled.at.line} of {ACCESS} ({ruled.at.text.strip()}) keeps tftpd from serving {path}, and deny: wins "
            "over allow: - a person wrote that, so a person must take it out",
            _EDITOR,
            Role.MASTER,
            (path,),
        )
        return
    if len(rules.denied()) > 1 or not _PATH.fullmatch(path):
        yield Advice(
            f"which file a client fetches is not known: {', '.join(rules.denied())}; add an allow: line for it to {ACCESS}",
            _EDITOR,
            Role.MASTER,
            rules.denied(),
        )
        return
    if not rules.access.raw:
        yield Advice(f"{ACCESS} was not read, or is no regular file", _EDITOR, Role.MASTER, (path,))
        return
    edit = make_edit(ACCESS, rules.access.raw, (Change(_line(rules.access.raw), None, f"allow:{path}"),))
    yield Step(
        where=Role.MASTER,
        phase=Phase.TFTP,
        title="let tftp serve the certificate",
        do=edit,
        why=f"no allow: line of {ACCESS} covers {path}, which nimclient -c fetches",
        effect=f"tftpd serves {path} too, and no other file beyond those it serves now",
        before=(
            *below_g2(),
            RoleIs(Role.MASTER, "master"),
            *at_rest(case, Role.MASTER),
            unchanged(Role.MASTER, edit),
            TftpdIdle(Role.MASTER),
        ),
        verify=(written(Role.MASTER, edit), TftpAllowed(Role.MASTER)),
        undo="the file's former bytes go back",
        impact="none: no daemon is started or stopped, the next tftpd reads it",
        risk="low: one file more can be fetched",
    )


def _line(raw: bytes) -> int:
    r"""The line after which a new one is added: the last, or the one before where that has no newline.

    >>> _line(b"allow:/tftpboot\n"), _line(b"allow:/tftpboot\nallow:/usr/ucb")
    (1, 1)
    """
    return raw.count(b"\n")
