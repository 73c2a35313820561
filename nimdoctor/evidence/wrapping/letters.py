"""Letters that look like those of a keyboard and are not."""

import re
from typing import List

from nimdoctor.evidence.wrapping.lines import Line

_BLANKS = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NOTHING = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2060\ufeff\r\f\v"
# 0x91 to 0x94 are the quotes of Windows read as ISO8859-1
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00b4": "'",
           "\x91": "'", "\x92": "'", "\x93": '"', "\x94": '"'}  # fmt: skip
_PLAIN = str.maketrans({**dict.fromkeys(_BLANKS, " "), **dict.fromkeys(_NOTHING, ""), **_QUOTES})
UNUSUAL = re.compile("[" + "".join(map(chr, _PLAIN)) + "]")


def plain(lines: List[Line]) -> List[Line]:
    """The lines with the blanks and quotes that a host prints, without letters that nobody sees.

    >>> plain([Line(1, "\\u200bNIM_SHELL=\\u201cnimsh\\u201d\\u00a0")])
    [Line(number=1, text='NIM_SHELL="nimsh" ', ends=False)]
    """
    return [line._replace(text=line.text.translate(_PLAIN)) for line in lines]
