"""The whole of `plan_instance`: tables, placement, certificate, figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orders.planning.domain.instance import build
from orders.planning.domain.jit import compiled
from orders.planning.domain.optimise import Found, optimise
from orders.planning.domain.plan import (
    NO_SEARCH,
    NOTHING,
    Steps,
    fresh,
    inversions,
    place_all,
    rows_of,
    value,
)
from orders.planning.domain.run import PLACE

POLICIES = ("strict", "optimise")
PLAIN_LINES = 5000


@dataclass
class Answer:
    """A plan with its certificate. Money in minor units; `bound`, `gap`, `pi` None when not computed."""

    orders: int
    lines: int
    rows: Any
    value: dict[str, Any]
    bound: int | None
    inversions: int
    steps: int
    reproducible: bool
    seconds: dict[str, float]
    lines_per_s: float
    pi: Any = None

    @property
    def gap(self) -> float | None:
        """How far the objective lies above the bound, as a share of it."""
        return round(self.value["objective"] / self.bound - 1, 6) if self.bound else None


def solve(
    a: dict[str, Any], policy: str, workers: int, seconds: float, clock: Callable[[], float], plain_code: bool | None = None
) -> Answer:
    """Plan a checked instance. `clock` tells seconds. `plain_code`: run uncompiled; by default for small instances,
    where loading the compiler takes longer than planning; the plan is the same."""
    steps = Steps(clock)
    if plain_code is None:
        plain_code = policy == "strict" and len(a["line_sku"]) <= PLAIN_LINES and workers == 1
    kernel = None if plain_code else compiled()
    instance = build(a, True)
    steps.done("tables")
    if kernel is not None:
        kernel.run(PLACE, 0, 0, fresh(instance), instance.plan(), NOTHING, NO_SEARCH, instance.work())
        steps.done("load kernel")
    plan, _redone = place_all(instance, fresh(instance), kernel, workers)
    steps.done("place")
    placing = steps.seconds["place"]
    found = Found(plan, None, None, 0, True)
    if policy == "optimise":
        found = optimise(a, instance, plan, kernel, workers, seconds, steps)
    rows = rows_of(instance, found.plan)
    worth = value(a, rows)
    steps.done("value")
    inverted = inversions(instance, found.plan, kernel)
    steps.done("inversions")
    orders, lines = instance.size
    rate = lines / max(placing, 1e-9)
    return Answer(orders, lines, rows, worth, found.bound, inverted, found.steps, found.reproducible, steps.seconds, rate, found.pi)
