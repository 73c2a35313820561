"""rhosts-left-over: lines of /.rhosts for the NIM master once pushes go by nimsh."""

import pytest
from hosts import evidence, machine, niminfo, quoted, result_of

CHECK = "rhosts-left-over"


def judge(rhosts, shell="nimsh", master="nim1", **more):
    files = {"/etc/niminfo": niminfo(shell, master)}
    paths = {}
    if rhosts is None:
        paths["/.rhosts"] = None
    else:
        files["/.rhosts"] = rhosts
    return result_of(CHECK, evidence(files=files, paths=paths, **more))


@pytest.mark.parametrize(
    ("line", "master"),
    [
        ("nim1 root", "nim1"),
        ("nim1.example.com root", "nim1"),
        ("nim1 root", "nim1.example.com"),
        ("NIM1", "nim1"),
        ("nim1\troot", "nim1"),
    ],
)
def test_fails_when_a_line_names_the_master_in_short_or_in_full(line, master):
    found = judge(f"backup1 oper\n{line}\n", master=master)
    assert (found.outcome.value, found.severity.value, found.fix) == ("fail", "low", "remove-rhosts")
    assert found.objects == (line,)
    assert quoted(found) == [("/.rhosts", 2, line), ("/etc/niminfo", 4, f"export NIM_MASTER_HOSTNAME={master}")]


def test_fails_by_the_masters_address():
    files = {"/etc/niminfo": niminfo(NIM_HOSTS='" 10.1.1.17:lpar7  10.1.1.10:nim1 "'), "/.rhosts": "10.1.1.10 root\n"}
    assert result_of(CHECK, evidence(files=files)).objects == ("10.1.1.10 root",)


def test_fails_for_each_line_of_the_master_and_no_other():
    assert judge("nim1 root\nbackup1 oper\nnim1.example.com root\n").objects == ("nim1 root", "nim1.example.com root")


@pytest.mark.parametrize(
    "line", ["backup1 oper", "nim10 root", "nim1x.example.com root", "# nim1 root", "-nim1", "mynim1"]
)
def test_near_miss_other_lines_serve_others(line):
    found = judge(line + "\n")
    assert found.outcome.value == "pass"
    assert quoted(found)[0] == ("/.rhosts", None, "")


@pytest.mark.parametrize("rhosts", [None, ""], ids=["absent", "empty"])
def test_passes_when_nobody_is_trusted(rhosts):
    assert judge(rhosts).outcome.value == "pass"


def test_passes_while_pushes_go_by_rsh_which_needs_the_line():
    found = judge("nim1 root\n", shell="shell")
    assert found.outcome.value == "pass"
    assert quoted(found)[0] == ("/.rhosts", 1, "nim1 root")


def test_fails_when_connect_on_the_master_says_nimsh_though_niminfo_is_silent():
    seen = {"nimclient -l -l lpar7": machine()}
    assert judge("nim1 root\n", shell=None, commands=seen).outcome.value == "fail"


def test_unknown_when_how_pushes_go_is_not_known():
    assert judge("nim1 root\n", shell=None).outcome.value == "unknown"


def test_unknown_when_the_file_was_not_collected():
    found = result_of(CHECK, evidence(files={"/etc/niminfo": niminfo()}))
    assert (found.outcome.value, found.missing) == ("unknown", ("/.rhosts",))


def test_unknown_without_niminfo():
    found = result_of(CHECK, evidence(files={"/.rhosts": "nim1 root\n"}))
    assert (found.outcome.value, found.missing) == ("unknown", ("/etc/niminfo",))
