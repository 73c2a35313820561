"""The pages of topics are sound, and what people type first finds them."""

import re
from pathlib import Path

import pytest

from nimdoctor.facts import names
from nimdoctor.facts.level_table import TABLES, data_of, table
from nimdoctor.library.registry import Registry
from nimdoctor.manual.explain import LINES, explain
from nimdoctor.manual.messages import numbers_in
from nimdoctor.manual.pages import fix_page, page
from nimdoctor.manual.topic_pages import read, topics

REGISTRY = Registry()
CHECKS, FIXES = REGISTRY.checks(), REGISTRY.fixes()
IDS = {one.id for one in (*CHECKS, *FIXES)}
PLACE = Path(__file__).resolve().parents[2] / "nimdoctor" / "manual" / "topics"
EACH = pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.id)


def said(query: str) -> str:
    found = explain(query, CHECKS, REGISTRY.catalog, FIXES)
    assert found.found, query
    return found.text


def ids_named(text: str) -> "set[str]":
    return {id for id in IDS if re.search(rf"(?<![\w-]){id}(?![\w-])", text)}


def test_every_file_is_a_topic_named_like_it_and_takes_no_name_of_a_check_or_fix():
    assert {path.stem for path in PLACE.iterdir()} == {topic.id for topic in topics()}
    assert not {topic.id for topic in topics()} & IDS


@EACH
def test_a_topic_is_plain_text_whose_first_paragraph_can_stand_alone(topic):
    text = (PLACE / f"{topic.id}.md").read_bytes().decode("ascii")
    assert "\t" not in text and "\r" not in text and max(map(len, topic.body.splitlines())) <= 96
    assert topic.first_words.endswith(".") and not topic.body.startswith(" ")
    assert len(topic.title) <= 80


@EACH
def test_a_topic_names_installed_checks_only(topic):
    assert set(topic.checks) <= {check.id for check in CHECKS}


@EACH
def test_a_topic_points_only_at_what_is_explained(topic):
    for wanted in re.findall(r"`nimdoctor explain ([^`]+)`", topic.body):
        said(wanted)
    assert all(f"{number}  (" in said(number) for number in numbers_in(topic.body))


@EACH
def test_each_of_its_words_gives_the_topic_with_its_source_in_lines_that_fit(topic):
    for asked in (topic.id, topic.title, *topic.asked):
        text = said(asked)
        assert text.startswith(f"# {topic.id}: "), asked
        assert "How sure: " in text and "Source: " in " ".join(text.split())
        assert all(len(line) <= 79 or line.startswith(("    ", "#")) for line in text.splitlines())


@EACH
def test_each_of_its_lines_leads_to_it(topic):
    for line in topic.lines:
        assert topic.title in said(f"host1: {line} x").replace("\n", " "), line


def test_no_word_and_no_line_leads_to_two_topics():
    asked = [word for topic in topics() for word in topic.asked]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("no title\nasked: x\nsure: A\nsource: s\n\nText.", "title"),
        ("# x: X\nasked: x\nsure: A\n\nText.", "source"),
        ("# x: X\nasked: x\nsure: Q\nsource: s\n\nText.", "mark"),
        ("# x: X\nasked: x\nsure: A\nsource: s\ncolour: red\n\nText.", "colour"),
        ("# x: X\nasked: x\nsure: A\nsource: s\n", "a text"),
    ],
)
def test_a_file_that_is_no_topic_is_refused_with_the_reason(text, wrong):
    with pytest.raises(ValueError, match=wrong):
        read(text)


# -- what people type first


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("SSL_server.cnf", ["/usr/samples/nim/ssl", "goes out to the clients", "lost"]),
        ("ssl_root.cnf", ["certificate authority"]),
        ("What is encrypted?", ["authentic", "clear text", "never encrypted"]),
        ("is the data encrypted", ["clear text"]),
        ("encription", ["clear text"]),
        ("smitty nim_config_services", ["Communication Protocol", "Enable Cryptographic", "nimclient -c"]),
        ("smitty nim_ssl", ["nimconfig -c", "ssl_support = yes"]),
        ("hang", ["create BIO", "create-bio-hang"]),
        ("creat-bio-hang", ["# create-bio-hang: "]),
        ("nimsh.log", ["/var/adm/ras/nimsh.log"]),
        ("/etc/niminfo", ["NIM_MASTERID", "0042-137"]),
        ("server.pem", ["/ssl_nimsh/certs", "private key"]),
        ("exit 249", ["normal"]),
        ("g2", ["CVE-2025-36250", "IJ55968", "Mutual TLS"]),
        ("G3", ["node/7283157", "VIOS 4.1.0", "CVE-2026-15068"]),
        ("nimclient -C", ["crypto off"]),
        ("lssrc -a", ["Output of a command"]),
        ("oslevel", ["oslevel -s Output of a command"]),
        ("/.rhosts", ["A file, read on: client"]),
        ("nimsh hangs", ["create BIO"]),
        ("which openssl do I need", ["openssl.license"]),
        ("0042-008 nimsh: request denied - wrong_cpuid", ["cpuid-changed", "The CPU id of a client"]),
        ("{'lpar9': 'timedout'}", ["300 seconds", "create-bio-hang"]),
        ("tftp: Error code 2: Access violation", ["tftp-denied", "/etc/tftpaccess.ctl"]),
        ("   Cstate_result  = failure", ["showlog"]),
        ("sapmsS01   3901/tcp", ["port-taken"]),
        ("https://www.ibm.com/support/pages/node/7283157", ["special steps"]),
        ("Error connecting to SSL object", ["ssl-object-error", "the master, is the likelier"]),
    ],
)
def test_what_people_type_first_is_answered(query, wanted):
    text = " ".join(said(query).split())
    for words in wanted:
        assert words in text, words


