# Every target sets up what it needs. Needs Python 3.11 or newer and make, nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
STAGE ?= staging
ENVIRONMENT ?= .venv
BIN := $(ENVIRONMENT)/bin
PIP_INSTALL := install --quiet --disable-pip-version-check --require-hashes

export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := $(CURDIR):$(CURDIR)/functions:$(CURDIR)/layers/loyalty

.PHONY: help run test chromium lint figures bench curation screenshots build deploy schemas requirements clean

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(ENVIRONMENT)/local.stamp ## Start the laptop cloud, deploy into it and replay a year; Ctrl-C stops all
	$(BIN)/python -m local up --demo

test: chromium lint ## Run all linters and all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

chromium: $(ENVIRONMENT)/dev.stamp ## Find the browser of the tests, install it as root on Debian, or say what is missing
	$(BIN)/python -m tests.support.chromium

lint: $(ENVIRONMENT)/dev.stamp ## Check style, types, imports, template, machines and dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint
	$(BIN)/python -m lint

figures: $(ENVIRONMENT)/dev.stamp ## Measure requests and cost anew and write docs/cost.md, docs/pages.md and docs/requests.md
	$(BIN)/python -m pytest tests/figures --write-figures

screenshots: chromium ## Take the README's pictures of portal and console anew, after a year on the laptop
	$(BIN)/python -m tests.web.screenshots

bench: $(ENVIRONMENT)/dev.stamp ## Measure cold start, warm orders and the import against a bare client, and the pages
	$(BIN)/python -m benchmarks

curation: .venv-bench/stamp ## Measure the ranking of offers against other models, on a year of real baskets
	.venv-bench/bin/python -m benchmarks.curation

build: .venv-sam/stamp .venv-checkov/stamp ## Validate, build and check what `make deploy` sends to AWS
	.venv-sam/bin/sam validate --lint
	.venv-sam/bin/sam build
	.venv-checkov/bin/checkov --config-file .checkov.yaml

deploy: build ## Deploy to AWS, asking what it needs to know: make deploy STAGE=production
	.venv-sam/bin/sam deploy --guided --config-env $(STAGE)

schemas: $(ENVIRONMENT)/dev.stamp ## Write events/schemas and the OpenAPI document anew from the code
	$(BIN)/python -m loyalty.contracts.export
	$(BIN)/python -m loyalty.runtime.openapi functions

requirements: .venv-uv/stamp ## Resolve requirements/*.in anew into the hash-pinned *.txt
	for name in pip runtime local dev build checks bench; do \
		.venv-uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header --no-annotate --no-strip-extras \
			requirements/$$name.in --output-file requirements/$$name.txt; \
	done

clean: ## Remove environments, builds and caches; the laptop cloud's state in .local stays
	rm -rf $(ENVIRONMENT) .venv-sam .venv-checkov .venv-bench .venv-uv .aws-sam .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ── Environments: a stamp is as old as the requirements that it was made from ─────────────────────

$(ENVIRONMENT)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(ENVIRONMENT)

$(ENVIRONMENT)/local.stamp: requirements/local.txt | $(ENVIRONMENT)/bin/python
	$(BIN)/python -m pip $(PIP_INSTALL) -r $<
	touch $@

$(ENVIRONMENT)/dev.stamp: requirements/dev.txt | $(ENVIRONMENT)/bin/python
	$(BIN)/python -m pip $(PIP_INSTALL) -r $<
	touch $@ $(ENVIRONMENT)/local.stamp

# sam and checkov pin boto3, each to another version.
.venv-sam/stamp: requirements/pip.txt requirements/build.txt
.venv-checkov/stamp: requirements/pip.txt requirements/checks.txt
.venv-bench/stamp: requirements/pip.txt requirements/bench.txt
.venv-sam/stamp .venv-checkov/stamp .venv-bench/stamp:
	$(PYTHON) -m venv --clear $(@D)
	for file in $^; do $(@D)/bin/python -m pip $(PIP_INSTALL) -r $$file; done
	touch $@

.venv-uv/stamp:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check uv
	touch $@
