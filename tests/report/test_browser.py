"""The HTML report as a real browser has it: quiet, asking for nothing, readable on a phone, on paper and in the dark."""

import json
import re

import hostile
import pytest
from hosts import MemoryTree, registry
from scenarios import scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.library.scanning import scan
from nimdoctor.report import html

CONTRAST = """
(() => {
  const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
                            return [...pen.getImageData(0, 0, 1, 1).data]; };
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (node) => { for (; node; node = node.parentElement) {
      const style = getComputedStyle(node), colour = rgb(style.backgroundColor);
      if (colour[3] > 0) return colour; } return [255, 255, 255, 255]; };
  const bad = [];
  for (const node of document.querySelectorAll('body *')) {
    if (![...node.childNodes].some(one => one.nodeType === 3 && one.data.trim()) || node.closest('title, desc')) continue;
    const style = getComputedStyle(node);
    const colour = rgb(node.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const [a, b] = [light(colour), light(ground(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push([node.tagName, node.textContent.slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return JSON.stringify(bad);
})()
"""
OVERFLOWING = """
JSON.stringify([...document.querySelectorAll('body *')].filter(node => !node.closest('.scroll, .skip, svg, thead') &&
  node.getClientRects().length && node.getBoundingClientRect().right > innerWidth + 1)
  .map(node => [node.tagName, node.className, node.getBoundingClientRect().right]))
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Writes a report of a scenario, or of hostile words, as HTML."""
    place = tmp_path_factory.mktemp("pages")

    def make(name):
        path = place / f"{name}.html"
        if not path.exists():
            reports = [hostile.report(" ".join(hostile.HOSTILE)) if name == "hostile" else report(name)]
            path.write_text(html.render(reports))
        return path

    return make


def report(name):
    if name == "lone":
        files = dict(scenario("create-bio-hang")["client"].files)
        del files["commands/ps_-eo_pid_ppid_etime_args"], files["commands/df_-k"]
        return scan(RecordedEvidence("lone", MemoryTree(files)), registry=registry(), pictures=True)
    ends = scenario(name)
    client, master = (RecordedEvidence(f"{name}/{end}", ends[end]) for end in ("client", "master"))
    return scan(client, master, registry=registry(), pictures=True)


NAMES = ("create-bio-hang", "healthy", "certificate-expired", "hostile")


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_for_nothing_and_the_console_stays_empty(chromium, page, name):
    chromium.open(page(name))
    assert chromium.requested() == [page(name).as_uri()]
    assert chromium.complaints() == []
    assert (
        chromium.value("document.scripts.length + document.images.length + document.querySelectorAll('link').length")
        == 0
    )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_a_phone(chromium, page, name):
    chromium.open(page(name), width=360)
    assert chromium.value("document.documentElement.scrollWidth") == 360
    assert chromium.value("[...document.querySelectorAll('details')].forEach(one => one.open = true)") is None
    assert chromium.value("document.documentElement.scrollWidth") == 360
    assert json.loads(chromium.value(OVERFLOWING)) == []
    sizes = chromium.value(
        "[...document.querySelectorAll('svg text')].map(one => one.getBoundingClientRect().height).sort((a, b) => a - b)[0]"
    )
    assert sizes > 9, "letters in a picture can be read"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_letters_have_the_contrast_of_wcag_aa_by_day_and_by_night(chromium, page, dark):
    for name in ("create-bio-hang", "certificate-expired"):
        chromium.open(page(name), dark=dark)
        ground = chromium.value("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)")
        assert chromium.value("[...document.querySelectorAll('details')].forEach(one => one.open = true)") is None
        assert json.loads(chromium.value(CONTRAST)) == []


def test_it_is_worked_by_the_keyboard_alone(chromium, page):
    chromium.open(page("create-bio-hang"))
    chromium.press("Tab")
    assert chromium.value("document.activeElement.className") == "skip"
    assert chromium.value("document.activeElement.getBoundingClientRect().left") >= 0
    chromium.press("Enter")
    assert chromium.value("document.activeElement.id") == "main"
    for _ in range(30):
        chromium.press("Tab")
        if chromium.value("document.activeElement.textContent").startswith("Passed"):
            break
    assert chromium.value("document.activeElement.tagName") == "SUMMARY"
    assert chromium.value("document.activeElement.parentElement.open") is False
    chromium.press("Enter")
    assert chromium.value("document.activeElement.parentElement.open") is True


