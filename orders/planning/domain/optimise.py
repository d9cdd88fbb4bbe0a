"""OPTIMISE: least weighted lateness, undelivered, goods and shipment cost, no customer class served worse than STRICT.

Bid prices from the bound place all orders once more, then orders take what they wish from those who hold it.
Time is translated to steps beforehand, by figures that do not depend on the machine; the clock only ends a search that
is much slower than they say, and then the answer is called not reproducible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from orders.planning.domain.bound import SCALE, search_prices
from orders.planning.domain.instance import Instance, build
from orders.planning.domain.plan import (
    NO_SEARCH,
    NOTHING,
    Steps,
    fresh,
    joined,
    place_all,
    rows_of,
    search_of,
    value,
)
from orders.planning.domain.run import COMMIT, IMPROVE, PROPOSE, WEIGH
from orders.planning.domain.tables import PRICED, STRESS, WARMTH, Case, Plan, Search

PRICE_SHARE = 0.3  # of the time for prices, most of the rest for moves
LINES_PER_SECOND = 300_000  # relaxed, on a slow and busy core
MOVES_PER_SECOND = 30_000
LEAST_ROUNDS, MOST_ROUNDS = 12, 150
STARTS = 6  # placements by price, each with more weight for the classes the one before served worse than they may be
SLICE = 1_000  # moves between two looks at the clock
UNFAIR = 4  # how much more service counts that a class is short of; doubled ten times during a search
WARM_PART = 10  # the first moves may cost this part of what an order costs


@dataclass
class Found:
    """A plan with what is known about it; `bound` in minor units, `pi` by input supply row."""

    plan: Plan
    bound: int | None
    pi: Any
    steps: int
    reproducible: bool


def budget(lines: int, seconds: float) -> tuple[int, int]:
    """Rounds of prices and moves for so many seconds."""
    rounds = int(seconds * PRICE_SHARE * LINES_PER_SECOND / max(1, lines))
    return min(MOST_ROUNDS, max(LEAST_ROUNDS, rounds)), max(1, int(seconds * (0.9 - PRICE_SHARE) * MOVES_PER_SECOND))


def optimise(a: dict[str, Any], strict: Instance, strict_plan: Plan, kernel: Any, workers: int, seconds: float, steps: Steps) -> Found:
    """Improve on a STRICT plan of the same instance."""
    instance = build(a, False, SCALE)
    begin = steps.clock()
    rounds, moves = budget(instance.size[1], seconds)
    state = fresh(instance)
    prices = search_prices(instance, state, kernel, workers, rounds, lambda: steps.clock() > begin + seconds / 2)
    steps.done("prices")
    state.buckets["price"] = prices.price
    limit = np.array(value(a, rows_of(strict, strict_plan))["service_by_class"]) * SCALE
    start = begin_by_price(a, instance, state, limit, kernel, workers)
    search = wish(instance, state, strict_plan, kernel)
    steps.done("place by price")
    spent, timed_out = 0, False
    for begun in (start, strict_plan):
        plan, case = booked(instance, state, begun, kernel)
        more, timed_out = improve(a, instance, case, plan, limit, search, kernel, moves, begin + seconds, steps)
        spent += more
        if (served(a, instance, plan) <= limit).all():
            break
    steps.done("improve")
    whole = not (len(a["prot_sku"]) or len(a["fix_line"]))
    pi = by_supply_row(instance, prices.pi) if whole else None
    reproducible = not (prices.timed_out or timed_out)
    return Found(plan, prices.bound if whole else None, pi, prices.rounds + spent, reproducible)


def begin_by_price(a: dict[str, Any], instance: Instance, state: Case, limit: Any, kernel: Any, workers: int) -> Plan:
    """The best plan by price, service of a class that is worse than `limit` counted several times."""
    factor, orders = np.full(instance.classes, 8), state.orders.copy()
    found: list[tuple[int, Plan]] = []
    for _n in range(STARTS):
        orders["weight"][:-1] = state.orders["weight"][:-1] * factor[instance.class_of] // 8
        plan, _redone = place_all(instance, fresh(instance, state._replace(orders=orders)), kernel, workers, priced=1)
        worth = value(a, rows_of(instance, plan))
        worse = np.maximum(0, np.array(worth["service_by_class"]) * SCALE - limit)
        found.append((worth["objective"] * SCALE + UNFAIR * int(worse.sum()), plan))
        if not worse.any():
            break
        factor = np.where(worse > 0, factor * 5 // 4, factor)
    return min(found, key=lambda x: x[0])[1]


def wish(instance: Instance, state: Case, strict_plan: Plan, kernel: Any) -> Search:
    """What each order would take if all supply were free, at the prices of `state` and without, and what that costs;
    and what it has under STRICT."""
    made, work, orders = [], instance.work(), instance.size[0]
    for priced in (1, 0):
        plan = instance.plan()
        work["number"][PRICED] = priced
        kernel.run(PROPOSE, 0, orders, state, plan, np.zeros(orders, np.int64), NO_SEARCH, work)
        made.append(plan)
    search = search_of(instance)._replace(wishes=joined([*made, strict_plan]))
    kernel.run(WEIGH, 0, orders, state, made[-1], NOTHING, search, work)
    return search._replace(ideal=search.cost.copy())


def booked(instance: Instance, state: Case, start: Plan, kernel: Any) -> tuple[Plan, Case]:
    """A copy of a plan, and the state with it booked."""
    plan = Plan(start.spans.copy(), start.rows.copy())
    case = state._replace(buckets=state.buckets.copy(), kept=state.kept.copy(), capacity=state.capacity.copy())
    orders = instance.size[0]
    kernel.run(COMMIT, 0, orders, case, plan, np.ones(orders, np.int64), NO_SEARCH, instance.work())
    return plan, case


def by_supply_row(instance: Instance, pi: Any) -> Any:
    """Multipliers by input supply row; of rows that share a bucket the last one carries it."""
    last = np.zeros(len(pi), np.int64)
    last[instance.supply_at] = np.arange(len(instance.supply_at))
    given = np.zeros(len(instance.supply_at))
    given[last] = pi / SCALE
    return given


def served(a: dict[str, Any], instance: Instance, plan: Plan) -> Any:
    """Service cost by class, scaled."""
    return np.array(value(a, rows_of(instance, plan))["service_by_class"]) * SCALE


def improve(
    a: dict[str, Any], instance: Instance, state: Any, plan: Plan, limit: Any, search: Search, kernel: Any, moves: int,
    end: float, steps: Steps,
) -> tuple[int, bool]:  # fmt: skip
    """So many moves on a plan that is booked in `state`, every class kept within its `limit`; how many, and if the clock ended them.

    At first a move may cost a little, to leave a dead end; less and less, in the end nothing.
    """
    work, done = instance.work(), 0
    warm = int(kernel.run(WEIGH, 0, instance.size[0], state, plan, NOTHING, search, work)) // WARM_PART // instance.size[0]
    search.slack[:] = limit - served(a, instance, plan)
    while done < moves:
        if steps.clock() > end:
            return done, True
        search.state[WARMTH] = warm * (moves - done) ** 2 // moves**2
        search.state[STRESS] = UNFAIR << min(10, 20 * done // moves)
        kernel.run(IMPROVE, done, min(moves, done + SLICE), state, plan, NOTHING, search, work)
        done = min(moves, done + SLICE)
    return done, False
