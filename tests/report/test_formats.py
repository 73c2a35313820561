"""What each format says of real scenarios, and in which shape."""

import json
import re
import xml.etree.ElementTree as ElementTree

import hostile
import pytest
from hosts import MemoryTree, collected, evidence, registry
from scenarios import scenario
from test_inert import Page

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import scan
from nimdoctor.model import Severity, Topic
from nimdoctor.report import html, junit_report, markdown_report, nagios_report, summary


def report(name, *, master=True, only=(), fail_on=Severity.MEDIUM):
    ends = scenario(name)
    client, other = (RecordedEvidence(f"{name}/{end}", ends[end]) for end in ("client", "master"))
    return scan(client, other if master else None, registry=registry(), pictures=True, only=only, fail_on=fail_on)


HANG = report("create-bio-hang")
HEALTHY = report("healthy")
OPERATION = [one.id for one in registry().checks() if one.topic is Topic.OPERATION]
UNEXPOSED = report("healthy", only=OPERATION)
EXPIRED = report("certificate-expired")


# -- html


@pytest.fixture(
    params=[(HANG,), (HEALTHY,), (EXPIRED,), (HANG, HEALTHY, EXPIRED)], ids=["hang", "healthy", "expired", "all"]
)
def document(request):
    return html.render(request.param)


