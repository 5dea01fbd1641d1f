# Vélib' Insights. `make demo` and `make test` set up all they need; only python3 (3.11 or later) and make are
# required. LAKE=folder, SCHEDULE=on and PORT=3000 are for `make dev`; `make aws-local` and the tests of the AWS
# forms also want terraform, and Python 3.12 and 3.9 as Lambda and Glue have them.
SHELL := /bin/bash
PYTHON ?= $(firstword $(foreach p,python3.12 python3.11 python3,$(if $(shell $(p) -c 'import sys; assert sys.version_info >= (3, 11)' 2>/dev/null && echo ok),$(p))))
BIN := .venv/bin
LAKE ?= $(or $(VELIB_LAKE),lake)
SCHEDULE ?= off
PORT ?= 3000
export DAGSTER_HOME ?= $(CURDIR)/.dagster

.PHONY: all setup demo dev test guarantees lint format browser emulator package aws-local clean

all: lint test

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@touch $@

demo: setup
	$(BIN)/velib demo

$(DAGSTER_HOME)/dagster.yaml: dagster.yaml
	@mkdir -p $(DAGSTER_HOME)
	@test -e $@ || cp $< $@

dev: setup $(DAGSTER_HOME)/dagster.yaml
	@echo "The Dagster UI opens on http://127.0.0.1:$(PORT) (lake: $(LAKE), schedule: $(SCHEDULE)); stop it with Ctrl-C"
	VELIB_LAKE=$(LAKE) VELIB_SCHEDULE=$(SCHEDULE) $(if $(filter lake-demo,$(notdir $(LAKE))),VELIB_SOURCE=simulator) \
	  $(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p $(PORT)

test: setup browser emulator
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup --no-loadscope-reorder

# Every promise of docs/guarantees.md at its whole size. BREAK=name applies a mutation that breaks one (BREAK=list
# names them, BREAK=all tries each); SHORT=1 proves them in the short form of `make test`, without the emulator.
guarantees: setup browser $(if $(SHORT)$(BREAK),,emulator)
	$(BIN)/python -m velib_assets_tests.guarantees $(if $(BREAK),--break $(BREAK)) $(if $(SHORT),--short)

# The browser tests need Chromium and its driver. As root on Debian they are installed here; elsewhere the
# tests say how, and skip (under CI they fail).
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null; } || \
	  echo "Chromium is missing: the browser tests will be skipped. On Debian: apt-get install chromium chromium-driver"

# The Python environments of the tests on the emulator: minutes the first time, nothing afterwards. Where one cannot
# be made, this says so and fails under CI alone.
emulator: setup
	$(BIN)/python -m velib_assets_tests.aws.emulator.prepare

# What Terraform uploads: the Lambda's zip, the Glue job's script and its library.
package: setup
	$(BIN)/python -m velib_assets.package

# The whole stack on this machine: emulator, terraform apply, a tick, the UI. ONCE=1 ends after the tick.
aws-local: setup
	$(BIN)/python -m velib_assets_tests.aws.local --port $(PORT) $(if $(ONCE),--once)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .dagster .emulator .aws-local lake-demo build *.egg-info
