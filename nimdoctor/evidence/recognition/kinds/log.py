"""/var/adm/ras/nimsh.log."""

from nimdoctor.evidence.recognition.kinds.form import Form, Origin, Sign, TextKind

NIMSH_LOG = "/var/adm/ras/nimsh.log"

_CTIME = r"[A-Z]\w{1,3}\.? +(?:[A-Z]\w{2,4}\.? +\d{1,2}|\d{1,2} +[A-Z]\w{2,4}\.?) +\d\d:\d\d:\d\d(?: [A-Z]{3,6})? \d{4}"
_STAMP = rf"(?:{_CTIME}|\[?\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^ \t\n]*)"
# a date that was cut to its year, with or without the dots of whoever cut it
_CUT = r"(?:(?:\.{2,3}|\u2026)?[ \t]*(?:19|20)\d\d[ \t]+|(?:\.{2,3}|\u2026)[ \t]*)?"
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
    r"|success: we got \w+ write query|(?:success: )?(?:we got )?\d(?:st|nd|rd|th) write [\w ]+ is\b|error: remote value passed"
    r"|sending ack to client).*$"
)

NIMSH = TextKind(
    NIMSH_LOG,
    (NIMSH_LOG,),
    (
        Form(
            "the lines of a handshake, each behind date and time",
            "Fri Mar 14 10:05:02 2025 Loading certificates..\n"
            "Fri Mar 14 10:05:02 2025 Negotiating SSL_CTX object using SSLv23_method\n"
            "Fri Mar 14 10:05:03 2025 Loading private key file..\n"
            "Fri Mar 14 10:05:04 2025 create BIO",
            tuple(Sign(rf"^{_STAMP}[ \t]+{message}", 2, 40) for message in _HANDSHAKE),
            Origin.GUIDE,
            "A",
            "the messages; that the date is one of ctime is inferred from its year",
        ),
        Form(
            "the same, the date cut to its year, with or without dots, or cut off",
            "2017 Loading certificates..\n... 2017 create BIO",
            tuple(Sign(rf"^[ \t]*{_CUT}{message}", 1, 1) for message in _HANDSHAKE),
            Origin.GUIDE,
            "A",
            "as the page prints them",
        ),
        Form(
            "one line for each command of a push",
            "Tue Jun 10 07:21:00 2025 command to exec __ /usr/bin/uname -m 2>/dev/null",
            (
                Sign(rf"^{_STAMP}[ \t]+command to exec __ \S", 2, 40),
                Sign(rf"^[ \t]*{_CUT}command to exec __ /\S", 2, 40),
            ),
            Origin.RECORDED,
            "B",
            "a public NIM manual",
        ),
        Form(
            "the lines of the dialog before the handshake",
            "Fri Mar 14 10:05:02 2025 NIM Service Handler started from SRC\n"
            "Fri Mar 14 10:05:02 2025 file descriptor is : 8\n"
            "Fri Mar 14 10:05:02 2025 6th write Openssl setting is 1\n"
            "sending ack to client..",
            (
                Sign(rf"^{_STAMP}[ \t]+{_REMEMBERED}", 1.5, 40),
                Sign(rf"^[ \t]*(?:(?:19|20)\d\d[ \t]+)?{_REMEMBERED}", 0.5, 2),
            ),
            Origin.BELIEVED,
            "M",
            "remembered",
        ),
        Form(
            "any other line with a date before it",
            "Fri Mar 14 10:05:02 2025 passing OpenSSL setting",
            (Sign(rf"^{_STAMP}[ \t]+\S", 0.2, 1),),
            Origin.BELIEVED,
            "C",
            "kept, and never read as a step that is known",
        ),
    ),
    lines=(r"^[ \t]*\[[ \t]*\d+ (?:lines|bytes) (?:left out|omitted)",),
    ends=True,
)
