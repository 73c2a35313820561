"""Errors as people paste them, read through a scan: what the first lines of the report then say."""

import pytest
from hosts import loose, scan_hosts
from scenarios import ENDS, scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome
from nimdoctor.report import text_report

ERRORS = (
    "push-failed",
    "operation-failed",
    "pull-failed",
    "fetch-failed",
    "library-not-loaded",
    "last-operation-failed",
    "ssl-object-error",
    "niminfo-broken",
)
WRAPPER = '0042-001 nim: processing error encountered on "master":\n'
HEAD = 1500
"""Characters of a report that stand on the first screen."""

PASTED = {
    "a push that nothing took": (
        "push-failed",
        WRAPPER + "   0042-006 m_cust: (From_Master) connect Connection refused\n",
    ),
    "a string of an automation": (
        "push-failed",
        """stderr: '0042-006 c_rsh: (exec_nimsh_cmd) exec_cmd Connection timed out'\n""",
    ),
    "two lines where Ansible waited": ("push-failed", "oslevels:\n  {'lpar9': 'timedout'}\n"),
    "a prompt and its refusal": ("push-failed", f"# nim -o lslpp lpar9\n{WRAPPER}0042-008 nimsh: Request denied\n"),
    "the TLS error alone": ("ssl-object-error", "Error connecting to SSL object\n"),
    "its sibling": (
        "ssl-object-error",
        WRAPPER + "0042-006 m_cust: (exec_nimsh_cmd) exec_cmd Error with peer certificate: x\n",
    ),
    "a name nobody has": ("operation-failed", '0042-053 lsnim: there is no NIM object named "lpar9"\n'),
    "resources that are in use": (
        "operation-failed",
        f'$ nim -o remove lpar9\n{WRAPPER}0042-052 m_rmmac: unable to remove "lpar9" because resources\nhave been allocated\n',
    ),
    "a mount that NFS refused": (
        "operation-failed",
        WRAPPER
        + '0042-175 c_ch: An unexpected result was returned by the "/usr/sbin/mount" command:\n1831-011 access denied\n',
    ),
    "an incomplete niminfo": (
        "niminfo-broken",
        "0042-137 nimclient: the /etc/niminfo file is missing some\n        required environment variables\n",
    ),
    "a client that its master does not answer": (
        "pull-failed",
        "# nimclient -l\n0042-006 nimclient: (To_Master) connect Connection refused\n",
    ),
    "tftp that gives nothing": (
        "fetch-failed",
        "# nimclient -c\nx - /usr/lib/libssl.so.1.0.2\ntftp: Error code 2: Access violation\n",
    ),
    "the loader's words": (
        "library-not-loaded",
        "exec(): 0509-036 Cannot load program nim because of the following errors:\n"
        "        0509-150   Dependent module /usr/lib/libssl.a(libssl.so.0.9.8) could not be loaded.\n",
    ),
    "an error that an object keeps": (
        "last-operation-failed",
        "lpar9:\n   class          = machines\n   type           = standalone\n   connect        = nimsh\n"
        "   Cstate         = ready for a NIM operation\n   Cstate_result  = failure\n"
        "   err_info       = 0042-006 m_cust: (From_Master) connect Connection refused\n",
    ),
}


def failed(report):
    return [one for one in report.results if one.outcome is Outcome.FAIL and one.check in ERRORS]


@pytest.mark.parametrize("what", PASTED)
def test_an_error_pasted_alone_is_found_and_explained_on_the_first_screen(what):
    check, text = PASTED[what]
    report = scan_hosts(loose({"mail.txt": text}))
    assert [one.check for one in failed(report)] == [check]
    (one,) = failed(report)
    assert one.cause and one.impact and one.cure
    lines = text.split("\n")
    assert one.evidence and all(lines[quote.line - 1] == quote.text for quote in one.evidence)
    assert check in text_report.render(report)[:HEAD]


def test_a_healthy_pair_has_none_of_them():
    trees = {end: RecordedEvidence(end, scenario("healthy")[end]) for end in ENDS}
    assert failed(scan_hosts(trees["client"], trees["master"])) == []
