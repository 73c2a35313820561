"""What a record tells of a host beside its report: generation, time, and how its certificates stand to its master's."""

from typing import NamedTuple, Optional

from nimdoctor import facts
from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.held_certificates import HostCertificates, certificates_of
from nimdoctor.diagnosis.host import Host
from nimdoctor.facts.lsnim import SECURE
from nimdoctor.fleet.masters import told


class Standing(NamedTuple):
    """Times are seconds since 1970; what is not known is None.

    `master` is the name of its master, also where no evidence of that was given. `not_after` is the end of the certificate
    in use that runs out first, `days` how many whole ones were left of it when the evidence was collected, less than 0 once
    it had run out. `followed` says whether a secured client holds one of its master's present certificates.
    """

    generation: Optional[str] = None
    collected: Optional[int] = None
    master: Optional[str] = None
    not_after: Optional[int] = None
    days: Optional[int] = None
    followed: Optional[bool] = None


def standing(engine: Engine) -> Standing:
    """That of the target of a scan. Nothing of it makes a scan fail: the checks tell what breaks."""
    host = engine.target
    generation, held = told(host, facts.NimGeneration), _certificates(host)
    ends = [one.x509.not_after for one in held.certificates if one.used] if held else []
    return Standing(
        generation.proved if generation else None,
        collected_at(host),
        _master_of(engine),
        min(ends, default=None),
        held.days_left() if held and held.of_host else None,
        _followed(engine, held),
    )


def collected_at(host: Host) -> Optional[int]:
    """When its evidence was collected, in seconds since 1970: by its manifest, else by its own date."""
    if host.evidence.collected is not None:
        return host.evidence.collected
    date = told(host, facts.UtcDate)
    return date.epoch if date else None


def _certificates(host: Host) -> Optional[HostCertificates]:
    return next(iter(certificates_of([host], ()).hosts), None)


def _master_of(engine: Engine) -> Optional[str]:
    if engine.master:
        return engine.master.name
    info = told(engine.target, facts.NimInfo) if engine.target.roles != ("master",) else None
    return info.get("NIM_MASTER_HOSTNAME") if info else None


def _followed(engine: Engine, own: Optional[HostCertificates]) -> Optional[bool]:
    """Whether a client that is secured holds a certificate of those that its master uses now."""
    if not engine.master or "client" not in engine.target.roles or not _secured(engine):
        return None
    master, details = _certificates(engine.master), told(engine.master, facts.CertificateDetails)
    if not own or not master or not details:
        return None
    mine = {one.identity for one in own.certificates}
    present = {one.identity for one in master.certificates if one.used}
    if not mine.isdisjoint(present):
        # which are the present ones is not known without the times of the files
        return True if details.timed() else None
    return False if present and own.whole and master.whole else None


def _secured(engine: Engine) -> bool:
    """By nimsh's own arguments, else by what the master says of it."""
    mode = told(engine.target, facts.NimshMode)
    if mode:
        return mode.secure
    identity = told(engine.target, facts.NimIdentity)
    objects = told(engine.master, facts.NimObjects) if engine.master else None
    machine = identity.object_in(objects)[0] if identity else None
    return machine is not None and machine.connect == SECURE
