"""`nimdoctor report`: evidence and report of one host or both ends as one archive for a case at IBM."""

import os
from typing import Optional

import typer

from nimdoctor.cli.output import UsageError
from nimdoctor.model.wording import visible


def report(
    target: str = typer.Argument("", metavar="[TARGET]", help="Nothing for this host; root:DIR; evidence."),
    master: Optional[str] = typer.Option(None, "--master", metavar="TARGET", help="The NIM master."),
    case: Optional[str] = typer.Option(None, "--case", metavar="TS...", help="The case, such as TS001234567."),
    pmr: Optional[str] = typer.Option(None, "--pmr", metavar="P,B,C", help="The PMR, such as 12345,67R,000."),
    output: str = typer.Option(".", "--output", metavar="DIR", help="The directory of the archive."),
    no_redact: bool = typer.Option(False, "--no-redact", help="Leave names and addresses as they are."),
    redact_key: Optional[str] = typer.Option(
        None, "--redact-key", metavar="FILE", help="The key of the pseudonyms; made on first use."
    ),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
) -> int:
    """Make one archive for a case: report, redacted evidence of both ends, plan."""
    from nimdoctor.cli.reporting import archive_for_case

    if timeout != timeout:  # NaN is neither below the one bound nor above the other
        raise UsageError("--timeout is no number of seconds")
    if not os.path.isdir(output):
        raise UsageError(f"--output {visible(output)}: is no directory")
    if no_redact and redact_key is not None:
        raise UsageError("--redact-key and --no-redact exclude each other")
    return archive_for_case(target, master, case, pmr, output, not no_redact, redact_key, timeout)
