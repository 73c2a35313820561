"""What a master lists of its machines, for an inventory: each once, whole or said not to be."""

import json
import shutil

import pytest

from nimdoctor.evidence.source import TargetError
from nimdoctor.library import serving
from nimdoctor.library.machines import machines

MASTER = """\
master:
   class       = machines
   type        = master
   if1         = net_a mst5 0
   serves      = lpp_a
   ssl_support = yes
"""
NETWORK = "net_a:\n   class = networks\n   type  = ent\n"
RESOURCE = "lpp_a:\n   class = resources\n   type  = lpp_source\n"


def machine(name, *rows, connect="nimsh", host=None):
    lines = [f"{name}:", "   class = machines", "   type = standalone", f"   connect = {connect}"]
    return "\n".join([*lines, f"   if1 = net_a {host or name} 0 ent0", *(f"   {row}" for row in rows), ""])


def whole(*stanzas):
    return MASTER + RESOURCE + NETWORK + "".join(stanzas)


def test_repeated_and_numbered_attributes_are_kept_in_order():
    found = machines("case", whole(machine("app1", "if2 = net_a app1b 0 ent1", "cpus = 2", "cpus = 4")))
    assert found["complete"] and found["remarks"] == []
    (app1,) = found["machines"]
    assert app1["host_names"] == ["app1", "app1b"]
    assert app1["attributes"]["cpus"] == ["2", "4"] and app1["attributes"]["if2"] == ["net_a app1b 0 ent1"]


def test_the_master_is_named_by_its_host_and_is_none_of_its_machines():
    found = machines("case", whole(machine("app1")))
    assert found["master"] == "mst5" and found["master_attributes"]["ssl_support"] == ["yes"]
    assert [one["name"] for one in found["machines"]] == ["app1"]


def test_control_points_and_resources_are_no_machines():
    hmc = "hmc1:\n   class = management\n   type = hmc\n   if1 = net_a hmc1 0\n"
    assert [one["name"] for one in machines("case", whole(machine("app1"), hmc))["machines"]] == ["app1"]


def test_a_machine_group_has_its_members_in_order():
    group = "prod:\n   class = groups\n   type = mac_group\n   member1 = app2\n   member2 = app1\n"
    assert machines("case", whole(machine("app1"), machine("app2"), group))["groups"] == {"prod": ["app2", "app1"]}


@pytest.mark.parametrize("first, second", [("app9", "app9"), ("APP9.example.com", "app9.example.com")])
def test_two_machines_of_one_address_are_both_there_and_named(first, second):
    found = machines("case", whole(machine("app1", host=first), machine("app2", host=second)))
    assert [one["name"] for one in found["machines"]] == ["app1", "app2"]
    assert found["same_address"] == {first.lower(): ["app1", "app2"]}


def test_a_second_interface_of_the_same_machine_is_no_second_machine():
    assert machines("case", whole(machine("app1", "if2 = net_a app1 0 ent1")))["same_address"] == {}


def test_a_listing_pasted_twice_gives_each_machine_once():
    assert [one["name"] for one in machines("case", whole(machine("app1")) * 2)["machines"]] == ["app1"]


def test_a_machine_that_stands_twice_and_differs_is_refused_with_both_lines():
    with pytest.raises(TargetError, match=r"case: app1 stands twice, in lines 13 and 18, and differs"):
        machines("case", whole(machine("app1"), machine("app1", connect="shell")))


@pytest.mark.parametrize(
    "listing, why",
    [
        (machine("app1"), "it has no stanza of the master"),
        (whole(machine("app1"))[:-1], "its last line has no end"),
        (MASTER + NETWORK + RESOURCE.replace("lpp_a", "lpp_b") + machine("app1"), "the master names lpp_a"),
        (whole(machine("app1", "if2 = net_b app1b 0")), "app1 names net_b"),
        (whole("prod:\n class = groups\n type = mac_group\n member1 = app1\n"), "the group prod names app1"),
        (whole(machine("app1")) + "0042-001 lsnim: processing error\n", "only a part of it was given"),
    ],
)
def test_what_is_not_whole_says_by_what_that_is_seen(listing, why):
    found = machines("case", listing)
    assert not found["complete"] and any(remark.startswith(why) for remark in found["remarks"])


def test_a_listing_of_machines_alone_is_whole():
    assert machines("case", MASTER + machine("app1"))["complete"]


@pytest.mark.parametrize("words, state", [("prêt pour une opération NIM", "ready"), ("ganz anders", None)])
def test_states_in_another_language_are_known_or_left_out(words, state):
    (app1,) = machines("case", whole(machine("app1", f"Cstate = {words}")))["machines"]
    assert app1["state"] == state and app1["attributes"]["Cstate"] == [words]


def test_a_line_of_any_length_does_no_harm():
    (app1,) = machines("case", whole(machine("app1", "comments = " + "x" * 200_000)))["machines"]
    assert app1["host_names"] == ["app1"] and len(app1["attributes"]["comments"][0]) < 70_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso8859-1"])
def test_a_file_is_read_in_whatever_encoding_it_was_saved(tmp_path, encoding):
    path = tmp_path / "saved.txt"
    path.write_bytes(whole(machine("app1", "comments = salle é")).replace("\n", "\r\n").encode(encoding))
    found = machines(str(path))
    assert found["complete"] and found["machines"][0]["attributes"]["comments"] == ["salle é"]


@pytest.mark.parametrize("text", ["", "lsnim: command not found\n", "app1  machines  standalone\n"])
def test_what_is_no_listing_is_refused(tmp_path, text):
    path = tmp_path / "saved.txt"
    path.write_text(text)
    with pytest.raises(TargetError, match=r"saved\.txt"):
        machines(str(path))


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path):
    with pytest.raises(TargetError, match="no such file"):
        machines(str(tmp_path / "none"))


def test_of_a_larger_file_than_any_listing_nothing_is_taken(tmp_path):
    path = tmp_path / "saved.txt"
    path.write_text(whole(machine("app1")) + "   comments = x\n" * 1_200_000)
    with pytest.raises(TargetError, match="larger than 16 MiB"):
        machines(str(path))


def test_evidence_of_a_master_serves_as_directory_and_as_archive(tmp_path, monkeypatch):
    evidence = "fixtures/hosts/healthy/master"
    archive = shutil.make_archive(str(tmp_path / "nim1"), "gztar", evidence)
    listed = [machines(target) for target in (evidence, archive)]
    assert listed[0] == listed[1] and listed[0]["complete"] and listed[0]["master"] == "nim1"


def test_evidence_of_a_client_tells_what_is_missing():
    with pytest.raises(TargetError, match="lsnim -l"):
        machines("fixtures/hosts/healthy/client")


def test_it_is_a_request_of_the_one_file():
    status, document = serving.answer({"request": "machines", "target": "x", "listing": whole(machine("app1"))}, print)
    assert (status, document["schema"], document["source"]) == (0, "nimdoctor.machines/1", "x")
    assert json.loads(json.dumps(document)) == document
    status, document = serving.answer({"request": "machines", "target": "x", "listing": "nothing\n"}, print)
    assert (status, document["kind"]) == (2, "target")
