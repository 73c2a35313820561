"""Words that are nobody's name: what AIX, NIM and OpenSSL print of themselves, and users that every AIX has.

A host or an object may be called by one of them. It then tells nothing about a site, and replacing the word
everywhere would make the outputs unreadable, so it stays where it stands alone.
"""

import re
from functools import cache
from typing import FrozenSet

from nimdoctor.evidence.catalog import ROWS


def _words(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


USERS = _words(
    "root daemon bin sys adm uucp guest nobody lpd lp invscout snapp ipsec nuucp pconsole esaadmin sshd srvproxy imnadm"
    " padmin tftp ftp www apache ntp dhcp postfix mail operator system staff security cron printq audit ecs usr perf"
    " shutdown hacmp haemrm idsldap other sync wheel tty kmem disk users"
)
"""Users and groups of the system itself."""

RESERVED = _words("master boot nim_script all")
"""Objects that NIM makes by itself."""

_PRODUCTS = (
    "aix nim nimsh nimesis nimclient nimconfig niminit nimhttp nimquery nimadm lsnim ssl tls openssl openssh ssh sshd tftp tftpd inetd bootp"
    " bootpd bootps bootpc srcmstr syncd portmap syslogd xntpd ntpd cron ksh bos rte mp64 sysmgt sysbr rsct devices java perl rpm"
    " vios ioscli ioslevel installp mksysb spot lpp lpp_source script adapter_def resolv_conf bosinst_data image_data"
    " exclude_files fix_bundle fb_script first_boot installp_bundle log root dump paging home shared_home shared_root"
    " shared_product tmp savevg vg group res_group mac_group ent tok fddi atm generic hfi chrp rspc rs6k power powerpc"
    " ethernet standalone diskless dataless wpar wpars cec hmc ivm bladecenter nas_filer alternate_master client"
    " server servers clients shell connect secure insecure platform netboot_kernel cpuid cpuids cable_type1 comments"
    " class classes type types machines machine networks network resources resource groups arch serves simages"
    " location alloc_count reserved ssl_support control locked info error warning default routing net_addr snm"
    " validate_cpuid hostname host hosts name names address addresses local remote source port ports id ids uid gid"
    " label level levels version release mod maintenance technology service services pack state status active"
    " inoperative stopping warned available unavailable ready for use operation operations customization install"
    " installation installed uninstalled being performed performing has been enabled disabled currently running not"
    " success failure failed missing information object objects is are was were in on of off to from by with the a an and or no yes"
    " none any other unknown true false"
    " committed applied broken applying rejecting efixlocked commit complete usr opt var etc dev lib sbin export proc sys"
    " home tmp mnt image images config configs cert certs key keys root ca pem cnf conf cfg log logs out err old new bak"
    " backup com org net edu gov mil int arpa local localhost localdomain loopback lan internal example test tcp udp"
    " tcp4 tcp6 udp4 udp6 dgram stream wait nowait listen established time daytime ftp telnet login exec finger http"
    " https smtp dns bind nis nis4 nis6 bind4 bind6 local4 local6 auth base license man client_server system base64"
    " user users owner mode size date file files dir directory link path paths command commands manifest schema role"
    " collected stderr kind mtime null journal json begin done undone event step fixes fix check checks run runs"
    " file_name certificate certificates request authority req distinguished_name prompt default_bits default_md sha1"
    " sha256 sha384 sha512 md5 rsa dsa ec loading negotiating object using method handler started create bio sending"
    " ack getting write query setting descriptor addr value passed match environment matched does"
    " processing initiated mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec utc gmt cet cest"
    " eet eest est edt pst pdt cst cdt bst ibm lenovo hp data test server1 unix linux windows main public private"
    " subsystem subsystems pid ppid elapsed cmd args tcpip spooler ras portmapper nfs autofs qdaemon snmp snmpd"
    " snmpmibd aixmibd hostmibd muxatmd dpid2 inet interface interfaces en0 en1 en2 en3 et0 lo0 mtu proto recv send"
    " foreign filesystem free used mounted hd1 hd2 hd3 hd4 hd9var hd10opt hd11admin livedump rootvg"
    " nimdoctor evidence thorough complete remarks not removed left line lines text like key-like timed bytes"
    " beside blank damaged blocks identity unread subject issuer serial fingerprint before after bits signature"
    " en_us de_de fr_fr utf8 iso8859 posix lang inst inst_root mb kb gb"
)


@cache
def vocabulary() -> FrozenSet[str]:
    """Small letters all; with the words of what the catalog names."""
    found = set(_PRODUCTS.split()) | RESERVED | USERS
    for row in ROWS:
        for line in (row.name, *row.variants):
            found.update(word.lower() for word in re.findall(r"[A-Za-z0-9]+", line))
    return frozenset(found)


CERTIFICATE = _words("nim root server client ca ssl tls certificate certificates authority master aix the for of and")
"""Words of a certificate's names that say what it is, not whose."""

SENTENCE = _words(
    "a an the this that these those it its and or but nor not no none never only also too then than as if when while where wherever"
    " which who whom whose what why how by for from of on off in into to at with without within between before after until since"
    " because so is are was were be been being has have had having do does did done can could cannot may might must shall"
    " should will would i you we they he she your our their my his her"
    " access account accounts again aging algorithm allowed already always asked authentication auth based cannot change changed"
    " changes changing check checked checking complexity correct database denied different disabled does empty enabled encrypted"
    " encryption entered entry error expire expired expires expiration expiry failed fails failure field file files given goes"
    " granted handshake hash hashed hashes hashing helper history incorrect input invalid key keys length less lifetime list locked"
    " login management manager matches mismatch missing needed needs now ok option outdated parameter parameters policies policy"
    " problem prompt prompts protected protection quality removed required reset resets ring rejected request requested rotation"
    " rule rules set sets still store stored string supplied sync too type typed update updated use used user using unset valid"
    " verification via warning weak wrong yet string come comes read-only read-write"
    " authentifizierung aber abgelaufen abgelehnt alt auf aus bei bekannt das dass den der die durch ein eine einer eingeben falsch"
    " fehlt fehler fehlgeschlagen f\xfcr fuer geht gesetzt gesperrt ge\xe4ndert geaendert hat ist kann kein keine l\xe4uft laeuft mit"
    " muss nach neu nicht nie noch oder ohne richtig sind soll stimmt und ung\xfcltig ungueltig unbekannt vergessen von vom vor"
    " war wird wurde wurden zu zum"
    " avec ce dans de des du est et expir\xe9 expire incorrecte incorrect invalide la le les manque non oubli\xe9 ou par pas pour"
    " refus\xe9 sans sera sur un une a \xe0 \xe8 \xe9 en"
    " caducada con contra del di e el era es est\xe1 esta expirada expirou fue ha incorrecta incorreta inv\xe1lida los no n\xe3o"
    " o para per por que scaduta se senza sin su una y"
)
"""Words that a sentence goes on with behind `password`: what comes after that is not one."""
