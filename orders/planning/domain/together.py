"""Orders that go complete: everything delivered together (rule 1), or from one location on one day (rule 2)."""

from __future__ import annotations

from orders.planning.domain.calendars import as_late, in_time
from orders.planning.domain.jit import kernel
from orders.planning.domain.options import add_day, add_roomy, gather, list_arrivals, release
from orders.planning.domain.partition import emit, emit_partition, fill_best, obvious, partition
from orders.planning.domain.rows import add_row, left_room, opened, taken
from orders.planning.domain.state import available, bucket_of
from orders.planning.domain.tables import (
    CLASH,
    DAYS,
    GROUP,
    INFINITE,
    OPTIONS,
    PRICED,
    ROBUST,
    ROWS,
    SHIPMENTS,
    TOUCHED,
    Case,
    Work,
)


@kernel
def offer_by(o: int, members: int, arrival: int, shared: int, case: Case, work: Work) -> bool:
    """Options that arrive by a day, one a location, the latest day each; whether every line has one.

    `shared` > 0: a shipment costs each line that part of it (the bound of orders that are partitioned in groups).
    """
    options, covered, quantity = 0, 0, 0
    for m in range(members):
        work.least[m], work.alone[m] = INFINITE, INFINITE
        quantity += case.lines[work.member[m]].quantity
    for t in range(work.number[TOUCHED]):
        location = work.touched[t]
        lane = case.orders[o].zone * case.locations + location
        day = case.latest[lane * case.arrivals + min(arrival, case.arrivals - 1)]
        if day < 0:
            continue
        if case.limited and not case.relaxed:
            work.number[ROBUST] = 0
            wanted, best = quantity, day
            while best >= 0 and 0 <= left_room(case, location, best, work) < wanted:
                best -= 1
                if best < 0 and wanted > 1:
                    wanted, best = 1, day
            if best < 0:
                continue
            day = best
        left = -1 if case.relaxed else left_room(case, location, day, work)
        mask, at = 0, options * GROUP
        e = work.head[location]
        while e >= 0:
            m, cell = work.entry_member[e], work.entry_cell[e]
            amount = case.lines[work.member[m]].quantity
            if case.buckets[work.entry_from[e]].day <= day and (left < 0 or amount <= left):
                unit = case.lanes[lane].unit_cost + work.entry_extra[e]
                if work.number[PRICED]:
                    unit += case.buckets[bucket_of(case, cell, day)].price
                if mask >> m & 1 == 0 or amount * unit <= work.option_cost[at + m]:
                    work.option_cost[at + m], work.option_cell[at + m] = amount * unit, cell
                    mask |= 1 << m
            e = work.entry_next[e]
        if mask == 0:
            continue
        fixed = 0 if opened(work, location, day) else case.lanes[lane].ship_cost
        for m in range(members):
            if mask >> m & 1:
                if shared:
                    work.option_cost[at + m] += fixed // shared
                work.least[m] = min(work.least[m], work.option_cost[at + m])
        work.option_location[options], work.option_day[options] = location, day
        work.option_fixed[options] = 0 if shared else fixed
        work.option_mask[options], work.option_room[options] = mask, left
        covered |= mask
        options += 1
    work.number[OPTIONS] = options
    return covered == (1 << members) - 1


@kernel
def attempt(o: int, active: int, size: int, arrival: int, case: Case, work: Work) -> int:
    """Cost of delivering the active lines by a day, rows written; INFINITE when it cannot be (rows then are void)."""
    cost, first = 0, 0
    shared = active if case.relaxed and active > size else 0
    while first < active:
        members = min(size, active - first)
        for m in range(members):
            work.member[m] = work.line[first + m]
        if active > size or first > 0 or work.number[TOUCHED] == 0:
            gather(o, members, case, work)
        found = offer_by(o, members, arrival, shared, case, work)
        if active > size:
            release(work)
        if not found:
            return INFINITE
        if shared:
            for m in range(members):
                cost += work.least[m]
            first += members
            continue
        limit = case.orders[o].max_shipments
        left = max(0, limit - work.number[SHIPMENTS]) if limit > 0 else 0
        if limit > 0 and left == 0:
            close_unopened(work)
        chosen = obvious(members, case, work)
        if chosen >= 0:
            if not emit(chosen, (1 << members) - 1, case, work):
                return INFINITE
            cost += work.option_fixed[chosen]
            for m in range(members):
                cost += work.option_cost[chosen * GROUP + m]
        else:
            fill_best(members, case, work)
            value = partition(members, left, work)
            if value >= INFINITE:
                return INFINITE
            cost += value
            if emit_partition(members, left, case, work):
                return INFINITE
        first += members
    return cost


@kernel
def close_unopened(work: Work) -> None:
    """Keep only options whose shipment is open: no further one is allowed."""
    for n in range(work.number[OPTIONS]):
        if not opened(work, work.option_location[n], work.option_day[n]):
            work.option_mask[n] = 0


