"""Output inside the strings of JSON, YAML or Python, as Ansible and scripts record it: made the transcript that it tells of.

What a record says of the command becomes a line with a prompt, before the lines of its output.
"""

import json
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from nimdoctor.evidence.wrapping.lines import Line, joined

RECORD = re.compile(
    r"""(?m)^[ \t]*(?:"(?:[^"\\\n]|\\.){0,4000}",?[ \t]*$|[\[{])|=>[ \t]*\{|\\n"""
    r"""|^[ \t-]*["']?\w{1,40}["']?:[ \t]*(?:[|>][-+]?\d?[ \t]*$|\{)|^[ \t-]*\w{1,40}_lines:[ \t]*$"""
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|,', re.DOTALL)
_START = re.compile(r"(?m)(?:^|=>)[ \t]*(?:\w{1,40}:[ \t]*)?(?=[{\[])")
_TRIED = 200
"""Places at which a document may begin that are looked at; each may cost as much as the text is long."""
_COMMANDS = frozenset({"cmd", "command", "cmdline", "command_line", "argv"})
_HOSTS = frozenset({"host", "hostname", "inventory_hostname", "server", "node"})
_OUTPUTS = frozenset(
    {"stdout", "output", "out", "msg", "message", "stderr", "text", "content", "result", "log", "body"}
)
_ANSIBLE_HOST = re.compile(r"\[([\w.-]+)(?: -> ([\w.-]+))?(?:\([^)\n]*\))?\]")
_OWN = re.compile(r'"schema"\s*:\s*"nimdoctor\.')
_KEY = re.compile(r"""[ \t{,-]*["']?(?P<key>\w{1,40})["']?:[ \t]*(?P<value>.*)$""")
_QUOTED = re.compile(r"""[ \t]*(?:- )?(?:"(?P<text>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'),?[ \t]*$""")
_INNER = re.compile(r"""(["'])((?:[^"'\\]|\\.|(?!\1)["'])*)\1""")
_ESCAPED = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_MEANT = {"n": "\n", "t": "\t", "r": "", "b": "", "f": "", "0": ""}


class _Frame(NamedTuple):
    """One object or list of a document: the `key` it stands under, what it tells, and the lines of its output."""

    kind: str
    key: str
    host: str
    said: Dict[str, Tuple[int, str]]
    words: List[str]
    output: Dict[str, List[Line]]


def from_records(lines: List[Line]) -> List[Line]:
    r"""The lines with every document of JSON among them, and what of one can be seen, made a transcript.

    >>> made = from_records([Line(3, '{"host": "lpar7", "cmd": "lssrc -a", "stdout": "Subsystem\\n nimsh"}')])
    >>> [(line.number, line.text) for line in made]
    [(3, 'lpar7 # lssrc -a'), (3, 'Subsystem'), (3, ' nimsh')]
    """
    text = joined(lines)
    lines = list(lines)
    found: List[Line] = []
    done = 0
    for start, end in _documents(text):
        before = text.count("\n", 0, start)
        made = [] if _OWN.search(text, start, end) else _transcript(text, start, end, lines)
        if not made:
            found += [*_shown(lines[done:before]), *lines[before : text.count("\n", 0, end) + 1]]
            done = text.count("\n", 0, end) + 1
            continue
        found += _shown(lines[done:before])
        line_start = text.rfind("\n", 0, start) + 1
        lead = text[line_start:start]
        found += [lines[before]._replace(text=lead.rstrip(), ends=True)] if lead.strip() else []
        found += made
        done = text.count("\n", 0, end) + 1
        lines[done:] = [line._replace(ends=True) for line in lines[done : done + 1]] + lines[done + 1 :]
    return found + _shown(lines[done:])


def _documents(text: str) -> List[Tuple[int, int]]:
    """Where documents of JSON begin and end."""
    found: List[Tuple[int, int]] = []
    decoder = json.JSONDecoder(strict=False)
    tried = end = 0
    for place in _START.finditer(text):
        start = place.end()
        if start < end:
            continue
        tried += 1
        if tried > _TRIED:
            break
        try:
            made, stop = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if made and '"' in text[start:stop] and not text[stop : stop + 200].split("\n")[0].strip(" \t\r,"):
            end = stop
            found.append((start, end))
    return found


def _transcript(text: str, start: int, end: int, lines: List[Line]) -> List[Line]:
    """What the document between those places tells, command by command."""
    asked = _ANSIBLE_HOST.search(text, text.rfind("\n", 0, start) + 1, start)
    stack = [_Frame("{", "", (asked[2] or asked[1]) if asked else "", {}, [], {})]
    found: List[Line] = []
    key, number, counted = "", text.count("\n", 0, start), start
    for token in _TOKEN.finditer(text, start, end):
        number, counted = number + text.count("\n", counted, token.start()), token.start()
        word, frame = token.group(), stack[-1]
        if word in "{[":
            named = key if frame.key == "hosts" and word == "{" else frame.host
            stack.append(_Frame(word, key or frame.key, named, {}, [], {}))
            key = ""
        elif word in "}]":
            closed = stack.pop() if len(stack) > 1 else frame
            if closed.kind == "[":
                _close_list(closed, stack[-1])
            else:
                found += _told(closed)
            key = ""
        elif word == ",":
            key = ""
        elif frame.kind == "{" and not key and text[token.end() : token.end() + 20].lstrip()[:1] == ":":
            key = _plain(word)
        else:
            _take(frame, key or frame.key, _plain(word), lines[number].number)
    return found + _told(stack[0])


def _plain(word: str) -> str:
    read: str = json.loads(word, strict=False)
    return read


def _take(frame: _Frame, key: str, value: str, number: int) -> None:
    """One string of a document, under its key."""
    if frame.kind == "[":
        frame.words.append(value)
        frame.said.setdefault("", (number, ""))
    if key in _COMMANDS or key in _HOSTS:
        frame.said[key] = (number, value)
    elif "\n" in value or key in _OUTPUTS or frame.kind == "[" or " " in key:
        made = [Line(number, line.rstrip("\r")) for line in value.split("\n")]
        while made and not made[-1].text:
            made.pop()
        frame.output.setdefault(key, []).extend(made)


def _close_list(closed: _Frame, parent: _Frame) -> None:
    if closed.key in _COMMANDS and closed.words:
        parent.said[closed.key] = (closed.said[""][0], " ".join(closed.words))
        return
    for key, output in closed.output.items():
        parent.output.setdefault(key, []).extend(output)


def _told(frame: _Frame) -> List[Line]:
    """The commands of one object, each with the lines of its output."""
    host = next((frame.said[key][1] for key in _HOSTS if key in frame.said), frame.host)
    prompt = f"{host} # " if re.fullmatch(r"[\w.-]+", host) else "# "
    command = next((frame.said[key] for key in sorted(_COMMANDS) if key in frame.said), None)
    found = [Line(command[0], prompt + command[1].split("\n")[0], True)] if command else []
    twice = {f"{key}_lines" for key in frame.output if frame.output[key]}
    if "stdout" in frame.output:
        twice |= {"msg", "message"}
    for key, output in frame.output.items():
        if key in twice or not output:
            continue
        if " " in key:
            found.append(Line(output[0].number, prompt + key, True))
        elif not command:
            output = [output[0]._replace(ends=True), *output[1:]]
        found += output
    return found


def _shown(lines: List[Line]) -> List[Line]:
    """Lines that are no whole document: their strings as what they stand for."""
    found: List[Line] = []
    block: Optional[int] = None
    margin = 0
    listed = False
    for line in lines:
        indent = len(line.text) - len(line.text.lstrip())
        if block is not None and (indent > block or not line.text.strip()):
            margin = margin or indent
            found.append(line._replace(text=line.text[min(margin, indent) :]))
            continue
        block, margin = None, 0
        entry, quoted = _KEY.match(line.text), _QUOTED.match(line.text)
        if entry and re.fullmatch(r"[|>][-+]?\d?[ \t]*", entry["value"]):
            block = indent
            found.append(line._replace(text="", ends=True))
        elif entry and entry["key"].endswith("_lines") and not entry["value"]:
            listed = True
            found.append(line._replace(text="", ends=True))
        elif entry and "\\n" in entry["value"] and entry["value"][:1] in ("'", '"'):
            inner = _INNER.match(entry["value"])
            found += _unescaped(line._replace(text=inner[2] if inner else entry["value"][1:], ends=True))
        elif quoted:
            found += _unescaped(line._replace(text=quoted["text"] or quoted["single"] or ""))
        elif listed and line.text.lstrip().startswith("- "):
            found.append(line._replace(text=line.text.lstrip()[2:]))
        elif line.text.count("\\n") > 1:
            found += _unescaped(line)
        else:
            listed = False
            found.append(line)
    return found


def _unescaped(line: Line) -> List[Line]:
    text = _ESCAPED.sub(lambda found: _letter(found[1]), line.text) if "\\" in line.text else line.text
    first, *rest = text.split("\n")
    return [line._replace(text=first), *(Line(line.number, piece) for piece in rest)]


def _letter(escaped: str) -> str:
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    return _MEANT.get(escaped, escaped)
