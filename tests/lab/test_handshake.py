"""With daemons a push is a connection, and one that hangs really hangs."""

import contextlib
import os
import signal
import subprocess
import time

import pytest

from nimdoctor.lab import Lab
from nimdoctor.model import Confidence

from .conftest import only_finding
from .test_stand_ins import COPIES, ran, read

LOG = "/var/adm/ras/nimsh.log"
SOON, LONG = 0.3, 2.0
"""Seconds after which a push that has not come back hangs; a good one takes some fifty milliseconds."""


@pytest.fixture
def live():
    """Builds a lab with daemons."""
    labs = []

    def build(scenario: str) -> Lab:
        labs.append(Lab.build(scenario, daemons=True))
        return labs[-1]

    yield build
    for lab in labs:
        lab.close()


def hangs(lab: Lab, name: str = "lpar7", seconds: float = SOON) -> bool:
    return lab.push(name, seconds).timed_out


def refresh(lab: Lab, name: str = "lpar7") -> None:
    ran(lab, name, "nimclient", "-C")
    ran(lab, name, "nimclient", "-c")


def recycle(lab: Lab) -> None:
    ran(lab, "master", "nimconfig", "-C")
    os.rename(lab.master + "/ssl_nimsh", lab.master + "/ssl_nimsh_old.1")
    ran(lab, "master", "nimconfig", "-c")


def processes(lab: Lab, end: str) -> "list[list[str]]":
    return [row.split(None, 3) for row in ran(lab, end, "ps", "-eo", "pid,ppid,etime,args").splitlines()[1:]]


def test_pushes_of_a_healthy_lab_come_back(live, scan):
    lab = live("healthy")
    assert scan(lab).exit_status == 0
    for name in lab.clients:
        result = lab.push(name)
        assert (result.status, result.stderr) == (0, b"")
        assert b"bos.mp64" in result.stdout
        assert lab.connect(name) == "nimsh (secure)"
    assert scan(lab).exit_status == 0


def test_the_client_alone_cures_a_missed_recycle(live):
    lab = live("create-bio-hang")
    before = lab.snapshot("master")
    assert hangs(lab, seconds=LONG)
    refresh(lab)
    assert lab.push().status == 0
    assert lab.connect() == "nimsh (secure)"
    assert lab.push("lpar8").status == 0
    assert lab.snapshot("master") == before


def test_recycling_the_master_alone_cures_nobody(live):
    lab = live("create-bio-hang")
    recycle(lab)
    assert hangs(lab) and hangs(lab, "lpar8")
    refresh(lab, "lpar8")
    assert hangs(lab)
    assert lab.push("lpar8").status == 0


@pytest.mark.parametrize("scenario", ["create-bio-hang-master", "certificates-run-out"])
def test_certificates_that_no_longer_serve_need_the_master_and_then_each_client(scenario, live):
    lab = live(scenario)
    assert hangs(lab)
    refresh(lab)
    assert hangs(lab)
    recycle(lab)
    assert hangs(lab)
    refresh(lab)
    assert lab.push().status == 0
    assert hangs(lab, "lpar8")
    refresh(lab, "lpar8")
    assert lab.push("lpar8").status == 0


def test_both_known_issues_need_both_cures(live):
    lab = live("both-known-issues")
    assert hangs(lab)
    refresh(lab)
    assert b"Error connecting to SSL object" in lab.push().stderr
    for path in COPIES:
        os.unlink(lab.client + path)
    ran(lab, "client", "nimclient", "-c")
    assert lab.push().status == 0


@contextlib.contextmanager
def pushing(lab: Lab):
    """A push that goes on in the background until the block ends; begun when nimsh has a child."""
    words = [lab.master + "/usr/sbin/nim", "-o", "lslpp", "lpar7"]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        assert _within(5, lambda: len(nimsh(lab)) == 2)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def nimsh(lab: Lab) -> "list[list[str]]":
    return [row for row in processes(lab, "client") if "/usr/sbin/nimsh" in row[3]]


def test_a_hang_is_seen_on_both_ends_and_ends_with_the_push(live):
    lab = live("create-bio-hang")
    with pushing(lab):
        daemon, child = sorted(nimsh(lab), key=lambda row: row[1] != "3211664")
        assert child[1] == daemon[0]
        assert "ESTABLISHED" in ran(lab, "client", "netstat", "-an")
        assert "nim -o lslpp lpar7" in [row[3] for row in processes(lab, "master")]
        assert _within(5, lambda: read(lab.client, LOG).rstrip().endswith(b"create BIO"))
    assert _within(5, lambda: len(nimsh(lab)) == 1)
    assert "nim -o lslpp lpar7" not in [row[3] for row in processes(lab, "master")]
    assert read(lab.client, LOG).rstrip().endswith(b"create BIO")


def test_a_push_that_hangs_goes_on_hanging_when_nimsh_is_restarted(live):
    lab = live("create-bio-hang")
    with pushing(lab):
        refresh(lab)
        assert [row[1] for row in nimsh(lab)].count("1") == 1
    assert lab.push().status == 0


def test_a_stopped_nimsh_refuses_and_a_started_one_answers(live):
    lab = live("nimsh-inactive")
    assert b"Connection refused" in lab.push().stderr
    ran(lab, "client", "startsrc", "-s", "nimsh")
    assert lab.push().status == 0
    ran(lab, "client", "stopsrc", "-s", "nimsh")
    assert b"Connection refused" in lab.push().stderr


def test_a_client_without_crypto_is_pushed_to_in_clear(live):
    lab = live("client-not-secure")
    assert lab.push().status == 0
    assert lab.connect() == "nimsh"
    refresh(lab)
    assert lab.push().status == 0
    assert lab.connect() == "nimsh (secure)"


def test_another_machine_id_is_refused_as_nimsh_does(live):
    lab = live("healthy")
    place = lab.master + "/.lab/host"
    with open(place, encoding="utf-8") as stream:
        text = stream.read()
    with open(place, "w", encoding="utf-8") as stream:
        stream.write(text.replace("MACHINE_ID=00F6A1B14C00", "MACHINE_ID=00F600000000"))
    assert b"0042-006" in lab.push().stderr
    assert b"error: remote value passed, '00F600000000'" in read(lab.client, LOG)


def test_a_lab_with_daemons_cannot_be_copied(live):
    with pytest.raises(ValueError, match="daemons"):
        live("healthy").copy()


def test_a_hang_can_be_shown_without_one(lab_of, scan):
    lab = lab_of("create-bio-hang")
    lab.hang()
    assert [row[3] for row in processes(lab, "client") if row[1] == "7799162"] == ["/usr/sbin/nimsh -s -c"]
    assert "nim -o lslpp lpar7" in [row[3] for row in processes(lab, "master")]
    assert only_finding(scan(lab), "create-bio-hang").confidence is Confidence.CERTAIN


def test_without_daemons_the_outcome_is_the_same(lab_of):
    lab = lab_of("create-bio-hang")
    assert hangs(lab)
    assert [row for row in processes(lab, "client") if row[1] == "7799162"] == []
    recycle(lab)
    assert hangs(lab) and hangs(lab, "lpar8")
    refresh(lab)
    assert lab.push().status == 0
    assert lab.connect() == "nimsh (secure)"


def _within(seconds: float, happened) -> bool:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
