"""Evidence directories among what somebody attached: one, or those of a client and its master."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.evidence.catalog import CLIENT, MASTER, Catalog, Kind
from nimdoctor.evidence.loose.identity import NIMINFO, Identity, identity_in, short_name
from nimdoctor.evidence.manifest import MANIFEST, SCHEMA
from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.evidence.source import TargetError
from nimdoctor.evidence.tree import Subtree, Tree
from nimdoctor.model.text import BadEvidence

_HEAD = 4096
_TOPS = ("etc", "usr", "var", "ssl_nimsh")
_SHOWN = 5


def evidence_folders(tree: Tree, catalog: Catalog) -> List[str]:
    """The folders of the tree that are evidence directories; "" is never among them."""
    found = set()
    for name in tree.names():
        parts = name.split("/")
        for at, part in enumerate(parts[1:-1] if parts[-1] != MANIFEST else parts[1:], 1):
            below = parts[at + 1 :]
            known = (
                part == MANIFEST
                or (part == "files" and len(below) > 1 and below[0] in _TOPS)
                or (part == "commands" and len(below) == 1 and bool(catalog.command(below[0])))
            )
            if known and (part != MANIFEST or _is_manifest(tree, name)):
                found.add("/".join(parts[:at]))
                break
    return sorted(folder for folder in found if not any(folder.startswith(other + "/") for other in found))


def _is_manifest(tree: Tree, name: str) -> bool:
    try:
        with tree.open(name) as stream:
            return SCHEMA.encode() in stream.read(_HEAD)
    except OSError:
        return False


def open_folders(target: str, tree: Tree, folders: Sequence[str], catalog: Catalog) -> RecordedEvidence:
    """The evidence of the one folder, or of a client's with its master's as `paired`. Raises TargetError for others."""
    ends = [RecordedEvidence(target, Subtree(tree, folder), catalog) for folder in folders]
    first, master = (ends[0], None) if len(ends) == 1 else _pair(target, ends, folders, catalog)
    first.paired = master
    beside = [name for name in tree.names() if not any(name.startswith(folder + "/") for folder in folders)]
    if beside:
        shown = ", ".join(ascii(name)[1:-1] for name in beside[:_SHOWN])
        more = f" and {len(beside) - _SHOWN:,} more" if len(beside) > _SHOWN else ""
        first.remarks.append(f"beside the evidence of nimdoctor collect, left aside: {shown}{more}")
    return first


class _End(NamedTuple):
    evidence: RecordedEvidence
    identity: Identity


def _pair(
    target: str, ends: Sequence[RecordedEvidence], folders: Sequence[str], catalog: Catalog
) -> Tuple[RecordedEvidence, Optional[RecordedEvidence]]:
    if len(ends) == 2:
        one, other = (_End(end, _identity(end, catalog)) for end in ends)
        for client, master in ((one, other), (other, one)):
            if CLIENT in client.identity.roles and MASTER in master.identity.roles and _are_tied(client, master):
                return client.evidence, master.evidence
    shown = ", ".join(folders[:_SHOWN])
    raise TargetError(
        f"{target}: holds {len(ends)} evidence directories ({shown}), which are no client with its master: give them one "
        "by one, a master with --master"
    )


def _are_tied(client: _End, master: _End) -> bool:
    """Whether the one names the other; where neither names any, two ends given together are a pair."""
    named = bool(client.identity.masters & master.identity.names) or bool(
        master.identity.clients & client.identity.names
    )
    silent = not client.identity.masters or not master.identity.names
    return named or silent


def _identity(end: RecordedEvidence, catalog: Catalog) -> Identity:
    names = frozenset([short_name(end.host)]) if end.host else frozenset()
    whole = Identity(names)
    for row in catalog:
        if row.kind is not Kind.PATHS and row.name in (NIMINFO, "hostname", "lsnim -l"):
            for text in end.texts(row, {})[:1]:
                try:
                    found = identity_in(row.name, text.read())
                except BadEvidence:
                    continue
                whole = Identity(*(one | more for one, more in zip(whole, found)))
    return whole._replace(roles=frozenset(end.roles) or whole.roles)
