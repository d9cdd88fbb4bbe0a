"""The one door from outside into compiled code: all that goes through orders, in one function.

One door, because every door costs a compilation of everything behind it.
"""

from __future__ import annotations

from orders.planning.domain.book import change, demand, fits, note, service, weigh
from orders.planning.domain.improve import move
from orders.planning.domain.jit import entry
from orders.planning.domain.place import place
from orders.planning.domain.tables import COST, ROBUST, Case, Ints, Plan, Search, Work

PLACE, PROPOSE, COMMIT, RELAX, WEIGH, IMPROVE, COMPARE = range(7)


@entry
def run(mode: int, first: int, last: int, case: Case, plan: Plan, notes: Ints, search: Search, work: Work) -> int:
    """Go through orders in rank sequence.

    PLACE: each on what those before it left. PROPOSE, a worker's share: on a snapshot nobody changes meanwhile, nothing
    is booked; `notes` [order] says which answers are robust. COMMIT, the one committer: accept proposals, redo what may
    have changed; returns how many. RELAX: each by itself; returns the sum of costs, adds to `notes` [bucket] what they
    take. WEIGH: what the plan costs, by order into `search`. IMPROVE: `first` to `last` count moves; returns what they saved. COMPARE:
    book the plan in rank sequence; returns how many orders could be served better if lower-ranked ones held nothing. `work.number[PRICED]` as the caller set it.
    """
    result = 0
    if mode == IMPROVE:
        for _step in range(first, last):
            result += move(case, plan, search, work)
        return result
    for o in range(first, last):
        if mode == WEIGH:
            weigh(o, case, plan, search.sums)
            search.service[o] = search.sums[0] + search.sums[1]
            search.cost[o] = search.service[o] + search.sums[2] + search.sums[3]
            result += search.cost[o]
            continue
        if mode == COMMIT and notes[o] and fits(o, case, plan):
            change(o, 1, case, plan)
            continue
        rows = place(o, case, work)
        if mode == RELAX:
            result += work.number[COST]
            demand(case, work, notes)
            continue
        if mode == COMPARE:
            weigh(o, case, plan, search.sums)
            if service(o, case, work) < search.sums[0] + search.sums[1]:
                result += 1
            change(o, 1, case, plan)
            continue
        note(o, rows, plan, work)
        if mode == PROPOSE:
            notes[o] = work.number[ROBUST]
        else:
            change(o, 1, case, plan)
            result += 1
    return result
