# The two commands of the project are `make demo` and `make test`; the others serve its developers.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-long test-faults lint fuzz bench bench-full bench-gpu pictures vendor clean

help: ## print what each target does
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

demo: $(VENV)/installed ## install hsidiff into .venv, then map the embedded scene (under 3 minutes)
	$(BIN)/hsidiff demo
	@echo "next: open demo-output/report.html; after 'source $(VENV)/bin/activate' hsidiff is a command of this shell"

test: $(VENV)/installed-dev ## install the development extra into .venv and run the tests, on all cores
	$(BIN)/pytest -n auto --maxprocesses 8 --dist loadfile -m "not slow"

test-long: $(VENV)/installed-dev ## run the tests marked slow: killed processes, browsers, several ranks, benchmarks
	$(BIN)/pytest -n auto --maxprocesses 8 --dist loadfile -m slow

test-faults: $(VENV)/installed-dev ## kill each kind of work 50 times, and compare what it ends with (Linux)
	HSIDIFF_KILLS=50 $(BIN)/pytest tests/faults -rP

lint: $(VENV)/installed-dev ## check style, formatting, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(VENV)/installed-dev ## open 2,000 broken files of every format, on all cores (about an hour of one core; Linux)
	$(BIN)/python -m fuzzing.run --files 2000 --jobs $$(nproc)

bench: $(VENV)/installed ## measure time and memory on an idle machine (under 10 minutes on 2 cores)
	$(BIN)/python -m benchmarks.run

bench-full: $(VENV)/installed ## the same, and map scenes of up to 4 million pixels
	$(BIN)/python -m benchmarks.run --full

bench-gpu: $(VENV)/installed ## measure the paper's network on a CUDA device
	$(BIN)/python -m benchmarks.gpu --device cuda

pictures: $(VENV)/installed-dev ## take the screenshots of the docs again (needs chromium)
	$(BIN)/python -m benchmarks.screenshots

VENDOR := src/hsidiff/viewer/static/vendor
OL_VERSION := 10.11.0
vendor: ## fetch the map library of the viewer again (needs npm)
	folder=$$(mktemp -d) && npm install --silent --prefix $$folder ol@$(OL_VERSION) && \
	  cp $$folder/node_modules/ol/dist/ol.js $$folder/node_modules/ol/ol.css $(VENDOR)/ && \
	  cp $$folder/node_modules/ol/LICENSE.md $(VENDOR)/ol-LICENSE.md && rm -r $$folder

clean: ## remove .venv, caches and what the demo wrote
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo-output

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hsidiff needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "installing hsidiff and what it needs into $(VENV): with PyTorch more than 1 GB, some minutes without a word"
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/created pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/installed
