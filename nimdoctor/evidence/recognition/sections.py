"""A transcript parted by its prompts."""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import Catalog, Row
from nimdoctor.evidence.recognition.content import recognise
from nimdoctor.evidence.recognition.kinds import NIMSH_LOG
from nimdoctor.evidence.recognition.naming import CERTIFICATES
from nimdoctor.evidence.recognition.prompts import Prompt, prompts
from nimdoctor.evidence.recognition.quoting import strip_quoting
from nimdoctor.model.text import Extent


class Section(NamedTuple):
    """What stands after one prompt line, up to the next.

    `command` is as typed, typographic dashes made plain; "" before the first prompt. `name` is what
    it is in the catalog's terms: the path for `cat FILE`, else the command; with its pipe when
    not all of it is shown (`extent`), so that absence there means nothing. `row`
    is the catalog's row, None for a command that is not in it. `first_line` is the number of the first
    of `lines`. `host` is the one the prompt names, "" where it names none.
    """

    command: str
    first_line: int
    lines: Tuple[str, ...]
    extent: Extent = Extent.WHOLE
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


def sections(lines: Sequence[str], first_line: int = 1, catalog: Optional[Catalog] = None) -> List[Section]:
    """A transcript parted by its prompt lines; one section without a command when it has none.

    >>> found = sections(["root@nim1:/ # lsnim -l master | grep ssl", "   ssl_support = yes"])
    >>> [(part.command, part.extent.name, part.first_line, part.host) for part in found]
    [('lsnim -l master | grep ssl', 'FILTERED', 2, 'nim1')]
    """
    rows = catalog or Catalog()
    plain = [strip_quoting(line) for line in lines]
    found_prompts = prompts(plain, rows)
    if found_prompts:
        whole = recognise("\n".join(plain))
        if whole and whole.startswith("/") and whole != NIMSH_LOG and not whole.startswith(CERTIFICATES):
            found_prompts = _not_comments(found_prompts, plain, whole)
    found = []
    start = found_prompts[0].at if found_prompts else len(plain)
    if start:
        found.append(Section("", first_line, tuple(plain[:start])))
    for position, prompt in enumerate(found_prompts):
        end = found_prompts[position + 1].at if position + 1 < len(found_prompts) else len(plain)
        found.append(
            Section(
                prompt.command,
                first_line + prompt.at + 1,
                tuple(plain[prompt.at + 1 : end]),
                prompt.typed.extent,
                prompt.typed.name,
                prompt.typed.row,
                prompt.host,
            )
        )
    return found


def _not_comments(among: List[Prompt], lines: Sequence[str], whole: str) -> List[Prompt]:
    """Of the prompts in what looks like a configuration file, those that are not its comments."""
    commands: List[Prompt] = []
    for position, prompt in enumerate(among):
        strong = prompt.host or re.search(r"\s[-/]\S", prompt.command)
        if not prompt.typed.row and re.fullmatch(r"(?:cat|more|pg|less) /\S+", prompt.command):
            commands.append(prompt)
            continue
        if not prompt.typed.row or not strong:
            continue
        end = among[position + 1].at if position + 1 < len(among) else len(lines)
        if prompt.typed.row.name == whole or recognise("\n".join(lines[prompt.at + 1 : end])) != whole:
            commands.append(prompt)
    return commands
