"""What a text of unknown origin is: by what stands in it, and by the prompt lines that part it.

A support engineer gets whatever a customer attached: a log, a mail with quoted lines, a transcript
with several commands one after another. `recognise` names one text in the catalog's terms,
`parts` finds several in one without prompts, `sections` parts a transcript by its prompts.
"""

import functools
import re
from typing import Dict, FrozenSet, List, NamedTuple, Optional, Pattern, Sequence, Tuple

from nimdoctor.evidence.catalog import Catalog, Kind, Row

SAMPLE = 64 * 1024
"""Characters looked at from the beginning, and as many from the end, of a text."""
NIMSH_LOG = "/var/adm/ras/nimsh.log"
CERTIFICATES = "/ssl_nimsh/certs/"
ENOUGH = 2.0
"""Points at which a text is taken for something; a line that nothing else prints is worth 2."""

LINE_LIMIT = 1000
"""Characters of a line that are looked at; nothing by which a text is known is longer."""
PROMPT_LIMIT = 2000
"""Prompts of one transcript that are looked at; nobody typed more."""

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
_KINDS: Tuple[Tuple[str, Tuple[Tuple[str, float, float], ...]], ...] = (
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
_ALONE: Tuple[Tuple[str, str], ...] = (
    ("oslevel -s", r"\d{4}-\d\d-\d\d-\d{4}"),
    ("uname -m", r"00[0-9A-F]{10}"),
    ("date -u +%Y-%m-%dT%H:%M:%SZ", r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    ("openssl version", r"OpenSSL \d+\.\d+\S*[ \t]+.*\b\d{4}\b.*"),
)

# forms of output that two commands share: the file's name decides which it was
_SAME_FORM: Tuple[FrozenSet[str], ...] = (
    frozenset({"NimObjects", "NimclientObjects", "NimMessages"}),
    frozenset({"Filesets", "RecordedPush"}),
    frozenset({"InetdServices", "Subsystems"}),
)

_COMMON_WORDS = """
nim nimclient nimconfig niminit nimquery nimadm lsnim lssrc startsrc stopsrc chssys refresh installp ls rm cd mv
cp cat more pg less head tail grep egrep fgrep awk sed oslevel date exit vi su ssh telnet rsh ps kill smit
smitty lslpp emgr instfix openssl errpt ping host nslookup hostname uname uptime id who echo env export set tftp
netstat ifconfig entstat no genld slibclean ar mkdir chmod chown find df lsitab mkitab audit lsattr lsdev lsof
rmsock snap script clear pwd whoami sum cksum rpm yum dnf tcpdump iptrace perl python shutdown ioscli
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_AMBIGUOUS = frozenset(
    {"host", "ls", "ps", "df", "ar", "find", "no", "id", "who", "set", "more", "less", "head", "script", "date"}
)
_PROSE_WORDS = """
a an and are as at be but by can command for from has have if in into is it must not of on or output shows
should that the them then there these this to use used using was which will with you your
"""
_PROSE = frozenset(_PROSE_WORDS.split())
_READERS = frozenset({"cat", "more", "pg", "less", "page", "head", "tail", "grep", "egrep", "fgrep"})
_WHOLE_STAGES = frozenset({"more", "pg", "less", "page", "cat", "tee"})
_TEXT_ENDINGS = (".txt", ".log", ".out", ".output", ".text", ".lst")


class Part(NamedTuple):
    """One recognised stretch of a text: `first` and `last` are line numbers in it, from 1."""

    name: str
    first: int
    last: int


class Section(NamedTuple):
    """What stands after one prompt line, up to the next.

    `command` is as typed, typographic dashes made plain; "" before the first prompt. `name` is what
    it is in the catalog's terms: the path for `cat FILE`, else the command; with its pipe when
    `partial`, that is when only some of the lines were shown and absence there means nothing. `row`
    is the catalog's row, None for a command that is not in it. `first_line` is the number of the first
    of `lines`. `host` is the one the prompt names, "" where it names none.
    """

    command: str
    first_line: int
    lines: Tuple[str, ...]
    partial: bool = False
    name: str = ""
    row: Optional[Row] = None
    host: str = ""

    @property
    def text(self) -> str:
        """The lines as one string."""
        return "\n".join(self.lines)

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not any(line.strip() for line in self.lines)


def recognise(sample: str, hint: str = "") -> Optional[str]:
    """The catalog name of a text, from its beginning (and end, where it is long); None when it is none.

    `hint` is the file's name; it decides between equals and lets thin content count.

    >>> recognise("Fri Mar 14 10:05:04 2025 create BIO")
    '/var/adm/ras/nimsh.log'
    >>> recognise("My pushes hang, the log says create BIO.") is None
    True
    >>> recognise("7200-05-03-2148")
    'oslevel -s'
    >>> recognise(" lpar7 root", "rhosts.txt")
    '/.rhosts'
    """
    text = _prepared(sample)
    if not text.strip() or is_binary(text):
        return None
    hinted = _hinted(hint)
    for name, pattern in _ALONE:
        lines = text.strip().splitlines()
        if re.fullmatch(pattern, lines[0].strip()) and (len(lines) == 1 or name == "openssl version"):
            return name
    scores = _scores(text)
    best = max(scores.values(), key=lambda score: score.points, default=None)
    if best and best.points >= ENOUGH:
        named = _named(best.key, text, hint)
        if named:
            return _by_hint(named, hinted)
    return _thin(text, hint, hinted, scores)


def parts(text: str, hint: str = "") -> List[Part]:
    """The recognised stretches of a text without prompts, in order; together they cover it.

    >>> mail = "Hello\\nlpar7:\\n class = machines\\n connect = nimsh\\n and\\n"
    >>> parts(mail + "Fri Mar 14 10:05:02 2025 Loading certificates..\\nFri Mar 14 10:05:04 2025 create BIO\\n")
    [Part(name='lsnim -l', first=1, last=4), Part(name='/var/adm/ras/nimsh.log', first=5, last=7)]
    """
    count = text.count("\n") + (not text.endswith("\n"))
    main = recognise(text, hint)
    if main is None:
        return []
    if main.startswith("/") and main != NIMSH_LOG:
        return [Part(main, 1, count)]  # a comment in a configuration file may look like anything
    clean = _short_lines(strip_quoting(text))
    taken: List[_Score] = []
    for score in sorted(_scores(clean).values(), key=lambda score: -score.points):
        clear = all(score.last < other.first or score.first > other.last for other in taken)
        if clear and score.points >= ENOUGH and _named(score.key, clean, hint):
            taken.append(score)
    if len(taken) < 2:
        return [Part(main, 1, count)]
    taken.sort(key=lambda score: score.first)
    found, first = [], 1
    for position, score in enumerate(taken):
        final = position == len(taken) - 1
        last = count if final else clean.count("\n", 0, score.last) + 1
        stretch = "\n".join(clean.split("\n")[first - 1 : last])
        found.append(Part(_named(score.key, stretch, hint) or main, first, last))
        first = last + 1
    return found


def sections(lines: Sequence[str], first_line: int = 1, catalog: Optional[Catalog] = None) -> List[Section]:
    """A transcript parted by its prompt lines; one section without a command when it has none.

    >>> found = sections(["root@nim1:/ # lsnim -l master | grep ssl", "   ssl_support = yes"])
    >>> [(part.command, part.partial, part.first_line, part.host) for part in found]
    [('lsnim -l master | grep ssl', True, 2, 'nim1')]
    """
    rows = catalog or Catalog()
    plain = [strip_quoting(line) for line in lines]
    prompts = _prompts(plain, rows)
    if prompts:
        whole = recognise("\n".join(plain))
        if whole and whole.startswith("/") and whole != NIMSH_LOG and not whole.startswith(CERTIFICATES):
            prompts = _not_comments(prompts, plain, whole)
    found = []
    start = prompts[0].at if prompts else len(plain)
    if start:
        found.append(Section("", first_line, tuple(plain[:start])))
    for position, prompt in enumerate(prompts):
        end = prompts[position + 1].at if position + 1 < len(prompts) else len(plain)
        found.append(
            Section(
                prompt.command,
                first_line + prompt.at + 1,
                tuple(plain[prompt.at + 1 : end]),
                prompt.partial,
                prompt.name,
                prompt.row,
                prompt.host,
            )
        )
    return found


def has_prompts(text: str) -> bool:
    """Whether any line may be a prompt: a cheap look before `sections`."""
    return bool(re.search(r"(?m)^[> \t]*(?:[^#$%>\n]{0,60}[#$%>]|\[[^\]\n]{3,60}\])[ \t]*[A-Za-z/]", text))


def strip_quoting(text: str) -> str:
    """The text without the `> ` that a mail puts before the lines it quotes; lines stay where they are.

    >>> strip_quoting("> > Fri Mar 14 10:05:04 2025 create BIO")
    'Fri Mar 14 10:05:04 2025 create BIO'
    """
    return re.sub(r"(?m)^[ \t]?(?:>[ \t]?)+", "", text) if ">" in text else text


def is_binary(text: str) -> bool:
    """Whether a decoded text is no text. NUL alone does not make it so: a log may have a hole."""
    sample = text[:SAMPLE].replace("\0", "")
    control = len(re.findall(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]", sample))
    return not sample or control * 20 > len(sample)


class _Score(NamedTuple):
    key: str
    points: float
    first: int
    last: int


class _Prompt(NamedTuple):
    at: int
    command: str
    name: str
    row: Optional[Row]
    partial: bool
    host: str


@functools.cache
def _catalog() -> Catalog:
    return Catalog()


@functools.cache
def _patterns() -> Tuple[Tuple[str, Tuple[Tuple[Pattern[str], float, float], ...]], ...]:
    # compiled at the first use: a scan of a live host never needs them
    return tuple(
        (key, tuple((re.compile(pattern, re.MULTILINE), points, most) for pattern, points, most in signs))
        for key, signs in _KINDS
    )


def _prepared(sample: str) -> str:
    text = sample
    if len(text) > 2 * SAMPLE:
        text = text[:SAMPLE] + "\n" + text[-SAMPLE:]
    text = text.lstrip("\ufeff").replace("\0", "").replace("\r", "")
    return _short_lines(strip_quoting(text))


def _short_lines(text: str) -> str:
    # a line of megabytes must not cost more than any other
    return "\n".join(line[:LINE_LIMIT] for line in text.split("\n"))


def _scores(text: str) -> Dict[str, _Score]:
    found: Dict[str, _Score] = {}
    for key, signs in _patterns():
        total, first, last = 0.0, len(text), 0
        for pattern, points, most in signs:
            places = [match.start() for match in pattern.finditer(text)]
            if places:
                total += min(points * len(places), most)
                first, last = min(first, places[0]), max(last, places[-1])
        if total:
            found[key] = _Score(key, total, first, last)
    return found


def _named(key: str, text: str, hint: str) -> Optional[str]:
    """The catalog name of a kind; some are told apart only by what else stands in the text."""
    base = re.split(r"[/\\]", hint)[-1]
    if key == "pem":
        return CERTIFICATES + (base or "certificate.pem")
    if key == "cnf":
        return _config_name(hint, base)
    if key == "lssrc":
        return _lssrc_name(text)
    if key == "ar":
        crypto, ssl = text.count(" libcrypto"), text.count(" libssl")
        return "ar -X32_64 -tv /usr/lib/" + ("libcrypto.a" if crypto > ssl else "libssl.a")
    if key == "df":
        return "df -k" if re.search(r"(?m)^Filesystem[ \t]+1024-blocks", text) else "df"
    if key == "lslpp -l" and re.search(r"(?m)^[ \t]*Fileset[ \t]+Level[ \t]+State[ \t]+Type", text):
        return "lslpp -L"
    return key


def _config_name(hint: str, base: str) -> Optional[str]:
    # any openssl.cnf has this form; only NIM's own names make it NIM's
    found = re.match(r"(?i)(SSL_(?:root|server|client)\.cnf)", base)
    if not found:
        return None
    directory = "/usr/samples/nim/ssl/" if "samples" in hint else "/ssl_nimsh/configs/"
    return directory + found.group(1)


def _lssrc_name(text: str) -> str:
    services = re.search(r"(?m)^[ \t]*Service[ \t]+Command[ \t]+\w+[ \t]+Status[ \t]*$", text)
    if services:
        if re.search(r"(?m)^[ \t]*inetd[ \t]+\S+[ \t]+\d*[ \t]*(?:active|inoperative)", text):
            return "lssrc -ls inetd"
        first = re.search(r"(?m)^[ \t]*([\w.-]+)[ \t]+(?:/\S+|internal)\b", text[services.end() :])
        return "lssrc -t " + (first.group(1) if first else "tftp")
    rows = re.findall(
        r"(?m)^[ \t]*([\w.-]+)[ \t]+(?:([A-Za-z][\w.-]*)[ \t]+)?(?:\d+[ \t]+)?(?:active|inoperative)[ \t]*$", text
    )
    names, groups = {row[0] for row in rows}, {row[1] for row in rows}
    headers = len(re.findall(r"(?m)^[ \t]*Subsystem[ \t]+Group", text))
    if len(names) == 1:
        return f"lssrc -s {names.pop()}"
    if headers > 1:
        return "lssrc -s " + " ".join(sorted(names))
    if len(groups) == 1 and groups != {""}:
        return f"lssrc -g {groups.pop()}"
    # without its header it went through grep: not the whole list
    return "lssrc -a" if headers else "lssrc -a | grep"


@functools.lru_cache(maxsize=256)
def _hinted(hint: str) -> Optional[str]:
    """The catalog name that a file's name stands for: a file of the host, or a command's output."""
    base = re.split(r"[/\\]", hint)[-1]
    stem = base
    for ending in _TEXT_ENDINGS:
        if base.lower().endswith(ending) and base.lower() != "nimsh.log":
            stem = base[: -len(ending)]
    catalog = _catalog()
    for row in catalog:
        if row.kind is Kind.FILE and not row.name.endswith("*"):
            known = row.name.rsplit("/", 1)[1]
            if base == known or re.match(re.escape(known.lstrip(".")) + r"(?:[._~-].*)?$", base.lstrip(".")):
                return row.name
    command = stem.replace("_", " ").strip()
    if command and catalog.command(command):
        return command
    return None


@functools.lru_cache(maxsize=256)
def _facts(name: str) -> FrozenSet[str]:
    row = _catalog().command(name)
    return frozenset(row.facts) if row else frozenset()


def _by_hint(name: str, hinted: Optional[str]) -> str:
    if hinted and hinted != name and not hinted.startswith("/") and not name.startswith("/"):
        facts = _facts(name) | _facts(hinted)
        if any(facts <= form for form in _SAME_FORM):
            return hinted
    return name


def _thin(text: str, hint: str, hinted: Optional[str], scores: Dict[str, _Score]) -> Optional[str]:
    """What the file's name says, where the content is too thin to say it and says nothing else."""
    if not hinted:
        return None
    base = re.split(r"[/\\]", hint)[-1]
    if hinted.startswith("/"):
        own = scores.get(hinted)
        exact = base == hinted.rsplit("/", 1)[1]
        rhosts = hinted == "/.rhosts" and re.search(r"(?m)^[ \t]*(?:\+|[\w.-]+)(?:[ \t]+[\w+.-]+)?[ \t]*$", text)
        return hinted if exact or own or rhosts else None
    own = next((scores[key] for key in scores if _facts(key) & _facts(hinted)), None)
    short = len(text.strip().splitlines()) <= 3
    return hinted if own or short else None


_HOST_PROMPT = (
    r"(?:\(\d+\)[ \t]*)?"
    r"(?:\[?(?P<user>[\w.-]+) ?@ ?(?P<at>[A-Za-z][\w.-]*)(?:[: ] ?[\w./~-]*)?\]?[: ]?"
    r"|\[(?P<bracket>[A-Za-z][\w.-]*):[\w.-]+:[^\]\s]*\]"
    r"|(?P<colon>[A-Za-z][\w.-]*):(?:[\w.-]+:)?[/~][\w./~-]*"
    r"|(?P<bare>[A-Za-z][\w.-]*)(?=[#$]))"
)


@functools.cache
def _prompt_pattern() -> Pattern[str]:
    marked = rf"(?:(?P<prefix>{_HOST_PROMPT})[ \t]*[#$%>]|[#$%])[ \t]*(?P<command>[A-Za-z/.].*)?$"
    return re.compile(
        rf"[ \t]*(?:{marked}|\[(?P<box>[A-Za-z][\w.-]*):[\w.-]+:[^\]\s]*\][ \t]*(?P<boxed>[A-Za-z/.].*)?$)"
    )


def _prompts(lines: Sequence[str], catalog: Catalog) -> List[_Prompt]:
    pattern = _prompt_pattern()
    programs = _COMMON | {
        pattern_.split()[0] for row in catalog if row.kind is Kind.COMMAND for pattern_ in (row.name, *row.variants)
    }
    found: List[_Prompt] = []
    doubtful: List[_Prompt] = []
    read: Dict[str, Tuple[str, Optional[Row], bool]] = {}
    for index, line in enumerate(lines):
        if len(found) >= PROMPT_LIMIT:
            break
        if (
            not line
            or len(line) > LINE_LIMIT
            or not ("#" in line or "$" in line or "%" in line or ">" in line or "[" in line)
        ):
            continue
        match = pattern.match(line)
        if not match:
            continue
        groups = match.groupdict()
        host = next((groups[key] for key in ("at", "bracket", "colon", "bare", "box") if groups[key]), "")
        command = _plain_dashes(groups["command"] or groups["boxed"] or "").strip()
        if command and _is_command(command, programs, bool(host)):
            if command not in read:
                read[command] = _reading(command, catalog)
            name, row, partial = read[command]
            found.append(_Prompt(index, command, name, row, partial, host))
        elif host:
            doubtful.append(_Prompt(index, command, command, None, False, host))
    # a prompt of a host already met ends the section before it, whatever was typed there
    hosts = {prompt.host for prompt in found}
    found += [prompt for prompt in doubtful if prompt.host in hosts]
    return sorted(found, key=lambda prompt: prompt.at)


def _not_comments(prompts: List[_Prompt], lines: Sequence[str], whole: str) -> List[_Prompt]:
    """Of the prompts in what looks like a configuration file, those that are not its comments."""
    commands: List[_Prompt] = []
    for position, prompt in enumerate(prompts):
        strong = prompt.host or re.search(r"\s[-/]\S", prompt.command)
        if not prompt.row and re.fullmatch(r"(?:cat|more|pg|less) /\S+", prompt.command):
            commands.append(prompt)
            continue
        if not prompt.row or not strong:
            continue
        end = prompts[position + 1].at if position + 1 < len(prompts) else len(lines)
        if prompt.row.name == whole or recognise("\n".join(lines[prompt.at + 1 : end])) != whole:
            commands.append(prompt)
    return commands


def _plain_dashes(command: str) -> str:
    # U+2010 to U+2015 and U+2212 as web pages print them, 0x96 and 0x97 as Windows mails do
    return re.sub("[\u2010-\u2015\u2212\x96\x97]", "-", command).replace("\u00a0", " ")


def _is_command(command: str, programs: FrozenSet[str], host: bool) -> bool:
    words = _bare(command).split()
    if not words:
        return False
    program, arguments = words[0].rsplit("/", 1)[-1], words[1:]
    if program not in programs or command[-1] in ":,":
        return False
    if any(word.lower().strip(".,") in _PROSE for word in arguments):
        return False
    if program in _AMBIGUOUS and arguments and not host:
        return bool(re.search(r"^[-/+]|[\d.]", arguments[0]))
    return True


def _bare(command: str) -> str:
    """The command without what stands before it (`LC_ALL=C`, `cd /etc;`, `sudo`)."""
    return re.sub(r"^(?:\w+=\S*\s+|cd\s+[^;&|\s]*\s*(?:;|&&)\s*|(?:sudo|time|nohup|exec|env)\s+)+", "", command)


def _reading(command: str, catalog: Catalog) -> Tuple[str, Optional[Row], bool]:
    """What a command shows: its name in the catalog's terms, its row, and whether lines are left out."""
    bare = _bare(command)
    if re.search(r"<[A-Za-z][^<>|]*>", bare):
        return bare, None, True  # a placeholder: instructions, not what was typed on a host
    # a bar inside quotes is part of a pattern for grep
    hidden = re.sub(r"(\"[^\"]*\"|'[^']*')", lambda quoted: quoted.group().replace("|", "\0"), bare)
    stages = [stage.replace("\0", "|").strip() for stage in hidden.split("|")]
    first = re.sub(r"\s*\d?>&?\s*\S+", "", stages[0]).strip()
    partial = any((stage.split() or [""])[0].rsplit("/", 1)[-1] not in _WHOLE_STAGES for stage in stages[1:])
    words = first.split()
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if program in _READERS:
        path = words[-1]
        row = catalog.file(path) or (_by_base(path, catalog) if "/" not in path else None)
        partial = partial or program in ("head", "tail", "grep", "egrep", "fgrep")
        if row and len([word for word in words[1:] if word.startswith("/")]) < 2:
            return (bare if partial else path if "/" in path else row.name), row, partial
        return bare, None, partial
    return (bare if partial else first), catalog.command(first) if first else None, partial


def _by_base(name: str, catalog: Catalog) -> Optional[Row]:
    return next((row for row in catalog if row.kind is Kind.FILE and row.name.rsplit("/", 1)[1] == name), None)
