"""`nimdoctor collect`: a host's evidence as an archive, or the script that makes one where there is no Python."""

import os
from typing import TYPE_CHECKING, Callable, Optional

import typer

from nimdoctor.cli.output import UsageError, say, write
from nimdoctor.cli.scan import end_like_ctrl_c
from nimdoctor.wording import count, visible

if TYPE_CHECKING:
    from nimdoctor.collection import Collection
    from nimdoctor.evidence.source import Evidence
    from nimdoctor.evidence.tree import Tree

    Redact = Callable[[Tree], Tree]

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
    redact = None if no_redact else redaction(redact_key)
    if output is not None:
        _check_output(output)
    restore = end_like_ctrl_c()
    try:
        collection = _collected(target, timeout)
        try:
            path = _written(collection, output, redact)
        finally:
            collection.close()
    finally:
        restore()
    not_collected = collection.not_collected
    for name, reason in list(not_collected.items())[:SHOWN]:
        say(visible(f"not collected: {name}: {reason}"))
    if len(not_collected) > SHOWN:
        say(f"not collected: {count(len(not_collected) - SHOWN, 'more thing')}, see not_collected in its manifest.json")
    if no_redact:
        say(
            "not redacted: names, addresses and serial numbers of this site are in it as they are; read it, then send it"
        )
    else:
        say("redacted: names, addresses and serial numbers were replaced")
    write(f"{path}\n", None)
    return 0


def redaction(key: Optional[str]) -> "Redact":
    """What replaces names and addresses in a collection. Raises UsageError where that cannot be done."""
    raise UsageError(
        "this version cannot redact yet, and nothing leaves raw unless it is asked for: "
        "--no-redact writes names and addresses as they are"
    )


def _print_script(target: str, output: Optional[str], timeout: float) -> None:
    from nimdoctor.collection.script import collector
    from nimdoctor.registry import Registry

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


def _collected(target: str, timeout: float) -> "Collection":
    import tempfile

    from nimdoctor.collection import collect as run_collect
    from nimdoctor.evidence import open_target
    from nimdoctor.evidence.source import TargetError
    from nimdoctor.registry import Registry
    from nimdoctor.waiting import Waiting

    waiting = Waiting()
    catalog = Registry().catalog
    evidence: Optional[Evidence] = None
    try:
        evidence = open_target(target, timeout=timeout, progress=waiting, catalog=catalog)
        if not evidence.live:
            raise UsageError(f"{visible(target)} is recorded evidence already: collect reads a host")
        return run_collect(evidence, catalog, tempfile.mkdtemp(prefix="nimdoctor-"))
    except TargetError as error:
        raise UsageError(visible(str(error))) from error
    except OSError as error:
        raise UsageError(
            f"the evidence cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}"
        ) from error
    finally:
        waiting.close()
        if evidence:
            evidence.close()


def _written(collection: "Collection", output: Optional[str], redact: "Optional[Redact]") -> str:
    """Where the archive is, after it was written."""
    from nimdoctor.collection.archive import archive_name, manifest_of, write_archive

    tree: Tree = collection
    host = collection.host
    if redact:
        tree = redact(collection)
        said = manifest_of(tree)
        if said.redacted is not True:
            raise UsageError("what was to be redacted does not say that it is: nothing was written")
        host = said.host
    path = output or archive_name(host, collection.moment)
    try:
        write_archive(tree, path, collection.moment)
    except OSError as error:
        raise UsageError(f"{visible(path)} cannot be written: {error.strerror or error}") from error
    return path
