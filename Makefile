# make demo: install into .venv and see a repair on simulated hosts, from the push that hangs to the one that proves it
# make test: everything CI runs
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
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

bench: $(VENV)/installed
	$(BIN)/python benchmarks/measure.py

bench-repair: $(VENV)/installed
	$(BIN)/python benchmarks/repair.py

bench-redaction: $(VENV)/installed
	$(BIN)/python benchmarks/redaction.py

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

clean:
	rm -rf $(VENV) build dist nimdoctor.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
