"""Processes, sockets, file systems, listings of directories and of archives, the clock and the host's names."""

from nimdoctor.evidence.recognition.kinds.form import Form, Origin, Sign, TextKind

_PS_ROW = r"^[ \t]*\w+[ \t]+\d+[ \t]+\d+[ \t]+\d+[ \t]+\S+(?: \d\d?)?[ \t]+\S+[ \t]+\d+:\d\d[ \t]+\S"
_ETIME = r"(?:\d+-)?(?:\d\d:)?\d\d:\d\d"
PS = TextKind(
    "ps -ef",
    ("ps -ef",),
    (
        Form(
            "ps -ef; STIME is a time today, else month and day",
            "     UID     PID    PPID   C    STIME    TTY  TIME CMD\n"
            "    root 6685140 3211500   0   Mar 14      -  0:00 /usr/sbin/nimsh -s -c\n"
            "    root 9306482 6685140   0 10:05:04      -  0:00 /usr/sbin/nimsh -s -c",
            (
                Sign(r"^[ \t]*UID[ \t]+PID[ \t]+PPID[ \t]+C[ \t]+STIME[ \t]+TTY[ \t]+TIME[ \t]+CMD", 3, 3),
                Sign(_PS_ROW, 0.7, 60),
                # what of a listing went through grep: the only rows that anybody pastes alone
                Sign(rf"{_PS_ROW[:-2]}.*/nimsh\b", 2, 20),
            ),
            Origin.RECORDED,
            "A",
            "cfengine's tests, and public transcripts",
        ),
        Form(
            "ended processes, without start and terminal",
            "    root 7254232 6685140   0                  0:00 <defunct>",
            (Sign(r"^[ \t]*\w+[ \t]+\d+[ \t]+\d+[ \t]+\d+[ \t]+\d+:\d\d <defunct>", 0.7, 20),),
            Origin.RECORDED,
            "B",
            "cfengine's tests",
        ),
        Form(
            "ps aux, without parents",
            "USER          PID %CPU %MEM   SZ  RSS    TTY STAT    STIME  TIME COMMAND\n"
            "root      6685140  0.0  0.0  744  912      - A      Mar 14  0:00 /usr/sbin/nimsh -s -c",
            (
                Sign(r"^[ \t]*USER[ \t]+PID[ \t]+%CPU[ \t]+%MEM[ \t]", 3, 3),
                Sign(
                    r"^[ \t]*\w+[ \t]+\d+[ \t]+\d+\.\d[ \t]+\d+\.\d[ \t]+\d+[ \t]+\d+[ \t]+\S+[ \t]+[A-Z<][ \t]+"
                    r"(?:\S+|\w{3} \d\d?)[ \t]+\d+:\d\d[ \t]+\S",
                    0.7,
                    60,
                ),
            ),
            Origin.RECORDED,
            "B",
            "a public transcript, of PASE",
        ),
    ),
)
PS_COLUMNS = TextKind(
    "ps -eo pid,ppid,etime,args",
    ("ps -eo pid,ppid,etime,args",),
    (
        Form(
            "columns as asked for, the time since the start among them",
            "    PID    PPID     ELAPSED COMMAND\n6685140 3211500 12-03:04:05 /usr/sbin/nimsh -s -c",
            (
                Sign(r"^[ \t]*PID[ \t]+PPID[ \t]+ELAPSED[ \t]+(?:COMMAND|ARGS|CMD)", 3, 3),
                Sign(rf"^[ \t]*\d+[ \t]+\d+[ \t]+{_ETIME}[ \t]+\S", 0.7, 60),
            ),
            Origin.IBM,
            "A",
            "IBM docs, ps Command",
        ),
        Form(
            "other columns, by the head above them",
            "    USER     PID    PPID    STIME        TIME COMMAND\n"
            "    root 6685140 3211500   Mar 14    00:00:00 /usr/sbin/nimsh -s -c\n"
            "         7254232 6685140             00:00:00 <defunct>",
            (
                Sign(r"^[ \t]*(?:[A-Z%]+[ \t]+)*PID[ \t]+(?:[A-Z%]+[ \t]+)*(?:COMMAND|ARGS|CMD)[ \t]*$", 2, 2),
                Sign(
                    r"^[ \t]*(?:\w+[ \t]+)?\d+[ \t]+\d+[ \t]+(?:\S+(?: \d\d?)?[ \t]+)?\d\d:\d\d:\d\d[ \t]+\S", 0.3, 20
                ),
            ),
            Origin.RECORDED,
            "B",
            "cfengine's tests",
        ),
    ),
)
NETSTAT = TextKind(
    "netstat -an",
    ("netstat -an",),
    (
        Form(
            "sockets; with -A the address of each before it",
            "Active Internet connections (including servers)\n"
            "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n"
            "tcp4       0      0  *.3901                 *.*                    LISTEN\n"
            "f1000e0000d1bbb8 tcp4       0      0  *.22                   *.*                    LISTEN",
            (
                Sign(r"^Active Internet connections", 2, 2),
                Sign(
                    r"^[ \t]*(?:[0-9a-f]+[ \t]+)?(?:tcp|udp)[46]?6?(?:[ \t]+\d+){2}(?:[ \t]+\S+){2}(?:[ \t]+[A-Z_0-9]+)?[ \t]*$",
                    1,
                    60,
                ),
                # what of it went through grep: a row of a port that NIM has
                Sign(r"^[ \t]*(?:[0-9a-f]+[ \t]+)?tcp[46]?(?:[ \t]+\d+){2}[ \t]+\S+\.390[12][ \t]+\S+", 2, 20),
            ),
            Origin.IBM,
            "A",
            "IBM docs, netstat Command; public transcripts",
        ),
    ),
    lines=(
        r"^[ \t]*(?:PCB/ADDR[ \t]+)?Proto[ \t]+Recv-Q",
        r"^Active UNIX domain sockets",
        r"^[ \t]*SADR/PCB[ \t]",
        r"^[0-9a-f]{6,16}[ \t]",
    ),
)
INTERFACES = TextKind(
    "netstat -in",
    ("netstat -in",),
    (
        Form(
            "interfaces, a row for each network they are in",
            "Name  Mtu   Network     Address            Ipkts Ierrs    Opkts Oerrs  Coll\n"
            "en0   1500  link#2      fa.16.3e.1.2.3     20034     0     8411     0     0\n"
            "en0   1500  10.1.1      10.1.1.7           20034     0     8411     0     0",
            (
                Sign(r"^[ \t]*Name[ \t]+Mtu[ \t]+Network[ \t]+Address", 2, 2),
                Sign(r"^[ \t]*[a-z]+\d+\*?[ \t]+\d+[ \t]+\S+[ \t]+\S+(?:[ \t]+\d+)+[ \t]*$", 0.5, 20),
            ),
            Origin.IBM,
            "A",
            "IBM docs, netstat Command",
        ),
    ),
)
DF = TextKind(
    "df",
    ("df -k",),
    (
        Form(
            "file systems, free space in blocks, MB or GB",
            "Filesystem    1024-blocks      Free %Used    Iused %Iused Mounted on\n"
            "/dev/hd4           983040    279776   72%     4107     7% /\n/proc                   -         -    -        -      - /proc",
            (
                Sign(r"^[ \t]*Filesystem[ \t]+(?:\d+-blocks|[MG]B blocks)[ \t].*Mounted on", 2, 2),
                Sign(r"^[ \t]*\S+[ \t]+(?:[\d.]+|-)[ \t]+(?:[\d.]+|-)[ \t]+(?:\d+%|-)[ \t].*[ \t]/\S*[ \t]*$", 0.5, 20),
            ),
            Origin.RECORDED,
            "A",
            "tests of IBM's Ansible collection, 7.2 and 7.3",
        ),
    ),
)
AR = TextKind(
    "ar",
    ("ar -X32_64 -tv /usr/lib/libssl.a", "ar -X32_64 -tv /usr/lib/libcrypto.a"),
    (
        Form(
            "members with mode, owner, size, date",
            "rwxr-xr-x     2/2     743206 Mar 14 10:05 2019 libssl.so.1.0.0",
            (
                Sign(
                    r"^[ \t]*[r-][wxsStTr-]{8}[ \t]+\d+/\d+[ \t]+\d+ \w{3}[ \t]+\d+ \d\d:\d\d \d{4} lib(?:ssl|crypto)\S*",
                    2,
                    20,
                ),
                Sign(r"^[ \t]*[r-][wxsStTr-]{8}[ \t]+\d+/\d+[ \t]+\d+ \w{3}[ \t]+\d+ \d\d:\d\d \d{4} \S"),
            ),
            Origin.IBM,
            "A",
            "IBM docs, ar Command; READMEs of openssl.base name the members",
        ),
    ),
)
LS = TextKind(
    "ls -l",
    ("ls -l",),
    (
        Form(
            "mode, links, owner, group, size, date, name",
            "total 8\n-rw-r--r--    1 root     system         2788 Mar 14 10:05 server.pem\n"
            "drwxr-xr-x    2 root     system          256 Mar 14 2019  /ssl_nimsh/certs",
            (
                Sign(
                    r"^[ \t]*[dlbcsp-](?:[r-][w-][xsStT-]){3}[+.]?[ \t]+\d+[ \t]+\S+[ \t]+\S+[ \t]+\d+[ \t]+\w{3}[ \t]+\d+[ \t]+"
                    r"(?:\d\d:\d\d|\d{4})[ \t]+\S",
                    1.2,
                    40,
                ),
                Sign(r"^[ \t]*[dlbcsp-](?:[r-][w-][xsStT-]){3}.*[ \t]/\S+", 1, 10),
                Sign(r"^[ \t]*total \d+[ \t]*$", 1, 1),
            ),
            Origin.IBM,
            "A",
            "IBM docs, ls Command",
        ),
    ),
    lines=(r"^[ \t]*/\S*:[ \t]*$",),
)
MACHINE = TextKind(
    "uname -m",
    ("uname -m",),
    (
        Form("the machine's id", "00F6A1B24C00", (Sign(r"^[ \t]*00[0-9A-F]{10}[ \t]*$"),), Origin.IBM, "A",
             "IBM docs, uname Command"),
    ),
)  # fmt: skip
WPAR = TextKind(
    "uname -W",
    ("uname -W",),
    (
        Form("the number of the WPAR, 0 outside of one", "0", (Sign(r"^[ \t]*\d+[ \t]*$"),), Origin.IBM, "A",
             "IBM docs, uname Command"),
    ),
)  # fmt: skip
HOSTNAME = TextKind(
    "hostname",
    ("hostname",),
    (
        Form("a name", "lpar7.example.com", (Sign(r"^[ \t]*[A-Za-z0-9][\w.-]*[ \t]*$"),), Origin.IBM, "A",
             "IBM docs, hostname Command"),
    ),
)  # fmt: skip
CLOCK = TextKind(
    "date",
    ("date -u +%Y-%m-%dT%H:%M:%SZ", "date +%Y-%m-%dT%H:%M:%S"),
    (
        Form("the time in the form asked for", "2025-03-14T10:05:04Z",
             (Sign(r"^[ \t]*20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ?[ \t]*$"),), Origin.STANDARD, "A", "POSIX, date"),
        Form("the time as date prints it", "Fri Mar 14 10:05:04 UTC 2025",
             (Sign(r"^[ \t]*\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \S+ \d{4}[ \t]*$"),), Origin.STANDARD, "A", "POSIX, date"),
    ),
)  # fmt: skip
LOOKUP = TextKind(
    "host",
    ("host CLIENT_HOSTNAME", "host MASTER_HOSTNAME", "host CLIENT_ADDRESS", "host MASTER_ADDRESS"),
    (
        Form(
            "an answer of AIX's host, or of bind's",
            "lpar7.example.com is 10.1.1.7,  Aliases:   lpar7\nlpar7.example.com has address 10.1.1.7",
            (Sign(r"^[ \t]*\S+ (?:is|has (?:IPv6 )?address) [0-9A-Fa-f:.]+"),),
            Origin.IBM,
            "A",
            "IBM docs, host Command",
        ),
        Form(
            "no answer",
            "host: 0827-803 Cannot find address for host lpar9.",
            (Sign(r"0827-80\d\b"), Sign(r"^[ \t]*Host \S+ not found: ")),
            Origin.IBM,
            "A",
            "IBM docs, messages of host",
        ),
    ),
)
SYSTEM_KINDS = (
    PS, PS_COLUMNS, NETSTAT, INTERFACES, DF, AR, LS, MACHINE, WPAR, HOSTNAME, CLOCK, LOOKUP,
)  # fmt: skip
