"""The cheapest way to part the lines of a group among options: exact over all subsets, 3^n steps."""

from __future__ import annotations

from orders.planning.domain.jit import kernel
from orders.planning.domain.rows import add_row, left_room
from orders.planning.domain.tables import FULL, GROUP, INFINITE, OPTIONS, Case, Work


@kernel
def quantity_of(subset: int, case: Case, work: Work) -> int:
    """Units of the lines in a subset."""
    quantity, m = 0, 0
    while subset >> m:
        if subset >> m & 1:
            quantity += case.lines[work.member[m]].quantity
        m += 1
    return quantity


@kernel
def obvious(members: int, case: Case, work: Work) -> int:
    """The option that serves all lines and that no other choice can beat; −1 when there is no such.

    Any other choice has two shipments, or leaves a line out: both bounded from below by each line's cheapest option.
    """
    everything = (1 << members) - 1
    least, fixed, spared = 0, INFINITE, INFINITE
    for m in range(members):
        lowest = min(work.least[m], work.alone[m])
        least += lowest
        spared = min(spared, work.alone[m] - lowest)
    best, chosen = INFINITE, -1
    for n in range(work.number[OPTIONS]):
        fixed = min(fixed, work.option_fixed[n])
        if work.option_mask[n] == everything:
            cost = work.option_fixed[n]
            for m in range(members):
                cost += work.option_cost[n * GROUP + m]
            left = work.option_room[n]
            if cost < best and (left < 0 or quantity_of(everything, case, work) <= left):
                best, chosen = cost, n
    if chosen >= 0 and members == 1 and best <= work.alone[0]:
        return chosen
    if chosen >= 0 and members > 1 and best <= least + min(2 * fixed, spared):
        return chosen
    return -1


@kernel
def fill_best(members: int, case: Case, work: Work) -> None:
    """For every subset of the lines the cheapest option that takes all of it in one shipment."""
    for subset in range(1, 1 << members):
        work.best[subset] = INFINITE
    work.total[0] = 0
    for n in range(work.number[OPTIONS]):
        mask, fixed, left = work.option_mask[n], work.option_fixed[n], work.option_room[n]
        subset = -mask & mask
        while subset:
            rest = subset & (subset - 1)
            total = work.total[rest] + work.option_cost[n * GROUP + work.low[subset ^ rest]]
            work.total[subset] = total
            if fixed + total < work.best[subset] and (left < 0 or quantity_of(subset, case, work) <= left):
                work.best[subset], work.best_option[subset] = fixed + total, n
            subset = (subset - mask) & mask


@kernel
def partition(members: int, shipments: int, work: Work) -> int:
    """Cost of the cheapest partition of all lines; `pick` tells it (`chosen_subset`).

    `shipments` 0 = any number. Each line is in one option, or alone at `alone` (no shipment). Of equals the first wins:
    one shipment before several, larger parts before smaller, left out last.
    """
    counted = 0 < shipments < members or shipments == 1
    levels, count = shipments if counted else 1, 1 << members
    for level in range(levels + 1):
        work.value[level * FULL] = 0
    if counted:
        for subset in range(1, count):
            bit = subset & -subset
            work.value[subset] = min(INFINITE, work.value[subset ^ bit] + work.alone[work.low[bit]])
    for level in range(1, levels + 1):
        here = level * FULL
        below = here - FULL if counted else here
        for subset in range(1, count):
            bit = subset & -subset
            rest = subset ^ bit
            best, pick, part = work.best[subset], subset, rest
            while part:
                part = (part - 1) & rest
                cost = work.best[bit | part] + work.value[below + (rest ^ part)]
                if cost < best:
                    best, pick = cost, bit | part
            cost = work.alone[work.low[bit]] + work.value[here + rest]
            if cost < best:
                best, pick = cost, 0
            work.value[here + subset], work.pick[here + subset] = min(INFINITE, best), pick
    return work.value[levels * FULL + count - 1]


@kernel
def emit(option: int, part: int, case: Case, work: Work) -> bool:
    """Write the rows of the lines in `part` on an option; False, and none, when it has no room beside earlier rows."""
    location, day = work.option_location[option], work.option_day[option]
    if work.option_room[option] >= 0 and left_room(case, location, day, work) < quantity_of(part, case, work):
        return False
    while part:
        bit = part & -part
        m = work.low[bit]
        line = work.member[m]
        add_row(line, work.option_cell[option * GROUP + m], day, case.lines[line].quantity, case, work)
        part ^= bit
    return True


@kernel
def emit_partition(members: int, shipments: int, case: Case, work: Work) -> int:
    """Write the rows of the partition just made; returns the subset of lines left out of it."""
    counted = 0 < shipments < members or shipments == 1
    level = shipments if counted else 1
    subset, out = (1 << members) - 1, 0
    while subset:
        part = work.pick[level * FULL + subset] if level > 0 else 0
        if part == 0:
            bit = subset & -subset
            out |= bit
            subset ^= bit
            continue
        if not emit(work.best_option[part], part, case, work):
            out |= part
        subset ^= part
        if counted:
            level -= 1
    return out
