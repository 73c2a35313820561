"""What settles an unknown that only says what is missing, and what of a whole scan is to be sent, each thing once."""

import shlex
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Kind, Row, path_matches
from nimdoctor.model import FILE, PUSH, Command, File, Outcome, Role, Settlement
from nimdoctor.model.language import IN_ENGLISH, NOT_ENGLISH

if TYPE_CHECKING:
    from nimdoctor.diagnosis.engine import Result

CERTIFICATES = "/ssl_nimsh/certs/*"
"""Files that may hold a private key beside the certificate: only the certificates of them are ever asked for."""
KEYS = "/ssl_nimsh/keys"
_OF = " of "
_THE_MASTER = "the master"
"""Stands in what is missing between the thing and another host that it is wanted of."""
_BLOCKS = "sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p'"


class Wanted(NamedTuple):
    """One file, command or push that would say more.

    `settlement` is the thing and its end, `host` that end's name where it is known, `command` the line that a person
    types there to get it, in which a word in capitals stands for a name that the evidence does not tell. `checks` are the
    ids that it serves, the gravest first.
    """

    settlement: Settlement
    host: Optional[str]
    command: str
    checks: Tuple[str, ...]

    @property
    def where(self) -> Role:
        """The end it is on."""
        return self.settlement.where or Role.CLIENT

    @property
    def is_push(self) -> bool:
        """Whether it is something to try, not something to send."""
        return self.settlement.kind == PUSH

    def as_dict(self) -> Dict[str, Any]:
        """As JSON values."""
        return {**self.settlement.as_dict(), "host": self.host, "command": self.command, "checks": list(self.checks)}


def what_to_send(results: "Sequence[Result]", target: Host, master: Optional[Host]) -> Tuple[Wanted, ...]:
    """All that would settle what is unknown, or make surer what is not certain, in the order of the results.

    Of a host that is asked now nothing is wanted but a push: what it could not give now it cannot give again.
    """
    found: Dict[_Piece, List[str]] = {}
    for result in results:
        for one in _settling(result, target, master):
            serves = found.setdefault(one, [])
            serves += [result.check] if result.check not in serves else []
    return tuple(_wanted(one, serves, target, master) for one, serves in found.items())


class _Piece(NamedTuple):
    """What settles something; `of` names hosts that are neither of those that were scanned."""

    settlement: Settlement
    of: str = ""


def settlement_of(missing: Sequence[str], where: Role, target: Host, master: Optional[Host]) -> Optional[Settlement]:
    """The first of these catalog names that is a file or a command: on that end, or on the only one that has it.

    None where none of them is either. What is known of the hosts stands in the places of a command's placeholders. What
    was answered in another language is asked for in English.
    """
    return next((one.settlement for one in _pieces(missing, where, target, master)), None)


def _pieces(names: Sequence[str], where: Role, target: Host, master: Optional[Host]) -> Iterator[_Piece]:
    for name in names:
        line, _, of = name.partition(_OF)
        row = target.catalog.named(line)
        only = next(iter(row.roles)) if row and len(row.roles) == 1 else None
        # of whom a master's check wants more, that is a client
        end = Role(only) if only else where
        if of == _THE_MASTER:
            end, of = Role.MASTER, ""
        elif of:
            end = Role.CLIENT
        if line.startswith("/"):
            yield _Piece(File(line, end), of)
        elif row is not None and row.kind is Kind.COMMAND:
            host = _end(end, target, master)
            english = ("env", IN_ENGLISH) if NOT_ENGLISH in host.unread(line) else ()
            yield _Piece(Command(*english, *(host.command(row) if line == row.label else line.split()), where=end), of)


def _settling(result: "Result", target: Host, master: Optional[Host]) -> Iterator[_Piece]:
    if result.outcome not in (Outcome.FAIL, Outcome.UNKNOWN):
        return
    own, where = result.settled_by, result.where
    pieces = [_Piece(own)] if own and (own.kind == PUSH or not result.missing) else []
    where = where if own is None or own.kind == PUSH or own.where is None else own.where
    for one in [*pieces, *_pieces(result.missing, where, target, master)]:
        if one.of or one.settlement.kind == PUSH or not _asked_now(one.settlement, target, master):
            yield one


def _asked_now(one: Settlement, target: Host, master: Optional[Host]) -> bool:
    return _end(one.where or Role.CLIENT, target, master).evidence.live


def _end(where: Role, target: Host, master: Optional[Host]) -> Host:
    return master if where is Role.MASTER and master else target


def _wanted(piece: _Piece, checks: Sequence[str], target: Host, master: Optional[Host]) -> Wanted:
    one, name = piece.settlement, piece.of or None
    host = _end(one.where or Role.CLIENT, target, master)
    if host is master or not host.roles or (one.where or Role.CLIENT).value in host.roles:
        name = name or host.name
    return Wanted(one, name, _typed(one, target.catalog.row(one.path or "")), tuple(checks))


def _typed(one: Settlement, row: Optional[Row]) -> str:
    if one.kind != FILE or one.path is None:
        return shlex.join(one.argv) if one.argv else "nim -o lslpp NIM_NAME"
    path = "*".join(shlex.quote(part) if part else "" for part in one.path.split("*"))
    if path_matches(CERTIFICATES, one.path) or one.path == CERTIFICATES:
        return f"{_BLOCKS} {path}"
    read = row is not None and row.kind is Kind.FILE and not one.path.startswith(KEYS)
    return f"cat {path}" if read else f"ls -l {path}"
