"""The embedded samples: whole hosts, master and client, so that a newcomer without AIX sees a diagnosis."""

import importlib
import os
from typing import List, Tuple

DEFAULT = "create-bio-hang"


def _place() -> str:
    samples = importlib.import_module("nimdoctor.samples")
    return os.path.dirname(os.path.abspath(samples.__file__ or ""))


def scenarios() -> List[str]:
    """Names of the samples."""
    place = _place()
    return sorted(name for name in os.listdir(place) if os.path.isdir(os.path.join(place, name, "client")))


def directories(scenario: str) -> Tuple[str, str]:
    """Evidence directories of a sample's client and master."""
    place = os.path.join(_place(), scenario)
    return os.path.join(place, "client"), os.path.join(place, "master")


def introduction(scenario: str) -> str:
    """What is shown, and that it is a sample."""
    return (
        f"This is a sample, not a real host: the client lpar7 and its NIM master nim1, scenario {scenario}.\n"
        "Their evidence was written by hand in the shape AIX prints. On a real client, as root, run\n"
        "`nimdoctor scan`; with evidence of both ends, `nimdoctor scan CLIENT --master MASTER`.\n\n"
    )
