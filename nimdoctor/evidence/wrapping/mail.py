"""What mail puts around the lines of a text: marks of quoting, and the way it writes what is not ASCII."""

import quopri
import re
from typing import List

from nimdoctor.evidence.wrapping.lines import Line, runs
from nimdoctor.model.text import decode

_QUOTED = re.compile(r"[ \t]{0,8}(?:>[ \t]?)+(?![ \t]*&)")
_BARRED = re.compile(r"[ \t]{0,8}(?:\|[ \t]?)+(?=[^|]*$)")
_DECLARED = re.compile(r"(?i)content-transfer-encoding:[ \t]*quoted-printable")
_ENCODED = re.compile(r"=(?:20|3D|09|C2=A0|E2=80)|^[^\n]{70,75}=[ \t]*$", re.MULTILINE)
_OTHER_SIGN = re.compile(r"=(?![0-9A-F]{2}|[ \t]*$)", re.MULTILINE)


def without_quoting(lines: List[Line]) -> List[Line]:
    """The lines without the `> ` at any depth, or the `| ` where several follow each other, by which a mail quotes them.

    >>> [line.text for line in without_quoting([Line(1, "> > create BIO"), Line(2, "| a"), Line(3, "| b")])]
    ['create BIO', 'a', 'b']
    """
    found = list(lines)
    marks = [_QUOTED.match(line.text) if ">" in line.text else None for line in lines]
    for start, end in runs(mark is not None for mark in marks):
        for index in range(start, end):
            mark, text = marks[index], lines[index].text
            # one line alone that begins with several is a title, where the text has others
            if mark and not (end - start == 1 < len(lines) and text.startswith(">>>")):
                found[index] = lines[index]._replace(text=text[mark.end() :])
    for start, end in runs(bool(_BARRED.match(line.text)) for line in found):
        for index in range(start, end if end - start > 1 else start):
            found[index] = found[index]._replace(text=_BARRED.sub("", found[index].text, count=1))
    return found


def is_quoted_printable(text: str) -> bool:
    """Whether it is written as mail writes it: so it says, or every `=` in it is one of that writing.

    >>> is_quoted_printable("export NIM_NAME=3Dlpar7=20"), is_quoted_printable("NIM_MASTERID=00F6A1B24C00")
    (True, False)
    """
    return bool(_DECLARED.search(text)) or bool(_ENCODED.search(text) and not _OTHER_SIGN.search(text))


def from_quoted_printable(lines: List[Line]) -> List[Line]:
    """The lines that it stands for; one that was cut is whole again, with the number of its beginning."""
    found: List[Line] = []
    goes_on = False
    for line in lines:
        cut = line.text.rstrip().endswith("=")
        text = line.text.rstrip()[:-1] if cut else line.text
        text = decode(quopri.decodestring(text.encode("utf-8", "surrogateescape"))) if "=" in text else text
        for piece in text.split("\n"):
            if goes_on:
                found[-1] = found[-1]._replace(text=found[-1].text + piece)
            else:
                found.append(line._replace(text=piece))
            goes_on = False
        goes_on = cut
    return found
