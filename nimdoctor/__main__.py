"""The console script, and `python -m nimdoctor`."""

import gc
import os
import sys

# nearly everything made while starting lives to the end; collecting it again and again took an
# eighth of a scan
gc.set_threshold(200_000)

FAILED = 4


def console() -> None:
    """Runs the command line as a process."""
    lost = _open_the_closed()
    status = FAILED
    try:
        from nimdoctor.cli import main

        status = main()
    except ModuleNotFoundError as error:
        from nimdoctor.model.wording import went_wrong

        if os.environ.get("NIMDOCTOR_DEBUG"):
            raise
        print(f"nimdoctor: {went_wrong(error)}", file=sys.stderr)
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass
        if sys.exc_info()[0] is None:
            # taking the interpreter apart is a sixth of a scan, and nothing is left to be done in it
            os._exit(FAILED if lost else status)


def _open_the_closed() -> bool:
    """Opens /dev/null in place of a standard stream that is closed; says whether standard output was.

    Daemons close them; a file opened later would get the number, and a message would go into it.
    """
    lost = sys.stdout is None
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    return lost


if __name__ == "__main__":
    console()
