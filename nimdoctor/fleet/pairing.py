"""Which bundle holds the evidence of a client's master, of all that were given.

By weight: the machine id that the client keeps of its master (NIM_MASTERID) is believed before any name, and a master of
another id is never taken. Where the id tells nothing, a name tells, and a certificate that both ends hold tells which of
several masters of that name it is. What is not told is not guessed: then the client is judged alone. Of several bundles
of one master the one collected nearest in time to the client's counts. The order of the bundles changes nothing.
"""

import os
from bisect import bisect_left
from collections import defaultdict
from sys import intern
from typing import DefaultDict, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from nimdoctor.fleet.bundles import written
from nimdoctor.fleet.identity import Identity
from nimdoctor.model.wording import ago, named

OF_MANY = 20
"""Masters that hold one certificate, from which on it tells nothing: an image made all of them."""
_WORTH_SAYING = 3600
"""Seconds between the two collections that are told."""


class Paired(NamedTuple):
    """The path of the bundle of its master, None where there is none to judge it with; `why` says how it was found, or why
    there is none.
    """

    master: Optional[str]
    why: str


def pair(identities: Iterable[Identity]) -> Dict[str, Paired]:
    """The master's bundle of each bundle, by path.

    >>> nim1 = Identity("nim1.tgz", "nim1", ("master",), ("nim1",), "00F6A1B14C00")
    >>> lpar7 = Identity("lpar7.tgz", "lpar7", ("client",), ("lpar7",), None, "00F6A1B14C00", ("nim1",))
    >>> pair([lpar7, nim1])["lpar7.tgz"].master, pair([nim1])["nim1.tgz"].why
    ('nim1.tgz', 'it is a master')
    """
    known = list(identities)
    masters = {redacted: _Masters(one for one in known if one.redacted is redacted) for redacted in (False, True)}
    return {one.path: masters[one.redacted].of(one) for one in known}


class _Master:
    """One master, and all its bundles."""

    def __init__(self, number: int, bundles: List[Identity]) -> None:
        self.number = number
        self.several = len(bundles) > 1
        self.machine_id = bundles[0].machine_id
        self.paths = {one.path for one in bundles}
        self.names = {name for one in bundles for name in one.names}
        self._at: Dict[Optional[int], Dict[str, Identity]] = {}
        for one in sorted(bundles, key=lambda one: one.path):
            beside = self._at.setdefault(one.collected, {})
            beside.setdefault(os.path.dirname(one.path), one)
        self._times = sorted(time for time in self._at if time is not None)

    @property
    def first(self) -> str:
        """The path by which it is told from others."""
        return written(min(self.paths))

    def nearest(self, client: Identity) -> Identity:
        """The bundle collected nearest to the client's in time, the earlier of two that are equally near; the newest where
        the client's time, or every other, is not known. Of several of one time the one in the client's own directory.
        """
        time = self._times[-1] if self._times else None
        if time is not None and client.collected is not None:
            at = bisect_left(self._times, client.collected)
            near = self._times[max(0, at - 1) : at + 1]
            time = min((abs(one - client.collected), one) for one in near)[1]
        beside = self._at[time]
        return beside.get(os.path.dirname(client.path)) or next(iter(beside.values()))


