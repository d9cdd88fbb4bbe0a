"""Collects the same layer of every room, so that nothing central is edited to add one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.util import find_spec
from types import ModuleType

APPS = ("oms", "customers", "inventory", "payments", "orders", "reporting")


@cache
def modules(layer: str) -> tuple[ModuleType, ...]:
    """Every `<app>.<room>.<layer>` that exists, imported, in the order of the house and then by name."""
    found = []
    for app in APPS:
        for room in sorted(pkgutil.iter_modules(importlib.import_module(app).__path__), key=lambda m: m.name):
            name = f"{app}.{room.name}.{layer}"
            if room.ispkg and room.name not in ("migrations", "management", "templatetags") and find_spec(name):
                found.append(importlib.import_module(name))
    return tuple(found)
