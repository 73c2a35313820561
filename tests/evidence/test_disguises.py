"""However a text was pasted, it is the text that it was: nothing is lost, nothing judged otherwise, each line stands where it is said."""

from collections import defaultdict
from typing import Dict, List, Sequence, Set

import pytest
from disguises import CUTS, NAMELESS, PROMPTS, TITLES, WRAPPINGS, Shown, piped, recorded, some, titled, typed
from effort import examples
from hosts import loose, scan_hosts
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios import names

from nimdoctor.evidence.catalog import Catalog, Kind
from nimdoctor.evidence.loose import LooseEvidence
from nimdoctor.evidence.source import NothingRecognised
from nimdoctor.model.text import Text

CLIENT = recorded("healthy", "client")
MASTER = recorded("healthy", "master")
FEW = tuple(one for one in CLIENT if one.text.count("\n") < 20)
ENDS = st.sampled_from([(name, end) for name in names() for end in ("client", "master")])


def texts(found: LooseEvidence) -> List[Text]:
    return [text for row in Catalog() if row.kind is not Kind.PATHS for text in found.texts(row, {})]


def lines_of(text: Text) -> List[str]:
    return [" ".join(line.split()) for _, line in text.lines() if line.strip()]


def missing(shown: Sequence[Shown], raw: bytes) -> List[str]:
    """The commands of which no piece has that name and those lines."""
    served = [(text.name, lines_of(text)) for text in texts(loose({"pasted.txt": raw}))]
    lost = []
    for one in shown:
        name = one.command[4:] if one.command.startswith("cat ") else one.command
        if (name, [" ".join(line.split()) for line in one.lines]) not in served:
            lost.append(one.command)
    return lost


def judged(raw: bytes) -> Dict[str, Set[str]]:
    """The outcomes by check; empty ones where nothing is recognised."""
    found: Dict[str, Set[str]] = defaultdict(set)
    try:
        evidence = loose({"pasted.txt": raw})
    except NothingRecognised:
        return found
    for result in scan_hosts(evidence).results:
        found[result.check].add(result.outcome.value)
    return found


@pytest.mark.parametrize("prompt", PROMPTS)
def test_behind_every_prompt_each_text_is_that_of_its_command(prompt: str) -> None:
    assert missing(CLIENT, typed(CLIENT, prompt, "lpar7").encode()) == []


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_names_its_host_and_no_shell_user_or_directory_is_one(prompt: str) -> None:
    pieces = loose({"pasted.txt": typed(FEW, prompt, "lpar7").encode()})._pieces
    assert {piece.host.split(".")[0] for piece in pieces} == {"" if prompt in NAMELESS else "lpar7"}


@pytest.mark.parametrize("title", TITLES)
def test_below_every_title_each_text_is_that_of_its_command(title: str) -> None:
    assert missing(CLIENT, titled(CLIENT, title).encode()) == []


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_in_every_wrapping_each_text_is_that_of_its_command(wrapping: str) -> None:
    raw, _ = WRAPPINGS[wrapping](typed(CLIENT, "lpar7 # ", "lpar7"))
    assert missing(CLIENT, raw) == []


@settings(max_examples=examples(40), deadline=None)
@given(
    some(CLIENT + MASTER),
    st.sampled_from(PROMPTS),
    st.sampled_from(sorted(WRAPPINGS)),
    st.sampled_from(["nim1", "lpar7"]),
)
def test_any_joined_texts_in_any_order_and_disguise_lose_none(shown, prompt, wrapping, host):  # type: ignore[no-untyped-def]
    # of a command typed twice the last counts
    latest = list({one.command: one for one in shown}.values())
    raw, lines = WRAPPINGS[wrapping](typed(latest, prompt, host))
    assert missing(latest, raw) == []
    for text in texts(loose({"pasted.txt": raw})):
        for number, line in text.lines():
            assert not lines or " ".join(line.split()) in " ".join(lines[number - 1].split())


@settings(max_examples=examples(25), deadline=None)
@given(ENDS, st.sampled_from(PROMPTS), st.sampled_from(sorted(WRAPPINGS)), st.data())
def test_a_disguise_changes_no_verdict_but_to_unknown(where, prompt, wrapping, data):  # type: ignore[no-untyped-def]
    shown = data.draw(some(recorded(*where), 2, 5))
    plain = judged(typed(shown, "root@lpar7:/ # ", "lpar7").encode())
    raw, _ = WRAPPINGS[wrapping](typed(shown, prompt, "lpar7"))
    for check, outcomes in judged(raw).items():
        assert outcomes <= plain[check] | {"unknown"}, (check, [one.command for one in shown])


@settings(max_examples=examples(25), deadline=None)
@given(some(CLIENT + MASTER, 2), st.sampled_from(sorted(WRAPPINGS)), st.sampled_from(PROMPTS))
def test_every_line_is_in_a_piece_or_said_to_be_in_none(shown, wrapping, prompt):  # type: ignore[no-untyped-def]
    strange = Shown("own_report -x", "Northwind of the third kind\nand more of it")
    latest = list({one.command: one for one in shown}.values())
    text = typed([*latest[:1], strange, *latest[1:]], prompt, "lpar7")
    if prompt in ("# ", "$ ", ""):
        text = text.replace("own_report", "./own_report")
    raw, _ = WRAPPINGS[wrapping](text)
    found = loose({"pasted.txt": raw})
    kept = [line for text in texts(found) for line in lines_of(text)]
    said = any("'Northwind of the third kind'" in remark for remark in found.remarks)
    assert said != ("Northwind of the third kind" in kept)


@settings(max_examples=examples(25), deadline=None)
@given(ENDS, st.sampled_from(sorted(CUTS)), st.data())
def test_a_text_that_was_cut_makes_no_fault_of_what_was_none(where, pipe, data):  # type: ignore[no-untyped-def]
    shown = data.draw(some(recorded(*where), 1, 4))
    whole = judged(typed(shown, "root@lpar7:/ # ", "lpar7").encode())
    cut = judged(typed([piped(one, pipe) for one in shown], "root@lpar7:/ # ", "lpar7").encode())
    new = {check for check, outcomes in cut.items() if "fail" in outcomes and "fail" not in whole[check]}
    assert not new, (new, [one.command for one in shown])
