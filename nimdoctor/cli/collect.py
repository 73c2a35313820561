"""`nimdoctor collect`: a host's evidence as an archive, or the script that makes one where there is no Python."""

import os
from typing import TYPE_CHECKING, List, Optional, Sequence

import typer

from nimdoctor.cli.output import UsageError, say, write
from nimdoctor.cli.scan import end_like_ctrl_c
from nimdoctor.model.wording import count, visible

if TYPE_CHECKING:
    from nimdoctor.collection import Collection
    from nimdoctor.evidence.catalog import Catalog
    from nimdoctor.evidence.source import Evidence
    from nimdoctor.evidence.tree import Tree
    from nimdoctor.redaction.session import RedactionSession

SHOWN = 40
"""Things not collected that are named one by one."""


def collect(
    target: str = typer.Argument("", metavar="[TARGET]", help="Nothing for this host; root:DIR; ssh:[USER@]HOST."),
    output: Optional[str] = typer.Option(
        None, "--output", metavar="FILE", help="The archive, .tar, .tar.gz or .tgz; HOST.nimdoctor.UTC.tar.gz without."
    ),
    script: bool = typer.Option(False, "--script", help="Print a ksh script that collects where there is no Python."),
    no_redact: bool = typer.Option(False, "--no-redact", help="Leave names and addresses as they are."),
    redact_key: Optional[str] = typer.Option(
        None, "--redact-key", metavar="FILE", help="The key of the pseudonyms; made on first use."
    ),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
) -> int:
    """Collect the evidence of a host into an archive for somebody else."""
    if timeout != timeout:  # NaN is neither below the one bound nor above the other
        raise UsageError("--timeout is no number of seconds")
    if output == "":
        raise UsageError("--output names no file")
    if no_redact and redact_key is not None:
        raise UsageError("--redact-key and --no-redact exclude each other")
    if script:
        _print_script(target, output, timeout)
        return 0
    from nimdoctor.library.registry import Registry

    if output is not None:
        _check_output(output)
    catalog = Registry().catalog
    redaction = None if no_redact else leaving(redact_key, catalog)
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


def tell_not_collected(collection: "Collection") -> None:
    """Says on stderr what could not be had."""
    not_collected = collection.not_collected
    for name, reason in list(not_collected.items())[:SHOWN]:
        say(visible(f"not collected: {name}: {reason}"))
    if len(not_collected) > SHOWN:
        say(f"not collected: {count(len(not_collected) - SHOWN, 'more thing')}, see not_collected in its manifest.json")


def tell_redacted(redaction: "Optional[RedactionSession]", path: str) -> None:
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


def keep_map(redaction: "RedactionSession", path: str) -> str:
    """Where the map was written. Raises UsageError."""
    try:
        return redaction.keep_map(path)
    except OSError as error:
        raise UsageError(f"the map of the pseudonyms cannot be kept: {error.strerror or error}") from error


def leaving(key: Optional[str], catalog: "Catalog") -> "RedactionSession":
    """What replaces names and addresses. Raises UsageError where its key cannot be used."""
    from nimdoctor.redaction.session import BadKey, RedactionSession

    try:
        return RedactionSession(key, catalog)
    except BadKey as error:
        raise UsageError(visible(str(error))) from error


def _print_script(target: str, output: Optional[str], timeout: float) -> None:
    from nimdoctor.library.registry import Registry
    from nimdoctor.scripts.collector import collector

    if target and not target.startswith("root:"):
        raise UsageError("--script collects on the host where it is run: give no TARGET, or root:DIR")
    root = os.path.realpath(target[5:]) if target else ""
    write(collector(Registry().catalog, root, max(1, round(timeout))), output)


def _check_output(path: str) -> None:
    from nimdoctor.collection.archive import ENDINGS

    if not path.endswith(ENDINGS):
        raise UsageError(f"--output {visible(path)}: the name must end in {', '.join(ENDINGS)}")
    if os.path.islink(path):
        raise UsageError(f"--output {visible(path)}: is a symbolic link, which is not followed")
    if os.path.isdir(path):
        raise UsageError(f"--output {visible(path)}: is a directory")
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise UsageError(f"--output {visible(path)}: its directory does not exist")


def collected(target: str, timeout: float, catalog: "Catalog") -> "Collection":
    """A live host's evidence. Raises UsageError."""
    from nimdoctor.cli.waiting import Waiting
    from nimdoctor.evidence import open_target
    from nimdoctor.evidence.source import TargetError

    waiting = Waiting()
    evidence: Optional[Evidence] = None
    try:
        evidence = open_target(target, timeout=timeout, progress=waiting, catalog=catalog)
        if not evidence.live:
            raise UsageError(f"{visible(target)} is recorded evidence already: collect reads a host")
        return kept(evidence, catalog)
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    finally:
        waiting.close()
        if evidence:
            evidence.close()


def kept(evidence: "Evidence", catalog: "Catalog") -> "Collection":
    """What that host shows, in a directory of its own. Raises UsageError."""
    import tempfile

    from nimdoctor.collection import collect as run_collect

    try:
        return run_collect(evidence, catalog, tempfile.mkdtemp(prefix="nimdoctor-"))
    except OSError as error:
        raise UsageError(
            f"the evidence cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}"
        ) from error


def _written(collection: "Collection", output: Optional[str], redaction: "Optional[RedactionSession]") -> str:
    """Where the archive is, after it was written."""
    from nimdoctor.collection.archive import archive_name, manifest_of, write_archive

    tree: Tree = collection
    host = collection.host
    if redaction:
        (tree,) = redacted(redaction, [collection])
        said = manifest_of(tree)
        if said.redacted is not True:
            raise UsageError("what was to be redacted does not say that it is: nothing was written")
        host = said.host
    path = output or archive_name(host, collection.collected)
    try:
        write_archive(tree, path, collection.collected)
    except OSError as error:
        raise UsageError(f"{visible(path)} cannot be written: {error.strerror or error}") from error
    return path


def redacted(redaction: "RedactionSession", trees: "Sequence[Tree]") -> "List[Tree]":
    """These ends redacted and read again. Raises UsageError, and nothing is written, where anything is left."""
    from nimdoctor.redaction.session import Leak

    try:
        found = redaction.redacted(trees)
        for tree in found:
            redaction.check(tree)
    except Leak as error:
        raise UsageError(visible(f"refused, since not all could be redacted: {error}")) from error
    except OSError as error:
        raise UsageError(f"the evidence cannot be redacted: {error.strerror or error}") from error
    return found
