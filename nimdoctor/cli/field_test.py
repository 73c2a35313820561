"""`nimdoctor field-test`: whether what this host's files and commands say has the shapes that nimdoctor knows."""

from typing import Optional

import typer

from nimdoctor.cli.output import UsageError


def field_test(
    target: str = typer.Argument("", metavar="[TARGET]", help="Nothing for this host; root:DIR; ssh:[USER@]HOST."),
    output: Optional[str] = typer.Option(
        None, "--output", metavar="FILE", help="The archive of shapes, .tar, .tar.gz or .tgz."
    ),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
) -> int:
    """Say which texts of this host have a shape that is known; write the shapes, without names, for the authors."""
    from nimdoctor.cli.field_testing import tried

    if timeout != timeout:  # NaN is neither below the one bound nor above the other
        raise UsageError("--timeout is no number of seconds")
    if output == "":
        raise UsageError("--output names no file")
    return tried(target, output, timeout)