def test_html_loads_and_runs_nothing(document):
    page = Page(document)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(page.names)
    assert not re.search(r"url\(|@import|expression", page.style)
    (policy,) = [value for tag, name, value in page.attributes if tag == "meta" and value.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe-inline" not in policy and not [name for _, name, _ in page.attributes if name == "style"]


def test_html_headings_are_in_order_and_every_reference_leads_somewhere(document):
    page = Page(document)
    levels = [int(name[1]) for name in page.names if re.fullmatch(r"h\d", name)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = [value for _, name, value in page.attributes if name == "aria-labelledby"]
    assert {one for value in wanted for one in value.split()} <= set(ids)
    assert {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")} <= set(ids)


def test_html_tells_the_story_before_the_findings_and_these_before_what_passed():
    text = " ".join("\n".join(Page(html.render([EXPIRED])).texts).split())
    places = [text.index(words) for words in ("In short", "What was found", "Pictures", "Findings", "Passed")]
    assert places == sorted(places)
    linked = "".join(Page(html.render([hostile.report("words")])).texts)
    assert "2. tftp-disabled on words (client): words (because of 1. nimsh-inactive)" in linked


def test_html_folds_what_is_below_medium_where_there_is_worse():
    low = [one for one in HANG.story.findings if one.severity is Severity.LOW]
    assert low and f"Below medium: {len(low)} findings" in Page(html.render([HANG])).texts
    lone = report("rhosts-left-over", only=["rhosts-left-over"])
    assert not [one for one in Page(html.render([lone])).texts if "Below medium" in one]


def test_html_has_a_table_beside_every_picture():
    page = Page(html.render([HANG]))
    assert page.names.count("svg") == 3
    assert page.names.count("desc") == 3 and page.names.count("caption") == 4
    assert {"stops at create BIO", "58", "push: the master connects to nimsh", "broken"} <= set(page.cells)


def test_html_of_a_report_without_pictures_is_whole_all_the_same():
    page = Page(html.render([HANG._replace(pictures=None)]))
    assert "svg" not in page.names and "article" in page.names


def test_html_is_the_same_for_the_same_report():
    assert html.render([HANG]) == html.render([HANG])


def test_html_quotes_line_numbers_beside_their_lines():
    text = "".join(Page(html.render([HANG])).texts)
    assert "58  Fri Mar 14 12:05:04 2025        create BIO" in text or re.search(r"58 +Fri Mar 14 .*create BIO", text)


# -- junit


def suites(*reports):
    root = ElementTree.fromstring(junit_report.render(reports))
    assert root.tag == "testsuites"
    return root, list(root)


def test_junit_has_a_suite_a_host_and_a_case_a_check_and_the_counts_fit():
    root, found = suites(HANG, HEALTHY)
    assert [one.get("hostname") for one in found] == ["lpar7", "nim1", "lpar7", "nim1"]
    for name in ("tests", "failures", "errors", "skipped"):
        assert sum(int(one.get(name)) for one in found) == int(root.get(name))
    for one in found:
        cases = one.findall("testcase")
        assert len(cases) == int(one.get("tests"))
        for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert len(one.findall(f"testcase/{kind}")) == int(one.get(name))
        assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    assert sum(int(one.get("tests")) for one in found[:2]) == len({(r.check, r.where) for r in HANG.results})


def test_junit_failures_carry_their_evidence():
    _, (client, _) = suites(HANG)
    failure = client.find("testcase[@name='create-bio-hang']/failure")
    assert failure.get("type") == "critical" and "stops at 'create BIO'" in failure.get("message")
    assert "Evidence: /var/adm/ras/nimsh.log line 58: Fri Mar 14 12:05:04 2025" in failure.text
    assert "Next: on the master nim1: " in failure.text


def test_junit_never_passes_what_is_unknown():
    found = scan(evidence(host="lpar7"), registry=registry())
    _, (only,) = suites(found)
    cases = {case.get("name"): case for case in only.iter("testcase")}
    skipped = cases["create-bio-hang"].find("skipped")
    assert skipped.get("message").startswith("unknown: ")
    assert "would be settled by: /var/adm/ras/nimsh.log" in skipped.get("message")


def test_junit_several_findings_of_one_check_are_one_failure():
    twice = HANG._replace(results=(*HANG.results, HANG.results[0]))
    _, (client, _) = suites(twice)
    failure = client.find("testcase[@name='create-bio-hang']/failure")
    assert failure.get("message").endswith("(and 1 more)")
    assert failure.text.count("Evidence: /var/adm/ras/nimsh.log line 58") == 2


# -- markdown


def test_markdown_tells_the_same_story():
    text = markdown_report.render([EXPIRED])
    assert text.startswith("# PROBLEMS, AND EXPOSED: lpar7\n")
    assert "## 1. HIGH certificate-expired on lpar7 (client), likely" in text
    assert "| fail | high | certificate-expired | lpar7 |" in text
    assert "**Because of:** 1. nimsh-inactive\n" in markdown_report.render([hostile.report("words")])


def test_markdown_quotes_lines_with_their_numbers_in_a_fence():
    assert "**Evidence:** `/var/adm/ras/nimsh.log`\n\n```text\n" in markdown_report.render([HANG])
    assert re.search(r"\n +58: Fri Mar 14 12:05:04 2025 +create BIO\n```\n", markdown_report.render([HANG]))


def test_markdown_of_several_hosts_is_one_text():
    text = markdown_report.render([HANG, HEALTHY])
    assert text.count("\n---\n") == 1 and "# HEALTHY, BUT EXPOSED: lpar7" in text


def shell_fences(text):
    """What stands in the fences of commands, as a renderer of Markdown has it."""
    markdown = pytest.importorskip("markdown_it")
    tokens = markdown.MarkdownIt("commonmark").enable("table").parse(text)
    return [token.content[:-1] for token in tokens if token.type == "fence" and token.info == "sh"]


def test_markdown_has_each_command_in_a_fence_of_its_own_as_it_runs():
    found = shell_fences(markdown_report.render([HANG]))
    assert found[0] == "nimdoctor fix create-bio-hang/client --master create-bio-hang/master"
    assert re.fullmatch(
        r"test ! -e (/ssl_nimsh_old\.\d{8}) && nimconfig -C && mv /ssl_nimsh \1 && nimconfig -c", found[1]
    )
    assert found[2:4] == ["nimclient -C; nimclient -c"] * 2
    assert "\n2) on the client lpar7:\n" in markdown_report.render([HANG])


@pytest.mark.parametrize(
    "command",
    ["ls -l /a_b_c | grep '`x`' > /tmp/*", "echo ```` \\| $HOME <b> && x", "x " * 3000 + "end", "    indented"],
)
def test_markdown_breaks_no_command_whatever_is_in_it(command):
    first = next(one for one in HANG.results if one.check == "openssl-unsupported")._replace(run=command, fix=None)
    story = HANG.story._replace(findings=(first,), depths=(0,))
    assert command in shell_fences(markdown_report.render([HANG._replace(story=story, ways=(), first=None)]))


def test_markdown_counts_what_passed_and_names_it_once():
    text = markdown_report.render([HANG])
    assert re.search(r"^- \d+ passed: certificate-expired, ", text, re.MULTILINE)
    assert "| pass |" not in text


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("set ssl_support = yes", "set `ssl_support` = yes"),
        ("no `nim -o showres X` was recorded", "no `nim -o showres X` was recorded"),
        ("see http://x/y.", "see `http://x/y`."),
        ("a `b`_c_", "a `` `b`_c_ ``"),
        ("nimclient -C; x", "nimclient `-C`; x"),
    ],
)
def test_markdown_shows_words_that_mean_more_as_code(words, shown):
    assert markdown_report.prose(words) == shown


# -- what page and Markdown say of hosts where a cure is advice only


def test_page_and_markdown_say_what_helps_where_cures_are_advice_only():
    skewed = report("hardening-order")
    page, text = " ".join("".join(Page(html.render([skewed])).texts).split()), markdown_report.render([skewed])
    assert "## Where cures are advice only\n" in text and "Where cures are advice only" in page
    assert (
        "- **Together:** they differ: this comes first, and likely explains" in text
        and "they differ: this comes first, and likely explains" in page
    )
    assert "- **Each end:** lpar7 (client): G1 (" in text
    assert "advice only" not in markdown_report.render([EXPIRED])


def test_page_and_markdown_tell_one_thing_seen_from_both_ends_once():
    found = report("client-not-secure")
    again = next(one for one in found.story.findings if summary.seen_before(found, one))
    number = summary.number(found, again)
    text = markdown_report.render([found])
    assert re.search(rf"^##+ {number}\. .*\n\n\*\*Same:\*\* as \d+, seen from here\n", text, re.MULTILINE)
    assert ", seen from here" in "".join(Page(html.render([found])).texts)


def test_page_and_markdown_say_what_to_send_as_commands_of_each_host():
    bare = scan(evidence(host="lpar7"), registry=registry())
    wanted = [one.command for one in bare.to_send if not one.is_push]
    assert len(wanted) > 5
    assert "\n".join(wanted) in shell_fences(markdown_report.render([bare]))
    assert "\n".join(wanted) in "".join(Page(html.render([bare])).texts)


# -- nagios


def nagios(*reports, fail_on=Severity.MEDIUM, refused=()):
    return nagios_report.status(reports, fail_on, refused), nagios_report.render(reports, fail_on, refused)


def test_nagios_a_fail_of_high_or_critical_is_critical():
    status, line = nagios(HANG)
    assert status == 2
    assert line.startswith("NIMDOCTOR CRITICAL - lpar7: 1 critical problem")
    assert ": create-bio-hang: the newest session" in line
    assert re.search(r" \| fails=\d+ unknowns=0 errors=0 passes=\d+ critical=1 high=0 ", line)
    assert line.endswith(" client_certificate_days=3534 master_certificate_days=3534\n")


def test_nagios_a_fail_below_high_is_a_warning():
    status, line = nagios(report("client-uses-rsh", only=["client-uses-rsh"]))
    assert status == 1 and line.startswith("NIMDOCTOR WARNING - lpar7 (1 of ")


def test_nagios_nothing_wrong_is_ok():
    status, line = nagios(report("healthy", only=["create-bio-hang"]))
    assert status == 0 and re.match(
        r"NIMDOCTOR OK - lpar7 \(1 of \d+ checks asked\): no check found a fault \| fails=0 ", line
    )
    assert nagios(UNEXPOSED)[0] == 0


def test_nagios_what_is_open_to_others_is_a_warning_and_no_fail():
    status, line = nagios(HEALTHY)
    assert status == 1
    assert line.startswith(
        "NIMDOCTOR WARNING - lpar7: 11 known vulnerabilities are open, the worst 10.0: nim-vulnerable | "
    )
    assert " fails=0 " in line and " high=0 " in line and " vulnerabilities=11 worst_score=10.0 " in line


def test_nagios_what_is_undecided_is_unknown():
    status, line = nagios(scan(evidence(host="lpar7"), registry=registry()))
    assert status == 3 and line.startswith("NIMDOCTOR UNKNOWN - lpar7: ")


def test_nagios_the_bar_moves_what_counts():
    low = report("client-uses-rsh", only=["client-uses-rsh", "nimsh-inactive"], fail_on=Severity.HIGH)
    status, line = nagios(low, fail_on=Severity.HIGH)
    assert status == 0 and "fails=2" in line and "1 medium problem:" in line
    low = report("rhosts-left-over", only=["rhosts-left-over"], fail_on=Severity.LOW)
    assert nagios(low, fail_on=Severity.LOW)[0] == 1


def test_nagios_names_a_target_that_cannot_be_read_beside_a_long_finding():
    long = report("nim-vulnerable", only=["nim-vulnerable"])
    line = nagios(HANG, HEALTHY, long, refused=["lpar12.tar: no such file or directory"])[1]
    assert "lpar12.tar: no such file or directory" in line


def test_nagios_cuts_between_words():
    words = "no " + "create-bio-hang " * 100
    line = nagios_report.line(2, words)
    assert len(line) < 450 and line.endswith("create-bio-hang ...")


def test_nagios_takes_the_worst_of_several_and_says_it_first():
    status, line = nagios(HEALTHY, HANG)
    assert status == 2 and line.startswith("NIMDOCTOR CRITICAL - lpar7: 1 critical")
    assert nagios(UNEXPOSED, refused=["x: no such file"])[0] == 3
    assert nagios(HANG, refused=["x: no such file"])[0] == 2


def test_nagios_days_are_the_fewest_and_negative_once_over():
    line = nagios(HEALTHY, EXPIRED)[1]
    assert int(re.search(r"client_certificate_days=(-?\d+)", line).group(1)) < 0


# -- a host that is no AIX


def recorded_on(**said):
    """A host in memory whose manifest says that too."""
    files = collected(commands={"oslevel -s": "7200-05-01-2038\n"})
    files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), **said}).encode()
    return scan(
        RecordedEvidence("case", MemoryTree(files)), registry=registry(), only=["tftp-disabled", "nimsh-inactive"]
    )


def test_a_host_of_another_system_is_said_to_be_the_wrong_one_by_what_its_collector_recorded():
    head = summary.head(recorded_on(system="Linux"))
    assert head.cause == "lpar7 runs Linux, not AIX: neither NIM nor its commands are there"
    assert head.next.startswith("run it on the NIM client or master")


@pytest.mark.parametrize("said", [{"system": "AIX"}, {"remarks": ["this host runs Linux, not AIX: neither"]}])
def test_no_remark_makes_a_host_one_of_another_system(said):
    head = summary.head(recorded_on(**said))
    assert head.cause.startswith("not known: ") and not head.next.startswith("run it on the NIM client")
