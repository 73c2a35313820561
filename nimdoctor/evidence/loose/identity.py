"""What a piece says of its host: its names, its part, its master, its clients; and by what two hosts are told apart."""

import re
from typing import Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Tuple

from nimdoctor.evidence.catalog import CLIENT, MASTER
from nimdoctor.evidence.loose.pieces import Piece
from nimdoctor.evidence.recognition import NIMSH_LOG
from nimdoctor.evidence.source import TargetError
from nimdoctor.model.text import BadEvidence, Extent

REMOTE = frozenset({"ssh", "rsh", "dsh", "nim", "c_rsh", "rexec"})
"""Programs by which a command is run on another host."""
NIMINFO = "/etc/niminfo"
_SAYING = (NIMINFO, "hostname", "lsnim -l")
_NONE: FrozenSet[str] = frozenset()


class Identity(NamedTuple):
    """The `names` of the host that a piece is of, as far as it says them, short and in small letters; the `masters` and
    the `clients` that it names; and the `roles` of which it is.
    """

    names: FrozenSet[str] = _NONE
    masters: FrozenSet[str] = _NONE
    clients: FrozenSet[str] = _NONE
    roles: FrozenSet[str] = _NONE


def identity_of(piece: Piece) -> Identity:
    """What that piece says, and the prompt before it."""
    role = piece.row.roles if len(piece.row.roles) == 1 else _NONE
    # what `nim` prints is the master's, whichever client it asked
    host = "" if is_answer(piece) and role == {MASTER} else piece.host
    names = frozenset([short_name(host)]) if host and piece.sure else _NONE
    if piece.row.name in _SAYING:
        found = identity_in(piece.row.name, _text(piece))
        return found._replace(names=names | found.names)
    return Identity(names, roles=frozenset([CLIENT]) if piece.row.name == NIMSH_LOG else role)


def identity_in(name: str, text: str) -> Identity:
    """What a text of that name in the catalog says of the host it is of: its niminfo, its `hostname`, its `lsnim -l`."""
    if name == NIMINFO:
        return _of_niminfo(text)
    if name == "lsnim -l":
        return _of_lsnim(text)
    found = re.match(r"\s*([A-Za-z0-9][\w.-]*)[ \t\r]*(?:\n|\Z)", text)
    return Identity(_short(found.group(1) if found else ""))


def is_answer(piece: Piece) -> bool:
    """Whether it is what a host answered to a command that was typed on another."""
    return bool(piece.command) and piece.command.split()[0].rsplit("/", 1)[-1] in REMOTE


def short_name(host: str) -> str:
    """The name without its domain, in small letters."""
    return host.split(".")[0].lower()


def _short(*names: str) -> FrozenSet[str]:
    return frozenset(short_name(name) for name in names if name)


def _text(piece: Piece) -> str:
    try:
        return piece.text().read()
    except BadEvidence:
        return ""


def _of_niminfo(text: str) -> Identity:
    values = dict(re.findall(r"(?m)^[ \t]*(?:export )?(NIM_[A-Z_]+)=[ \t\"']*([^\s\"']+)", text))
    master = values.get("NIM_CONFIGURATION") == "master"
    own = _short(values.get("NIM_HOSTNAME", ""), values.get("NIM_NAME", "")) - {"master"}
    masters = _NONE if master else _short(values.get("NIM_MASTER_HOSTNAME", ""))
    return Identity(own, masters, roles=frozenset([MASTER if master else CLIENT]))


def _of_lsnim(text: str) -> Identity:
    names = clients = _NONE
    for stanza in re.finditer(r"(?m)^([\w.-]+):[ \t\r]*\n((?:[ \t]+\S.*\n?|[ \t\r]*\n)*)", text):
        hosts = re.findall(r"(?m)^[ \t]*if\d+[ \t]+= *\S+[ \t]+(\S+)", stanza.group(2))
        if stanza.group(1) == "master":
            names |= _short(*hosts)
        elif hosts:
            clients |= _short(stanza.group(1), *hosts)
    return Identity(names, clients=clients - names, roles=frozenset([MASTER]))


def refuse_two_hosts(found: Iterable[Piece]) -> None:
    """Raises TargetError when two pieces of one kind can only come from two hosts."""
    identities: Dict[str, List[Tuple[Piece, str]]] = {}
    for piece in found:
        whole = piece.extent is Extent.WHOLE
        # NIM_NAME is the host's, however much of its niminfo there is
        if not whole and piece.row.name != "/etc/niminfo":
            continue
        marks = [(kind, value, False) for kind, value in _marks(piece)]
        if whole and piece.host and piece.sure and not is_answer(piece):
            marks.append((f"prompt before {piece.name} in {piece.file}", short_name(piece.host), True))
        for kind, value, by_prompt in marks:
            earlier = identities.setdefault(kind, [])
            for other, identity in earlier:
                if identity != value and (by_prompt or not _same_shell(piece, other)):
                    raise TargetError(parting(other, piece))
            if not any(identity == value for _, identity in earlier):
                earlier.append((piece, value))


def parting(one: Piece, other: Piece, *names: str) -> str:
    """That two pieces of one kind are of two hosts, which may have names, and how to part them."""
    first, second = (one.file, other.file) if one.file != other.file else (one.place(), other.place())
    if names:
        first, second = (f"{place} ({name})" for place, name in zip((first, second), names))
    return (
        f"two hosts' files of one kind: {first} and {second}; put each host's files into a directory "
        "of its own and give both, or name the master's with --master"
    )


def _same_shell(one: Piece, other: Piece) -> bool:
    """Whether the same host's prompt stands before both: then its state has changed in between."""
    return one.file == other.file and bool(one.host) and one.host == other.host


def _marks(piece: Piece) -> Iterator[Tuple[str, str]]:
    """Pairs of kind and value by which two hosts are told apart."""
    marks = {
        NIMINFO: r"(?m)^[ \t]*(?:export )?NIM_NAME=[ \t\"']*([^\s\"']+)",
        "oslevel -s": r"(?m)^[ \t]*(\d{4}-\d\d-\d\d-\d{4})[ \t\r]*$",
        "uname -m": r"(?m)^[ \t]*(00[0-9A-Fa-f]{10})[ \t\r]*$",
        "hostname": r"\A\s*([A-Za-z0-9][\w.-]*)[ \t\r]*(?:\n|\Z)",
    }
    name = piece.row.name
    if name == "lsnim -l":
        yield from _master_identity(_text(piece))
    elif name == "/etc/inetd.conf":
        lines = _text(piece).splitlines()
        yield name, "\n".join(sorted(" ".join(line.split()) for line in lines if "/" in line or "internal" in line))
    elif name in marks:
        match = re.search(marks[name], _text(piece))
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
