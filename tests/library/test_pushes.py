"""One push from a master, as a request of the one file: what it proves, and what it does not."""

import pytest

from nimdoctor.library import serving
from nimdoctor.library.errors import UsageError
from nimdoctor.library.pushes import push


def test_a_push_that_came_through_with_ssl_is_proof(originals):
    status, document = serving.answer(
        {"request": "push", "client": "lpar7", "target": originals("healthy").master_target}, print
    )
    assert status == 0 and document["schema"] == "nimdoctor.push/1" and document["proved"] and document["secure"]
    assert document["says"] == "nim -o lslpp lpar7 came through; connect = nimsh (secure)"


def test_one_that_came_through_without_ssl_is_none(originals):
    found = push("lpar7", originals("client-not-secure").master_target)
    assert found["came_through"] and not found["secure"] and not found["proved"]


def test_one_that_hangs_is_ended_when_its_time_is_up(lab_of):
    lab = lab_of("create-bio-hang")
    status, document = serving.answer(
        {"request": "push", "client": "lpar7", "target": lab.master_target, "timeout": 1.0}, print
    )
    assert status == 1 and document["timed_out"] and not document["proved"]
    assert "hung and was ended after 1 s" in document["says"]


@pytest.mark.parametrize("name", ["lpar99", "lpar7; rm -rf /", "-Fo"])
def test_a_client_that_is_none_is_not_proved(originals, name):
    found = push(name, originals("healthy").master_target)
    assert not found["proved"] and found["says"]


def test_nothing_is_pushed_from_recorded_evidence():
    with pytest.raises(UsageError, match="recorded evidence"):
        push("lpar7", "fixtures/hosts/healthy/master")
    assert serving.answer({"request": "push", "client": "lpar7", "target": "no/such"}, print)[0] == 2
