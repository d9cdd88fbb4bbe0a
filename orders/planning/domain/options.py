"""What an order can choose from: entries (a line at a cell, whole from some bucket on) and options (location, day)."""

from __future__ import annotations

from orders.planning.domain.calendars import as_late, in_time
from orders.planning.domain.jit import kernel
from orders.planning.domain.rows import left_room, opened, taken
from orders.planning.domain.state import bucket_of, room, spare
from orders.planning.domain.tables import (
    CLASH,
    DAYS,
    ENTRIES,
    GROUP,
    INFINITE,
    OPTIONS,
    PARTIAL,
    PRICED,
    TOUCHED,
    Case,
    Work,
)


@kernel
def gather(o: int, members: int, case: Case, work: Work) -> None:
    """Entries of the group's members, linked by location; `touched` lists the locations in ascending order."""
    group, entries, touched = case.orders[o].group, 0, 0
    substitutes, plain = len(case.substitutes) > 0, len(case.guards) == 0 and work.number[CLASH] == 0
    for m in range(members):
        line = work.member[m]
        own, need = case.lines[line].product, case.lines[line].quantity
        if case.relaxed and case.orders[o].rule == PARTIAL and case.lines[line].whole == 0:
            need = 1
        first, last = 0, 0
        if substitutes:
            first, last = case.products[own].substitute, case.products[own + 1].substitute
        for s in range(first - 1, last):
            product, extra = own, 0
            if s >= first:
                product, extra = case.substitutes[s].product, case.substitutes[s].cost
            for cell in range(case.products[product].cell, case.products[product + 1].cell):
                begin, end = case.cells[cell].bucket, case.cells[cell + 1].bucket
                k = end
                if plain:
                    while k > begin and case.buckets[k - 1].free >= need:
                        k -= 1
                else:
                    wanted = need + taken(work, cell)
                    while k > begin and spare(case, cell, k - 1, group) >= wanted:
                        k -= 1
                if k == end:
                    continue
                location = case.cells[cell].location
                if work.head[location] < 0:
                    t = touched
                    while t > 0 and work.touched[t - 1] > location:
                        work.touched[t] = work.touched[t - 1]
                        t -= 1
                    work.touched[t] = location
                    touched += 1
                work.entry_next[entries] = work.head[location]
                work.head[location] = entries
                work.entry_member[entries], work.entry_cell[entries] = m, cell
                work.entry_from[entries], work.entry_extra[entries] = k, extra
                entries += 1
    work.number[ENTRIES], work.number[TOUCHED] = entries, touched


@kernel
def release(work: Work) -> None:
    """Unlink all entries."""
    for t in range(work.number[TOUCHED]):
        work.head[work.touched[t]] = -1
    work.number[TOUCHED] = 0


@kernel
def add_day(work: Work, day: int) -> None:
    """Put a day among the candidates, ascending, once."""
    n = work.number[DAYS]
    while n > 0 and work.candidate[n - 1] > day:
        n -= 1
    if n > 0 and work.candidate[n - 1] == day:
        return
    for k in range(work.number[DAYS], n, -1):
        work.candidate[k] = work.candidate[k - 1]
    work.candidate[n] = day
    work.number[DAYS] += 1


@kernel
def add_roomy(case: Case, location: int, start: int, step: int, least: int, most: int, work: Work) -> None:
    """Of a location with limits: the first days from `start` on, by `step`, with room for `most` and for `least`."""
    wanted = most
    while True:
        day = start
        while 0 <= day < case.days:
            left = room(case, location, day)
            if left < 0 or left >= wanted:
                add_day(work, day)
                break
            day += step
        if wanted == least:
            return
        wanted = least


@kernel
def list_days(o: int, location: int, lane: int, normal: int, case: Case, work: Work) -> None:
    """Candidate days of a location: `normal` and, for supply that comes later, the last day that arrives as early."""
    work.number[DAYS] = 0
    limited = case.limited
    least, most = INFINITE, 0
    e = work.head[location]
    if limited:
        while e >= 0:
            quantity = case.lines[work.member[work.entry_member[e]]].quantity
            least, most = min(least, quantity), most + quantity
            e = work.entry_next[e]
        add_roomy(case, location, normal, -1, least, most, work)
        add_roomy(case, location, normal + 1, 1, least, most, work)
        e = work.head[location]
    while e >= 0:
        k, end = work.entry_from[e], case.cells[work.entry_cell[e] + 1].bucket
        while k < end:
            day = case.buckets[k].day
            if day <= normal:
                if not limited:
                    add_day(work, normal)
            elif limited:
                add_roomy(case, location, as_late(case, lane, day), 1, least, most, work)
                add_roomy(case, location, day, 1, least, most, work)
            else:
                add_day(work, as_late(case, lane, day))
            if case.strict:
                break
            k += 1
        e = work.entry_next[e]


