"""Improvement: an order that costs more than it need takes what it wishes, those who held it are placed again.

Each order has wishes: what it would take if all supply were free, at bid prices and without; and what it has under
STRICT, for when its class is served worse than there. A move takes the order
out, takes out who holds what it wishes, gives it its wish, and places the others on what is left; it is undone unless
that is cheaper, and as soon as it cannot become cheaper. A move that would leave a customer class worse served than
under STRICT is undone, too. Deterministic: a counted number of moves from a random number that is part of the search.
"""

from __future__ import annotations

from orders.planning.domain.book import change, note, weigh
from orders.planning.domain.jit import kernel
from orders.planning.domain.place import place
from orders.planning.domain.state import available, book, room, use_capacity
from orders.planning.domain.tables import (
    AFTER,
    ASIDE,
    INFINITE,
    PRICED,
    RANDOM,
    STRESS,
    STRICTLY,
    WARMTH,
    Case,
    Plan,
    Search,
    Work,
)

MOST_TOGETHER = 8  # orders taken out at once
SAVED = 4096 * MOST_TOGETHER  # rows they may have
NEAR = 4  # one move in so many takes out orders that share products instead, whoever holds what
LOOKS = 40  # orders looked at for one who holds a cell


@kernel
def random(search: Search, below: int) -> int:
    """A number from 0 to below − 1 (linear congruence modulo 2^31; the high bits count)."""
    search.state[RANDOM] = (search.state[RANDOM] * 1103515245 + 12345) & 0x7FFFFFFF
    return (search.state[RANDOM] >> 8) % below


@kernel
def take_out(o: int, n: int, case: Case, plan: Plan, search: Search) -> bool:
    """Make order `o` the n-th chosen: its rows are copied aside and given back. False when they are too many."""
    at = search.state[ASIDE]
    start, count = plan.spans[o].start, plan.spans[o].count
    if at + count > len(search.saved):
        return False
    for r in range(count):
        search.saved[at + r].line, search.saved[at + r].cell = (plan.rows[start + r].line, plan.rows[start + r].cell)
        search.saved[at + r].day, search.saved[at + r].quantity = (plan.rows[start + r].day, plan.rows[start + r].quantity)
    search.state[ASIDE] = at + count
    search.chosen[n], search.counts[n] = o, count
    search.loss[search.class_of[o]] -= search.service[o]
    change(o, -1, case, plan)
    return True


@kernel
def put_back(n: int, placed: int, case: Case, plan: Plan, search: Search) -> None:
    """Undo a move: the chosen orders, the first `placed` in sequence placed anew, get what they had."""
    for k in range(placed):
        change(search.chosen[search.sequence[k]], -1, case, plan)
    at = 0
    for k in range(n):
        o = search.chosen[k]
        plan.spans[o].count = search.counts[k]
        for r in range(plan.spans[o].start, plan.spans[o].start + plan.spans[o].count):
            plan.rows[r].line, plan.rows[r].cell = search.saved[at].line, search.saved[at].cell
            plan.rows[r].day, plan.rows[r].quantity = search.saved[at].day, search.saved[at].quantity
            at += 1
        change(o, 1, case, plan)


@kernel
def holder(cell: int, n: int, case: Case, plan: Plan, search: Search) -> int:
    """An order with a row at a cell, not yet chosen; −1 when a look around finds none."""
    product = search.product_of[cell]
    begin, lines = search.first[product], search.first[product + 1] - search.first[product]
    if lines <= 0:
        return -1
    start = random(search, lines)
    for look in range(min(lines, LOOKS)):
        o = search.order[begin + (start + look) % lines]
        known = False
        for k in range(n):
            known = known or search.chosen[k] == o
        if known:
            continue
        for r in range(plan.spans[o].start, plan.spans[o].start + plan.spans[o].count):
            if plan.rows[r].cell == cell:
                return o
    return -1


@kernel
def grant(o: int, wish: int, case: Case, plan: Plan, search: Search) -> int:
    """Take out who holds what `o` wishes; how many are chosen then. `o` is booked on its wish, or not at all (count −1)."""
    wishes, n, group = search.wishes, 1, case.orders[o].group
    begin, count = wishes.spans[wish].start, wishes.spans[wish].count
    at, booked = plan.spans[o].start, 0
    for r in range(begin, begin + count):
        cell, day, quantity = wishes.rows[r].cell, wishes.rows[r].day, wishes.rows[r].quantity
        location = case.cells[cell].location
        while available(case, cell, day, group) < quantity and n < MOST_TOGETHER:
            other = holder(cell, n, case, plan, search)
            if other < 0 or not take_out(other, n, case, plan, search):
                break
            n += 1
        if available(case, cell, day, group) < quantity or 0 <= room(case, location, day) < quantity:
            break
        book(case, cell, day, quantity, group)
        use_capacity(case, location, day, quantity)
        plan.rows[at + booked].line, plan.rows[at + booked].cell = wishes.rows[r].line, cell
        plan.rows[at + booked].day, plan.rows[at + booked].quantity = day, quantity
        booked += 1
    plan.spans[o].count = booked
    if booked < count:
        change(o, -1, case, plan)
        plan.spans[o].count = -1
    return n


