"""The hosts of one scan as a check sees them: which of them it runs over, and what it may know of either end."""

from typing import Any, Iterator, NamedTuple, Optional

from nimdoctor import facts
from nimdoctor.diagnosis.host import FactAbsent, Host
from nimdoctor.model import Check, Role, Subject

GIVE = {Role.MASTER: "about the master: give --master", Role.CLIENT: "about a client: give that client as the target"}


class NotNamed(Exception):
    """A fact of the other end is asked for and no such host was given."""

    def __init__(self, end: Role) -> None:
        super().__init__(GIVE[end])


class CheckRun(NamedTuple):
    """One check over one host. `via_client`: a master is judged by what its client can see of it.
    `uninvited`: the check is about the other end and is asked only in case its evidence is there.
    """

    check: Check
    host: Host
    where: Role
    via_client: bool = False
    uninvited: bool = False

    @property
    def name(self) -> Optional[str]:
        """The name of the host that the result is about; None where it is the other end, which the evidence
        does not name: a client's log beside its master's objects is about a client, whichever that is.
        """
        return None if self.via_client or self.uninvited else self.host.name


class ScannedEnds:
    """The target and, where given, its master."""

    def __init__(self, target: Host, master: Optional[Host] = None) -> None:
        self.target = target
        self.master = master

    def runs(self, check: Check) -> Iterator[CheckRun]:
        """Each host that the check is for."""
        target, master = self.target, self.master
        roles = target.roles
        own = Role.CLIENT if "client" in roles or not roles else Role.MASTER
        if check.role is Role.BOTH:
            yield CheckRun(check, target, own)
            if master:
                yield CheckRun(check, master, Role.MASTER)
            return
        wanted = check.role.value
        if wanted in roles or (not roles and not (master and check.role is Role.MASTER)):
            yield CheckRun(check, target, check.role)
        elif target.evidence.loose and not (master and check.role is Role.MASTER):
            yield CheckRun(check, target, check.role, uninvited=True)
        elif check.role is Role.MASTER and not master:
            yield CheckRun(check, target, Role.MASTER, via_client=True, uninvited=True)
        if master and check.role is Role.MASTER:
            yield CheckRun(check, master, Role.MASTER)

    def fact(self, run: CheckRun, kind: Any, end: Optional[Role]) -> Any:
        """A fact of that end, of the host the check runs over where it is None. Raises FactAbsent, NotNamed."""
        if end is None or (end is run.where and not run.via_client):
            return self._own(run, kind)
        if end is Role.MASTER:
            if self.master:
                return self._elsewhere(run, self.master, kind)
            if "master" in run.host.roles or run.host.evidence.loose or not run.host.roles:
                try:
                    return run.host.fact(kind)
                except FactAbsent:
                    if "master" in run.host.roles:
                        raise
            return self._of_client(run.host, kind)
        client = self.target
        if "client" in client.roles or client.evidence.loose or not client.roles:
            return self._elsewhere(run, client, kind)
        raise NotNamed(Role.CLIENT)

    def host_of(self, run: CheckRun, end: Optional[Role]) -> Host:
        """The host whose facts of that end are taken."""
        if end is None or end is run.where:
            return run.host
        return (self.master or run.host) if end is Role.MASTER else self.target

    @staticmethod
    def _elsewhere(run: CheckRun, end: Host, kind: Any) -> Any:
        try:
            return end.fact(kind)
        except FactAbsent as absent:
            if end is run.host:
                raise
            raise FactAbsent(absent.missing, f"on {end.name or 'the other end'}: {absent.message}") from absent

    def _own(self, run: CheckRun, kind: Any) -> Any:
        """A fact of the host the check runs over; of loose files of the other end, what can only be that end's."""
        if run.via_client:
            return self._of_client(run.host, kind)
        if not run.uninvited:
            return run.host.fact(kind)
        of_a_client = run.where is Role.MASTER
        if (run.host.role_stated or of_a_client) and not run.host.only_of(run.where.value, kind):
            # a client's inetd.conf says nothing of its master's tftp
            raise NotNamed(run.where)
        try:
            return run.host.fact(kind)
        except FactAbsent:
            if run.where is Role.CLIENT:
                raise
            return self._of_client(run.host, kind)

    @staticmethod
    def _of_client(client: Host, kind: Any) -> Any:
        """What the client can know of its master: the master's objects as `nimclient -l -l` shows them."""
        if kind is facts.NimObjects:
            try:
                return client.fact(facts.NimclientObjects)
            except FactAbsent:
                pass
        raise NotNamed(Role.MASTER)

    def subject(self, run: CheckRun) -> Subject:
        """What a message may say of the host."""
        return Subject(
            name=run.name or f"this {run.where.value}",
            where=run.where,
            roles=tuple(Role(role) for role in run.host.roles),
            client_named="client" in self.target.roles,
            master_named=self.master is not None or "master" in self.target.roles,
            loose=run.host.evidence.loose,
            thorough=run.host.evidence.thorough,
            named=run.name is not None,
        )
