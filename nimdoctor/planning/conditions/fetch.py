"""Conditions that prove a fetch: after `nimclient -C`, or without the libraries, a `nimclient -c` that
cannot fetch its certificate leaves the client without any push.
"""

from typing import List, NamedTuple, Tuple

from nimdoctor.facts import (
    Auditing,
    Certificates,
    Extractor,
    InetdConf,
    InetdServices,
    Paths,
    TftpRules,
)
from nimdoctor.facts.tftp_rules import ACCESS, SERVED
from nimdoctor.model import Role
from nimdoctor.planning.conditions.base import Answer, Was, condition
from nimdoctor.planning.conditions.files import OLD_MEMBERS, MemberKept
from nimdoctor.planning.ends import CERTS, Snapshot
from nimdoctor.probe import ask_tftp


@condition(
    "tftp-served",
    shell=r"""
tftp_served() {
    plain /etc/inetd.conf || return 1
    SEEN='no active tftp row is in /etc/inetd.conf'
    inetd_rows | grep '^tftp	' > /dev/null && inetd_services || return 1
    SERVES=$(awk -F'\t' '$1 == "tftp" && found != "yes" { found = $3 == "active" ? "yes" : "no" }
        $1 == "=" && ($2 == "complete" || $3 == "inoperative") { whole = 1 }
        END { print found != "" ? found : whole ? "no" : "" }' "$ROWS")
    [ -n "$SERVES" ] || ! ask lssrc -t tftp || SERVES=$(awk '$1 == "tftp" && NF > 1 && !/0513-/ { print tolower($NF) == "active" ? "yes" : "no" }' "$OUT")
    SEEN="inetd serves tftp: ${SERVES:-not known} (lssrc)"
    [ "$SERVES" = yes ]
}
""",
)
class TftpServed(NamedTuple):
    """An active tftp row stands in inetd.conf and inetd serves it."""

    where: Role

    def words(self) -> str:
        return "inetd on the master serves tftp: an active row, and lssrc says active"

    def shell(self) -> Tuple[str, ...]:
        return ("tftp_served",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        inetd, services = now.fact(self.where, InetdConf), now.fact(self.where, InetdServices)
        if inetd is None and services is None:
            return Answer(None, "whether the master serves tftp is not known (/etc/inetd.conf, lssrc -t tftp)")
        if inetd is not None and inetd.known("tftp") and all(row.commented for row in inetd.rows("tftp")):
            return Answer(False, "no active tftp row is in the master's /etc/inetd.conf")
        if services is None or not services.known("tftp"):
            return Answer(None, "whether inetd serves tftp is not known (lssrc -t tftp)")
        active = services.active("tftp")
        if active and inetd is None:
            return Answer(None, "lssrc says tftp is active, and whether it stands in /etc/inetd.conf is not known")
        return Answer(active, f"lssrc says tftp is {'active' if active else 'not active'}")


@condition(
    "tftp-allowed",
    shell=r"""
tftp_allowed() {
    anything /etc/tftpaccess.ctl || { no_link_above /etc/tftpaccess.ctl; return; }
    plain /etc/tftpaccess.ctl || return 1
    # what nobody cannot read does not bind tftpd
    case "$OWNER $RIGHTS" in nobody* | *' -'??????r* | *+) ;; *) return 0 ;; esac
    holding > "$WORK/files" || return 1
    [ -s "$WORK/files" ] || echo /ssl_nimsh/certs/server.pem > "$WORK/files"
    SEEN=$(awk '
        NR == FNR { if (!own) wanted[++count] = $0 "/"; if ($0 == "/ssl_nimsh/certs/server.pem") own = 1; next }
        { sub(/[ \t\r]+$/, "") }
        /^[ \t]*(allow|deny)[ \t]*:[ \t]*\/[^ \t]*$/ {
            rule = $0 "/"; sub(/^[^:]*:[ \t]*/, "", rule); while (gsub(/\/\.?\//, "/", rule)) continue
            for (i = 1; i <= count; i++) if (index(wanted[i], rule) == 1) { if ($1 ~ /^deny/) denied[i] = 1; else allowed[i] = 1 }
        }
        END { for (i = 1; i <= count; i++) if (!allowed[i] || denied[i]) print "/etc/tftpaccess.ctl denies " wanted[i] }' "$WORK/files" "$R/etc/tftpaccess.ctl") && [ -z "$SEEN" ]
}
""",
)
class TftpAllowed(NamedTuple):
    """/etc/tftpaccess.ctl does not keep the certificate from being fetched."""

    where: Role

    def words(self) -> str:
        return f"{ACCESS} on the master does not deny {CERTS}"

    def shell(self) -> Tuple[str, ...]:
        return ("tftp_allowed",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        rules = now.fact(self.where, TftpRules)
        if rules is None:
            return Answer(None, f"{ACCESS} of the master was not collected")
        if rules.access.exists and rules.binding is False:
            return Answer(True, f"nobody cannot read {ACCESS}, so tftpd serves what others can read")
        denied = rules.denied()
        return Answer(
            not denied, f"{ACCESS} denies {', '.join(denied)}" if denied else f"{ACCESS} allows the certificate"
        )


def _pems(now: Snapshot, where: Role) -> List[str]:
    certificates = now.fact(where, Certificates)
    return sorted(file.path for file in certificates.files if file.blocks) if certificates else []


@condition(
    "auditing-off",
    shell=r"""
auditing_off() {
    answered audit query && SEEN=$(awk 'tolower($1) == "auditing" { print "auditing " tolower($2); exit }' "$OUT") || return 1
    case $SEEN in 'auditing off'*) ;; *) return 1 ;; esac
}
""",
)
class AuditingOff(NamedTuple):
    """AIX auditing is off: tftpd is not available while it is on."""

    where: Role

    def words(self) -> str:
        return "AIX auditing is off on the master (tftpd does not serve while it is on)"

    def shell(self) -> Tuple[str, ...]:
        return ("auditing_off",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        auditing = now.fact(self.where, Auditing)
        if auditing is not None:
            return Answer(not auditing.on, f"audit query says auditing {'on' if auditing.on else 'off'}")
        return Answer(None, "whether auditing is on is not known (audit query)")


@condition(
    "certificate-served",
    shell=r"""
certificate_served() {
    holding > "$WORK/files" || return 1
    SEEN='no certificate is below /ssl_nimsh/certs'
    read -r SERVED < "$WORK/files" && look "$R$SERVED" || return 1
    SEEN="$SERVED cannot be read by nobody, as whom tftpd serves it"
    case "$OWNER $RIGHTS" in *+) return 1 ;; nobody* | *' -'??????r*) ;; *) return 1 ;; esac
}
""",
)
class CertificateServed(NamedTuple):
    """A pem with a certificate stands below /ssl_nimsh/certs of the master."""

    where: Role

    def words(self) -> str:
        return f"a certificate stands below {CERTS} of the master"

    def shell(self) -> Tuple[str, ...]:
        return ("certificate_served",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        files, paths = _pems(now, self.where), now.fact(self.where, Paths)
        if files:
            served = SERVED if SERVED in files else files[0]
            readable = paths.readable_by_nobody(served) if paths else None
            if readable is None:
                return Answer(None, f"whether nobody can read {served}, as whom tftpd serves it, is not known")
            if not readable:
                return Answer(False, f"{served} cannot be read by nobody, as whom tftpd serves it")
            return Answer(True, f"{served} holds a certificate")
        # a pem that is only listed may hold anything
        known = paths is not None and (paths.absent(CERTS) or paths.listed(f"{CERTS}/*"))
        return Answer(False if known else None, f"no certificate is known below {CERTS} of the master")


@condition(
    "tftp-answers",
    shell=r"""
tftp_answers() {
    SEEN="tftp on $1 is not asked: port $2 is not the one that the tftp command asks"
    [ "$2" = 69 ] && ask tftp -o "$WORK/fetched" "$1" "nimdoctor.$PLAN16" netascii || return 1
    SEEN="tftp on $1 does not answer: $(sed 1q "$OUT")"
    # what tftp says of itself, as of a host that it does not know, is no answer
    grep -Ei 'error code *[0-9]|access violation|file not found|received [0-9]' "$OUT" > /dev/null
}
""",
)
class TftpAnswers(NamedTuple):
    """The master answers a tftp read request for a name that cannot exist: an error answer means tftp lives."""

    where: Role
    master: str
    port: int

    def words(self) -> str:
        return f"tftp on {self.master} (port {self.port}/udp) answers a request for a file that cannot exist"

    def shell(self) -> Tuple[str, ...]:
        return ("tftp_answers", self.master, str(self.port))

    def decide(self, now: Snapshot, was: Was) -> Answer:
        answer = ask_tftp(now.host(self.where), self.master, self.port)
        return Answer(answer.answered, answer.says)


@condition(
    "fetch-unproved",
    shell=r"""
fetch_unproved() {
    SEEN='the plan was made without its master, and no probe of its tftp was answered'
    return 1
}
""",
)
class FetchUnproved(NamedTuple):
    """Never holds: neither the master nor a probe shows that a certificate can be fetched."""

    where: Role

    def words(self) -> str:
        return "it is proved that the certificate can be fetched"

    def shell(self) -> Tuple[str, ...]:
        return ("fetch_unproved",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        return Answer(False, "the master was not given, and no probe of its tftp was answered")


@condition(
    "can-extract",
    shell=r"""
old_members_kept() { member_kept libssl.a libssl.so.0.9.8 && member_kept libcrypto.a libcrypto.so.0.9.8; }

nim_client_is() {
    answered lslpp -lc || return 1
    SEEN="bos.sysmgt.nim.client is not at $1 any more: make a new plan"
    grep "^[^:]*:bos.sysmgt.nim.client:$1:" "$OUT" > /dev/null
}
""",
)
class CanExtract(NamedTuple):
    """`nimclient -c` can take what it needs out of the installed libssl.a and libcrypto.a: the installed nim.client takes
    the current members, or those of 0.9.8, which alone an old one takes, are there.

    `cured_at` is the level at which the plan found nim.client cured, empty where it rests on the members; by it alone
    scripts know what to look at.
    """

    where: Role
    cured_at: str = ""

    def words(self) -> str:
        taken = "libssl.a and libcrypto.a have the members of 0.9.8"
        if self.cured_at:
            taken = f"bos.sysmgt.nim.client {self.cured_at} takes the members of the installed OpenSSL"
        return f"nimclient -c can extract its libraries: {taken}"

    def shell(self) -> Tuple[str, ...]:
        return ("nim_client_is", self.cured_at) if self.cured_at else ("old_members_kept",)

    def decide(self, now: Snapshot, was: Was) -> Answer:
        answers = [MemberKept(self.where, *one).decide(now, was) for one in OLD_MEMBERS]
        lacking = [one for one in answers if not one.holds]
        if not lacking:
            return Answer(True, "libssl.a and libcrypto.a have the members of 0.9.8, which any nim.client can take")
        # one that is known to be gone says more than one of which nothing is known
        seen = min(lacking, key=lambda one: one.holds is None)
        extractor = now.fact(self.where, Extractor)
        if extractor is None:
            return Answer(None, f"the level of bos.sysmgt.nim.client is not known (lslpp -lc), and {seen.says}")
        if extractor.cured:
            return Answer(True, extractor.says)
        return Answer(seen.holds, f"{extractor.says}, and {seen.says}")
