"""The process that holds a rehearsal: private keys are loaded here and nowhere else, and end with it.

It sees to it that it leaves no core file, reads the files, runs the steps and prints one line. Nothing of
a file's content goes into that line but fingerprints of certificates.
"""

import json
import resource
import signal
import sys
import warnings
from typing import Dict, List, Optional

from nimdoctor.evidence.rehearsal import CERTIFICATES, FAILS, FITS, KEYS, UNDONE
from nimdoctor.evidence.rehearsal.failure import RehearsalFailure
from nimdoctor.evidence.rehearsal.pem import PemFile, PemTooLarge, read_directory
from nimdoctor.model.unreadable import refused

GET_IT = "install it from the AIX Toolbox (python3 pyOpenSSL), or with pip as nimdoctor[aix]"


def main(arguments: List[str]) -> None:
    """`TIMEOUT [ROOT]`: prints the verdict and returns."""
    no_core_file()
    # should whoever waits for us be killed, nobody else ends this process
    signal.alarm(int(float(arguments[0])) + 2)
    print(json.dumps(verdict(arguments[1] if len(arguments) > 1 else None)), flush=True)


def no_core_file() -> None:
    """Whatever this process dies of, its memory is not written to a file. Raises OSError, ValueError."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def verdict(root: Optional[str]) -> Dict[str, object]:
    """The line to print, as a dict."""
    try:
        certificates = read_directory(CERTIFICATES, root)
        keys = read_directory(KEYS, root)
    except PemTooLarge as error:
        return {"rehearsal": UNDONE, "reason": str(error)}
    except OSError as error:
        return {"rehearsal": UNDONE, "reason": f"{error.filename or KEYS} cannot be read: {refused(error)}"}
    try:
        return _held(certificates, keys)
    except RehearsalFailure as failure:
        # a file that was not seen may be the one that fits
        for file in (*certificates, *keys):
            if file.hidden:
                return {"rehearsal": UNDONE, "reason": f"{file.path} {file.unread}"}
        return {"rehearsal": FAILS, **failure.as_dict()}


def _held(certificates: List[PemFile], keys: List[PemFile]) -> Dict[str, object]:
    # pyOpenSSL warns of every object of its own; cryptography's refuse what nimsh takes
    warnings.simplefilter("ignore")
    try:
        from nimdoctor.evidence.rehearsal.performance import perform
    except ImportError as error:
        missing = error.name in ("OpenSSL", "cryptography")
        why = "is not installed for" if missing else "cannot be loaded by"
        return {"rehearsal": UNDONE, "reason": f"pyOpenSSL {why} {sys.executable}: {GET_IT}"}
    except Exception as error:  # a compiled module of another level: whatever it raises
        return {
            "rehearsal": UNDONE,
            "reason": f"pyOpenSSL cannot be loaded by {sys.executable}: {type(error).__name__}",
        }
    return {"rehearsal": FITS, **perform(certificates, keys)}