@kernel
def place_together(o: int, active: int, case: Case, work: Work) -> int:
    """Rule 1: cost of the cheapest arrival day for all case, rows written; none when undelivered is cheaper."""
    size = 1 if work.number[CLASH] else GROUP
    if active > size:
        work.number[ROBUST] = 0
    rows, ships, floor = work.number[ROWS], work.number[SHIPMENTS], case.orders[o].requested
    for s in range(ships):
        lane = case.orders[o].zone * case.locations + work.ship_location[s]
        floor = max(floor, case.deliver[lane * case.days + work.ship_day[s]])
    quantity = list_arrivals(o, active, size, floor, case, work)
    undelivered = quantity * case.orders[o].weight * case.late_max
    best, best_arrival, standing = undelivered, -1, -1
    for n in range(work.number[DAYS]):
        arrival = work.candidate[n]
        lateness = quantity * case.orders[o].weight * max(0, arrival - case.orders[o].requested)
        if lateness >= best:
            break
        cost = attempt(o, active, size, arrival, case, work)
        if cost >= INFINITE and size > 1 and not work.number[ROBUST] and active <= size:
            work.number[ROWS], work.number[SHIPMENTS] = rows, ships
            release(work)
            cost = attempt(o, active, 1, arrival, case, work)
        if cost < INFINITE and lateness + cost < best:
            best, best_arrival, standing = lateness + cost, arrival, arrival
            if case.strict:
                break
        else:
            standing = -1
        work.number[ROWS], work.number[SHIPMENTS] = rows, ships
    if best_arrival >= 0 and (standing < 0 or not case.strict):
        again = attempt(o, active, size, best_arrival, case, work)
        if again >= INFINITE:
            work.number[ROWS], work.number[SHIPMENTS] = rows, ships
            release(work)
            attempt(o, active, 1, best_arrival, case, work)
    release(work)
    return best


@kernel
def list_leaving(o: int, active: int, location: int, case: Case, work: Work) -> None:
    """Candidate days of a location for a whole order under rule 2: in time, and with every later supply of its lines."""
    lane = case.orders[o].zone * case.locations + location
    normal = in_time(case, lane, case.orders[o].requested)
    limited, quantity = case.limited, 0
    work.number[DAYS] = 0
    for n in range(active):
        quantity += case.lines[work.line[n]].quantity
    if limited:
        add_roomy(case, location, normal, -1, quantity, quantity, work)
        add_roomy(case, location, normal + 1, 1, quantity, quantity, work)
    else:
        add_day(work, normal)
    for n in range(active):
        own = case.lines[work.line[n]].product
        first, last = 0, 0
        if len(case.substitutes) > 0:
            first, last = case.products[own].substitute, case.products[own + 1].substitute
        for s in range(first - 1, last):
            product = case.substitutes[s].product if s >= first else own
            for cell in range(case.products[product].cell, case.products[product + 1].cell):
                if case.cells[cell].location == location:
                    for k in range(case.cells[cell].bucket, case.cells[cell + 1].bucket):
                        if case.buckets[k].day > normal and limited:
                            add_roomy(case, location, as_late(case, lane, case.buckets[k].day), 1, quantity, quantity, work)
                        elif case.buckets[k].day > normal:
                            add_day(work, as_late(case, lane, case.buckets[k].day))


@kernel
def load(o: int, active: int, location: int, day: int, case: Case, work: Work) -> int:
    """Goods cost of all lines from one location on one day, rows written; INFINITE when one is missing (rows are void)."""
    cost = 0
    for n in range(active):
        line = work.line[n]
        own, need = case.lines[line].product, case.lines[line].quantity
        least, chosen = INFINITE, -1
        first, last = 0, 0
        if len(case.substitutes) > 0:
            first, last = case.products[own].substitute, case.products[own + 1].substitute
        for s in range(first - 1, last):
            product, unit = own, 0
            if s >= first:
                product, unit = case.substitutes[s].product, case.substitutes[s].cost
            for cell in range(case.products[product].cell, case.products[product + 1].cell):
                if case.cells[cell].location != location:
                    continue
                used = taken(work, cell) if work.number[CLASH] and not case.relaxed else 0
                if available(case, cell, day, case.orders[o].group) - used < need:
                    continue
                if work.number[PRICED]:
                    unit += case.buckets[bucket_of(case, cell, day)].price
                if unit < least:
                    least, chosen = unit, cell
        if chosen < 0:
            return INFINITE
        cost += need * least
        add_row(line, chosen, day, need, case, work)
    return cost


@kernel
def stocked(line: int, location: int, case: Case) -> bool:
    """Whether a line's product or a substitute has a cell at the location."""
    own, first, last = case.lines[line].product, 0, 0
    if len(case.substitutes) > 0:
        first, last = case.products[own].substitute, case.products[own + 1].substitute
    for s in range(first - 1, last):
        product = case.substitutes[s].product if s >= first else own
        for cell in range(case.products[product].cell, case.products[product + 1].cell):
            if case.cells[cell].location == location:
                return True
    return False


@kernel
def place_single(o: int, active: int, case: Case, work: Work) -> int:
    """Rule 2: cost of the cheapest location and day for all case, rows written; none when undelivered is cheaper."""
    rows, ships, quantity = work.number[ROWS], work.number[SHIPMENTS], 0
    for n in range(active):
        quantity += case.lines[work.line[n]].quantity
    best, best_location, best_day = quantity * case.orders[o].weight * case.late_max, -1, -1
    for location in range(case.locations):
        if not stocked(work.line[0], location, case):
            continue
        if case.limited:
            work.number[ROBUST] = 0
        lane = case.orders[o].zone * case.locations + location
        list_leaving(o, active, location, case, work)
        for n in range(work.number[DAYS]):
            day = work.candidate[n]
            late = max(0, case.deliver[lane * case.days + day] - case.orders[o].requested)
            cost = quantity * (case.orders[o].weight * late + case.lanes[lane].unit_cost) + case.lanes[lane].ship_cost
            if cost >= best:
                if late > 0:
                    break
                continue
            if ships > 0 and not opened(work, location, day):
                continue
            goods = load(o, active, location, day, case, work)
            work.number[ROWS], work.number[SHIPMENTS] = rows, ships
            if goods < INFINITE and cost + goods < best:
                best, best_location, best_day = cost + goods, location, day
    if best_location >= 0:
        load(o, active, best_location, best_day, case, work)
    return best
