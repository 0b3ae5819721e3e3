# Everything a newcomer or a maintainer types. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=
# Half of a test is waiting for processes, so there may be more at a time than cores.
JOBS   ?= 3

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Platen needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(STAMP) ## create .venv from the hashed lock file

.PHONY: run up
run: setup ## set up and start Platen with its embedded Valkey (ARGS="--port 8080")
	@exec $(BIN)/platen up $(ARGS)
up: run ## the same as run

.PHONY: test
test: setup ## set up and run every test, three at a time (ARGS="-k idempotency", JOBS=1)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: check
check: setup ## formatting, lint, types, import layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: fmt
fmt: setup ## format and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: bench
bench: setup ## measure accepted -> served and builds per second on this machine (ARGS=rollback, preview, screens, lists, recovery, outage, serve, status, growth)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: chaos
chaos: setup ## prove the promises under faults, five minutes (ARGS="--seed 7 --seconds 60")
	@$(BIN)/python -m tests.chaos --partitions 4 $(ARGS)

.PHONY: screenshots
screenshots: setup ## take a picture of every screen of the app into screenshots/ (ARGS="--only pages")
	@$(BIN)/python -m tests.screenshots $(ARGS)

.PHONY: lock
lock: setup ## resolve the dependencies anew into the hashed lock files
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
		--no-annotate pyproject.toml --group pyproject.toml:build -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
		--no-annotate pyproject.toml --group pyproject.toml:dev -o requirements-dev.txt

.PHONY: clean
clean: ## remove what setup and the tests made (never .platen, which holds your pages)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
