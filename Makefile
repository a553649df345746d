# `make demo` makes a dataset; `make test` runs every test. Both install what they need into .venv and touch nothing else.
.DEFAULT_GOAL := help
.PHONY: help demo pages test test-long check format bench requirements pictures clean
.DELETE_ON_ERROR:

BIN := .venv/bin
RUN := .venv/installed-run
TEST := .venv/installed-test
PAGES := src/gristmill/web/built/pages.js
OUT ?= out
JOBS ?= 2

# Wishes of the caller's shell that would change what runs, or make every start compile the source anew.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTEST_ADDOPTS

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(RUN) $(TEST): .venv/installed-%: requirements/%.txt requirements/install.sh pyproject.toml
	@echo "Installing into .venv (once; a minute or two) ..."
	@requirements/install.sh $*

$(PAGES): frontend/package-lock.json $(wildcard frontend/source/*) frontend/build.mjs frontend/tsconfig.json
	@command -v npm >/dev/null || { echo "gristmill: the scripts of the pages are built with Node 20 or newer, and npm is missing." >&2; exit 1; }
	cd frontend && npm ci --silent && npm run --silent build

pages: $(PAGES) ## Build the scripts of the web pages (needs Node 20)

demo: $(RUN) ## Make 20 records with a small model that runs here; again: go on from what is there
	$(BIN)/gristmill models pull smollm2
	$(BIN)/gristmill run templates/support-qa.yaml --seeds examples/products.jsonl --records 20 --out $(OUT)
	@echo; echo "The first three of $(OUT)/dataset.jsonl:"; head -n 3 $(OUT)/dataset.jsonl

test: $(TEST) $(PAGES) ## Run every test but the long ones, with coverage in htmlcov/
	@mkdir -p reports
	@requirements/browser.sh
	GRISTMILL_HOME=.gristmill $(BIN)/gristmill models pull smollm2
	$(BIN)/python -m pytest --whole -n $(JOBS) --dist worksteal --junit-xml reports/junit.xml \
	  --cov --cov-report html:htmlcov --cov-report xml:coverage.xml --cov-report term --cov-fail-under 90

test-long: $(TEST) $(PAGES) ## Thousands of cases, all kills, 200,000 records
	@mkdir -p reports
	$(BIN)/python -m pytest -m long --hypothesis-profile long -n $(JOBS) --dist worksteal --timeout 3600 \
	  --junit-xml reports/junit-long.xml

check: $(TEST) ## Format, lint, strict types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TEST) ## Put the source in the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(TEST) ## Measure speed and memory against a bare script
	$(BIN)/python -m bench

requirements: ## Compile the pinned lists anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --no-strip-extras --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --extra local --extra postgres --group build pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --no-strip-extras --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --override requirements/overrides.in \
	  --extra local --extra postgres --group build --group test --group check pyproject.toml -o requirements/test.txt

pictures: $(TEST) $(PAGES) ## Take the pictures of the pages in docs/images anew
	@requirements/browser.sh
	PYTHONPATH=tests $(BIN)/python -m support.pictures docs/images

clean: ## Remove what was made here, the demo's dataset left in place
	rm -rf frontend/node_modules src/gristmill/web/built .venv reports htmlcov coverage.xml .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
