"""What is known of the ends that a plan is for, and what of it each fix is given."""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from nimdoctor.diagnosis.engine import Engine, Result
from nimdoctor.diagnosis.host import Host
from nimdoctor.facts import CertificateState, Extractor, LibraryArchives, MachineId, NimIdentity, NimObjects
from nimdoctor.model import Role
from nimdoctor.planning.conditions.files import OLD_MEMBERS
from nimdoctor.planning.document import PlanHost
from nimdoctor.planning.ends import End, Ends
from nimdoctor.planning.fix import Fix, FixContext, Options, is_nim_name


class Probed(NamedTuple):
    """What `--probe` found before planning: where tftp was asked and said whether it lives, and another secured client
    that is pushed well.
    """

    tftp_address: Optional[Tuple[str, int]] = None
    pushed_well: Optional[str] = None


class PlanEnds:
    """The ends of a plan with the scanned `hosts` behind them; `client` is the client's NIM name, where it has one that
    a command could take, and `cautions` say why it has none.
    """

    def __init__(self, engine: Engine, ends: Ends) -> None:
        self.ends = ends
        self.hosts = _hosts(engine, list(ends.ends.values()))
        self.cautions: List[str] = []
        self.client = self._client_name()

    @property
    def one_host(self) -> bool:
        """Whether the client and the master are the same host."""
        client, master = self.ends.ends.get(Role.CLIENT), self.ends.ends.get(Role.MASTER)
        return client is not None and master is not None and client.target == master.target

    def name(self, where: Role) -> Optional[str]:
        """The host name of an end; None where there is none."""
        return self.hosts[where].name if where in self.hosts else None

    def host(self, end: End) -> PlanHost:
        """An end as a plan names it."""
        host = self.hosts[end.where]
        machine = host.optional(MachineId)
        return PlanHost(host.name, end.target, machine.machine_id if machine else None, host.oslevel)

    def context(
        self, fix: Fix, findings: Sequence[Result], chosen: Tuple[str, ...], options: Options, probed: Probed
    ) -> FixContext:
        """What one fix is given to plan by; `chosen` are the fixes that are called."""
        ends = tuple(self.ends.ends)
        if self.one_host and fix.where is not Role.BOTH:
            # a host that is both is not its own master
            ends = (fix.where,)
        return FixContext(
            findings=tuple(findings),
            options=options,
            fixes=chosen,
            client=self.client,
            client_host=self.name(Role.CLIENT),
            master_host=self.name(Role.MASTER),
            ends=ends,
            recorded=tuple(where for where in ends if self.ends.ends[where].recorded),
            extractor_cured_at=self._extractor_cured_at(),
            tftp_address=probed.tftp_address,
            pushed_well=probed.pushed_well,
            fetch_replaces=self._fetch_replaces(),
            comparable=self._comparable(),
        )

    def _fetch_replaces(self) -> bool:
        """Whether the client may hold a certificate that is none of its master's, over which a fetch would write."""
        held, served = (
            self.hosts[where].optional(CertificateState) if where in self.hosts else None
            for where in (Role.CLIENT, Role.MASTER)
        )
        if held is None or held.certificates is None:
            return True
        return not held.certificates <= ((served.certificates if served else None) or frozenset())

    def _extractor_cured_at(self) -> str:
        """The level of the client's nim.client where it takes the members of any OpenSSL, and those of 0.9.8 are not there."""
        host = self.hosts.get(Role.CLIENT)
        archives = host.optional(LibraryArchives) if host else None
        extractor = host.optional(Extractor) if host else None
        if archives and all(archives.members_named(*one) for one in OLD_MEMBERS):
            return ""
        return str(extractor.level) if extractor and extractor.cured else ""

    def _comparable(self) -> bool:
        """Whether a certificate that was fetched can be told to be the master's."""
        end = self.ends.ends.get(Role.MASTER)
        held = self.hosts[Role.MASTER].optional(CertificateState) if end else None
        return end is not None and (end.live or bool(held and held.certificates))

    def _client_name(self) -> Optional[str]:
        """The client's NIM name: its own word for it, else the object in the master's list that is this host."""
        if Role.CLIENT not in self.hosts:
            return None
        identity = self.hosts[Role.CLIENT].optional(NimIdentity)
        if identity is None:
            return None
        master = self.hosts.get(Role.MASTER)
        objects = master.optional(NimObjects) if master else None
        own, _ = identity.object_in(objects)
        name = own.name if own else identity.nim_name
        if name is not None and not is_nim_name(name):
            self.cautions.append(f"the client's NIM name {name!a} is none that a command could take, so it is not used")
            return None
        return name


def _hosts(engine: Engine, ends: Sequence[End]) -> Dict[Role, Host]:
    """The scanned host of each end."""
    hosts: Dict[Role, Host] = {}
    for end in ends:
        own = engine.target if end.where is Role.CLIENT or engine.master is None else engine.master
        hosts[end.where] = own
    return hosts
