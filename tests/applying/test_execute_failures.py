"""A step that fails, hangs, lies or does half of its work: the host is put back, or it is said where it stands."""

import json
import os

import pytest
from killing.children import nimdoctor
from killing.scenes import STATE
from killing.staging import lay_fault

from nimdoctor.planning.steps import NIMCLIENT_DEADLINE, NIMCONFIG_DEADLINE


def fix(lab, *words, prepare=lambda: None):
    ended = nimdoctor(
        ["fix", lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes", "--format", "json"],
        prepare,
    )
    return ended.status, json.loads(ended.out)["result"], ended.err


def resume(lab, *words):
    ended = nimdoctor(
        ["fix", "--resume", "last", "--yes", "--state-dir", lab.client + STATE, "--format", "json", *words]
    )
    return ended.status, json.loads(ended.out)["result"]


def runs(lab, end="client", *words):
    ended = nimdoctor(["runs", "--state-dir", lab.tree(end) + STATE, "--format", "json", *words])
    assert ended.status == 0, ended.err
    return json.loads(ended.out)["runs"]


def times(lab, *paths):
    return [os.lstat(lab.client + path).st_mtime_ns for path in paths]


COPIES = ("/usr/lib/libssl.so.0.9.8", "/usr/lib/libcrypto.so.0.9.8")


@pytest.mark.parametrize("fault", ["fail", "half", "silent", "hang"])
def test_a_fetch_that_comes_to_nothing_leaves_the_copies_and_nimsh_as_they_were(lab_of, fault):
    lab = lab_of("stale-ssl-libs")
    before, written = lab.snapshot(), times(lab, *COPIES)
    status, result, _ = fix(lab, prepare=lambda: lay_fault(lab, "client", "nimclient -c", fault))
    assert (status, result["state"], result["stands"]) == (1, "restored", [])
    assert [one["outcome"] for one in result["steps"]] == ["undone", "undone", "failed"]
    assert [one["outcome"] for one in result["findings"]] == ["restored"]
    assert lab.snapshot() == before and times(lab, *COPIES) == written
    assert b"active" in lab.run("client", "lssrc", "-s", "nimsh").stdout.split()
    assert runs(lab)[0]["why"] == result["why"]


def test_a_command_that_hangs_is_ended_at_its_deadline_and_named(lab_of):
    lab = lab_of("stale-ssl-libs")
    _, result, _ = fix(lab, prepare=lambda: lay_fault(lab, "client", "nimclient -c", "hang"))
    assert "nimclient -c did not end within 0.5 s and was ended" in result["why"]
    assert (NIMCLIENT_DEADLINE, NIMCONFIG_DEADLINE) == (300, 600)


def test_a_command_that_did_its_work_and_then_hangs_counts_as_done(lab_of):
    lab = lab_of("create-bio-hang")
    status, result, _ = fix(lab, prepare=lambda: lay_fault(lab, "client", "nimclient -c", "late"))
    assert (status, result["state"]) == (0, "applied-unverified")
    assert "all its effects are seen" in result["steps"][1]["says"]


def test_a_command_that_says_it_succeeded_and_did_nothing_is_found_out(lab_of):
    lab = lab_of("nimsh-inactive")
    status, result, _ = fix(lab, prepare=lambda: lay_fault(lab, "client", "startsrc -s nimsh", "silent"))
    assert (status, result["state"]) == (1, "restored")
    assert "done, but not seen: nimsh is active" in result["why"]


@pytest.mark.parametrize("fault", ["fail", "half", "hang"])
def test_within_the_recycle_a_failure_stops_and_the_way_is_forward(lab_of, fault):
    lab = lab_of("create-bio-hang-master")
    status, result, _ = fix(lab, "--affects", "1", prepare=lambda: lay_fault(lab, "master", "nimconfig -c", fault))
    run = result["run"]
    assert (status, result["state"]) == (1, "stopped")
    assert result["stands"][:2] == [
        "switch SSL off on the master: done",
        "rename the old certificates' tree: done",
    ]
    assert result["stands"][-1] == f"the only way is forward: nimdoctor fix {lab.client_target} --resume {run}"
    assert os.path.isdir(f"{lab.master}/ssl_nimsh_old.{run}")
    assert lab.calls("client") == []

    taken_back = nimdoctor(["rollback", "--yes", "--state-dir", lab.client + STATE])
    assert taken_back.status == 1 and f"nimdoctor fix {lab.client_target} --resume {run}" in taken_back.err

    status, result = resume(lab)
    assert (status, result["state"]) == (0, "applied-unverified")
    assert os.path.isdir(f"{lab.master}/ssl_nimsh_half.{run}") == (fault == "half")
    assert lab.calls("master") == ["nimconfig -C", "nimconfig -c", "nimconfig -c"]
    assert lab.calls("client") == ["nimclient -C", "nimclient -c"]
    assert lab.push().status == 0 and lab.connect() == "nimsh (secure)"


@pytest.mark.parametrize("fault", ["fail", "silent"])
def test_when_niminit_fails_the_old_niminfo_returns(lab_of, fault):
    lab = lab_of("client-uses-rsh")
    before = lab.snapshot()
    plan = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, "--format", "json"])
    call = next(" ".join(step["do"]["argv"]) for step in json.loads(plan.out)["steps"] if "niminit" in step["id"])
    status, result, _ = fix(lab, prepare=lambda: lay_fault(lab, "client", call, fault))
    assert (status, result["state"]) == (1, "restored")
    assert lab.snapshot() == before