@kernel
def gather_near(case: Case, plan: Plan, search: Search) -> int:
    """Take out some orders that share a product with one already chosen; how many are chosen then, the first not booked."""
    wanted, n = 2 + random(search, MOST_TOGETHER - 1), 1
    plan.spans[search.chosen[0]].count = -1
    for _attempt in range(3 * MOST_TOGETHER):
        if n >= wanted:
            break
        near = search.chosen[random(search, n)]
        first, last = case.orders[near].line, case.orders[near + 1].line
        product = case.lines[first + random(search, last - first)].product
        begin, end = search.first[product], search.first[product + 1]
        other = search.order[begin + random(search, end - begin)]
        known = False
        for k in range(n):
            known = known or search.chosen[k] == other
        if not known:
            if not take_out(other, n, case, plan, search):
                break
            n += 1
    return n


@kernel
def allowed(search: Search) -> bool:
    """Whether no class loses more service than it may."""
    for c in range(len(search.slack)):
        if search.loss[c] > 0 and search.loss[c] > search.slack[c]:
            return False
    return True


@kernel
def unfair(search: Search) -> int:
    """What classes that are served worse than they may be lose, several times over."""
    more = 0
    for c in range(len(search.slack)):
        if search.slack[c] < 0:
            more += search.state[STRESS] * max(search.loss[c], search.slack[c])
    return more


@kernel
def shuffle(n: int, search: Search) -> None:
    """Put the chosen orders but the first in a random sequence, what lies aside along with them."""
    for k in range(n - 1, 1, -1):
        other = 1 + random(search, k)
        search.sequence[k], search.sequence[other] = search.sequence[other], search.sequence[k]


@kernel
def measure(k: int, o: int, case: Case, plan: Plan, search: Search) -> int:
    """Cost of an order as it is placed now, noted for the k-th chosen; its service is charged to its class."""
    weigh(o, case, plan, search.sums)
    search.new_service[k] = search.sums[0] + search.sums[1]
    search.new_cost[k] = search.new_service[k] + search.sums[2] + search.sums[3]
    search.loss[search.class_of[o]] += search.new_service[k]
    return search.new_cost[k]


@kernel
def stressed(search: Search) -> bool:
    """Whether some class is served worse than it may be."""
    for c in range(len(search.slack)):  # noqa: SIM110 - compiled code knows no generators
        if search.slack[c] < 0:
            return True
    return False


@kernel
def seek(mend: bool, plan: Plan, search: Search) -> int:
    """An order that costs more than with all supply free; to `mend`, one that is not served at best, of a class served
    worse than it may be. −1 when a few tries find none."""
    for _attempt in range(20 if mend else 8):
        o = random(search, len(plan.spans))
        if mend and search.service[o] > 0 and search.slack[search.class_of[o]] < 0:
            return o
        if not mend and search.cost[o] > search.ideal[o]:
            return o
    return -1


@kernel
def replace(n: int, granted: bool, most: int, case: Case, plan: Plan, search: Search, work: Work) -> int:
    """Place the chosen orders, the first already when `granted`; how many are, fewer than n when it gets dearer than `most`."""
    hope, after, placed = 0, 0, 0
    for k in range(n):
        hope += search.ideal[search.chosen[k]]
    while placed < n and after + hope <= most:
        k = search.sequence[placed]
        o = search.chosen[k]
        if placed > 0 or not granted:
            note(o, place(o, case, work), plan, work)
            change(o, 1, case, plan)
        hope -= search.ideal[o]
        after += measure(k, o, case, plan, search)
        placed += 1
    if placed == 0 and granted:
        placed = 1
    search.state[AFTER] = after
    return placed


@kernel
def move(case: Case, plan: Plan, search: Search, work: Work) -> int:
    """Try one move; returns what it saved, 0 when it was undone.

    A move may cost up to `state[WARMTH]` more: the caller lowers that to nothing as the search goes on. Service of a
    class that is worse than it may be counts `state[STRESS]` times more: the caller raises that until it is not.
    """
    mend = stressed(search) and random(search, 2) == 0
    o = seek(mend, plan, search)
    search.state[ASIDE] = 0
    for c in range(len(search.loss)):
        search.loss[c] = 0
    if o < 0 or not take_out(o, 0, case, plan, search):
        return 0
    if mend:
        n = grant(o, o + STRICTLY * len(plan.spans), case, plan, search)
    elif random(search, NEAR) > 0:
        n = grant(o, o + random(search, STRICTLY) * len(plan.spans), case, plan, search)
    else:
        n = gather_near(case, plan, search)
    before = 0
    for k in range(n):
        search.sequence[k] = k
        before += search.cost[search.chosen[k]]
    shuffle(n, search)
    work.number[PRICED] = 1 if random(search, 4) > 0 else 0
    most = before + search.state[WARMTH]
    placed = replace(n, plan.spans[o].count >= 0, INFINITE if mend else most, case, plan, search, work)
    if placed < n or search.state[AFTER] + unfair(search) > most or not allowed(search):
        put_back(n, placed, case, plan, search)
        return 0
    for k in range(n):
        search.cost[search.chosen[k]], search.service[search.chosen[k]] = (search.new_cost[k], search.new_service[k])
    for c in range(len(search.slack)):
        search.slack[c] -= search.loss[c]
    return before - search.state[AFTER]
