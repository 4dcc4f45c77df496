# One command from a fresh clone: `make run` needs only Python >= 3.11 and make.
# Every target makes the environment it needs in .venv and leaves it alone while the lock stands.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check
LOCKING = uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
          --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock"

# The main job: the licences of 4 April 2025 against the world without them.
JOB ?= scenario=april_2025 seeds=20

.DEFAULT_GOAL := help
.PHONY: help run test test-slow lint format types layers wheel-check lock clean

help:  ## say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.installed  ## the main job; prints where its report lies
	@$(BIN)/tradesim run $(JOB) > $(VENV)/.last-run
	@sed -n 's/^results: \(.*\)/report:  \1\/report.html/p' $(VENV)/.last-run
	@cat $(VENV)/.last-run

test: $(VENV)/.installed-dev  ## the everyday tests, under five minutes
	$(BIN)/python -m pytest

test-slow: $(VENV)/.installed-dev  ## every test, the slow ones too
	$(BIN)/python -m pytest -m ""

lint: $(VENV)/.installed-dev  ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed-dev  ## put the formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed-dev  ## the type check
	$(BIN)/mypy

layers: $(VENV)/.installed-dev  ## imports only go down the list of layers
	$(BIN)/python -m pytest -n 0 -p no:cacheprovider tests/unit/test_imports.py

wheel-check: $(VENV)/.installed-dev  ## build the wheel, install it in an empty environment, run it
	PYTHON=$(BIN)/python .ci/wheel-check

lock:  ## write the locks anew (needs uv)
	$(LOCKING) --group build pyproject.toml -o requirements.lock
	$(LOCKING) --group build --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove what make and the tools have made; results/ stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests conf -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tradesim needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "no virtual environment could be made; on Debian: apt install python3-venv" >&2; exit 2; }
	@touch $@

$(VENV)/.locked: $(VENV)/.created requirements.lock
	$(PIP) install --quiet --require-hashes -r requirements.lock
	@touch $@

# The package is installed in place: the environment follows the sources without a reinstall.
# pip refuses an install in place in hash mode, hence a call of its own; it fetches nothing.
$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
