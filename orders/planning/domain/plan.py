"""A whole instance in rank order. STRICT: each order gets its best service, given those before it.

Any number of workers gives the same plan: they place blocks on a snapshot, one committer accepts in rank order and
redoes what no longer fits. Compiled code unless told otherwise; threads, since it holds no lock of the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from orders.planning.domain.improve import MOST_TOGETHER, SAVED
from orders.planning.domain.instance import Instance, as_arrays, kind, plain, table
from orders.planning.domain.run import COMMIT, COMPARE, PLACE, PROPOSE, run
from orders.planning.domain.tables import PRICED, RANDOM, Case, Plan, PlanRow, Search, SpanRow

BLOCK = 8192  # orders a snapshot serves
NOTHING = np.zeros(0, np.int64)
NO_PLAN = Plan(np.zeros(0, kind(SpanRow)), np.zeros(0, kind(PlanRow)))
NO_SEARCH = Search(**{**dict.fromkeys(Search._fields, NOTHING), "wishes": NO_PLAN, "saved": NO_PLAN.rows})


@dataclass
class Steps:
    """Seconds by step, in order; `clock` tells seconds."""

    clock: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)
    since: float = 0.0

    def __post_init__(self) -> None:
        self.since = self.clock()

    def done(self, name: str) -> None:
        """The time since the last step goes to `name`."""
        now = self.clock()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self.since
        self.since = now


def fresh(instance: Instance, case: Case | None = None) -> Case:
    """A state of its own to plan on, frozen rows already booked."""
    case = case or instance.case
    case = case._replace(buckets=case.buckets.copy(), kept=case.kept.copy(), capacity=case.capacity.copy())
    for _line, cell, day, quantity, order in instance.fixed:
        book_frozen(case, int(cell), int(day), int(quantity), int(case.orders["group"][order]))
    return case


def book_frozen(case: Case, cell: int, day: int, quantity: int, group: int) -> None:
    """Book one frozen row on arrays."""
    first, last = case.cells["bucket"][cell], case.cells["bucket"][cell + 1]
    k = first + int(np.searchsorted(case.buckets["day"][first:last], day, side="right")) - 1
    case.buckets["free"][k:last] -= quantity
    for guard in range(case.cells["guard"][cell], case.cells["guard"][cell + 1]):
        if case.guards["group"][guard] == group:
            at = case.guards["at"][guard]
            case.kept[at + k - first : at + last - first] -= quantity
    limit = case.cells["location"][cell] * case.days + day
    if case.capacity[limit] >= 0:
        case.capacity[limit] -= quantity


def place_all(instance: Instance, case: Case, kernel: Any, workers: int = 1, priced: int = 0) -> tuple[Plan, int]:
    """Place all orders in rank sequence on `case`; returns the plan and how many proposals were redone.

    Without a (compiled) kernel by the same source as plain code, on lists; `case` then keeps its state.
    """
    orders = instance.size[0]
    if kernel is None:
        lists, made, work = plain(instance, case)
        run(PLACE, 0, orders, lists, made, [], NO_SEARCH, work)
        return as_arrays(made), 0
    plan = instance.plan()
    spaces = [instance.work() for _n in range(workers)]
    for space in spaces:
        space["number"][PRICED] = priced
    if workers == 1 or case.limited:  # under capacities every order depends on all before it: nothing to share
        kernel.run(PLACE, 0, orders, case, plan, NOTHING, NO_SEARCH, spaces[0])
        return plan, 0
    robust = np.zeros(orders, np.int64)
    redone = 0
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, orders, BLOCK):
            last = min(orders, first + BLOCK)
            cuts = np.linspace(first, last, workers + 1).astype(int).tolist()
            shares = [
                pool.submit(kernel.run, PROPOSE, cuts[n], cuts[n + 1], case, plan, robust, NO_SEARCH, spaces[n])
                for n in range(workers)
            ]
            for share in shares:
                share.result()
            redone += kernel.run(COMMIT, first, last, case, plan, robust, NO_SEARCH, spaces[0])
    return plan, redone


def inversions(instance: Instance, plan: Plan, kernel: Any) -> int:
    """How many orders would be served better if nothing were held by lower-ranked ones. `instance` weighs service first."""
    orders, search = instance.size[0], search_of(instance)
    if kernel is None:
        case, made, work = plain(instance, fresh(instance))
        made = Plan([SpanRow(*x) for x in plan.spans.tolist()], [PlanRow(*x) for x in plan.rows.tolist()])
        return run(COMPARE, 0, orders, case, made, [], search._replace(sums=[0] * 5), work)
    return int(kernel.run(COMPARE, 0, orders, fresh(instance), plan, NOTHING, search, instance.work()))


def search_of(instance: Instance) -> Search:
    """The tables of an improvement, without wishes."""
    case, orders = instance.case, instance.size[0]
    product = case.lines["product"]
    line_order = np.repeat(np.arange(orders), np.diff(case.orders["line"]))
    first = np.concatenate(([0], np.cumsum(np.bincount(product, minlength=len(case.products) - 1))))
    makes = dict.fromkeys(("chosen", "sequence", "counts", "new_cost", "new_service"), MOST_TOGETHER)
    makes |= {"cost": orders, "service": orders, "slack": instance.classes, "loss": instance.classes, "sums": 5, "state": 5}
    made: dict[str, Any] = {name: np.zeros(size, np.int64) for name, size in makes.items()}
    search = NO_SEARCH._replace(
        first=first.astype(np.int64), order=line_order[np.argsort(product, kind="stable")].astype(np.int64),
        product_of=instance.product_of.astype(np.int64), class_of=instance.class_of.astype(np.int64),
        saved=np.zeros(SAVED, kind(PlanRow)), **made,
    )  # fmt: skip
    search.state[RANDOM] = 1
    return search


def filled(plan: Plan) -> Any:
    """The rows of a plan without the empty ones."""
    spans = plan.spans
    order = np.repeat(np.arange(len(spans)), spans["count"])
    first = np.cumsum(spans["count"]) - spans["count"]
    return plan.rows[spans["start"][order] + np.arange(len(order)) - first[order]]


def joined(plans: list[Plan]) -> Plan:
    """Plans one after the other, without empty rows."""
    count = np.concatenate([plan.spans["count"] for plan in plans])
    return Plan(
        table(SpanRow, len(count), start=np.cumsum(count) - count, count=count), np.concatenate([filled(plan) for plan in plans])
    )


def rows_of(instance: Instance, plan: Plan) -> Any:
    """The plan as rows (line, product, location, day, quantity) with the input's indices, frozen rows too, sorted."""
    case, rows = instance.case, filled(plan)
    line, cell = (np.concatenate((rows["line"], instance.fixed[:, 0])), np.concatenate((rows["cell"], instance.fixed[:, 1])))
    day, quantity = (np.concatenate((rows["day"], instance.fixed[:, 2])), np.concatenate((rows["quantity"], instance.fixed[:, 3])))
    made = np.stack((instance.line_id[line], instance.product_of[cell], case.cells["location"][cell], day, quantity), axis=1).astype(
        np.int64
    )
    return merged(made[np.lexsort(made.T[3::-1])])


