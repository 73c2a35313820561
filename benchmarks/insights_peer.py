"""insights-core over the same bundles, with three rules: run by a Python that has it, with the bundles as arguments.

What it prints is processor seconds and how many of them were judged, as JSON.
"""

import json
import logging
import os
import sys

from insights import make_fail, rule, run
from insights.core import Parser
from insights.core.context import ExecutionContext, fs_root
from insights.core.plugins import parser
from insights.core.spec_factory import SpecSet, simple_file


@fs_root
class Collected(ExecutionContext):
    """An evidence directory, as `nimdoctor collect` writes it."""

    marker = "manifest.json"


class Specs(SpecSet):
    """What the three rules read."""

    subsystems = simple_file("commands/lssrc_-a", context=Collected)
    niminfo = simple_file("files/etc/niminfo", context=Collected)
    log = simple_file("files/var/adm/ras/nimsh.log", context=Collected)


class Lines(Parser):
    """A text by its lines."""

    def parse_content(self, content):
        """Takes the lines as they are."""
        self.lines = content


@parser(Specs.subsystems)
class Subsystems(Lines):
    """`lssrc -a`."""


@parser(Specs.niminfo)
class NimInfo(Lines):
    """/etc/niminfo."""


@parser(Specs.log)
class NimshLog(Lines):
    """nimsh.log."""


@rule(Subsystems)
def nimsh_inactive(subsystems):
    """nimsh does not run."""
    if not any(line.split()[:1] == ["nimsh"] and line.split()[-1] == "active" for line in subsystems.lines):
        return make_fail("NIMSH_INACTIVE")
    return None


@rule(NimInfo)
def connects_by_rsh(niminfo):
    """The client is not reached by nimsh."""
    if not any("NIM_SERVICE_HANDLER" in line or ("connect" in line and "nimsh" in line) for line in niminfo.lines):
        return make_fail("CONNECTS_BY_RSH")
    return None


@rule(NimshLog)
def hangs_at_create_bio(log):
    """The newest session ends at the handshake."""
    last = next((line for line in reversed(log.lines) if line.strip()), "")
    return make_fail("HANGS_AT_CREATE_BIO") if "create BIO" in last else None


RULES = [nimsh_inactive, connects_by_rsh, hangs_at_create_bio]


def spent() -> float:
    """Seconds of processor, those of tar too, by which it unpacks."""
    return sum(os.times()[:4])


def main() -> None:
    """Judges each bundle; the first ones are not counted, since they load what is needed."""
    logging.disable(logging.CRITICAL)
    warm, bundles = sys.argv[1:6], sys.argv[6:]
    for path in warm:
        run(RULES, root=path, context=Collected)
    began, judged = spent(), 0
    for path in bundles:
        broker = run(RULES, root=path, context=Collected)
        judged += any(one in broker for one in RULES)
    print(json.dumps({"seconds": spent() - began, "judged": judged}))


if __name__ == "__main__":
    main()
