"""Cells: what of a product is free at a location by which day. Pure integers and dates.

`free[j]` is cumulative: supply up to `days[j]` less what is booked up to the bucket of `days[j]`. The first day is
`ALREADY`; the others are the days on which receipts arrive. Booking takes from a bucket on; giving back is the exact
inverse. Available on a day is the least of `free` from its bucket on (PLANNING.md, Algorithm 1).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

ALREADY = date(2000, 1, 1)


@dataclass(frozen=True)
class Cell:
    """One product at one location: days strictly increasing from ALREADY, free quantity (base units) by day."""

    days: tuple[date, ...]
    free: tuple[int, ...]

    def available(self, day: date) -> int:
        """What may leave on `day` without taking what a later day needs."""
        return min(self.free[bucket(self.days, day) :])

    @property
    def need(self) -> int:
        """How much is missing on the worst day; 0 when every booking is covered."""
        return max(0, -min(self.free))


def bucket(days: Sequence[date], day: date) -> int:
    """Index of the last of `days` that is not after `day`; 0 before all of them."""
    return max(0, bisect_right(days, day) - 1)


def booking_delta(days: Sequence[date], day: date, quantity: int) -> tuple[int, ...]:
    """Change of `free` when `quantity` is booked on `day`; a negative quantity gives it back."""
    first = bucket(days, day)
    return tuple(-quantity if j >= first else 0 for j in range(len(days)))


def rebuild(
    on_hand: int, safety: int, receipts: Iterable[tuple[date, int]], bookings: Iterable[tuple[date, int]]
) -> Cell:
    """The cell from its sources: free stock of all balances, safety stock, open receipts and live bookings by day."""
    coming: dict[date, int] = {ALREADY: on_hand - safety}
    for day, quantity in receipts:
        coming[max(day, ALREADY)] = coming.get(max(day, ALREADY), 0) + quantity
    days = tuple(sorted(coming))
    change = [coming[day] for day in days]
    for day, quantity in bookings:
        change[bucket(days, day)] -= quantity
    return Cell(days, tuple(accumulate(change)))
