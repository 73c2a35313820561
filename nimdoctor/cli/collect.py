"""`nimdoctor collect`: a host's evidence as an archive, or the script that makes one where there is no Python."""

from typing import Optional

import typer

from nimdoctor.cli.output import UsageError


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
    from nimdoctor.cli.collecting import archive, script_for

    if timeout != timeout:  # NaN is neither below the one bound nor above the other
        raise UsageError("--timeout is no number of seconds")
    if output == "":
        raise UsageError("--output names no file")
    if no_redact and redact_key is not None:
        raise UsageError("--redact-key and --no-redact exclude each other")
    if script:
        return script_for(target, output, timeout)
    return archive(target, output, not no_redact, redact_key, timeout)
