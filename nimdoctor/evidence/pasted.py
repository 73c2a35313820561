"""Recorded text that somebody pasted, or saved with an editor: told by a cheap look, and made what the host printed."""

import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

from nimdoctor.model.text import decode

if TYPE_CHECKING:
    from nimdoctor.evidence.wrapping import Line

_BEGINS_PASTED = re.compile(rb"\s*[>|<`{]|\xef\xbb\xbf|\xff\xfe|\xfe\xff|[^\n]?\0|\s*[ \t]{2}[\w.-]{1,200}:[ \t]*\r?\n")
_HOLDS_PASTED = re.compile(rb"\x08|\x1b|\r(?!\n)|\xc2\xa0|\xe2\x80[\x8b\xaf]|&(?:[lg]t|nbsp);")
"""By which recorded text is known to have been pasted, or saved by an editor; that each way begins with a byte of its own
makes the second ten times as fast."""

_FIRST = 1000
"""Bytes within which the line with the command ends, where there is one."""


class Bare(NamedTuple):
    """A recorded text without what stood around it, and the numbers of its lines where they do not follow each other."""

    raw: bytes
    first_line: int
    numbers: Tuple[int, ...]


def recorded(raw: bytes, command: str = "") -> Optional[Bare]:
    """A recorded file, or the output of a command, that somebody pasted; None for one that is as a host printed it.

    The line at which the command was typed is none of its output, nor what stands behind the next prompt.

    >>> recorded(b"> lpar7 # lssrc -a\\n> Subsystem\\n> lpar7 # exit\\n", "lssrc -a")
    Bare(raw=b'Subsystem', first_line=2, numbers=())
    """
    first = raw[:_FIRST].lstrip().split(b"\n")[0].rstrip()
    typed = bool(command) and first.endswith(command.encode("utf-8", "surrogateescape"))
    if not typed and not _BEGINS_PASTED.match(raw) and not _HOLDS_PASTED.search(raw):
        return None
    from nimdoctor.evidence.wrapping import decoded, joined, numbered, numbers_of, unwrapped

    lines = _without_prompt(unwrapped(decoded(raw)), command)
    if not lines or joined(lines) == joined(numbered(decode(raw))):
        return None
    return Bare(joined(lines).encode("utf-8", "surrogateescape"), lines[0].number, numbers_of(lines))


def _without_prompt(lines: List["Line"], command: str) -> List["Line"]:
    first = next((index for index, line in enumerate(lines) if line.text.strip()), None)
    if first is None or not command:
        return lines
    prompt, typed, rest = lines[first].text.rstrip().rpartition(command)
    if not typed or rest or prompt.rstrip()[-1:] not in tuple("#$%>]"):
        return lines
    own = lines[first + 1 :]
    end = next((index for index, line in enumerate(own) if line.text.startswith(prompt.rstrip())), len(own))
    return own[:end]
