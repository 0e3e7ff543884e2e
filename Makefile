# Four commands, one each: what README says is what CI runs.
PYTHON ?= python3
BIN := .venv/bin
LOCK = $(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 pyproject.toml
# Compiled once: every process of ours would otherwise spend seconds on it at its start.
INSTALL = $(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python
export SECONDSOURCE_CACHE ?= $(CURDIR)/.cache

.PHONY: demo test check bench lock format clean

demo: .venv/runtime
	$(BIN)/secondsource demo

test: .venv/dev
	$(BIN)/python -m tests.servers.install
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not kafka and not postgres and not prometheus and not browser and not sentences and not slow"

bench: .venv/bench
	$(BIN)/python -m tests.servers.install
	$(BIN)/python -m benchmarks

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The lock files pin every wheel by hash and name no registry (docs/adr/0002).
lock: .venv/uv
	$(LOCK) --extra dev --extra bench -o requirements-bench.lock
	$(LOCK) --extra dev -c requirements-bench.lock -o requirements-dev.lock
	$(LOCK) -c requirements-bench.lock -o requirements.lock

.venv/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Second Source needs Python 3.11, 3.12 or 3.13; say which with: make PYTHON=python3.12 …"; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 2; }
	$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@touch $@

.venv/runtime: .venv/uv requirements.lock pyproject.toml
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps -e .
	$(BIN)/python -m compileall -q secondsource ingest enrich store alerts config
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

.venv/bench: .venv/dev requirements-bench.lock
	$(INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

clean:
	rm -rf .venv .cache build demo *.egg-info
