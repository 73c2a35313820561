"""Under which names a client may stand among the NIM master's objects."""

from typing import NamedTuple, Optional, Tuple

from nimdoctor.facts.identity import HostName, MachineId
from nimdoctor.facts.lsnim import NimObject, NimObjects
from nimdoctor.facts.niminfo import NimInfo
from nimdoctor.facts.vios import VirtualIoServer
from nimdoctor.model.rows import fact


@fact()
class NimIdentity(NamedTuple):
    """`nim_name` as in niminfo, `names` of the host, its `cpuid`; what is not known is None or left out."""

    nim_name: Optional[str]
    names: Tuple[str, ...]
    cpuid: Optional[str]

    @classmethod
    def derive(cls, info: Optional[NimInfo], name: Optional[HostName], machine: Optional[MachineId]) -> "NimIdentity":
        """From niminfo, `hostname` and `uname -m`, as far as they are there."""
        names = (info.get("NIM_HOSTNAME") if info else None, name.name if name else None)
        return cls(
            info.get("NIM_NAME") if info else None,
            tuple(dict.fromkeys(found for found in names if found)),
            machine.machine_id if machine else None,
        )

    def known_as(self, name: str) -> "NimIdentity":
        """The same with one more host name."""
        return self._replace(names=(*self.names, name))

    def object_in(self, objects: Optional[NimObjects]) -> Tuple[Optional[NimObject], str]:
        """The client's one object, by NIM name, else interface, else cpuid; or None and the words that say why."""
        if objects is None:
            return None, ""
        found = objects.find_client(self.nim_name, self.names, self.cpuid)
        if len(found) == 1:
            return found[0], ""
        who = self.nim_name or next(iter(self.names), "this client")
        if not found:
            return None, f"{objects.source} shows no machine object for {who}, by name, interface or cpuid"
        return None, f"{objects.source} shows several objects for {who}: {', '.join(item.name for item in found)}"


def on_vios(ios: Optional[VirtualIoServer], own: Optional[NimObject]) -> bool:
    """Whether a client is a Virtual I/O Server: it tells a level of one, or its object is of that type."""
    return ios is not None or (own is not None and own.get("type") == "vios")
