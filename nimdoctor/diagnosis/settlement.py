"""What settles an unknown that only says what is missing."""

from typing import Optional, Sequence

from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence.catalog import Kind
from nimdoctor.model import Command, File, Role, Settlement
from nimdoctor.model.language import IN_ENGLISH, NOT_ENGLISH


def settlement_of(missing: Sequence[str], where: Role, target: Host, master: Optional[Host]) -> Optional[Settlement]:
    """The first of these catalog names that is a file or a command: on that end, or on the only one that has it.

    None where none of them is either. What is known of the hosts stands in the places of a command's placeholders. What
    was answered in another language is asked for in English.
    """
    for name in missing:
        row = target.catalog.named(name)
        only = next(iter(row.roles)) if row and len(row.roles) == 1 else None
        end = Role(only) if only else where
        if name.startswith("/"):
            return File(name, end)
        if row is not None and row.kind is Kind.COMMAND:
            host = master if end is Role.MASTER and master else target
            english = ("env", IN_ENGLISH) if NOT_ENGLISH in host.unread(name) else ()
            return Command(*english, *(host.command(row) if name == row.label else name.split()), where=end)
    return None
