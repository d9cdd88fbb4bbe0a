"""One line from several places: greedily the cheapest part first, for lines no location serves whole and in time."""

from __future__ import annotations

from orders.planning.domain.calendars import as_late, in_time
from orders.planning.domain.jit import kernel
from orders.planning.domain.rows import add_row, left_room, opened, taken
from orders.planning.domain.state import bucket_of, spare
from orders.planning.domain.tables import (
    CLASH,
    FOUND,
    INFINITE,
    PRICED,
    SHIPMENTS,
    SPARE,
    SPLIT_ROWS,
    Case,
    Work,
)


@kernel
def list_parts(o: int, line: int, case: Case, work: Work) -> int:
    """Everything free for a line, cell by cell, latest bucket first; returns how many parts there are."""
    own, n = case.lines[line].product, 0
    first, last = 0, 0
    if len(case.substitutes) > 0:
        first, last = case.products[own].substitute, case.products[own + 1].substitute
    for s in range(first - 1, last):
        product, extra = own, 0
        if s >= first:
            product, extra = case.substitutes[s].product, case.substitutes[s].cost
        for cell in range(case.products[product].cell, case.products[product + 1].cell):
            lane = case.orders[o].zone * case.locations + case.cells[cell].location
            normal = in_time(case, lane, case.orders[o].requested)
            used = taken(work, cell) if work.number[CLASH] else 0
            free = INFINITE
            for k in range(case.cells[cell + 1].bucket - 1, case.cells[cell].bucket - 1, -1):
                free = min(free, spare(case, cell, k, case.orders[o].group))
                if free <= used:
                    break
                day = normal if case.buckets[k].day <= normal else as_late(case, lane, case.buckets[k].day)
                if n > 0 and work.split_cell[n - 1] == cell and work.split_day[n - 1] == day:
                    continue  # the later bucket serves the same day with more
                late = max(0, case.deliver[lane * case.days + day] - case.orders[o].requested)
                work.split_cell[n], work.split_day[n], work.split_free[n] = cell, day, free - used
                work.split_unit[n] = case.orders[o].weight * late + case.lanes[lane].unit_cost + extra
                if work.number[PRICED]:
                    work.split_unit[n] += case.buckets[bucket_of(case, cell, day)].price
                work.split_take[n] = 0
                n += 1
                if case.buckets[k].day <= normal:
                    break
    return n


@kernel
def choose_part(o: int, parts: int, missing: int, tight: int, may_open: int, case: Case, work: Work) -> int:
    """The part to take next, −1 for none: the cheapest by unit; the one that gains most when few rows are left."""
    undelivered = case.orders[o].weight * case.late_max
    chosen, best, best_take = -1, INFINITE, 0
    for n in range(parts):
        cell, day = work.split_cell[n], work.split_day[n]
        location = case.cells[cell].location
        take = work.split_free[n]
        is_open = opened(work, location, day)
        used = 0
        for other in range(parts):
            if work.split_take[other] > 0:
                if work.split_cell[other] == cell:
                    take -= work.split_take[other]
                if case.cells[work.split_cell[other]].location == location and work.split_day[other] == day:
                    is_open = True
                    used += work.split_take[other]
        left = left_room(case, location, day, work)
        if left >= 0:
            take = min(take, left - used)
        take = min(take, missing)
        if take <= 0 or work.split_take[n] > 0 or (not is_open and not may_open):
            continue
        fixed = 0 if is_open else case.lanes[case.orders[o].zone * case.locations + location].ship_cost
        gain = (undelivered - work.split_unit[n]) * take - fixed
        if gain <= 0:
            continue
        key = -gain if tight else work.split_unit[n] + fixed // take
        if chosen < 0 or key < best or (key == best and take > best_take):
            chosen, best, best_take = n, key, take
    work.number[FOUND] = best_take
    return chosen


@kernel
def split(o: int, line: int, keep: int, case: Case, work: Work) -> int:
    """Cost of a line served in parts, what is left counted as undelivered; `keep` also writes the rows."""
    parts = list_parts(o, line, case, work)
    missing, cost = case.lines[line].quantity, 0
    rows = case.lines[line].max_rows if case.lines[line].max_rows > 0 else SPLIT_ROWS
    rows = min(rows, 1 + work.number[SPARE])
    limit = case.orders[o].max_shipments
    ships = limit - work.number[SHIPMENTS] if limit > 0 else len(work.ship_day)
    while missing > 0 and rows > 0:
        tight = 1 if rows == 1 or (limit > 0 and ships <= 1) else 0
        n = choose_part(o, parts, missing, tight, 1 if ships > 0 else 0, case, work)
        if n < 0:
            break
        take, cell, day = work.number[FOUND], work.split_cell[n], work.split_day[n]
        location = case.cells[cell].location
        is_open = opened(work, location, day)
        for other in range(parts):
            if work.split_take[other] > 0 and case.cells[work.split_cell[other]].location == location and work.split_day[other] == day:
                is_open = True
        if not is_open:
            cost += case.lanes[case.orders[o].zone * case.locations + location].ship_cost
            ships -= 1
        cost += take * work.split_unit[n]
        work.split_take[n] = take
        missing -= take
        rows -= 1
    if keep:
        work.number[SPARE] += 1  # a line's first row is nothing extra
        for n in range(parts):
            if work.split_take[n] > 0:
                work.number[SPARE] -= 1
                add_row(line, work.split_cell[n], work.split_day[n], work.split_take[n], case, work)
    return cost + missing * case.orders[o].weight * case.late_max
