"""The console script."""

import gc
import sys

# nearly everything made while starting lives to the end; collecting it again and again took an
# eighth of a scan
gc.set_threshold(200_000)


def console() -> None:
    """Runs the command line as a process."""
    from nimdoctor.cli import main

    sys.exit(main())