@kernel
def offer(o: int, members: int, case: Case, work: Work, only_open: int) -> None:
    """Options for the members of a group under the rule "partial": which lines may leave where, when, at what cost.

    Per location by day; an option no better than earlier ones of its location for any line is left out.
    """
    requested, weight = case.orders[o].requested, case.orders[o].weight
    options = 0
    for m in range(members):
        work.least[m], work.in_time[m] = INFINITE, 0
    for t in range(work.number[TOUCHED]):
        location = work.touched[t]
        lane = case.orders[o].zone * case.locations + location
        normal = in_time(case, lane, requested)
        list_days(o, location, lane, normal, case, work)
        seen = options
        for n in range(work.number[DAYS]):
            day = work.candidate[n]
            late = max(0, case.deliver[lane * case.days + day] - requested)
            if late >= case.late_max:
                break
            left = left_room(case, location, day, work)
            is_open = opened(work, location, day)
            if only_open and not is_open:
                continue
            mask, useful = 0, False
            at = options * GROUP
            e = work.head[location]
            while e >= 0:
                m, cell = work.entry_member[e], work.entry_cell[e]
                quantity = case.lines[work.member[m]].quantity
                if case.buckets[work.entry_from[e]].day <= day and (left < 0 or quantity <= left):
                    unit = weight * late + case.lanes[lane].unit_cost + work.entry_extra[e]
                    if work.number[PRICED]:
                        unit += case.buckets[bucket_of(case, cell, day)].price
                    cost = quantity * unit
                    if mask >> m & 1 == 0 or cost <= work.option_cost[at + m]:
                        work.option_cost[at + m], work.option_cell[at + m] = cost, cell
                        mask |= 1 << m
                e = work.entry_next[e]
            for m in range(members):
                if mask >> m & 1:
                    if late == 0:
                        work.in_time[m] = 1
                    if left >= 0 or case.strict:
                        useful = True
                    else:
                        better = True
                        for other in range(seen, options):
                            if work.option_mask[other] >> m & 1 and work.option_cost[other * GROUP + m] <= work.option_cost[at + m]:
                                better = False
                        useful = useful or better
                    work.least[m] = min(work.least[m], work.option_cost[at + m])
            if useful:
                work.option_location[options], work.option_day[options] = location, day
                work.option_fixed[options] = 0 if is_open else case.lanes[lane].ship_cost
                work.option_mask[options], work.option_room[options] = mask, left
                options += 1
    work.number[OPTIONS] = options


@kernel
def first_roomy(case: Case, location: int, start: int, quantity: int) -> int:
    """The first day from `start` on with room for `quantity`; the horizon's end when there is none."""
    day = start
    while day < case.days and 0 <= room(case, location, day) < quantity:
        day += 1
    return day


@kernel
def list_arrivals(o: int, active: int, size: int, floor: int, case: Case, work: Work) -> int:
    """Candidate arrival days of a complete order into `candidate`, none when a line has no cell; returns its units.

    `floor` and every later day on which something more could arrive. Leaves the entries linked when all lines are one
    group.
    """
    work.number[DAYS] = 0
    quantity = 0
    for n in range(active):
        quantity += case.lines[work.line[n]].quantity
    add_day(work, floor)
    for first in range(0, active, size):
        members = min(size, active - first)
        for m in range(members):
            work.member[m] = work.line[first + m]
        gather(o, members, case, work)
        covered = 0
        for e in range(work.number[ENTRIES]):
            m, cell = work.entry_member[e], work.entry_cell[e]
            covered |= 1 << m
            location = case.cells[cell].location
            lane = case.orders[o].zone * case.locations + location
            for k in range(work.entry_from[e], case.cells[cell + 1].bucket):
                day = max(in_time(case, lane, floor), case.buckets[k].day)
                if case.limited and not case.relaxed:
                    other = first_roomy(case, location, day, quantity)
                    if other < case.days:
                        add_day(work, max(floor, case.deliver[lane * case.days + other]))
                    day = first_roomy(case, location, day, case.lines[work.member[m]].quantity)
                if day < case.days:
                    add_day(work, max(floor, case.deliver[lane * case.days + day]))
                if case.strict:
                    break
        if covered != (1 << members) - 1:
            work.number[DAYS] = 0
        if active > size:
            release(work)
        if work.number[DAYS] == 0:
            break
    return quantity
