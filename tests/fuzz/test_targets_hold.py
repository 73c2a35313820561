"""What reads others' texts holds against the kept corpus, and against some inputs made of it; run.py tries for longer."""

import json
import random
import subprocess
import sys
from typing import Dict

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.corpus import CORPUS, REPOSITORY, kept, seeds
from fuzz.mutations import LIMIT, mutated
from fuzz.run import deadline
from fuzz.targets import TARGETS

DEADLINE = 20.0
"""Seconds of the processor for one input, some hundred times what the slowest takes."""
MADE = {"evidence": 15, "manifest": 20, "facts": 40, "loose": 40, "redaction": 25, "plan": 30, "runs": 20}
"""Inputs made for each target where one takes more than some milliseconds; of the others a hundred."""
KNOWN: Dict[str, Dict[str, str]] = json.loads((CORPUS / "known.json").read_text("utf-8"))
"""By target and file what of the corpus still breaks it, and how."""
ENTRIES = [(target, name) for target in TARGETS for name in kept(target)]


def attempt(target: str, raw: bytes) -> None:
    with deadline(DEADLINE):
        TARGETS[target](raw)


@pytest.mark.parametrize(("target", "name"), ENTRIES, ids=["-".join(entry) for entry in ENTRIES])
def test_what_is_kept_in_the_corpus_breaks_nothing(target: str, name: str) -> None:
    if name in KNOWN.get(target, {}):
        pytest.xfail(KNOWN[target][name])
    attempt(target, kept(target)[name])


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_made_of_the_corpus_breaks_nothing(target: str) -> None:
    if KNOWN.get(target):
        pytest.xfail(f"known, and found again: {', '.join(KNOWN[target].values())}")
    inputs = seeds(target)

    @settings(max_examples=examples(MADE.get(target, 100)), derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(inputs), st.integers(0, 2**32))
    def holds(raw: bytes, number: int) -> None:
        attempt(target, mutated(raw, inputs, random.Random(number)))

    holds()


def test_every_target_has_inputs_and_what_is_known_is_kept() -> None:
    assert all(seeds(target) for target in TARGETS)
    assert all(name in kept(target) for target, names in KNOWN.items() for name in names)
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(TARGETS)


@given(st.binary(max_size=2000), st.integers(0, 2**32))
def test_an_input_is_made_of_another_by_its_number_alone(raw: bytes, number: int) -> None:
    made = mutated(raw, [raw, b"{}"], random.Random(number))
    assert made == mutated(raw, [raw, b"{}"], random.Random(number))
    assert len(made) <= LIMIT or raw[:2] == b"\x1f\x8b"


def test_the_longer_form_tells_what_it_tried_and_how_an_input_is_tried_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        program = [sys.executable, "tests/fuzz/run.py", "--target", "ignored", *map(str, words)]
        return subprocess.run(program, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)

    ended = run("--seconds", "0.2", "--into", tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("| ignored | ") and list(tmp_path.iterdir()) == []
    assert run("--input", CORPUS / "ignored" / "rules").returncode == 0
