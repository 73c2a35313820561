"""What `nimdoctor collect` does: a host is read into a directory, which leaves as an archive."""

import os
import tempfile
from typing import List, Optional, Sequence

from nimdoctor.cli.output import UsageError, say, write
from nimdoctor.cli.waiting import Waiting
from nimdoctor.collection import Collection
from nimdoctor.collection import collect as run_collect
from nimdoctor.collection.archive import ENDINGS, archive_name, manifest_of, write_archive
from nimdoctor.evidence import open_target
from nimdoctor.evidence.catalog import Catalog
from nimdoctor.evidence.source import Evidence, TargetError
from nimdoctor.evidence.tree import Tree
from nimdoctor.library.interruption import end_like_ctrl_c
from nimdoctor.library.registry import Registry
from nimdoctor.model.wording import count, visible
from nimdoctor.redaction.session import BadKey, Leak, RedactionSession

SHOWN = 40
"""Things not collected that are named one by one."""


def archive(target: str, output: Optional[str], redact: bool, redact_key: Optional[str], timeout: float) -> int:
    """Writes the archive of a live host and its name; gives the exit status. Raises UsageError."""
    if output is not None:
        check_output(output)
    catalog = Registry().catalog
    redaction = leaving(redact_key, catalog) if redact else None
    restore = end_like_ctrl_c()
    try:
        collection = collected(target, timeout, catalog)
        try:
            path = _written(collection, output, redaction)
        finally:
            collection.close()
    finally:
        restore()
    tell_not_collected(collection)
    tell_redacted(redaction, path)
    write(f"{path}\n", None)
    return 0


def tell_not_collected(collection: Collection) -> None:
    """Says on stderr what could not be had."""
    not_collected = collection.not_collected
    for name, reason in list(not_collected.items())[:SHOWN]:
        say(visible(f"not collected: {name}: {reason}"))
    if len(not_collected) > SHOWN:
        say(f"not collected: {count(len(not_collected) - SHOWN, 'more thing')}, see not_collected in its manifest.json")


def tell_redacted(redaction: Optional[RedactionSession], path: str) -> None:
    """Says on stderr whether names left, and where the way back from the pseudonyms is."""
    if redaction is None:
        say(
            "not redacted: names, addresses and serial numbers of this site are in it as they are; read it, then send it"
        )
        return
    place = keep_map(redaction, path)
    number = sum(redaction.redactor.ledger.by_kind().values())
    say(f"redacted: {count(number, 'replacement')} of names, addresses and numbers; key {visible(redaction.key)}")
    say(f"the way back from the pseudonyms stays here: {visible(place)}")


def keep_map(redaction: RedactionSession, path: str) -> str:
    """Where the map was written. Raises UsageError."""
    try:
        return redaction.keep_map(path)
    except OSError as error:
        raise UsageError(f"the map of the pseudonyms cannot be kept: {error.strerror or error}") from error


def leaving(key: Optional[str], catalog: Catalog) -> RedactionSession:
    """What replaces names and addresses. Raises UsageError where its key cannot be used."""
    try:
        return RedactionSession(key, catalog)
    except BadKey as error:
        raise UsageError(visible(str(error))) from error


def script_for(target: str, output: Optional[str], timeout: float) -> int:
    """Writes the script that collects on the host where it is run; gives the exit status. Raises UsageError."""
    from nimdoctor.scripts.collector import collector

    if target and not target.startswith("root:"):
        raise UsageError("--script collects on the host where it is run: give no TARGET, or root:DIR")
    root = os.path.realpath(target[5:]) if target else ""
    write(collector(Registry().catalog, root, max(1, round(timeout))), output)
    return 0


def check_output(path: str) -> None:
    """Raises UsageError for a path that no archive can be written to."""
    if not path.endswith(ENDINGS):
        raise UsageError(f"--output {visible(path)}: the name must end in {', '.join(ENDINGS)}")
    if os.path.islink(path):
        raise UsageError(f"--output {visible(path)}: is a symbolic link, which is not followed")
    if os.path.isdir(path):
        raise UsageError(f"--output {visible(path)}: is a directory")
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise UsageError(f"--output {visible(path)}: its directory does not exist")


def collected(target: str, timeout: float, catalog: Catalog) -> Collection:
    """A live host's evidence. Raises UsageError."""
    waiting = Waiting()
    evidence: Optional[Evidence] = None
    try:
        evidence = open_target(target, timeout=timeout, progress=waiting, catalog=catalog)
        if not evidence.live:
            raise UsageError(f"{visible(target)} is recorded evidence already: collect reads a host")
        return as_collection(evidence, catalog)
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    finally:
        waiting.close()
        if evidence:
            evidence.close()


def as_collection(evidence: Evidence, catalog: Catalog) -> Collection:
    """What that host shows, in a directory of its own. Raises UsageError."""
    try:
        return run_collect(evidence, catalog, tempfile.mkdtemp(prefix="nimdoctor-"))
    except OSError as error:
        raise UsageError(
            f"the evidence cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}"
        ) from error


def _written(collection: Collection, output: Optional[str], redaction: Optional[RedactionSession]) -> str:
    """Where the archive is, after it was written."""
    tree: Tree = collection
    host = collection.host
    if redaction:
        (tree,) = redacted(redaction, [collection])
        manifest = manifest_of(tree)
        if manifest.redacted is not True:
            raise UsageError("what was to be redacted does not say that it is: nothing was written")
        host = manifest.host
    path = output or archive_name(host, collection.collected)
    try:
        write_archive(tree, path, collection.collected)
    except OSError as error:
        raise UsageError(f"{visible(path)} cannot be written: {error.strerror or error}") from error
    return path


def redacted(redaction: RedactionSession, trees: Sequence[Tree]) -> List[Tree]:
    """These ends redacted and read again. Raises UsageError, and nothing is written, where anything is left."""
    try:
        found = redaction.redacted(trees)
        for tree in found:
            redaction.check(tree)
    except Leak as error:
        raise UsageError(visible(f"refused, since not all could be redacted: {error}")) from error
    except OSError as error:
        raise UsageError(f"the evidence cannot be redacted: {error.strerror or error}") from error
    return found
