# Every target sets up what it needs first. Variables, all optional, as in `make test VENV=/tmp/env`:
#   VENV         the environment to install into, created where there is none
#   PYTHON       the Python that creates it; of several names, the first that is new enough
#   TORCH_INDEX  another package index for torch and torchvision, as for CPU-only wheels
#   ARGS         more arguments for the command that a target runs
VENV = .venv
PYTHON = python3.13 python3.12 python3.11 python3 python
TORCH_INDEX ?=
ARGS =

BIN := $(abspath $(VENV))/bin
# nbgrader calls alembic by name, so the environment's commands are on PATH.
RUN = PATH="$(BIN):$$PATH" "$(BIN)/python"

.PHONY: help demo test test-slow lint lab check install packages environment clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s%s\n", $$1, $$2 }' Makefile

demo: install ## grade three learners' notebooks with nbgrader and show their marks
	@$(RUN) -m solutions demo $(ARGS)

# Side by side, the tests take little more than half the time on two cores; who is done first takes over what waits.
PYTEST = $(RUN) -m pytest --numprocesses auto --maxprocesses 4

test: install ## the quick tests
	@$(PYTEST) --dist worksteal $(ARGS)

test-slow: install ## the slow tests
	@$(PYTEST) --maxschedchunk 1 -m slow $(ARGS) # one at a time, in their order: the longest first

lint: install ## style and types
	@$(RUN) -m ruff check
	@$(RUN) -m mypy

lab: install ## open the lessons in JupyterLab, as a copy to work in
	@$(RUN) -m course lab $(ARGS)

check: install ## is the course in order: lessons unsolved, solutions right, pairs in step
	@$(RUN) -m course check $(ARGS)

# The stamp says what was installed, where, for which Python. It is written last: an interrupted install leaves none.
STAMP = $(BIN)/../mnist-course.stamp
STATE = { pwd -P; "$(BIN)/python" -c 'import sys; print(*sys.version_info[:2])'; cat pyproject.toml; } 2>/dev/null

install: ## create the environment and install into it, if that is still to do
	@$(STATE) | cmp -s - "$(STAMP)" || $(MAKE) --no-print-directory packages

packages: environment
	@rm -f "$(STAMP)"
	@echo "Installing into $(VENV): PyTorch is large, so this takes a few minutes, once."
	@{ test -z "$(TORCH_INDEX)" || $(RUN) -m pip install --index-url "$(TORCH_INDEX)" torch torchvision; } \
	  && $(RUN) -m pip install --editable '.[test,dev,dask]' \
	  || { echo "Installing failed for the reason above; the same command tries again." >&2; exit 1; }
	@$(STATE) > "$(STAMP)"

environment:
	@$(RUN) -m pip --version >/dev/null 2>&1 && exit; \
	for python in $(PYTHON); do \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	  seen="$$seen, $$version"; \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || continue; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null || { bare=$$version; continue; }; \
	  test -e "$(BIN)/python" || rm -f "$(BIN)"/python*; \
	  exec $$python -m venv "$(VENV)"; \
	done; \
	if [ "$$bare" ]; then \
	  echo "Python $$bare is here without its venv module: install that (Debian, Ubuntu: sudo apt install python$$bare-venv) and run make again."; \
	else \
	  echo "The course needs Python 3.11 or newer and found $$(echo "$${seen:-, none}" | cut -c3-): install one, or name it, as in make test PYTHON=/path/to/python3."; \
	fi >&2; exit 1

clean: ## remove .venv and every cache
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
