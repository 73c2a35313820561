"""Text out of the fences of Markdown and of trackers."""

import re
from typing import List

from nimdoctor.evidence.wrapping.lines import Line

FENCE = re.compile(r"(?m)^[ \t]*(?:```|~~~|\{(?:code|noformat)|\[/?code\])[^\n]{0,80}$|^[ \t]*`[^`\n]+`[ \t]*$")
_TICKED = re.compile(r"[ \t]*`([^`]+)`[ \t]*$")


def without_fences(lines: List[Line]) -> List[Line]:
    """Fences are blank lines at which what stood before ends; a line in backticks is what stands between them.

    >>> without_fences([Line(1, "```console"), Line(2, "`lssrc -a`")])
    [Line(number=1, text='', ends=True), Line(number=2, text='lssrc -a', ends=False)]
    """
    found = []
    for line in lines:
        ticked = _TICKED.match(line.text) if "`" in line.text else None
        if ticked:
            line = line._replace(text=ticked[1])
        elif FENCE.match(line.text):
            line = line._replace(text="", ends=True)
        found.append(line)
    return found
