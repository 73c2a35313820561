"""Passwords by the words before them: `password=X`, `-storepass X`, `the Kennwort of joe is X`, `<password>X</password>`.

A password goes on to the end of its line unless it is in quotes. After `password` and a blank anything is one, but for
the words that a sentence goes on with. All digits are one to these expressions.
"""

import re
from functools import cache
from typing import List, Optional, Sequence, Set

from nimdoctor.redaction.alternation import alternation
from nimdoctor.redaction.words import SENTENCE

REMOVED = "*REMOVED*"
"""Stands in the place of a password, of a token, and of a text of which not all could be redacted."""

_WORDS = (
    "password passwd passwort passphrase pass-phrase pass_phrase passcode kennwort contrasena mot_de_passe mot-de-passe senha parola"
    " palavra-passe haslo wachtwoord heslo salasana adgangskode secret credential apikey api_key api-key access_key access-key accesskey"
    " auth_key auth-key authkey community communities bindpw bindpwd bind_pw binddn bind_dn"
    " contraseña contrasenya hasło пароль パスワード 密码 密碼 口令 暗証番号 비밀번호 lösenord jelszó şifre"
)
_OF_TWO_WORDS = ("pass phrase", "mot de passe", "api key")
_CODESETS = (
    *("utf-8", "iso8859-1", "iso8859-2", "iso8859-5", "iso8859-9", "koi8-r", "cp1251", "shift-jis", "euc-jp", "gb18030", "big5"),
    "euc-kr",
)  # fmt: skip
"""Those of AIX and of mails."""


def _in_bytes(word: str) -> Set[str]:
    """The word as the bytes that each code set has for it, a character for each byte; letters of ASCII are small."""
    found = set()
    # capitals of ASCII are found anyway
    for form in {word} if word.isascii() else {word, word.upper(), word.capitalize()}:
        for codeset in _CODESETS:
            try:
                raw = form.encode(codeset)
            except UnicodeEncodeError:
                continue
            found.add(raw.lower().decode("latin-1"))
    return found


def _any_of(words: str, *more: str) -> str:
    return alternation(sorted({form for word in (*words.split(), *more) for form in _in_bytes(word)}))


