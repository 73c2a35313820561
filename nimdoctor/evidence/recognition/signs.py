"""By which lines each kind of text is known."""

from typing import Tuple

NIMSH_LOG = "/var/adm/ras/nimsh.log"

_CTIME = r"[A-Z]\w{1,3}\.? +(?:[A-Z]\w{2,4}\.? +\d{1,2}|\d{1,2} +[A-Z]\w{2,4}\.?) +\d\d:\d\d:\d\d(?: [A-Z]{3,6})? \d{4}"
_STAMP = rf"(?:{_CTIME}|\[?\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^ \t\n]*)"
_HANDSHAKE = (
    r"(?i:Loading certificates)[. ]*$",
    r"(?i:Negotiating SSL_CTX object)\b.*$",
    r"(?i:Loading private key file)[. ]*$",
    r"(?i:create BIO)[. ]*$",
    r"(?i:Error connecting to SSL object)[. ]*$",
)
# remembered only, found in no public text: they count for less than the handshake's own lines
_REMEMBERED = (
    r"(?i:NIM Service Handler started\b|file descriptor is ?:|source (?:addr|hostname) is ?:|getting 2nd port"
    r"|success: we got \w+ write query|(?:we got )?\d(?:st|nd|rd|th) write [\w ]+ is\b|error: remote value passed"
    r"|sending ack to client).*$"
)
_LEVEL = r"\d+\.\d+\.\d+\.\d+"
_NIM_ATTRIBUTE = (
    r"type|platform|netboot_kernel|if\d+|cable_type\d*|Cstate|prev_state|Mstate|Cstate_result|cpuid|comments"
    r"|ssl_support|master_port|registration_port|reserved|serves|Rstate|location|server|alloc_count|arch|lpp_source"
    r"|net_addr|snm|routing\d*|validate_cpuid|control|spot|standalone|mgmt_source\d*|subclass\w*|nim_crypto_mode"
)
# one kind a row: its key, then pattern, points a match, and the most that pattern can bring
KINDS: Tuple[Tuple[str, Tuple[Tuple[str, float, float], ...]], ...] = (
    (
        NIMSH_LOG,
        (
            *((rf"^{_STAMP}[ \t]+{message}", 2, 40) for message in _HANDSHAKE),
            *((rf"^[ \t]*(?:(?:19|20)\d\d[ \t]+)?{message}", 1, 1) for message in _HANDSHAKE),
            (rf"^{_STAMP}[ \t]+{_REMEMBERED}", 1.5, 40),
            (rf"^[ \t]*(?:(?:19|20)\d\d[ \t]+)?{_REMEMBERED}", 0.5, 2),
            (rf"^{_STAMP}[ \t]+\S", 0.2, 1),
        ),
    ),
    (
        "lsnim -l",
        (
            (r"^[ \t]*class[ \t]+= (?:machines|networks|resources|groups|management)\b", 1, 60),
            (r"^[ \t]*connect[ \t]+= (?:shell|nimsh(?: \(secure\))?)[ \t]*$", 1, 60),
            (rf"^[ \t]*(?:{_NIM_ATTRIBUTE})[ \t]+= \S", 0.5, 60),
        ),
    ),
    (
        "/etc/niminfo",
        ((r"^[ \t]*export NIM_\w+=", 1, 30), (r"^NIM_(?:NAME|MASTER\w*|HOST\w*|SHELL|CONFIGURATION)=", 0.7, 20)),
    ),
    (
        "/etc/inetd.conf",
        (
            (
                r"^[#\t ]*[\w.-]+[ \t]+(?:stream|dgram|sunrpc_tcp|sunrpc_udp)[ \t]+(?:tcp|udp)\d?[ \t]+"
                r"(?:wait|nowait|SRC)[\w.]*[ \t]+\w+",
                2,
                60,
            ),
        ),
    ),
    ("/etc/services", ((r"^#?[\w.+-]+[ \t]+\d{1,5}/(?:tcp|udp)\b", 0.7, 60),)),
    (
        "/etc/hosts",
        (
            (r"^(?:127\.0\.0\.1|::1)[ \t]+(?:loopback|localhost)\b", 2, 2),
            (r"^\d{1,3}(?:\.\d{1,3}){3}[ \t]+[A-Za-z][\w.-]*(?:[ \t]+[A-Za-z][\w.-]*)*[ \t]*(?:#.*)?$", 1, 40),
        ),
    ),
    ("/etc/tftpaccess.ctl", ((r"^[ \t]*(?:allow|deny):[ \t]*/\S*[ \t]*$", 2, 20),)),
    ("/etc/netsvc.conf", ((r"^[ \t]*hosts?[ \t]*=[ \t]*(?:local|bind|nis|ldap)\d?(?:=auth)?(?:[ \t]*,.*)?$", 2, 4),)),
    (
        "lssrc",
        (
            (r"^[ \t]*Subsystem[ \t]+Group[ \t]+PID[ \t]+Status[ \t]*$", 2, 4),
            (r"^[ \t]*Service[ \t]+Command[ \t]+(?:Description|Arguments)[ \t]+Status[ \t]*$", 2, 4),
            (r"^ [\w.-]+[ \t]+(?:[\w.-]+[ \t]+)?(?:\d+[ \t]+)?(?:active|inoperative)[ \t]*$", 0.7, 60),
            (r"^[ \t]*[\w.-]+[ \t]+(?:/\S+|internal)[ \t].*\b(?:active|inactive)[ \t]*$", 0.7, 30),
        ),
    ),
    (
        "lssrc -S -s nimsh",
        ((r"^#?subsysname:synonym:", 2, 2), (r"^nimsh:[^:\n]*:[^:\n]*:/\S*nimsh:\d+:", 2, 2)),
    ),
    (
        "lslpp -lc",
        (
            (r"^#Fileset:Level:PTF Id:State:", 2, 2),
            (rf"^/[\w/]+:[\w.+-]+:{_LEVEL}:[^:\n]*:[^:\n]+:[A-Z ]?:", 1, 60),
            (rf"^#?/[\w/]+:[\w.+-]+:{_LEVEL}:", 0.3, 2),
        ),
    ),
    (
        "lslpp -hc",
        (
            (r"^#Path:Fileset:Level:PTF Id:Action:", 2, 2),
            (rf"^/[\w/]+:[\w.+-]+:{_LEVEL}:[^:\n]*:[^:\n]+:[^:\n]+:\d\d/\d\d/\d\d(?:\d\d)?:\d\d[;:]\d\d", 1.5, 60),
        ),
    ),
    (
        "lslpp -Lc",
        (
            (r"^#Package Name:Fileset:Level:State:", 2, 2),
            (rf"^[\w.+-]+:[\w.+-]+:{_LEVEL}: ?[^:\n]*: ?[^:\n]*:[ \w?]*:", 1, 60),
        ),
    ),
    (
        "lslpp -l",
        (
            (r"^[ \t]*Fileset[ \t]+Level[ \t]+State[ \t]+(?:Type[ \t]+)?Description", 2, 4),
            (r"^Path: /[\w/]*objrepos", 1, 4),
            (
                rf"^[ \t]*[\w.+-]+[ \t]+{_LEVEL}[ \t]+(?:COMMITTED|APPLIED|APPLYING|BROKEN|EFIXLOCKED|[CABEO?])[ \t]",
                0.7,
                60,
            ),
        ),
    ),
    (
        "lslpp -h",
        (
            (r"^[ \t]*Fileset[ \t]+Level[ \t]+Action[ \t]+Status[ \t]+Date[ \t]+Time", 2, 2),
            (rf"^[ \t]+{_LEVEL}[ \t]+\w+[ \t]+(?:COMPLETE|BROKEN|CANCELED)[ \t]+\d\d/\d\d/\d\d", 1, 60),
        ),
    ),
    (
        "emgr -lv3",
        ((r"^EFIX (?:ID|LABEL|CMD|FILES?)\b.*:", 1, 20), (r"^(?:INSTALL DATE|PACKAGING DATE|ABSTRACT): ", 0.7, 20)),
    ),
    (
        "emgr -l",
        (
            (r"^ID +STATE +LABEL +INSTALL TIME", 2, 2),
            (r"^[ \t]*\d+ +\*?[A-Z]{1,2}\*? +\w+ +\d\d/\d\d/\d\d +\d\d:\d\d:\d\d", 1, 20),
            (r"^There is no efix data on this system\.", 2, 2),
        ),
    ),
    (
        "instfix -ik",
        (
            (r"^[ \t]*(?:All|Not all) filesets for \S+ were found\.", 2, 60),
            (r"^[ \t]*There was no data for \S+ in the fix database\.", 2, 60),
        ),
    ),
    (
        "ps -ef",
        (
            (r"^[ \t]*UID[ \t]+PID[ \t]+PPID[ \t]+C[ \t]+STIME[ \t]+TTY[ \t]+TIME[ \t]+CMD", 3, 3),
            (r"^[ \t]*\w+[ \t]+\d+[ \t]+\d+[ \t]+\d+[ \t]+\S+(?: \d\d?)?[ \t]+\S+[ \t]+\d+:\d\d[ \t]+\S", 0.7, 60),
        ),
    ),
    (
        "ps -eo pid,ppid,etime,args",
        (
            (r"^[ \t]*PID[ \t]+PPID[ \t]+ELAPSED[ \t]+(?:COMMAND|ARGS|CMD)", 3, 3),
            (r"^[ \t]*\d+[ \t]+\d+[ \t]+(?:\d+-)?(?:\d\d:)?\d\d:\d\d[ \t]+\S", 0.7, 60),
        ),
    ),
    (
        "netstat -an",
        (
            (r"^Active Internet connections", 2, 2),
            (
                r"^(?:[0-9a-f]+[ \t]+)?(?:tcp|udp)[46]?6?(?:[ \t]+\d+){2}(?:[ \t]+\S+){2}(?:[ \t]+[A-Z_0-9]+)?[ \t]*$",
                1,
                60,
            ),
        ),
    ),
    (
        "df",
        (
            (r"^Filesystem[ \t]+(?:\d+-blocks|[MG]B blocks)[ \t].*Mounted on", 2, 2),
            (r"^\S+[ \t]+(?:[\d.]+|-)[ \t]+(?:[\d.]+|-)[ \t]+(?:\d+%|-)[ \t].*[ \t]/\S*[ \t]*$", 0.5, 20),
        ),
    ),
    ("ar", ((r"^[r-][wxsStTr-]{8}[ \t]+\d+/\d+[ \t]+\d+ \w{3}[ \t]+\d+ \d\d:\d\d \d{4} lib(?:ssl|crypto)\S*", 2, 20),)),
    (
        "ls -l",
        (
            (
                r"^[dlbcsp-](?:[r-][w-][xsStT-]){3}[+.]?[ \t]+\d+[ \t]+\S+[ \t]+\S+[ \t]+\d+[ \t]+\w{3}[ \t]+\d+[ \t]+"
                r"(?:\d\d:\d\d|\d{4})[ \t]+\S",
                1.2,
                40,
            ),
            (r"^[dlbcsp-](?:[r-][w-][xsStT-]){3}.*[ \t]/\S+", 1, 10),
            (r"^total \d+[ \t]*$", 1, 1),
        ),
    ),
    (
        "nimclient -c",
        (
            (r"^x - /usr/lib/lib(?:ssl|crypto)\.so", 1.5, 6),
            (r"^Received \d+ Bytes in [\d.]+ Seconds", 1.5, 3),
            (r"^0513-0(?:44|77|59)\b", 0.5, 1.5),
        ),
    ),
    (
        "nim -o lslpp",
        (
            (r"^[ \t]*(?:warning: )?0042-\d{3} (?!nimclient|niminit)\w+:", 2, 20),
            (r"^[ \t]*(?i:error connecting to SSL object)[. ]*$", 1, 1),
            (r"^[ \t]*0042-\d{3}\b", 0.5, 2),
        ),
    ),
    (
        "nim -o showres",
        (
            (r"@@\w:\S+ +_all_filesets", 1.5, 40),
            (rf"^[ \t]*[+@][ \t]+{_LEVEL}[ \t]", 0.7, 20),
            (r"^[ \t]*[\w.+-]+[ \t]+ALL[ \t]+@@", 1, 20),
        ),
    ),
    ("lsitab nimsh", ((r"^:?nimsh:\w*:\w+:\S*startsrc\b", 2, 2),)),
    ("audit query", ((r"^auditing (?:on|off)[ \t]*$", 2, 2),)),
    (
        "openssl x509",
        (
            (r"^[ \t]*Not (?:Before|After) ?: [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT", 1, 20),
            (r"^not(?:Before|After)=[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT", 1, 20),
        ),
    ),
    ("pem", ((r"^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----", 3, 60),)),
    (
        "cnf",
        (
            (r"^\[[ \t]*\w+[ \t]*\]", 0.5, 2),
            (r"^(?:default_bits|default_md|default_days|distinguished_name|commonName)\b.*=", 1, 5),
        ),
    ),
)
# what only one line, standing alone, can tell
ALONE: Tuple[Tuple[str, str], ...] = (
    ("oslevel -s", r"\d{4}-\d\d-\d\d-\d{4}"),
    ("uname -m", r"00[0-9A-F]{10}"),
    ("date -u +%Y-%m-%dT%H:%M:%SZ", r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    ("openssl version", r"OpenSSL \d+\.\d+\S*[ \t]+.*\b\d{4}\b.*"),
)
