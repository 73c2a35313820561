"""The second pass: a bundle judged with its master's evidence, as `nimdoctor scan BUNDLE --master MASTER` does, as a record."""

import contextlib
from functools import cache
from typing import Any, Dict, Optional

from nimdoctor.diagnosis.engine import Engine
from nimdoctor.diagnosis.host import Host
from nimdoctor.evidence import open_target
from nimdoctor.fleet.attempts import as_target, tried
from nimdoctor.fleet.masters import Masters
from nimdoctor.fleet.record import of_failure, of_report
from nimdoctor.fleet.standing import standing
from nimdoctor.library.registry import Registry
from nimdoctor.library.scanning import local_rules, open_hosts, scan_hosts
from nimdoctor.library.targets import collected_seldom
from nimdoctor.model.wording import visible
from nimdoctor.report.scan_report import Failure


def judge(path: str, master: Optional[str], pairing: str) -> Dict[str, Any]:
    """The record of a bundle, judged with the bundle of its master where one was found; `pairing` says how, or why none.

    A master's bundle that cannot be used leaves the client to be judged alone, and is told. Raises KeyboardInterrupt alone.
    """
    found = tried(path, lambda: _judged(path, master, pairing))
    return of_failure(found) if isinstance(found, Failure) else found


@cache
def _registry() -> Registry:
    return Registry()


@cache
def _masters() -> Masters:
    return Masters()


def _judged(path: str, master: Optional[str], pairing: str) -> Dict[str, Any]:
    registry = _registry()
    with collected_seldom(), contextlib.ExitStack() as held:
        evidence = held.enter_context(contextlib.closing(open_target(as_target(path), catalog=registry.catalog)))
        engine: Optional[Engine] = None
        if master is not None:
            end = held.enter_context(_masters().with_client(master, evidence, registry.catalog))
            if isinstance(end, Failure):
                master, pairing = (
                    None,
                    f"{pairing}; judged alone, since that bundle cannot be used: {visible(end.message)}",
                )
            else:
                engine = Engine(Host(evidence, registry.catalog), end, registry.traits)
        engine = engine or open_hosts(evidence, registry=registry)
        report = scan_hosts(engine, registry=registry, rules=local_rules())
        return of_report(path, report, standing(engine), master, pairing)
