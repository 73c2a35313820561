"""What OpenSSL says of an error, in its words and by its number as `openssl errstr` takes it."""

from typing import Any, Tuple

_LIBRARIES, _REASONS = 128, 1200
_SHIFTS = (23, 24)
"""An error's number is library and reason packed; the library stands there since 3.0, and before."""


def first_error(error: Exception) -> Tuple[str, str]:
    """Reason and code of the error that came first, which the later ones follow from."""
    for entry in error.args[0] if error.args and isinstance(error.args[0], list) else []:
        library, _, reason = entry
        if reason:
            return reason, code_of(library, reason)
    return type(error).__name__, ""


def code_of(library: str, reason: str) -> str:
    """`error:0A000086`, or `error:LIBRARY` where the number cannot be found.

    pyOpenSSL gives the words alone, so the number is the one for which OpenSSL has these words.
    """
    try:
        from OpenSSL._util import lib, text  # no public door leads to the numbers

        for shift in _SHIFTS:
            found = _number(lib, text, shift, library, reason)
            if found:
                return f"error:{found:08X}"
    except Exception:  # another pyOpenSSL: the words say the same
        pass
    return f"error:{library}"


def _number(lib: Any, text: Any, shift: int, library: str, reason: str) -> int:
    for number in range(1, _LIBRARIES):
        if text(lib.ERR_lib_error_string(number << shift)) == library:
            for low in range(1, _REASONS):
                if text(lib.ERR_reason_error_string(number << shift | low)) == reason:
                    return number << shift | low
    return 0
