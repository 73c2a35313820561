"""The overview of a fleet as a real browser has it: from a number to its hosts, from those to one host, and back."""

import json

import hostile
import pytest
from fleet_records import NOW, failure, finding, fleet, record
from test_browser import CONTRAST, OVERFLOWING
from test_overview import hostile_record

from nimdoctor.report.fleet.overview import overview

ROWS = "[...document.querySelectorAll('.host')].filter(one => one.checkVisibility())"
NAMES = f"{ROWS}.map(one => one.querySelector('.name').textContent).join()"
SAID = "document.getElementById('said').textContent"
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Writes a fleet's overview."""
    place = tmp_path_factory.mktemp("overviews")

    def make(name):
        path = place / f"{name}.html"
        if not path.exists():
            path.write_text("".join(overview(lambda: iter(FLEETS[name]()), NOW)), encoding="ascii")
        return path

    return make


def shown_by_clients():
    """A master that is healthy by itself, of which two clients show a fault."""
    bad = [finding("tftp-disabled", "nim1", "master")]
    yield record("nim1", role="master", master=None, master_target=None)
    yield record("lpar8", "create-bio-hang")
    for name in ("lpar7", "lpar9"):
        yield record(name, findings=bad, verdict="problems")


def hostile_fleet():
    """Every hostile text in every place of a record, and all of them in one."""
    for words in (*hostile.HOSTILE, " ".join(hostile.HOSTILE)):
        yield hostile_record(words)
        yield failure(words or "x", words, words)


FLEETS = {
    "many": lambda: fleet(400),
    "few": shown_by_clients,
    "hostile": hostile_fleet,
    "empty": list,
    "unread": lambda: [failure(f"{n}.tgz", f"{n}.tgz: no whole gzip file") for n in range(300)],
}


def click(chromium, selector):
    """A link or a row's head, as a mouse does."""
    chromium.value(f"document.querySelector({json.dumps(selector)}).click()")
    settle(chromium)


def settle(chromium):
    """Lets the browser tell the page what happened."""
    chromium.tell(
        "Runtime.evaluate",
        expression="new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))",
        awaitPromise=True,
    )


def type_words(chromium, words):
    """Into the field above the list."""
    chromium.value(
        f"(() => {{ const field = document.getElementById('search'); field.value = {json.dumps(words)};"
        " field.dispatchEvent(new Event('input')); })()"
    )


@pytest.mark.parametrize("name", FLEETS)
def test_it_asks_for_nothing_and_the_console_stays_empty(chromium, page, name):
    chromium.open(page(name))
    chromium.value(OPEN_ALL)
    settle(chromium)
    assert chromium.requested() == [page(name).as_uri()]
    assert chromium.complaints() == []


def test_from_a_number_to_its_hosts_to_one_host_and_back(chromium, page):
    chromium.open(page("few"))
    assert chromium.value(NAMES) == "lpar8,lpar7,lpar9,nim1"
    click(chromium, 'table a[href="#check-create-bio-hang"]')
    assert chromium.value(NAMES) == "lpar8"
    assert chromium.value(SAID) == "Shown: 1 host with create-bio-hang. Show all"
    assert chromium.value("document.activeElement.id") == "said", "a screen reader reads what is shown"
    click(chromium, ".host summary")
    body = chromium.value("document.querySelector('.host .body').innerText")
    assert "stops at 'create BIO'" in body and "Fix: recycle-certificates" in body
    assert "nimdoctor scan bundles/lpar8.tar.gz --master bundles/nim1.tar.gz" in body
    click(chromium, "#said a")
    assert chromium.value(NAMES) == "lpar8,lpar7,lpar9,nim1"
    chromium.value("history.back()")
    settle(chromium)
    assert chromium.value(NAMES) == "lpar8"


def test_a_name_leads_to_the_host_and_shows_it_open(chromium, page):
    chromium.open(page("few"))
    chromium.value("[...document.querySelectorAll('td a')].find(one => one.textContent === 'lpar8').click()")
    settle(chromium)
    assert chromium.value(NAMES) == "lpar8" and chromium.value(SAID) == "Shown: lpar8. Show all"
    assert "stops at 'create BIO'" in chromium.value("document.querySelector('.host .body').innerText")


def test_a_client_leads_to_its_master_and_what_its_clients_show_of_it(chromium, page):
    chromium.open(page("few"))
    chromium.value(f"{ROWS}.find(one => one.textContent.startsWith('lpar7')).open = true")
    settle(chromium)
    click(chromium, ".host[open] .body a")
    assert chromium.value(NAMES) == "nim1"
    assert "its clients show: tftp-disabled" in chromium.value("document.querySelector('.host').innerText")
    assert "as its clients show it (2)" in chromium.value("document.querySelector('.host .body').innerText")


