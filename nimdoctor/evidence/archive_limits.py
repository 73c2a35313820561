"""What an archive may hold. It comes from somebody else's mail: what it declares is believed only as a reason to refuse it."""

from nimdoctor.evidence.manifest import stays_inside

MEMBERS = 20_000
NAME_LENGTH = 1_023
"""The longest path AIX has."""
DEPTH = 100
MEMBER_SIZE = 256 * 1024 * 1024
TOTAL_SIZE = 1024 * 1024 * 1024


class Breach(Exception):
    """A limit is broken; the message names it."""


class Limits:
    """Counts what the members declare, each before its bytes are looked at."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def admit(self, name: str, size: int) -> str:
        """The member's plain name; empty for the archive's own top. Raises Breach."""
        self.count += 1
        self.total += max(0, size)
        if self.count > MEMBERS:
            raise Breach(f"more than {MEMBERS:,} members: {shown(name)}")
        if len(name) > NAME_LENGTH or name.count("/") > DEPTH:
            # every folder of a name is kept, so that one deep name could fill the memory
            raise Breach(f"a name of more than {NAME_LENGTH:,} characters or {DEPTH} folders: {shown(name)}")
        if not stays_inside(name):
            raise Breach(f"a name that leads outside: {shown(name)}")
        if size < 0 or size > MEMBER_SIZE:
            raise Breach(f"a member of more than 256 MiB: {shown(name)}")
        if self.total > TOTAL_SIZE:
            raise Breach(f"more than 1 GiB in all: {shown(name)}")
        return "/".join(part for part in name.split("/") if part not in ("", "."))


def shown(name: str) -> str:
    """A member's name as messages say it."""
    return ascii(name)[1:-1][:200]
