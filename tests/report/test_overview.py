"""The overview of a fleet: what its numbers count, and that each leads to its hosts."""

import json
import re
import shlex
from datetime import datetime, timezone
from html.parser import HTMLParser

import hostile
import pytest
from fleet_records import NOW, failure, finding, fleet, record

pytest.importorskip("jinja2")

from nimdoctor.report.fleet import masters, rows
from nimdoctor.report.fleet.overview import overview
from nimdoctor.report.fleet.times import Periods

ELEMENTS = re.compile(
    "html|head|meta|title|style|body|a|header|nav|main|section|footer|h[1-3]|p|span|div|code|bdi|br|dl|dt|dd|ul|li|"
    "table|caption|thead|tbody|tr|th|td|details|summary|svg|desc|text|line|rect|label|input|button|noscript|script"
)
ATTRIBUTES = re.compile(
    "lang|charset|http-equiv|content|name|href|class|id|tabindex|role|scope|hidden|type|for|autocomplete|spellcheck|"
    "aria-label|aria-labelledby|viewbox|[xy][12]?|rx|width|height|text-anchor"
)


class Page(HTMLParser):
    """The page as a browser without script has it, and what the script is given."""

    def __init__(self, records, generated=NOW):
        super().__init__(convert_charrefs=True)
        self.names, self.attributes, self.text, self._open, self._data = [], [], "", [], ""
        self.written = "".join(overview(lambda: iter(records), generated))
        self.feed(self.written)
        self.close()
        self.data = json.loads(self._data) if self._data else {"rows": [], "selections": {}, "texts": []}

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        self._open = [*self._open[-20:], tag]
        self.text += " " if tag in ("td", "th", "li", "p", "dd", "dt", "tr", "summary", "br") else ""

    def handle_data(self, data):
        if self._open and self._open[-1] == "script":
            self._data += data if data.startswith("{") else ""
        elif not self._open or self._open[-1] != "style":
            self.text += data

    def handle_endtag(self, tag):
        self._open = self._open[:-1] if self._open and self._open[-1] == tag else self._open

    @property
    def title(self):
        return re.search("<h1>(.*?)</h1>", self.written).group(1)

    @property
    def words(self):
        return re.sub(r"\s+", " ", self.text)

    def hosts(self, selection):
        """The names of the rows that a number leads to."""
        _, wanted = self.data["selections"][selection]
        return sorted(row[0] for row in self.data["rows"] if set(wanted) <= set(row[2]))

    def told(self, name):
        """All texts of a host's row."""
        (row,) = [one for one in self.data["rows"] if one[0] == name]
        return " ".join(self.data["texts"][number] for number in _numbers(row[3:]))

    def links(self):
        return [value[1:] for _, name, value in self.attributes if name == "href"]


def _numbers(value):
    return [value] if isinstance(value, int) else [number for one in value for number in _numbers(one)]


def test_the_first_line_counts_hosts_by_verdict_and_what_was_not_read():
    page = Page(
        [record("a", "create-bio-hang"), record("b"), record("c", verdict="inconclusive"), failure("d.tgz", "no")]
    )
    assert page.title == "3 hosts: 1 with problems, 1 inconclusive, 1 healthy; 1 bundle not read"
    assert page.hosts("verdict-problems") == ["a"] and page.hosts("verdict-healthy") == ["b"]


def test_the_gravest_is_named_with_its_hosts_and_the_master_of_most_of_them():
    many = [record(f"lpar{n}", "create-bio-hang", master="nim3" if n < 5 else "nim4") for n in range(7)]
    page = Page([*many, record("other", "stale-ssl-libs")])
    assert "critical create-bio-hang on 7 hosts: lpar0, lpar1, lpar2, lpar3, lpar4 and 2 more" in page.words
    assert "Most of them, 5, are of master nim3" in page.words
    assert page.hosts("check-create-bio-hang") == [f"lpar{n}" for n in range(7)]


def test_of_a_host_that_is_there_twice_the_newest_counts_and_the_other_is_listed():
    old = record("lpar7", "create-bio-hang", target="old.tgz", collected="2026-11-01T00:00:00Z")
    new = record("LPAR7", target="new.tgz", collected="2026-11-02T00:00:00Z")
    for records in ([old, new], [new, old]):
        page = Page(records)
        assert page.title == "1 host: 1 healthy"
        assert "1 is another bundle of a host that counts already" in page.words
        assert "lpar7 old.tgz problems, worse new.tgz" in page.words
        assert "1 of them was worse: mended since, or another host of that name" in page.words


