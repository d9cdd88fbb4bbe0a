"""The shape of the house: `make check` is part of the suite; nothing of a CDN, no float column, one app label each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.db.models import FloatField

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("oms", "customers", "inventory", "payments", "orders", "reporting")


def test_make_check_passes() -> None:
    # The browser's library switches Django's guard off for this process; the checks are of a process of their own.
    clean = {k: v for k, v in os.environ.items() if k != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    done = subprocess.run([sys.executable, "-m", "oms.runtime.check"], cwd=ROOT, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_page_asks_a_stranger_for_anything() -> None:
    strange = re.compile(r"""(?:src|href)=["']https?://|@import\s+url\(["']?https?:|cdn\.""")
    files = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/**/*.*")]
    assert files
    assert [str(f.relative_to(ROOT)) for f in files if strange.search(f.read_text(errors="ignore"))] == []


def test_money_and_quantities_are_never_floats() -> None:
    floats = [f"{m.__name__}.{f.name}" for label in OURS for m in apps.get_app_config(label).get_models()
              for f in m._meta.get_fields() if isinstance(f, FloatField)]  # fmt: skip
    assert floats == []


def test_every_model_belongs_to_its_app() -> None:
    wrong = [m for label in OURS for m in apps.get_app_config(label).get_models() if not m.__module__.startswith(f"{label}.")]
    assert wrong == []


def test_writes_stand_in_services_only() -> None:
    """No .save(), .create() or .update() in views, API, forms, tables, selectors or receivers (rule 1)."""
    writing = re.compile(r"\.(save|create|bulk_create|update_or_create|get_or_create|bulk_update)\(")
    layers = ("views", "api", "forms", "tables", "filters", "selectors", "receivers", "tasks")
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for app in OURS
        for layer in layers
        for path in [*ROOT.glob(f"{app}/*/{layer}.py"), *ROOT.glob(f"{app}/*/{layer}/*.py")]
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if writing.search(line)
    ]
    assert found == []


def test_no_migration_runs_python() -> None:
    """A first migration renders only the models that change (see the command `migrate`); code would see the others as they were."""
    assert [path.name for path in ROOT.glob("*/migrations/*.py") if "RunPython" in path.read_text()] == []
