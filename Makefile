# Two commands: `make demo` shows the product, `make test` proves it. Both install what they need into .venv.
PYTHON ?= python3
RUN = .venv/bin/python
MINUTES ?= 60
SEED ?=

.PHONY: demo test check soak bench install clean

install:
	@$(PYTHON) oms/runtime/bootstrap.py

demo: install
	@exec $(RUN) -m oms.runtime.supervisor

test: install
	@$(RUN) -m pytest

check: install
	@$(RUN) -m oms.runtime.check

soak: install
	@SOAK_MINUTES=$(MINUTES) SOAK_SEED=$(SEED) $(RUN) -m pytest -m "not architecture" tests/soak

bench: install
	@$(RUN) -m oms.runtime.bench

clean:
	@test ! -x $(RUN) || $(RUN) manage.py services stop
	rm -rf .venv var
