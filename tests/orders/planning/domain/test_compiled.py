"""Compiled and plain code, one worker and many: the same bytes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from orders.planning.domain.instance import build, check
from orders.planning.domain.jit import compiled
from orders.planning.domain.plan import fresh, place_all, rows_of
from orders.planning.domain.solve import solve
from tests.orders.planning.domain.instances import VARIANTS, make

pytestmark = pytest.mark.unit


def ticks() -> Any:
    """A clock on which hardly any time passes."""
    return lambda: 0.0


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("policy_weights", [True, False])
def test_compiled_code_writes_the_same_bytes_as_plain_code(variant: str, policy_weights: bool) -> None:
    instance = build(check(make(11, **VARIANTS[variant])), policy_weights)
    plain_plan, _redone = place_all(instance, fresh(instance), None)
    plan, _redone = place_all(instance, fresh(instance), compiled())
    assert rows_of(instance, plan).tobytes() == rows_of(instance, plain_plan).tobytes()


@pytest.mark.parametrize("variant", VARIANTS)
def test_any_number_of_workers_gives_the_same_bytes(variant: str) -> None:
    instance = build(check(make(12, **{"orders": 400, "products": 60} | VARIANTS[variant])), True)
    alone, _redone = place_all(instance, fresh(instance), compiled())
    for workers in (2, 5):
        plan, redone = place_all(instance, fresh(instance), compiled(), workers)
        assert rows_of(instance, plan).tobytes() == rows_of(instance, alone).tobytes()
        assert redone < instance.size[0] and (redone > 0 or instance.case.limited)


@pytest.mark.parametrize("variant", ["plain", "short", "capacity", "long", "everything"])
def test_optimising_costs_less_serves_no_class_worse_and_says_so(variant: str) -> None:
    a = check(make(13, **VARIANTS[variant]))
    strict = solve(a, "strict", 1, 1, ticks(), plain_code=False)
    best = solve(a, "optimise", 1, 1, ticks())
    assert best.value["objective"] < strict.value["objective"]
    assert all(x <= y for x, y in zip(best.value["service_by_class"], strict.value["service_by_class"], strict=True))
    assert strict.inversions == 0 and strict.bound is None
    if variant == "everything":
        assert best.bound is None, "with frozen rows no bound is claimed"
    else:
        assert 0 < best.bound <= best.value["objective"]
    again = solve(a, "optimise", 2, 1, ticks())
    assert again.rows.tobytes() == best.rows.tobytes() and again.reproducible


def test_a_search_the_clock_ends_is_not_called_reproducible() -> None:
    now = iter(range(10**9))
    assert solve(check(make(13)), "optimise", 1, 5, lambda: float(next(now))).reproducible is False


def test_the_web_never_loads_the_compiler() -> None:
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup(); import orders.planning.selectors, oms.urls\n"
        "assert 'numba' not in sys.modules, 'numba'"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""


def test_plain_and_compiled_scratch_space_have_the_same_shape() -> None:
    work = build(check(make(1)), True).work()
    assert np.all(work["head"] == -1) and work["low"][4] == 2
