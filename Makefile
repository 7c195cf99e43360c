# The two commands of the project are `make demo` and `make test`; the others serve its developers.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint bench bench-full bench-gpu clean

help: ## print what each target does
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(VENV)/installed ## install hsidiff into .venv and map the embedded scene (under 3 minutes)
	$(BIN)/hsidiff demo

test: $(VENV)/installed-dev ## install the development extra into .venv and run the whole test suite, on all cores
	$(BIN)/pytest -n auto --maxprocesses 8 --dist loadfile

lint: $(VENV)/installed-dev ## check style, formatting, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed ## measure time and memory on an idle machine (under 10 minutes on 2 cores)
	$(BIN)/python -m benchmarks.run

bench-full: $(VENV)/installed ## the same, and map scenes of up to 4 million pixels
	$(BIN)/python -m benchmarks.run --full

bench-gpu: $(VENV)/installed ## measure the paper's network on a CUDA device
	$(BIN)/python -m benchmarks.gpu --device cuda

clean: ## remove .venv, caches and what the demo wrote
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo-output

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hsidiff needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/created pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/installed
