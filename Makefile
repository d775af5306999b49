# Everything it makes lies in .venv, static/vendor and the data directory (DATA_DIR, by default ./data).
PYTHON ?= python3
VENV = .venv/bin
# Whole files go to one of the processes: each has its own servers, and waits for them more than it counts.
JOBS ?= 4

.PHONY: run test lint clean

run: ## start everything; Ctrl-C stops it
	@$(PYTHON) -m servers.setup.bootstrap run

test: ## install what the tests need, run them; ARGS="tests/mail -x" chooses
	@$(PYTHON) -m servers.setup.bootstrap tools
	@$(VENV)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint:
	@$(PYTHON) -m servers.setup.bootstrap tools
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy

clean: ## remove what can be made again; mail and database stay
	rm -rf .venv static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
