# Every target works from a fresh clone: `.venv/ready` makes the environment from the lock first.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: demo test lint bench lock clean

demo: .venv/ready
	@$(BIN)/fairline demo $(ARGS)

test: .venv/ready
	@PYTHON=$(BIN)/python tests/setup-browser.sh
	@$(BIN)/python -m pytest $(ARGS)

lint: .venv/ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: .venv/ready
	@$(BIN)/fairline bench $(ARGS)

# Writes requirements.lock anew from pyproject.toml: hashes, every platform, no hosts.
lock: .venv/ready
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate \
	    --upgrade --quiet --output-file requirements.lock

clean:
	rm -rf .venv artifacts

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Fairline needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv (once, about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
