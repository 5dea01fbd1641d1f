# Vélib' Insights. `make demo` and `make test` set up what they need, in .venv; only python3 (3.11 or later) and make are
# required. LAKE=folder, SCHEDULE=on, PORT=3000 and LOG_LEVEL=info are for `make dev`; `make aws-local` and the tests of
# the AWS forms also want terraform, and Python 3.12 and 3.9 as Lambda and Glue have them.
SHELL := /bin/bash
PYTHON ?= $(firstword $(foreach p,python3.12 python3.11 python3,$(if $(shell $(p) -c 'import sys; assert sys.version_info >= (3, 11)' 2>/dev/null && echo ok),$(p))))
BIN := .venv/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
LAKE ?= $(or $(VELIB_LAKE),lake)
SCHEDULE ?= off
PORT ?= 3000
LOG_LEVEL ?= error
SECONDS ?= 60
FUZZ_FOLDER ?= .fuzz/work

.PHONY: all setup setup-dev demo dev unit test upgrade-check guarantees fuzz audit-dependencies lint format browser postgres emulator package aws-local clean

all: lint test

# What the pipeline needs, and no more. After a pull that changed the pins, the next target installs them.
setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) --editable .
	@$(BIN)/python -m velib_assets.report.page.vega
	@touch $@

# What tests, lint and benchmarks need as well.
setup-dev: .venv/.ready-dev

.venv/.ready-dev: .venv/.ready
	$(PIP_INSTALL) --editable '.[dev,bench,postgres]'
	@touch $@

demo: setup
	$(BIN)/velib demo

# The variables reach the recipe in its environment, because the name of a lake may have spaces and quotes.
dev: export VELIB_LAKE := $(LAKE)
dev: export VELIB_SCHEDULE := $(SCHEDULE)
dev: setup
	@case "/$${VELIB_LAKE%/}" in */lake-demo|*/lake-demo-*) export VELIB_SOURCE=simulator ;; esac && \
	DAGSTER_HOME="$$($(BIN)/python -m velib_assets.defs.dagster_home)" && export DAGSTER_HOME && \
	  $(BIN)/python -m velib_assets.cli.dev_servers --port $(PORT) --log-level $(LOG_LEVEL)

# The inner loop: every test that needs no browser, server, emulator, second interpreter or many runs of the graph.
unit: setup-dev
	$(BIN)/python -m pytest -q -m unit --numprocesses auto --dist loadgroup $(foreach d,aws guarantees ui,--ignore velib_assets_tests/$(d))

test: setup-dev browser postgres emulator
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup --no-loadscope-reorder

# The tests that touch Dagster, DuckDB, sqlglot and pyarrow, with the newest versions in an environment of its own.
upgrade-check: setup-dev
	$(BIN)/python -m velib_assets_tests.upgrade .upgrade

# Every promise of docs/guarantees.md at its whole size. BREAK=name applies a mutation that breaks one (BREAK=list
# names them, BREAK=all tries each); ONLY="soak readers" proves these alone; SHORT=1 proves them in the short form of `make test`, without the emulator.
guarantees: setup-dev browser postgres $(if $(SHORT)$(BREAK),,emulator)
	$(BIN)/python -m velib_assets_tests.guarantees $(if $(BREAK),--break $(BREAK)) $(if $(SHORT),--short) $(if $(ONLY),--only $(ONLY))

# Fuzzing of the decoders, the audit and clean, driven by coverage: SECONDS of it, from the corpus of the tests on.
# An input that breaks something is left in FUZZ_FOLDER/artifacts. An environment of its own has what it needs.
fuzz: .fuzz/.ready
	.fuzz/bin/python -m velib_assets_tests.guarantees.fuzz $(FUZZ_FOLDER) -max_total_time=$(SECONDS) -print_final_stats=1

.fuzz/.ready: constraints.txt
	$(PYTHON) -m venv .fuzz
	.fuzz/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt atheris pyarrow requests
	@touch $@

# Known vulnerabilities in what constraints.txt pins, by pip-audit from an environment of its own. Where its database
# cannot be asked it says so, checks the pins alone, and ends with status 3.
audit-dependencies: setup-dev .audit/.ready
	$(BIN)/python -m velib_assets_tests.guarantees.dependencies .audit/bin/pip-audit

.audit/.ready: constraints.txt
	$(PYTHON) -m venv .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip-audit
	@touch $@

# The browser tests need Chromium and its driver. As root on Debian they are installed here; elsewhere the
# tests say how, and skip (under CI they fail).
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null; } || \
	  echo "Chromium is missing: the browser tests will be skipped. On Debian: apt-get install chromium chromium-driver"

# So is PostgreSQL, which some tests start for themselves.
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; } || \
	  echo "PostgreSQL is missing: its tests will be skipped. On Debian: apt-get install postgresql"

# The Python environments of the tests on the emulator: minutes the first time, nothing afterwards. Where one cannot
# be made, this says so and fails under CI alone.
emulator: setup-dev
	$(BIN)/python -m velib_assets_tests.aws.emulator.prepare

# What Terraform uploads: the Lambda's zip, the Glue job's script, and the wheels that the job installs.
package: setup
	$(BIN)/python -m velib_assets.aws.package

# The whole stack on this machine: emulator, terraform apply, a tick, the UI. ONCE=1 ends after the tick.
aws-local: setup-dev
	$(BIN)/python -m velib_assets_tests.aws.local --port $(PORT) $(if $(ONCE),--once)

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .fuzz .audit .upgrade .dagster .emulator .aws-local lake-demo build *.egg-info
