# Two commands: `make demo` shows the product, `make test` proves it. Both install what they need into .venv.
PYTHON ?= python3
RUN = .venv/bin/python
MINUTES ?= 60
SEED ?=
# Many tests wait for processes, locks and pages: one more than there are cores keeps these busy.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
ONLY ?=

# The shell's Python is not ours: its paths, environments and settings stay out, and compiled files are kept.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV DJANGO_SETTINGS_MODULE

.PHONY: demo test check soak bench install install-demo clean

install:
	@$(PYTHON) oms/runtime/bootstrap.py

install-demo:
	@$(PYTHON) oms/runtime/bootstrap.py --no-dev

demo: install-demo
	@exec $(RUN) -m oms.runtime.supervisor

test: install
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: install
	@$(RUN) -m oms.runtime.check

soak: install
	@SOAK_MINUTES=$(MINUTES) SOAK_SEED=$(SEED) $(RUN) -m pytest -m "not architecture" tests/soak tests/browser/test_accessibility.py tests/journeys/test_northwind.py tests/inventory/feeds/test_shuffled.py \
		tests/oms/runtime/test_supervisor.py tests/oms/runtime/test_z_backup.py

bench: install
	@$(RUN) -m oms.runtime.bench $(ONLY)

clean:
	@test ! -x $(RUN) || $(RUN) manage.py services stop
	rm -rf .venv var
