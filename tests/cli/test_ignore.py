"""/etc/nimdoctor.ignore: what a site has decided to live with."""

import shutil

import pytest
from scenarios import ON_DISK


@pytest.fixture
def ignoring(tmp_path):
    """A copy of a scenario's host with an ignore file of these lines."""

    def make(scenario, end, *lines):
        place = tmp_path / "evidence"
        shutil.copytree(ON_DISK / scenario / end, place)
        (place / "files" / "etc" / "nimdoctor.ignore").write_text("".join(line + "\n" for line in lines))
        return place

    return make


def test_an_ignored_finding_no_longer_counts_and_is_listed_with_its_reason(doctor, ignoring):
    place = ignoring("create-bio-hang", "client", "# ours", "", "create-bio-hang replaced on Friday, change 4711")
    ended = doctor("scan", place, json=True)
    assert (ended.status, ended.report["verdict"]) == (0, "healthy")
    (entry,) = ended.report["ignored"]
    assert (entry["check"], entry["reason"]) == ("create-bio-hang", "replaced on Friday, change 4711")
    assert (entry["source"], entry["line"]) == ("/etc/nimdoctor.ignore", 3)


def test_the_text_report_counts_what_is_ignored(doctor, ignoring):
    out = doctor("scan", ignoring("create-bio-hang", "client", "create-bio-hang known")).out
    assert out.startswith("HEALTHY")
    assert "Ignored: 1 finding\n" in out and "known (/etc/nimdoctor.ignore line 1)" in out


def test_only_the_named_check_is_ignored(doctor, ignoring):
    ended = doctor("scan", ignoring("create-bio-hang", "client", "stale-ssl-libs known"), json=True)
    assert (ended.status, ended.report["ignored"]) == (1, [])


@pytest.mark.parametrize("rule", ["client-uses-rsh old07 retired soon", "client-uses-rsh [old07] retired soon"])
def test_one_object_is_ignored_and_the_others_are_not(doctor, ignoring, rule):
    ended = doctor("scan", ignoring("rsh-many", "master", rule), json=True)
    result = ended.result("client-uses-rsh")
    assert (ended.status, result["outcome"]) == (1, "fail")
    assert "old07" not in result["objects"] and "old08" in result["objects"]
    (entry,) = ended.report["ignored"]
    assert (entry["objects"], entry["reason"]) == (["old07"], "retired soon")


def test_a_rule_for_an_object_that_is_gone_ignores_nothing_else(doctor, ignoring):
    ended = doctor("scan", ignoring("rsh-many", "master", "client-uses-rsh [gone] retired"), json=True)
    assert (ended.status, ended.report["ignored"]) == (1, [])


def test_ignoring_every_object_ignores_the_finding(doctor, ignoring):
    rules = [f"client-uses-rsh old{number:02} retired soon" for number in range(1, 31)]
    ended = doctor("scan", ignoring("rsh-many", "master", *rules), json=True)
    assert ended.status == 0
    assert len(ended.report["ignored"]) == 30


def test_a_rule_given_twice_counts_once(doctor, ignoring):
    ended = doctor("scan", ignoring("create-bio-hang", "client", "create-bio-hang a", "create-bio-hang b"), json=True)
    assert [entry["reason"] for entry in ended.report["ignored"]] == ["a"]


@pytest.mark.parametrize("line", ["create-bio-hang", "create-bio-hang   ", "create-bio-hang [lpar7]"])
def test_a_line_without_a_reason_is_not_obeyed_and_said(doctor, ignoring, line):
    ended = doctor("scan", ignoring("create-bio-hang", "client", line), json=True)
    assert ended.status == 1
    assert any("line 1 is not obeyed" in remark and "reason" in remark for remark in ended.report["remarks"])


def test_a_line_that_begins_with_no_id_is_not_obeyed_and_said(doctor, ignoring):
    ended = doctor("scan", ignoring("create-bio-hang", "client", "*** everything is fine"), json=True)
    assert ended.status == 1
    assert any("line 1 is not obeyed" in remark for remark in ended.report["remarks"])


def test_a_tab_parts_the_id_from_its_reason_too(doctor, ignoring):
    ended = doctor("scan", ignoring("create-bio-hang", "client", "create-bio-hang\tknown"), json=True)
    assert (ended.status, len(ended.report["ignored"])) == (0, 1)


def test_unknowns_are_not_ignored(doctor, evidence, niminfo):
    place = evidence({"/etc/niminfo": niminfo, "/etc/nimdoctor.ignore": "nimsh-inactive known\n"})
    ended = doctor("scan", place, "--check", "nimsh-inactive", json=True)
    assert (ended.status, ended.report["ignored"]) == (3, [])


@pytest.mark.parametrize(
    ("content", "status"), [(b"", 1), (bytes(range(256)), 1), (b"\xff\xfe", 1), (b"create-bio-hang \xe9t\xe9\r\n", 0)]
)
def test_an_ignore_file_of_rubbish_breaks_nothing(doctor, ignoring, content, status):
    place = ignoring("create-bio-hang", "client")
    (place / "files" / "etc" / "nimdoctor.ignore").write_bytes(content)
    assert doctor("scan", place, json=True).status == status


def test_the_file_of_a_root_is_obeyed(doctor, root):
    inetd = "#tftp dgram udp6 SRC nobody /usr/sbin/tftpd tftpd -n\n"
    files = {"/etc/inetd.conf": inetd, "/etc/nimdoctor.ignore": "tftp-disabled hardened by order\n"}
    words = [f"root:{root(files)}", "--role", "master", "--check", "tftp-disabled"]
    assert doctor("scan", *words, json=True).status == 3, "nothing else was asked"
    (root() / "etc" / "nimdoctor.ignore").unlink()
    assert doctor("scan", *words, json=True).status == 1