_WORD = _any_of(_WORDS, *_OF_TWO_WORDS)
_OPTION = r"(?<![\w-])-{1,2}[\w-]{0,32}(?:pass|pwd|pw|psk|secret|token|credential|api-?key|access-?key|community|kennwort)[\w-]{0,32}"
_TOKEN = r"token(?:s|(?![a-z]))"
"""Neither tokenring nor tokenize."""
_REST = r"[\w.-]{0,64}(?:\\{0,3}[\"'])?"
"""What may end the word: `password_2"`."""
_BLANKS = r"[ \t]{1,40}"
_WHOSE = r"(?:the|user|users|account|host|den|der|die|das|dem|benutzer|el|la|le|il|lo|o|usuario|utente)"
_OF = (
    rf"(?:{_any_of('of for from on at in to von vom für fuer auf de del du da do para pour di per sur en')}{_BLANKS}"
    rf"(?:{_WHOSE}{_BLANKS}){{0,3}}(?!{_WHOSE}{_BLANKS})[^\s]{{1,64}})"
)
"""Whose it is: `for the user joe`."""
_TO = _any_of("to as auf in en a à zu =")
_IS = (
    rf"(?:{_any_of('is was are were be been has now will ist war wurde lautet est es era sera è é')}|"
    rf"{_any_of('set changed reset given gesetzt geändert cambiada changé')}{_BLANKS}{_TO}|{_TO})"
)
_SENTENCE = rf"{_any_of('', *SENTENCE)}(?![\w-])"
_VALUE_FOLLOWS = r"(?!\*REMOVED\*)(?=\S)"
_MARK = rf"[ \t]{{0,40}}(?:->|[:=]{{1,2}})[ \t]*{_VALUE_FOLLOWS}"
_SPOKEN = rf"{_BLANKS}(?:{_OF}{_BLANKS}){{0,2}}(?:{_IS}[ \t:=]{{1,40}}){{0,4}}(?!{_SENTENCE}|[:=]|->){_VALUE_FOLLOWS}"
_NAMED = (
    # the file /etc/passwd is no password, whatever comes after a blank
    rf"(?:(?<=/)(?P<path>)|(?<!/))(?:{_WORD}{_REST}|\b(?:pwd|pw)(?={_BLANKS}(?:is|was|ist|lautet)\b)|\btoken)"
    rf"(?:{_MARK}|(?(path)(?!)|{_SPOKEN}))"
    rf"|(?:{_TOKEN}|cookie|authorization){_REST}{_MARK}|\b(?:pwd|pw|psk)[\"']?{_MARK}|\bpass[\"']?[ \t]{{0,40}}={_VALUE_FOLLOWS}"
)
_TAG = rf"<[\w:.-]{{0,64}}(?:{_WORD}|{_TOKEN}|pwd)[\w:.-]{{0,32}}(?:[ \t][^<>\n]{{0,200}})?>"
_OTHERS = (
    rf"\bbearer{_BLANKS}(?!\*REMOVED\*)(?=[\w.~+/=-]{{8}})",
    rf"\bpass:{_VALUE_FOLLOWS}",
    rf"\b(?:identified{_BLANKS}by|connect to{_BLANKS}[^\s]{{1,64}}{_BLANKS}user{_BLANKS}[^\s]{{1,64}}{_BLANKS}using){_BLANKS}{_VALUE_FOLLOWS}",
    rf"\bsqlplus{_BLANKS}(?:-\w{{1,16}}{_BLANKS}){{0,3}}[^\s/]{{1,64}}/{_VALUE_FOLLOWS}",
    rf"\bcreateuser{_BLANKS}[^\s]{{1,64}}{_BLANKS}(?:(?:md|sha)[\w-]{{0,8}}{_BLANKS})?{_VALUE_FOLLOWS}",
    rf"\b(?:usm_user{_BLANKS}[^\s]{{1,64}}|com\dsec){_BLANKS}{_VALUE_FOLLOWS}",
    rf"\becho{_BLANKS}(?:-\w{_BLANKS})?(?=[^\n|]{{1,200}}\|[ \t]{{0,8}}(?:sudo[ \t]{{1,8}})?[\w/]{{0,32}}passwd){_VALUE_FOLLOWS}",
)
SECRET = (
    rf"(?P<secret>(?=[-<a-z\x80-\xff])(?:{_NAMED}|{_OPTION}(?:[ \t]{{1,40}}|=)(?!-){_VALUE_FOLLOWS}|{_TAG}(?!\*REMOVED\*)(?=[^<\s])|"
    + "|".join(_OTHERS)
    + "))"
    r"(?P<value>(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')(?=[\s,;}\])<>&|]|\Z)|[^\n]*)"
)
"""A word for a password with what follows; unquoted, to the end of the line."""
PROGRAM = r"(?P<program>\b(?:sshpass|mysql\w*|mariadb|smbclient|\w{0,8}ldap\w*|snmp\w+|curl|wget|ipmitool|psql|kadmin|zip|unzip)[ \t][^\n]*)"
"""A command line of a program that takes a password as an option."""
OPTION = re.compile(rb"([ \t]-[pPwcCXAaUu][ \t]*)(?!\*REMOVED\*)(\"[^\"\n]*\"?|'[^'\n]*'?|[^\s-]\S*)")
"""Such an option, and its value."""
_OPEN = (
    rf"(?:(?:{_WORD}|{_TOKEN}|\b(?:pwd|pw|psk)){_REST}(?:{_BLANKS}{_OF})?[ \t]{{0,40}}(?:->|[:=]{{1,2}}|\b(?:is|was|ist|war|lautet|est|es)\b)"
    rf"[ \t]{{0,40}}[:|>\[\"']{{0,2}}|{_TAG}|(?:{_WORD}{_REST}|{_OPTION})[ \t=:]{{0,40}}\\)[ \t\r]*\Z"
)
_ONE_WORD = re.compile(rb"([ \t>*-]{0,40})(\S{1,256})([ \t\r]*)\Z")
MARKS = (
    b"connect to",
    *b"pass secret pwd pw psk token credential api-key api_key apikey access auth communit kennwort contrase senha parola haslo"
    b" wachtwoord heslo salasana adgangskode bindpw binddn bind_ cookie bearer identified sqlplus createuser usm_user com0sec com2sec"
    b" mysql mariadb smbclient ldap snmp curl wget ipmitool psql kadmin zip ssh- ecdsa- sk-".split(),
)
"""One of these is in each line of letters without accents that holds a password or a public key of ssh."""


@cache
def _open() -> "re.Pattern[bytes]":
    return re.compile(_OPEN.encode("latin-1"), re.IGNORECASE)


def marks_in(lines: bytes) -> List[bytes]:
    """Those that are in any of the lines: mostly none is, and then none of them is looked for in each."""
    lower = lines.lower()
    return [mark for mark in MARKS if mark in lower]


def may_name_password(lower: bytes, marks: Sequence[bytes]) -> bool:
    """Whether a line in small letters holds one of the marks at all."""
    return any(mark in lower for mark in marks) or not lower.isascii()


def leaves_open(line: bytes) -> bool:
    """Whether the password is to stand on the next line; all digits are one to it.

    >>> leaves_open(b"Kennwort:"), leaves_open(b"  <password>"), leaves_open(b"password=x")
    (True, True, False)
    """
    return bool(_open().search(line[-400:]))


def without_password(line: bytes) -> Optional[bytes]:
    """The line behind one that was left open, without the one word that it holds; None for any other line.

    >>> without_password(b"  Secret123\\r"), without_password(b"Last login: today")
    (b'  *REMOVED*\\r', None)
    """
    found = _ONE_WORD.match(line)
    if not found or not re.search(rb"[A-Za-z0-9\x80-\xff]", found.group(2)) or b"REMOVED" in found.group(2):
        return None
    return found.group(1) + REMOVED.encode("ascii") + found.group(3)
