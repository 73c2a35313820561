"""The machines of a NIM master, as other programs want them: what `lsnim -l` says, as a document.

An inventory is made of it, so that a machine which is not in it is forgotten: what is not whole is said to be so.
"""

import contextlib
import os
import re
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

from nimdoctor.diagnosis.host import FactAbsent, Host
from nimdoctor.evidence import is_asked_now, open_target
from nimdoctor.evidence.archive import archive_kind
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.files import open_regular
from nimdoctor.evidence.source import TargetError
from nimdoctor.evidence.wrapping.encoding import decoded
from nimdoctor.facts.lsnim import NimObject, NimObjects
from nimdoctor.model.text import TEXT_LIMIT, BadEvidence, Text
from nimdoctor.model.unreadable import refused

SCHEMA = "nimdoctor.machines/1"
LISTING = "lsnim -l"


def machines(target: str = "", listing: str = "", timeout: float = 30.0) -> Dict[str, Any]:
    """The document, schema nimdoctor.machines/1. Raises TargetError.

    The target is a host or recorded evidence of one, or the path of a file with the output of `lsnim -l`; with
    `listing`, that output itself, it is only what the listing is called.

    >>> found = machines("nim1", '''master:
    ...    type    = master
    ...    if1     = net_10_1 nim1 0
    ... lpar7:
    ...    class   = machines
    ...    type    = standalone
    ...    connect = nimsh (secure)
    ...    if1     = net_10_1 lpar7 0
    ... ''')
    >>> found["master"], found["complete"], [(one["name"], one["connect"]) for one in found["machines"]]
    ('nim1', True, [('lpar7', 'nimsh (secure)')])
    """
    remarks: List[str] = []
    if listing:
        objects = _of_text(target or "the listing", listing, remarks)
    elif _is_listing(target):
        objects = _of_text(target, _content(target), remarks)
    else:
        objects = _of_host(target, timeout)
    return _document(objects, remarks)


def _is_listing(target: str) -> bool:
    """Whether that is a file, and no archive. Raises TargetError."""
    try:
        return not is_asked_now(target) and os.path.isfile(target) and archive_kind(target) is None
    except OSError as error:
        raise TargetError(f"{target}: {refused(error)}") from None


def _content(path: str) -> str:
    """What the file says, in whatever encoding. Raises TargetError."""
    try:
        with open_regular(path) as stream:
            raw = stream.read(TEXT_LIMIT + 1)
    except OSError as error:
        raise TargetError(f"{path}: {refused(error)}") from None
    if len(raw) > TEXT_LIMIT:
        raise TargetError(f"{path}: is larger than 16 MiB, which no listing is")
    return decoded(raw)


def _of_text(source: str, content: str, remarks: List[str]) -> NimObjects:
    """The objects of a listing. Raises TargetError; what it lacks comes to `remarks`."""
    if len(content) > TEXT_LIMIT:
        raise TargetError(f"{source}: is larger than 16 MiB, which no listing is")
    try:
        objects = NimObjects.parse(Text.of(content, source, name=LISTING, command=True))
    except BadEvidence as error:
        raise TargetError(str(error)) from None
    if not content.endswith("\n"):
        remarks.append("its last line has no end, so that lines may be missing behind it")
    return objects


def _of_host(target: str, timeout: float) -> NimObjects:
    """What a host, or evidence of one, says. Raises TargetError."""
    catalog = Catalog()
    with contextlib.closing(open_target(target, timeout=timeout, catalog=catalog)) as evidence:
        try:
            return Host(evidence, catalog).fact(NimObjects)
        except FactAbsent as absent:
            raise TargetError(f"{target or 'this host'}: {absent.message}") from None


def _document(objects: NimObjects, remarks: List[str]) -> Dict[str, Any]:
    """Raises TargetError where one name stands for two machines."""
    master = objects.master()
    if master is None:
        remarks.append("it has no stanza of the master, with which a whole listing begins")
    elif not objects.complete:
        remarks.append("only a part of it was given")
    found = _once(objects.machines(), objects.source)
    names = {one.name for one in found}
    groups = {one.name: _members(one) for one in objects.objects if one.get("type") == "mac_group"}
    remarks += _referred_to(objects, groups)
    return {
        "schema": SCHEMA,
        "source": objects.source,
        "complete": not remarks,
        "remarks": remarks,
        "master": next(iter(master.host_names()), None) if master else None,
        "master_attributes": _attributes(master) if master else {},
        "machines": [_machine(one) for one in found],
        "groups": {name: [member for member in members if member in names] for name, members in groups.items()},
        "same_address": _same_address(found),
    }


def _once(found: Sequence[NimObject], source: str) -> Tuple[NimObject, ...]:
    """Each machine once. Raises TargetError for one that stands twice and is not the same."""
    kept: Dict[str, NimObject] = {}
    for one in found:
        known = kept.setdefault(one.name, one)
        if _attributes(known) != _attributes(one):
            raise TargetError(
                f"{source}: {one.name} stands twice, in lines {known.at.line} and {one.at.line}, and differs: "
                "give what one master lists at one time"
            )
    return tuple(kept.values())


def _machine(machine: NimObject) -> Dict[str, Any]:
    return {
        "name": machine.name,
        "line": machine.at.line,
        "type": machine.get("type"),
        "connect": machine.connect,
        "state": machine.state[0] or None,
        "cpuid": machine.get("cpuid"),
        "host_names": list(machine.host_names()),
        "attributes": _attributes(machine),
    }


def _attributes(found: NimObject) -> Dict[str, List[str]]:
    """Every attribute by its name: all of its values, in order."""
    return {row.name: list(found.every(row.name)) for row in found.attributes}


def _members(group: NimObject) -> List[str]:
    """The machines that a machine group holds: the first word of member1, member2 …"""
    rows = (row.value.split() for row in group.attributes if re.fullmatch(r"member\d*", row.name))
    return [words[0] for words in rows if words]


def _referred_to(objects: NimObjects, groups: Dict[str, List[str]]) -> Iterator[str]:
    """Objects that others name and that are not listed, of the classes of which some are: there the listing has holes."""
    names = {one.name for one in objects.objects}
    classes = {one.get("class") for one in objects.objects}
    master = objects.master()
    referring: Dict[str, Iterable[str]] = {f"the group {group}": members for group, members in groups.items()}
    if master and "resources" in classes:
        referring["the master"] = master.every("serves")
    if "networks" in classes:
        referring.update((one.name, _networks(one)) for one in objects.machines())
    for who, others in referring.items():
        unknown = sorted({name for name in others if name not in names})
        if unknown:
            yield f"{who} names {', '.join(unknown)}, which is not listed"


def _networks(machine: NimObject) -> List[str]:
    """Those of its interfaces: the first word of if1, if2 …"""
    rows = (row.value.split() for row in machine.attributes if re.fullmatch(r"if\d+", row.name))
    return [words[0] for words in rows if words]


def _same_address(found: Sequence[NimObject]) -> Dict[str, List[str]]:
    """Host names that interfaces of several machines have, in small letters, and those machines."""
    by_name: Dict[str, List[str]] = {}
    for one in found:
        for name in sorted({name.lower() for name in one.host_names()}):
            by_name.setdefault(name, []).append(one.name)
    return {name: by_name[name] for name in sorted(by_name) if len(by_name[name]) > 1}
