"""Who began a run, and the change it was made for: with the run, and honest about what says so."""

import json
import os

import pytest
from killing.children import nimdoctor
from killing.scenes import STATE

from nimdoctor.applying.operator import current_operator, operator_words


def nobody():
    raise OSError(25, "Inappropriate ioctl for device")


@pytest.mark.parametrize(
    ("environment", "login", "found"),
    [
        ({"SUDO_USER": "bob", "LOGNAME": "root"}, lambda: "ada", ("ada", "terminal")),
        ({"SUDO_USER": "bob", "LOGNAME": "eve"}, nobody, ("bob", "SUDO_USER")),
        ({"SUDO_USER": "root", "LOGNAME": "eve"}, nobody, ("eve", "LOGNAME")),
        ({"USER": "eve"}, nobody, ("eve", "USER")),
        ({"LOGNAME": "root", "USER": "root"}, nobody, (None, None)),
        ({"LOGNAME": ""}, nobody, (None, None)),
        ({"LOGNAME": "\x1b[2Jeve"}, nobody, (None, None)),
        ({}, lambda: "", (None, None)),
        # somebody who logged in as root is known to be root, and no more
        ({"SUDO_USER": "bob"}, lambda: "root", ("root", "terminal")),
    ],
)
def test_the_login_is_the_terminals_else_what_a_variable_says(environment, login, found):
    who = current_operator(environment, login, 0)
    assert (who["login"], who["by"]) == found and who["user"] == "root"


def test_what_a_variable_says_is_told_as_that():
    assert "as SUDO_USER says" in operator_words(current_operator({"SUDO_USER": "bob"}, nobody, 0))
    assert operator_words(current_operator({}, nobody, 0)) == operator_words(None) == operator_words("ada") == ""
    assert len(current_operator({"LOGNAME": "x" * 5000}, nobody, 0)["login"]) == 64


def as_somebody(name):
    def prepare():
        from nimdoctor.applying import operator as module

        os.environ.pop("LOGNAME", None)
        os.environ.pop("USER", None)
        os.environ["SUDO_USER"] = name
        module.current_operator.__defaults__ = (os.environ, nobody, None)

    return prepare


def records(lab, end="client"):
    state = f"{lab.tree(end)}{STATE}/runs"
    (run,) = os.listdir(state)
    with open(f"{state}/{run}/journal.jsonl", encoding="ascii") as stream:
        return list(map(json.loads, stream))


WORDS = ("--apply", "--yes", "--change", " CHG0031337 ")


def test_a_run_records_who_and_the_change_on_both_ends(lab_of):
    lab = lab_of("tftp-disabled")
    ended = nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *WORDS], as_somebody("ada"))
    assert ended.status == 0, ended
    for end in ("client", "master"):
        start = records(lab, end)[0]
        assert (start["who"]["login"], start["who"]["by"], start["change"]) == ("ada", "SUDO_USER", "CHG0031337")
        words = ["runs", "--target", f"root:{lab.tree(end)}"]
        (run,) = json.loads(nimdoctor([*words, "--format", "json"]).out)["runs"]
        assert (run["who"], run["change"]) == (start["who"], "CHG0031337")
        assert "begun by ada, as SUDO_USER says, change CHG0031337" in nimdoctor(words).out


def test_whoever_goes_on_with_a_run_or_takes_it_back_is_recorded_too(lab_of):
    lab = lab_of("create-bio-hang")
    lab.fault("client", "nimclient.-c", "fail once")
    nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *WORDS], as_somebody("ada"))
    nimdoctor(["fix", lab.client_target, "--resume", "last", "--yes"], as_somebody("bob"))
    told = {one["event"]: one["who"]["login"] for one in records(lab) if "who" in one}
    assert told == {"start": "ada", "resume": "bob"}
    lab = lab_of("nimsh-inactive")
    nimdoctor(["fix", lab.client_target, "--master", lab.master_target, *WORDS], as_somebody("ada"))
    nimdoctor(["rollback", "last", "--yes", "--target", lab.client_target], as_somebody("eve"))
    assert {one["event"]: one["who"]["login"] for one in records(lab) if "who" in one}["rollback"] == "eve"


def test_the_change_stands_in_the_plan_and_in_its_next_and_not_in_its_id(originals):
    lab = originals("tftp-disabled")
    words = ["fix", lab.client_target, "--master", lab.master_target]
    plain, with_it = (
        json.loads(nimdoctor([*words, *more, "--format", "json"]).out) for more in ((), ("--change", "CHG 1"))
    )
    assert plain["id"] == with_it["id"] and with_it["options"]["change"] == "CHG 1"
    text = nimdoctor([*words, "--change", "CHG 1"]).out
    assert "Change:   CHG 1\n" in text and "--change 'CHG 1' --apply" in text
    assert "Change:" not in nimdoctor(words).out


def test_a_saved_plan_brings_its_change_along_and_may_be_given_another(lab_of, tmp_path):
    lab = lab_of("nimsh-inactive")
    words = ["fix", lab.client_target, "--plan", str(tmp_path / "plan.json")]
    nimdoctor([*words, "--change", "CHG1", "--script", str(tmp_path / "scripts")])
    assert "Change  CHG1\n" in (tmp_path / "scripts" / "README").read_text()
    assert nimdoctor([*words, "--apply", "--yes"]).status == 0
    assert records(lab)[0]["change"] == "CHG1"
    lab = lab_of("nimsh-inactive")
    words[1] = lab.client_target
    nimdoctor([*words, "--change", "CHG1"])
    assert nimdoctor([*words, "--apply", "--yes", "--change", "CHG2"]).status == 0
    assert records(lab)[0]["change"] == "CHG2"


@pytest.mark.parametrize("number", [" ", "a\nb", "\x1b[2J", "x" * 65, "\udcff"])
def test_a_change_that_no_list_could_show_is_a_mistake_in_the_command(originals, number):
    ended = nimdoctor(["fix", originals("nimsh-inactive").client_target, "--change", number])
    assert ended.status == 2 and "--change takes 1 to 64 printable characters" in ended.err


def test_a_run_on_record_keeps_its_change(originals):
    ended = nimdoctor(["fix", originals("nimsh-inactive").client_target, "--resume", "last", "--change", "CHG2"])
    assert ended.status == 2 and "--resume goes on with the plan of its run" in ended.err
