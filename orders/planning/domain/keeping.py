"""IMPROVE: plan on what stands. Every standing row is booked; an order that is short or late is taken out, placed again
in rank order, and keeps what it had unless it gets at least as much on every day. Nothing promised gets worse.

Claims give everything back first and are placed last: a quoted date is no promise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from orders.planning.domain.backlog import Backlog, Row, Snapshot, at_least, day_of
from orders.planning.domain.book import change
from orders.planning.domain.instance import Instance, as_arrays, build, plain
from orders.planning.domain.jit import compiled
from orders.planning.domain.plan import NO_SEARCH, NOTHING, book_frozen, fresh
from orders.planning.domain.run import PLACE, run
from orders.planning.domain.solve import PLAIN_LINES
from orders.planning.domain.tables import EXTRA_ROWS, Plan, PlanRow, SpanRow

PASSES = 3
Taken = tuple[int, int, int, int]  # line, cell, day, quantity


class Table:
    """The state with a plan on it, on lists by plain code or on arrays by compiled code: the same steps, the same rows."""

    def __init__(self, instance: Instance, standing: dict[int, list[Taken]], compile_it: bool) -> None:
        counts = [max(int(n) * 2 + EXTRA_ROWS, len(standing.get(o, ()))) for o, n in enumerate(np.diff(instance.case.orders["line"]))]
        starts = np.concatenate(([0], np.cumsum(counts))).tolist()
        self.kernel = compiled() if compile_it else None
        self.instance = instance
        spans, rows = [SpanRow(start) for start in starts[:-1]], [PlanRow() for _n in range(starts[-1])]
        self.case: Any
        if self.kernel is None:
            self.case, _made, self.work = plain(instance, fresh(instance))
            self.plan = Plan(spans, rows)
        else:
            self.case, self.work = fresh(instance), instance.work()
            self.plan = as_arrays(Plan(spans, rows))
        for o, taken in standing.items():
            self.put(o, taken)

    def rows(self, o: int) -> list[Taken]:
        """The order's rows."""
        if self.kernel is None:
            span = self.plan.spans[o]
            return [(r.line, r.cell, r.day, r.quantity) for r in self.plan.rows[span.start : span.start + span.count]]
        start, count = self.plan.spans[o].tolist()
        return self.plan.rows[start : start + count].tolist()

    def put(self, o: int, taken: list[Taken]) -> None:
        """Book these rows as the order's (it has none)."""
        if self.kernel is None:
            span = self.plan.spans[o]
            for n, (line, cell, day, quantity) in enumerate(taken):
                self.plan.rows[span.start + n] = PlanRow(line, cell, day, quantity)
            span.count = len(taken)
            change(o, 1, self.case, self.plan)
            return
        start = int(self.plan.spans[o]["start"])
        if taken:
            self.plan.rows[start : start + len(taken)] = np.array(taken, self.plan.rows.dtype)
        self.plan.spans["count"][o] = len(taken)
        self._book(o, taken, 1)

    def take(self, o: int) -> list[Taken]:
        """Give the order's rows back; they are returned."""
        taken = self.rows(o)
        if self.kernel is None:
            change(o, -1, self.case, self.plan)
            self.plan.spans[o].count = 0
        else:
            self._book(o, taken, -1)
            self.plan.spans["count"][o] = 0
        return taken

    def _book(self, o: int, taken: list[Taken], sign: int) -> None:
        for _line, cell, day, quantity in taken:
            book_frozen(self.case, cell, day, sign * quantity, int(self.case.orders["group"][o]))

    def place(self, o: int) -> list[Taken]:
        """Place the order on what is free, and book it."""
        if self.kernel is None:
            run(PLACE, o, o + 1, self.case, self.plan, [], NO_SEARCH, self.work)
        else:
            self.kernel.run(PLACE, o, o + 1, self.case, self.plan, NOTHING, NO_SEARCH, self.work)
        return self.rows(o)

    def arrays(self) -> Plan:
        """The plan as arrays."""
        return as_arrays(self.plan) if self.kernel is None else self.plan


