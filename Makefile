# The short way to everything: `make` alone prints this list. Works with GNU make 3.81 and later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PYTEST_ARGS ?=

# Where Dagster keeps its runs and schedules: in the profile's folder.
PROFILE := $(basename $(notdir $(or $(RECSYS_PROFILE),complete_journey)))
export DAGSTER_HOME ?= $(or $(RECSYS_DATA),$(CURDIR)/data)/$(PROFILE)/.dagster

# Wheels only: a package that would need a compiler fails at once, by name.
LOCKED := --no-deps --require-hashes --only-binary :all:
# LightFM is the exception: its wheels are made for the processor of whoever made them, and only for two versions of
# Python. What builds it, setuptools, is in the lock.
FROM_SOURCE := --no-deps --require-hashes --no-binary :all: --no-build-isolation --no-cache-dir
COMPILES = echo '\#include <Python.h>' | $(CC) -E -x c - >/dev/null 2>&1 \
	-I"$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))')"
NO_LIGHTFM := LightFM is not installed: it needs a C compiler and the headers of Python. On Debian or Ubuntu: \
	apt install gcc libc6-dev python3-dev, then make venv. Profiles that do not name the algorithm lightfm work without.
ifdef UV
INSTALL := "$(UV)" pip install --python $(BIN)/python
else
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --no-compile
endif

.DEFAULT_GOAL := help
.PHONY: help venv venv-dev demo dev test test-slow bench lint format lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: venv ## build three nights of real purchases and show what came out
	$(BIN)/recsys demo

dev: venv $(DAGSTER_HOME)/dagster.yaml ## Dagster's pages on http://127.0.0.1:3000, with schedules and sensors
	$(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1

test: venv-dev ## the tests, but for those marked slow (PYTEST_ARGS="-k nights" for some of them)
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-slow: venv-dev ## the tests, those marked slow too
	$(BIN)/pytest --slow $(PYTEST_ARGS)

bench: venv-dev ## measure speed and quality on this machine
	$(BIN)/python -m benchmarks

lint: venv-dev ## ruff and mypy, as continuous integration runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv-dev ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

venv: $(VENV)/.installed ## the virtual environment, as locked; with LightFM where a C compiler is
	@if [ -e $(VENV)/.installed-lightfm ] || $(COMPILES); then \
	  $(MAKE) --silent --no-print-directory $(VENV)/.installed-lightfm; else echo '$(NO_LIGHTFM)'; fi

venv-dev: $(VENV)/.installed-dev ## the same with the tools for tests and checks

lock: ## resolve the dependencies of pyproject.toml anew (needs uv; `uv pip compile` options in UV_ARGS)
	uv pip compile $(UV_COMPILE) --group build pyproject.toml --output-file requirements.lock $(UV_ARGS)
	uv pip compile $(UV_COMPILE) --group lightfm --no-deps --output-file requirements-lightfm.lock $(UV_ARGS)
	uv pip compile $(UV_COMPILE) --group dev --constraints requirements.lock --output-file requirements-dev.lock $(UV_ARGS)

# One set of versions for every Python and platform; `--no-emit-index-url` keeps it free of any index's address.
UV_COMPILE := --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

clean: ## remove the virtual environment and caches (data/ is left alone)
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { \
	  echo 'recsys needs Python 3.11 to 3.14. Name one: make PYTHON=python3.12 venv' >&2; exit 1; }
ifdef UV
	"$(UV)" venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
else
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'This Python has no venv module. On Debian or Ubuntu: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
endif

$(VENV)/.installed: $(BIN)/python requirements.lock pyproject.toml
	@echo 'Installing the locked packages into $(VENV): about 350 MB to download the first time.'
	$(INSTALL) $(LOCKED) -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@echo 'Compiling the kernels: some twenty seconds.'
	$(BIN)/python -m recsys_assets.kernels
	@touch $@

# Without flags of its own (-march=native, -ffast-math) it runs, and gives the same numbers, on other processors of this
# kind, too. Not out of pip's cache, where it may lie with those flags.
$(VENV)/.installed-lightfm: $(VENV)/.installed requirements-lightfm.lock
	@$(COMPILES) || { echo '$(NO_LIGHTFM)' >&2; exit 1; }
	@echo 'Compiling LightFM: less than a minute.'
	CC="$(CC)" LIGHTFM_NO_CFLAGS=1 $(INSTALL) $(FROM_SOURCE) -r requirements-lightfm.lock
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed $(VENV)/.installed-lightfm requirements-dev.lock
	$(INSTALL) $(LOCKED) -r requirements-dev.lock
	@touch $@

$(DAGSTER_HOME)/dagster.yaml: deploy/dagster.yaml
	@umask 077 && mkdir -p $(@D) && cp $< $@