# -- what stands of a step that could be taken back in part only

CRYPTO_OFF = (
    "switch crypto off at the client: begun, some of its effects are there (its inverse is nimclient -c, which needs the "
    "fetch from the master)"
)


@pytest.fixture
def half_off(lab_of):
    """A lab whose client has crypto off by a command that said it had failed, and the run that stopped there."""
    lab = lab_of("create-bio-hang")
    status, result, _ = fix(lab, prepare=lambda: lay_fault(lab, "client", "nimclient -C", "lie"))
    assert (status, result["state"], result["stands"]) == (1, "stopped", [CRYPTO_OFF])
    assert [one["outcome"] for one in result["steps"]] == ["failed", "not-begun"]
    assert runs(lab)[0]["stands"] == [CRYPTO_OFF]
    return lab


def test_a_rollback_says_what_stands_and_takes_nothing_back_twice(half_off):
    before, called = half_off.snapshot(), half_off.calls("client")
    for status, words in ((1, CRYPTO_OFF), (1, "there is nothing to take back")):
        ended = nimdoctor(["rollback", "--yes", "--state-dir", half_off.client + STATE])
        assert ended.status == status and words in " ".join((ended.out + ended.err).split()), ended
        assert (half_off.snapshot(), half_off.calls("client")) == (before, called)
        assert (runs(half_off)[0]["state"], runs(half_off)[0]["stands"]) == ("abandoned", [CRYPTO_OFF])


def test_a_resume_goes_on_from_what_stands_and_then_nothing_does(half_off):
    status, result = resume(half_off)
    assert (status, result["state"], result["stands"]) == (0, "applied-unverified", [])
    assert half_off.calls("client") == ["nimclient -C", "nimclient -C", "nimclient -c"]
    assert runs(half_off)[0]["stands"] == []


def test_a_resume_that_fails_before_it_gets_there_says_again_what_stands(half_off):
    with open(f"{half_off.client}/.lab/proc/777", "w", encoding="ascii") as stream:
        stream.write("1 60 - /usr/sbin/installp -acgXd /mnt all\n")
    status, result = resume(half_off)
    assert (status, result["state"], result["stands"]) == (1, "stopped", [CRYPTO_OFF])
    assert half_off.calls("client") == ["nimclient -C"]
    os.unlink(f"{half_off.client}/.lab/proc/777")
    assert resume(half_off)[0] == 0


# -- what is opened for a time


def tftp(lab):
    with open(f"{lab.master}/.lab/inetd", encoding="ascii") as stream:
        return any(line.startswith("tftp\t") for line in stream)


def somebody_fetches(lab):
    with open(f"{lab.master}/.lab/proc/777", "w", encoding="ascii") as stream:
        stream.write("1 1000 - tftpd -n\n")
    return lambda: os.unlink(f"{lab.master}/.lab/proc/777")


def after_the_fetch(lab, change):
    """Prepares that something changes when the client has its certificate."""
    from nimdoctor.applying.step_commands import StepCommands

    command = StepCommands.run

    def run(self, now, where, argv, deadline):
        said = command(self, now, where, argv, deadline)
        if list(argv) == ["nimclient", "-c"]:
            change()
        return said

    StepCommands.run = run


TRANSIENT = ("create-bio-hang+tftp-disabled", "--transient-tftp")


@pytest.mark.parametrize("fault", ["fail", "half"])
def test_tftp_is_closed_again_though_a_step_failed_after_the_point_of_no_return(lab_of, fault):
    lab = lab_of(TRANSIENT[0])
    before = lab.snapshot("master")
    status, result, _ = fix(lab, TRANSIENT[1], prepare=lambda: lay_fault(lab, "client", "nimclient -c", fault))
    assert (status, result["state"]) == (1, "stopped")
    assert not tftp(lab) and lab.snapshot("master") == before
    assert "switch crypto off at the client: done" in result["stands"]
    assert not any("tftp" in one for one in result["stands"])

    status, result = resume(lab)
    assert (status, result["state"]) == (0, "applied-unverified")
    assert not tftp(lab) and lab.snapshot("master") == before


