# `make rehearse` and `make test` set the machine up themselves (see .ci/setup.sh).
SHELL := /bin/sh
EXAMPLE := examples/winter-glass
VENV := .venv/bin

# `make test PYTEST_ARGS="-m rare"` runs something else.
# One process more than a machine of two cores has: tests wait for browsers and servers a good part of the time.
PYTEST_ARGS ?= -n 3 --dist loadfile -m "not rare and not live"
REHEARSE_ARGS ?=
BENCH ?= $(shell grep -l "__main__" benchmarks/*.py 2>/dev/null)

.PHONY: help setup demo-images rehearse lint test pytest bench clean

help:
	@echo "make rehearse     publish the example release to local stand-ins of every account"
	@echo "make test         lint, types, import rules and tests"
	@echo "make lint         the same without the tests"
	@echo "make bench        the benchmarks, against their peers"
	@echo "make demo-images  draw the masters of the example release"
	@echo "make setup        only set the machine up"
	@echo "make clean        remove what was made, except .venv and .servers"

setup:
	@.ci/setup.sh

demo-images: setup
	@$(VENV)/python $(EXAMPLE)/render.py

rehearse: demo-images
	@$(VENV)/publisher rehearse --project $(EXAMPLE) $(REHEARSE_ARGS)

lint: setup
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports

# The type check takes one core for a minute; the tests need not wait for it.
test: demo-images
	@$(MAKE) --no-print-directory -j 2 lint pytest

pytest: setup
	$(VENV)/python -m pytest $(PYTEST_ARGS)

bench: setup
	@for file in $(BENCH); do echo "== $$file"; $(VENV)/python $$file || exit 1; done

clean:
	rm -rf dist build rehearsal test-artefacts .coverage
	rm -rf $(EXAMPLE)/masters $(EXAMPLE)/rehearsal
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path "./.venv/*" -not -path "./.servers/*" -prune -exec rm -rf {} +
