"""Every text of shell that the project has, and a reading of them: commands, functions, substitutions."""

import re
import shlex
from importlib import resources
from pathlib import Path
from typing import Dict, List, Tuple

from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.connection import remote_line
from nimdoctor.planning.conditions.base import shell_functions
from nimdoctor.planning.document import Plan
from nimdoctor.scripts.collector import collector
from nimdoctor.scripts.package import change_package

PACKAGE = Path(str(resources.files("nimdoctor")))
_STARTS = r"(?:^|[;|&({}!]|\b(?:then|do|else|elif|if|while|until)\b|\bin \([^)]*\)|[^)\s]\))\s*"
_COMMAND = re.compile(_STARTS + r"(?=([A-Za-z_][\w.-]*)(?:[\s;)]|$))", re.MULTILINE)
_FUNCTION = re.compile(r"^\s*([A-Za-z_]\w*) ?\(\)", re.MULTILINE)


def parts() -> Dict[str, str]:
    """The files of shell in the package, by their path in it, the lab's stand-ins, and the shell of all conditions."""
    files = [*PACKAGE.glob("**/parts/*.sh"), *(PACKAGE / "lab" / "stand_ins").iterdir()]
    texts = {str(path.relative_to(PACKAGE)): path.read_text("ascii") for path in sorted(files)}
    return {**texts, "conditions": shell_functions()}


def scripts(plan: Plan) -> Dict[str, str]:
    """What is run as a whole: a plan's scripts, the collector, stand-ins, and a question over ssh made of all its parts."""
    package = {name: text.decode() for name, text in change_package(plan, {}).items() if name.endswith(".ksh")}
    asked = sorted(path.name for path in (PACKAGE / "evidence" / "parts").iterdir())
    over_ssh = shlex.split(remote_line(asked, 'MARK=x\nanswer\nread_file "$1"', ("/etc/niminfo",)))[2]
    stand_ins = {name: text for name, text in parts().items() if "stand_ins" in name and not name.endswith("lib.sh")}
    return {**package, "collect.ksh": collector(Catalog()), "over ssh": over_ssh, **stand_ins}


def inner(text: str) -> List[str]:
    """Scripts within a script: what `sh -c` is given."""
    return re.findall(r"(?:sh -c|_attend=)\s*'([^']*)'", text)


class Code:
    """A text of shell without its comments and strings; what stands in `$( )` is kept.

    `code` has a Q for each string, `substitutions` the code in each `$( )`, its end found by counting parentheses.
    """

    def __init__(self, text: str) -> None:
        self.substitutions: List[str] = []
        self._text = text
        self.code = "".join(self._read(0, "")[0])

    def commands(self) -> List[str]:
        """The words at which a command may begin, where an alias would take effect."""
        return _COMMAND.findall(self.code)

    def functions(self) -> List[str]:
        """The names of the functions that are defined."""
        return _FUNCTION.findall(self.code)

    def _read(self, at: int, until: str) -> Tuple[List[str], int]:
        found: List[str] = []
        depth = 0
        text = self._text
        while at < len(text):
            letter = text[at]
            if letter == "\\":
                found.append("Q")
                at += 2
            elif letter == "'" and until != '"':
                at = text.index("'", at + 1) + 1
                found.append("Q")
            elif letter == '"' and until != '"':
                inside, at = self._read(at + 1, '"')
                found += ["Q", *(f" {one}" for one in inside if one.startswith("$("))]
            elif text.startswith("$((", at):
                at = text.index("))", at) + 2
                found.append("Q")
            elif text.startswith("$(", at):
                inside, at = self._read(at + 2, ")")
                self.substitutions.append("".join(inside))
                found.append(f"$({self.substitutions[-1]})")
            elif text.startswith("${", at):
                at = self._expansion(at)
                found.append("Q")
            elif letter == until and depth == 0:
                return found, at + 1
            elif letter == "#" and until != '"' and (at == 0 or text[at - 1] in " \t\n;("):
                at = text.index("\n", at) if "\n" in text[at:] else len(text)
            else:
                depth += {"(": 1, ")": -1}.get(letter, 0) if until == ")" else 0
                found.append(letter)
                at += 1
        return found, at

    def _expansion(self, at: int) -> int:
        depth = 0
        quote = ""
        while True:
            letter = self._text[at]
            if quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"":
                quote = letter
            else:
                depth += {"{": 1, "}": -1}.get(letter, 0)
            at += 1
            if letter == "}" and not quote and depth == 0:
                return at