@pytest.mark.parametrize("collected", ["2026-11-01T00:00:00Z", None], ids=["at one time", "at no known time"])
def test_of_bundles_of_which_none_is_newer_the_gravest_counts(collected):
    bad, good = (
        record("lpar7", *checks, collected=collected, target=f"{bool(checks)}.tgz")
        for checks in (["create-bio-hang"], [])
    )
    assert Page([bad, good]).title == Page([good, bad]).title == "1 host: 1 with problems"


def test_hosts_of_one_name_with_masters_of_other_names_are_two():
    assert Page([record("lpar7"), record("lpar7", master="nim9")]).title == "2 hosts: 2 healthy"


def test_hosts_without_a_name_are_each_one():
    page = Page([record(None, target="x.tgz"), record(None, target="y.tgz")])
    assert page.title == "2 hosts: 2 healthy" and page.hosts("verdict-healthy") == ["x.tgz", "y.tgz"]


def client_of(master, host, **changes):
    """A client in whose record the master's tftp is off."""
    return record(
        host, findings=[finding("tftp-disabled", master, "master")], verdict="problems", master=master, **changes
    )


def test_a_fault_of_the_master_that_all_clients_show_is_one_host_s():
    clients = [client_of("nim1", f"lpar{n}") for n in range(40)]
    own = record("nim1", role="master", master=None, master_target=None, target="bundles/nim1.tar.gz")
    page = Page([*clients, own])
    assert page.hosts("check-tftp-disabled") == ["nim1"]
    assert "tftp-disabled high 1 host nim1 the tftp row is commented out" in page.words
    assert "as its clients show it (40)" in page.told("nim1")
    assert "tftp-disabled nim1" not in page.told("nim1") and "nim1 tftp-disabled" in page.told("lpar3")


def test_a_master_without_a_bundle_of_its_own_has_a_row_where_its_clients_show_a_fault_of_it():
    page = Page([client_of("nim1", "lpar7"), client_of("nim1", "lpar8")])
    assert page.title == "2 hosts: 2 with problems"
    assert page.hosts("check-tftp-disabled") == ["nim1"]
    assert "no bundle of its own" in page.told("nim1")


def test_a_client_that_calls_its_master_by_a_short_name_stands_with_it():
    own = record("nim1.example.com", role="master", master=None, master_target=None, target="n.tgz")
    page = Page([client_of("nim1", "lpar7", master_target="n.tgz"), own])
    (family,) = [id for id, (words, _) in page.data["selections"].items() if words == "of master nim1.example.com"]
    assert page.hosts(family) == ["lpar7", "nim1.example.com"]
    assert page.hosts("check-tftp-disabled") == ["nim1.example.com"]


def test_certificates_are_counted_by_the_week_in_which_they_run_out():
    ends = {
        "out": "2026-11-30T11:59:59Z", "soon": "2026-12-02T00:00:00Z", "edge": "2027-05-30T23:59:59Z",
        "later": "2027-05-31T00:00:00Z", "unseen": None,
    }  # fmt: skip
    page = Page([record(name, certificate_not_after=end, certificate_days=None) for name, end in ends.items()])
    weeks = {words: page.hosts(id) for id, (words, _) in page.data["selections"].items() if "soonest" in words}
    said = "whose soonest certificate: "
    assert weeks[f"{said}run out already"] == ["out"] and weeks[f"{said}2026-11-30"] == ["soon"]
    assert weeks[f"{said}2027-05-24"] == ["edge"] and weeks[f"{said}after 26 weeks"] == ["later"]
    assert weeks[f"{said}none seen"] == ["unseen"]
    assert "one ran out on 1 host, one runs out within four weeks on 1 more" in page.words


def test_where_only_the_days_are_known_they_count_from_the_time_of_collecting():
    one = record("a", certificate_not_after=None, certificate_days=-3.5, collected="2026-11-01T00:00:00Z")
    assert "Its soonest certificate ran out on 2026-10-28" in Page([one]).told("a")


def test_who_has_not_followed_is_named_by_master():
    states = {"a": True, "b": False, "c": None, "d": False}
    page = Page(
        [record(name, followed=state) for name, state in states.items()] + [record("z", master="nim2", followed=None)]
    )
    assert page.hosts("master-nim1-followed") == ["a"] and page.hosts("master-nim1-unsure") == ["c"]
    assert page.hosts("master-nim1-not-yet") == page.hosts("not-followed") == ["b", "d"]
    assert "nim1 1 followed 2 not yet 1 not known b, d" in page.words
    assert "nim2 0 followed" not in page.words, "nobody there had to follow"


