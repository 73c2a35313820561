# make demo: install into .venv-plain and see a repair on simulated hosts, from the push that hangs to the one that proves it
# make test: everything CI runs
# make generate: write anew what is made of checks, fixes and facts (docs/contributing.md)
# make installed: of the tests those of an installation as users have it
# make attack: the longer form of what tests try: SECONDS of fuzzing a target, hostile archives, FAULTS a room (docs/attacks.md);
#   make -k attack goes on where one of them finds something
# make collection: the Ansible collection with what it carries, nimdoctor-aix-VERSION.tar.gz (docs/ansible.md)
# make ansible-test: the collection's tests with the newest ansible-core, and a part of them with the oldest that is maintained
# make ansible-lint: what Ansible's own linters say of it
# make pyz: the whole command line in one file, nimdoctor.pyz, which runs on any Python from 3.9 on with nothing installed
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# an installation as users have it, from the wheel; not one that points into this directory
PLAIN = .venv-plain
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# what the command line in one file carries besides: of each the newest that starts on 3.9, and on all after it. Without
# rich and pygments, which nothing here asks for; Typer does not start without shellingham and annotated-doc
LIBRARIES = typer==0.23.2 click==8.1.8 shellingham==1.5.4 annotated-doc==0.0.4 tabulate==0.9.0

# two venvs for what Ansible needs beside nimdoctor: a controller of the newest ansible-core, and one of the oldest that is
# still maintained, whose hosts have the oldest Python that either supports. docs/ansible.md names both
ANSIBLE = .venv-ansible
ANSIBLE_OLD = .venv-ansible-old
ANSIBLE_NEWEST = ansible-core==2.21.5
ANSIBLE_OLDEST = ansible-core==2.20.10
ANSIBLE_LINTERS = ansible-lint==26.10.1 antsibull-changelog==0.36.0
COLLECTION = nimdoctor-aix-$(shell sed -n 's/^version: //p' ansible/galaxy.yml).tar.gz

SECONDS = 60
SEED = 1
FAULTS = 5

.PHONY: demo generate test lint pytest pyz installed bench bench-fleet bench-repair bench-logs bench-redaction attack attack-fuzz \
  attack-archives attack-leaks attack-faults collection ansible-test ansible-lint clean

demo: $(PLAIN)/installed
	@$(PLAIN)/bin/nimdoctor demo

generate: $(VENV)/developed
	$(BIN)/python tools/generate.py

test: lint pytest

lint: $(VENV)/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pytest: $(VENV)/developed $(PLAIN)/installed nimdoctor.pyz
	NIMDOCTOR_INSTALLED=$(abspath $(PLAIN)) NIMDOCTOR_PYZ=$(abspath nimdoctor.pyz) $(BIN)/python tests/run.py

pyz: nimdoctor.pyz

nimdoctor.pyz: $(PLAIN)/installed
	rm -rf build/libraries
	$(PLAIN)/bin/python -m pip install --quiet --disable-pip-version-check --target build/libraries --no-deps --no-compile \
	  --only-binary=:all: --python-version 3.9 $(LIBRARIES)
	$(PLAIN)/bin/python -I -m nimdoctor.remote.one_file --libraries build/libraries --output $@
	rm -rf build/libraries

installed: $(VENV)/developed $(PLAIN)/installed
	NIMDOCTOR_INSTALLED=$(abspath $(PLAIN)) $(BIN)/python tests/run.py tests/installed

bench: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/measure.py

bench-fleet: $(VENV)/developed
	$(BIN)/python benchmarks/fleet.py

bench-repair: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/repair.py

bench-logs: $(PLAIN)/installed
	$(PLAIN)/bin/python benchmarks/logs.py

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

collection: $(ANSIBLE)/developed
	$(ANSIBLE)/bin/python tools/build_collection.py --galaxy $(ANSIBLE)/bin/ansible-galaxy

ansible-test: $(ANSIBLE)/developed $(ANSIBLE_OLD)/developed
	NIMDOCTOR_ANSIBLE=$(abspath $(ANSIBLE)) $(ANSIBLE)/bin/python -m pytest -rs -n 2 --dist loadfile tests/ansible
	NIMDOCTOR_ANSIBLE=$(abspath $(ANSIBLE_OLD)) NIMDOCTOR_ANSIBLE_MANAGED=3.9 $(ANSIBLE_OLD)/bin/python -m pytest -rs -n 2 \
	  --dist loadfile -m both_pairs tests/ansible

ansible-lint: $(ANSIBLE)/developed
	$(ANSIBLE)/bin/python tools/lint_collection.py

$(ANSIBLE)/developed: pyproject.toml Makefile
	$(PYTHON) -m venv $(ANSIBLE)
	$(ANSIBLE)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' $(ANSIBLE_NEWEST) $(ANSIBLE_LINTERS)
	@touch $@

$(ANSIBLE_OLD)/developed: pyproject.toml Makefile
	$(PYTHON) -m venv $(ANSIBLE_OLD)
	$(ANSIBLE_OLD)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' $(ANSIBLE_OLDEST)
	@touch $@

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
	rm -rf $(VENV) $(PLAIN) nimdoctor.pyz build dist nimdoctor.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf $(ANSIBLE) $(ANSIBLE_OLD) ansible/files $(COLLECTION)