def improve(s: Snapshot, b: Backlog, checked: dict[str, Any], compile_it: bool | None = None) -> tuple[Instance, Plan]:
    """The plan that keeps or betters what stands. `checked` are the arrays of `b` as `instance.check` returns them."""
    instance = build(checked, True)
    back = np.empty(len(instance.line_id), np.int64)
    back[instance.line_id] = np.arange(len(instance.line_id))
    cells = {(b.products[p], s.locations[w]): c for c, (p, w) in
             enumerate(zip(instance.product_of.tolist(), instance.case.cells["location"].tolist(), strict=False))}  # fmt: skip
    order_of = {(u.order_id, u.kind): n for n, u in enumerate(s.units)}
    days = s.deliver.shape[2]
    standing: dict[int, list[Taken]] = {}
    for r in b.movable:
        cell = cells.get((r.product_id, r.location_id))
        if r.kind == "plan" and cell is not None:
            at = int(back[b.line_at[r.line_id, r.kind]])
            standing.setdefault(order_of[r.order_id, r.kind], []).append((at, cell, day_of(s, r, days), r.quantity))
    table = Table(instance, standing, len(b.line_ids) > PLAIN_LINES if compile_it is None else compile_it)
    movable = [o for o, u in enumerate(s.units) if not u.skip]
    for _pass in range(PASSES):
        gained = [o for o in movable if s.units[o].kind == "plan" and not whole(s, table, o) and bettered(s, table, o)]
        if not gained:
            break
    for o in movable:
        if s.units[o].kind == "claim":
            table.place(o)
    return instance, table.arrays()


def reached(s: Snapshot, table: Table, o: int, taken: list[Taken]) -> dict[int, list[tuple[int, int]]]:
    """Line → (arrival day, quantity) by day."""
    zone = s.units[o].zone
    found: dict[int, list[tuple[int, int]]] = {}
    for line, cell, day, quantity in taken:
        location = int(table.instance.case.cells["location"][cell])
        found.setdefault(line, []).append((int(s.deliver[location, zone, day]), quantity))
    return {line: sorted(rows) for line, rows in found.items()}


def whole(s: Snapshot, table: Table, o: int) -> bool:
    """Whether everything of the order arrives by the requested day: nothing to gain."""
    lines = table.instance.case.lines["quantity"]
    first, last = (int(table.instance.case.orders["line"][n]) for n in (o, o + 1))
    rows = reached(s, table, o, table.rows(o))
    asked = max(0, (s.units[o].standing.requested_date - s.today).days)
    return all(sum(q for d, q in rows.get(n, ()) if d <= asked) >= lines[n] for n in range(first, last))


def bettered(s: Snapshot, table: Table, o: int) -> bool:
    """Place the order again; it keeps the new rows only when no line gets less or later and one gets better."""
    old = table.take(o)
    new = table.place(o)
    before, after = reached(s, table, o, old), reached(s, table, o, new)
    if kept(after, before) and not kept(before, after):
        return True
    table.take(o)
    table.put(o, old)
    return False


def kept(new: dict[int, list[tuple[int, int]]], old: dict[int, list[tuple[int, int]]]) -> bool:
    """Whether every line has at least as much on every day."""
    return all(at_least(new.get(line, ()), rows) for line, rows in old.items())


def standing_rows(s: Snapshot, b: Backlog, made: list[Row]) -> list[Row]:
    """What a plan writes: its rows, frozen ones with the dates they have."""
    fixed = {(r.line_id, r.kind, r.location_id, max(r.ship, s.today)): r for r in b.fixed}
    out = []
    for r in made:
        kept = fixed.get((r.line_id, r.kind, r.location_id, r.ship))
        out.append(Row(0, r.order_id, r.line_id, r.product_id, r.location_id, r.kind, kept.ship, kept.arrive, r.quantity) if kept else r)
    return out
