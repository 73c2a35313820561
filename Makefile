# make demo: install into .venv and see a repair on simulated hosts, from the push that hangs to the one that proves it
# make test: everything CI runs
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# timings are of an installation as users have it, not of one that points into this directory
PLAIN = .venv-plain
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint pytest bench bench-repair bench-redaction clean

demo: $(VENV)/installed
	@$(BIN)/nimdoctor demo

test: lint pytest

lint: $(VENV)/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pytest: $(VENV)/developed
	$(BIN)/python tests/run.py

bench: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/measure.py

bench-repair: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/repair.py

bench-redaction: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/redaction.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable .
	@$(BIN)/python -m compileall -q nimdoctor checks fixes
	@touch $@

$(VENV)/developed: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable '.[dev]'
	@$(BIN)/python -m compileall -q nimdoctor checks fixes
	@touch $@

$(PLAIN)/installed: pyproject.toml $(shell find nimdoctor checks fixes -name '*.py' -o -name '*.sh' -o -name '*.json' -o -name '*.css')
	rm -rf $(PLAIN) build
	$(PYTHON) -m venv $(PLAIN)
	$(PLAIN)/bin/python -m pip install --quiet --disable-pip-version-check .
	rm -rf build
	@touch $@

clean:
	rm -rf $(VENV) $(PLAIN) build dist nimdoctor.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
