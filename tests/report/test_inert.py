"""Whatever stands in evidence comes out as what it is, in every format: nothing of it acts."""

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import hostile
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from nimdoctor.model import Severity
from nimdoctor.report import html, json_report, junit_report, markdown_report, nagios_report, text_report

ELEMENTS = re.compile(
    "html|head|meta|title|style|body|a|header|nav|main|section|article|footer|h[1-5]|p|span|div|strong|code|pre|figure|"
    "figcaption|dl|dt|dd|ol|ul|li|table|caption|thead|tbody|tr|th|td|details|summary|svg|desc|text|line|rect|circle|polygon"
)
ATTRIBUTES = re.compile(
    "lang|charset|http-equiv|content|name|href|class|id|tabindex|role|scope|open|aria-label|aria-labelledby|viewbox|"
    "[xy][12]?|c[xy]|rx?|width|height|points|text-anchor"
)

LINK = re.compile(r"#[a-z0-9-]+|https://www\.ibm\.com/support/pages/(node/[0-9]{5,9}|nimsh-over-ssl)")
"""Within the page, or to IBM's pages, whatever the evidence says."""

WORDS = st.lists(
    st.one_of(st.sampled_from(hostile.HOSTILE[:-1]), st.text(max_size=20), st.text("<>&\"'`|[]()=+-@\\*_#~ ", max_size=12)),
    max_size=4,
).map("".join)  # fmt: skip


class Page(HTMLParser):
    """The elements, attributes and texts of a document, as a browser would see them."""

    def __init__(self, document):
        super().__init__(convert_charrefs=True)
        self.names, self.attributes, self.texts, self.cells, self.style, self._open = [], [], [], [], "", []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag != "meta":
            self._open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, (tag, self._open)
        self._open.pop()

    def handle_data(self, data):
        if self._open and self._open[-1] == "style":
            self.style += data
            return
        self.texts.append(data)
        if {"td", "th"} & set(self._open):
            self.cells[-1] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data):
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data):
        raise AssertionError(f"a declaration: {data}")


def printable(text):
    return all(letter.isprintable() for letter in text.replace("\n", ""))


def formula(cell):
    return cell.lstrip()[:1] in ("=", "+", "-", "@")


def html_is_inert(report):
    document = html.render([report])
    page = Page(document)
    assert document.isascii()
    assert not [name for name in page.names if not ELEMENTS.fullmatch(name)]
    assert not [name for _, name, _ in page.attributes if not ATTRIBUTES.fullmatch(name)]
    assert all(LINK.fullmatch(value) for _, name, value in page.attributes if name == "href")
    assert printable("".join(page.texts)) and all(printable(value) for _, _, value in page.attributes)
    assert not [cell for cell in page.cells if formula(cell)]
    return page


def junit_is_inert(report):
    document = junit_report.render([report])
    assert document.isascii() and "<!" not in document
    tree = ElementTree.fromstring(document)
    assert {one.tag for one in tree.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped",
    }  # fmt: skip
    for one in tree.iter():
        assert printable(one.text or "") and all(printable(value) for value in one.attrib.values())
    return tree


def markdown_is_inert(report):
    markdown = pytest.importorskip("markdown_it")
    text = markdown_report.render([report])
    assert printable(text)
    tokens = markdown.MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    flat = [token for one in tokens for token in (one, *(one.children or ()))]
    kinds = {token.type for token in flat}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_block", "em_open", "s_open", "blockquote_open", "hr", "hardbreak"}, kinds  # fmt: skip
    for token in flat:
        if token.type == "text":
            assert not re.search(r"://|www\.|[<>@`|$]", token.content), token.content
    heads = [tokens[n + 1].content for n, one in enumerate(tokens) if one.type == "heading_open"]
    assert all(
        re.match(
            r"PROBLEMS:|\d\. HIGH |Certificates of |Could not be checked|What to send|Where cures are advice only$|Notes$|Ignored$|What was asked$",
            one,
        )
        for one in heads
    ), heads
    rows = [n for n, one in enumerate(tokens) if one.type == "tr_open"]
    certificates = len(report.certificates.side_by_side())
    listed = [one for one in report.results if one.outcome.value not in ("pass", "not-applicable")]
    assert len(rows) == 2 + certificates + len(listed)
    bold = [tokens_.children[n + 1].content for tokens_ in tokens for n, one in enumerate(tokens_.children or ()) if one.type == "strong_open"]  # fmt: skip
    assert all(one.endswith(":") for one in bold), bold
    cells = [tokens[n + 1].children for n, one in enumerate(tokens) if one.type == "td_open"]
    assert len(cells) == 5 * len(listed) + certificates * (7 + len(report.certificates.hosts))
    assert not [cell for cell in cells if cell and formula("".join(token.content for token in cell))]
    return tokens


def nagios_is_inert(report):
    line = nagios_report.render([report], Severity.MEDIUM)
    assert line.endswith("\n") and line.isascii() and line[:-1].isprintable() and len(line) < 1024
    said, _, performance = line[:-1].partition("|")
    assert re.fullmatch(r"(?: [a-z_]+=-?\d+)+", performance)
    assert not re.search(r"[<>&`$]", said)


def text_is_inert(report):
    assert printable(text_report.render(report)) and printable(text_report.render(report, brief=True))


def json_is_inert(report):
    document = json_report.render(report)
    assert re.fullmatch(r"[\n\x20-\x7e]*", document)
    assert json.loads(document)["results"]


ALL = (html_is_inert, junit_is_inert, markdown_is_inert, nagios_is_inert, text_is_inert, json_is_inert)


@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("words", hostile.HOSTILE, ids=lambda words: ascii(words)[:24])
def test_hostile_evidence_is_inert_in_every_format(check, words):
    check(hostile.report(words))


@pytest.mark.parametrize("check", ALL)
@settings(max_examples=examples(40), deadline=None)
@given(words=WORDS)
def test_any_text_is_inert_in_every_format(check, words):
    check(hostile.report(words))


def test_a_page_has_the_same_elements_whatever_the_evidence_says():
    plain = html_is_inert(hostile.report("lpar7")).names
    assert html_is_inert(hostile.report("</td><b>")).names == plain


def test_evidence_is_shown_whole_and_as_it_was():
    evil = "<script>alert(1)</script>"
    page = html_is_inert(hostile.report(evil))
    assert sum(evil in text for text in page.texts) > 10
    (first, *_) = junit_is_inert(hostile.report(evil)).iter("failure")
    assert evil in first.text and evil in first.get("message")
    fences = [one.content for one in markdown_is_inert(hostile.report(evil)) if one.type == "fence"]
    assert any(evil in one for one in fences)


def test_a_fence_is_longer_than_any_run_of_backticks_in_it():
    tokens = markdown_is_inert(hostile.report("``````` x"))
    assert any("``````` x" in one.content for one in tokens if one.type == "fence")


def test_control_characters_are_removed_visibly():
    words = "a\x1b[2Jb\u202ec"
    for rendered in (html.render([hostile.report(words)]), junit_report.render([hostile.report(words)])):
        assert "a\\x1b[2Jb\\u202ec" in rendered


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", " =1"])
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(words):
    assert any(cell.startswith("'") and words in cell for cell in html_is_inert(hostile.report(words)).cells)
