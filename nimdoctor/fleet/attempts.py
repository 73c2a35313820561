"""One bundle's work, whatever comes of it: what happens to one never ends the others."""

import os
from typing import Callable, TypeVar, Union

from nimdoctor.evidence import is_asked_now
from nimdoctor.library.targets import attempted
from nimdoctor.report.scan_report import FAILED, Failure

Made = TypeVar("Made")


def tried(path: str, work: Callable[[], Made]) -> Union[Made, Failure]:
    """What the work for that bundle makes, or the failure that it came to. Raises KeyboardInterrupt alone."""
    try:
        return attempted(path, work)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an installation that is not whole, and with NIMDOCTOR_DEBUG anything
        return Failure(path, FAILED, f"{path}: {type(error).__name__}: {error}")


def as_target(path: str) -> str:
    """The path as a target that is never a host which is asked now, whatever the file is called."""
    return os.path.join(".", path) if is_asked_now(path) else path
