"""The only part of nimdoctor that sends anything, and only when `--probe` is given.

On a client: one tftp read request to its master, and connects to the master's ports. On a master:
connects to its clients, nimquery where there is one, and, for a named client, one push.
"""

from nimdoctor.probe.answer import ProbeAnswer
from nimdoctor.probe.ends import Probe, ask, ask_tftp, probe_client, probe_master, tftp_address
from nimdoctor.probe.push import Push, push
from nimdoctor.probe.tcp import port_answer
from nimdoctor.probe.tftp import tftp_answer

__all__ = [
    "Probe",
    "ProbeAnswer",
    "Push",
    "ask",
    "ask_tftp",
    "port_answer",
    "probe_client",
    "probe_master",
    "push",
    "tftp_address",
    "tftp_answer",
]
