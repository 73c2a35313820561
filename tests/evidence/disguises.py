"""Texts as people paste them: what a host shows, behind prompts and titles, within mails, pages and records.

`recorded` are the texts of a host with the command that shows each. A disguise makes of them one text, and says of each
line of it which line of the file shows it.
"""

import html
import json
import quopri
from functools import cache
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from hypothesis import strategies as st
from scenarios import scenario

from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.model.text import decode

Pasted = Tuple[bytes, List[str]]
"""The bytes of a file, and its lines as a person who opens it counts them."""


class Shown(NamedTuple):
    """What a host showed after a command."""

    command: str
    text: str

    @property
    def lines(self) -> List[str]:
        """Those in which anything stands, without what blanks are around it."""
        return [line.strip() for line in self.text.split("\n") if line.strip()]


@cache
def recorded(name: str, end: str) -> Tuple[Shown, ...]:
    """What one end of a scenario shows: its commands, and its files by `cat`; certificates are shown by no terminal."""
    files = scenario(name)[end].files
    commands = json.loads(files["manifest.json"])["commands"]
    found = [Shown(line, decode(files[entry["file"]])) for line, entry in commands.items() if entry.get("file")]
    for place, raw in files.items():
        row = Catalog().file(place[5:]) if place.startswith("files/") else None
        if row and row.kind is Kind.FILE and b"-----BEGIN" not in raw and not place.endswith(".cnf"):
            found.append(Shown(f"cat {place[5:]}", decode(raw)))
    return tuple(one for one in found if one.text.strip())


PROMPTS = (
    "root@{host}:/ # ", "root@{host}:/tmp> ", "[root@{host} ~]# ", "[root@{host}:/]# ", "{host} # ", "{host}> ", "{host}# ",
    "<{host}>/# ", "{{{host}:root}}/ # ", "[{host}]# ", "{host}:root# ", "{host}:/# ", "{host}:/home/root$ ", "/tmp # ",
    "root@{host}[/] ", "{host}$", "(0) root @ {host}: / # ", "[10:22:33] root@{host}:/ # ", "10:22:33 {host} # ",
    "[0] {host}:/ # ", "0 {host} # ", "[123] {host}:/ # ", "# ", "$ ", "bash-5.1# ", "ksh$ ", "[{host}:root:/] ",
    "{host}:/ #\u00a0", "\u200b{host} # ", "root@{host}.site.example:/ # ", "{host}(root)/ # ", "2025-03-14 10:22:33 {host}:/ # ",
    "\x1b]0;root@{host}:/\x07\x1b[01;32mroot@{host}\x1b[00m:\x1b[01;34m/\x1b[00m # ", "{host}:/ root# ", "[{host}] / # ",
    "{host} [/] # ", "rc=0 {host}:/ # ", "root@{host} / % ", "\u250c\u2500[root@{host}]\u2500[/]\n\u2514\u2500# ",
)  # fmt: skip
NAMELESS = ("/tmp # ", "# ", "$ ", "bash-5.1# ", "ksh$ ")
TITLES = (
    "===== {command} =====", "### {command}", "### {command} ###", "+ {command}", "--- {command} ---", "*** {command} ***",
    ">>> {command}", "Command: {command}", "[{command}]", "{command}\n-----------------", "==> {command} <==",
    "-----------------\n{command}\n-----------------", ".....\n.....    {command}\n.....", "Output of {command}:",
    "#### {command} ####", "$> {command}", "{command}:", "**** {command} ****", "Running: {command}", "CMD: {command}",
)  # fmt: skip


def piped(one: Shown, pipe: str) -> Shown:
    """The same through a pipe that leaves lines out: one of those of CUTS."""
    lines = one.text.rstrip().split("\n")
    return Shown(f"{one.command} | {pipe}", "\n".join(CUTS[pipe](lines)))


CUTS: Mapping[str, Callable[[List[str]], List[str]]] = {
    "grep nim": lambda lines: [line for line in lines if "nim" in line],
    "grep -v nim": lambda lines: [line for line in lines if "nim" not in line],
    "grep -i open": lambda lines: [line for line in lines if "open" in line.lower()],
    "head -3": lambda lines: lines[:3],
    "tail -2": lambda lines: lines[-2:],
}
"""What each pipe lets through."""


