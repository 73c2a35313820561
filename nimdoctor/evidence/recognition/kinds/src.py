"""What the System Resource Controller, inittab and auditing say."""

from nimdoctor.evidence.recognition.kinds.form import Form, Origin, Sign, TextKind

_STATE = r"(?:active|inoperative|stopping|starting|warned)"
_HEADER = "Subsystem         Group            PID          Status\n"
LSSRC = TextKind(
    "lssrc",
    ("lssrc -a", "lssrc -ls inetd", "lssrc -t tftp"),
    (
        Form(
            "a table of subsystems; group and PID may be blank",
            f"{_HEADER} nimsh            nimclient        6685140      active\n nimhttp                                        inoperative",
            (
                Sign(r"^[ \t]*Subsystem[ \t]+Group[ \t]+PID[ \t]+Status[ \t]*$", 2, 4),
                Sign(rf"^[ \t]+[\w.-]+[ \t]+(?:[A-Za-z][\w.-]*[ \t]+)?(?:\d+[ \t]+)?{_STATE}[ \t]*$", 0.7, 60),
            ),
            Origin.RECORDED,
            "A",
            "tests of Ansible and of other open programs",
        ),
        Form(
            "the same with its blanks made single, as web pages print it",
            "Subsystem Group PID Status\nnimsh nimclient 6685140 active\nnimsh nimclient inoperative",
            (
                Sign(rf"^[\w.-]+[ \t]+[A-Za-z][\w.-]*[ \t]+\d+[ \t]+{_STATE}[ \t]*$", 0.7, 60),
                # NIM's own rows are all that anybody pastes alone
                Sign(rf"^[ \t]*(?:nimsh[ \t]+nimclient|nimesis[ \t]+nim)[ \t]+(?:\d+[ \t]+)?{_STATE}[ \t]*$", 1.3, 2.6),
                Sign(r"^[\w.-]+[ \t]+[A-Za-z][\w.-]*[ \t]+inoperative[ \t]*$", 0.7, 60),
            ),
            Origin.REPORT,
            "B",
            "a public NIM manual, and a page of IBM",
        ),
        Form(
            "inetd's services, of lssrc -ls inetd and lssrc -t",
            "Service       Command                  Description              Status\n"
            " tftp         /usr/sbin/tftpd          tftpd -n                 active\n"
            " daytime      internal                                          active",
            (
                Sign(r"^[ \t]*Service[ \t]+Command[ \t]+(?:Description|Arguments)[ \t]+Status[ \t]*$", 2, 4),
                Sign(r"^[ \t]*[\w.-]+[ \t]+(?:/\S+|internal)[ \t].*\b(?:active|inactive|inoperative)[ \t]*$", 0.7, 30),
            ),
            Origin.RECORDED,
            "A",
            "public transcripts",
        ),
        Form(
            "the same with its blanks made single",
            "Service Command Description Status\ntftp /usr/sbin/tftpd tftpd -n active\ntime internal active",
            (),
            Origin.RECORDED,
            "B",
            "a public note with a transcript",
        ),
        Form(
            "a message of SRC in the place of a table",
            "0513-085 The nimsh Subsystem is not on file.\n"
            "0513-036 The request could not be passed to the nimsh subsystem.",
            (Sign(r"^[ \t]*0513-085\b", 2, 4), Sign(r"^[ \t]*0513-0(?:36|04)\b", 2, 4)),
            Origin.RECORDED,
            "A",
            "tests of several open programs",
        ),
    ),
    lines=(
        r"^[ \t]*Debug[ \t]+(?:Not )?active",
        r"^[ \t]*Signal[ \t]+Purpose",
        r"^[ \t]*SIG[A-Z]+[ \t]",
        r"^[ \t]*Start the subsystem and try your command again",
    ),
)
DEFINITION = TextKind(
    "lssrc -S -s nimsh",
    ("lssrc -S -s nimsh",),
    (
        Form(
            "a head of fields and a row, parted by colons",
            "#subsysname:synonym:cmdargs:path:uid:auditid:\nnimsh::-s -c:/usr/sbin/nimsh:0:0:/dev/console:",
            (Sign(r"^#?subsysname:synonym:", 2, 2), Sign(r"^nimsh:[^:\n]*:[^:\n]*:/\S*nimsh:\d+:", 2, 2)),
            Origin.IBM,
            "A",
            "IBM docs, lssrc Command: the fields",
        ),
    ),
)
INITTAB = TextKind(
    "lsitab nimsh",
    ("lsitab nimsh",),
    (
        Form(
            "the row of inittab",
            "nimsh:2:wait:/usr/bin/startsrc -g nimclient >/dev/console 2>&1",
            (Sign(r"^:?nimsh:\w*:\w+:\S*startsrc\b", 2, 2),),
            Origin.RECORDED,
            "A",
            "hosts and public scripts have it",
        ),
        Form(
            "the whole table, of lsitab -a",
            "init:2:initdefault:\nsrcmstr:23456789:respawn:/usr/sbin/srcmstr # System Resource Controller",
            (
                Sign(r"^:?init:\d:initdefault:", 2, 2),
                Sign(
                    r"^:?[\w.+-]{1,14}:[0-9a-cA-CsSmM]*:(?:boot|bootwait|off|once|ondemand|respawn|sysinit|wait):\S",
                    0.5,
                    20,
                ),
            ),
            Origin.IBM,
            "A",
            "IBM docs, inittab File",
        ),
    ),
)
AUDIT = TextKind(
    "audit query",
    ("audit query",),
    (
        Form(
            "the state first, then events and processes",
            "auditing off",
            (Sign(r"^auditing (?:on|off)[ \t]*$", 2, 2),),
            Origin.IBM,
            "A",
            "IBM docs, audit Command",
        ),
    ),
    lines=(
        r"^[ \t]*(?:bin|event|stream|user)? ?(?:manager|process|panic|events?)\b",
        r"^[ \t]*\w+ [-=] ",
        r"^[ \t]*audit(?:ing)? ",
        r"^bin processing (?:on|off)[ \t]*$",
        r"^[ \t]+none[ \t]*$",
    ),
)
SRC_KINDS = (LSSRC, DEFINITION, INITTAB, AUDIT)
