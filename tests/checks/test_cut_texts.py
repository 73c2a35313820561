"""A cut proves neither: a text of which a part is missing turns nothing into a fault, and nothing that is one into a pass."""

import random
from typing import Dict, Mapping, Set, Tuple

import pytest
from cuts import CUTS, cut, texts
from hosts import MemoryTree, scan_hosts
from scenarios import ENDS, names, scenario

from nimdoctor.evidence.recorded import RecordedEvidence
from nimdoctor.model import Outcome, Role

Outcomes = Dict[Tuple[str, Role], Set[Outcome]]


def outcomes(ends: Mapping[str, MemoryTree]) -> Outcomes:
    found: Outcomes = {}
    for one in scan_hosts(*(RecordedEvidence(end, ends[end]) for end in ENDS)).results:
        found.setdefault((one.check, one.where), set()).add(one.outcome)
    return found


def turned(whole: Outcomes, part: Outcomes) -> Set[Tuple[str, Role]]:
    """What a part says against the whole, in either direction."""
    wrong = set()
    for key, before in whole.items():
        after = part.get(key, set())
        new_fault = Outcome.FAIL in after and Outcome.FAIL not in before
        new_health = after == {Outcome.PASS} and bool(before & {Outcome.FAIL, Outcome.UNKNOWN})
        if new_fault or new_health or Outcome.ERROR in after:
            wrong.add(key)
    return wrong


@pytest.mark.parametrize("name", names())
def test_a_cut_text_turns_no_verdict_against_the_whole(name: str) -> None:
    whole = scenario(name)
    before = outcomes(whole)
    chance = random.Random(name)
    for how in CUTS if name == "healthy" else chance.sample(sorted(CUTS), 2):
        end = chance.choice(ENDS)
        text = chance.choice(texts(whole[end]))
        part = {**whole, end: cut(whole[end], text, how, chance)}
        assert not turned(before, outcomes(part)), (end, text, how, part[end].files[text])


@pytest.mark.parametrize(
    ("name", "end", "text", "how"),
    [
        ("master-id-changed", "client", "files/etc/niminfo", "head"),
        ("niminfo-wrong-master", "client", "files/etc/niminfo", "middle"),
        ("create-bio-hang", "client", "files/var/adm/ras/nimsh.log", "head"),
        ("healthy", "client", "files/var/adm/ras/nimsh.log", "grep"),
        ("client-uses-rsh", "master", "commands/lsnim_-l", "grep -v"),
        ("tftp-disabled", "master", "files/etc/inetd.conf", "grep"),
        ("openssl-missing", "client", "commands/lslpp_-lc", "tail"),
        ("healthy", "client", "commands/netstat_-an", "grep"),
        ("push-disabled", "client", "commands/ps_-eo_pid_ppid_etime_args", "grep -v"),
        ("rhosts-left-over", "client", "files/.rhosts", "grep"),
    ],
)
def test_texts_that_once_were_taken_for_whole(name: str, end: str, text: str, how: str) -> None:
    whole = scenario(name)
    before = outcomes(whole)
    for seed in range(3):
        part = {**whole, end: cut(whole[end], text, how, random.Random(seed))}
        assert not turned(before, outcomes(part)), part[end].files[text]
