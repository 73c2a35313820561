"""Whose the pieces are: what of them names their host."""

import re
from typing import Dict, Iterator, List, Tuple

from nimdoctor.evidence.loose.pieces import Piece
from nimdoctor.evidence.source import TargetError
from nimdoctor.model.text import BadEvidence, Extent


def refuse_two_hosts(found: List[Piece]) -> None:
    """Raises TargetError when two pieces of one kind can only come from two hosts."""
    identities: Dict[str, List[Tuple[Piece, str]]] = {}
    for piece in found:
        if piece.extent is not Extent.WHOLE:
            continue
        marks = [(kind, value, False) for kind, value in _identity(piece)]
        if piece.host and piece.sure:
            marks.append((f"prompt before {piece.name} in {piece.file}", short_name(piece.host), True))
        for kind, value, by_prompt in marks:
            earlier = identities.setdefault(kind, [])
            for other, identity in earlier:
                if identity != value and (by_prompt or not _same_shell(piece, other)):
                    raise TargetError(_parting(other, piece))
            if not any(identity == value for _, identity in earlier):
                earlier.append((piece, value))


def _same_shell(one: Piece, other: Piece) -> bool:
    """Whether the same host's prompt stands before both: then its state has changed in between."""
    return one.file == other.file and bool(one.host) and one.host == other.host


def _parting(one: Piece, other: Piece) -> str:
    first, second = (one.file, other.file) if one.file != other.file else (one.place(), other.place())
    return (
        f"two hosts' files of one kind: {first} and {second}; put each host's files into a directory "
        "of its own and give both, or name the master's with --master"
    )


def _identity(piece: Piece) -> Iterator[Tuple[str, str]]:
    """Pairs of kind and value by which two hosts are told apart."""
    marks = {
        "/etc/niminfo": r"(?m)^[ \t]*(?:export )?NIM_NAME=[ \t\"']*([^\s\"']+)",
        "oslevel -s": r"(?m)^[ \t]*(\d{4}-\d\d-\d\d-\d{4})[ \t\r]*$",
        "uname -m": r"(?m)^[ \t]*(00[0-9A-Fa-f]{10})[ \t\r]*$",
        "hostname": r"\A\s*([A-Za-z0-9][\w.-]*)[ \t\r]*(?:\n|\Z)",
    }
    name = piece.row.name
    if name not in marks and name not in ("/etc/inetd.conf", "lsnim -l"):
        return
    try:
        text = piece.text().read()
    except BadEvidence:
        return
    if name == "lsnim -l":
        yield from _master_identity(text)
    elif name == "/etc/inetd.conf":
        rows = sorted(" ".join(line.split()) for line in text.splitlines() if "/" in line or "internal" in line)
        yield name, "\n".join(rows)
    else:
        match = re.search(marks[name], text)
        if match:
            value = match.group(1)
            yield name, short_name(value) if name == "hostname" else value


def _master_identity(text: str) -> Iterator[Tuple[str, str]]:
    stanza = re.search(r"(?m)^master:[ \t\r]*\n((?:[ \t]+\S.*\n?|[ \t\r]*\n)*)", text)
    if not stanza:
        return
    for attribute, pattern in (("cpuid", r"cpuid[ \t]+= *(\S+)"), ("if1", r"if1[ \t]+= *\S+[ \t]+(\S+)")):
        match = re.search(pattern, stanza.group(1))
        if match:
            yield f"master {attribute}", match.group(1)


def short_name(host: str) -> str:
    """The name without its domain, in small letters."""
    return host.split(".")[0].lower()
