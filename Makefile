# Every target does all the set-up that it needs, and nothing twice. CONTRIBUTING in short: make check test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUNDLES := ig_widgets/widgets/static/manifest.json
ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
CHROMIUM := $(or $(CHROMIUM),$(shell command -v chromium || command -v chromium-browser || echo /usr/bin/chromium))
export CHROMIUM
# the build's own environment gets the tested versions, too
export PIP_CONSTRAINT := $(CURDIR)/.ci/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup demo lab test check bench

setup: $(VENV)/.installed

# run the whole path on generated images with a simulated person: weak labels and a report in demo/
demo: $(VENV)/.installed
	$(BIN)/python -m ig_widgets.experiments.demo --out demo

# open JupyterLab on the quickstart
lab: $(VENV)/.installed
	$(BIN)/jupyter lab $(if $(ROOT),,--allow-root) notebooks/00_quickstart.ipynb

# all tests, as many at a time as there are cores
test: $(VENV)/.installed $(CHROMIUM)
	cd js && npm test --silent
	$(BIN)/pytest --numprocesses auto

# style, types and the direction of the imports
check: $(VENV)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd js && npm run --silent check

# figures, not tests: how long things take on this machine
bench: $(VENV)/.installed $(CHROMIUM)
	$(BIN)/python -m ig_widgets.experiments speed
	$(BIN)/pytest --quiet --capture no tests/browser/bench_widgets.py

$(VENV)/.installed: pyproject.toml .ci/constraints.txt $(BUNDLES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	$(BIN)/python -c "import cv2" || { $(ROOT) apt-get update -q && $(ROOT) apt-get install -qy libgl1 libglib2.0-0; }
	touch $@

$(BUNDLES): js/node_modules/.installed js/build.mjs $(shell find js/src -type f)
	cd js && npm run --silent build

js/node_modules/.installed: js/package.json js/package-lock.json
	cd js && npm ci --silent
	touch $@

$(CHROMIUM):
	$(ROOT) apt-get update -q && $(ROOT) apt-get install -qy chromium
