"""Text of a plan inside a script: evidence is written by others, so nothing of it may be read as shell."""

import re
from typing import Iterable, List

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,-]+\Z")
COMMENT_WIDTH = 200


def quoted(text: str) -> str:
    r"""One word of shell.

    >>> quoted("it's"), quoted("/etc/niminfo"), quoted("")
    ("'it'\\''s'", '/etc/niminfo', "''")
    """
    if _PLAIN.match(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def words(parts: Iterable[str]) -> str:
    """Several words of shell."""
    return " ".join(map(quoted, parts))


def printable(text: str) -> str:
    r"""One printable line of ASCII for people.

    >>> printable("a\nb\x1b[31m\u00fc")
    'a b?[31m?'
    """
    return re.sub(r"[^ -~]", "?", " ".join(str(text).split()))


def comment(text: str, mark: str = "# ") -> List[str]:
    r"""The text as comment lines; whatever it holds, none of it is outside of a comment.

    >>> comment("one\nrm -rf /\r\nshellcheck disable=all", "#   | ")
    ['#   | one', '#   | rm -rf /', '#   | shellcheck disable=all']
    """
    lines = re.split(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", str(text).expandtabs(8)) or [""]
    return [(mark + re.sub(r"[^ -~]", "?", line)[:COMMENT_WIDTH]).rstrip() for line in lines]


def awk_string(text: str) -> str:
    r"""A string constant of awk inside a single-quoted program: bytes as ISO8859-1 characters, kept exactly.

    >>> awk_string("#tftp\tdgram 'x' \\ \xe4")
    '"#tftp\\tdgram \\047x\\047 \\\\ \\344"'
    """
    shown = []
    for character in text:
        if character == "\t":
            shown.append("\\t")
        elif character in '"\\':
            shown.append("\\" + character)
        elif " " <= character <= "~" and character != "'":
            shown.append(character)
        else:
            shown.append(f"\\{ord(character):03o}")
    return '"' + "".join(shown) + '"'
