"""The two passes of a fleet, and what a run that goes on with a checkpoint does again."""

import contextlib
import json
import os

import pytest

from nimdoctor.fleet.bundles import Bundle
from nimdoctor.fleet.checkpoint import Checkpoint
from nimdoctor.fleet.identity import Identity
from nimdoctor.fleet.record import of_failure
from nimdoctor.fleet.run import Pass, run
from nimdoctor.report.scan_report import Failure


@pytest.fixture
def records(tmp_path, inline):
    """Runs over the paths, with a checkpoint; gives the records by path, each of which came once."""

    def recorded(paths, engine=None, **more):
        checkpoint = Checkpoint(str(tmp_path / "kept.jsonl"))
        found = {}
        try:
            for record in run(paths, engine or inline(), checkpoint, **more):
                assert record["target"] not in found
                found[record["target"]] = record
        finally:
            checkpoint.close()
        return found

    return recorded


def judged(engine):
    return [item[0] for name, item in engine.given if name == "_judged"]


def test_a_client_is_judged_with_its_masters_bundle(records, bundles):
    client, master = bundles.pair()
    found = records([str(bundles.place)])
    assert found[client]["master_target"] == master and found[client]["verdict"] == "healthy"
    assert found[master]["role"] == "master" and found[master]["master_target"] is None


def test_a_path_given_twice_is_judged_once(records, bundles):
    client, master = bundles.pair()
    assert set(records([client, str(bundles.place), client])) == {client, master}


def test_what_cannot_be_read_has_a_record_of_its_own(records, bundles, inline):
    client, master = bundles.pair()
    damaged = bundles.add("damaged", cut=99)
    engine = inline()
    found = records([client, master, damaged, "no/such/place"], engine)
    assert [found[path]["failure"]["kind"] for path in (damaged, "no/such/place")] == ["unreadable"] * 2
    assert found[client]["failure"] is None
    assert damaged not in judged(engine)


@pytest.mark.parametrize("name", ["_identified", "_judged"])
def test_a_bundle_that_ends_its_process_twice_is_recorded_as_crashed(records, bundles, inline, name):
    client, master = bundles.pair()

    class Crashing(inline):
        def map(self, function, items):
            for item, result in super().map(function, items):
                yield item, None if (function.__name__, item[0]) == (name, client) else result

    found = records([client, master], Crashing())
    assert found[client]["failure"]["kind"] == "crashed" and found[client]["exit_status"] == 4
    assert found[client]["failure"]["message"].startswith(client)
    assert found[master]["verdict"] == "healthy"


def test_what_is_done_is_not_done_again(records, bundles, inline):
    paths = bundles.many(9)
    engine = inline()
    first, second = records(paths), records(paths, engine)
    assert second == first
    assert {item[0] for _, item in engine.given} == {path for path in paths if first[path]["failure"]}


def test_what_could_not_be_read_is_tried_again(records, bundles):
    damaged = bundles.add("lpar7", cut=99)
    assert records([damaged])[damaged]["failure"]
    state = os.stat(damaged)
    bundles.add("lpar7")
    os.utime(damaged, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert records([damaged])[damaged]["failure"] is None


def test_a_bundle_that_changed_is_judged_anew_and_its_new_record_stands_for_the_old(records, bundles, inline):
    client, master = bundles.pair()
    first = records([client, master])
    bundles.add("lpar7", "client-not-secure")
    engine = inline()
    second = records([client, master], engine)
    assert judged(engine) == [client]
    assert first[client]["verdict"] == "healthy" and second[client]["verdict"] == "problems"


def test_where_the_masters_bundle_changed_its_clients_are_judged_anew(records, bundles, inline):
    client, master = bundles.pair()
    other = bundles.add("alone/lpar8", "client-uses-rsh")
    records([client, master, other])
    bundles.touch(master)
    engine = inline()
    records([client, master, other], engine)
    assert {client, master} <= set(judged(engine))


def test_a_client_of_which_the_master_comes_later_is_judged_anew_with_it(records, bundles, inline):
    client, master = bundles.pair()
    assert records([client])[client]["master_target"] is None
    engine = inline()
    assert records([client, master], engine)[client]["master_target"] == master
    assert set(judged(engine)) == {client, master}


@pytest.fixture
def cheap(monkeypatch):
    """Bundles that cost nothing: a name with "bad" is unreadable, one with "master" the master of all others."""
    failure = {"kind": "unreadable", "message": "it is damaged"}

    def identify(path):
        role = "master" if "master" in path else "client"
        one = Identity(path, path, (role,), (path,), masters=() if role == "master" else ("master",))
        return {"failure": failure} if "bad" in path else one.to_dict()

    def judge(path, master, pairing):
        return {**of_failure(Failure(path, "failed", "")), "master_target": master, "pairing": pairing, "failure": None}

    monkeypatch.setattr("nimdoctor.fleet.run.identify", identify)
    monkeypatch.setattr("nimdoctor.fleet.run.judge", judge)
    monkeypatch.setattr("nimdoctor.fleet.run.bundles", lambda paths: (Bundle(path, 1, 1) for path in paths))


CHEAP = ["one", "bad", "two", "master", "three", "bad again", "four"]


def test_ended_anywhere_and_gone_on_with_each_path_comes_once_and_is_judged_once(tmp_path, cheap, inline):
    whole = {record["target"]: record for record in run(CHEAP, inline())}
    assert whole["one"]["master_target"] == "master" and whole["bad"]["failure"]
    for first in range(2 * len(CHEAP)):
        kept = str(tmp_path / f"kept{first}")
        work = []
        for ends in range(first, 3 * len(CHEAP)):
            engine, found, checkpoint = inline(ends), [], Checkpoint(kept)
            with contextlib.suppress(KeyboardInterrupt):
                found.extend(run(CHEAP, engine, checkpoint))
            checkpoint.close()
            work += engine.given
        assert sorted(found, key=str) == sorted(whole.values(), key=str)
        done = [item for item in work if not whole[item[1][0]]["failure"]]
        assert len(done) == len(set(done)) == 2 * 5


def test_a_checkpoint_cut_at_any_byte_gives_the_same_records(tmp_path, cheap, inline):
    place = tmp_path / "kept"
    checkpoint = Checkpoint(str(place))
    whole = sorted(run(CHEAP, inline(), checkpoint), key=str)
    checkpoint.close()
    content = place.read_bytes()
    for cut in range(0, len(content), 7):
        place.write_bytes(content[:cut])
        checkpoint = Checkpoint(str(place))
        assert sorted(run(CHEAP, inline(), checkpoint), key=str) == whole
        checkpoint.close()


def test_progress_is_told_of_each_pass(records, bundles):
    paths = bundles.pair()
    told = []
    records(paths, progress=lambda *reached: told.append(reached))
    assert told == [
        (Pass.READING, 1, None),
        (Pass.READING, 2, None),
        (Pass.JUDGING, 0, 2),
        (Pass.JUDGING, 1, 2),
        (Pass.JUDGING, 2, 2),
    ]


def test_records_are_json(records, bundles):
    name = os.fsdecode(b"caf\xe9")
    os.makedirs(bundles.place)
    found = records([bundles.add(name), os.fsdecode(b"no/\xff.tgz")])
    assert len(json.loads(json.dumps(list(found.values())))) == 2
