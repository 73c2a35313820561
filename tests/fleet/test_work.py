"""What a warm judgement does, counted: each text is opened once, each fact made once, and no more functions are called.

Counts and not time, so that they are the same on every machine. Where one of them must rise, since there is more to judge,
the bound here rises with it, and whoever raises it sees by how much.
"""

import sys
from collections import Counter
from typing import Any, Iterator, List, NamedTuple, Tuple

import pytest

import nimdoctor
from nimdoctor.fleet.identity import identify
from nimdoctor.fleet.judging import judge

OWN = nimdoctor.__path__[0]
LOOKED_AT = {
    "client/manifest.json": "for what is packed here: several hosts, a bundle, one host",
    "client/commands/lslpp_-hc_openssl.base_bos.sysmgt.nim.client_bos.sysmgt.nim.master": "for whether it is blank, beside "
    "what the command complained of",
}
"""Members that are opened more than twice, and what for."""
JUDGED, IDENTIFIED, BYTES = 14_400, 2_300, 23_000
"""Calls of functions, and bytes that facts are made of: a tenth above what was measured, 13,108, 2,082 and 20,647."""


class Call(NamedTuple):
    """A function of nimdoctor's own that was called, and what with."""

    module: str
    name: str
    given: Tuple[Any, ...]


class Work:
    """The functions that a piece of work called once it had been done before; generators count at each thing they give."""

    def __init__(self, work: Any, *arguments: Any) -> None:
        work(*arguments)
        self.calls: List[Call] = []
        former = sys.getprofile()
        sys.setprofile(self._called)
        try:
            self.result = work(*arguments)
        finally:
            sys.setprofile(former)

    def _called(self, frame: Any, event: str, argument: Any) -> None:
        code = frame.f_code
        # comprehensions are functions of their own before 3.12
        if event == "call" and code.co_filename.startswith(OWN) and not code.co_name.startswith("<"):
            given = tuple(map(frame.f_locals.get, code.co_varnames[: code.co_argcount]))
            self.calls.append(Call(code.co_filename[len(OWN) + 1 :], code.co_name, given))

    def of(self, module: str, name: str) -> Iterator[Tuple[Any, ...]]:
        return (call.given for call in self.calls if (call.module, call.name) == (module, name))


@pytest.fixture
def of_pair(bundles):
    """The work that a client of a scenario is, the bundle of its master known already."""

    def done(scenario: str) -> Work:
        client, master = bundles.add("lpar7", scenario), bundles.add("nim1", end="master")
        return Work(judge, client, master, "by name")

    return done


scenarios = pytest.mark.parametrize("scenario", ["healthy", "create-bio-hang"])


@scenarios
def test_a_text_is_opened_once_however_many_facts_are_made_of_it(of_pair, scenario):
    opened = Counter(text.source for (text,) in of_pair(scenario).of("model/text.py", "open"))
    assert len(opened) > 25 and set(opened.values()) == {1}, opened


@scenarios
def test_a_member_is_looked_at_for_whether_it_is_packed_and_read_once(of_pair, scenario):
    opened = Counter(name for _, name in of_pair(scenario).of("evidence/archive_tree.py", "open"))
    again = {name: times for name, times in opened.items() if times > 2}
    assert len(opened) > 25 and set(again) <= set(LOOKED_AT) and max(again.values()) <= 4, again


@scenarios
def test_a_fact_is_made_once_a_host(of_pair, scenario):
    made = Counter((id(host), kind) for host, kind in of_pair(scenario).of("diagnosis/host.py", "_make"))
    assert 50 < len(made) <= 70 and set(made.values()) == {1}, made


@scenarios
def test_a_text_is_parsed_once_for_each_fact_that_is_made_of_it(of_pair, scenario):
    parsed = [
        (text.source, kind, len(text.read())) for _, text, kind in of_pair(scenario).of("diagnosis/host.py", "_parsed")
    ]
    assert 35 < len(parsed) <= 45 and len(set(parsed)) == len(parsed), parsed
    assert sum(size for _, _, size in parsed) <= BYTES


def test_a_master_that_is_known_is_not_read_again(of_pair):
    trees = {id(tree) for tree, _ in of_pair("healthy").of("evidence/archive_tree.py", "open")}
    assert len(trees) == 1


@scenarios
def test_a_client_judged_with_its_master_calls_no_more_functions(of_pair, scenario):
    work = of_pair(scenario)
    assert work.result["failure"] is None and work.result["master_target"]
    assert JUDGED / 2 < len(work.calls) <= JUDGED


def test_the_first_pass_calls_no_more_functions(bundles):
    work = Work(identify, bundles.add("lpar7"))
    assert work.result["host"] == "lpar7"
    assert IDENTIFIED / 2 < len(work.calls) <= IDENTIFIED
