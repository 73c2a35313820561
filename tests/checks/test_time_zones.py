"""A host's time zone never changes a verdict: what is local moves together, what is UTC stays."""

import re
from datetime import datetime, timedelta
from functools import cache

import pytest
from effort import examples
from hosts import LOCAL, LOG, MemoryTree, results_of, scan_hosts
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SAMPLES, samples, trees
from scenarios import ENDS, names, scenario

from nimdoctor.evidence.catalog import file_name
from nimdoctor.evidence.recorded import RecordedEvidence

DATE, NIMSH_LOG = f"commands/{file_name(LOCAL)}", f"files{LOG}"
HOME = timedelta(hours=2)
"""East of UTC, as every scenario is."""
QUARTER = timedelta(minutes=15)
WEST, EAST = -12 * 4, 14 * 4
"""Quarters of an hour from UTC of the zones there are."""

QUOTED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d local time")

# what a command or file prints in local time, and the form of it; %e stands for a day padded with a blank
STAMPS = (
    (re.compile(re.escape(DATE)), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "%Y-%m-%dT%H:%M:%S"),
    (re.compile(re.escape(NIMSH_LOG)), r"(?m)^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}", "%a %b %e %H:%M:%S %Y"),
    (re.compile(r"commands/lslpp_-hc.*"), r"\d\d/\d\d/\d\d:\d\d;\d\d;\d\d", "%m/%d/%y:%H;%M;%S"),
    (re.compile(r"commands/ar_.*"), r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d \d{4}", "%b %e %H:%M %Y"),
    (re.compile(r"commands/emgr_.*"), r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d", "%m/%d/%y %H:%M:%S"),
)  # fmt: skip


def moved(tree, by, only=None):
    """That host in a zone so much further east, and how many stamps moved."""
    files, count = dict(tree.files), 0
    for name, raw in tree.files.items():
        for kind, pattern, form in STAMPS:
            if kind.fullmatch(name) and only in (None, name):
                text = raw.decode("latin-1")
                new, found = re.subn(pattern, lambda match, form=form: _later(match.group(), form, by), text)
                files[name] = new.encode("latin-1")
                assert len(files[name]) == len(raw), name
                count += found
    return MemoryTree(files), count


def _later(stamp, form, by):
    when = datetime.strptime(stamp, form.replace("%e", "%d")) + by
    return when.strftime(form.replace("%e", f"{when.day:2}"))


def verdicts(trees, way="pair"):
    hosts = {end: RecordedEvidence(end, MemoryTree(tree.files)) for end, tree in trees.items()}
    report = scan_hosts(hosts["client"], hosts["master"]) if way == "pair" else scan_hosts(hosts[way])
    return report.verdict, without_local_times(report.results)


def without_local_times(results):
    """A message may quote a local time, and then says so."""
    return [one._replace(evidence=(), against=(), message=QUOTED.sub("local time", one.message)) for one in results]


def in_zones(name, quarters):
    """Both ends of a scenario, each in the zone that many quarters of an hour east of UTC."""
    return {end: moved(scenario(name)[end], quarters[end] * QUARTER - HOME)[0] for end in ENDS}


ZONES = ((WEST, EAST), (EAST, WEST), (23, 23), (0, 51))


@pytest.mark.parametrize("name", names())
def test_a_time_zone_changes_no_verdict(name):
    before = verdicts(scenario(name))
    for client, master in ZONES:
        assert verdicts(in_zones(name, {"client": client, "master": master})) == before, (client, master)


@given(
    st.sampled_from(names()),
    st.sampled_from(["pair", "client", "master"]),
    st.integers(WEST, EAST),
    st.integers(WEST, EAST),
    st.booleans(),
)
@settings(max_examples=examples(60), deadline=None)
def test_nor_does_any_zone_in_which_the_host_did_not_tell_its_own(name, way, client, master, told):
    at_home, away = scenario(name), in_zones(name, {"client": client, "master": master})
    if not told:
        at_home, away = ({end: _without_local_date(tree) for end, tree in ends.items()} for ends in (at_home, away))
    assert verdicts(away, way) == verdicts(at_home, way)


def _without_local_date(tree):
    files = {name: raw for name, raw in tree.files.items() if name != DATE}
    entry = re.compile(rb'"' + re.escape(LOCAL).encode() + rb'"\s*:\s*\{[^}]*\}\s*,?')
    manifest = re.sub(rb",(\s*\})", rb"\1", entry.sub(b"", files["manifest.json"]))
    return MemoryTree({**files, "manifest.json": manifest})


@cache
def dated():
    """Samples of evidence directories in which every end tells its local time, and has other stamps of it."""
    every = [sample for path in sorted(SAMPLES.glob("*.txt")) for sample in samples(path.stem)]
    found = []
    for sample in every:
        hosts = trees(sample).ends.values()
        if hosts and all(DATE in tree.files for tree in hosts) and any(moved(tree, QUARTER)[1] > 1 for tree in hosts):
            found.append(sample)
    return found


def of_sample(sample, ends):
    target, master = trees(sample)._replace(ends=ends).targets()
    return without_local_times(results_of(sample.check, target, master, role=sample.role))


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data(), client=st.integers(WEST, EAST), master=st.integers(WEST, EAST))
def test_nor_does_it_change_what_comes_of_a_sample(data, client, master):
    sample = data.draw(st.sampled_from(dated()), label="sample")
    quarters = {"client": client, "master": master}
    there = {end: moved(tree, quarters[end] * QUARTER - HOME)[0] for end, tree in trees(sample).ends.items()}
    assert of_sample(sample, there) == of_sample(sample, trees(sample).ends)


OF_THE_ZONE_ITSELF = (
    "unknown when openssl was installed after an undated session",
    "a hang whose age cannot be known is only possible [misfit]",
    "a hang whose age cannot be known is only possible [off by half an hour]",
    "the stamps serve for the age where both dates are recorded",
)
"""Samples of create-bio-hang that turn on a local time being told; in all others the change of the log tells it as well."""


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data(), quarters=st.integers(WEST, EAST))
def test_a_hang_is_as_sure_where_the_host_did_not_tell_its_zone(data, quarters):
    own = [one for one in dated() if one.check == "create-bio-hang" and one.title not in OF_THE_ZONE_ITSELF]
    sample = data.draw(st.sampled_from(own), label="sample")
    ends = trees(sample).ends
    there = {end: _without_local_date(moved(tree, quarters * QUARTER - HOME)[0]) for end, tree in ends.items()}
    here, away = ([(one.outcome, one.confidence) for one in of_sample(sample, ends_)] for ends_ in (ends, there))
    assert away == here


@pytest.mark.parametrize("name", names())
def test_every_scenario_has_local_times_at_both_ends(name):
    assert all(moved(scenario(name)[end], QUARTER)[1] > 10 for end in ENDS)


def test_what_does_not_move_together_is_noticed():
    """Else the others would prove nothing: stamps that do not fit the host's own time make a hang less sure."""
    trees = scenario("create-bio-hang")
    torn = {**trees, "client": moved(trees["client"], timedelta(hours=5), only=NIMSH_LOG)[0]}
    assert verdicts(torn) != verdicts(trees)
