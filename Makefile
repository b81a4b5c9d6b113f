# Every target works from a fresh clone: `.venv/ready` makes the environment from the lock first.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# So many test files run side by side: first those without processes, then those that start some.
JOBS ?= 2

# On a machine that has other work, too, a test that minds seconds may fail for want of them.
again = { echo "Once more, alone, what failed: a test that fails twice fails."; \
    $(BIN)/python -m pytest -m "$(1)" --last-failed --last-failed-no-failures none; }

# Images for CI like to set it, and hundreds of processes would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint bench compiled changes dist wheelhouse reference docs web lock clean

demo: web
	@$(BIN)/fairline demo $(ARGS)

test: web
	@PYTHON=$(BIN)/python tests/setup-browser.sh
	@tests/setup-prometheus.sh
	@tests/setup-neighbours.sh
	@tests/setup-redis.sh
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not process" \
	    || $(call again,not process)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m process || $(call again,process)
else
	@$(BIN)/python -m pytest $(ARGS)
endif

lint: .venv/ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

# Without ARGS the standard set: every benchmark and scenario, short, in one table (fourteen minutes)
# and in artifacts/bench/index.html; COMPARE=EARLIER.json sets it beside the figures of an earlier one.
bench: .venv/ready
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m loadtest standard $(if $(COMPARE),--compare $(COMPARE))
else
	@$(BIN)/fairline bench $(ARGS)
endif

# A wheel whose core is compiled, for this machine's Python; needs a C compiler (docs/speed.md).
compiled: web
	@FAIRLINE_COMPILED=1 $(BIN)/python -m hatchling build --target wheel

# What is not released yet, as CHANGELOG.md will have it.
changes: .venv/ready
	@$(BIN)/towncrier build --draft

# A release in dist/: sdist, wheel, documents, the site, and their sums (docs/how-to/release.md).
dist: web
	@rm -rf dist
	@$(BIN)/python release.py dist dist
	@ls dist

# All that a machine without a network needs, in wheelhouse/; for another Python or machine
# ARGS="--python-version 3.13 --platform manylinux2014_aarch64".
wheelhouse: dist
	@rm -rf wheelhouse
	@$(BIN)/python release.py wheelhouse wheelhouse $(ARGS)
	@echo "wheelhouse/: pip install --no-index --find-links wheelhouse fairline"

# What is made from the source: reference pages, schemas, the documents of both surfaces.
reference: .venv/ready
	@$(BIN)/python -m router.documents

# The documentation as a site, in site/index.html.
docs: .venv/ready
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site
	@echo "site/index.html"

# What browsers get; nothing happens where it is up to date.
web: .venv/ready
	@$(BIN)/python hatch_build.py

# Writes the locks anew from pyproject.toml: hashes, every platform, no hosts. What runs is the same
# in requirements-run.lock, without what only development needs.
lock: .venv/ready
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate \
	    --upgrade --quiet --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --all-extras --constraint requirements.lock --universal \
	    --python-version 3.11 \
	    --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate \
	    --upgrade --quiet --output-file requirements-run.lock
	@$(BIN)/uv pip compile --group node --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate \
	    --upgrade --quiet --output-file requirements-node.lock

clean:
	rm -rf .venv artifacts dist site wheelhouse

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Fairline needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv (once, about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