def test_tftp_stays_open_while_somebody_fetches_and_runs_and_scan_say_so(lab_of):
    lab = lab_of(TRANSIENT[0])
    before = lab.snapshot("master")
    gone = []
    status, result, _ = fix(
        lab, TRANSIENT[1], prepare=lambda: after_the_fetch(lab, lambda: gone.append(somebody_fetches(lab)))
    )
    assert result["state"] == "applied-unverified" and status == 0
    said = "tftp on the master stays open: tftpd serves somebody right now"
    assert result["steps"][-1]["outcome"] == "left-open" and result["steps"][-1]["says"] == said
    assert tftp(lab)
    for end in ("client", "master"):
        assert runs(lab, end)[0]["left_open"] == said
    scan = json.loads(nimdoctor(["scan", lab.master_target, "--check", "run-unfinished", "--format", "json"]).out)
    assert [(one["outcome"], one["severity"]) for one in scan["results"]] == [("fail", "low")]
    assert said in scan["results"][0]["message"]

    words = ["rollback", "--only", "enable-tftp", "--yes", "--state-dir", lab.client + STATE]
    refused = nimdoctor(words)
    assert refused.status == 1 and said in refused.out and tftp(lab)
    os.unlink(f"{lab.master}/.lab/proc/777")
    closed = nimdoctor(words)
    assert closed.status == 0, closed.out + closed.err
    assert not tftp(lab) and lab.snapshot("master") == before
    assert runs(lab)[0]["left_open"] is None and runs(lab)[0]["state"] == "applied-unverified"


def test_tftp_stays_open_while_a_network_boot_is_enabled(lab_of):
    lab = lab_of(TRANSIENT[0])

    def enable():
        for name in os.listdir(f"{lab.master}/.lab/objects"):
            if name.endswith(".lpar8"):
                path = f"{lab.master}/.lab/objects/{name}"
                with open(path, encoding="ascii") as stream:
                    text = stream.read()
                with open(path, "w", encoding="ascii") as stream:
                    stream.write(text.replace("ready for a NIM operation", "BOS installation has been enabled"))

    _, result, _ = fix(lab, TRANSIENT[1], prepare=lambda: after_the_fetch(lab, enable))
    assert result["steps"][-1]["says"].endswith("lpar8: BOS installation has been enabled")
    assert tftp(lab)


def test_only_its_own_row_is_closed_where_somebody_changed_another_meanwhile(lab_of):
    lab = lab_of(TRANSIENT[0])

    def comment():
        with open(f"{lab.master}/etc/inetd.conf", "ab") as stream:
            stream.write(b"# added while the fetch ran\n")

    status, _, _ = fix(lab, TRANSIENT[1], prepare=lambda: after_the_fetch(lab, comment))
    assert status == 0 and not tftp(lab)
    with open(f"{lab.master}/etc/inetd.conf", "rb") as stream:
        content = stream.read()
    assert content.endswith(b"# added while the fetch ran\n") and b"\n#tftp" in content


# -- what nobody foresaw


def test_an_error_that_nobody_foresaw_puts_the_host_back_too(lab_of):
    lab = lab_of("stale-ssl-libs")
    before = lab.snapshot()

    def prepare():
        from nimdoctor.applying.step_runner import StepRunner

        do = StepRunner.do

        def broken(self, step, now):
            if step.id.startswith("3-"):
                raise ZeroDivisionError("division by zero")
            return do(self, step, now)

        StepRunner.do = broken

    status, result, _ = fix(lab, prepare=prepare)
    assert (status, result["state"]) == (1, "restored")
    assert result["why"] == "ZeroDivisionError: division by zero"
    assert lab.snapshot() == before


def test_a_scan_afterwards_that_fails_leaves_the_run_to_be_resumed(lab_of):
    lab = lab_of("nimsh-inactive")

    def prepare():
        from nimdoctor.library.repair import Repair

        def broken(self):
            raise OSError(5, "Input/output error")

        Repair._rescan = broken

    status, result, _ = fix(lab, prepare=prepare)
    assert (status, result["state"]) == (1, "stopped")
    assert result["stands"] == ["start nimsh: done"] and "cannot be told" in result["why"]
    status, result = resume(lab)
    assert (status, result["state"]) == (0, "complete")
    assert lab.calls() == ["startsrc -s nimsh"]


def test_a_run_that_fails_before_its_first_record_leaves_nothing(lab_of):
    lab = lab_of("stale-ssl-libs")

    def prepare():
        from nimdoctor.applying.journal import Journal

        def full(self):
            raise OSError(28, "No space left on device", self.path)

        Journal.reserve = full

    ended = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"], prepare)
    assert ended.status == 1 and "No space left on device" in ended.err
    assert os.listdir(lab.client + STATE + "/runs") == []
    assert runs(lab) == [] and lab.calls() == []
