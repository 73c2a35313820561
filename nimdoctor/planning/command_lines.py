"""The ways on from a run as command lines that work as they are printed, from wherever they are typed on this host."""

import os
from typing import Mapping, Tuple

from nimdoctor.evidence.catalog import STATE_DIRECTORY
from nimdoctor.model import Role
from nimdoctor.planning.ends import EVIDENCE_AGE
from nimdoctor.planning.fix import Options

Argv = Tuple[str, ...]


def default_state(target: str) -> str:
    """Where the runs on a target are kept unless told otherwise, as a path of this machine (over ssh of the host);
    empty for recorded evidence.

    >>> default_state(""), default_state("ssh:lpar7"), default_state("/evidence/lpar7")
    ('/var/adm/nimdoctor', '/var/adm/nimdoctor', '')
    """
    if target == "" or target.startswith("ssh:"):
        return STATE_DIRECTORY
    return os.path.realpath(target[5:]) + STATE_DIRECTORY if target.startswith("root:") else ""


def state_words(target: str, state: str) -> Argv:
    """--state-dir, where the runs on a target are kept elsewhere than by default."""
    if (
        not state
        or target.startswith("ssh:")
        or os.path.realpath(state) == os.path.realpath(default_state(target) or "/")
    ):
        return ()
    return ("--state-dir", state)


def resuming(run: str, target: str, state: str) -> Argv:
    """Goes on with a run.

    >>> " ".join(resuming("20260301T120005Z-1f2e", "", "/var/adm/nimdoctor"))
    'nimdoctor fix --resume 20260301T120005Z-1f2e'
    """
    return ("nimdoctor", "fix", *([target] if target else []), "--resume", run, *state_words(target, state))


def taking_back(run: str, target: str, state: str) -> Argv:
    """Takes a run back.

    >>> " ".join(taking_back("20260301T120005Z-1f2e", "", "/srv/runs"))
    'nimdoctor rollback 20260301T120005Z-1f2e --state-dir /srv/runs'
    """
    return ("nimdoctor", "rollback", run, *(["--target", target] if target else []), *state_words(target, state))


def making(targets: Mapping[Role, str], options: Options, state: str = "") -> Argv:
    """Makes a plan of these ends, with these options."""
    target, master = targets.get(Role.CLIENT, targets.get(Role.MASTER, "")), targets.get(Role.MASTER)
    words = ["nimdoctor", "fix", *([target] if target else [])]
    words += ["--master", master] if Role.CLIENT in targets and master is not None and master != target else []
    for name in options.only:
        words += ["--only", name]
    words += ["--transient-tftp"] if options.transient_tftp else []
    words += ["--lpp-source", options.lpp_source] if options.lpp_source else []
    words += ["--accept-hung", options.accept_hung] if options.accept_hung else []
    words += ["--probe"] if options.probe else []
    words += ["--evidence-age", str(options.evidence_age)] if options.evidence_age != EVIDENCE_AGE else []
    words += ["--change", options.change] if options.change else []
    return (*words, *state_words(target, state))


def listing(target: str, state: str) -> Argv:
    """Lists the runs, and looks whether a push has proved one."""
    return ("nimdoctor", "runs", *(["--target", target] if target else []), *state_words(target, state))
