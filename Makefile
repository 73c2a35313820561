# make demo: install into .venv-plain and see a repair on simulated hosts, from the push that hangs to the one that proves it
# make test: everything CI runs
# make generate: write anew what is made of checks, fixes and facts (docs/contributing.md)
# make installed: of the tests those of an installation as users have it
# make attack: the longer form of what tests try: SECONDS of fuzzing a target, hostile archives, FAULTS a room (docs/attacks.md);
#   make -k attack goes on where one of them finds something
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# an installation as users have it, from the wheel; not one that points into this directory
PLAIN = .venv-plain
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

SECONDS = 60
SEED = 1
FAULTS = 5

.PHONY: demo generate test lint pytest installed bench bench-repair bench-redaction attack attack-fuzz attack-archives \
  attack-leaks attack-faults clean

demo: $(PLAIN)/installed
	@$(PLAIN)/bin/nimdoctor demo

generate: $(VENV)/developed
	$(BIN)/python tools/generate.py

test: lint pytest

lint: $(VENV)/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pytest: $(VENV)/developed $(PLAIN)/installed
	NIMDOCTOR_INSTALLED=$(abspath $(PLAIN)) $(BIN)/python tests/run.py

installed: $(VENV)/developed $(PLAIN)/installed
	NIMDOCTOR_INSTALLED=$(abspath $(PLAIN)) $(BIN)/python tests/run.py tests/installed

bench: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/measure.py

bench-repair: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/repair.py

bench-redaction: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/redaction.py

attack: attack-fuzz attack-archives attack-leaks attack-faults

# led by coverage where atheris is installed in $(VENV), else by chance
attack-fuzz: $(VENV)/developed
	$(BIN)/python tests/fuzz/run.py --atheris --seconds $(SECONDS) --seed $(SEED)

attack-archives: $(VENV)/developed
	$(BIN)/python -m pytest -rs tests/cli/test_hostile_archives.py tests/evidence/test_archive.py tests/evidence/test_cpio.py \
	  tests/evidence/test_uncompressed.py

# keys without their armour, and which of them stay
attack-leaks: $(VENV)/developed
	$(BIN)/python benchmarks/leaks.py

attack-faults: $(VENV)/developed
	$(BIN)/python benchmarks/faults.py --count $(FAULTS) --seed $(SEED)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/developed: $(VENV)/bin/python pyproject.toml setup.py
	$(PIP) --editable '.[dev]'
	@$(BIN)/python -m compileall -q nimdoctor checks fixes
	@touch $@

$(PLAIN)/installed: pyproject.toml setup.py $(shell find nimdoctor checks fixes -type f ! -name '*.pyc')
	rm -rf $(PLAIN) build
	$(PYTHON) -m venv $(PLAIN)
	$(PLAIN)/bin/python -m pip install --quiet --disable-pip-version-check .
	rm -rf build
	@touch $@

clean:
	rm -rf $(VENV) $(PLAIN) build dist nimdoctor.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