def test_bundles_that_gave_no_report_are_grouped_by_the_reason():
    cut = [failure(f"in/{n}.tgz", f"in/{n}.tgz: no whole gzip file") for n in range(3)]
    page = Page([*cut, failure("x", "it killed its worker twice", "crashed"), record("a")])
    assert "3 could not be read: PATH: no whole gzip file in/0.tgz in/1.tgz in/2.tgz" in page.words
    assert "1 crashed: it killed its worker twice x" in page.words


def test_reasons_beyond_a_number_stand_together():
    page = Page([failure(f"{n}.tgz", f"error {n}") for n in range(203)])
    assert "3 could not be read: for other reasons 200.tgz 201.tgz 202.tgz" in page.words


def test_a_level_and_a_verdict_together_lead_to_the_hosts_of_both():
    page = Page(
        [record("a", "stale-ssl-libs"), record("b"), record("c", "stale-ssl-libs", level=None, generation=None)]
    )
    assert page.hosts("level-7200-05-10-2520-problems") == ["a"]
    assert page.hosts("level-7200-05-10-2520") == ["a", "b"]


def test_an_undecided_check_leads_to_its_hosts_and_says_what_was_not_collected():
    undecided = [{"check": "fileset-broken", "severity": "medium", "message": "lslpp -lc: not collected"}]
    page = Page([record("a", undecided=undecided, missing=["lslpp -lc"], verdict="inconclusive")])
    assert page.hosts("undecided-fileset-broken") == ["a"]
    assert "most often not collected: lslpp -lc (1)" in page.words and "Not collected: lslpp -lc." in page.told("a")


@pytest.mark.parametrize(
    ("records", "title"),
    [
        ([], "0 hosts"),
        ([failure(f"{n}", "no") for n in range(2)], "0 hosts; 2 bundles not read"),
        ([record("a")], "1 host: 1 healthy"),
    ],
    ids=["none", "all failed", "one"],
)
def test_the_smallest_fleets_have_a_page(records, title):
    page = Page(records)
    assert page.title == title
    assert len(page.data["rows"]) == len([one for one in records if one["host"]])


def test_every_link_leads_to_a_place_of_the_page_to_a_choice_of_hosts_or_to_a_host():
    page = Page(list(fleet(400)))
    places = {value for _, name, value in page.attributes if name == "id"}
    ids = {row[1] for row in page.data["rows"]}
    assert len(page.links()) > 300
    assert set(page.links()) <= places | set(page.data["selections"]) | ids
    assert all(page.hosts(id) for id in page.data["selections"])


def test_a_number_is_that_of_the_hosts_which_its_link_shows():
    page = Page(list(fleet(400)))
    linked = re.findall(r'<a href="#([^"]+)">([\d,]+)</a>', page.written)
    counted = [(id, int(number.replace(",", ""))) for id, number in linked if id in page.data["selections"]]
    assert len(counted) > 200
    assert [(id, number) for id, number in counted if len(page.hosts(id)) != number] == []


def test_the_command_of_a_host_is_quoted_for_a_shell():
    page = Page([record("a", target="-in/it's; rm -rf *.tgz", master_target="b c.tgz")])
    command = page.data["texts"][page.data["rows"][0][4][4]]
    assert shlex.split(command) == ["nimdoctor", "scan", "./-in/it's; rm -rf *.tgz", "--master", "b c.tgz"]


def test_a_path_that_cannot_be_shown_is_told():
    for path in ("in/\udcff.tgz", "caf\\xe9.tgz"):
        assert "stand here as escapes" in Page([record("a", target=path)]).told("a")
        assert "stand here as escapes" in Page([record("a", master_target=path)]).told("a")
    assert "stand here as escapes" not in Page([record("a")]).told("a")


def test_objects_of_a_finding_are_counted_beyond_the_first():
    many = {
        **finding("client-uses-rsh", "nim1", "master"),
        "objects": [f"old{n}" for n in range(20)],
        "object_count": 300,
    }
    page = Page([record("nim1", role="master", master=None, findings=[many], verdict="problems")])
    assert "old0, old1, old2, old3, old4 and 295 more" in page.told("nim1")


