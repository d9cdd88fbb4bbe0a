"""The backlog as an instance for the kernel (the referee's arrays), and the kernel's rows as schedule rows again. Pure.

A unit is what is ranked and placed together: what is open of an order (`plan`), or what of it is pending with a live
claim (`claim`). Day 0 is the planning day. Frozen rows stay where they are; a unit to `skip` keeps everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from orders.planning.domain.ranking import Standing

WEIGHTS = {0: 50, 1: 30, 2: 20, 3: 10}  # minor units a unit and day late, by customer class, where cost is weighed
USUAL_WEIGHT = 5
BEYOND = 60  # days after the horizon that an undelivered unit counts as late


@dataclass(frozen=True)
class UnitLine:
    """A line's quantity to place."""

    line_id: int
    product_id: int
    quantity: int
    no_split: bool


@dataclass(frozen=True)
class Unit:
    """`zone` is an index into the snapshot's zones; `skip`: it keeps what it has."""

    standing: Standing
    kind: str
    zone: int
    rule: int
    max_shipments: int
    skip: bool
    lines: tuple[UnitLine, ...]

    @property
    def order_id(self) -> int:
        return self.standing.order_id


@dataclass(frozen=True)
class Row:
    """A schedule row; `id` 0 = not written."""

    id: int
    order_id: int
    line_id: int
    product_id: int
    location_id: int
    kind: str
    ship: date
    arrive: date
    quantity: int


@dataclass(frozen=True)
class Stock:
    """A cell as it was read: cumulative free by day."""

    product_id: int
    location_id: int
    days: tuple[date, ...]
    free: tuple[int, ...]


@dataclass(frozen=True)
class Snapshot:
    """One consistent view. `units` in rank order; `deliver` [location][zone][day] arrival days from day 0, −1 no lane."""

    seen: str
    today: date
    units: tuple[Unit, ...]
    rows: tuple[Row, ...]
    stock: tuple[Stock, ...]
    locations: tuple[int, ...]
    zones: tuple[tuple[str, int | None], ...]
    deliver: Any
    unit_cost: Any
    ship_cost: Any
    capacity: tuple[int | None, ...]
    frozen_until: Mapping[int, date]
    facts: Mapping[int, bytes]

    def frozen(self, row: Row) -> bool:
        """Whether the row's ship day lies inside its location's frozen zone."""
        return row.kind == "plan" and row.ship <= self.frozen_until.get(row.location_id, date.min)


@dataclass(frozen=True)
class Backlog:
    """The arrays with what their indices mean. `line_at` {(line id, kind): index}; `rows` are those a unit may move."""

    arrays: dict[str, Any]
    line_ids: tuple[int, ...]
    line_at: Mapping[tuple[int, str], int]
    products: tuple[int, ...]
    movable: tuple[Row, ...]
    fixed: tuple[Row, ...]


def backlog_of(s: Snapshot) -> Backlog:
    """The snapshot as an instance: units in rank order, supply without any soft booking of theirs."""
    line_at = {(x.line_id, u.kind): 0 for u in s.units for x in u.lines}
    flat = [(n, x, u) for n, u in enumerate(s.units) for x in u.lines]
    for at, (_n, x, u) in enumerate(flat):
        line_at[x.line_id, u.kind] = at
    skipped = {(u.order_id, u.kind) for u in s.units if u.skip}
    ours = [r for r in s.rows if (r.line_id, r.kind) in line_at]
    fixed = tuple(r for r in ours if s.frozen(r) or (r.order_id, r.kind) in skipped)
    kept = {r.id for r in fixed}
    products = sorted({x.product_id for _n, x, _u in flat} | {c.product_id for c in s.stock})
    sku, loc = {p: n for n, p in enumerate(products)}, {w: n for n, w in enumerate(s.locations)}
    days = s.deliver.shape[2]
    asked = [(u.standing.requested_date - s.today).days for u in s.units]
    a: dict[str, Any] = {
        "line_order": [n for n, _x, _u in flat], "line_sku": [sku[x.product_id] for _n, x, _u in flat],
        "line_qty": [x.quantity for _n, x, _u in flat], "line_nosplit": [int(x.no_split) for _n, x, _u in flat],
        "order_zone": [u.zone for u in s.units], "order_class": [u.standing.customer_class for u in s.units],
        "order_crit": [u.standing.criticality for u in s.units], "order_req": [min(d, days - 1) for d in asked],
        "order_date": [min(0, (u.standing.rank_date - s.today).days) for u in s.units],
        "order_rank": list(range(len(s.units))),
        "order_weight": [WEIGHTS.get(u.standing.customer_class, USUAL_WEIGHT) for u in s.units],
        "order_complete": [u.rule for u in s.units], "order_maxship": [u.max_shipments for u in s.units],
        "n_sku": max(1, len(products)),
    }  # fmt: skip
    a |= supply_of(s, ours, sku, loc)
    earliest = min([0, *a["order_req"]])
    a["late_max"] = days + BEYOND - earliest
    never = a["late_max"] + max([0, *a["order_req"]]) + 1
    a["deliver"] = np.where(s.deliver < 0, never, s.deliver)
    a["unit_cost"], a["ship_cost"] = s.unit_cost, s.ship_cost
    a["cap"] = np.array([[-1 if c is None else c] * days for c in s.capacity], np.int64).reshape(len(s.locations), days)
    a |= {
        "fix_line": [line_at[r.line_id, r.kind] for r in fixed], "fix_sku": [sku[r.product_id] for r in fixed],
        "fix_loc": [loc[r.location_id] for r in fixed], "fix_day": [day_of(s, r, days) for r in fixed],
        "fix_qty": [r.quantity for r in fixed],
    }  # fmt: skip
    arrays = {key: np.asarray(value, np.int64) for key, value in a.items()}
    line_ids = tuple(x.line_id for _n, x, _u in flat)
    return Backlog(arrays, line_ids, line_at, tuple(products), tuple(r for r in ours if r.id not in kept), fixed)


