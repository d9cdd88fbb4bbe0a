"""Cumulative availability: book and cancel are exact inverses, and nothing is ever promised twice.

`free[k]` is supply up to bucket k less everything that leaves up to it. Available on a day is the least of `free` from
the day's bucket on: what leaves then must not be missing later. Protections are further arrays of the same kind.
"""

from __future__ import annotations

from orders.planning.domain.jit import kernel
from orders.planning.domain.tables import Case


@kernel
def spare(case: Case, cell: int, bucket: int, group: int) -> int:
    """Free quantity of a bucket for `group`: less what is kept for other groups."""
    left = case.buckets[bucket].free
    if len(case.guards) > 0:
        for g in range(case.cells[cell].guard, case.cells[cell + 1].guard):
            if case.guards[g].group != group:
                left -= max(0, case.kept[case.guards[g].at + bucket - case.cells[cell].bucket])
    return left


@kernel
def bucket_of(case: Case, cell: int, day: int) -> int:
    """The last bucket that is not after `day`; one before the cell's first when there is none."""
    k = case.cells[cell + 1].bucket - 1
    while k >= case.cells[cell].bucket and case.buckets[k].day > day:
        k -= 1
    return k


@kernel
def whole_from(case: Case, cell: int, need: int, group: int) -> int:
    """First bucket from which `need` is free for good; the cell's end when it never is."""
    k = case.cells[cell + 1].bucket
    while k > case.cells[cell].bucket:
        if spare(case, cell, k - 1, group) < need:
            return k
        k -= 1
    return k


@kernel
def available(case: Case, cell: int, day: int, group: int) -> int:
    """What may leave on `day` without taking what a later day needs; 0 before the first supply."""
    k = bucket_of(case, cell, day)
    if k < case.cells[cell].bucket:
        return 0
    least = spare(case, cell, k, group)
    for later in range(k + 1, case.cells[cell + 1].bucket):
        least = min(least, spare(case, cell, later, group))
    return max(0, least)


@kernel
def book(case: Case, cell: int, day: int, quantity: int, group: int) -> None:
    """`quantity` leaves on `day` for `group`; a negative quantity is given back, exactly."""
    first = bucket_of(case, cell, day)
    for k in range(first, case.cells[cell + 1].bucket):
        case.buckets[k].free -= quantity
    if len(case.guards) > 0:
        for g in range(case.cells[cell].guard, case.cells[cell + 1].guard):
            if case.guards[g].group == group:
                for k in range(first, case.cells[cell + 1].bucket):
                    case.kept[case.guards[g].at + k - case.cells[cell].bucket] -= quantity


@kernel
def use_capacity(case: Case, location: int, day: int, quantity: int) -> None:
    """`quantity` more leaves a location on `day`; unlimited days stay unlimited."""
    if case.limited and case.capacity[location * case.days + day] >= 0:
        case.capacity[location * case.days + day] -= quantity


@kernel
def room(case: Case, location: int, day: int) -> int:
    """What may still leave a location on `day`; −1 unlimited."""
    if case.limited:
        return case.capacity[location * case.days + day]
    return -1