def test_exposures_stand_by_themselves_and_are_no_problem():
    page = Page([record("a", exposure={"open": 10, "worst": 10.0}, findings=[finding("nim-vulnerable", "a")])])
    assert page.title == "1 host: 1 healthy" and "1 host is open to known vulnerabilities, the worst 10.0" in page.words
    assert "nothing was found that keeps NIM from working" in page.words and "Problems, by check" not in page.words
    assert page.hosts("exposed") == page.hosts("check-nim-vulnerable") == ["a"]


def test_what_the_page_says_does_not_depend_on_the_order_in_which_bundles_were_done():
    records = list(fleet(300))
    one, other = Page(records), Page(records[::-1])
    assert one.words == other.words and one.told("lpar00007") == other.told("lpar00007")
    assert [row[:2] for row in one.data["rows"]] == [row[:2] for row in other.data["rows"]]


def test_records_are_read_twice_and_one_at_a_time():
    reads = []

    def read():
        reads.append(0)
        for one in fleet(50):
            reads[-1] += 1
            yield one

    pieces = overview(read, NOW)
    assert next(pieces).startswith("<!DOCTYPE html>")
    assert reads == [50, 50]


def test_of_more_hosts_than_a_page_holds_the_gravest_are_listed_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(rows, "LISTED", 3)
    page = Page([*(record(f"good{n}") for n in range(9)), record("bad", "create-bio-hang")])
    assert page.title == "10 hosts: 1 with problems, 9 healthy"
    assert [row[0] for row in page.data["rows"]] == ["bad", "good0", "good1"]
    assert "Listed are the 3 gravest; 7 more are counted above" in page.words


def test_of_more_masters_than_a_table_holds_those_with_most_problems_are_listed(monkeypatch):
    monkeypatch.setattr(masters, "LISTED", 2)
    page = Page([record(f"lpar{n}", *(["stale-ssl-libs"] if n == 7 else []), master=f"nim{n}") for n in range(9)])
    listed = {
        words for words, _ in page.data["selections"].values() if words.startswith("of master") and "," not in words
    }
    assert listed == {"of master nim0", "of master nim7", "of master nim1"}
    assert page.words.count("7 more masters are not listed") == 2


@pytest.mark.parametrize(
    ("first", "unit", "number"),
    [
        ((2026, 11, 30), "week", 1),
        ((2026, 7, 1), "week", 23),
        ((2025, 1, 1), "month", 23),
        ((1999, 1, 1), "year", 28),
        ((1, 1, 1), "year", 100),
    ],
)
def test_time_is_parted_as_it_fits(first, unit, number):
    periods = Periods.over(datetime(*first, tzinfo=timezone.utc), NOW)
    assert (periods.unit, len(periods.names)) == (unit, number)


@pytest.mark.parametrize("collected", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-30Z", "Z", "soon"])
def test_no_time_of_collecting_upsets_the_page(collected):
    page = Page([record("a", collected=collected, certificate_not_after=None, certificate_days=1e12), record("b")])
    assert page.title == "2 hosts: 2 healthy"


def hostile_record(words):
    """A record whose every text is these words, as far as a text may be anything."""
    bad = {**finding("stale-ssl-libs", words), "check": words, "message": words, "fix": words, "objects": [words] * 3, "severity": words}  # fmt: skip
    return record(
        words, target=words, level=words, generation=words, master=words, master_target=words, pairing=words,
        findings=[bad, {**bad, "where": "master", "host": words + "m"}], missing=[words],
        undecided=[{"check": words, "severity": words, "message": words}], verdict="problems", collected=words,
        certificate_not_after=words,
    )  # fmt: skip


@pytest.mark.parametrize("words", [*hostile.HOSTILE, "\u05d0\u05d1 host", "master-nim1", "__proto__"])
def test_whatever_stands_in_a_record_is_text_and_nothing_else(words):
    page = Page([hostile_record(words), failure(words, f"{words}: {words}", words), record("lpar7")])
    assert page.written.isascii()
    assert not [name for name in page.names if not ELEMENTS.fullmatch(name)]
    assert not [name for _, name, _ in page.attributes if not ATTRIBUTES.fullmatch(name)]
    assert all(re.fullmatch("[A-Za-z0-9-]+", link) for link in page.links())
    assert all(letter.isprintable() or letter == "\n" for letter in page.text.replace("Incon\u00adclusive", ""))
    assert all(text.isprintable() for text in page.data["texts"])
    assert page.written.count("<script") == 2 and not re.search("[<>&]", page._data)
    assert "sha256-" in page.written and "unsafe" not in page.written[:3000]