def day_of(s: Snapshot, row: Row, days: int) -> int:
    """A row's ship day as an index; what is overdue leaves on day 0."""
    return min(days - 1, max(0, (row.ship - s.today).days))


def supply_of(s: Snapshot, ours: Sequence[Row], sku: Mapping[int, int], loc: Mapping[int, int]) -> dict[str, list[int]]:
    """Dated supply: what is free with the units' own bookings given back; what safety stock takes is never negative."""
    booked: dict[tuple[int, int], list[Row]] = {}
    for row in ours:
        booked.setdefault((row.product_id, row.location_id), []).append(row)
    found: list[tuple[int, int, int, int]] = []
    for cell in sorted(s.stock, key=lambda c: (sku[c.product_id], loc.get(c.location_id, -1))):
        if cell.location_id not in loc:
            continue
        rows = booked.get((cell.product_id, cell.location_id), ())
        total: dict[int, int] = {}
        for n, (day, free) in enumerate(zip(cell.days, cell.free, strict=True)):
            until = cell.days[n + 1] if n + 1 < len(cell.days) else date.max
            total[max(0, (day - s.today).days)] = free + sum(r.quantity for r in rows if r.ship < until)
        before = 0
        for offset, cumulative in total.items():
            if offset < s.deliver.shape[2]:
                found.append((sku[cell.product_id], loc[cell.location_id], offset, max(0, cumulative - before)))
                before = max(before, cumulative)
    columns = list(zip(*found, strict=True)) or [()] * 4
    return dict(zip(("sup_sku", "sup_loc", "sup_day", "sup_qty"), map(list, columns), strict=True))


def as_rows(s: Snapshot, b: Backlog, table: Any) -> list[Row]:
    """The kernel's rows (line, product, location, day, quantity) as schedule rows; frozen ones are among them."""
    owner = [(u.order_id, u.kind, u.zone, x.line_id) for u in s.units for x in u.lines]
    made = []
    for line, product, location, day, quantity in table.tolist():
        order_id, kind, zone, line_id = owner[line]
        arrive = int(s.deliver[location, zone, day])
        made.append(Row(0, order_id, line_id, b.products[product], s.locations[location], kind,
                        s.today + timedelta(days=day), s.today + timedelta(days=arrive), quantity))  # fmt: skip
    return made


@dataclass(frozen=True)
class Change:
    """What a plan does to one order line: `better`, `worse` (than what stands promised), `quoted` (a claim moved)."""

    order_id: int
    line_id: int
    product_id: int
    outcome: str
    before_date: date | None
    before_quantity: int
    after_date: date | None
    after_quantity: int
    reason: str = ""
    other_order_id: int | None = None


def arrived(rows: Sequence[Row]) -> list[tuple[date, int]]:
    """(arrival, quantity) by day."""
    return sorted((r.arrive, r.quantity) for r in rows)


def at_least(new: Sequence[tuple[Any, int]], old: Sequence[tuple[Any, int]]) -> bool:
    """Whether on every day at least as much has arrived by `new` as by `old`."""
    return all(sum(q for d, q in new if d <= day) >= sum(q for d, q in old if d <= day) for day, _q in old)


def changes(s: Snapshot, new: Sequence[Row]) -> list[Change]:
    """Every line whose arrivals a plan changes, in rank order; the reason names who takes or gives, by product."""
    before: dict[tuple[int, str], list[Row]] = {}
    after: dict[tuple[int, str], list[Row]] = {}
    for into, rows in ((before, s.rows), (after, new)):
        for r in rows:
            into.setdefault((r.line_id, r.kind), []).append(r)
    found = []
    for u in s.units:
        for x in u.lines:
            old, now = arrived(before.get((x.line_id, u.kind), ())), arrived(after.get((x.line_id, u.kind), ()))
            if old == now:
                continue
            outcome = "quoted" if u.kind == "claim" else "better" if at_least(now, old) else "worse"
            found.append(Change(u.order_id, x.line_id, x.product_id, outcome, last(old), total(old), last(now), total(now)))
    return reasoned(found)


def last(rows: Sequence[tuple[date, int]]) -> date | None:
    """The day the last part arrives."""
    return rows[-1][0] if rows else None


def total(rows: Sequence[tuple[date, int]]) -> int:
    """All units."""
    return sum(q for _d, q in rows)


def reasoned(found: Sequence[Change]) -> list[Change]:
    """Who loses gives way to the first in rank that gains of the same product; who gains takes from the last that loses."""
    gains: dict[int, int] = {}
    losses: dict[int, int] = {}
    for c in found:
        if c.outcome == "better":
            gains.setdefault(c.product_id, c.order_id)
        else:
            losses[c.product_id] = c.order_id
    made = []
    for c in found:
        other = losses.get(c.product_id) if c.outcome == "better" else gains.get(c.product_id)
        other = None if other == c.order_id else other
        reason = ("takes_over" if other else "came_free") if c.outcome == "better" else ("gives_way" if other else "moved")
        made.append(replace(c, reason=reason, other_order_id=other))
    return made
