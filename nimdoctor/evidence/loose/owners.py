"""Whose each piece is: attachments of a client and of its master are parted by what names their host."""

import re
from typing import Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from nimdoctor.evidence.catalog import CLIENT, MASTER
from nimdoctor.evidence.loose.identity import NIMINFO, Identity, identity_of, is_answer, parting
from nimdoctor.evidence.loose.pieces import Piece
from nimdoctor.evidence.recognition import NIMSH_LOG
from nimdoctor.evidence.source import TargetError

Names = FrozenSet[str]
"""A host, by all the names that are known of it."""
_SHOWN = 5


class Owner(NamedTuple):
    """A host and what is of it. `name` is "" where nothing says it, `role` CLIENT, MASTER, or "" where the host is alone:
    then its facts tell.
    """

    name: str
    role: str
    pieces: Tuple[Piece, ...]


class Owners(NamedTuple):
    """The host that is looked at, its master where both are there, and what a reader should know of the parting."""

    target: Owner
    master: Optional[Owner] = None
    remarks: Tuple[str, ...] = ()


def owners(found: Sequence[Piece]) -> Owners:
    """The pieces by their hosts: one, or a client and its master. Raises TargetError where that cannot be decided."""
    heap = _Heap(found)
    if len(heap.hosts) < 2:
        return Owners(Owner("", "", tuple(found)))
    remarks = heap.leave_answers_aside()
    if len(heap.hosts) < 2:
        return Owners(Owner("", "", tuple(heap.pieces)), None, remarks)
    pair = heap.pair()
    if pair is None:
        heap.refuse_one_kind()
        names = ", ".join(sorted(map(_shown, heap.hosts))[:_SHOWN])
        return Owners(
            Owner("", "", tuple(heap.pieces)), None, (*remarks, f"several hosts are named ({names}); taken as one")
        )
    client, master = pair
    of_client, of_master, undecided = heap.parted(client, master)
    return Owners(
        Owner(_shown(client), CLIENT, of_client),
        Owner(_shown(master), MASTER, of_master),
        (
            *remarks,
            f"taken as two hosts: the client {_shown(client)} and its master {_shown(master)}",
            *(f"{file}: not said whose it is; taken as the client's" for file in undecided),
        ),
    )