class _Masters:
    """The masters among some bundles, by all that a client may know of one. Redacted bundles are kept apart from others:
    their names are pseudonyms.
    """

    def __init__(self, identities: Iterable[Identity]) -> None:
        hosts: DefaultDict[Tuple[object, ...], List[Identity]] = defaultdict(list)
        for one in identities:
            if "master" in one.roles and not one.paired:
                hosts[_host_of(one)].append(one)
        self.by_id: Dict[str, _Master] = {}
        self.by_certificate: DefaultDict[str, List[_Master]] = defaultdict(list)
        self._named: Tuple[_Names, _Names] = (_Names(), _Names())
        for number, key in enumerate(sorted(hosts, key=repr)):
            master = _Master(number, hosts[key])
            self._named[master.machine_id is not None].add(master)
            if master.machine_id:
                self.by_id[master.machine_id] = master
            for certificate in {held for one in hosts[key] for held in one.certificates}:
                self.by_certificate[certificate].append(master)

    def of(self, client: Identity) -> Paired:
        """The master of a client."""
        if client.paired:
            return Paired(None, "its master's evidence is in the same bundle")
        if client.roles == ("master",):
            return Paired(None, "it is a master")
        if "master" in client.roles and _same(client.masters, client.names):
            return Paired(None, "it is its own master")
        by_id = self._of_id(client)
        if by_id:
            return _with(by_id, client, f"found by NIM_MASTERID {client.master_id}")
        sharing = self._sharing(client)
        if not client.masters:
            return self._by_certificate(client, sharing)
        name = client.masters[0]
        of_name = [one for one in sharing if _same(client.masters, one.names)]
        if len(of_name) == 1:
            return _with(of_name[0], client, f"found by name ({name}) and certificate")
        called = self._called(client, of_id=False)
        called += [] if client.master_id else self._called(client, of_id=True)
        if not of_name and len(called) == 1:
            return _with(called[0], client, f"found by name ({name})")
        if of_name or called:
            return _several(of_name or called)
        if sharing:
            where = named([one.first for one in sharing], 3)
            return Paired(None, f"a certificate of its is held by a master of another name than {name} ({where})")
        return self._none(client)

    def _of_id(self, client: Identity) -> "Optional[_Master]":
        found = self.by_id.get(client.master_id or "")
        if found is None or client.path in found.paths:
            return None
        # the pseudonym of an id has few digits: those of two keys may be one by chance
        agreed = not client.redacted or _same(client.masters, found.names) or found in self._sharing(client)
        return found if agreed else None

    def _by_certificate(self, client: Identity, sharing: "List[_Master]") -> Paired:
        """Of a client that knows no name of its master."""
        if len(sharing) == 1:
            return _with(sharing[0], client, "found by certificate")
        if sharing:
            return _several(sharing)
        if not (client.certificates or client.master_id):
            return Paired(None, "nothing in it names its master")
        return self._none(client)

    def _sharing(self, client: Identity) -> List[_Master]:
        """Masters that hold a certificate of the client's and have no other id than it keeps, each once."""
        found: Dict[int, _Master] = {}
        for certificate in client.certificates:
            masters = self.by_certificate.get(certificate, ())
            if len(masters) <= OF_MANY:
                found.update((one.number, one) for one in masters)
        return [
            one
            for _, one in sorted(found.items())
            if client.path not in one.paths
            and not (client.master_id and one.machine_id not in (None, client.master_id))
        ]

    def _called(self, client: Identity, of_id: bool) -> List[_Master]:
        """Masters of that name, of those whose id is known or of those of which it is not; two are enough to know that it
        does not tell.
        """
        found: List[_Master] = []
        for one in self._named[of_id].called(client.masters):
            if client.path not in one.paths and one not in found:
                found.append(one)
            if len(found) > 1:
                break
        return found

    def _none(self, client: Identity) -> Paired:
        who = f" ({client.masters[0]})" if client.masters else ""
        other = next(iter(self._called(client, of_id=True)), None)
        if other:
            return Paired(
                None,
                f"not judged with {other.first}: the master there{who} has machine id {other.machine_id}, and this client "
                f"keeps {client.master_id} of its master (NIM_MASTERID). If that is its master, moved or rebuilt, "
                "scan the two with --master",
            )
        redacted = (
            "; a redacted client is paired only with a master redacted with the same key" if client.redacted else ""
        )
        return Paired(None, f"no evidence of its master{who} is among the bundles{redacted}")


def _host_of(master: Identity) -> Tuple[object, ...]:
    """By what two bundles of masters are of one: the id, else name and certificates together. A name alone two sites have."""
    if master.machine_id:
        return (master.machine_id,)
    return (None, *sorted(master.names), *master.certificates) if master.certificates else (None, master.path)


class _Names:
    """Masters by their names. A short name is the full one that begins with it; two full names are one only when equal."""

    def __init__(self) -> None:
        self._full: DefaultDict[str, List[_Master]] = defaultdict(list)
        self._short: DefaultDict[str, List[_Master]] = defaultdict(list)
        self._any: DefaultDict[str, List[_Master]] = defaultdict(list)

    def add(self, master: _Master) -> None:
        """Takes in one more."""
        labels = _full_names(master.names)
        for label, full in labels.items():
            self._any[label].append(master)
            for name in full:
                self._full[name].append(master)
            if not full:
                self._short[label].append(master)

    def called(self, names: Iterable[str]) -> Iterator[_Master]:
        """Those that go by one of the names, perhaps more than once."""
        for label, full in _full_names(names).items():
            if not full:
                yield from self._any.get(label, ())
                continue
            for name in full:
                yield from self._full.get(name, ())
            yield from self._short.get(label, ())


def _full_names(names: Iterable[str]) -> Dict[str, List[str]]:
    """The first labels of names, each with the full names that begin with it; in the order given."""
    found: Dict[str, List[str]] = {}
    for name in names:
        label, dot, _ = name.partition(".")
        full = found.setdefault(label, [])
        if dot:
            full.append(name)
    return found


def _same(ones: Iterable[str], others: Iterable[str]) -> bool:
    mine, theirs = _full_names(ones), _full_names(others)
    return any(
        not mine[label] or not theirs[label] or not set(mine[label]).isdisjoint(theirs[label])
        for label in mine
        if label in theirs
    )


def _several(masters: List[_Master]) -> Paired:
    paths = named(sorted(one.first for one in masters), 3)
    return Paired(None, f"several masters may be its own ({paths}), and nothing tells which")


def _with(master: _Master, client: Identity, how: str) -> Paired:
    bundle = master.nearest(client)
    more = ", the nearest in time of several" if master.several else ""
    if client.collected is None or bundle.collected is None:
        return Paired(bundle.path, intern(f"{how}{more}"))
    apart = bundle.collected - client.collected
    if abs(apart) >= _WORTH_SAYING:
        more += f", collected {ago(abs(apart))} {'after' if apart > 0 else 'before'} it"
    return Paired(bundle.path, intern(f"{how}{more}"))
