"""Bid prices and the Lagrangian bound: supply is relaxed with multipliers, every order solved by itself.

Whatever a plan does, it costs at least: the sum of what each order would cost alone, paying `pi` for every unit it takes
from a cumulative supply, less what all supply is worth at `pi`. Subgradient steps raise what is overdrawn and lower what
is left over. Elementwise arithmetic and integer sums only, so the prices are the same everywhere; `pi` is integer in
1/SCALE of a minor unit, and the referee can check the bound with them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from orders.planning.domain.instance import Instance, table
from orders.planning.domain.plan import NO_SEARCH
from orders.planning.domain.run import RELAX
from orders.planning.domain.tables import PRICED, Case, Plan, PlanRow, SpanRow

SCALE = 16


@dataclass
class Prices:
    """`pi` and `price` [bucket], scaled; `bound` in minor units; rounds done and whether the clock ended them."""

    pi: Any
    price: Any
    bound: int
    rounds: int
    timed_out: bool


def suffix(instance: Instance, pi: Any) -> Any:
    """Price of a unit by bucket: what it takes from this and every later cumulative supply of its cell."""
    first = instance.case.cells["bucket"]
    total = np.concatenate(([0], np.cumsum(pi)))
    return np.repeat(total[first[1:]], np.diff(first)) - total[:-1]


def cumulative(instance: Instance, by_bucket: Any) -> Any:
    """Sums from a cell's first bucket on."""
    first = instance.case.cells["bucket"]
    total = np.concatenate(([0], np.cumsum(by_bucket)))
    return total[1:] - np.repeat(total[first[:-1]], np.diff(first))


def relax(instance: Instance, case: Case, kernel: Any, works: list[Any], pool: ThreadPoolExecutor) -> tuple[int, Any]:
    """Cost of all orders alone at the prices in `case`, and what they take by bucket."""
    orders = instance.size[0]
    cuts = np.linspace(0, orders, len(works) + 1).astype(int).tolist()
    usage = [np.zeros(len(case.buckets), np.int64) for _w in works]
    nothing = Plan(table(SpanRow, 0), table(PlanRow, 0))
    shares = [
        pool.submit(kernel.run, RELAX, cuts[n], cuts[n + 1], case, nothing, usage[n], NO_SEARCH, works[n]) for n in range(len(works))
    ]
    return sum(share.result() for share in shares), sum(usage)


def search_prices(instance: Instance, state: Case, kernel: Any, workers: int, rounds: int, late: Callable[[], bool]) -> Prices:
    """Prices and bound after so many rounds on the supply in `state`; `late` tells whether the clock has run out."""
    case = state._replace(relaxed=1, limited=0, buckets=state.buckets.copy())
    supply = state.buckets["free"]
    works = [instance.work() for _n in range(workers)]
    for work in works:
        work["number"][PRICED] = 1
    pi, best_pi, best = first_prices(instance, state), np.zeros(len(supply), np.int64), -1
    drift, step = np.zeros(len(supply)), median_loss(instance) * (0.01 + 0.4 / rounds)
    done, timed_out = 0, False
    with ThreadPoolExecutor(workers) as pool:
        while done < rounds and not timed_out:
            done += 1
            case.buckets["price"] = suffix(instance, pi)
            cost, usage = relax(instance, case, kernel, works, pool)
            bound = int(cost) - int((supply * pi).sum())
            if bound > best:
                best, best_pi = bound, pi
            over = cumulative(instance, usage) - supply
            drift = MOMENTUM * drift + over / np.maximum(1, supply + np.maximum(0, over))
            pi = np.maximum(0, np.rint(pi + step * drift)).astype(np.int64)
            step *= 1 - COOLING / rounds
            timed_out = late()
    return Prices(best_pi, suffix(instance, best_pi), max(0, -(-best // SCALE)), done, timed_out)


MOMENTUM, COOLING = 0.8, 2.3


def median_loss(instance: Instance) -> float:
    """What a unit loses when undelivered, in the middle of all orders."""
    weight = np.sort(instance.case.orders["weight"][:-1])
    return float(weight[len(weight) // 2]) * instance.case.late_max


def first_prices(instance: Instance, state: Case) -> Any:
    """Prices to begin with: where demand exceeds supply, what the first unit loses that goes without, if the weightiest
    orders come first; less what it costs to send. On the last bucket of each cell."""
    case, orders = instance.case, instance.size[0]
    line_order = np.repeat(np.arange(orders), np.diff(case.orders["line"]))
    loss, quantity = case.orders["weight"][line_order] * case.late_max, case.lines["quantity"]
    product = case.lines["product"]
    by = np.lexsort((-loss, product))
    asked = np.cumsum(quantity[by])
    first = np.searchsorted(product[by], np.arange(len(case.products)))
    asked -= np.concatenate(([0], asked))[first][product[by]]
    last = case.cells["bucket"][1:] - 1
    supply = np.zeros(len(case.products), np.int64)
    np.add.at(supply, instance.product_of, state.buckets["free"][last])
    short = np.nonzero(asked > supply[product[by]])[0][::-1]
    price = np.zeros(len(case.products), np.int64)
    price[product[by][short]] = loss[by][short]  # the first one of a product is written last
    middle = len(case.lanes) // 2
    sending = np.sort(case.lanes["unit_cost"])[middle] + np.sort(case.lanes["ship_cost"])[middle] // (
        2 * np.sort(quantity)[len(quantity) // 2]
    )
    pi = np.zeros(len(state.buckets), np.int64)
    pi[last] = np.maximum(0, price - sending)[instance.product_of]
    return pi
