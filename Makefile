# Two commands for a newcomer: `make demo` and `make test`. Python 3.11 is all they need; the rest comes into .venv once.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
UV := UV_PYTHON_DOWNLOADS=never $(PY) -m uv
READY := $(VENV)/.ready
ARGS ?=

unexport VIRTUAL_ENV

# What a production machine would have in its environment, for the checks that ask about it.
DEPLOYED = DATA_DIR=$$(mktemp -d) PUBLIC_URL=https://carryover.example.com ALLOWED_HOSTS=carryover.example.com \
	REDIS_URL=redis://127.0.0.1:6379/0 SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs serve install style types imports templates migrations deploy

help: ## What can be made here
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(READY) ## A whole migration on this machine: both systems, worker, web. ARGS="--auto-approve" runs it to the end
	@$(PY) -m demo $(ARGS)

test: $(READY) ## The tests that need nothing but this directory. ARGS goes to pytest
	$(PY) -m pytest -n auto --dist loadscope $(ARGS)

check: style types imports templates migrations deploy test ## Everything that has to hold before a commit

format: $(READY) ## Formats code and templates
	$(PY) -m ruff check --fix --exit-zero --quiet
	$(PY) -m ruff format
	find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 {} +

docs: $(READY) ## Writes the tables of docs/reference.md from the code
	$(PY) docs/tables.py

serve: $(READY) ## The app with its own Redis and worker, on what is kept in var/
	@$(PY) -m demo.serve $(ARGS)

install: $(READY) ## Only what the others need first

style: $(READY)
	$(PY) -m ruff format --check
	$(PY) -m ruff check

types: $(READY)
	$(PY) -m mypy

imports: $(READY)
	$(VENV)/bin/lint-imports

templates: $(READY)
	find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 --check {} +

migrations: $(READY)
	$(PY) manage.py makemigrations --check --dry-run

deploy: $(READY)
	$(DEPLOYED) $(PY) manage.py check --deploy --fail-level WARNING

# uv comes from pip into the same .venv (--inexact leaves it there). Where only pip knows the way to packages, as behind
# a company's mirror, pip installs the same locked list. The stamp makes this happen once per lock file.
$(READY): uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] \
		if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV) || { echo 'On Debian: apt-get install python3-venv'; exit 1; }
	$(PIP) uv==$(UV_VERSION)
	UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --frozen --inexact --compile-bytecode --system-certs --quiet --python $(PY) \
		|| { $(UV) export --frozen --quiet --output-file $(VENV)/locked.txt && $(PIP) --requirement $(VENV)/locked.txt; }
	@touch $@
