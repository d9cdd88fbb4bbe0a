"""Writing placements into the state and the plan, taking them back, and what they cost."""

from __future__ import annotations

from orders.planning.domain.jit import kernel
from orders.planning.domain.state import available, book, bucket_of, room, use_capacity
from orders.planning.domain.tables import ROWS, TOGETHER, Case, Ints, Plan, Work


@kernel
def change(o: int, sign: int, case: Case, plan: Plan) -> None:
    """Book (`sign` 1) or give back (−1) the rows of an order."""
    for r in range(plan.spans[o].start, plan.spans[o].start + plan.spans[o].count):
        book(case, plan.rows[r].cell, plan.rows[r].day, sign * plan.rows[r].quantity, case.orders[o].group)
        use_capacity(case, case.cells[plan.rows[r].cell].location, plan.rows[r].day, sign * plan.rows[r].quantity)


@kernel
def note(o: int, count: int, plan: Plan, work: Work) -> None:
    """Copy the answer of `place` into the plan, without booking it."""
    at = plan.spans[o].start
    for r in range(count):
        plan.rows[at + r].line, plan.rows[at + r].cell = work.row_line[r], work.row_cell[r]
        plan.rows[at + r].day, plan.rows[at + r].quantity = work.row_day[r], work.row_quantity[r]
    plan.spans[o].count = count


@kernel
def fits(o: int, case: Case, plan: Plan) -> bool:
    """Whether an order's rows, none of which share a cell or a limit, are still free."""
    for r in range(plan.spans[o].start, plan.spans[o].start + plan.spans[o].count):
        if available(case, plan.rows[r].cell, plan.rows[r].day, case.orders[o].group) < plan.rows[r].quantity:
            return False
        left = room(case, case.cells[plan.rows[r].cell].location, plan.rows[r].day)
        if 0 <= left < plan.rows[r].quantity:
            return False
    return True


@kernel
def demand(case: Case, work: Work, usage: Ints) -> None:
    """Add what the answer of `place` takes to `usage` [bucket]."""
    for r in range(work.number[ROWS]):
        usage[bucket_of(case, work.row_cell[r], work.row_day[r])] += work.row_quantity[r]


@kernel
def weigh(o: int, case: Case, plan: Plan, sums: Ints) -> None:
    """What an order's rows cost into `sums`: lateness, undelivered, goods, shipments (scaled), and its shipments."""
    begin, end = plan.spans[o].start, plan.spans[o].start + plan.spans[o].count
    zone, requested, weight = case.orders[o].zone, case.orders[o].requested, case.orders[o].weight
    asked, last = 0, 0
    for line in range(case.orders[o].line, case.orders[o + 1].line):
        asked += case.lines[line].quantity
    for r in range(begin, end):
        lane = zone * case.locations + case.cells[plan.rows[r].cell].location
        last = max(last, case.deliver[lane * case.days + plan.rows[r].day])
    lateness, goods, freight, ships = 0, 0, 0, 0
    for r in range(begin, end):
        cell, day, quantity = plan.rows[r].cell, plan.rows[r].day, plan.rows[r].quantity
        location = case.cells[cell].location
        lane = zone * case.locations + location
        arrival = last if case.orders[o].rule == TOGETHER else case.deliver[lane * case.days + day]
        lateness += quantity * weight * max(0, arrival - requested)
        goods += quantity * (case.lanes[lane].unit_cost + substitution(plan.rows[r].line, cell, case))
        asked -= quantity
        known = False
        for other in range(begin, r):
            known = known or (plan.rows[other].day == day and case.cells[plan.rows[other].cell].location == location)
        if not known:
            freight += case.lanes[lane].ship_cost
            ships += 1
    sums[0], sums[1], sums[2], sums[3], sums[4] = lateness, asked * weight * case.late_max, goods, freight, ships


@kernel
def substitution(line: int, cell: int, case: Case) -> int:
    """Cost per unit of serving a line from a cell: 0 for its own product."""
    own = case.lines[line].product
    if len(case.substitutes) == 0 or case.products[own].cell <= cell < case.products[own + 1].cell:
        return 0
    for s in range(case.products[own].substitute, case.products[own + 1].substitute):
        product = case.substitutes[s].product
        if case.products[product].cell <= cell < case.products[product + 1].cell:
            return case.substitutes[s].cost
    return 0


@kernel
def service(o: int, case: Case, work: Work) -> int:
    """Weighted lateness and undelivered units of the answer of `place`."""
    zone, requested, last, late = case.orders[o].zone, case.orders[o].requested, 0, 0
    left = 0
    for line in range(case.orders[o].line, case.orders[o + 1].line):
        left += case.lines[line].quantity
    for r in range(work.number[ROWS]):
        lane = zone * case.locations + case.cells[work.row_cell[r]].location
        last = max(last, case.deliver[lane * case.days + work.row_day[r]])
    for r in range(work.number[ROWS]):
        lane = zone * case.locations + case.cells[work.row_cell[r]].location
        arrival = last if case.orders[o].rule == TOGETHER else case.deliver[lane * case.days + work.row_day[r]]
        late += work.row_quantity[r] * max(0, arrival - requested)
        left -= work.row_quantity[r]
    return case.orders[o].weight * (late + left * case.late_max)
