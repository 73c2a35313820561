"""nimdoctor: a doctor for NIMSH over SSL on IBM AIX.

As a library: `scan`, `scan_many`, `plan` and `apply`, what they give, and what they raise; `nimdoctor.library.interface`
says of each what it takes. It is loaded when the first of them is asked for.
"""

from typing import TYPE_CHECKING, Any, List

__version__ = "0.1.0"
__all__ = [
    "Failure",
    "Incomplete",
    "Plan",
    "Refused",
    "Report",
    "Result",
    "TargetError",
    "UsageError",
    "__version__",
    "apply",
    "plan",
    "scan",
    "scan_many",
]

if TYPE_CHECKING:
    from nimdoctor.library.interface import (
        Failure,
        Incomplete,
        Plan,
        Refused,
        Report,
        Result,
        TargetError,
        UsageError,
        apply,
        plan,
        scan,
        scan_many,
    )


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nimdoctor.library import interface

    return getattr(interface, name)


def __dir__() -> List[str]:
    return sorted({*globals(), *__all__})
