"""Reports of AIX's loader in what a command of NIM printed: which program did not start, for want of which library."""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.facts.loader import LoaderComplaint, complaints
from nimdoctor.facts.operations import typed_command
from nimdoctor.model.rows import fact
from nimdoctor.model.text import Quote, Text

_HEADS = ("0509-036", "0509-022", "0509-130")
"""What is not loaded stands in these; why, in those below."""
_TELLS_NOTHING = (*_HEADS, "0509-026", "0509-192")
_PROGRAM = re.compile(
    r"\b(?:program|module|for) ((?:/|\./)?[\w./+-]{1,300})(?:\([\w.+-]{1,100}\))?", re.IGNORECASE | re.ASCII
)
_LIBRARY = re.compile(r"(/[\w./+-]{1,300}|\blib[\w.+-]{1,100})(?:\(([\w.+-]{1,100})\))?", re.ASCII)
_SYMBOL = re.compile(r"\bsymbol ([A-Za-z_.]\w{0,200}) ", re.IGNORECASE | re.ASCII)
_MEMBER = re.compile(r"\bmember (\S{1,100})", re.IGNORECASE)
_OF_NIM = re.compile(r"(?:.*/)?(?:nim\w*|lsnim|c_\w+|m_\w+)", re.ASCII)
_SSL = ("libssl", "libcrypto")


class LoaderReport(NamedTuple):
    """One program or module that was not loaded.

    `program` is None where the report does not name it, `number` is the one that says why, `library` the file that is
    at fault, `member` its member and `symbol` what it lacks, each None where it is not told. `client` is the one that
    the command went to.
    """

    program: Optional[str]
    number: str
    library: Optional[str]
    member: Optional[str]
    lines: Tuple[Quote, ...]
    command: str = ""
    client: Optional[str] = None
    symbol: Optional[str] = None

    @property
    def of_nim(self) -> Optional[bool]:
        """Whether it is NIM's; None where neither the report nor a command line tells."""
        if self.program and not self.program.endswith((".so", ".a", ".o")):
            return bool(_OF_NIM.fullmatch(self.program))
        if self.program and not any(name in self.program for name in _SSL):
            return False
        return True if self.command else None

    @property
    def of_ssl(self) -> bool:
        """Whether it is about OpenSSL's libraries."""
        return any(name in (self.library or "") + (self.member or "") for name in _SSL)

    @property
    def named_library(self) -> str:
        """The library with its member, as the loader writes it; empty where none is told."""
        if self.library and self.member and self.member != self.library:
            return f"{self.library}({self.member})"
        return self.library or self.member or ""


@fact(
    "nim -o lslpp",
    "c_rsh",
    "nimclient",
    "nimclient -l -l {NIM_NAME}",
    "nimclient -l -l master",
    "nimclient -c",
    reads_parts=True,
)
class LoaderReports(NamedTuple):
    """Every report in every text.

    >>> said = LoaderReports.parse(Text.of('''exec(): 0509-036 Cannot load program nimsh because of the following errors:
    ...         0509-150   Dependent module /usr/lib/libssl.a(libssl.so.0.9.8) could not be loaded.
    ...         0509-152   Member libssl.so.0.9.8 is not found in archive
    ... ''', "nimclient -c", command=True)).all[0]
    >>> said.program, said.number, said.named_library, said.of_nim
    ('nimsh', '0509-152', '/usr/lib/libssl.a(libssl.so.0.9.8)', True)
    """

    source: str
    all: Tuple[LoaderReport, ...]

    @classmethod
    def parse(cls, text: Text) -> "LoaderReports":
        """Raises BadEvidence only for a text that cannot be read: that the loader says nothing is an answer too."""
        found = complaints(text.quotes())
        typed = typed_command(text.name)
        # a form alone is what an output was recognised by, not what was typed
        command = text.name if text.command and text.name not in ("nimclient", "nim -o lslpp", "c_rsh") else ""
        return cls(text.source, tuple(_report(group, command, typed.client) for group in _groups(found)))

    @classmethod
    def combine(cls, parts: Sequence["LoaderReports"]) -> "LoaderReports":
        """All of them; what two rows read is there once."""
        return cls(parts[0].source, tuple(dict.fromkeys(report for part in parts for report in part.all)))


def _groups(found: Sequence[LoaderComplaint]) -> List[List[LoaderComplaint]]:
    groups: List[List[LoaderComplaint]] = []
    for complaint in found:
        before = groups[-1][-1].lines[-1].line if groups else None
        line = complaint.lines[0].line
        adjoins = before is not None and line is not None and line - before <= 1
        if adjoins and complaint.number != "0509-036":
            groups[-1].append(complaint)
        else:
            groups.append([complaint])
    return groups


def _report(group: Sequence[LoaderComplaint], command: str, client: Optional[str]) -> LoaderReport:
    heads = [_PROGRAM.search(one.words) for one in group if one.number in _HEADS]
    program = next((match.group(1).rstrip(".") for match in heads if match), None)
    why = [one for one in group if one.number not in _TELLS_NOTHING]
    libraries = [match for one in why for match in _LIBRARY.finditer(one.words)]
    member = next((match.group(1) for one in why for match in [_MEMBER.search(one.words)] if match), None)
    library = libraries[0].group(1).rstrip(".") if libraries else None
    return LoaderReport(
        program,
        (why or group)[-1].number,
        library,
        next((match.group(2) for match in libraries if match.group(2)), None) or member,
        tuple(line for one in group for line in one.lines),
        command,
        client,
        next((match.group(1) for one in why for match in [_SYMBOL.search(one.words)] if match), None),
    )
