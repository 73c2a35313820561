"""Whether inetd serves tftp."""

from typing import List, Optional, Tuple

from nimdoctor.facts.inetd_conf import InetdConf
from nimdoctor.facts.lssrc import InetdServices, Subsystems
from nimdoctor.model.text import Quote

REFRESH_MISSING = "inetd has not activated tftp: refresh missing"
INETD_DOWN = "inetd is not running, so nothing answers tftp"


def tftp_fault(
    inetd: Optional[InetdConf], services: Optional[InetdServices], subsystems: Optional[Subsystems]
) -> Tuple[str, List[Quote]]:
    """Why tftp is not served, or an empty string, and the lines that show it."""
    inetd = inetd if inetd and inetd.known("tftp") else None
    rows = inetd.rows("tftp") if inetd else ()
    if inetd and not rows:
        return "no tftp row in /etc/inetd.conf", [inetd.whole()]
    if rows and all(row.commented for row in rows):
        return "the tftp row is commented out", [row.quote() for row in rows]
    active = [row.quote() for row in rows if not row.commented]
    if subsystems and subsystems.active("inetd") is False:
        return INETD_DOWN, [subsystems.quote("inetd"), *active]
    if services and services.inetd_status == "inoperative":
        return INETD_DOWN, [services.quote("tftp"), *active]
    if services and services.known("tftp") and not services.active("tftp"):
        return REFRESH_MISSING if rows else "inetd does not serve tftp", [services.quote("tftp"), *active]
    return "", []