def merged(rows: Any) -> Any:
    """Sorted rows of the same line, product, location and day as one."""
    if len(rows) == 0:
        return rows
    begins = np.concatenate(([True], (rows[1:, :4] != rows[:-1, :4]).any(axis=1)))
    made = rows[begins].copy()
    made[:, 4] = np.add.reduceat(rows[:, 4], np.nonzero(begins)[0])
    return made


def value(a: dict[str, Any], rows: Any) -> dict[str, Any]:
    """What a plan costs on a checked instance (minor units), and how it serves: by kind, total and by class."""
    line, product, location, day, quantity = rows.T
    orders, lines = len(a["order_zone"]), len(a["line_sku"])
    order = a["line_order"][line]
    zone, own = a["order_zone"][order], a["line_sku"][line]
    arrival = a["deliver"][location, zone, day]
    last = np.zeros(orders, np.int64)
    np.maximum.at(last, order, arrival)
    arrival = np.where(a["order_complete"][order] == 1, last[order], arrival)
    late = np.maximum(0, arrival - a["order_req"][order])
    weight, left = a["order_weight"], a["line_qty"] - np.bincount(line, quantity, lines).astype(np.int64)
    lateness = quantity * weight[order] * late
    missing = left * weight[a["line_order"]] * int(a["late_max"])
    extra = substitution(a, own, product)
    unit = quantity * (a["unit_cost"][location, zone] + extra)
    locations, days = a["cap"].shape
    ships = np.unique((order * locations + location) * days + day)
    freight = a["ship_cost"][ships // days % locations, a["order_zone"][ships // days // locations]]
    classes = int(a["order_class"].max(initial=0)) + 1
    service = np.zeros(classes, np.int64)
    np.add.at(service, a["order_class"][order], lateness)
    np.add.at(service, a["order_class"][a["line_order"]], missing)
    asked = int(a["line_qty"].sum())
    parts = {"lateness": int(lateness.sum()), "undelivered": int(missing.sum()), "unit": int(unit.sum()), "fixed": int(freight.sum())}
    return {
        "objective": sum(parts.values()), **parts, "shipments": len(ships), "rows": len(rows),
        "filled": round(float(quantity.sum()) / max(1, asked), 5),
        "on_time": round(float(quantity[late == 0].sum()) / max(1, asked), 5), "service_by_class": service.tolist(),
    }  # fmt: skip


def substitution(a: dict[str, Any], own: Any, product: Any) -> Any:
    """Cost per unit of serving a product by another; 0 for its own."""
    extra = np.zeros(len(own), np.int64)
    other = np.nonzero(own != product)[0]
    if len(other):
        products = int(a["n_sku"])
        key = a["sub_from"] * products + a["sub_to"]
        by = np.lexsort((a["sub_cost"], key))
        at = np.searchsorted(key[by], own[other] * products + product[other])
        extra[other] = a["sub_cost"][by][at]
    return extra
