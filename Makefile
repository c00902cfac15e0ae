# make demo    align two articles of the project's own (needs Python 3.10+, ideally 3.11)
# make test    run the tests            make lint    style and types
# make gate    alignment quality against the pinned floors
# make clean   remove what make made
#
# Everything is installed into .venv, with the versions of constraints.txt. The demo needs numpy and a
# few small libraries; test and lint install torch and the other optional libraries too.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
SOURCES := align benchmarks data tests

.PHONY: demo test lint gate clean

demo: $(VENV)/base.stamp
	@$(BIN)/align pair data/article.en.txt data/article.de.txt \
		--header --columns probability,kind,src,tgt

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest

lint: $(VENV)/dev.stamp
	@$(BIN)/python -m ruff check $(SOURCES)
	@$(BIN)/python -m ruff format --check $(SOURCES)
	@$(BIN)/python -m mypy

gate: $(VENV)/base.stamp
	@$(BIN)/python -m benchmarks.gate

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "align needs Python 3.10 or later; try make PYTHON=python3.11" >&2; exit 1; }
	@echo "making $(VENV) (once)" >&2
	@$(PYTHON) -m venv $(VENV)

# stamps: done until what they depend on changes
$(VENV)/base.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing align into $(VENV) (once)" >&2
	@$(PIP) -e .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing the tools for tests into $(VENV) (once; minutes)" >&2
	@$(PIP) -e '.[dev]'
	@touch $(VENV)/base.stamp $@