def test_a_screen_reader_finds_its_way_and_is_told_what_the_pictures_show(chromium, page):
    chromium.open(page("create-bio-hang"))
    nodes = [one for one in chromium.tell("Accessibility.getFullAXTree")["nodes"] if not one["ignored"]]
    named = {}
    for one in nodes:
        named.setdefault(one["role"]["value"], []).append(one.get("name", {}).get("value", ""))
    assert {"banner", "main", "contentinfo", "region", "article"} <= set(named)
    assert named["article"][0] == "1. CRITICAL create-bio-hang on lpar7 (client), likely"
    ends, sessions, validity = named.get("image") or named["img"]
    assert "Master nim1 and client lpar7: broken: push" in ends and "push (3901/tcp, 3902/tcp): broken" in ends
    assert "stops at create BIO" in sessions and "2025-03-14 12:05:04" in sessions
    assert "6 valid" in validity
    assert all(named["region"]) and all(named["heading"])


def visible_below(chromium, summary):
    """Whether what is folded below the heading that begins so is seen."""
    return chromium.value(
        f"[...document.querySelectorAll('details')].find(one => one.textContent.startsWith({json.dumps(summary)}))"
        ".lastElementChild.checkVisibility()"
    )


def test_on_paper_it_is_light_and_what_is_folded_on_the_screen_is_open_but_what_passed_which_is_counted(chromium, page):
    chromium.open(page("create-bio-hang"))
    assert visible_below(chromium, "Below medium: 2") is False
    chromium.open(page("create-bio-hang"), dark=True, media="print")
    assert chromium.value("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
    assert visible_below(chromium, "Below medium: 2") is True
    assert visible_below(chromium, "Passed: ") is False
    chromium.open(page("lone"), media="print")
    assert visible_below(chromium, "Could not be checked: ") is True


def test_on_paper_it_takes_few_pages(chromium, page):
    for name, most in (("create-bio-hang", 4), ("healthy", 3), ("certificate-expired", 5)):
        chromium.open(page(name), media="print")
        paper = chromium.pdf()
        assert paper.startswith(b"%PDF-") and 1 <= paper.count(b"/Type /Page\n") <= most, name


def test_a_command_is_copied_as_it_runs(chromium, page):
    chromium.open(page("create-bio-hang"), width=360)
    copied = json.loads(
        chromium.value(
            "JSON.stringify([...document.querySelectorAll('pre.command')].map(one => "
            "{ getSelection().selectAllChildren(one); return getSelection().toString(); }))"
        )
    )
    rename = next(one for one in copied if one.startswith("test ! -e "))
    assert re.fullmatch(
        r"test ! -e (/ssl_nimsh_old\.\d{8}) && nimconfig -C && mv /ssl_nimsh \1 && nimconfig -c", rename
    )
    assert "nimclient -C; nimclient -c" in copied
    assert not [one for one in copied if re.search(r"\n|\u00ad|^[#$>] |^on ", one)]


@pytest.mark.parametrize("width", [360, 1000])
def test_no_id_is_parted_at_its_hyphens(chromium, page, width):
    chromium.open(page("create-bio-hang"), width=width)
    parted = "[...document.querySelectorAll('.whole')].filter(one => one.checkVisibility() && one.textContent.length < 30 && "
    parted += "one.getBoundingClientRect().height > 1.9 * parseFloat(getComputedStyle(one).fontSize)).map(one => one.textContent)"
    assert chromium.value("document.querySelectorAll('.whole').length") > 20
    assert json.loads(chromium.value(f"JSON.stringify({parted})")) == []


def test_ibms_pages_are_links(chromium, page):
    chromium.open(page("create-bio-hang"))
    links = json.loads(
        chromium.value(
            "JSON.stringify([...document.querySelectorAll('a[href^=\"https\"]')].map(one => [one.textContent, one.href]))"
        )
    )
    assert ["node/7283157", "https://www.ibm.com/support/pages/node/7283157"] in links
    assert ["isg3T1024615", "https://www.ibm.com/support/pages/nimsh-over-ssl"] in links