def typed(shown: Sequence[Shown], prompt: str, host: str) -> str:
    """A transcript."""
    before = prompt.format(host=host)
    return "\n".join(f"{before}{one.command}\n{one.text.rstrip()}" for one in shown) + f"\n{before.rstrip(' ')}\n"


def titled(shown: Sequence[Shown], title: str) -> str:
    """What a collecting script prints."""
    return "\n".join(f"{title.format(command=one.command)}\n{one.text.rstrip()}\n" for one in shown) + "\n"


def _each(change: Callable[[str], str]) -> Callable[[str], Pasted]:
    def made(text: str) -> Pasted:
        lines = text.split("\n")
        return "\n".join(map(change, lines)).encode("utf-8", "surrogateescape"), lines

    return made


def _encoded(encoding: str, mark: bytes = b"", end: str = "\n") -> Callable[[str], Pasted]:
    def made(text: str) -> Pasted:
        return mark + text.replace("\n", end).encode(encoding), text.split("\n")

    return made


def _around(before: str, after: str, change: Callable[[str], str] = str) -> Callable[[str], Pasted]:
    def made(text: str) -> Pasted:
        return f"{before}{change(text)}{after}".encode(), f"{before}{text}{after}".split("\n")

    return made


WRAPPINGS: Mapping[str, Callable[[str], Pasted]] = {
    "as it is": _each(str),
    "quoted": _each(lambda line: f"> {line}"),
    "quoted twice": _each(lambda line: f"> > {line}"),
    "quoted without blanks": _each(lambda line: f">>{line}"),
    "barred": _each(lambda line: f"| {line}"),
    "indented": _each(lambda line: f"    {line}"),
    "indented by a tab": _each(lambda line: f"\t{line}"),
    "blanks of a page": _each(lambda line: line.replace("  ", " \u00a0")),
    "blanks at the ends": _each(lambda line: line + "   "),
    "CR LF": _encoded("utf-8", end="\r\n"),
    "CR": _encoded("utf-8", end="\r"),
    "CR CR LF": _encoded("utf-8", end="\r\r\n"),
    "UTF-8 with its mark": _encoded("utf-8", b"\xef\xbb\xbf"),
    "UTF-16": _encoded("utf-16-le", b"\xff\xfe", "\r\n"),
    "UTF-16, big end first": _encoded("utf-16-be", b"\xfe\xff"),
    "UTF-16 without its mark": _encoded("utf-16-le"),
    "in a fence": _around("Hello,\n\n```console\n", "\n```\n\nRegards\n"),
    "on a page": _around("<html><body><p>Hello</p>\n<pre>", "</pre>\n</body></html>\n", html.escape),
    "in entities": _each(html.escape),
    "in code of a tracker": _around("{noformat}\n", "\n{noformat}\n"),
    "in a mail": _around("Hello,\n\nsince the update:\n\n", "\n\nKind regards\nJoe\n"),
    "as mail writes it": lambda text: (quopri.encodestring(text.encode()), []),
    "a terminal's log": _each(lambda line: f"\x1b[0m{line}\x1b[K\r"),
    "in a string": lambda text: (json.dumps({"changed": True, "stdout": text}).encode(), []),
    "in lines of Ansible": lambda text: (
        ("ok: [lpar7] => " + json.dumps({"stdout_lines": text.split("\n")}, indent=4)).encode(),
        [],
    ),
    "in YAML": lambda text: (("stdout: |-\n" + "".join(f"  {line}\n" for line in text.split("\n"))).encode(), []),
}
"""Each makes bytes of a text; the lines are empty where one of the file may be several."""


def prompts() -> "st.SearchStrategy[str]":
    """Any prompt."""
    return st.sampled_from(PROMPTS)


def wrappings() -> "st.SearchStrategy[str]":
    """The name of any wrapping."""
    return st.sampled_from(sorted(WRAPPINGS))


def some(shown: Sequence[Shown], least: int = 1, most: int = 5) -> "st.SearchStrategy[List[Shown]]":
    """Some of the texts, in any order."""
    return st.lists(st.sampled_from(list(shown)), min_size=least, max_size=most, unique=True)


def by_command(shown: Sequence[Shown]) -> Dict[str, Shown]:
    """The texts by what was typed."""
    return {one.command: one for one in shown}
