"""What shows by its shape: addresses, numbers of machines, e-mail addresses, passwords, keys."""

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

_KEYWORD = r"(?:password|passwd|passphrase|passwort|secret|credential|api[_-]?key|community)"
SECRET = (
    rf"(?P<secret>(?:(?:(?<![\w.-])[\w.-]*?)?{_KEYWORD}[\w.-]{{0,64}}|\b(?:pwd|pw|token))[\"']?[ \t]*[:=][ \t]*(?!\*REMOVED\*)(?=[^\s])"
    rf"|-{{1,2}}(?:password|passwd|passphrase|pass|pw)[ \t]+(?!\*REMOVED\*)(?=\S)"
    rf"|\b(?:ro|rw|trap)?community[ \t]+(?!\*REMOVED\*)(?=\S)|\bpass:(?!\*REMOVED\*)(?=\S)"
    rf"|\bauthorization:[ \t]*(?!\*REMOVED\*)(?=\S))"
    r"(?P<value>\"[^\"\n]*\"?|'[^'\n]*'?|[^\n]*)"
)
"""A word for a password with what follows; unquoted, to the end of the line."""
PROGRAM = r"(?P<program>\b(?:sshpass|mysql\w*|smbclient|ldap\w+|snmp\w+|curl)[ \t][^\n]*)"
"""A command line of a program that takes a password as an option."""
HASHED = r"(?P<hashed>\{s(?:sha|md5|blowfish)\w*\}[^\s\"']+|\$(?:1|2[aby]?|5|6|y)\$[^\s\"':]{8,})"
IN_URL = r"(?P<inurl>(?<=://)[^\s/:@\"']+:(?!\*REMOVED\*)[^\s/@\"']+(?=@))"
SOLID = r"(?P<solid>(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9+/=]))"
"""Perhaps a line of base64."""

EMAIL = r"(?P<email>(?:(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*|[A-Za-z0-9._%+-]{0,63})[A-Za-z0-9]@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z0-9-]*[A-Za-z0-9])"
COLONS = r"(?P<colons>(?<![\w:])(?:[0-9a-f]{2}:){7,63}[0-9a-f]{2}(?![\w:]))"
"""A fingerprint, or a number of a certificate."""
MAC = (
    r"(?P<mac>(?<![\w:.-])(?:(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}|(?:[0-9a-f]{1,2}\.){5}[0-9a-f]{1,2}"
    r"|(?:[0-9a-f]{2}-){5}[0-9a-f]{2})(?![\w:]|[.-]\w))"
)
IPV6 = r"(?P<ipv6>(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])(?!\.\d{1,3}\.\d))"
NUMBERS = r"(?P<numbers>(?<![\d.])\d{1,5}(?:\.\d{1,5}){2,}(?!\d))"
DASHED = r"(?P<dashed>(?<!\d)(?<!\d[-_])\d{1,3}(?:(?:-\d{1,3}){3}|(?:_\d{1,3}){3})(?!\d|[-_]\d))"
HEXADECIMAL = r"(?P<hexadecimal>[0-9a-f]{12}(?:[0-9a-f]{20}(?:[0-9a-f]{8}(?:[0-9a-f]{24})?)?)?(?![A-Za-z0-9]))"
"""Twelve digits, or a digest of MD5, SHA-1 or SHA-256."""
_NAME = r"(?:[A-Za-z0-9_-]+\.)"
FULL_NAME = (
    rf"(?P<full>(?<![\w.-]){_NAME}+(?:{'|'.join([*DOMAINS.split(), *COUNTRIES.split()])})(?![\w-])(?!\.[A-Za-z_-]))"
)


def full_name_of(domains: str) -> str:
    """A name in one of the site's own domains, given as an alternation."""
    # from where the whole begins, or a few labels before the domain
    before = rf"(?:(?<![\w-])(?<![\w-]\.){_NAME}*|(?:[A-Za-z0-9_-]{{1,63}}\.){{0,4}})"
    return rf"(?P<own>{before}{domains}(?![\w-])(?!\.[A-Za-z_-]))"
