"""What is installed: lslpp, emgr, instfix, and levels."""

from nimdoctor.evidence.recognition.kinds.form import LEVEL, Form, Origin, Sign, TextKind

_STATE = r"(?:COMMITTED|APPLIED|APPLYING|COMMITTING|REJECTING|DEINSTALLING|OBSOLETE|VALIDE|BROKEN|EFIXLOCKED|[CABEO?])"
_DOCUMENTED = (Origin.IBM, "A", "IBM docs, lslpp Command")
_ABSENT = r"^[ \t]*(?:lslpp: )?(?:[Ff]ileset.*)?0504-132\b"
COLONS = TextKind(
    "lslpp -lc",
    ("lslpp -lc",),
    (
        Form(
            "rows of path, fileset, level, PTF, state, type, description, parted by colons",
            "#Fileset:Level:PTF Id:State:Type:Description:EFIX Locked\n"
            "/usr/lib/objrepos:openssl.base:1.0.2.1800::COMMITTED:I:Open Secure Socket Layer:\n"
            "/etc/objrepos:openssl.base:1.0.2.1800::VALIDE:I:Open Secure Socket Layer:",
            (
                Sign(r"^#Fileset:Level:PTF Id:State:", 2, 2),
                Sign(rf"^/[\w/]+:[\w.+-]+:{LEVEL}:[^:\n]*:[^:\n]+:[A-Z ]?:", 1, 60),
                Sign(rf"^#?/[\w/]+:[\w.+-]+:{LEVEL}:", 0.3, 2),
            ),
            Origin.RECORDED,
            "A",
            "recordings of GLPI's agent: 5.3, and 6.1 in English and French",
        ),
    ),
    lines=(_ABSENT,),
)
HISTORY_COLONS = TextKind(
    "lslpp -hc",
    ("lslpp -hc openssl.base bos.sysmgt.nim.client bos.sysmgt.nim.master",),
    (
        Form(
            "rows of path, fileset, level, PTF, action, status, date, time, parted by colons",
            "#Path:Fileset:Level:PTF Id:Action:Status:Date:Time\n"
            "/usr/lib/objrepos:openssl.base:1.0.2.1800::COMMIT:COMPLETE:03/14/25:10;05;04",
            (
                Sign(r"^#Path:Fileset:Level:PTF Id:Action:", 2, 2),
                Sign(
                    rf"^/[\w/]+:[\w.+-]+:{LEVEL}:[^:\n]*:[^:\n]+:[^:\n]+:\d\d/\d\d/\d\d(?:\d\d)?:\d\d[;:]\d\d", 1.5, 60
                ),
            ),
            *_DOCUMENTED,
        ),
    ),
    lines=(_ABSENT,),
)
LARGE_COLONS = TextKind(
    "lslpp -Lc",
    ("lslpp -Lc",),
    (
        Form(
            "rows of package, fileset, level, state letters, parted by colons",
            "#Package Name:Fileset:Level:State:PTF Id:Fix State:Type:Description:\n"
            "openssl.base:openssl.base:1.0.2.1800: : :C: :Open Secure Socket Layer: : : : : : :0:0:/:",
            (
                Sign(r"^#Package Name:Fileset:Level:State:", 2, 2),
                Sign(rf"^[\w.+-]+:[\w.+-]+:{LEVEL}: ?[^:\n]*: ?[^:\n]*:[ \w?]*:", 1, 60),
                Sign(r"^[\w.+-]+:[\w.+-]+:[^:\n]+: ?[^:\n]*: ?[^:\n]*:[ \w?]*:R:", 0.3, 20),
            ),
            *_DOCUMENTED,
        ),
    ),
    lines=(_ABSENT,),
)
TABLE = TextKind(
    "lslpp -l",
    ("lslpp -l",),
    (
        Form(
            "a table of -l or -L; a long name or description takes a line of its own",
            "  Fileset                      Level  State      Description\n"
            "  ----------------------------------------------------------------------------\n"
            "Path: /usr/lib/objrepos\n  openssl.base          1.0.2.1800  COMMITTED  Open Secure Socket Layer\n"
            "  bos.sysmgt.nim.client-and-a-long-name\n                        7.2.5.200  COMMITTED  Network Install Manager",
            (
                Sign(r"^[ \t]*Fileset[ \t]+Level[ \t]+State[ \t]+(?:Type[ \t]+)?Description", 2, 4),
                Sign(r"^[ \t]*Path: /[\w/]*objrepos", 1, 4),
                Sign(rf"^[ \t]*[\w.+-]+[ \t]+{LEVEL}[ \t]+{_STATE}[ \t]", 0.7, 60),
                Sign(rf"^[ \t]+{LEVEL}[ \t]+{_STATE}[ \t]", 0.3, 20),
            ),
            Origin.RECORDED,
            "A",
            "IBM docs, lslpp Command; public transcripts",
        ),
        Form(
            "the message that a fileset is not installed",
            "lslpp: 0504-132  Fileset openssl.license not installed.",
            (Sign(r"^[ \t]*(?:lslpp: )?0504-132\b", 2, 20),),
            Origin.IBM,
            "A",
            "public scripts and pages that match it",
        ),
    ),
    lines=(
        r"^[ \t]*-{20,}",
        r"^[ \t]+[\w.+-]+[ \t]*$",
        r"^[ \t]*EFIXLOCKED",
        r"^ {20,}\S",
        r"^[ \t]*State codes:?",
        r"^[ \t]*[A-Z?] -- ",
        r"^[ \t]*Type codes:?",
    ),
)
HISTORY = TextKind(
    "lslpp -h",
    ("lslpp -hc openssl.base bos.sysmgt.nim.client bos.sysmgt.nim.master",),
    (
        Form(
            "a table of level, action, status, date",
            "  Fileset         Level     Action       Status       Date         Time\n"
            "Path: /usr/lib/objrepos\n  openssl.base\n            1.0.2.1800   COMMIT       COMPLETE     03/14/25     10:05:04",
            (
                Sign(r"^[ \t]*Fileset[ \t]+Level[ \t]+Action[ \t]+Status[ \t]+Date[ \t]+Time", 2, 2),
                Sign(rf"^[ \t]+{LEVEL}[ \t]+\w+[ \t]+(?:COMPLETE|BROKEN|CANCELED)[ \t]+\d\d/\d\d/\d\d", 1, 60),
            ),
            *_DOCUMENTED,
        ),
    ),
    lines=(r"^[ \t]*-{20,}", r"^[ \t]+[\w.+-]+[ \t]*$", r"^[ \t]*Path: /"),
)
FIXES_LONG = TextKind(
    "emgr -lv3",
    ("emgr -lv3",),
    (
        Form(
            "fields of each interim fix",
            "EFIX ID: 1\nEFIX LABEL: IJ55968s5a\nINSTALL DATE: 11/20/25 10:00:00\nABSTRACT: IJ55968 for 7.2 TL5",
            (
                Sign(r"^EFIX (?:ID|LABEL|CMD|FILES?)\b.*:", 1, 20),
                Sign(r"^(?:INSTALL DATE|PACKAGING DATE|ABSTRACT): ", 0.7, 20),
            ),
            Origin.IBM,
            "A",
            "IBM docs, emgr Command",
        ),
    ),
    lines=(r"^[ \t]*[A-Z][A-Z /()-]+:", r"^[ \t]*[+=-]{10,}", r"^[ \t]+\S", r"^[ \t]*[A-Z]{1,2} = [A-Z]"),
)
FIXES = TextKind(
    "emgr -l",
    ("emgr -lv3",),
    (
        Form(
            "a table of number, state, label; the legend of the states",
            "ID  STATE LABEL      INSTALL TIME      UPDATED BY ABSTRACT\n"
            "=== ===== ========== ================= ========== ======================================\n"
            "1    S    IJ55968s5a 11/20/25 10:00:00            IJ55968 for 7.2 TL5\n"
            "2   *Q*   IJ59566s1a 11/21/25 10:00:00            IJ59566 for 7.2 TL5\nSTATE codes:\n S = STABLE",
            (
                Sign(r"^[ \t]*ID +STATE +LABEL +INSTALL TIME", 2, 2),
                Sign(r"^[ \t]*\d+ +\*?[A-Z]{1,2}\*? +\w+ +\d\d/\d\d/\d\d +\d\d:\d\d:\d\d", 1, 20),
            ),
            Origin.RECORDED,
            "A",
            "tests of IBM's Ansible collection, 7.2 and 7.3",
        ),
        Form(
            "none is installed",
            "There is no efix data on this system.",
            (Sign(r"^[ \t]*There is no efix data on this system\.", 2, 2),),
            Origin.RECORDED,
            "A",
            "the same",
        ),
    ),
    lines=(r"^[ \t]*=+[ \t]=+", r"^[ \t]*STATE codes:", r"^[ \t]*[A-Z]{1,2} = [A-Z]"),
)
APARS = TextKind(
    "instfix -ik",
    ("instfix -ik APARS",),
    (
        Form(
            "one answer for each APAR",
            "    All filesets for IJ09232 were found.\n    Not all filesets for IJ53757 were found.\n"
            "    There was no data for IJ55968 in the fix database.",
            (
                Sign(r"^[ \t]*(?:All|Not all) filesets for \S+ were found\.", 2, 60),
                Sign(r"^[ \t]*There was no data for \S+ in the fix database\.", 2, 60),
            ),
            Origin.IBM,
            "A",
            "IBM docs, instfix Command",
        ),
        Form(
            "carried by an interim fix",
            "Interim fix 'IJ55968s5a' associated with IJ55968 is installed.",
            (Sign(r"^[ \t]*Interim fix '[^'\n]+' associated with \S+ is installed\.", 2, 60),),
            Origin.RECORDED,
            "B",
            "a public NIM manual, through nim -o fix_query",
        ),
        Form(
            "with -v, the filesets of each",
            "IJ09232 Abstract: NIMCLIENT FAILS\n    Fileset bos.sysmgt.nim.client:7.2.4.0 is applied on the system.",
            (
                Sign(r"^[ \t]*I[A-Z]\d{5} Abstract: ", 1, 20),
                Sign(r"^[ \t]+Fileset \S+:\S+ is (?:not )?applied on the system\.", 1, 60),
            ),
            Origin.IBM,
            "A",
            "IBM docs, instfix Command",
        ),
        Form(
            "with -c, what is below or above the level, parted by colons",
            "#Keyword:Fileset:ReqLevel:InstLevel:Status:Abstract\nIJ09232:bos.sysmgt.nim.client:7.2.4.0:7.2.5.200:+:NIMCLIENT FAILS",
            (
                Sign(r"^#Keyword:Fileset:ReqLevel:InstLevel:Status", 2, 2),
                Sign(rf"^[\w-]+:[\w.+-]+:{LEVEL}:[^:\n]*:[-=+!]:", 1, 60),
            ),
            Origin.IBM,
            "A",
            "IBM docs, instfix Command",
        ),
    ),
)
OSLEVEL = TextKind(
    "oslevel -s",
    ("oslevel -s",),
    (
        Form(
            "version, TL, service pack and its build",
            "7200-05-03-2148",
            (Sign(r"^[ \t]*[5-9]\d{3}-\d\d(?:-\d\d(?:-\d{4})?)?[ \t]*$"), Sign(r"^[ \t]*[5-9]\.\d\.\d\.\d[ \t]*$")),
            Origin.IBM,
            "A",
            "IBM docs, oslevel Command",
        ),
    ),
)
IOSLEVEL = TextKind(
    "ioscli ioslevel",
    ("ioscli ioslevel",),
    (
        Form(
            "the level of a Virtual I/O Server",
            "3.1.4.21",
            (Sign(r"^[ \t]*[1-4]\.\d{1,3}\.\d{1,3}\.\d{1,3}[ \t]*$"),),
            Origin.IBM,
            "A",
            "IBM docs, ioslevel Command",
        ),
    ),
)
OPENSSL = TextKind(
    "openssl version",
    ("openssl version",),
    (
        Form(
            "OpenSSL, its version, its date",
            "OpenSSL 1.0.2u  20 Dec 2019",
            (Sign(r"^OpenSSL \d+\.\d+\S*[ \t]+.*\b\d{4}\b"),),
            Origin.STANDARD,
            "A",
            "OpenSSL itself",
        ),
    ),
)
SOFTWARE_KINDS = (
    COLONS, HISTORY_COLONS, LARGE_COLONS, TABLE, HISTORY, FIXES_LONG, FIXES, APARS, OSLEVEL, IOSLEVEL, OPENSSL,
)  # fmt: skip
