"""`nimdoctor ask`: what to send, as a mail to whoever has the hosts."""

from typing import List, Optional

import typer

from nimdoctor.cli.output import say, write


def ask(
    targets: Optional[List[str]] = typer.Argument(
        None, metavar="TARGET", help="As for scan: evidence, an archive, loose files; root:DIR; ssh:[USER@]HOST."
    ),
    master: Optional[str] = typer.Option(None, "--master", metavar="TARGET", help="The NIM master's evidence."),
    timeout: float = typer.Option(
        30.0, "--timeout", metavar="S", min=0.1, max=86400.0, help="Seconds one command may take."
    ),
) -> int:
    """Print what is still needed of a host, as a mail to send."""
    from nimdoctor.cli.waiting import Waiting
    from nimdoctor.library.targets import ScanRequest, each
    from nimdoctor.model.wording import visible
    from nimdoctor.report.scan_report import Failure
    from nimdoctor.report.sending import mail

    names = targets or [""]
    waiting = Waiting()
    request = ScanRequest(timeout=timeout, progress=waiting)
    registry = request.checked(names)
    status, parting = 0, ""
    try:
        for found in each(request, names, master, registry):
            if isinstance(found, Failure):
                say(visible(found.message))
                status = max(status, found.exit_status)
            else:
                write(parting + mail(found), None)
                parting = "\n"
    finally:
        waiting.close()
    return status
