"""Prompt lines of a transcript: where a command was typed, on which host."""

import functools
import re
from typing import Dict, List, NamedTuple, Pattern, Sequence

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.recognition.quoting import LINE_LIMIT
from nimdoctor.evidence.recognition.typed import Typed, is_command, plain_dashes, programs, read_command
from nimdoctor.model.text import Extent

PROMPT_LIMIT = 2000
"""Prompts of one transcript that are looked at; nobody typed more."""
_HOST_PROMPT = (
    r"(?:\(\d+\)[ \t]*)?"
    r"(?:\[?(?P<user>[\w.-]+) ?@ ?(?P<at>[A-Za-z][\w.-]*)(?:[: ] ?[\w./~-]*)?\]?[: ]?"
    r"|\[(?P<bracket>[A-Za-z][\w.-]*):[\w.-]+:[^\]\s]*\]"
    r"|(?P<colon>[A-Za-z][\w.-]*):(?:[\w.-]+:)?[/~][\w./~-]*"
    r"|(?P<bare>[A-Za-z][\w.-]*)(?=[#$]))"
)


class Prompt(NamedTuple):
    """A line with a prompt: its index `at` among the lines, the `command` behind it, what that shows, and the host that
    the prompt names, "" where it names none.
    """

    at: int
    command: str
    typed: Typed
    host: str


@functools.cache
def _prompt_pattern() -> Pattern[str]:
    marked = rf"(?:(?P<prefix>{_HOST_PROMPT})[ \t]*[#$%>]|[#$%])[ \t]*(?P<command>[A-Za-z/.].*)?$"
    return re.compile(
        rf"[ \t]*(?:{marked}|\[(?P<box>[A-Za-z][\w.-]*):[\w.-]+:[^\]\s]*\][ \t]*(?P<boxed>[A-Za-z/.].*)?$)"
    )


def prompts(lines: Sequence[str], catalog: Catalog) -> List[Prompt]:
    """The prompts among these lines, in order."""
    pattern = _prompt_pattern()
    known = programs(catalog)
    found: List[Prompt] = []
    doubtful: List[Prompt] = []
    read: Dict[str, Typed] = {}
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
        command = plain_dashes(groups["command"] or groups["boxed"] or "").strip()
        if command and is_command(command, known, bool(host)):
            if command not in read:
                read[command] = read_command(command, catalog)
            found.append(Prompt(index, command, read[command], host))
        elif host:
            doubtful.append(Prompt(index, command, Typed(command, None, Extent.WHOLE), host))
    # a prompt of a host already met ends the section before it, whatever was typed there
    hosts = {prompt.host for prompt in found}
    found += [prompt for prompt in doubtful if prompt.host in hosts]
    return sorted(found, key=lambda prompt: prompt.at)


def has_prompts(text: str) -> bool:
    """Whether any line may be a prompt: a cheap look before `sections`."""
    return bool(re.search(r"(?m)^[> \t]*(?:[^#$%>\n]{0,60}[#$%>]|\[[^\]\n]{3,60}\])[ \t]*[A-Za-z/]", text))
