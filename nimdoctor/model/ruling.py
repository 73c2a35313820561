"""Steps that several checks rule out, named for what their findings say; a check gives them as its `rules_out`."""

from typing import Tuple

from nimdoctor.model import Role, RuledOut

LIBRARIES = ("/usr/lib/libssl.so*", "/usr/lib/libcrypto.so*")
"""The copies that `nimclient -c` extracts."""

NO_FETCH = (
    RuledOut(Role.CLIENT, ("nimclient", "-c")),
    *(RuledOut(Role.CLIENT, path=pattern) for pattern in LIBRARIES),
)
"""`nimclient -c` cannot work, so copies that it alone brings back are not removed."""

NO_WAY_BACK = (*NO_FETCH, RuledOut(Role.CLIENT, ("nimclient", "-C")))
"""Crypto that is switched off could not be switched on again."""

NO_NIMSH = tuple(
    RuledOut(None, argv)
    for argv in (
        ("startsrc", "-s", "nimsh"),
        ("nimclient", "-C"),
        ("nimclient", "-c"),
        ("nimclient", "-p"),
        ("niminit",),
    )
)
"""nimsh cannot start on the end the finding is about, nor again where something stops it."""


def no_command(*programs: str) -> Tuple[RuledOut, ...]:
    """None of these programs of NIM works on the end the finding is about; nor then is a copy of a library removed."""
    return (
        *(RuledOut(None, (program,)) for program in programs),
        *(RuledOut(None, path=pattern) for pattern in LIBRARIES),
    )


NO_INSTALLATION = (RuledOut(Role.MASTER, ("nim", "-o", "cust")),)
"""The master cannot, or must not, install anything on the client."""
NO_PUSH = NO_INSTALLATION
"""No push reaches the client, by which the master would install."""
