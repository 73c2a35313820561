"""The console script."""

import gc
import os
import sys

# nearly everything made while starting lives to the end; collecting it again and again took an
# eighth of a scan
gc.set_threshold(200_000)


def console() -> None:
    """Runs the command line as a process."""
    from nimdoctor.cli import main

    status = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    # taking the interpreter apart is a sixth of a scan, and nothing is left to be done in it
    os._exit(status)