class _Heap:
    """Pieces of one host or of several; `belongs` has the host of each as far as a name tells it."""

    def __init__(self, found: Sequence[Piece]) -> None:
        self.pieces = list(found)
        self.identities = [identity_of(piece) for piece in found]
        self.hosts = _joined(self.identities)
        self.belongs: List[Optional[Names]] = [
            next((host for host in self.hosts if host & identity.names), None) for identity in self.identities
        ]
        if len(self.hosts) > 1:
            self._place_the_nameless()

    def _place_the_nameless(self) -> None:
        """By their file, that file's name, and the folders it lies in."""
        places: Dict[str, Set[Names]] = {}
        for piece, host in zip(self.pieces, self.belongs):
            for place in (piece.file, *_folders(piece.file)) if host else ():
                places.setdefault(place, set()).add(host)  # type: ignore[arg-type]
        masters = self.masters()
        for index, piece in enumerate(self.pieces):
            if self.belongs[index] is None:
                near = (_only(places.get(folder)) for folder in _folders(piece.file))
                by_words = _by_words(piece.file, self.hosts, masters)
                if self.identities[index].roles == {MASTER} and masters and by_words not in masters:
                    by_words = None  # `lsnim -l lpar7` is of the master, whatever its file is called
                self.belongs[index] = _only(places.get(piece.file)) or by_words or next(filter(None, near), None)

    def masters(self) -> List[Names]:
        """The hosts that show themselves as masters, or that another names as its own."""
        named = frozenset().union(*(identity.masters for identity in self.identities))
        return self._those(lambda host, identity: MASTER in identity.roles or bool(host & named))

    def clients(self) -> List[Names]:
        """The hosts that show themselves as clients, or that a master has as such."""
        listed = frozenset().union(*(identity.clients for identity in self.identities))
        return self._those(lambda host, identity: CLIENT in identity.roles or bool(host & listed))

    def _those(self, shown: Callable[[Names, Identity], bool]) -> List[Names]:
        found = (host for host, one in zip(self.belongs, self.identities) if host and shown(host, one))
        return list(dict.fromkeys(found))

    def leave_answers_aside(self) -> Tuple[str, ...]:
        """Takes out the hosts of which there is nothing but what another one asked them: too little to judge a host by."""
        aside: Dict[Names, Piece] = {}
        for host in self.hosts:
            own = [piece for piece, owner in zip(self.pieces, self.belongs) if owner == host]
            telling = any(piece.row.name in (NIMINFO, NIMSH_LOG) for piece in own)
            if own and not telling and all(map(is_answer, own)):
                aside[host] = own[0]
        if len(aside) == len(self.hosts):
            return ()  # somebody asked them all from a place that is not given
        kept = [index for index, host in enumerate(self.belongs) if host not in aside]
        self.pieces = [self.pieces[index] for index in kept]
        self.identities = [self.identities[index] for index in kept]
        self.belongs = [self.belongs[index] for index in kept]
        self.hosts = [host for host in self.hosts if host not in aside]
        return tuple(
            f"{piece.file}: what `{piece.command[:60]}` printed is of {_shown(host)}, not of the host it was typed on; left "
            "aside: give what is of that host as files of its own"
            for host, piece in aside.items()
        )

    def pair(self) -> Optional[Tuple[Names, Names]]:
        """A client and its master; None where the hosts are not these two."""
        masters, clients = self.masters(), self.clients()
        if len(self.hosts) != 2:
            return None
        for client, master in (self.hosts, self.hosts[::-1]):
            if master in masters and client in clients and client not in masters:
                return client, master
        return None

    def parted(self, client: Names, master: Names) -> Tuple[Tuple[Piece, ...], Tuple[Piece, ...], List[str]]:
        """The pieces of both, and the files of which nothing tells whose they are, which go to the client."""
        parts: Dict[Names, List[Piece]] = {client: [], master: []}
        undecided: List[str] = []
        for piece, host, identity in zip(self.pieces, self.belongs, self.identities):
            if host is None and identity.roles:
                host = master if identity.roles == {MASTER} else client
            if host is None and piece.file not in undecided:
                undecided.append(piece.file)
            parts[host or client].append(piece)
        return tuple(parts[client]), tuple(parts[master]), undecided

    def refuse_one_kind(self) -> None:
        """Raises TargetError where there is one thing of two hosts."""
        first: Dict[str, Tuple[Piece, Names]] = {}
        for piece, host in zip(self.pieces, self.belongs):
            if host:
                other, owner = first.setdefault(piece.row.label, (piece, host))
                if owner != host:
                    raise TargetError(parting(other, piece, _shown(owner), _shown(host)))


def _joined(identities: Sequence[Identity]) -> List[Names]:
    """The hosts that are named: two names in one piece are of one host."""
    hosts: List[Names] = []
    for identity in identities:
        names = identity.names
        alike = [host for host in hosts if host & names]
        if names:
            hosts = [host for host in hosts if host not in alike] + [names.union(*alike)]
    return hosts


def _shown(host: Names) -> str:
    return min(host, key=lambda name: (len(name), name))


def _folders(file: str) -> Iterator[str]:
    """The folders a file lies in, from the nearest to the one below the top."""
    while "/" in file:
        file = file.rpartition("/")[0]
        yield file + "/"


def _only(hosts: Optional[Set[Names]]) -> Optional[Names]:
    return next(iter(hosts)) if hosts and len(hosts) == 1 else None


def _by_words(file: str, hosts: Sequence[Names], masters: Sequence[Names]) -> Optional[Names]:
    """The host whose name, or whose part as client or master, stands in the name of the file or of a folder above it."""
    for part in reversed(file.lower().split("/")):
        words = {word for ends in ("[^a-z0-9-]+", "[^a-z0-9]+") for word in re.split(ends, part)}
        named = {host for host in hosts if host & words}
        if not named and len(masters) == 1 and len(hosts) == 2:
            named |= {masters[0]} if MASTER in words else set()
            named |= set(hosts) - {masters[0]} if CLIENT in words else set()
        if len(named) == 1:
            return named.pop()
    return None
