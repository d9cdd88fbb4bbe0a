"""`place`: the one way an order gets locations, days and quantities. It reads the state and changes nothing.

It serves the batch, the single promise, what-if and the bound: exact partition of up to eight lines over locations and
days (more lines in groups), as late as possible without losing service, lines split only where nothing serves them
whole and in time. Ties fall to the first in a fixed loop order.
"""

from __future__ import annotations

from orders.planning.domain.jit import kernel
from orders.planning.domain.options import gather, offer, release
from orders.planning.domain.partition import emit, emit_partition, fill_best, obvious, partition
from orders.planning.domain.split import split
from orders.planning.domain.tables import (
    CLASH,
    COST,
    EXTRA_ROWS,
    GROUP,
    OPTIONS,
    PARTIAL,
    ROBUST,
    ROWS,
    SHIPMENTS,
    SPARE,
    TOGETHER,
    Case,
    Work,
)
from orders.planning.domain.together import place_single, place_together


@kernel
def share_a_cell(a: int, b: int, case: Case) -> bool:
    """Whether two lines may take from the same product: their own, or through substitutes."""
    own, other = case.lines[a].product, case.lines[b].product
    if own == other:
        return True
    if len(case.substitutes) == 0:
        return False
    for s in range(case.products[own].substitute - 1, case.products[own + 1].substitute):
        mine = case.substitutes[s].product if s >= case.products[own].substitute else own
        for t in range(case.products[other].substitute - 1, case.products[other + 1].substitute):
            if mine == (case.substitutes[t].product if t >= case.products[other].substitute else other):
                return True
    return False


@kernel
def activate(o: int, case: Case, work: Work) -> int:
    """List the order's lines with something to place; note whether any two may take from the same cell.

    Lines of an order stand by product: without substitutes only neighbours can ask for the same one.
    """
    active, clash = 0, 0
    alone = len(case.substitutes) == 0
    for line in range(case.orders[o].line, case.orders[o + 1].line):
        if case.lines[line].quantity <= 0:
            continue
        work.line[active] = line
        if alone:
            if active > 0 and case.lines[work.line[active - 1]].product == case.lines[line].product:
                clash = 1
        else:
            for n in range(active):
                if share_a_cell(work.line[n], line, case):
                    clash = 1
        active += 1
    work.number[CLASH] = clash
    return active


@kernel
def place_partly(o: int, active: int, case: Case, work: Work) -> int:
    """Rule 0: cost of the cheapest service of the case, rows written."""
    size = 1 if work.number[CLASH] and not case.relaxed else GROUP
    undelivered, limit = case.orders[o].weight * case.late_max, case.orders[o].max_shipments
    if active > size or limit > 0:
        work.number[ROBUST] = 0
    cost = 0
    for first in range(0, active, size):
        members = min(size, active - first)
        for m in range(members):
            work.member[m] = work.line[first + m]
        left = max(0, limit - work.number[SHIPMENTS]) if limit > 0 else 0
        gather(o, members, case, work)
        offer(o, members, case, work, 1 if limit > 0 and left == 0 else 0)
        for m in range(members):
            line = work.member[m]
            work.alone[m] = case.lines[line].quantity * undelivered
            if not case.relaxed and not work.in_time[m] and case.lines[line].whole == 0:
                work.alone[m] = min(work.alone[m], split(o, line, 0, case, work))
                work.number[ROBUST] = 0
        if case.relaxed and active > size:
            cost += bound_apart(members, active, case, work)
            release(work)
            continue
        out = 0
        chosen = obvious(members, case, work)
        if chosen >= 0:
            cost += work.option_fixed[chosen]
            for m in range(members):
                cost += work.option_cost[chosen * GROUP + m]
            emit(chosen, (1 << members) - 1, case, work)
        else:
            fill_best(members, case, work)
            cost += partition(members, left, work)
            out = emit_partition(members, left, case, work)
        release(work)
        if not case.relaxed:
            for m in range(members):
                if out >> m & 1 and case.lines[work.member[m]].whole == 0:
                    split(o, work.member[m], 1, case, work)
                    work.number[ROBUST] = 0
    return cost


@kernel
def bound_apart(members: int, active: int, case: Case, work: Work) -> int:
    """A lower bound for lines beyond one group: each by itself, paying its part of the shipment; rows written."""
    cost = 0
    for m in range(members):
        least, chosen = work.alone[m], -1
        for n in range(work.number[OPTIONS]):
            price = work.option_cost[n * GROUP + m] + work.option_fixed[n] // active
            if work.option_mask[n] >> m & 1 and price < least:
                least, chosen = price, n
        if chosen >= 0:
            emit(chosen, 1 << m, case, work)
        cost += least
    return cost


@kernel
def place(o: int, case: Case, work: Work) -> int:
    """Place order `o`; its rows lie in `work.row_*`, `work.number[ROWS]` of them, which is returned.

    `work.number[COST]` is what the choice costs (scaled, prices included), under a relaxed goal a lower bound of it;
    `work.number[ROBUST]` 1 = the answer stays the same on any smaller state on which its rows still fit.
    """
    work.number[ROWS], work.number[SHIPMENTS], work.number[ROBUST] = 0, 0, 1
    if len(case.frozen) > 0:
        for f in range(case.orders[o].frozen, case.orders[o + 1].frozen):
            work.ship_location[work.number[SHIPMENTS]], work.ship_day[work.number[SHIPMENTS]] = case.frozen[f].location, case.frozen[f].day
            work.number[SHIPMENTS] += 1
    active = activate(o, case, work)
    work.number[SPARE] = active + EXTRA_ROWS
    work.number[COST] = 0
    if active > 0:
        if case.orders[o].rule == PARTIAL:
            work.number[COST] = place_partly(o, active, case, work)
        elif case.orders[o].rule == TOGETHER:
            work.number[COST] = place_together(o, active, case, work)
        else:
            work.number[COST] = place_single(o, active, case, work)
    return work.number[ROWS]
