"""What a crash leaves of the journal's last line, and commands that outlive the run that started them."""

import json
import os
import signal
import time

import pytest
from killing.children import nimdoctor
from killing.clones import kill_at
from killing.images import Camera
from killing.scenes import STATE, tell
from killing.staging import FIRST, WITHOUT_SCANS, one_name

from nimdoctor.applying.run_document import as_dict
from nimdoctor.applying.runs import load

TAILS = {
    "nothing": b"",
    "zeros": b"\0" * 512,
    "half a record": b'{"event":"do',
    "a record without its newline": b'{"event":"done","step":"9-nobody","at":"2026-01-01T00:00:00Z","files":{}}',
    "no JSON": b"\xff\xfe\xfd\n",
    "a line of zeros": b"\0" * 64 + b"\n",
}


@pytest.fixture
def killed(lab_of):
    """A lab whose run was killed at the point of that label, and its journal."""

    def get(scenario, label, *words):
        lab = lab_of(scenario)
        fix = ["fix", lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes"]
        kill_at(label, fix, one_name)
        return lab, f"{lab.client}{STATE}/runs/{FIRST}/journal.jsonl"

    return get


def take_back(lab):
    return nimdoctor(["rollback", "last", "--yes", "--state-dir", lab.client + STATE], WITHOUT_SCANS.start)


def resume(lab):
    return nimdoctor(["fix", "--resume", "last", "--yes", "--state-dir", lab.client + STATE], WITHOUT_SCANS.start)


def test_a_record_torn_at_any_byte_is_as_if_it_had_not_been_written(killed, originals, counted):
    lab, journal = killed("rhosts-left-over", "after done", "--only", "remove-rhosts")
    original = originals("rhosts-left-over").snapshot()
    after = lab.snapshot()
    camera = Camera(lab.place)
    image = camera.take()
    with open(journal, "rb") as stream:
        whole = stream.read()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    assert b'"event":"done"' in whole[start:]
    state = lab.client + STATE
    assert as_dict(load(state, FIRST))["steps"][0]["state"] == "done"
    for cut in range(start, len(whole)):
        counted["torn or damaged last lines of a journal"] += 1
        os.truncate(journal, cut)
        assert as_dict(load(state, FIRST))["steps"][0]["state"] == "begun", cut
        if cut % 32 == 0:
            ended = resume(lab)
            assert ended.status == 0 and lab.snapshot() == after, (cut, ended)
            with open(journal, "rb") as stream:
                assert tell(stream.read()).done == ("1-client-edit-tidy",)
            camera.restore(image)
            os.truncate(journal, cut)
            ended = take_back(lab)
            assert ended.status == 0 and lab.snapshot() == original, (cut, ended)
            camera.restore(image)
        with open(journal, "wb") as stream:
            stream.write(whole)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("way", [resume, take_back])
def test_what_follows_a_damaged_tail_is_not_lost(killed, originals, counted, tail, way):
    lab, journal = killed("nimsh-inactive", "after begin")
    counted["torn or damaged last lines of a journal"] += 1
    with open(journal, "ab") as stream:
        stream.write(TAILS[tail])
    ended = way(lab)
    assert ended.status == 0, ended
    with open(journal, "rb") as stream:
        lines = stream.read().splitlines()
    # every record is whole, and the last one is the run's end
    assert [json.loads(line)["event"] for line in lines][-1] == "complete"
    active = b"active" in lab.run("client", "lssrc", "-s", "nimsh").stdout.split()
    assert active is (way is resume)
    if way is take_back:
        assert lab.snapshot() == originals("nimsh-inactive").snapshot()


def test_a_whole_journal_of_zeros_is_a_run_that_never_began(killed):
    lab, journal = killed("nimsh-inactive", "after start")
    with open(journal, "wb") as stream:
        stream.write(b"\0" * 4096)
    ended = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, "--apply", "--yes"])
    assert ended.status == 0 and lab.calls() == ["startsrc -s nimsh"]


# -- commands that go on


def run_until(lab, path, *words):
    """Starts a fix that hangs in a command, kills it when `path` has appeared, and leaves the command alone."""
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        from nimdoctor.cli import main

        main(["fix", lab.client_target, "--master", lab.master_target, *words, "--apply", "--yes"])
        os._exit(70)
    for _ in range(1000):
        if path():
            break
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_killed_while_a_command_runs_the_run_waits_for_its_end(lab_of):
    lab = lab_of("create-bio-hang")
    lab.fault("client", "nimclient.-c", "late once")

    def started_anew():
        try:
            with open(f"{lab.client}/.lab/src/nimsh", encoding="ascii") as stream:
                pid = stream.read().split()[1]
            with open(f"{lab.client}/.lab/proc/{pid}", encoding="ascii") as stream:
                return "nimclient -c" in lab.calls() and stream.read().split()[-1] == "-c"
        except FileNotFoundError:
            return False

    run_until(lab, started_anew)
    # the command goes on without nimdoctor; in the lab ps shows only what the lab's own files say
    row = f"{lab.client}/.lab/proc/4711"
    with open(row, "w", encoding="ascii") as stream:
        stream.write("1 1000 - /usr/sbin/nimclient -c\n")
    for words in (["fix", "--resume", "last"], ["rollback", "last"]):
        refused = nimdoctor([*words, "--yes", "--state-dir", lab.client + STATE])
        assert refused.status == 1
        assert "nimclient -c runs on the client as process 4711 (ps -fp 4711)" in refused.err
    os.unlink(row)
    ended = resume(lab)
    assert ended.status == 0, ended
    assert lab.calls() == ["nimclient -C", "nimclient -c"]


def test_a_script_that_goes_on_is_known_behind_its_shell(lab_of):
    lab = lab_of("client-uses-rsh")
    lab.fault("client", "niminit", "hang once")
    run_until(lab, lambda: any("niminit" in call for call in lab.calls()))
    (call,) = lab.calls()
    with open(f"{lab.client}/.lab/proc/4711", "w", encoding="ascii") as stream:
        stream.write(f"1 1000 - /bin/ksh /usr/sbin/{call}\n")
    refused = resume(lab)
    assert refused.status == 1 and "as process 4711" in refused.err


def certificate_written(lab):
    path = f"{lab.client}/ssl_nimsh/certs/server.pem"
    with open(f"{lab.master}/ssl_nimsh/certs/server.pem", "rb") as stream:
        content = stream.read()
    os.unlink(path)
    with open(path, "wb") as stream:
        stream.write(content)


def nimsh_restarted(lab):
    lab.run("client", "stopsrc", "-s", "nimsh")
    lab.run("client", "startsrc", "-s", "nimsh")


@pytest.mark.parametrize("what_it_did", [[certificate_written], [certificate_written, nimsh_restarted]])
def test_a_fetch_that_died_on_the_way_is_not_taken_for_done_by_its_new_certificate(killed, what_it_did):
    # first nimsh was not started anew, so that it has the old libraries; then it was, without any library in place
    lab, _ = killed("stale-ssl-libs", "before command client nimclient -c")
    for act in what_it_did:
        act(lab)
    assert lab.calls().count("nimclient -c") == 0
    ended = resume(lab)
    assert ended.status == 0, ended
    assert lab.calls().count("nimclient -c") == 1
    assert os.path.exists(f"{lab.client}/usr/lib/libssl.so.0.9.8")