def test_the_same_number_clicked_again_leads_to_its_hosts_again(chromium, page):
    chromium.open(page("few"))
    click(chromium, 'table a[href="#check-create-bio-hang"]')
    chromium.value("scrollTo(0, 0)")
    click(chromium, 'table a[href="#check-create-bio-hang"]')
    assert chromium.value("scrollY") > 0


def test_words_narrow_what_was_chosen(chromium, page):
    chromium.open(page("many"))
    click(chromium, 'a[href="#verdict-problems"]')
    before = chromium.value(f"{ROWS}.length")
    type_words(chromium, "NIM2 nimsh-inactive")
    names = chromium.value(f"{ROWS}.map(one => one.innerText)")
    assert 0 < len(names) < before and all("nim2" in one and "nimsh-inactive" in one for one in names)
    type_words(chromium, "no such host")
    assert chromium.value(f"{ROWS}.length") == 0
    assert chromium.value(SAID) == "Shown: 0 hosts with problems, with the words below. Show all"


def test_rows_come_a_hundred_at_a_time_and_the_keyboard_goes_on_where_they_begin(chromium, page):
    chromium.open(page("many"))
    assert chromium.value(f"{ROWS}.length") == 100
    click(chromium, "#more")
    assert chromium.value(f"{ROWS}.length") == 200
    assert chromium.value(f"document.activeElement === {ROWS}[100].firstElementChild")


def test_an_address_with_a_choice_opens_at_its_hosts(chromium, page, tmp_path):
    chromium.open(page("few"))
    chromium.value("location.hash = 'check-tftp-disabled'; location.reload()")
    chromium.events.clear()
    chromium._wait_for("Page.loadEventFired")
    assert chromium.value(NAMES) == "nim1"


@pytest.mark.parametrize("name", FLEETS)
def test_nothing_is_wider_than_a_phone(chromium, page, name):
    chromium.open(page(name), width=360)
    chromium.value(OPEN_ALL)
    settle(chromium)
    assert chromium.value("document.documentElement.scrollWidth") == 360
    assert json.loads(chromium.value(OVERFLOWING)) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_letters_have_the_contrast_of_wcag_aa_by_day_and_by_night(chromium, page, dark):
    chromium.open(page("many"), dark=dark)
    chromium.value(OPEN_ALL)
    settle(chromium)
    assert json.loads(chromium.value(CONTRAST)) == []


def test_a_screen_reader_finds_headings_names_of_tables_and_what_the_pictures_show(chromium, page):
    chromium.open(page("many"))
    nodes = [one for one in chromium.tell("Accessibility.getFullAXTree")["nodes"] if not one["ignored"]]
    named = {}
    for one in nodes:
        named.setdefault(one["role"]["value"], []).append(one.get("name", {}).get("value", ""))
    assert {"banner", "main", "contentinfo", "navigation", "status"} <= set(named)
    assert all(named["heading"]) and all(named["region"]) and all(named["table"])
    assert named["searchbox"] == ["Only those with these words (names, masters, checks, levels):"]
    strip, *_ = named.get("image") or named["img"]
    assert strip.startswith("Hosts by verdict problems ")


def test_on_paper_the_numbers_stand_and_the_list_only_where_it_is_short_or_chosen(chromium, page):
    chromium.open(page("many"), media="print")
    assert chromium.value(f"{ROWS}.length") == 0
    chromium.value("location.hash = 'check-create-bio-hang'")
    settle(chromium)
    assert chromium.value(f"{ROWS}.length") > 0
    chromium.open(page("few"), media="print")
    assert chromium.value(f"{ROWS}.length") == 4
    assert chromium.pdf().startswith(b"%PDF-")


def test_without_its_script_the_page_has_its_numbers_and_every_host(chromium, page):
    chromium.tell("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(page("many"))
        assert chromium.value("document.querySelectorAll('noscript li').length") == len(
            {one["host"] for one in fleet(400) if one["host"]}
        )
        assert chromium.value("document.querySelectorAll('table').length") > 6
        assert chromium.value("document.getElementById('finder').checkVisibility()") is False
        link = "[...document.querySelectorAll('td a')].find(one => one.textContent.startsWith('lpar'))"
        assert chromium.value(f"document.getElementById({link}.hash.slice(1)).textContent === ''") is False
    finally:
        chromium.tell("Emulation.setScriptExecutionDisabled", value=False)