@pytest.mark.parametrize(
    ("number", "checks"),
    [
        (
            "0042-008",
            {"cpuid-changed", "master-id-changed", "niminfo-wrong-master", "name-resolution", "ssl-one-sided"},
        ),
        ("0042-137", {"niminfo-broken"}),
        ("0042-002", {"hung-push"}),
    ],
)
def test_a_number_leads_to_the_checks_that_it_can_mean(number, checks):
    assert checks <= ids_named(said(number))


@pytest.mark.parametrize("row", data_of("messages")["messages"], ids=lambda row: row["number"])
def test_a_number_leads_only_to_checks_that_say_so_themselves(row):
    own = {check.id for check in CHECKS if row["number"] in check.messages}
    assert ids_named(said(row["number"])) == own | ids_named(row["meaning"])


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_the_tables_of_levels_is_found_by_what_it_names(name):
    for row in table(name).rows:
        for column in ("cve", "apar", "interim_fix", "advisory"):
            if row.get(column):
                text = said(row.text(column))
                assert "How sure: " in text and row.source in " ".join(text.split())
                assert "Checks to look at: " in text


@pytest.mark.parametrize("name", ["CVE-2021-44228", "IJ00001"])
def test_a_cve_or_an_apar_that_is_none_of_nims_is_not_known_and_says_so(name):
    found = explain(name, CHECKS, REGISTRY.catalog, FIXES)
    assert not found.found and "not in nimdoctor's tables" in found.text


# -- several lines at once

MAIL = """Hello,
the push to lpar9 fails since Sunday:
0042-001 nim: processing error encountered on "master":
   0042-006 m_lslpp: (exec_nimsh_cmd) exec_cmd Connection refused
0042-001 nim: processing error encountered on "master":
> connect        = nimsh (secure)
we are at G1 because of CVE-2025-36250 (IJ55968).
Regards
"""


def test_each_thing_in_a_pasted_text_is_answered_once_and_in_its_order():
    text = said(MAIL)
    heads = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert len(heads) == len(set(heads))
    places = [text.index(head) for head in ("0042-001  (", "0042-006  (", "CVE-2025-36250\n", "IJ55968\n")]
    assert places == sorted(places)
    assert "Generation G1" in text and "nimsh-inactive" in text


def test_lines_of_a_pasted_text_of_which_nothing_is_known_are_counted():
    assert said(MAIL).rstrip().endswith("Nothing is known of 3 other lines.")


def test_a_text_that_is_too_long_says_how_much_of_it_was_looked_at():
    assert f"Only the first {LINES} lines" in said("0042-001 x\n" + "well\n" * LINES)


def test_what_of_a_text_is_known_only_to_be_unknown_is_not_found():
    found = explain("0042-998 a\n0042-999 b\n", CHECKS, REGISTRY.catalog, FIXES)
    assert not found.found and "0042-998" in found.text and "0042-999" in found.text


# -- for people


@EACH
def test_a_command_in_backquotes_stands_on_one_line(topic):
    text = said(topic.id)
    for command in re.findall(r"`([^`]{1,60})`", " ".join(topic.body.split())):
        assert command in text


def test_no_page_and_no_answer_names_a_class_of_python():
    classes = [name for name in names.MODULES if re.search(r"[a-z][A-Z]", name)]
    texts = [page(check, REGISTRY.catalog, FIXES) for check in CHECKS]
    texts += [fix_page(fix, REGISTRY.catalog, CHECKS, FIXES) for fix in FIXES]
    texts += [said(word) for topic in topics() for word in (topic.id, *topic.lines)]
    texts += [said(row.label) for row in REGISTRY.catalog]
    found = {name for name in classes for text in texts if re.search(rf"\b{name}\b", text)}
    assert not found
