"""What NIM's own commands print."""

from nimdoctor.evidence.recognition.kinds.form import LEVEL, Form, Origin, Sign, TextKind

_ATTRIBUTE = (
    r"type|platform|netboot_kernel|if\d+|cable_type\d*|Cstate|prev_state|Mstate|Cstate_result|cpuid|comments"
    r"|ssl_support|master_port|registration_port|reserved|serves|Rstate|Nstate|location|server|alloc_count|arch|lpp_source"
    r"|net_addr|snm|routing\d*|validate_cpuid|control|spot|standalone|mgmt_source\d*|subclass\w*|nim_crypto_mode"
    r"|simages|err_info|info|oslevel_r|max_nimesis_threads|mgmt_profile\d*|identity"
)
_TLS_ERROR = (
    r"(?i:error connecting to SSL object|error setting up SSL connection \((?:BIO|SSL) object\)"
    r"|error with peer certificate:.{0,200})"
)
OBJECTS = TextKind(
    "lsnim -l",
    ("lsnim -l", "nimclient -l -l NIM_NAME", "nimclient -l -l master"),
    (
        Form(
            "stanzas: NAME:, then rows ATTRIBUTE = VALUE",
            "lpar7:\n   class          = machines\n   connect        = nimsh (secure)\n   Cstate         = ready for a NIM operation",
            (
                Sign(r"^[ \t]*class[ \t]+= (?:machines|networks|resources|groups|management)\b", 1, 60),
                Sign(r"^[ \t]*connect[ \t]+= (?:shell|nimsh(?: \(secure\))?)[ \t]*$", 1, 60),
                Sign(rf"^[ \t]*(?:{_ATTRIBUTE})[ \t]+= \S", 0.5, 60),
            ),
            Origin.RECORDED,
            "A",
            "IBM isg3T1024615; public recordings of machines and resources",
        ),
        Form(
            "the same, rows elided by whoever showed it",
            "lpar7:\n   class          = machines\n ......",
            (Sign(r"^[ \t]*\.{3,}[ \t]*$"), Sign(r"^[ \t]*\u2026[ \t]*$"), Sign(r"^[ \t]*\[\.{3}\][ \t]*$")),
            Origin.REPORT,
            "B",
            "an issue of an open project",
        ),
    ),
    lines=(r"^[A-Za-z0-9_.@+-]+:[ \t]*$", r"^[ \t]*[A-Za-z][A-Za-z0-9_-]*[ \t]+= ?\S?"),
    # the error text of the last operation goes on in lines of its own
    opens=r"^[ \t]*(?:err_info|info)[ \t]+= ",
    closes=r"^[ \t]*$",
    once=r"^master:[ \t]*$",
)
SETUP = TextKind(
    "nimclient -c",
    ("nimclient -c",),
    (
        Form(
            "members of the libraries extracted, a file received, nimsh stopped, changed, started",
            "x - /usr/lib/libssl.so.0.9.8\nReceived 2788 Bytes in 0.0 Seconds\n"
            "0513-044 The nimsh Subsystem was requested to stop.\n0513-077 Subsystem has been changed.\n"
            "0513-059 The nimsh Subsystem has been started. Subsystem PID is 6685140.",
            (
                Sign(r"^x - /usr/lib/lib(?:ssl|crypto)\.so", 1.5, 6),
                Sign(r"^Received \d+ Bytes in [\d.]+ Seconds", 1.5, 3),
                Sign(r"^0513-0(?:44|77|59)\b", 0.5, 1.5),
                Sign(r"^[ \t]*(?:tftp[:>] ?)?(?:Error code \d|(?i:transfer timed out)[. ]*$)|^[ \t]*tftp: \S", 2, 4),
            ),
            Origin.GUIDE,
            "A",
            "as recorded there",
        ),
    ),
)
MESSAGES = TextKind(
    "nimclient",
    ("nimclient",),
    (
        Form(
            "messages of nimclient or niminit, and complaints of the loader, by their numbers",
            '0042-001 nimclient: processing error encountered on "master":\n'
            "0509-150   Dependent module libcrypto.a(libcrypto.so.0.9.8) could not be loaded.",
            (
                Sign(r"(?<![\w-])0042-\d{3} (?:nimclient|niminit):", 2, 20),
                Sign(r"(?<![\w-])0509-\d{3}(?![\w-])", 2, 20),
            ),
            Origin.RECORDED,
            "A",
            "public reports of failed operations",
        ),
    ),
)
PUSH = TextKind(
    "nim -o lslpp",
    ("nim -o lslpp", "c_rsh"),
    (
        Form(
            "messages of an operation that failed, by their numbers, within a line too: an automation prints them as a string",
            '0042-001 nim: processing error encountered on "master":\n   0042-006 m_lslpp: (exec_nimsh_cmd) exec_cmd Error 0',
            (
                Sign(r"(?<![\w-])0042-\d{3} (?!nimclient:|niminit:)\w+:", 2, 20),
                Sign(r"(?<![\w-])(?:0042|0503|1831)-\d{3}(?![\w-])", 0.5, 2),
            ),
            Origin.RECORDED,
            "A",
            "public reports of failed operations",
        ),
        Form(
            "what an automation says of a client that did not answer in its time",
            "'lpar7': 'timedout'",
            (Sign(r"""['"][\w.-]{1,80}['"][ \t]*:[ \t]*u?['"](?i:timed ?out)['"]""", 2, 2),),
            Origin.RECORDED,
            "A",
            "public reports of automated operations",
        ),
        Form(
            "the SSL object error or one of its siblings, alone",
            "Error connecting to SSL object",
            (Sign(rf"^[ \t]*{_TLS_ERROR}[. ]*$", 2, 2),),
            Origin.BELIEVED,
            "C",
            "the guide has it as a title; where it is printed is not known",
        ),
    ),
)
SHOWRES = TextKind(
    "nim -o showres",
    ("nim -o showres LPP_SOURCE",),
    (
        Form(
            "a head for each fileset, then its levels; @@I, @@S or @@R with the name to install",
            "openssl.base                         ALL  @@I:openssl.base _all_filesets\n"
            " @ 1.0.2.1800  Open Secure Socket Layer   @@I:openssl.base 1.0.2.1800\n"
            " + 1.0.2.2100  Open Secure Socket Layer   @@S:openssl.base 1.0.2.2100\n"
            " @@R:cdrecord-1.9-9 1.9-9",
            (
                Sign(r"@@\w:\S+ +_all_filesets", 1.5, 40),
                Sign(rf"^[ \t]*[+@][ \t]+{LEVEL}[ \t]", 0.7, 20),
                Sign(r"^[ \t]*[\w.+-]+[ \t]+ALL[ \t]+@@", 1, 20),
                Sign(r"^[ \t]*@@R:\S+[ \t]+\S", 0.7, 20),
            ),
            Origin.RECORDED,
            "B",
            "Puppet's NIM provider and its tests; a comment in another open project",
        ),
        Form(
            "a table of fileset, level and content",
            "openssl.base            1.0.2.1800          I  N usr,root",
            (Sign(rf"^[ \t]*[\w.+-]+[ \t]+{LEVEL}[ \t]+[IUSM][ \t]+[YN]\b"), Sign(r"^[ \t]*Fileset Name[ \t]+Level")),
            Origin.BELIEVED,
            "M",
            "as installp -L prints it",
        ),
    ),
    lines=(r"^[ \t]*#", r"^[ \t]*={10,}", r"^[ \t]*\S.*@@\w:"),
)
NIM_KINDS = (OBJECTS, SETUP, MESSAGES, PUSH, SHOWRES)
