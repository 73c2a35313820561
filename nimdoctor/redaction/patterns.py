"""What shows by its shape: addresses, numbers of machines, e-mail addresses, tokens, keys."""

from nimdoctor.redaction.passwords import PROGRAM, SECRET

COUNTRIES = (
    "de fr uk us bg ch nl eu dk cz sk hu ro gr tr ru ua cn jp kr au nz br mx ar ca za il lu lt lv ee si hr pt es se fi"
    " ie sg hk tw th my vn ph sa ae kw qa eg ma ng ke pk bd lk kz rs mk al ba cy mt is no at be it pl in"
)
DOMAINS = "com org net edu gov mil local lan corp intra intranet internal home localdomain domain site info biz priv example invalid cloud"

BEFORE = (
    # an escape such as \n in JSON, %20 in a URL or one of ANSI may stand right before a name
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=\x1b\[m)|(?<=\x1b\[\dm)|(?<=\x1b\[\d\dm)"
    r"|(?<=\x1b\[\d;\d\dm))"
)
"""Where a word may begin."""
AFTER = r"(?![A-Za-z0-9])"

PUBLIC_KEY = r"(?P<public>\b(?:ssh-(?:rsa|dss|ed\d{5})|ecdsa-sha\d-nistp\d{3}|sk-[\w@.-]{4,40})[ \t]{1,8}AAAA[A-Za-z0-9+/=]{8}[^\n]*)"
"""A public key of ssh with the comment behind it, which is a user's name."""
DUMP = (
    r"(?P<dump>^[ \t>#|*]{0,40}(?:[\w.-]{1,64}:[ \t]{1,8})?(?:[0-9a-f]{5,16}:?[ \t]{1,8})?(?:[0-9a-f]{2}(?:[ \t]{1,2}[0-9a-f]{2}){7}"
    r"|[0-9a-f]{4}(?:[ \t]{1,2}[0-9a-f]{4}){4}|[0-9a-f]{8}(?:[ \t]{1,2}[0-9a-f]{8}){3}|\d{6}(?:[ \t]{1,2}\d{6}){7})"
    r"(?![A-Za-z0-9])[^\n]*)"
)
"""A line of od, xxd or hexdump."""
OF_LINES = (SECRET, PROGRAM, PUBLIC_KEY, DUMP)
"""What more than a word shows."""
HASHED = r"(?P<hashed>\{(?:s?sha|s?md\d|sblowfish|crypt|pbkdf)\w*\}[^\s\"']+|\$(?:\d[abxy]?|y|gy|md\d|argon\d\w{1,2})\$[^\s\"':]{8,})"
IN_URL = r"(?P<inurl>(?<=://)[^\s/:@\"'<>]{0,128}:(?!\*REMOVED\*@)[^\s/\"'<>]{1,256}(?=@))"
SOLID = (
    # an escape such as \n may stand right before
    r"(?P<solid>(?:(?<![A-Za-z0-9+/=])(?!(?<=\\)[nrt])|(?<=\\[nrt]))"
    r"(?:(?:[A-Za-z0-9+/]|\\/){40,}|(?-i:MII)(?:[A-Za-z0-9+/]|\\/){20,})"
    r"(?:\\[nr][A-Za-z0-9+/]{1,100}){0,400}={0,2}(?![A-Za-z0-9+/=]))"
)
"""Perhaps a line of base64."""
TOKEN = (
    r"(?P<token>(?-i:gh[opusr]_\w{16,255}|github_pat_\w{20,255}|gl(?:pat|dt|rt|ptt)-[\w-]{16,64}|xox[a-z]-[\w-]{8,250}|xapp-[\w-]{8,250}"
    r"|(?:sk|pk|rk)_(?:live|test)_\w{8,250}|sk-[\w-]{20,250}|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,32}|AIza[\w-]{30,40}|ya\d\d\.[\w-]{16,250}"
    r"|eyJ[\w-]{8,4096}\.[\w-]{2,8192}(?:\.[\w-]{0,2048}){0,3}|npm_\w{20,64}|pypi-[\w-]{16,250}|hvs\.[\w-]{16,250}|hf_\w{20,64}"
    r"|SG\.[\w-]{16,64}\.[\w-]{16,64}|dop_v\d_\w{16,80})(?![\w-]))"
)
"""Tokens that begin with a mark of who gave them."""
FINGERPRINT = r"(?P<fingerprint>\bsha\d{1,3}:(?!\*)[A-Za-z0-9+/]{20,86}={0,2}(?![A-Za-z0-9+/]))"

EMAIL = r"(?P<email>(?:(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*|[A-Za-z0-9._%+-]{0,63})[A-Za-z0-9]@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z0-9-]*[A-Za-z0-9])"
COLONS = (
    r"(?P<colons>(?:(?<![\w:])|(?<=\bmd\d:))"
    r"(?:[0-9a-f]{2}:){7}(?:(?:[0-9a-f]{2}:){0,1000}[0-9a-f]{2}(?![\w:])|(?:[0-9a-f]{2}:){0,1000}(?![\w:]))"
    r"|(?<![\w-])(?:[0-9a-f]{2}-){7}[0-9a-f]{2}(?![\w-]))"
)
"""A fingerprint, a number of a certificate or of a port of storage; a row of `openssl rsa -text`."""
MAC = (
    r"(?P<mac>(?<![\w:.-])(?:(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}|(?:[0-9a-f]{1,2}\.){5}[0-9a-f]{1,2}"
    r"|(?:[0-9a-f]{2}-){5}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![\w:]|[.-]\w))"
)
IPV6 = (
    r"(?P<ipv6>(?:(?<![\w:.])|(?<=[g-z]:))(?:[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])(?!\.\d{1,3}\.\d)"
    r"|(?:[0-9a-f]{0,4}:){2,7}\d{1,3}(?:\.\d{1,3}){3}(?![\w:])))"
)
_DOT = r"(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|_dot_|\\\.)"
DEFANGED = (
    rf"(?P<defanged>(?<![\w.])(?=\d{{1,3}}(?:\.\d{{1,3}}){{0,2}}{_DOT})(?:\d{{1,3}}(?:\.|{_DOT})){{3}}\d{{1,3}}(?!\d)"
    r"|(?<![\w.])\dx[0-9a-f]{1,2}(?:\.\dx[0-9a-f]{1,2}){3}(?!\w))"
)
"""An address with something else for its dots, or with numbers in hexadecimal."""
REVERSED = r"(?P<reversed>(?<![\w.])(?:(?:[0-9a-f]\.){4,31}[0-9a-f]\.ip\d\.(?:arpa|int)|\d{1,3}(?:\.\d{1,3}){1,2}\.in-addr\.arpa))"
"""The zone of a network, or an address of IPv6, as DNS has it."""
NETWORK = r"(?P<network>(?<![\w./-])\d{1,3}(?:\.\d{1,3}){1,2}/\d{1,2}(?![\w./]))"
NUMBERS = r"(?P<numbers>(?<![\d.])\d{1,5}(?:\.\d{1,5}){2,}(?!\d))"
DASHED = r"(?P<dashed>(?<!\d)(?<!\d[-_])\d{1,3}(?:(?:-\d{1,3}){3}|(?:_\d{1,3}){3})(?!\d|[-_]\d))"
UUID = r"(?P<uuid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9]))"
HEXADECIMAL = r"(?P<hexadecimal>(?:\dx)?[0-9a-f]{8,128}(?![A-Za-z0-9]))"
"""A number of a machine, a disk or a port of storage, a digest, an address; or a number that tells nothing."""
_NAME = r"(?:[A-Za-z0-9_-]+\.)"
FULL_NAME = (
    rf"(?P<full>(?<![\w.-]){_NAME}+(?:{'|'.join([*DOMAINS.split(), *COUNTRIES.split()])})(?![\w-])(?!\.[A-Za-z_-]))"
)


def full_name_of(domains: str) -> str:
    """A name in one of the site's own domains, given as an alternation."""
    # from where the whole begins, or a few labels before the domain
    before = rf"(?:(?<![\w-])(?<![\w-]\.){_NAME}*|(?:[A-Za-z0-9_-]{{1,63}}\.){{0,4}})"
    return rf"(?P<own>{before}{domains}(?![\w-])(?!\.[A-Za-z_-]))"
